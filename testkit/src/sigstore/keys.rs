//! The keys of a private Sigstore, made of its name: the same name, the same keys.
//!
//! ECDSA is signed with the nonce of RFC 6979 and Ed25519 has none, so that the same deeds make the
//! same bytes and test data can be made anew. Who knows the name knows the keys: nobody may trust them.

use aws_lc_rs::{
    digest::{self, SHA256},
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, Ed25519KeyPair, KeyPair as _,
        RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use p256::ecdsa::{
    Signature, SigningKey, VerifyingKey,
    signature::{Signer, hazmat::PrehashVerifier},
};

use super::der;

pub(super) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().try_into().unwrap_or_default()
}

/// ECDSA on P-256 with SHA-256.
#[derive(Clone, Debug)]
pub struct Key {
    pair: SigningKey,
}

impl Key {
    /// The key that `seed` stands for.
    pub fn of(seed: &str) -> Self {
        let mut bytes = sha256(&[b"P-256 ", seed.as_bytes()]);
        loop {
            match SigningKey::from_slice(&bytes) {
                Ok(pair) => return Self { pair },
                // One in 2^32 numbers is none of the curve's.
                Err(_) => bytes = sha256(&[&bytes]),
            }
        }
    }

    /// A signature over `message`, DER.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.pair.sign(message);
        signature.to_der().as_bytes().to_vec()
    }

    /// The same as two numbers of 32 bytes, as tokens have it (RFC 7518, 3.4).
    pub(super) fn sign_fixed(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.pair.sign(message);
        signature.to_bytes().to_vec()
    }

    /// The public key: SubjectPublicKeyInfo, DER.
    pub fn public(&self) -> Vec<u8> {
        let algorithm = der::sequence(&[
            &der::object("1.2.840.10045.2.1"),
            &der::object("1.2.840.10045.3.1.7"),
        ]);
        let point = self.pair.verifying_key().to_sec1_point(false);
        der::sequence(&[&algorithm, &der::bits(0, point.as_bytes())])
    }

    /// SHA-256 of the public key: how a log of RFC 6962 is named, and Rekor's first one.
    pub fn id(&self) -> [u8; 32] {
        sha256(&[&self.public()])
    }
}

/// Ed25519.
#[derive(Debug)]
pub(super) struct Ed25519 {
    pair: Ed25519KeyPair,
}

impl Ed25519 {
    pub(super) fn of(seed: &str) -> Self {
        let mut bytes = sha256(&[b"Ed25519 ", seed.as_bytes()]);
        loop {
            match Ed25519KeyPair::from_seed_unchecked(&bytes) {
                Ok(pair) => return Self { pair },
                Err(_) => bytes = sha256(&[&bytes]),
            }
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    /// The 32 bytes of the public key.
    pub(super) fn raw(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// The public key: SubjectPublicKeyInfo, DER (RFC 8410).
    pub(super) fn public(&self) -> Vec<u8> {
        let algorithm = der::sequence(&[&der::object("1.3.101.112")]);
        der::sequence(&[&algorithm, &der::bits(0, self.raw())])
    }
}

/// Somebody's public key: SubjectPublicKeyInfo, DER.
#[derive(Clone, Copy, Debug)]
pub(super) struct Public<'a>(pub(super) &'a [u8]);

impl Public<'_> {
    /// Whether `signature` is over `message`.
    pub(super) fn verifies(self, message: &[u8], signature: &[u8]) -> bool {
        let by = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
        };
        // Of Ed25519 only the bare key is read; it ends the structure.
        let bare = self.0.last_chunk::<32>().map_or(self.0, |bytes| bytes);
        [&ECDSA_P256_SHA256_ASN1, &ECDSA_P384_SHA384_ASN1].iter().any(|one| by(*one, self.0))
            || by(&RSA_PKCS1_2048_8192_SHA256, self.0)
            || by(&ED25519, bare)
    }

    /// Whether `signature` is over what has the SHA-256 `digest`, by a key on P-256.
    pub(super) fn verifies_digest(self, digest: &[u8], signature: &[u8]) -> bool {
        let point = self.0.last_chunk::<65>().map(|point| VerifyingKey::from_sec1_bytes(point));
        match (point, Signature::from_der(signature)) {
            (Some(Ok(key)), Ok(signature)) => key.verify_prehash(digest, &signature).is_ok(),
            _ => false,
        }
    }
}

/// What the text armour holds.
pub(super) fn unarmoured(text: &str) -> Option<Vec<u8>> {
    pem::parse(text).ok().map(pem::Pem::into_contents)
}

/// The text armour of RFC 7468, as OpenSSL and Go write it.
pub(super) fn armour(label: &str, bytes: &[u8]) -> String {
    let encoded: Vec<char> = STANDARD.encode(bytes).chars().collect();
    let lines: Vec<String> = encoded.chunks(64).map(|line| line.iter().collect()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
