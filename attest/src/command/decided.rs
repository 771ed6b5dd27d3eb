//! What an approval or a deployment was decided on: a verdict, or all that hangs on the image.

use std::path::Path;

use evidence::{Digest, predicate::commitment::Commitment};

use super::minute;
use crate::{
    collect::{
        committed,
        hanging::{self, Hanging},
        hung::Hung,
        report::ended,
        verdict::{self, About, Verdict, VerdictError, Wanted},
        worse,
    },
    error::Error,
    file,
    report::attestations,
    resolve::Image,
    world::World,
};

/// The width of a step's column, so that it stands under what is said of the image.
const STEP: usize = 8;

/// What got worse since a verdict, as far as it is shown.
const WORSE_SHOWN: usize = 10;

/// What a decision commits to.
pub(super) struct Decided {
    /// The statements.
    pub(super) commitments: Vec<Commitment>,
    /// The digest of the policy whose verdict was followed.
    pub(super) policy: Option<Digest>,
    /// What there is to see, line by line.
    pub(super) seen: Vec<String>,
}

/// What becomes of a decision on a verdict, since which the evidence got worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overtaken {
    /// It is refused: who would say yes has to look anew.
    Refused,
    /// It is made, with a warning: a no is heard in any case, and what was done was done.
    Warned,
}

impl Decided {
    /// On a verdict, of which every commitment hangs on the image.
    pub(super) async fn on_verdict(
        world: &World,
        path: &Path,
        (wanted, overtaken): (Wanted<'_>, Overtaken),
        image: &Image,
        environment: &str,
    ) -> Result<Self, Error> {
        let bytes = file::read(path, verdict::BYTES)?;
        let name = image.pinned().name().unwrap_or_default();
        let about = About { image: image.digest(), name, environment };
        let verdict = Verdict::read(&bytes, wanted, about, world.now())?;
        if let Some(age) = verdict.age {
            let age = ended::words(age);
            world.say(&format!(
                "warning: the verdict is {age} old; what it judged may be superseded"
            ));
        }
        let hanging = hanging::look(image, verdict.index.as_ref()).await?;
        let commitments = committed::find(&hanging, &verdict)?;
        is_of_today(world, &hanging, &verdict, overtaken)?;
        let mut seen: Vec<String> =
            verdict.steps.iter().map(|(step, said)| format!("{step:STEP$}  {said}")).collect();
        // Each by its id: what is signed for is seen, and can be looked up before the answer.
        seen.extend(commitments.iter().map(|one| {
            let id = one.id.as_ref().map(|id| id.digest().short()).unwrap_or_default();
            let predicate_type = one.predicate_type.as_deref().unwrap_or_default();
            format!("id {id}  {}", evidence::text::escape_short(predicate_type, 120))
        }));
        seen.push(judged(&verdict));
        Ok(Self { commitments, policy: Some(verdict.policy), seen })
    }

    /// On all that hangs on the image and its platforms, verified by nobody.
    pub(super) async fn on_what_hangs(image: &Image) -> Result<Self, Error> {
        let hanging = hanging::look(image, None).await?;
        let statements = hanging.once();
        let mut seen: Vec<String> = table(&statements).collect();
        seen.extend(
            hanging.unreadable.iter().map(|one| {
                format!("unreadable, left out: {} {}", one.found.short(), short(&one.why))
            }),
        );
        seen.push(format!(
            "commits to {}, verified by nobody; better: --verdict",
            attestations(statements.len())
        ));
        let commitments = statements.iter().map(|hung| hung.commitment()).collect();
        Ok(Self { commitments, policy: None, seen })
    }
}

/// Refuses, or warns of, what the evidence says by now and the verdict knew nothing of.
fn is_of_today(
    world: &World,
    hanging: &Hanging,
    verdict: &Verdict,
    overtaken: Overtaken,
) -> Result<(), VerdictError> {
    let worse::Worse { unjudged, younger } = worse::since(hanging, verdict);
    let lines = |all: &[&Hung]| table(all).take(WORSE_SHOWN).collect::<Vec<_>>();
    if overtaken == Overtaken::Refused && !unjudged.is_empty() {
        return Err(VerdictError::Overtaken { number: unjudged.len(), lines: lines(&unjudged) });
    }
    let all = [unjudged, younger].concat();
    if !all.is_empty() {
        world.say(&format!(
            "warning: {} made since this verdict may speak against it; make a new one",
            attestations(all.len())
        ));
        lines(&all).iter().for_each(|line| world.say(&format!("  {line}")));
    }
    Ok(())
}

/// `commits to 3 attestations, judged ready for approve by policy revision 14 (sha256:77e0…)`.
fn judged(verdict: &Verdict) -> String {
    let short = |text: &str| evidence::text::escape_short(text, 40);
    let before = verdict.before.as_deref();
    let before = before.map(|step| format!(" for {}", short(step))).unwrap_or_default();
    let revision = verdict.revision.map(|revision| format!(" revision {revision}"));
    format!(
        "commits to {}, judged {}{before} by policy{} ({})",
        attestations(verdict.commitments.len()),
        short(&verdict.decision),
        revision.unwrap_or_default(),
        verdict.policy.short(),
    )
}

/// `build     4f1c2a9e7b3d  2026-11-20 09:31  key 9c1f2a…  id sha256:61aa…`, in columns.
fn table(statements: &[&Hung]) -> impl Iterator<Item = String> {
    let rows: Vec<[String; 3]> = statements
        .iter()
        .map(|hung| {
            let made = hung.made().map_or_else(|| "at no time".to_owned(), minute);
            [hung.step(), hung.says(), format!("{made}  {}", hung.who)]
        })
        .collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let (step, says) = (width(0).max(STEP), width(1));
    let ids: Vec<String> = statements.iter().map(|hung| hung.id.digest().short()).collect();
    rows.into_iter()
        .zip(ids)
        .map(move |([a, b, c], id)| format!("{a:step$}  {b:says$}  {c}  id {id}"))
}

fn short(text: &str) -> String {
    evidence::text::escape_short(text, 120)
}
