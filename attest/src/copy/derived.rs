//! What cosign keeps under tags made of a digest: `sha256-<hex>.sig`, `.att`, `.sbom`
//! (cosign specs/SIGNATURE_SPEC.md, ATTESTATION_SPEC.md).
//!
//! Such a tag names one manifest whose layers are the signatures. Where the target has another, the
//! two are united: whoever signed there is not overwritten. An SBOM is one document and cannot be
//! united with another; the target keeps its own.

use evidence::Digest;
use registry::{
    AnySource, Descriptor, Limit, Manifest, ManifestKind, Source, referrers::fallback_tag,
};

use super::{CopyError, Copying, Tally, manifest, merge, tree};
use crate::attach::{AttachError, layout, push};

/// How often a tag is written before we give up: another writer may overwrite it in between.
const ROUNDS: u32 = 10;

/// The kinds of such tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Attestations,
    Sbom,
    Signatures,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Attestations, Self::Sbom, Self::Signatures];

    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Attestations => "att",
            Self::Sbom => "sbom",
            Self::Signatures => "sig",
        }
    }
}

/// What became of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Derived {
    /// The tag.
    pub(crate) tag: String,
    /// What became of it.
    pub(crate) outcome: Outcome,
}

/// What became of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The target had none.
    Copied,
    /// The target keeps its own document.
    Kept,
    /// The target had others, and has so many more now.
    Merged {
        /// How many were added.
        added: usize,
    },
    /// The target had all of it.
    There,
}

/// A tag that was copied, and what that cost.
pub(super) struct Copied {
    pub(super) derived: Derived,
    pub(super) blobs: Tally,
}

/// Copies what one such tag of `subject` names.
pub(super) async fn copy(
    copying: &Copying<'_>,
    subject: &Digest,
    kind: Kind,
    source: &Manifest,
) -> Result<Copied, CopyError> {
    let tag = format!("{}.{}", fallback_tag(subject), kind.suffix());
    let mut blobs = Tally::default();
    let mut outcome = Outcome::There;
    for _ in 0..ROUNDS {
        let there = copying.to.resolve(&tag).await.map_err(AttachError::from)?;
        let (wanted, found) = match there {
            None => (source.clone(), Outcome::Copied),
            Some(there) if there.digest == source.digest => return done(tag, outcome, blobs),
            Some(_) if kind == Kind::Sbom => return done(tag, Outcome::Kept, blobs),
            Some(there) => match unite(copying, &tag, &there, source).await? {
                None => return done(tag, outcome, blobs),
                Some(united) => united,
            },
        };
        // What was written once and overwritten since is still what this copy did.
        outcome = found;
        if blobs == Tally::default() {
            let tree = tree::manifests(copying.evidence, source).await?;
            blobs = copying.blobs(copying.evidence, &tree, None).await?;
            for one in tree.iter().filter(|one| one.digest != source.digest) {
                manifest::put(copying.to, one, false).await?;
            }
        }
        manifest::put_tag(copying.to, &wanted, &tag).await?;
    }
    Err(CopyError::Contended { tag, rounds: ROUNDS })
}

fn done(tag: String, outcome: Outcome, blobs: Tally) -> Result<Copied, CopyError> {
    Ok(Copied { derived: Derived { tag, outcome }, blobs })
}

/// The manifest of both, whose configuration is at the target; `None` if the target has all of it.
async fn unite(
    copying: &Copying<'_>,
    tag: &str,
    there: &Manifest,
    source: &Manifest,
) -> Result<Option<(Manifest, Outcome)>, CopyError> {
    let at_target = |error| CopyError::from(AttachError::from(error));
    let config = config(copying.to, there).await.map_err(at_target)?;
    let ours = config_of_source(copying, source).await?;
    let united = merge::unite((&there.bytes, config.as_deref()), (&source.bytes, ours.as_deref()));
    let united = united
        .map_err(|_| CopyError::NoSignatures { tag: tag.to_owned(), place: copying.to.place() })?;
    let Some(united) = united else { return Ok(None) };
    let most = copying.to.budget().referrers;
    if united.layers > most {
        return Err(at_target(registry::Error::limit(Limit::Referrers, most)));
    }
    put_blob(copying.to, &united.config).await?;
    let manifest = Manifest::parse(united.manifest).map_err(|reason| {
        let what = registry::error::What::Manifest(there.digest.clone());
        at_target(registry::Error::Malformed { what, place: copying.to.place(), reason })
    })?;
    Ok(Some((manifest, Outcome::Merged { added: united.added })))
}

async fn config_of_source(
    copying: &Copying<'_>,
    source: &Manifest,
) -> Result<Option<Vec<u8>>, CopyError> {
    Ok(config(copying.evidence, source).await?)
}

/// The configuration of an image.
async fn config(
    source: &AnySource,
    manifest: &Manifest,
) -> Result<Option<Vec<u8>>, registry::Error> {
    match &manifest.kind {
        ManifestKind::Image { config, .. } => source.blob(config).await.map(Some),
        ManifestKind::Index { .. } => Ok(None),
    }
}

async fn put_blob(to: &AnySource, content: &[u8]) -> Result<(), CopyError> {
    match to {
        AnySource::Http(to) => push::blob(to.client(), content).await.map(drop)?,
        AnySource::Layout(to) => {
            let digest = Descriptor::of("", content).digest;
            let mut file = layout::Unfinished::begin(to, &digest).await?;
            file.add(content)?;
            file.finish(to, &digest)?;
        }
    }
    Ok(())
}
