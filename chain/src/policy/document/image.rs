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
pub(super) const PLACES: [(&str, EvidenceOn); 2] =
    [("digest", EvidenceOn::Digest), ("either", EvidenceOn::Either)];

/// A word that asks for more than this version looks at: taken for another, it would allow too much.
const LATER: &str = "platforms";

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
        if written.value == LATER {
            let fault = Fault::at(written.span, "`platforms` is not supported by this version");
            return collected.add(
                fault
                    .label("no platform of an index is looked at yet")
                    .help("write `digest`: evidence hangs on the digest that was asked for"),
            );
        }
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
