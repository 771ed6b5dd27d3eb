//! Ready manifests that are to hang on a digest: the copies of what hangs on it elsewhere.
//!
//! They keep their bytes, so that whoever committed to one finds it again; a registry that does not
//! take them as they are refuses them.

use std::collections::BTreeSet;

use evidence::Digest;
use futures_util::{StreamExt, TryStreamExt, stream};
use registry::{AnySource, Manifest, Source, http::HttpSource};

use super::{
    AttachError, fallback,
    http::{lists, room_for, says_subject},
    layout,
    merge::Merge,
    push::{self, Name},
};

/// Manifests that are pushed at once.
const AT_ONCE: usize = 8;

/// Has all of `manifests` hang on `subject`, whose blobs are there; gives those that did not before.
pub(crate) async fn hang(
    to: &AnySource,
    subject: &Digest,
    manifests: &[Manifest],
) -> Result<BTreeSet<Digest>, AttachError> {
    if manifests.is_empty() {
        return Ok(BTreeSet::new());
    }
    let before = to.referrers(subject).await?;
    let new: Vec<&Manifest> =
        manifests.iter().filter(|manifest| !lists(&before, &manifest.digest)).collect();
    room_for(new.len(), before.len(), to.budget().referrers)?;
    match to {
        AnySource::Http(source) => in_registry(source, subject, &new, manifests).await?,
        AnySource::Layout(layout) => layout::hang(layout, subject, &new).await?,
    }
    Ok(new.into_iter().map(|manifest| manifest.digest.clone()).collect())
}

async fn in_registry(
    source: &HttpSource,
    subject: &Digest,
    new: &[&Manifest],
    all: &[Manifest],
) -> Result<(), AttachError> {
    if source.api(subject).await?.is_none() {
        // Also what is listed already may lack the tag that keeps it.
        let all: Vec<&Manifest> = all.iter().collect();
        return fallback::hang(source, subject, &all).await;
    }
    let push = |manifest: &Manifest| {
        let manifest = manifest.clone();
        async move {
            let name = Name::Digest(manifest.digest.clone());
            let (bytes, media_type) = (&manifest.bytes, &manifest.media_type);
            let response = push::manifest(source.client(), &name, bytes, media_type).await?;
            Ok::<_, AttachError>((!says_subject(&response, subject)).then_some(manifest))
        }
    };
    let silent: Vec<Option<Manifest>> =
        stream::iter(new.iter().copied()).map(push).buffer_unordered(AT_ONCE).try_collect().await?;
    let silent: Vec<Manifest> = silent.into_iter().flatten().collect();
    if silent.is_empty() {
        return Ok(());
    }
    let now = source.api(subject).await?.unwrap_or_default();
    let unlisted: Vec<&Manifest> =
        silent.iter().filter(|manifest| !lists(&now, &manifest.digest)).collect();
    fallback::hang(source, subject, &unlisted).await
}

/// Has the list of what hangs on `subject` name all that is there: what a killed writer pushed under a
/// tag of its own and listed nowhere is found again.
pub(crate) async fn settle(to: &AnySource, subject: &Digest) -> Result<(), AttachError> {
    let AnySource::Http(source) = to else { return Ok(()) };
    if source.api(subject).await?.is_some() {
        return Ok(());
    }
    let (_, index) = fallback::look(source, subject).await?;
    fallback::settle(source, subject, subject, Merge::new(index), &mut 0).await.map(drop)
}
