//! A digest: an algorithm and the right number of bytes. Never a `String`.

use std::{fmt, str::FromStr};

use aws_lc_rs::digest as hash;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The hash algorithms that can name content here, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256, the digest of OCI images and of attestation ids.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// The name, as OCI digests and in-toto digest sets spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The algorithm of that name; `None` for any other.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "sha256" => Some(Self::Sha256),
            "sha384" => Some(Self::Sha384),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    /// Bytes of one digest.
    pub fn size(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    fn implementation(self) -> &'static hash::Algorithm {
        match self {
            Self::Sha256 => &hash::SHA256,
            Self::Sha384 => &hash::SHA384,
            Self::Sha512 => &hash::SHA512,
        }
    }
}

/// A content digest, `sha256:<64 lowercase hex>`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    hex: String,
}

impl Digest {
    /// Hashes `bytes` with `algorithm`.
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let digest = hash::digest(algorithm.implementation(), bytes);
        Self { algorithm, hex: hex(digest.as_ref()) }
    }

    /// The digest whose SHA-256 this is.
    pub fn of_hash(hash: &[u8; 32]) -> Self {
        Self { algorithm: Algorithm::Sha256, hex: hex(hash) }
    }

    /// Hashes `bytes` with SHA-256.
    pub fn sha256(bytes: &[u8]) -> Self {
        Self::of(Algorithm::Sha256, bytes)
    }

    /// A digest from an algorithm and its lowercase hex, as in-toto digest sets keep it.
    pub fn from_hex(algorithm: Algorithm, hex: &str) -> Result<Self, DigestError> {
        let lower = hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !lower || hex.len() != algorithm.size() * 2 {
            return Err(DigestError::Hex {
                algorithm: algorithm.name(),
                length: algorithm.size() * 2,
            });
        }
        Ok(Self { algorithm, hex: hex.to_owned() })
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The lowercase hex, without the algorithm.
    pub fn hex(&self) -> &str {
        &self.hex
    }

    /// Whether `bytes` hash to this digest.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        *self == Self::of(self.algorithm, bytes)
    }

    /// The first 12 hex digits behind the algorithm, for screens that show the full one elsewhere.
    pub fn short(&self) -> String {
        format!("{}:{}", self.algorithm.name(), self.hex.get(..12).unwrap_or(&self.hex))
    }
}

/// The digest of content that comes in pieces.
#[derive(Clone)]
pub struct Hasher {
    algorithm: Algorithm,
    state: hash::Context,
}

impl Hasher {
    /// Begins with no content.
    pub fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, state: hash::Context::new(algorithm.implementation()) }
    }

    /// Adds a piece.
    pub fn add(&mut self, piece: &[u8]) {
        self.state.update(piece);
    }

    /// The digest of all pieces together.
    pub fn digest(self) -> Digest {
        Digest { algorithm: self.algorithm, hex: hex(self.state.finish().as_ref()) }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hasher({})", self.algorithm.name())
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' + half - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (name, hex) = text.split_once(':').ok_or(DigestError::Shape)?;
        let algorithm = Algorithm::named(name).ok_or(DigestError::Algorithm)?;
        Self::from_hex(algorithm, hex)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a text is no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// The algorithm is not one of [`Algorithm`].
    #[error("the digest algorithm is not sha256, sha384 or sha512")]
    Algorithm,
    /// The hex is of the wrong length, or not lowercase.
    #[error("a {algorithm} digest is {length} lowercase hex digits")]
    Hex {
        /// The algorithm named.
        algorithm: &'static str,
        /// How many hex digits it takes.
        length: usize,
    },
    /// There is no colon.
    #[error("a digest is `sha256:` and 64 lowercase hex digits")]
    Shape,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_what_the_standard_vector_says() {
        let abc = Digest::sha256(b"abc");
        assert_eq!(
            abc.to_string(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert!(abc.matches(b"abc") && !abc.matches(b"abd"));
    }

    #[test]
    fn pieces_have_the_digest_of_the_whole() {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
            let mut hasher = Hasher::new(algorithm);
            [b"a".as_slice(), b"", b"bc"].into_iter().for_each(|piece| hasher.add(piece));
            assert_eq!(hasher.digest(), Digest::of(algorithm, b"abc"));
            assert_eq!(Hasher::new(algorithm).digest(), Digest::of(algorithm, b""));
        }
    }

    #[test]
    fn uppercase_short_and_foreign_digests_are_refused() {
        let hex = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
        assert!(format!("sha256:{hex}").parse::<Digest>().is_err());
        assert!("sha256:ba".parse::<Digest>().is_err());
        assert_eq!("md5:ba".parse::<Digest>(), Err(DigestError::Algorithm));
        assert_eq!("latest".parse::<Digest>(), Err(DigestError::Shape));
    }
}
