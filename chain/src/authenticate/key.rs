//! Public keys and the signatures that they verify.
//!
//! The key decides the algorithm, never the evidence: P-256 with SHA-256; P-384 with SHA-384 or
//! SHA-256; P-521 with SHA-512 or SHA-256 (cosign writes the first of each pair and reads the second,
//! sigstore-go pkg/verify/signature.go); pure Ed25519; RSA of at least 2048 bits with PKCS #1 v1.5
//! and SHA-256.

use std::fmt;

use aws_lc_rs::{
    digest as hash,
    rsa::PublicEncryptingKey,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
        ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, ParsedPublicKey,
        RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use evidence::{Digest, Id};

/// The PEM label of a public key (RFC 7468 §13).
const LABEL: &str = "PUBLIC KEY";

/// A public key and its id, computed from the key and from nothing else.
#[derive(Clone)]
pub struct PublicKey {
    id: Digest,
    kind: Kind,
    spki: Vec<u8>,
    verifiers: Vec<ParsedPublicKey>,
}

/// A message with its SHA-256: hashed once, for its id and for every key that is tried.
pub(super) struct Hashed {
    bytes: Vec<u8>,
    hash: hash::Digest,
    id: Id,
}

impl Hashed {
    /// Hashes a message.
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        let hash = hash::digest(&hash::SHA256, &bytes);
        // SHA-256 has 32 bytes; the other arm is there because a type does not say so.
        let id = match <&[u8; 32]>::try_from(hash.as_ref()) {
            Ok(hash) => Id::of_hash(hash),
            Err(_) => Id::of_pae(&bytes),
        };
        Self { bytes, hash, id }
    }

    /// Its SHA-256.
    pub(super) fn hash(&self) -> &[u8] {
        self.hash.as_ref()
    }

    /// The message.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The id of what the message says.
    pub(super) fn id(&self) -> &Id {
        &self.id
    }
}

/// The kinds of key that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// ECDSA on P-521.
    P521,
    /// Ed25519.
    Ed25519,
    /// RSA of 2048 to 8192 bits.
    Rsa,
}

/// SubjectPublicKeyInfo prefixes (RFC 5480 §2, RFC 8410 §4): one encoding per key, so that one key
/// cannot have two ids.
const ENCODINGS: [(Kind, &[u8], usize); 4] = [
    (
        Kind::P256,
        &[
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
            0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
        ],
        91,
    ),
    (
        Kind::P384,
        &[
            0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
            0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04,
        ],
        120,
    ),
    (
        Kind::P521,
        &[
            0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
            0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23, 0x03, 0x81, 0x86, 0x00, 0x04,
        ],
        158,
    ),
    (Kind::Ed25519, &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00], 44),
];

/// The object identifier of rsaEncryption (RFC 8017 appendix A.1), inside a SubjectPublicKeyInfo.
const RSA_ENCRYPTION: &[u8] =
    &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

impl Kind {
    fn of_spki(der: &[u8]) -> Result<Self, KeyError> {
        for (kind, prefix, length) in ENCODINGS {
            if der.len() == length && der.starts_with(prefix) {
                return Ok(kind);
            }
        }
        if der.get(..32).unwrap_or(der).windows(RSA_ENCRYPTION.len()).any(|w| w == RSA_ENCRYPTION) {
            return Ok(Self::Rsa);
        }
        Err(KeyError::Kind)
    }

    fn algorithms(self) -> &'static [&'static dyn VerificationAlgorithm] {
        match self {
            Self::P256 => &[&ECDSA_P256_SHA256_ASN1],
            Self::P384 => &[&ECDSA_P384_SHA384_ASN1, &ECDSA_P384_SHA256_ASN1],
            Self::P521 => &[&ECDSA_P521_SHA512_ASN1, &ECDSA_P521_SHA256_ASN1],
            Self::Ed25519 => &[&ED25519],
            Self::Rsa => &[&RSA_PKCS1_2048_8192_SHA256],
        }
    }

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Ed25519 => "Ed25519",
            Self::Rsa => "RSA",
        }
    }
}

