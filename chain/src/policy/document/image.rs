//! What is asked about the image itself, as it is written.

use schemars::JsonSchema;

use super::{Read, shape};
use crate::policy::{
    EvidenceOn,
    excerpt::Span,
    fault::{Collected, Fault},
    members::{At, Members, entries, text, unempty},
    nearest::advice,
};

/// The words of `evidence-on` that are read.
pub(super) const PLACES: [(&str, EvidenceOn); 3] = [
    ("digest", EvidenceOn::Digest),
    ("either", EvidenceOn::Either),
    ("platforms", EvidenceOn::Platforms),
];

/// What is asked about the image itself.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Image", rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::policy) struct WrittenImage {
    /// Where evidence may hang on an index: on the digest asked for, on every platform, or either.
    #[schemars(with = "Option<shape::EvidencePlace>")]
    pub(in crate::policy) evidence_on: Read<EvidenceOn>,
    /// Labels of the image that must agree with a fact of a step: `git.commit: build.commit`.
    #[schemars(with = "Option<shape::Labels>")]
    pub(in crate::policy) labels: Read<Vec<Read<WrittenLabel>>>,
}

/// A label and the fact that it repeats.
#[derive(Debug)]
pub(in crate::policy) struct WrittenLabel {
    pub(in crate::policy) label: String,
    /// `build.commit`.
    pub(in crate::policy) fact: At<String>,
    pub(in crate::policy) at: Span,
}

impl WrittenImage {
    pub(super) fn of(members: &mut Members<'_>, collected: &mut Collected) -> Read<Self> {
        let Some(member) = members.take("image") else {
            return Ok(Self { evidence_on: Ok(EvidenceOn::default()), labels: Ok(Vec::new()) });
        };
        let mut image = Members::of(&member.node, member.at, "`image`", collected)?;
        let read = Self {
            evidence_on: evidence_on(&mut image, collected),
            labels: labels(&mut image, collected),
        };
        image.finish(collected)?;
        Ok(read)
    }
}

fn evidence_on(image: &mut Members<'_>, collected: &mut Collected) -> Read<EvidenceOn> {
    let Some(written) = image.text("evidence-on", collected)? else {
        return Ok(EvidenceOn::default());
    };
    let known = PLACES.iter().find(|(word, _)| *word == written.value);
    known.map(|(_, place)| *place).ok_or_else(|| {
        let fault = Fault::at(written.span, format!("unknown place `{}`", written.value));
        collected.add(fault.label(advice(&written.value, PLACES.map(|(word, _)| word))))
    })
}

fn labels(image: &mut Members<'_>, collected: &mut Collected) -> Read<Vec<Read<WrittenLabel>>> {
    let Some(member) = image.take("labels") else { return Ok(Vec::new()) };
    let entries = entries(&member.node, member.at, "`labels`", collected)?;
    unempty(member, entries.is_empty(), collected)?;
    let read = entries.iter().map(|entry| {
        let fact = text(&entry.node, entry.at, &entry.name, collected)?;
        Ok(WrittenLabel { label: entry.name.clone(), fact, at: entry.at })
    });
    Ok(read.collect())
}
