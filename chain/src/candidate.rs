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
    /// The digest asked for.
    pub digest: Digest,
    /// All digests of this image: the digest asked for, and those of its index and platforms.
    pub family: Vec<Digest>,
    /// The labels of its config; `None` for an index, which has none of its own.
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
