//! A secret key in memory: read from a key file's bytes, made, used to sign.
//!
//! Each kind of key signs in one way only, chosen by the key and never by what asks for the
//! signature. Secrets are cleared when they go out of scope, have no `Debug`, and are in no error.

use std::{fmt, str::FromStr};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    error::{KeyRejected, Unspecified},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaKeyPair},
};
use zeroize::Zeroizing;

use super::{
    cosign_key::{self, CosignKeyError, Sealed},
    passphrase::{Passphrase, PassphraseError, Purpose},
    pem_file::{self, Block, Body, PemError},
    public_key::{Algorithm, PublicKey},
};

/// The elliptic curves of ECDSA, the usual one first.
const CURVES: [(Algorithm, &EcdsaSigningAlgorithm); 3] = [
    (Algorithm::EcdsaP256Sha256, &signature::ECDSA_P256_SHA256_ASN1_SIGNING),
    (Algorithm::EcdsaP384Sha384, &signature::ECDSA_P384_SHA384_ASN1_SIGNING),
    (Algorithm::EcdsaP521Sha512, &signature::ECDSA_P521_SHA512_ASN1_SIGNING),
];

/// A secret key and its way to sign.
pub(super) enum SecretKey {
    Ecdsa(Algorithm, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// What can be generated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyType {
    /// Ed25519.
    Ed25519,
    /// ECDSA on P-256: the one that every reader of cosign's evidence knows.
    #[default]
    P256,
    /// ECDSA on P-384.
    P384,
    /// ECDSA on P-521.
    P521,
    /// RSA of 3072 bits.
    Rsa3072,
}

impl KeyType {
    /// Every type, in the order of a help text.
    pub const ALL: [Self; 5] = [Self::P256, Self::P384, Self::P521, Self::Ed25519, Self::Rsa3072];

    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::P521 => "p521",
            Self::Rsa3072 => "rsa-3072",
        }
    }
}

impl FromStr for KeyType {
    type Err = KeyTypeError;

    fn from_str(text: &str) -> Result<Self, KeyTypeError> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(KeyTypeError)
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that is no type of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the type of a key is one of {}", KeyType::ALL.map(KeyType::name).join(", "))]
pub struct KeyTypeError;

impl SecretKey {
    /// Reads a key file; `name` is what a person calls it, for the question about its passphrase.
    pub(super) fn read(
        file: &[u8],
        name: &str,
        passphrase: &mut dyn Passphrase,
    ) -> Result<Self, KeyError> {
        let mut blocks = pem_file::blocks(file).map_err(KeyError::Pem)?;
        // `openssl ecparam -genkey` writes the curve's name into a block in front of the key.
        blocks.retain(|block| block.label != "EC PARAMETERS");
        let [Block { label, body }] = <[Block; 1]>::try_from(blocks)
            .map_err(|blocks| KeyError::Blocks { found: blocks.len() })?;
        let Body::Bytes(bytes) = body else { return Err(KeyError::EncryptedByOpenssl) };
        match label.as_str() {
            "PRIVATE KEY" => Self::from_pkcs8(&bytes),
            "EC PRIVATE KEY" => Self::from_sec1(&bytes),
            "RSA PRIVATE KEY" => RsaKeyPair::from_der(&bytes).map(Self::Rsa).map_err(rsa_error),
            cosign_key::LABEL | cosign_key::OLD_LABEL => {
                let sealed = Sealed::parse(&bytes).map_err(KeyError::Cosign)?;
                let text =
                    passphrase.passphrase(Purpose::Open(name)).map_err(KeyError::Passphrase)?;
                Self::from_pkcs8(&sealed.open(&text).map_err(KeyError::Cosign)?)
            }
            "ENCRYPTED PRIVATE KEY" => Err(KeyError::EncryptedByOpenssl),
            "OPENSSH PRIVATE KEY" => Err(KeyError::OpenSsh),
            "PUBLIC KEY" | "RSA PUBLIC KEY" | "EC PUBLIC KEY" | "CERTIFICATE" => {
                Err(KeyError::Public)
            }
            _ => Err(KeyError::Label { label }),
        }
    }

    /// PKCS#8 (RFC 5208, RFC 5958) of any kind of key. RSA is tried first: each try parses the
    /// whole, and RSA takes the longest to parse.
    fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        match RsaKeyPair::from_pkcs8(der).map_err(rsa_error) {
            Ok(pair) => return Ok(Self::Rsa(pair)),
            Err(KeyError::Unusable) => {}
            Err(size) => return Err(size),
        }
        for (algorithm, curve) in CURVES {
            if let Ok(pair) = EcdsaKeyPair::from_pkcs8(curve, der) {
                return Ok(Self::Ecdsa(algorithm, pair));
            }
        }
        Ed25519KeyPair::from_pkcs8(der).map(Self::Ed25519).map_err(|_| KeyError::Unusable)
    }

    /// SEC1 (RFC 5915).
    fn from_sec1(der: &[u8]) -> Result<Self, KeyError> {
        CURVES
            .into_iter()
            .find_map(|(algorithm, curve)| {
                let pair = EcdsaKeyPair::from_private_key_der(curve, der).ok()?;
                Some(Self::Ecdsa(algorithm, pair))
            })
            .ok_or(KeyError::Unusable)
    }

