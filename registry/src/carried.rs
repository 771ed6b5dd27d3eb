//! What carries evidence: which parts of a referrer's manifest, and what an error about one of them
//! means.
//!
//! Written once for whoever shows, commits to or judges evidence: what one of them overlooks the
//! others must overlook, too. It follows from the manifest, whose bytes were hashed; never from the
//! artifact type or the annotations that a list shows of it, which anybody can write (distribution-spec
//! 1.1, "Listing Referrers"). What a part says is for others to read.

use evidence::text::escape_short;

use crate::{Budget, Descriptor, Error, Limit, Manifest, ManifestKind, Source, embedded};

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

/// One part of a referrer that is evidence, or may be meant as such.
#[derive(Clone, Debug)]
pub enum Carried {
    /// A bundle, or what may have been one.
    Bundle(Part),
    /// A document that nobody signed.
    Unsigned(Part),
}

/// Where the bytes of a part are.
#[derive(Clone, Debug)]
pub enum Part {
    /// Nowhere: the manifest or this part of it cannot be read, by its author's doing.
    Broken(String),
    /// In the manifest itself.
    Embedded(Vec<u8>),
    /// In this blob.
    Listed(Descriptor),
}

impl Carried {
    /// The part.
    pub fn part(&self) -> &Part {
        match self {
            Self::Bundle(part) | Self::Unsigned(part) => part,
        }
    }

    fn broken(reason: String) -> Self {
        Self::Bundle(Part::Broken(reason))
    }
}

/// What a listed referrer carries; nothing if it is something else altogether.
pub async fn carried<S: Source>(source: &S, listed: &Descriptor) -> Result<Vec<Carried>, Error> {
    match source.listed(listed).await {
        Ok(manifest) => Ok(parts(&manifest, source.budget())),
        Err(error) => Ok(vec![Carried::broken(of_manifest(error)?)]),
    }
}

/// The bytes of a layer, embedded or fetched; the reason if this one document cannot be read.
pub async fn content<S: Source>(
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

fn parts(manifest: &Manifest, budget: &Budget) -> Vec<Carried> {
    let ManifestKind::Image { layers, .. } = &manifest.kind else { return vec![] };
    let is_bundle = |layer: &Descriptor| layer.media_type.starts_with(BUNDLE);
    let unsigned = |layer: &&Descriptor| UNSIGNED.contains(&layer.media_type.as_str());
    match layers.as_slice() {
        [layer] if is_bundle(layer) => vec![Carried::Bundle(bundle(layer, budget))],
        layers if layers.iter().any(is_bundle) => {
            let reason = format!("{} layers in one manifest; a bundle stands alone", layers.len());
            vec![Carried::broken(reason)]
        }
        layers => match layers.iter().filter(unsigned).count() {
            count if count > TOLD_APART => {
                let reason = format!("{count} documents in one manifest, which nobody signed");
                vec![Carried::Unsigned(Part::Broken(reason))]
            }
            _ => {
                let unsigned = layers.iter().filter(unsigned);
                unsigned.map(|layer| Carried::Unsigned(told(layer, budget))).collect()
            }
        },
    }
}

/// A bundle that the manifest carries is taken from it at once: the text that it was in is far larger.
fn bundle(layer: &Descriptor, budget: &Budget) -> Part {
    match embedded(layer, budget) {
        None if layer.size > budget.bundle => {
            Part::Broken(Error::limit(Limit::Bundle, budget.bundle).to_string())
        }
        embedded => part(layer, embedded),
    }
}

fn told(layer: &Descriptor, budget: &Budget) -> Part {
    if layer.size > TOLD {
        let kind = escape_short(&layer.media_type, 80);
        return Part::Broken(format!("not a Sigstore bundle but `{kind}`, which nobody signed"));
    }
    part(layer, embedded(layer, budget))
}

fn part(layer: &Descriptor, embedded: Option<Result<Vec<u8>, crate::EmbeddedError>>) -> Part {
    match embedded {
        Some(Ok(bytes)) => Part::Embedded(bytes),
        Some(Err(error)) => Part::Broken(error.to_string()),
        None => Part::Listed(layer.clone()),
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
