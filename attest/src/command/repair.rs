//! `attest repair`: the list of what hangs on an image and its platforms, made anew.

use std::collections::BTreeSet;

use evidence::{Digest, json::json};

use super::resolve;
use crate::{
    attach::{self, Repaired},
    error::Error,
    report::{self, Paragraph, Report, paragraphs, plural},
    request,
    resolve::Image,
    world::World,
};

pub(super) async fn run(world: &World, request: request::Repair) -> Result<Report, Error> {
    let image = resolve(world, request.target).await?;
    let mut repaired = Repaired::default();
    for member in image.family().members() {
        repaired.add(attach::repair(image.evidence(), member.digest()).await?);
    }
    let json = json!({
        "version": 1,
        "image": image.pinned().to_string(),
        "subject": image.digest(),
        "evidenceRepository": image.evidence_repository().map(ToString::to_string),
        "listed": repaired.listed,
        "added": repaired.added,
        "dropped": repaired.dropped,
        "writes": repaired.writes,
    });
    Ok(Report::Told { text: text(&image, &repaired), json })
}

fn text(image: &Image, repaired: &Repaired) -> String {
    let Repaired { listed, added, dropped, writes } = repaired;
    let place = report::place(image.pinned(), image.reference().tag());
    let mut said = vec![Paragraph { label: "Image", lines: place.into() }];
    let lines = |digests: &BTreeSet<Digest>| digests.iter().map(ToString::to_string).collect();
    for (label, digests) in [("Added", added), ("Dropped", dropped)] {
        if !digests.is_empty() {
            said.push(Paragraph { label, lines: lines(digests) });
        }
    }
    let number = u64::try_from(listed.len()).unwrap_or(u64::MAX);
    let words = [plural(number, "referrer"), plural(*writes, "write")];
    said.push(Paragraph::new("Listed", words.join(", ")));
    paragraphs(&said)
}