impl PublicKey {
    /// Reads a PEM file with one `PUBLIC KEY`.
    pub fn from_pem(bytes: &[u8]) -> Result<Self, KeyError> {
        let blocks = pem::parse_many(bytes).map_err(|_| KeyError::Pem)?;
        match blocks.as_slice() {
            [block] if block.tag() == LABEL => Self::from_spki(block.contents()),
            [block] if block.tag().contains("PRIVATE KEY") => Err(KeyError::Private),
            [block] => Err(KeyError::Label { found: block.tag().to_owned() }),
            [] => Err(KeyError::Pem),
            blocks => Err(KeyError::Several { found: blocks.len() }),
        }
    }

    /// Reads a DER SubjectPublicKeyInfo.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let kind = Kind::of_spki(der)?;
        // A parsed verifier does not look at the size before it verifies; a policy that names a key
        // which can never verify is told at once.
        if kind == Kind::Rsa && PublicEncryptingKey::from_der(der).is_err() {
            return Err(KeyError::Encoding { kind: kind.name() });
        }
        let verifiers = kind
            .algorithms()
            .iter()
            .map(|algorithm| ParsedPublicKey::new(*algorithm, der))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| KeyError::Encoding { kind: kind.name() })?;
        Ok(Self { id: Digest::sha256(der), kind, spki: der.to_vec(), verifiers })
    }

    /// The SHA-256 of the SubjectPublicKeyInfo.
    pub fn id(&self) -> &Digest {
        &self.id
    }

    /// The SubjectPublicKeyInfo, DER.
    pub(super) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The kind of key.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether `signature` over `message` was made by this key.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifies_hashed(&Hashed::of(message.to_vec()), signature)
    }

    /// The same, of a message that has been hashed.
    pub(super) fn verifies_hashed(&self, message: &Hashed, signature: &[u8]) -> bool {
        self.verifiers.iter().any(|verifier| match self.kind {
            // These two kinds sign the SHA-256 and nothing else.
            Kind::P256 | Kind::Rsa => verifier.verify_digest_sig(&message.hash, signature).is_ok(),
            _ => verifier.verify_sig(&message.bytes, signature).is_ok(),
        })
    }

    /// The hint that cosign writes: the base64 of the id (internal/key/svkeypair.go).
    pub fn hint(&self) -> String {
        STANDARD.encode(hex_bytes(self.id.hex()))
    }

    /// Whether a hint names another key. A hint that is no digest names nothing.
    pub fn contradicts(&self, hint: &str) -> bool {
        // npm writes `SHA256:<unpadded base64>`, cosign padded base64, others the hex.
        let bare = hint.strip_prefix("SHA256:").or(hint.strip_prefix("sha256:")).unwrap_or(hint);
        let padded = bare.trim_end_matches('=');
        let is_base64_digest = padded.len() == 43
            && padded.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/-_".contains(&b));
        let is_hex_digest = bare.len() == 64 && bare.bytes().all(|b| b.is_ascii_hexdigit());
        if is_hex_digest {
            return !bare.eq_ignore_ascii_case(self.id.hex());
        }
        let standard: String = padded.replace('-', "+").replace('_', "/");
        is_base64_digest && standard != self.hint().trim_end_matches('=')
    }
}

/// The bytes of a digest's hex; the digest type has made sure that it is hex.
fn hex_bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.chars().filter_map(|c| c.to_digit(16)).filter_map(|d| u8::try_from(d).ok()).collect();
    digits
        .chunks_exact(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit))
        .collect()
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.name(), self.id)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for PublicKey {}

/// Why bytes are no public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key is of a kind that is read, and malformed (or RSA of fewer than 2048 bits).
    #[error("the {kind} key is malformed, or RSA of fewer than 2048 or more than 8192 bits")]
    Encoding {
        /// The kind.
        kind: &'static str,
    },
    /// The kind of key is not read.
    #[error("the key is not P-256, P-384, P-521, Ed25519 or RSA in its usual encoding")]
    Kind,
    /// Another PEM label.
    #[error("the file holds a `{}`, not a `PUBLIC KEY`", found.escape_debug())]
    Label {
        /// The label.
        found: String,
    },
    /// Not PEM.
    #[error("the file is not PEM with a `PUBLIC KEY`")]
    Pem,
    /// A secret key where a public one belongs.
    #[error("the file holds a private key; a policy names public keys only")]
    Private,
    /// More than one key.
    #[error("the file holds {found} keys, one is needed")]
    Several {
        /// How many.
        found: usize,
    },
}
