//! What an approval or a deployment was decided on: a verdict, or all that hangs on the image.

use std::path::Path;

use evidence::{Digest, predicate::commitment::Commitment, time::Timestamp};

use super::minute;
use crate::{
    collect::{
        hanging::{self, Hanging, Hung},
        verdict::{self, About, Verdict, Wanted},
    },
    error::Error,
    file,
    report::plural,
    resolve::Image,
};

/// The width of a step's column, so that it stands under what is said of the image.
const STEP: usize = 8;

/// What a decision commits to.
pub(super) struct Decided {
    /// The statements.
    pub(super) commitments: Vec<Commitment>,
    /// The digest of the policy whose verdict was followed.
    pub(super) policy: Option<Digest>,
    /// What there is to see, line by line.
    pub(super) seen: Vec<String>,
}

impl Decided {
    /// On a verdict.
    pub(super) fn on_verdict(
        path: &Path,
        wanted: Wanted,
        image: &Image,
        environment: &str,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let bytes = file::read(path, verdict::BYTES)?;
        let name = image.pinned().name().unwrap_or_default();
        let about = About { image: image.digest(), name, environment };
        let verdict = Verdict::read(&bytes, wanted, about, now)?;
        let mut seen: Vec<String> =
            verdict.steps.iter().map(|(step, said)| format!("{step:STEP$}  {said}")).collect();
        // Each by its id: what is signed for is seen, and can be looked up before the answer.
        seen.extend(verdict.commitments.iter().map(|one| {
            let id = one.id.as_ref().map(|id| id.digest().short()).unwrap_or_default();
            let predicate_type = one.predicate_type.as_deref().unwrap_or_default();
            format!("id {id}  {}", evidence::text::escape_short(predicate_type, 120))
        }));
        let revision = verdict.revision.map(|revision| format!(" revision {revision}"));
        seen.push(format!(
            "commits to {}, judged {} by policy{} ({})",
            attestations(verdict.commitments.len()),
            evidence::text::escape_short(&verdict.decision, 40),
            revision.unwrap_or_default(),
            verdict.policy.short(),
        ));
        Ok(Self { commitments: verdict.commitments, policy: Some(verdict.policy), seen })
    }

    /// On all that hangs on the image, verified by nobody.
    pub(super) async fn on_what_hangs(image: &Image) -> Result<Self, Error> {
        let Hanging { statements, unreadable } =
            hanging::look(image.evidence(), &image.subject()).await?;
        let mut seen: Vec<String> = table(&statements).collect();
        seen.extend(unreadable.iter().map(|one| {
            format!("unreadable, left out: {} {}", one.referrer.short(), short(&one.why))
        }));
        seen.push(format!(
            "commits to {}, verified by nobody; better: --verdict",
            attestations(statements.len())
        ));
        let commitments = statements.iter().map(Hung::commitment).collect();
        Ok(Self { commitments, policy: None, seen })
    }
}

/// `build     4f1c2a9e7b3d  2026-11-20 09:31  key 9c1f2a…  id sha256:61aa…`, in columns.
fn table(statements: &[Hung]) -> impl Iterator<Item = String> {
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

fn attestations(number: usize) -> String {
    plural(u64::try_from(number).unwrap_or(u64::MAX), "attestation")
}

fn short(text: &str) -> String {
    evidence::text::escape_short(text, 120)
}
