//! What hangs on a digest, as candidates.
//!
//! Which referrer is evidence follows from its own manifest, whose bytes were hashed; never from the
//! artifact type or the annotations that a list shows of it, which anybody can write
//! (formats: distribution-spec 1.1, "Listing Referrers").

use std::collections::BTreeSet;

use chain::{Candidate, Content};
use evidence::{Digest, text::escape_short};
use futures_util::{StreamExt, TryStreamExt, stream};
use registry::{
    Budget, Descriptor, Error, Limit, Manifest, ManifestKind, Source, Verbose, embedded,
};

/// Media types of bundles begin with this (cosign pkg/cosign/verify.go, `GetBundles`).
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";

/// Documents that say what a bundle would say, and not by whom.
const UNSIGNED: [&str; 2] =
    ["application/vnd.in-toto+json", "application/vnd.dsse.envelope.v1+json"];

/// The largest unsigned document that is read, only to tell what it says; it proves nothing.
const TOLD: u64 = 1024 * 1024;

/// How many unsigned documents one manifest may carry to be told of each: BuildKit writes one for each
/// kind of statement.
const TOLD_APART: usize = 8;

/// One part of a referrer that may be evidence.
#[derive(Clone, Debug)]
struct Found {
    referrer: Digest,
    part: Part,
}

#[derive(Clone, Debug)]
enum Part {
    Bundle(Descriptor),
    /// What the manifest carries itself, or that it cannot be read.
    Ready(Content),
    Unsigned(Descriptor),
}

/// Everything that hangs on `subject` and may be evidence.
pub(super) async fn candidates<S: Source>(
    source: &S,
    subject: &Digest,
    verbose: Option<&Verbose>,
) -> Result<Vec<Candidate>, Error> {
    let listed = source.referrers(subject).await?;
    afford(&listed, source.budget())?;
    // The source bounds what is in flight; this bounds how many wait.
    let width = usize::try_from(source.budget().in_flight_requests).unwrap_or(1);
    let found: Vec<Vec<Found>> = stream::iter(&listed)
        .map(|descriptor| found(source, descriptor, verbose))
        .buffered(width)
        .try_collect()
        .await?;
    let found = once(found.into_iter().flatten());
    afford(found.iter().filter_map(Found::fetched), source.budget())?;
    stream::iter(found).map(|found| candidate(source, found)).buffered(width).try_collect().await
}

/// Whether what is listed can be read within the limits on count and total, before any of it is asked
/// for: strangers' evidence by the gigabyte costs one list. A size that lies costs its own error later.
pub(super) fn afford<'d>(
    listed: impl IntoIterator<Item = &'d Descriptor>,
    budget: &Budget,
) -> Result<(), Error> {
    let mut total: u64 = 0;
    for (count, descriptor) in (1_usize..).zip(listed) {
        total = total.saturating_add(descriptor.size);
        if count > budget.referrers {
            let most = u64::try_from(budget.referrers).unwrap_or(u64::MAX);
            return Err(Error::Limit { limit: Limit::Referrers, most });
        }
        if total > budget.total {
            return Err(Error::Limit { limit: Limit::Total, most: budget.total });
        }
    }
    Ok(())
}

impl Found {
    /// What has to be asked for.
    fn fetched(&self) -> Option<&Descriptor> {
        match &self.part {
            Part::Bundle(layer) | Part::Unsigned(layer) => Some(layer),
            Part::Ready(_) => None,
        }
    }
}

/// What one referrer carries.
async fn found<S: Source>(
    source: &S,
    descriptor: &Descriptor,
    verbose: Option<&Verbose>,
) -> Result<Vec<Found>, Error> {
    let referrer = descriptor.digest.clone();
    let parts = match source.listed(descriptor).await {
        Ok(manifest) => parts(&manifest, source.budget()),
        Err(error) => vec![unreadable(of_manifest(error)?)],
    };
    if let (Some(verbose), []) = (verbose, parts.as_slice()) {
        verbose(&format!("referrer {referrer} is no attestation; left out"));
    }
    Ok(parts.into_iter().map(|part| Found { referrer: referrer.clone(), part }).collect())
}

