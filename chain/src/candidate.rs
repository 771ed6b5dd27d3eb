//! What a gatherer hands in: bytes that nobody has verified, and what is asked of them.

use std::collections::BTreeMap;

use evidence::{Digest, time::Timestamp};

/// A bundle that was found for an image. Nobody vouches for it yet.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Where it was found, for people: `sha256:0d77…` (a referrer) or a file's name.
    pub found: String,
    /// The referrer manifest that carried it.
    pub referrer: Option<Digest>,
    /// What was found.
    pub content: Content,
}

/// The bytes of a candidate, or why there are none.
#[derive(Clone, Debug)]
pub enum Content {
    /// The bytes of a Sigstore bundle, hashed against what the registry listed.
    Bundle(Vec<u8>),
    /// A DSSE envelope, as cosign's `.att` tag keeps them. It may have several signatures, which are
    /// decided one by one.
    Envelope {
        /// Its bytes.
        bytes: Vec<u8>,
        /// The annotations of its layer, which may hold a certificate, a promise and a timestamp.
        annotations: BTreeMap<String, String>,
    },
    /// A limit or a mismatch inside this one candidate; the reason quotes it.
    Unreadable(String),
    /// A statement or an envelope that no bundle carries: nothing says who signed it.
    Unsigned(Vec<u8>),
}

/// The image that is asked about.
#[derive(Clone, Debug)]
pub struct Image {
    /// The pinned reference, for people.
    pub reference: String,
    /// The repository name.
    pub name: String,
    /// The name was given on the command line (`--as`).
    pub told: bool,
    /// Where evidence is kept instead of beside the image, if the command line says so
    /// (`--evidence-repository`).
    pub evidence_repository: Option<String>,
    /// The digest asked for.
    pub digest: Digest,
    /// The digests of the same bytes by other algorithms.
    pub same_bytes: Vec<Digest>,
    /// How the digest stands to an index.
    pub shape: Shape,
    /// The labels of its config; `None` for an index, which has none of its own.
    pub labels: Option<BTreeMap<String, String>>,
}

impl Image {
    /// All digests of this image: the digest asked for, and those of its index and platforms.
    pub fn family(&self) -> impl Iterator<Item = &Digest> {
        std::iter::once(&self.digest).chain(self.shape.others())
    }
}

/// How a digest stands to an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// It is an index and lists these images; what is no image is left out.
    Index {
        /// The real platforms.
        platforms: Vec<Platform>,
    },
    /// It is a platform of an index that was given, read, and lists it.
    Listed {
        /// The index.
        index: Digest,
        /// The images that the index lists, itself among them.
        siblings: Vec<Digest>,
    },
    /// It is an image by itself.
    Lone,
}

impl Shape {
    /// The digests of the same image beside the one asked for.
    pub fn others(&self) -> impl Iterator<Item = &Digest> {
        let (index, listed): (Option<&Digest>, Vec<&Digest>) = match self {
            Self::Index { platforms } => (None, platforms.iter().map(|p| &p.digest).collect()),
            Self::Listed { index, siblings } => (Some(index), siblings.iter().collect()),
            Self::Lone => (None, vec![]),
        };
        index.into_iter().chain(listed)
    }
}

/// One image of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// `linux/amd64`.
    pub name: String,
    /// Its manifest.
    pub digest: Digest,
    /// The labels of its config.
    pub labels: Option<BTreeMap<String, String>>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// About which image.
    pub image: Image,
    /// For which environment.
    pub environment: Option<String>,
    /// Only what this step reaches by `after` and `covers`.
    pub before: Option<String>,
    /// The moment of asking.
    pub now: Timestamp,
}
