//! Committed: whether what a verdict commits to hangs where the gate will look for it.
//!
//! The verdict is a file that anybody may have written, and what it names may be gone since: a gate
//! answers `withheld` to an approval of it, and nothing but a new approval helps. So each id is computed
//! from bytes that hang on the image, and what is signed is what was found, not what the file says.
//! The only I/O of this file is reading the registry, bounded by its budget.

use std::collections::BTreeMap;

use evidence::{Bundle, Digest, Envelope, Id, Statement, predicate::commitment::Commitment};
use futures_util::{StreamExt, TryStreamExt, stream};
use registry::{AnySource, Error as SourceError, ManifestKind, Source, carried};

use super::{
    hanging::{self, AT_ONCE, Content},
    verdict::{Verdict, VerdictError},
};
use crate::{error::Error, resolve::Image};

/// The media type of a layer that is an attestation, in what cosign wrote before bundles
/// (cosign specs/ATTESTATION_SPEC.md).
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

/// What hangs, by its id; the same statement by another signer has another bundle.
type Found = BTreeMap<Id, Vec<Commitment>>;

/// The commitments of a verdict, as they hang on the image, its index or its platforms.
pub(crate) async fn find(image: &Image, verdict: &Verdict) -> Result<Vec<Commitment>, Error> {
    let mut found = Found::new();
    for digest in places(image, verdict.index.as_ref()).await? {
        if verdict.commitments.iter().all(|one| chosen(&found, one).is_some()) {
            break;
        }
        look(image.evidence(), &digest, &mut found).await?;
    }
    let there = |one: &Commitment| chosen(&found, one).cloned().ok_or_else(|| not_there(one));
    Ok(verdict.commitments.iter().map(there).collect::<Result<_, _>>()?)
}

fn not_there(one: &Commitment) -> VerdictError {
    VerdictError::NotThere {
        id: one.id.as_ref().map(ToString::to_string).unwrap_or_default(),
        predicate_type: one.predicate_type.clone().unwrap_or_default(),
    }
}

/// The very bundle that was judged; else another wrapping of the same statement.
fn chosen<'f>(found: &'f Found, one: &Commitment) -> Option<&'f Commitment> {
    let same = found.get(one.id.as_ref()?)?;
    same.iter().find(|hung| hung.bundle == one.bundle).or(same.first())
}

/// Where evidence about the image hangs: on itself, on each platform that it lists, and on the index
/// that the verdict names, if that lists it.
async fn places(image: &Image, index: Option<&Digest>) -> Result<Vec<Digest>, SourceError> {
    let mut places = vec![image.digest().clone()];
    if let ManifestKind::Index { .. } = image.manifest().kind {
        places.extend(image.manifest().manifests().iter().map(|listed| listed.digest.clone()));
    }
    if let Some(index) = index
        && let Some(read) = image.source().manifest(index).await?
        && read.manifests().iter().any(|listed| listed.digest == *image.digest())
    {
        places.push(index.clone());
    }
    Ok(places)
}

async fn look(source: &AnySource, on: &Digest, found: &mut Found) -> Result<(), SourceError> {
    let referrers = source.referrers(on).await?;
    let contents: Vec<Content> = stream::iter(&referrers)
        .map(|listed| hanging::content(source, listed))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    for content in contents {
        if let Content::Bundle(bytes) = content
            && let Ok(bundle) = Bundle::parse(&bytes)
        {
            add(found, &bundle.envelope, Some(Digest::sha256(&bytes)), on);
        }
    }
    for envelope in legacy(source, on).await? {
        add(found, &envelope, None, on);
    }
    Ok(())
}

/// What cosign hung there before bundles: envelopes under a tag that is made of the digest.
async fn legacy(source: &AnySource, on: &Digest) -> Result<Vec<Envelope>, SourceError> {
    let tag = format!("{}-{}.att", on.algorithm().name(), on.hex());
    let Some(manifest) = source.resolve(&tag).await? else { return Ok(Vec::new()) };
    let ManifestKind::Image { layers, .. } = manifest.kind else { return Ok(Vec::new()) };
    let layers = layers.into_iter().filter(|layer| layer.media_type == ENVELOPE);
    let envelopes: Vec<Option<Envelope>> = stream::iter(layers)
        .map(|layer| async move {
            let bytes = carried::content(source, &layer).await?.ok();
            Ok::<_, SourceError>(bytes.and_then(|bytes| Envelope::parse(&bytes).ok()))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(envelopes.into_iter().flatten().collect())
}

/// Adds a statement that is about the digest on which it hangs.
fn add(found: &mut Found, envelope: &Envelope, bundle: Option<Digest>, on: &Digest) {
    let Ok(statement) = Statement::parse(&envelope.payload) else { return };
    let about = |subject: &evidence::Subject| subject.digests.get(&on.algorithm()) == Some(on);
    if envelope.payload_type == evidence::IN_TOTO && statement.subjects.iter().any(about) {
        let id = envelope.id();
        let predicate_type = Some(statement.predicate_type);
        let commitment = Commitment { id: Some(id.clone()), predicate_type, bundle };
        found.entry(id).or_default().push(commitment);
    }
}
