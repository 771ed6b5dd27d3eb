//! Gather: everything that the gate reads, and the only room of it that reads anything.
//!
//! A [`Reference`] becomes a [`Pinned`] digest once, and whatever hangs on that digest becomes
//! candidates, in parallel and bounded. Nothing is judged here: what a registry's list or annotation
//! says selects nothing. Absent is an answer only where the standard says so; whatever is listed and
//! cannot be had is an error, because a newer failure may lie there.

mod files;
mod image;
mod legacy;
mod referrers;
mod supplied;

use std::collections::BTreeMap;

use chain::{Candidate, Content, Shape};
use evidence::Digest;
use futures_util::future::{try_join, try_join_all};
use registry::{
    AnySource, Manifest, ManifestKind, Options, Pinned, Reference, Source, Verbose, open, pin,
};

pub use files::FileError;
pub use supplied::{Supplied, SuppliedError, repository};

/// What to gather.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The image.
    pub image: &'a Reference,
    /// The name that the user gave to a layout.
    pub told: Option<&'a str>,
    /// Further sources of evidence.
    pub supplied: &'a [Supplied],
    /// Where evidence is looked for, if not where the image is.
    pub evidence_repository: Option<&'a Reference>,
    /// Whether the labels of the image are asked for; they cost a request.
    pub labels: bool,
    /// The index of the image, where it is a platform of one.
    pub index: Option<&'a Digest>,
    /// How to read.
    pub options: &'a Options,
}

/// What was gathered.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// The image, pinned.
    pub pinned: Pinned,
    /// The digests of its bytes by other algorithms.
    pub same_bytes: Vec<Digest>,
    /// How its digest stands to an index.
    pub shape: Shape,
    /// The labels of its config; `None` for an index.
    pub labels: Option<BTreeMap<String, String>>,
    /// What was found for it, each bundle once.
    pub candidates: Vec<Candidate>,
    /// What a reader should know of the gathering.
    pub notes: Vec<String>,
}

/// Gathers all that is there for an image.
pub async fn gather(request: &Request<'_>) -> Result<Gathered, GatherError> {
    let mut notes = Vec::new();
    let files = files::read(request.supplied, &request.options.budget, &mut notes)?;
    let sources = Sources::open(request)?;
    if let Some(reference) = request.evidence_repository {
        notes.push(format!(
            "evidence was looked for in {reference}, as the command says, and not in the image's own \
             repository"
        ));
    }
    let (image, found) = image_and_evidence(request, &sources).await?;
    Ok(Gathered {
        same_bytes: image.same_bytes,
        shape: image.shape,
        labels: image.labels,
        candidates: once(found.into_iter().chain(files)),
        notes,
        pinned: image.pinned,
    })
}

/// Where the image is, and where evidence is.
struct Sources {
    image: AnySource,
    /// In place of the image's own repository.
    instead: Option<AnySource>,
    /// Besides.
    besides: Vec<AnySource>,
}

impl Sources {
    fn open(request: &Request<'_>) -> Result<Self, GatherError> {
        let open = |reference: &Reference| {
            open(reference, request.options).map_err(|error| registry::Error::from(error).into())
        };
        let besides = request.supplied.iter().filter_map(Supplied::repository).map(open);
        Ok(Self {
            image: open(request.image)?,
            instead: request.evidence_repository.map(open).transpose()?,
            besides: besides.collect::<Result<_, GatherError>>()?,
        })
    }

    fn of_evidence(&self) -> impl Iterator<Item = &AnySource> {
        std::iter::once(self.instead.as_ref().unwrap_or(&self.image)).chain(&self.besides)
    }
}

struct Image {
    pinned: Pinned,
    same_bytes: Vec<Digest>,
    shape: Shape,
    labels: Option<BTreeMap<String, String>>,
}

/// Nothing waits for what it does not need: a digest that was typed is known at once, so the image
/// and what hangs on it are asked for at the same time; a tag has to be resolved first.
async fn image_and_evidence(
    request: &Request<'_>,
    sources: &Sources,
) -> Result<(Image, Vec<Candidate>), GatherError> {
    let source = &sources.image;
    let pin = pin(source, request.image, request.told);
    let (image, mut found) = if let Some(digest) = request.image.digest() {
        of_no_other(request, digest)?;
        let image = async { shaped(request, source, pin.await?).await };
        try_join(image, evidence(request, sources, digest)).await?
    } else {
        let (pinned, manifest) = pin.await?;
        let digest = pinned.digest().clone();
        of_no_other(request, &digest)?;
        let image = shaped(request, source, (pinned, manifest));
        try_join(image, evidence(request, sources, &digest)).await?
    };
    // What hangs on the index or on another platform can prove nothing for the digest asked about where
    // the policy wants it elsewhere; that it is there answers whoever committed to it.
    let asked = image.pinned.digest();
    let others = image.shape.others().filter(|digest| *digest != asked);
    let more = try_join_all(others.map(|d| evidence(request, sources, d))).await?;
    found.extend(more.into_iter().flatten());
    Ok((image, found))
}

