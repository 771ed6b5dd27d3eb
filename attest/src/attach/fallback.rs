//! Attaching where there is no referrers API (distribution-spec 1.1, "Pushing Manifests with
//! Subject").
//!
//! The standard's way, read the fallback tag, append, write, loses what another writer appended in
//! between; conditional writes are ignored by the registries that need it. So each referrer also
//! gets a tag of its own, which no other writer touches, and the fallback tag is made from all of
//! those until it lists every one. A writer that overwrote another's entry sees that one's tag
//! afterwards and mends it; the tags also keep garbage collection from deleting the manifests.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use evidence::{
    Digest,
    json::{self, Value, json},
};
use futures_util::future::try_join;
use registry::{
    Error, Limit, Manifest, ManifestError, ManifestKind, Source,
    error::{Cause, What},
    http::{Access, Client, HttpSource, Pages, Request},
    manifest::INDEX,
    referrers::fallback_tag,
};
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, HeaderValue},
};
use serde::Deserialize;
use tokio::time::sleep;

use super::{
    AttachError,
    http::{push_referrer, put_manifest, room_for_one_more},
    referrer::Referrer,
};

/// How often the fallback tag is written before we give up.
const ROUNDS: u32 = 40;

/// How often the fallback tag is looked at, three tries each, before a 500 is believed.
const LOOKS: u32 = 5;

/// Digits of a referrer's digest in its own tag.
const DIGITS: usize = 16;

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
    let listed = merge.entries.contains_key(referrer.digest());
    let referrer = if listed && tags.contains(&own_tag(&subject, referrer.digest())) {
        referrer
    } else {
        if !listed {
            room_for_one_more(merge.entries.len(), source.budget().referrers)?;
        }
        let tag = |referrer: &Referrer| own_tag(&subject, referrer.digest());
        let (referrer, _) = push_referrer(client, referrer, Some(&tag)).await?;
        *writes += 1;
        referrer
    };
    merge.add(referrer.digest().clone(), json!(referrer.descriptor));
    settle(source, &referrer, merge, writes).await?;
    Ok(referrer)
}

/// Writes the fallback tag until it lists all that has a tag of its own.
async fn settle(
    source: &HttpSource,
    referrer: &Referrer,
    mut merge: Merge,
    writes: &mut u32,
) -> Result<(), AttachError> {
    let subject = &referrer.subject.digest;
    for round in 0..ROUNDS {
        // Tags and index are read after our own writing: whoever wrote its tag before is seen, and
        // whoever writes it later will see ours.
        let (tags, index) = look(source, subject).await?;
        merge.take(index);
        merge.gather(source, subject, tags).await?;
        if merge.is_written() {
            return Ok(());
        }
        let most = source.budget().referrers;
        if merge.entries.len() > most {
            room_for_one_more(most, most)?;
        }
        put_manifest(source.client(), &merge.index(), Some(fallback_tag(subject)), INDEX).await?;
        *writes += 1;
        sleep(pause(source.budget().pause, referrer.digest(), round)).await;
    }
    Err(AttachError::Contended { subject: subject.clone(), rounds: ROUNDS })
}

/// The pause after a round: longer with each, and of another length for each writer, so that many
/// do not stay in step. The digest stands for a die that every run throws alike.
fn pause(unit: Duration, referrer: &Digest, round: u32) -> Duration {
    let throw = referrer.hex().chars().next().and_then(|c| c.to_digit(16)).unwrap_or_default();
    (unit / 80).saturating_mul(round.saturating_mul(throw + 1))
}

/// The referrers' own tags, and the index under the fallback tag. docker-registry answers 500 to who
/// reads a tag while it is being written, which with many writers can be more than three times.
async fn look(
    source: &HttpSource,
    subject: &Digest,
) -> Result<(BTreeSet<String>, Option<Value>), AttachError> {
    let mut looks = 1;
    loop {
        match try_join(tags(source.client(), subject), read(source, subject)).await {
            Err(AttachError::Registry(Error::Unavailable {
                cause: Cause::Status(500), ..
            })) if looks < LOOKS => {
                looks += 1;
            }
            result => return result,
        }
    }
}

/// The fallback tag in the making.
struct Merge {
    /// The members of the index, as last read.
    members: json::Map<String, Value>,
    /// What it last listed.
    written: BTreeSet<Digest>,
    /// All that it has to list; as each writer wrote it.
    entries: BTreeMap<Digest, Value>,
    /// Tags that turned out to name nothing of ours.
    foreign: BTreeSet<String>,
}

impl Merge {
    fn new(index: Option<Value>) -> Self {
        let mut merge = Self {
            members: json::Map::new(),
            written: BTreeSet::new(),
            entries: BTreeMap::new(),
            foreign: BTreeSet::new(),
        };
        merge.take(index);
        merge
    }

