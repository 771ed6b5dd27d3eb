//! Attaching where there is no referrers API (distribution-spec 1.1, "Pushing Manifests with
//! Subject").
//!
//! The standard's way, read the fallback tag, append, write, loses what another writer appended in
//! between; conditional writes are ignored by the registries that need it. So each referrer also
//! gets a tag of its own, which no other writer touches, and the fallback tag is made from all of
//! those until it lists every one. A writer that overwrote another's entry sees that one's tag
//! afterwards and mends it; the tags also keep garbage collection from deleting the manifests.

use std::{collections::BTreeSet, time::Duration};

use evidence::{
    Digest,
    json::{self, Value, json},
};
use futures_util::future::try_join;
use registry::{
    Error, Manifest, ManifestError, ManifestKind, Source,
    error::{Cause, What},
    http::HttpSource,
    manifest::INDEX,
    referrers::fallback_tag,
};
use tokio::time::sleep;

use super::{
    AttachError,
    http::{push_referrer, room_for},
    merge::Merge,
    push::{self, Name},
    referrer::Referrer,
    tags::{own_tag, own_tags},
};

/// How often the fallback tag is written before we give up.
const ROUNDS: u32 = 40;

/// How often the fallback tag is looked at, three tries each, before a 500 is believed.
const LOOKS: u32 = 5;

/// Pushes the referrer under a tag of its own, and has the fallback tag list it.
pub(super) async fn attach(
    source: &HttpSource,
    referrer: Referrer,
    writes: &mut u32,
) -> Result<Referrer, AttachError> {
    let client = source.client();
    let subject = referrer.subject.digest.clone();
    let (tags, index) = look(source, &subject).await?;
    let mut merge = Merge::new(index);
    let listed = merge.lists(referrer.digest());
    let referrer = if listed && tags.contains(&own_tag(&subject, referrer.digest())) {
        referrer
    } else {
        room_for(usize::from(!listed), merge.len(), source.budget().referrers)?;
        let name = |referrer: &Referrer| Name::Tag(own_tag(&subject, referrer.digest()));
        let (referrer, _) = push_referrer(client, referrer, &name).await?;
        *writes += 1;
        referrer
    };
    merge.add(referrer.digest().clone(), json!(referrer.descriptor));
    settle(source, &subject, referrer.digest(), merge, writes).await?;
    Ok(referrer)
}

/// Pushes ready manifests, each under a tag of its own, and has the fallback tag list all of them.
pub(super) async fn hang(
    source: &HttpSource,
    subject: &Digest,
    manifests: &[&Manifest],
) -> Result<(), AttachError> {
    let Some(die) = manifests.first() else { return Ok(()) };
    let (tags, index) = look(source, subject).await?;
    let mut merge = Merge::new(index);
    let new = manifests.iter().filter(|manifest| !merge.lists(&manifest.digest)).count();
    room_for(new, merge.len(), source.budget().referrers)?;
    for manifest in manifests {
        // Of a manifest that names another subject, or none, a tag would be nobody's.
        let names = manifest.subject.as_ref().is_some_and(|named| named.digest == *subject);
        let tag = own_tag(subject, &manifest.digest);
        let is_there = merge.lists(&manifest.digest) && (!names || tags.contains(&tag));
        if !is_there {
            let name = if names { Name::Tag(tag) } else { Name::Digest(manifest.digest.clone()) };
            push::manifest(source.client(), &name, &manifest.bytes, &manifest.media_type).await?;
        }
        merge.add(manifest.digest.clone(), json!(manifest.referrer()));
    }
    settle(source, subject, &die.digest, merge, &mut 0).await.map(drop)
}

/// Writes the fallback tag until it lists all that it has to, and whatever has a tag of its own; gives
/// what it lists then. `die` tells this writer from others.
pub(super) async fn settle(
    source: &HttpSource,
    subject: &Digest,
    die: &Digest,
    mut merge: Merge,
    writes: &mut u32,
) -> Result<Merge, AttachError> {
    let mut foreign = BTreeSet::new();
    for round in 0..ROUNDS {
        // Tags and index are read after our own writing: whoever wrote its tag before is seen, and
        // whoever writes it later will see ours.
        let (tags, index) = look(source, subject).await?;
        merge.take(index);
        gather(source, subject, tags, &mut merge, &mut foreign).await?;
        if merge.is_written() {
            return Ok(merge);
        }
        room_for(0, merge.len(), source.budget().referrers)?;
        let name = Name::Tag(fallback_tag(subject));
        push::manifest(source.client(), &name, &merge.index(), INDEX).await?;
        *writes += 1;
        sleep(pause(source.budget().pause, die, round)).await;
    }
    Err(AttachError::Contended { subject: subject.clone(), rounds: ROUNDS })
}

