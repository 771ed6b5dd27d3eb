//! `attest promote`: an image with its evidence, where another environment takes its images from; and
//! that this was done, attested once and hung on both ends.
//!
//! The record comes before the tags and after everything else: whoever finds a tag at the target finds
//! the whole image, its evidence, and who brought it there.

use evidence::{
    json::{Map, Value, json},
    predicate::{
        self,
        deployment::{Action, Deployment, Outcome, Place as End},
    },
    text::escape_short,
};

use registry::AnySource;

use super::{
    copy::{Copied, Place, copying, progress},
    decided::{Decided, Overtaken},
    environment, resolve,
};
use crate::{
    attach::{self, Attached},
    collect::{record, verdict::Wanted},
    deliver,
    error::Error,
    family::Family,
    file,
    hand::Hand,
    report::{self, Delivered, Paragraph, Report, Vouched, on_platforms, paragraphs, platforms},
    request::{self, Delivery, Extent},
    resolve::Image,
    seal::Sealed,
    statement::{self, Predicate, Prepared},
    usage::UsageError,
    world::World,
};

pub(super) async fn run(world: &World, request: request::Promote) -> Result<Report, Error> {
    let request::Promote { target, destination, signing, .. } = &request;
    let began = world.now();
    let hand = Hand::open(world, signing, &target.access).await?;
    let image = resolve(world, target.clone()).await?;
    let named = Place::named(destination, &image)?;
    let name = named.name().ok_or(UsageError::NamelessTarget)?;
    let there = Family::of(image.manifest(), Some(name));
    let subjects = there.subjects(request.platforms);
    let decided = match &request.verdict {
        Some(path) => {
            let followed = (Wanted::Allow, Overtaken::Refused);
            let environment = &request.environment;
            Some(Decided::on_verdict(world, path, followed, &image, environment).await?)
        }
        None => None,
    };
    let (deployment, seen) = promotion(&request, &image, name, decided, began);
    let run = environment(world, &signing.given, false)?;
    let prepare = |deployment: &Deployment| -> Result<Prepared, Error> {
        let now = world.now();
        let value = Deployment { finished_at: Some(now), ..deployment.clone() }.to_value();
        let predicate = Predicate { predicate_type: predicate::DEPLOYMENT.to_owned(), value };
        Ok(statement::make(subjects.clone(), predicate, &run.run_member(now))?)
    };
    let Some(hand) = hand else {
        let prepared = prepare(&deployment)?;
        let shown = Delivered::Shown(prepared.payload.clone());
        return Ok(Report::attested(&image, &prepared, Vec::new(), shown));
    };
    let place = Place::open(world, &target.access, destination, &image)?;
    let progress = progress(world, &target.access, request.telling);
    let copying = copying(&image, &place.source, &progress);
    let mut copied = Copied::content(&copying, &image, Extent::Everything).await?;
    image.unmoved().await?;
    for member in there.named_by(&subjects) {
        attach::settle(&place.source, member.digest()).await?;
    }
    let found = record::find(&place.source, image.digest(), &subjects, &deployment, &hand).await?;
    let record = match found {
        Some(bytes) => Record { sealed: hand.found(bytes, &there)?, made: false },
        None => {
            let sealed = hand.sign(&prepare(&deployment)?, &there).await?;
            Record { sealed, made: true }
        }
    };
    let hung = record.hang(world, signing, &image, &place).await?;
    copied.tags = copying.tags(image.manifest(), &destination.tags).await?;
    drop(progress);
    Ok(whole(&request, &image, &place, &copied, &record.shown(&hand, &image, hung, signing), seen))
}

/// What is claimed, but for the end of the work; and what there is to see of the verdict.
fn promotion(
    request: &request::Promote,
    image: &Image,
    name: &str,
    decided: Option<Decided>,
    began: evidence::time::Timestamp,
) -> (Deployment, Option<String>) {
    let request::Promote { environment, from_environment, .. } = request;
    let seen = decided.as_ref().and_then(|decided| decided.seen.last().cloned());
    let (input_attestations, policy) =
        decided.map(|decided| (decided.commitments, decided.policy)).unwrap_or_default();
    // A directory on somebody's machine is no name for others.
    let reference = |name: &str| format!("{name}@{}", image.digest());
    let from = End {
        environment: from_environment.clone(),
        reference: image.pinned().name().map(reference),
    };
    let to = End { environment: Some(environment.clone()), reference: Some(reference(name)) };
    let deployment = Deployment {
        action: Action::Promoted,
        result: Outcome::Succeeded,
        environment: environment.clone(),
        target: None,
        from: (from != End::default()).then_some(from),
        to: Some(to),
        started_at: Some(began),
        finished_at: None,
        input_attestations,
        policy,
    };
    (deployment, seen)
}

