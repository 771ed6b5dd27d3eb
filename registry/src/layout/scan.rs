//! What hangs on a digest in a layout: manifests that `index.json` lists, what the fallback tag
//! lists, and manifests that lie in `blobs/` alone, as cosign saves them.
//!
//! A layout has no server that follows `subject`, so every manifest in it is looked at: once, however
//! many digests are asked about, and all that is read counts as what a registry sends does. Whoever
//! wrote the layout would choose otherwise what reading it costs. Each file that may be a manifest is
//! hashed before it is believed not to be ours: a flipped bit in a subject would otherwise hide what
//! hangs there.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex, PoisonError},
};

use evidence::{Algorithm, Digest};

use super::{Bounded, LayoutSource, name};
use crate::{
    Descriptor, Error, Limit, Manifest, Source,
    error::{Cause, What},
    manifest::may_be_manifest,
    referrers::Union,
};

/// What the files turned out to be that were looked at; `None` for what is no manifest. They are named
/// by their content, so none becomes another.
pub(super) type Known = Mutex<BTreeMap<Digest, Option<Hanging>>>;

/// A manifest, and what it hangs on.
#[derive(Clone)]
pub(super) struct Hanging {
    subject: Option<Digest>,
    referrer: Descriptor,
}

pub(super) fn referrers(layout: &LayoutSource, subject: &Digest) -> Result<Vec<Descriptor>, Error> {
    let mut union = Union::new(layout.meter.budget.referrers);
    let mut seen = BTreeSet::new();
    let index = layout.index()?;
    for entry in &index {
        // An index may list what is no manifest; if it is one after all, it is found below.
        if may_be_manifest(&entry.media_type) && seen.insert(entry.digest.clone()) {
            union.add(listed(layout, entry)?.on(subject))?;
        }
    }
    union.add(layout.fallback(index, subject)?)?;
    for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
        for digest in unlisted(layout, algorithm, &seen)? {
            union.add(found(layout, &digest)?.and_then(|hanging| hanging.on(subject)))?;
        }
    }
    Ok(union.into_list())
}

impl Hanging {
    fn of(manifest: &Manifest) -> Self {
        let subject = manifest.subject.as_ref().map(|subject| subject.digest.clone());
        Self { subject, referrer: manifest.referrer() }
    }

    fn on(self, subject: &Digest) -> Option<Descriptor> {
        self.subject.is_some_and(|found| found == *subject).then_some(self.referrer)
    }
}

/// The manifest that the index lists, which has to be there and as long as the index says.
fn listed(layout: &LayoutSource, entry: &Descriptor) -> Result<Hanging, Error> {
    if let Some(Some(hanging)) = known(layout, &entry.digest)
        && hanging.referrer.size == entry.size
    {
        return Ok(hanging);
    }
    let hanging = Hanging::of(&layout.entry(entry)?);
    keep(layout, &entry.digest, Some(hanging.clone()));
    Ok(hanging)
}

/// What lies in a file that no list names; `None` for a layer, a bundle, a configuration.
fn found(layout: &LayoutSource, digest: &Digest) -> Result<Option<Hanging>, Error> {
    if let Some(known) = known(layout, digest) {
        return Ok(known);
    }
    let hanging = manifest(layout, digest)?.as_ref().map(Hanging::of);
    keep(layout, digest, hanging.clone());
    Ok(hanging)
}

fn known(layout: &LayoutSource, digest: &Digest) -> Option<Option<Hanging>> {
    layout.known.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
}

fn keep(layout: &LayoutSource, digest: &Digest, hanging: Option<Hanging>) {
    let mut known = layout.known.lock().unwrap_or_else(PoisonError::into_inner);
    known.insert(digest.clone(), hanging);
}

/// The digests that have a file and were not seen yet, in order, so that no answer depends on the
/// order of a directory.
fn unlisted(
    layout: &LayoutSource,
    algorithm: Algorithm,
    seen: &BTreeSet<Digest>,
) -> Result<BTreeSet<Digest>, Error> {
    let most = layout.meter.budget.layout_files;
    let entries = layout.files.names(&format!("blobs/{}", algorithm.name()));
    let mut digests = BTreeSet::new();
    for name in entries.map_err(|error| failed(layout, What::Blobs, error))? {
        let name = name.map_err(|error| failed(layout, What::Blobs, error))?;
        // What is not named as a digest is no content: temporary files of a writer.
        let digest = Digest::from_hex(algorithm, &name).ok();
        digests.extend(digest.filter(|digest| !seen.contains(digest)));
        if digests.len() > most {
            return Err(Error::limit(Limit::LayoutFiles, most));
        }
    }
    Ok(digests)
}

/// The manifest in a file, if it is one.
fn manifest(layout: &LayoutSource, digest: &Digest) -> Result<Option<Manifest>, Error> {
    let name = name(digest);
    let what = || What::Blob(digest.clone());
    let failed = |error| failed(layout, what(), error);
    let Some((length, start)) = layout.files.start(&name).map_err(failed)? else {
        return Ok(None);
    };
    layout.spend(&start)?;
    let most = layout.meter.budget.manifest;
    if length > most || !may_be_json(&start) {
        return Ok(None);
    }
    let Bounded::All(bytes) = layout.files.read(&name, most).map_err(failed)? else {
        return Ok(None);
    };
    layout.spend(&bytes)?;
    layout.hashed(what, digest, &bytes)?;
    Ok(Manifest::parse_hashed(digest.clone(), bytes).ok())
}

/// Whether a file begins as a JSON object does.
fn may_be_json(start: &[u8]) -> bool {
    start.iter().find(|byte| !byte.is_ascii_whitespace()).is_none_or(|byte| *byte == b'{')
}

fn failed(layout: &LayoutSource, what: What, error: io::Error) -> Error {
    Error::unavailable(what, layout.place(), Cause::Io(Arc::new(error)))
}
