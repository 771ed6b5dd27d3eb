//! The attestations of cosign before bundles: one manifest under the tag `sha256-<hex>.att`, one DSSE
//! envelope per layer (cosign specs/ATTESTATION_SPEC.md).
//!
//! It is read always, whatever else is there: a newer failure may hang on it.

use chain::{Candidate, Content};
use evidence::{Digest, text::escape_short};
use futures_util::{StreamExt, TryStreamExt, stream};
use registry::{Descriptor, Error, Manifest, ManifestKind, Source, Verbose, carried};

use super::referrers;

/// The media type of a layer that is an attestation.
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

/// Everything under the `.att` tag of `subject`; a tag that is not there has nothing.
pub(super) async fn candidates<S: Source>(
    source: &S,
    subject: &Digest,
    verbose: Option<&Verbose>,
) -> Result<Vec<Candidate>, Error> {
    let tag = format!("{}-{}.att", subject.algorithm().name(), subject.hex());
    let Some(manifest) = source.resolve(&tag).await? else { return Ok(vec![]) };
    let envelopes = envelopes(&manifest, &tag, verbose);
    let fetched = envelopes.iter().copied().filter(|layer| layer.size <= source.budget().bundle);
    referrers::afford(fetched, source.budget())?;
    let width = usize::try_from(source.budget().in_flight_requests).unwrap_or(1);
    stream::iter(envelopes)
        .map(|layer| candidate(source, &manifest.digest, layer))
        .buffered(width)
        .try_collect()
        .await
}

fn envelopes<'m>(
    manifest: &'m Manifest,
    tag: &str,
    verbose: Option<&Verbose>,
) -> Vec<&'m Descriptor> {
    let layers = match &manifest.kind {
        ManifestKind::Image { layers, .. } => layers.as_slice(),
        ManifestKind::Index { .. } => &[],
    };
    let (envelopes, others): (Vec<_>, Vec<_>) =
        layers.iter().partition(|layer| layer.media_type == ENVELOPE);
    if let Some(verbose) = verbose {
        for other in others {
            let kind = escape_short(&other.media_type, 80);
            verbose(&format!("layer {} of {tag} is `{kind}`; left out", other.digest));
        }
    }
    envelopes
}

async fn candidate<S: Source>(
    source: &S,
    manifest: &Digest,
    layer: &Descriptor,
) -> Result<Candidate, Error> {
    let content = match carried::content(source, layer).await? {
        Ok(bytes) => Content::Envelope { bytes, annotations: layer.annotations.clone() },
        Err(reason) => Content::Unreadable(reason),
    };
    Ok(Candidate { found: layer.digest.to_string(), referrer: Some(manifest.clone()), content })
}