    /// Makes a new key.
    pub(super) fn generate(kind: KeyType) -> Result<Self, Unspecified> {
        let [p256, p384, p521] = CURVES;
        let ecdsa = |(algorithm, curve)| {
            EcdsaKeyPair::generate(curve).map(|pair| Self::Ecdsa(algorithm, pair))
        };
        match kind {
            KeyType::Ed25519 => Ed25519KeyPair::generate().map(Self::Ed25519),
            KeyType::P256 => ecdsa(p256),
            KeyType::P384 => ecdsa(p384),
            KeyType::P521 => ecdsa(p521),
            KeyType::Rsa3072 => RsaKeyPair::generate(KeySize::Rsa3072).map(Self::Rsa),
        }
    }

    /// PKCS#8 v1: the version that Go's parser, and so cosign, knows.
    pub(super) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let copy = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
        match self {
            Self::Ecdsa(_, pair) => Ok(copy(pair.to_pkcs8v1()?.as_ref())),
            Self::Ed25519(pair) => Ok(copy(pair.to_pkcs8v1()?.as_ref())),
            Self::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der()?;
                Ok(copy(der.as_ref()))
            }
        }
    }

    /// The public half.
    pub(super) fn public(&self) -> Result<PublicKey, Unspecified> {
        let (algorithm, spki) = match self {
            Self::Ecdsa(algorithm, pair) => (*algorithm, pair.public_key().as_der()?),
            Self::Ed25519(pair) => (Algorithm::Ed25519, pair.public_key().as_der()?),
            Self::Rsa(pair) => (Algorithm::RsaPkcs1Sha256, pair.public_key().as_der()?),
        };
        Ok(PublicKey::new(algorithm, spki.as_ref()))
    }

    /// Signs `message`.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let random = SystemRandom::new();
        match self {
            Self::Ecdsa(_, pair) => Ok(pair.sign(&random, message)?.as_ref().to_vec()),
            Self::Ed25519(pair) => Ok(pair.try_sign(message)?.as_ref().to_vec()),
            Self::Rsa(pair) => {
                let mut bytes = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut bytes)?;
                Ok(bytes)
            }
        }
    }
}

/// The two refusals that a person can act on are told apart; the rest says nothing about the key.
fn rsa_error(rejected: KeyRejected) -> KeyError {
    match rejected.description_() {
        "TooSmall" => KeyError::RsaShort,
        "TooLarge" => KeyError::RsaLong,
        _ => KeyError::Unusable,
    }
}

/// Why a key file gives no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not exactly one key.
    #[error("it holds {found} PEM blocks that could be a key, exactly one is wanted")]
    Blocks {
        /// How many there are.
        found: usize,
    },
    /// cosign's encrypted form, and it does not open.
    #[error("{0}")]
    Cosign(CosignKeyError),
    /// Encrypted in one of OpenSSL's ways.
    #[error("it is encrypted in a way that is not read here")]
    EncryptedByOpenssl,
    /// A label of no kind of key.
    #[error("its PEM block is a `{label}`, which is no kind of secret key that is read here")]
    Label {
        /// The label.
        label: String,
    },
    /// OpenSSH's own form.
    #[error("it is in the form of OpenSSH, which is not read here")]
    OpenSsh,
    /// No passphrase for it.
    #[error("{0}")]
    Passphrase(PassphraseError),
    /// The file is not PEM.
    #[error("{0}")]
    Pem(PemError),
    /// A public key or a certificate.
    #[error("it is a public key; signing takes the secret one")]
    Public,
    /// More RSA bits than any verifier takes.
    #[error("it is an RSA key of more than 8192 bits, which verifiers refuse")]
    RsaLong,
    /// Too few RSA bits.
    #[error("it is an RSA key of fewer than 2048 bits, which is too weak to prove anything")]
    RsaShort,
    /// Damaged, or of another kind.
    #[error("it is damaged, or not a key of P-256, P-384, P-521, Ed25519 or RSA")]
    Unusable,
}

impl KeyError {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Cosign(CosignKeyError::Passphrase { .. }) => Some(
                "it is that of `ATTEST_PASSWORD` where that is set, else of `COSIGN_PASSWORD`, else the \
                 one that was typed",
            ),
            Self::Cosign(CosignKeyError::Machine) => None,
            Self::Cosign(_) => Some("write it anew: `cosign import-key-pair --key FILE`"),
            Self::EncryptedByOpenssl => {
                Some("decrypt it with `openssl pkey -in FILE -out PLAIN`, and guard the result")
            }
            Self::OpenSsh => Some("convert a copy: `ssh-keygen -p -m PKCS8 -f COPY`"),
            Self::Passphrase(PassphraseError::NoSource) => Some("set `ATTEST_PASSWORD`"),
            Self::Pem(PemError::Absent) => {
                Some("DER becomes PEM by `openssl pkey -inform DER -in FILE -out PEM`")
            }
            Self::Pem(PemError::Line) => Some("keep its line breaks, in a variable too"),
            Self::Public => Some("name the file that `attest key generate` wrote as NAME.key"),
            Self::RsaLong | Self::RsaShort | Self::Unusable => {
                Some("make a new one: `attest key generate --out NAME`")
            }
            Self::Label { .. } => Some("convert it with `openssl pkey -in FILE -out PEM`"),
            Self::Blocks { .. } | Self::Passphrase(_) | Self::Pem(_) => None,
        }
    }
}