/// The image with its labels, and how it stands to an index.
async fn shaped(
    request: &Request<'_>,
    source: &AnySource,
    (pinned, manifest): (Pinned, Manifest),
) -> Result<Image, GatherError> {
    let labels = image::labels(source, &manifest, request.labels);
    let shape = async {
        match (&manifest.kind, request.index) {
            (ManifestKind::Index { .. }, _) => {
                let platforms = image::platforms(source, &manifest, request.labels).await?;
                Ok(Shape::Index { platforms })
            }
            (ManifestKind::Image { .. }, Some(index)) => {
                let read = source.manifest(index).await?;
                let read = read.ok_or_else(|| GatherError::NoIndex { index: index.clone() })?;
                image::listed(&read, &manifest.digest)
            }
            (ManifestKind::Image { .. }, None) => Ok(Shape::Lone),
        }
    };
    let (labels, shape) = try_join(labels, shape).await?;
    let same_bytes = image::digests(&manifest.bytes);
    Ok(Image { pinned, same_bytes, shape, labels })
}

/// Whether the sources that the user named besides are of this image.
fn of_no_other(request: &Request<'_>, digest: &Digest) -> Result<(), GatherError> {
    let mut named = request.supplied.iter().filter_map(|s| s.repository()?.digest());
    match named.find(|other| *other != digest) {
        Some(other) => Err(GatherError::OtherDigest { other: other.clone() }),
        None => Ok(()),
    }
}

/// What hangs on a digest in all the places that count.
async fn evidence(
    request: &Request<'_>,
    sources: &Sources,
    digest: &Digest,
) -> Result<Vec<Candidate>, GatherError> {
    let verbose = request.options.verbose.as_ref();
    let found = sources.of_evidence().map(|source| found_in(source, digest, verbose));
    Ok(try_join_all(found).await?.into_iter().flatten().collect())
}

/// What hangs on a digest in one repository: referrers, and cosign's older tag.
async fn found_in(
    source: &AnySource,
    digest: &Digest,
    verbose: Option<&Verbose>,
) -> Result<Vec<Candidate>, GatherError> {
    let referrers = referrers::candidates(source, digest, verbose);
    let (mut found, legacy) =
        try_join(referrers, legacy::candidates(source, digest, verbose)).await?;
    found.extend(legacy);
    Ok(found)
}

/// Each document once, wherever it was found first; in an order that no source chooses. What bytes were
/// found as is part of what they are: the same bytes under another role must not hide them.
fn once(candidates: impl Iterator<Item = Candidate>) -> Vec<Candidate> {
    let mut seen = std::collections::BTreeSet::new();
    let mut all: Vec<Candidate> = candidates
        .filter(|candidate| match &candidate.content {
            Content::Bundle(bytes) => seen.insert(("bundle", Digest::sha256(bytes))),
            // Beside other annotations the same envelope is another piece of evidence.
            Content::Envelope { bytes, annotations } => {
                let beside: Vec<u8> = format!("{annotations:?}").into_bytes();
                seen.insert(("envelope", Digest::sha256(&[bytes.as_slice(), &beside].concat())))
            }
            Content::Unreadable(_) | Content::Unsigned(_) => true,
        })
        .collect();
    all.sort_by(|a, b| a.found.cmp(&b.found));
    all
}

/// Why there is nothing to decide on.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// A file or directory that was named cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The index that was named is not there.
    #[error("the index {index} is not in the image's repository")]
    NoIndex {
        /// The index.
        index: Digest,
    },
    /// The index that was named does not list the image.
    #[error("{index} does not list {digest}")]
    NotListed {
        /// The index.
        index: Digest,
        /// The image.
        digest: Digest,
    },
    /// A source of evidence names another image.
    #[error("the evidence that was named hangs on {other}, which is not the image asked about")]
    OtherDigest {
        /// The digest that it names.
        other: Digest,
    },
    /// A registry or layout did not give what it must.
    #[error(transparent)]
    Registry(#[from] registry::Error),
}

impl GatherError {
    /// The kind, as `error.kind` in JSON spells it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::File(error) => error.kind(),
            Self::NoIndex { .. } => "no-index",
            Self::NotListed { .. } => "not-listed",
            Self::OtherDigest { .. } => "other-digest",
            Self::Registry(error) => error.kind(),
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::File(error) => error.help(),
            Self::NoIndex { .. } | Self::NotListed { .. } => {
                Some("give the digest of the index that the image is a platform of")
            }
            Self::OtherDigest { .. } => Some("name the repository alone, without a digest"),
            Self::Registry(error) => error.help(),
        }
    }
}
