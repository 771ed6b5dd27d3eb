//! The attestations of cosign before bundles: one manifest under the tag `sha256-<hex>.att`, one DSSE
//! envelope per layer (cosign specs/ATTESTATION_SPEC.md).
//!
//! Written once for whoever shows, commits to or judges evidence, as [`mod@crate::carried`] is. Which of
//! the layers can be afforded, and what they say, is for others.

use evidence::Digest;

use crate::{Descriptor, Error, ManifestKind, Source};

/// The media type of a layer that is an attestation.
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

/// What the tag of one digest names.
#[derive(Clone, Debug)]
pub struct Legacy {
    /// The tag.
    pub tag: String,
    /// The manifest.
    pub manifest: Digest,
    /// The layers that are attestations.
    pub envelopes: Vec<Descriptor>,
    /// The layers that are not.
    pub others: Vec<Descriptor>,
}

/// What is under the `.att` tag of `subject`; `None` where there is no such tag.
pub async fn legacy<S: Source>(source: &S, subject: &Digest) -> Result<Option<Legacy>, Error> {
    let tag = format!("{}-{}.att", subject.algorithm().name(), subject.hex());
    let Some(manifest) = source.resolve(&tag).await? else { return Ok(None) };
    let layers = match manifest.kind {
        ManifestKind::Image { layers, .. } => layers,
        ManifestKind::Index { .. } => vec![],
    };
    let (envelopes, others) = layers.into_iter().partition(|layer| layer.media_type == ENVELOPE);
    Ok(Some(Legacy { tag, manifest: manifest.digest, envelopes, others }))
}