/// The attestation of the promotion.
struct Record {
    sealed: Sealed,
    /// Whether it was made now, and not found.
    made: bool,
}

impl Record {
    /// Keeps it and hangs it on both ends, as far as that was asked for.
    async fn hang(
        &self,
        world: &World,
        signing: &request::Signing,
        image: &Image,
        place: &Place,
    ) -> Result<Option<Attached>, Error> {
        let keep = match &signing.delivery {
            Delivery::DryRun => return Ok(None),
            Delivery::Keep(path) => Some(path),
            Delivery::Attach { keep } => keep.as_ref(),
        };
        if let Some(path) = keep {
            file::write(path, self.sealed.bytes())?;
        }
        if let Delivery::Keep(_) = signing.delivery {
            return Ok(None);
        }
        let (family, now) = (image.family(), world.now());
        let there = deliver::hang_in(&place.source, &family, &self.sealed, now).await?;
        if !is_archive(image) {
            deliver::hang_in(image.evidence(), &family, &self.sealed, now).await?;
        }
        Ok(Some(there))
    }

    fn shown(
        &self,
        hand: &Hand<'_>,
        image: &Image,
        attached: Option<Attached>,
        signing: &request::Signing,
    ) -> Shown {
        let file = match &signing.delivery {
            Delivery::DryRun => None,
            Delivery::Keep(path) => Some(path),
            Delivery::Attach { keep } => keep.as_ref(),
        };
        let (id, bundle) = (self.sealed.id().to_string(), self.sealed.digest().to_string());
        let (by, vouched) = (hand.signed(self.sealed.confirmed()), Vouched::of(&self.sealed));
        let found = "found at the target; none was written again";
        let mut said = match &by {
            Some(by) if self.made => report::signed(by, &vouched),
            _ => vec![Paragraph::new("Signed", found)],
        };
        said.push(Paragraph::new("Id", id.clone()));
        if let Some(path) = file {
            let path = escape_short(&path.display().to_string(), 300);
            said.push(Paragraph {
                label: "Bundle",
                lines: vec![bundle.clone(), format!("kept in {path}")],
            });
        }
        let mut lines = vec!["nothing".to_owned()];
        if let Some(attached) = &attached {
            lines = vec![attached.referrer.to_string()];
            lines.extend(on_platforms(attached));
            lines.push(match is_archive(image) {
                true => "at the target; an archive is not written".to_owned(),
                false => "at both ends".to_owned(),
            });
        }
        said.push(Paragraph { label: "Attached", lines });
        let referrer = attached.as_ref().map(|attached| &attached.referrer);
        let mut json = Map::from_iter(
            [
                ("predicateType", json!(predicate::DEPLOYMENT)),
                ("id", json!(id)),
                ("bundle", json!(bundle)),
                ("bundleFile", json!(file.map(|path| path.display().to_string()))),
                ("referrer", json!(referrer)),
                ("platforms", json!(attached.as_ref().map(platforms).unwrap_or_default())),
                ("found", json!(!self.made)),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        report::put(&mut json, by.as_ref(), &vouched);
        Shown { said, json: json.into() }
    }
}

/// Whether the source's evidence is in a file that nothing is written into.
fn is_archive(image: &Image) -> bool {
    matches!(image.evidence(), AnySource::Layout(layout) if layout.is_archive())
}

/// The record, for people and for machines.
struct Shown {
    said: Vec<Paragraph>,
    json: Value,
}

fn whole(
    request: &request::Promote,
    image: &Image,
    place: &Place,
    copied: &Copied,
    record: &Shown,
    seen: Option<String>,
) -> Report {
    let from = request.from_environment.as_ref();
    let from = from.map(|name| format!(", from {}", escape_short(name, 80))).unwrap_or_default();
    let mut lines = vec![format!("to {}{from}", escape_short(&request.environment, 80))];
    lines.extend(seen);
    let mut said = copied.said(image, &place.pinned);
    said.push(Paragraph { label: "Promoted", lines });
    said.extend(record.said.clone());
    let mut json = copied.json(image, &place.pinned);
    json.insert("version".to_owned(), json!(1));
    json.insert("record".to_owned(), record.json.clone());
    let quiet = place.pinned.to_string();
    Report::Copied { text: paragraphs(&said), json: json.into(), quiet }
}
