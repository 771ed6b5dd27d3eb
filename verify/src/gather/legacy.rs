//! The attestations of cosign before bundles ([`registry::legacy`]), as candidates.
//!
//! It is read always, whatever else is there: a newer failure may hang on it.

use chain::{Candidate, Content};
use evidence::{Digest, text::escape_short};
use futures_util::{StreamExt, TryStreamExt, stream};
use registry::{Descriptor, Error, Source, Verbose, carried, legacy};

/// Everything under the `.att` tag of `subject`; a tag that is not there has nothing.
pub(super) async fn candidates<S: Source>(
    source: &S,
    subject: &Digest,
    verbose: Option<&Verbose>,
) -> Result<Vec<Candidate>, Error> {
    let Some(found) = legacy(source, subject).await? else { return Ok(vec![]) };
    if let Some(verbose) = verbose {
        for other in &found.others {
            let kind = escape_short(&other.media_type, 80);
            verbose(&format!("layer {} of {} is `{kind}`; left out", other.digest, found.tag));
        }
    }
    let budget = source.budget();
    let sizes = found.envelopes.iter().map(|layer| layer.size);
    budget.afford(sizes.filter(|size| *size <= budget.bundle))?;
    let width = usize::try_from(budget.in_flight_requests).unwrap_or(1);
    stream::iter(&found.envelopes)
        .map(|layer| candidate(source, &found.manifest, layer))
        .buffered(width)
        .try_collect()
        .await
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
