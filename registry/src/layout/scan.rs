//! What hangs on a digest in a layout: manifests that `index.json` lists, what the fallback tag
//! lists, and manifests that lie in `blobs/` alone, as cosign saves them.
//!
//! A layout has no server that follows `subject`, so every manifest in it is looked at. Each file
//! that may be one is hashed before it is believed not to be ours: a flipped bit in a subject would
//! otherwise hide what hangs there.

use std::{collections::BTreeSet, io, sync::Arc};

use evidence::{Algorithm, Digest};

use super::{Bounded, LayoutSource, name};
use crate::{
    Descriptor, Error, Limit, Manifest, Source,
    error::{Cause, What},
    manifest::may_be_manifest,
    referrers::Union,
};

pub(super) fn referrers(layout: &LayoutSource, subject: &Digest) -> Result<Vec<Descriptor>, Error> {
    let mut union = Union::new(layout.meter.budget.referrers);
    let mut seen = BTreeSet::new();
    for entry in layout.index()? {
        // An index may list what is no manifest; if it is one after all, it is found below.
        if may_be_manifest(&entry.media_type) && seen.insert(entry.digest.clone()) {
            let manifest = layout.entry(&entry)?;
            union.add(referrer(&manifest, subject))?;
        }
    }
    union.add(layout.fallback(subject)?)?;
    for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
        for digest in unlisted(layout, algorithm, &seen)? {
            if let Some(manifest) = manifest(layout, &digest)? {
                union.add(referrer(&manifest, subject))?;
            }
        }
    }
    Ok(union.into_list())
}

fn referrer(manifest: &Manifest, subject: &Digest) -> Option<Descriptor> {
    let ours = manifest.subject.as_ref().is_some_and(|found| found.digest == *subject);
    ours.then(|| manifest.referrer())
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

/// The manifest in a file that no list names; `None` for a layer, a bundle, a configuration.
fn manifest(layout: &LayoutSource, digest: &Digest) -> Result<Option<Manifest>, Error> {
    let name = name(digest);
    let what = || What::Blob(digest.clone());
    let bytes = match may_be_json(layout, &name) {
        Ok(true) => match layout.files.read(&name, layout.meter.budget.manifest) {
            Ok(Bounded::All(bytes)) => bytes,
            Ok(Bounded::TooLarge) => return Ok(None),
            Err(error) => return Err(failed(layout, what(), error)),
        },
        Ok(false) => return Ok(None),
        Err(error) => return Err(failed(layout, what(), error)),
    };
    layout.hashed(what, digest, &bytes)?;
    Ok(Manifest::parse_hashed(digest.clone(), bytes).ok())
}

/// Whether a file begins as a JSON object does and is no larger than a manifest may be.
fn may_be_json(layout: &LayoutSource, name: &str) -> io::Result<bool> {
    let Some((length, start)) = layout.files.start(name)? else { return Ok(false) };
    let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
    Ok(length <= layout.meter.budget.manifest && first.is_none_or(|byte| *byte == b'{'))
}

fn failed(layout: &LayoutSource, what: What, error: io::Error) -> Error {
    Error::unavailable(what, layout.place(), Cause::Io(Arc::new(error)))
}