    /// Takes over what the index lists now. Nothing that it listed before is given up.
    fn take(&mut self, index: Option<Value>) {
        self.written.clear();
        let Some(Value::Object(mut members)) = index else { return };
        let Some(Value::Array(entries)) = members.remove("manifests") else { return };
        self.members = members;
        for entry in entries {
            let digest = entry.get("digest").and_then(Value::as_str).and_then(|d| d.parse().ok());
            if let Some(digest) = digest {
                self.add(Digest::clone(&digest), entry);
                self.written.insert(digest);
            }
        }
    }

    fn add(&mut self, digest: Digest, entry: Value) {
        self.entries.entry(digest).or_insert(entry);
    }

    /// Adds what has a tag of its own and is not known yet.
    async fn gather(
        &mut self,
        source: &HttpSource,
        subject: &Digest,
        tags: BTreeSet<String>,
    ) -> Result<(), AttachError> {
        let known: BTreeSet<String> =
            self.entries.keys().map(|digest| own_tag(subject, digest)).collect();
        for tag in tags.difference(&known) {
            if self.foreign.contains(tag) {
                continue;
            }
            match referrer_of(source, subject, tag).await? {
                Some(manifest) => {
                    self.add(manifest.digest.clone(), json!(manifest.referrer()));
                }
                None => drop(self.foreign.insert(tag.clone())),
            }
        }
        Ok(())
    }

    fn is_written(&self) -> bool {
        self.entries.keys().all(|digest| self.written.contains(digest))
    }

    /// The bytes of the index. Entries are in the order of their digests, so that writers who know
    /// the same write the same.
    fn index(&self) -> Vec<u8> {
        let mut members = self.members.clone();
        members.insert("schemaVersion".into(), 2.into());
        members.insert("mediaType".into(), INDEX.into());
        members.insert("manifests".into(), self.entries.values().cloned().collect());
        Value::Object(members).to_string().into_bytes()
    }
}

/// The manifest under somebody's own tag; `None` if it is gone, unreadable, or no referrer of ours.
async fn referrer_of(
    source: &HttpSource,
    subject: &Digest,
    tag: &str,
) -> Result<Option<Manifest>, AttachError> {
    match source.resolve(tag).await {
        Ok(manifest) => Ok(manifest.filter(|manifest| {
            manifest.subject.as_ref().is_some_and(|found| found.digest == *subject)
                && own_tag(subject, &manifest.digest) == tag
        })),
        Err(Error::Malformed { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The index under the fallback tag, as it is written; `None` if there is none, or an image.
async fn read(source: &HttpSource, subject: &Digest) -> Result<Option<Value>, AttachError> {
    let Some(manifest) = source.resolve(&fallback_tag(subject)).await? else { return Ok(None) };
    match manifest.kind {
        ManifestKind::Image { .. } => Ok(None),
        ManifestKind::Index { .. } => json::parse(&manifest.bytes).map(Some).map_err(|error| {
            AttachError::Registry(Error::Malformed {
                what: What::FallbackTag(subject.clone()),
                place: source.place(),
                reason: ManifestError::from(error),
            })
        }),
    }
}

/// The tag that is the referrer's alone.
fn own_tag(subject: &Digest, referrer: &Digest) -> String {
    let digits: String = referrer.hex().chars().take(DIGITS).collect();
    format!("{}.{digits}", fallback_tag(subject))
}

#[derive(Deserialize)]
struct TagList {
    tags: Option<Vec<String>>,
}

/// All tags that are some referrer's own, over all pages.
async fn tags(client: &Client, subject: &Digest) -> Result<BTreeSet<String>, AttachError> {
    let prefix = format!("{}.", fallback_tag(subject));
    let own = |tag: &String| {
        tag.strip_prefix(&prefix).is_some_and(|digits| {
            digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_hexdigit())
        })
    };
    let most = client.budget().list;
    let first = client.url("tags/list");
    let mut pages = Pages::new(client.budget().tag_pages, first.clone());
    let (mut next, mut found) = (Some(first), BTreeSet::new());
    while let Some(url) = next {
        let request = Request {
            method: Method::GET,
            url,
            what: What::Tags,
            headers: vec![(ACCEPT, HeaderValue::from_static("application/json"))],
            body: Vec::new(),
            access: Access::Pull,
            most,
            over: Error::Limit { limit: Limit::List, most },
            again: true,
        };
        let response = client.send(&request).await?;
        match response.status {
            StatusCode::OK => {}
            // A repository that holds nothing yet.
            StatusCode::NOT_FOUND if pages.count() == 1 => return Ok(found),
            status => return Err(client.refused(&What::Tags, status).into()),
        }
        next = pages.next(client, &What::Tags, &response)?;
        let list: TagList = serde_json::from_slice(&response.body).map_err(|error| {
            AttachError::Registry(Error::Malformed {
                what: What::Tags,
                place: client.host().to_owned(),
                reason: ManifestError::shape(error),
            })
        })?;
        found.extend(list.tags.unwrap_or_default().into_iter().filter(own));
    }
    Ok(found)
}
