//! The public half of a signing key: what is handed to those who verify.
//!
//! It names itself as cosign does (the SHA-256 of the SubjectPublicKeyInfo), and it is what a
//! finished bundle is verified with before it leaves. Nothing here knows a secret.

use std::fmt;

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use base64::{Engine, engine::general_purpose::STANDARD};
use evidence::Digest;

/// How a key signs; each kind of key has exactly one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256: what cosign makes and what is generated unless told otherwise.
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaP384Sha384,
    /// ECDSA on P-521 with SHA-512.
    EcdsaP521Sha512,
    /// Ed25519 over the message itself (RFC 8032 §5.1), not over its hash.
    Ed25519,
    /// RSA of 2048 to 8192 bits, PKCS #1 v1.5 with SHA-256.
    RsaPkcs1Sha256,
}

impl Algorithm {
    /// The name that reports show.
    pub fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256Sha256 => "ecdsa-p256-sha256",
            Self::EcdsaP384Sha384 => "ecdsa-p384-sha384",
            Self::EcdsaP521Sha512 => "ecdsa-p521-sha512",
            Self::Ed25519 => "ed25519",
            Self::RsaPkcs1Sha256 => "rsa-pkcs1-sha256",
        }
    }

    /// Whether the verifiers of Sigstore's evidence read its signatures; sigstore-verify does not know
    /// P-521.
    pub(crate) fn is_read_by_sigstore(self) -> bool {
        self != Self::EcdsaP521Sha512
    }

    fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::EcdsaP256Sha256 => &signature::ECDSA_P256_SHA256_ASN1,
            Self::EcdsaP384Sha384 => &signature::ECDSA_P384_SHA384_ASN1,
            Self::EcdsaP521Sha512 => &signature::ECDSA_P521_SHA512_ASN1,
            Self::Ed25519 => &signature::ED25519,
            Self::RsaPkcs1Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A public key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: Algorithm,
    id: Digest,
    spki: Vec<u8>,
    hint: String,
}

impl PublicKey {
    pub(super) fn new(algorithm: Algorithm, spki: &[u8]) -> Self {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, spki);
        Self {
            algorithm,
            id: Digest::sha256(spki),
            spki: spki.to_vec(),
            hint: STANDARD.encode(hash),
        }
    }

    /// How it signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The SHA-256 of [`Self::spki_der`]: its id in reports.
    pub fn id(&self) -> &Digest {
        &self.id
    }

    /// The hint of a bundle: [`Self::id`] in base64 (cosign internal/key/svkeypair.go).
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// The SubjectPublicKeyInfo (RFC 5280 §4.1), DER.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The `PUBLIC KEY` PEM (RFC 7468 §13), with a line end behind it.
    pub fn pem(&self) -> String {
        let lines = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        pem::encode_config(&pem::Pem::new("PUBLIC KEY", self.spki.clone()), lines)
    }

    /// What a user of this key should know beforehand.
    pub fn warning(&self) -> Option<Warning> {
        match self.algorithm {
            algorithm @ (Algorithm::EcdsaP384Sha384 | Algorithm::EcdsaP521Sha512) => {
                Some(Warning::UnreadableByCosign { algorithm })
            }
            Algorithm::EcdsaP256Sha256 | Algorithm::Ed25519 | Algorithm::RsaPkcs1Sha256 => None,
        }
    }

    /// Whether `signature` over `message` is by this key.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(self.algorithm.verification(), &self.spki)
            .verify(message, signature)
            .is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm, self.id)
    }
}

/// Something to know before signing; it stops nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// `cosign verify-attestation --key` hashes with SHA-256 whatever the curve.
    UnreadableByCosign {
        /// How this signer signs.
        algorithm: Algorithm,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnreadableByCosign { algorithm } => {
                write!(f, "cosign cannot verify {algorithm} signatures; `verify` can")
            }
        }
    }
}
