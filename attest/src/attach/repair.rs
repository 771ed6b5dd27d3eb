//! Repair: what lists the evidence of an image is made anew from what is there.
//!
//! A registry without the referrers API keeps a list that nobody guards: another tool overwrites it, a
//! writer is killed before it is done, garbage collection deletes what it names. The referrers' own
//! tags say what has to be listed; whatever is listed and answers 404 is dropped, each by its name. In
//! a layout the list is `index.json`. Evidence itself is neither written nor deleted here.

use std::{cell::RefCell, collections::BTreeSet};

use evidence::Digest;
use futures_util::{StreamExt, TryStreamExt, future::try_join, stream};
use registry::{
    AnySource, Manifest, Source,
    http::HttpSource,
    layout::LayoutSource,
    referrers::{fallback_tag, is_derived_tag},
};

use super::{AttachError, fallback, layout, merge::Merge, push};

/// Requests at once; the source bounds them again by the budget.
const AT_ONCE: usize = 16;

/// What a repair found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Repaired {
    /// What hangs on the image now.
    pub(crate) listed: BTreeSet<Digest>,
    /// What was there and not listed.
    pub(crate) added: BTreeSet<Digest>,
    /// What was listed and not there.
    pub(crate) dropped: BTreeSet<Digest>,
    /// How many things were written.
    pub(crate) writes: u32,
}

impl Repaired {
    /// What a repair found on another digest of the image.
    pub(crate) fn add(&mut self, other: Self) {
        let Self { listed, added, dropped, writes } = other;
        self.listed.extend(listed);
        self.added.extend(added);
        self.dropped.extend(dropped);
        self.writes += writes;
    }
}

/// Repairs the list of what hangs on `subject`.
pub(crate) async fn repair(place: &AnySource, subject: &Digest) -> Result<Repaired, AttachError> {
    match place {
        AnySource::Http(source) => in_registry(source, subject).await,
        AnySource::Layout(layout) => in_layout(layout, subject).await,
    }
}

async fn in_registry(source: &HttpSource, subject: &Digest) -> Result<Repaired, AttachError> {
    let api = async { source.api(subject).await.map_err(AttachError::from) };
    let (api, (_, index)) = try_join(api, fallback::look(source, subject)).await?;
    let mut repaired = Repaired::default();
    // A registry with the API needs the tag only if it has one, from before it learned the API.
    if api.is_none() || index.is_some() {
        let mut merge = Merge::new(index);
        let before: BTreeSet<Digest> = merge.digests().cloned().collect();
        repaired.dropped = gone(source, &before).await?;
        repaired.dropped.iter().for_each(|digest| merge.drop(digest));
        let writes = &mut repaired.writes;
        let after = fallback::settle(source, subject, subject, merge, writes).await?;
        repaired.listed = after.digests().cloned().collect();
        repaired.added = repaired.listed.difference(&before).cloned().collect();
    }
    let own: BTreeSet<Digest> = api.into_iter().flatten().map(|entry| entry.digest).collect();
    if let Some(digest) = gone(source, &own).await?.pop_first() {
        return Err(AttachError::NotThere { place: source.place(), digest });
    }
    repaired.listed.extend(own);
    Ok(repaired)
}

/// Which of these the registry does not have, by its own word: a 404.
async fn gone(
    source: &HttpSource,
    digests: &BTreeSet<Digest>,
) -> Result<BTreeSet<Digest>, AttachError> {
    stream::iter(digests)
        .map(|digest| async move {
            let there = push::has_manifest(source.client(), digest, MANIFESTS).await?;
            Ok((!there).then(|| digest.clone()))
        })
        .buffer_unordered(AT_ONCE)
        .try_filter_map(|digest| async move { Ok(digest) })
        .try_collect()
        .await
}

/// A referrer is of any kind.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

async fn in_layout(layout: &LayoutSource, subject: &Digest) -> Result<Repaired, AttachError> {
    let mut repaired = Repaired::default();
    let is_there = |digest: &Digest| layout.path(digest).is_file();
    let dropped = RefCell::new(BTreeSet::new());
    repaired.writes += layout::change(layout, |index| {
        index.retain(|entry| {
            // A tag of a person's is for that person to move.
            let ours = entry.tag().is_none_or(is_derived_tag);
            let gone = entry.digest().filter(|digest| ours && !is_there(digest));
            let kept = gone.is_none();
            dropped.borrow_mut().extend(gone);
            kept
        })
    })
    .await?;
    repaired.dropped = dropped.into_inner();
    if let Some(manifest) = layout.resolve(&fallback_tag(subject)).await? {
        let mut merge = Merge::new(fallback::index(&manifest, subject, || layout.place())?);
        let listed: Vec<Digest> = merge.digests().cloned().collect();
        for digest in listed.into_iter().filter(|digest| !is_there(digest)) {
            merge.drop(&digest);
            repaired.dropped.insert(digest);
        }
        if !merge.is_written() {
            repaired.writes += layout::put_fallback(layout, subject, &merge).await?;
        }
    }
    let mut manifests: Vec<Manifest> = Vec::new();
    for entry in layout.referrers(subject).await? {
        manifests.push(layout.listed(&entry).await?);
    }
    repaired.listed = manifests.iter().map(|manifest| manifest.digest.clone()).collect();
    let before = layout::entries(layout)?;
    let all: Vec<&Manifest> = manifests.iter().collect();
    repaired.writes += layout::list(layout, subject, &all).await?;
    let after = layout::entries(layout)?;
    repaired.added = after.difference(&before).cloned().collect();
    Ok(repaired)
}
