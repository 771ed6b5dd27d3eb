//! The keys of the cases: Ed25519, their secrets the hashes of their names, so that nobody can take
//! them for secret.

use std::{collections::BTreeMap, fs, path::Path};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::CasesError;

/// Who signs in the cases.
const NAMES: [&str; 9] =
    ["alice", "alice-2", "bob", "carol", "deployer", "mallory", "release", "scanner", "scanner-2"];

/// A key of another kind that signs deterministically; it stands beside the keys of cosign.
const RSA: (&str, &str) = ("rsa2048", "rsa2048.pem");

/// Before the seed in a PKCS #8 v1 file (RFC 8410 §7) and before the point in a public key (§4).
const PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The keys by name.
pub(super) struct Keys {
    by_name: BTreeMap<String, Key>,
}

struct Key {
    pair: Pair,
    spki: Vec<u8>,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl Keys {
    /// Writes the keys into `keys/cases` and returns them.
    pub(super) fn write(keys: &Path) -> Result<Self, CasesError> {
        let directory = keys.join("cases");
        fs::create_dir_all(&directory).map_err(|error| CasesError::file(&directory, error))?;
        let mut by_name = BTreeMap::new();
        for name in NAMES {
            let (key, secret) = ed25519(name)?;
            let public = pem("PUBLIC KEY", &key.spki);
            let note =
                "# A test key, public on purpose: its secret is the SHA-256 of a sentence.\n";
            let files = [
                (format!("{name}.pub"), public),
                (format!("{name}.key"), note.to_owned() + &pem("PRIVATE KEY", &secret)),
            ];
            for (file, text) in files {
                let path = directory.join(file);
                if fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
                    fs::write(&path, text).map_err(|error| CasesError::file(&path, error))?;
                }
            }
            by_name.insert(name.to_owned(), key);
        }
        let (name, file) = RSA;
        by_name.insert(name.to_owned(), rsa(name, &keys.join(file))?);
        Ok(Self { by_name })
    }

    /// The signature of a key over `message`.
    pub(super) fn sign(&self, name: &str, message: &[u8]) -> Result<Vec<u8>, String> {
        match &self.key(name)?.pair {
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                // PKCS #1 v1.5 uses no randomness (RFC 8017 §8.2.1).
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|error| error.to_string())?;
                Ok(signature)
            }
        }
    }

    /// The hint that cosign and `attest` write: the base64 of the SHA-256 of the public key.
    pub(super) fn hint(&self, name: &str) -> Result<String, String> {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.key(name)?.spki);
        Ok(STANDARD.encode(digest))
    }

    /// The public half: SubjectPublicKeyInfo.
    pub(super) fn public(&self, name: &str) -> Result<&[u8], String> {
        self.key(name).map(|key| key.spki.as_slice())
    }

    fn key(&self, name: &str) -> Result<&Key, String> {
        self.by_name.get(name).ok_or_else(|| format!("there is no key `{name}`"))
    }
}

fn ed25519(name: &str) -> Result<(Key, Vec<u8>), CasesError> {
    let sentence = format!("attest & verify: the test key of {name}");
    let seed = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, sentence.as_bytes());
    let secret = [&PKCS8[..], seed.as_ref()].concat();
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&secret)
        .map_err(|error| CasesError::Key { name: name.to_owned(), problem: error.to_string() })?;
    let spki = [&SPKI[..], pair.public_key().as_ref()].concat();
    Ok((Key { pair: Pair::Ed25519(pair), spki }, secret))
}

fn rsa(name: &str, path: &Path) -> Result<Key, CasesError> {
    let no = |problem: String| CasesError::Key { name: name.to_owned(), problem };
    let text = fs::read(path).map_err(|error| CasesError::file(path, error))?;
    let block = ::pem::parse(text).map_err(|error| no(error.to_string()))?;
    let pair = RsaKeyPair::from_pkcs8(block.contents()).map_err(|error| no(error.to_string()))?;
    let public = fs::read(path.with_file_name("import-rsa2048.pub"))
        .map_err(|error| CasesError::file(path, error))?;
    let spki = ::pem::parse(public).map_err(|error| no(error.to_string()))?.into_contents();
    Ok(Key { pair: Pair::Rsa(pair), spki })
}

fn pem(label: &str, contents: &[u8]) -> String {
    let encoding = ::pem::EncodeConfig::new().set_line_ending(::pem::LineEnding::LF);
    ::pem::encode_config(&::pem::Pem::new(label, contents), encoding)
}