fn parts(manifest: &Manifest, budget: &Budget) -> Vec<Part> {
    let ManifestKind::Image { layers, .. } = &manifest.kind else { return vec![] };
    let is_bundle = |layer: &Descriptor| layer.media_type.starts_with(BUNDLE);
    let unsigned = |layer: &&Descriptor| UNSIGNED.contains(&layer.media_type.as_str());
    match layers.as_slice() {
        [layer] if is_bundle(layer) => vec![bundle(layer, budget)],
        layers if layers.iter().any(is_bundle) => {
            vec![unreadable(format!(
                "{} layers in one manifest; a bundle stands alone",
                layers.len()
            ))]
        }
        layers => match layers.iter().filter(unsigned).count() {
            count if count > TOLD_APART => {
                vec![unreadable(format!("{count} documents in one manifest, which nobody signed"))]
            }
            _ => layers.iter().filter(unsigned).map(|layer| told(layer, budget)).collect(),
        },
    }
}

fn unreadable(reason: String) -> Part {
    Part::Ready(Content::Unreadable(reason))
}

/// A bundle that the manifest carries is taken from it at once: the text that it was in is far larger.
fn bundle(layer: &Descriptor, budget: &Budget) -> Part {
    match embedded(layer, budget) {
        Some(Ok(bytes)) => Part::Ready(Content::Bundle(bytes)),
        Some(Err(error)) => unreadable(error.to_string()),
        None if layer.size > budget.bundle => {
            unreadable(Error::Limit { limit: Limit::Bundle, most: budget.bundle }.to_string())
        }
        None => Part::Bundle(layer.clone()),
    }
}

fn told(layer: &Descriptor, budget: &Budget) -> Part {
    if layer.size > TOLD {
        let kind = escape_short(&layer.media_type, 80);
        return unreadable(format!("not a Sigstore bundle but `{kind}`, which nobody signed"));
    }
    match embedded(layer, budget) {
        Some(Ok(bytes)) => Part::Ready(Content::Unsigned(bytes)),
        Some(Err(error)) => unreadable(error.to_string()),
        None => Part::Unsigned(layer.clone()),
    }
}

/// Each bundle once: the same statement often hangs under several manifests, and needs one request.
/// The size is part of the key, so that a manifest with a wrong one spoils only itself; and so is what
/// it is taken for, so that one that calls a bundle something else does not hide it.
fn once(found: impl Iterator<Item = Found>) -> Vec<Found> {
    let mut seen = BTreeSet::new();
    found
        .filter(|found| match found.fetched() {
            Some(layer) => {
                let bundle = matches!(found.part, Part::Bundle(_));
                seen.insert((bundle, layer.digest.clone(), layer.size))
            }
            None => true,
        })
        .collect()
}

async fn candidate<S: Source>(source: &S, found: Found) -> Result<Candidate, Error> {
    let fetched = |content: Result<Vec<u8>, String>, made: fn(Vec<u8>) -> Content| match content {
        Ok(bytes) => made(bytes),
        Err(reason) => Content::Unreadable(reason),
    };
    let content = match found.part {
        Part::Bundle(layer) => fetched(content(source, &layer).await?, Content::Bundle),
        Part::Ready(content) => content,
        Part::Unsigned(layer) => fetched(content(source, &layer).await?, Content::Unsigned),
    };
    Ok(Candidate { found: found.referrer.to_string(), referrer: Some(found.referrer), content })
}

/// The bytes of a layer, embedded or fetched; the reason if this one document cannot be read.
pub(super) async fn content<S: Source>(
    source: &S,
    layer: &Descriptor,
) -> Result<Result<Vec<u8>, String>, Error> {
    // What is embedded is the content: the blob is not looked at besides, not even if they differ.
    if let Some(embedded) = embedded(layer, source.budget()) {
        return Ok(embedded.map_err(|error| error.to_string()));
    }
    match source.blob(layer).await {
        Ok(bytes) => Ok(Ok(bytes)),
        Err(error) => of_blob(error, layer, source.budget()).map(Err),
    }
}

/// The reason, if an error is about this one manifest, whose author made it so: its bytes hashed
/// right, and are no manifest. Every other error, a size that a list tells included, leaves open what
/// would have been there.
fn of_manifest(error: Error) -> Result<String, Error> {
    match &error {
        Error::Malformed { .. } => Ok(error.to_string()),
        _ => Err(error),
    }
}

/// The same for a layer, whose size and digest a manifest tells whose bytes were hashed: a wrong size,
/// or one beyond the limit, is its author's. One that turns out longer than told is no document but an
/// answer of the registry's.
fn of_blob(error: Error, layer: &Descriptor, budget: &Budget) -> Result<String, Error> {
    match &error {
        Error::Limit { limit: Limit::Bundle, .. } if layer.size > budget.bundle => {
            Ok(error.to_string())
        }
        Error::SizeMismatch { .. } => Ok(error.to_string()),
        _ => Err(error),
    }
}