/// Adds what has a tag of its own and is not known yet. `foreign` are tags that turned out to name
/// nothing of ours.
async fn gather(
    source: &HttpSource,
    subject: &Digest,
    tags: BTreeSet<String>,
    merge: &mut Merge,
    foreign: &mut BTreeSet<String>,
) -> Result<(), AttachError> {
    let known: BTreeSet<String> = merge.digests().map(|digest| own_tag(subject, digest)).collect();
    for tag in tags {
        if known.contains(&tag) || foreign.contains(&tag) {
            continue;
        }
        match tagged(source, subject, &tag).await? {
            Tagged::Ours(manifest) => {
                merge.add(manifest.digest.clone(), json!(manifest.referrer()));
            }
            Tagged::Foreign => drop(foreign.insert(tag)),
            // docker-registry lists a tag before it can be read: its writer may be done by the next
            // round, and has seen itself listed by then.
            Tagged::Absent => {}
        }
    }
    Ok(())
}

/// The pause after a round: longer with each, and of another length for each writer, so that many
/// do not stay in step. The digest stands for a die that every run throws alike.
fn pause(unit: Duration, referrer: &Digest, round: u32) -> Duration {
    let throw = referrer.hex().chars().next().and_then(|c| c.to_digit(16)).unwrap_or_default();
    (unit / 80).saturating_mul(round.saturating_mul(throw + 1))
}

/// The referrers' own tags, and the index under the fallback tag. docker-registry answers 500 to who
/// reads a tag while it is being written, which with many writers can be more than three times.
pub(super) async fn look(
    source: &HttpSource,
    subject: &Digest,
) -> Result<(BTreeSet<String>, Option<Value>), AttachError> {
    let mut looks = 1;
    loop {
        match try_join(own_tags(source.client(), subject), read(source, subject)).await {
            Err(AttachError::Registry(Error::Unavailable {
                cause: Cause::Status(500), ..
            })) if looks < LOOKS => {
                looks += 1;
            }
            result => return result,
        }
    }
}

/// What is under somebody's own tag.
enum Tagged {
    /// Nothing, or nothing yet.
    Absent,
    /// Something unreadable, or no referrer of the subject.
    Foreign,
    /// A referrer of the subject.
    Ours(Box<Manifest>),
}

async fn tagged(source: &HttpSource, subject: &Digest, tag: &str) -> Result<Tagged, AttachError> {
    let ours = |manifest: &Manifest| {
        manifest.subject.as_ref().is_some_and(|found| found.digest == *subject)
            && own_tag(subject, &manifest.digest) == tag
    };
    match source.resolve(tag).await {
        Ok(None) => Ok(Tagged::Absent),
        Ok(Some(manifest)) if ours(&manifest) => Ok(Tagged::Ours(Box::new(manifest))),
        Ok(Some(_)) | Err(Error::Malformed { .. }) => Ok(Tagged::Foreign),
        Err(error) => Err(error.into()),
    }
}

/// The index under the fallback tag, as it is written; `None` if there is none, or an image.
async fn read(source: &HttpSource, subject: &Digest) -> Result<Option<Value>, AttachError> {
    let Some(manifest) = source.resolve(&fallback_tag(subject)).await? else { return Ok(None) };
    index(&manifest, subject, || source.place())
}

/// A fallback tag's manifest as it is written; `None` if it is an image.
pub(super) fn index(
    manifest: &Manifest,
    subject: &Digest,
    place: impl FnOnce() -> String,
) -> Result<Option<Value>, AttachError> {
    match manifest.kind {
        ManifestKind::Image { .. } => Ok(None),
        ManifestKind::Index { .. } => json::parse(&manifest.bytes).map(Some).map_err(|error| {
            AttachError::Registry(Error::Malformed {
                what: What::FallbackTag(subject.clone()),
                place: place(),
                reason: ManifestError::from(error),
            })
        }),
    }
}
