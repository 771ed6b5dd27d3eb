//! The id of an attestation: what was said, not how it is wrapped.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// The SHA-256 of a DSSE pre-authentication encoding.
///
/// Commitments, revocation and custody use it. Re-wrapping a statement or adding a timestamp changes
/// the bytes of its bundle and leaves the id as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(Digest);

impl Id {
    /// The id of the statement with this pre-authentication encoding.
    pub fn of_pae(pae: &[u8]) -> Self {
        Self(Digest::sha256(pae))
    }

    /// The id of the statement whose pre-authentication encoding has this SHA-256.
    pub fn of_hash(hash: &[u8; 32]) -> Self {
        Self(Digest::of_hash(hash))
    }

    /// The id that a commitment or a command line spells, `sha256:<hex>`.
    pub fn parse(text: &str) -> Option<Self> {
        let digest: Digest = text.parse().ok()?;
        (digest.algorithm() == crate::Algorithm::Sha256).then_some(Self(digest))
    }

    /// The digest behind it.
    pub fn digest(&self) -> &Digest {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
