//! What hangs on an image: its referrers, theirs in turn, and what cosign keeps under tags that are
//! made of the digest.
//!
//! Whatever is listed and cannot be had ends the copy: evidence that stayed behind may be the newer
//! failure. What the lists say about it selects nothing.

use std::collections::BTreeSet;

use evidence::Digest;
use futures_util::{
    StreamExt, TryStreamExt,
    future::{try_join, try_join_all},
    stream,
};
use registry::{AnySource, Error, Manifest, Source, referrers::fallback_tag};

use super::{
    CopyError, Copying, Tally,
    blob::Way,
    derived::{self, Derived, Kind},
    manifest, tree,
};
use crate::attach;

/// Manifests that may hang on an image and on one another: ten images' worth of what is read for one.
const MOST: usize = 10_000;

/// Requests at once; the source bounds them again by the budget.
const AT_ONCE: usize = 16;

/// What became of the evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// The manifests that hang on the image or on one another.
    pub(crate) manifests: Tally,
    /// What they carry.
    pub(crate) blobs: Tally,
    /// What became of each tag that cosign keeps signatures under.
    pub(crate) derived: Vec<Derived>,
}

/// What was found for one digest.
struct Found {
    subject: Digest,
    referrers: Vec<Manifest>,
    derived: Vec<(Kind, Manifest)>,
}

/// Copies what hangs on these digests, level by level.
pub(super) async fn copy(
    copying: &Copying<'_>,
    subjects: Vec<Digest>,
) -> Result<Evidence, CopyError> {
    let mut seen: BTreeSet<Digest> = subjects.iter().cloned().collect();
    let (images, mut level) = (seen.len(), subjects);
    let mut evidence = Evidence::default();
    while !level.is_empty() {
        let found: Vec<Found> = stream::iter(level)
            .map(|subject| look(copying.evidence, subject))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let mut next = Vec::new();
        for Found { subject, referrers, derived } in found {
            let hung = referrers.iter().chain(derived.iter().map(|(_, manifest)| manifest));
            for digest in hung.flat_map(Copying::subjects) {
                if seen.insert(digest.clone()) {
                    next.push(digest);
                }
            }
            if seen.len() > MOST.saturating_add(images) {
                return Err(CopyError::Many { most: MOST });
            }
            hang(copying, &subject, &referrers, &mut evidence).await?;
            for (kind, manifest) in derived {
                let copied = derived::copy(copying, &subject, kind, &manifest).await?;
                evidence.blobs.add(copied.blobs);
                evidence.derived.push(copied.derived);
            }
        }
        level = next;
    }
    Ok(evidence)
}

async fn look(from: &AnySource, subject: Digest) -> Result<Found, Error> {
    let referrers = async {
        let listed = from.referrers(&subject).await?;
        let read = stream::iter(&listed).map(|entry| from.listed(entry)).buffered(AT_ONCE);
        read.try_collect::<Vec<Manifest>>().await
    };
    let derived = try_join_all(Kind::ALL.map(|kind| {
        let tag = format!("{}.{}", fallback_tag(&subject), kind.suffix());
        async move { Ok::<_, Error>(from.resolve(&tag).await?.map(|manifest| (kind, manifest))) }
    }));
    let (referrers, derived) = try_join(referrers, derived).await?;
    Ok(Found { derived: derived.into_iter().flatten().collect(), referrers, subject })
}

/// Has the referrers of a digest hang on it at the target, each with all that it consists of.
async fn hang(
    copying: &Copying<'_>,
    subject: &Digest,
    referrers: &[Manifest],
    evidence: &mut Evidence,
) -> Result<(), CopyError> {
    for referrer in referrers {
        let tree = tree::manifests(copying.evidence, referrer).await?;
        evidence.blobs.add(copying.blobs(copying.evidence, &tree, None).await?);
        for one in tree.iter().filter(|one| one.digest != referrer.digest) {
            manifest::put(copying.to, one, false).await?;
        }
    }
    let new = attach::hang(copying.to, subject, referrers).await?;
    for referrer in referrers {
        let way = if new.contains(&referrer.digest) { Way::Sent } else { Way::There };
        evidence.manifests.count(way, 0);
    }
    Ok(())
}
