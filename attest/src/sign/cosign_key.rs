//! cosign's encrypted key files: PKCS#8 in a NaCl secretbox under a key that scrypt makes out of
//! the passphrase (cosign pkg/cosign/keys.go; go-securesystemslib encrypted).
//!
//! A file that asks for other scrypt parameters than cosign writes is refused before any work: they
//! decide how much memory and time opening it takes. Parsing, deriving and decrypting are apart, so
//! that each can be tried on its own; only the last one sees a secret come out.

use aws_lc_rs::rand;
use base64::{Engine, engine::general_purpose::STANDARD};
use crypto_secretbox::{AeadInPlace, KeyInit, XSalsa20Poly1305};
use evidence::json::{self, JsonError, Value, json};
use zeroize::Zeroizing;

/// The PEM label that cosign has written since v2, and that is written here.
pub(super) const LABEL: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";

/// The PEM label of cosign v1.
pub(super) const OLD_LABEL: &str = "ENCRYPTED COSIGN PRIVATE KEY";

const SALT: usize = 32;
const NONCE: usize = 24;
const TAG: usize = 16;
const KEY: usize = 32;

/// scrypt's block size and parallelism (RFC 7914 §2), the same in every cosign.
const R: u32 = 8;
const P: u32 = 1;

/// The scrypt cost, `N`: 32 or 64 MiB of memory with the block size above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cost {
    /// 32768, cosign v1.
    Old,
    /// 65536, cosign v2 and later.
    Current,
}

impl Cost {
    const ALL: [Self; 2] = [Self::Old, Self::Current];

    fn n(self) -> u32 {
        1 << self.log_n()
    }

    fn log_n(self) -> u8 {
        match self {
            Self::Old => 15,
            Self::Current => 16,
        }
    }
}

/// An encrypted key, parsed and not yet opened.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sealed {
    cost: Cost,
    salt: [u8; SALT],
    nonce: [u8; NONCE],
    /// The authentication tag first, the encrypted bytes behind it.
    ciphertext: Vec<u8>,
}

impl Sealed {
    /// Parses the JSON that the PEM block holds.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, CosignKeyError> {
        let document = json::parse(bytes).map_err(CosignKeyError::Json)?;
        if document.pointer("/kdf/name") != Some(&json!("scrypt"))
            || document.pointer("/cipher/name") != Some(&json!("nacl/secretbox"))
        {
            return Err(CosignKeyError::Scheme);
        }
        let ciphertext = base64(&document, "/ciphertext")?;
        if ciphertext.len() <= TAG {
            return Err(CosignKeyError::Member { pointer: "/ciphertext" });
        }
        Ok(Self {
            cost: cost(&document)?,
            salt: fixed(&document, "/kdf/salt")?,
            nonce: fixed(&document, "/cipher/nonce")?,
            ciphertext,
        })
    }

    /// The PKCS#8 DER inside.
    pub(super) fn open(&self, passphrase: &str) -> Result<Zeroizing<Vec<u8>>, CosignKeyError> {
        let key = derive(self.cost, &self.salt, passphrase)?;
        self.decrypt(&key).ok_or(CosignKeyError::Passphrase { which: Which::of(passphrase) })
    }

    fn decrypt(&self, key: &[u8; KEY]) -> Option<Zeroizing<Vec<u8>>> {
        let (tag, encrypted) = self.ciphertext.split_first_chunk::<TAG>()?;
        let mut bytes = Zeroizing::new(encrypted.to_vec());
        XSalsa20Poly1305::new(key.into())
            .decrypt_in_place_detached((&self.nonce).into(), b"", &mut bytes, tag.into())
            .ok()?;
        Some(bytes)
    }

    /// Encrypts PKCS#8 DER as cosign does today.
    pub(super) fn seal(pkcs8: &[u8], passphrase: &str) -> Result<Self, CosignKeyError> {
        Self::seal_at(Cost::Current, pkcs8, passphrase)
    }

    fn seal_at(cost: Cost, pkcs8: &[u8], passphrase: &str) -> Result<Self, CosignKeyError> {
        let (mut salt, mut nonce) = ([0; SALT], [0; NONCE]);
        rand::fill(&mut salt).map_err(|_| CosignKeyError::Machine)?;
        rand::fill(&mut nonce).map_err(|_| CosignKeyError::Machine)?;
        let key = derive(cost, &salt, passphrase)?;
        let mut encrypted = Zeroizing::new(pkcs8.to_vec());
        let tag = XSalsa20Poly1305::new((&*key).into())
            .encrypt_in_place_detached((&nonce).into(), b"", &mut encrypted)
            .map_err(|_| CosignKeyError::Machine)?;
        let ciphertext = [tag.as_slice(), &encrypted].concat();
        Ok(Self { cost, salt, nonce, ciphertext })
    }

    /// The JSON for the PEM block.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        json!({
            "kdf": {
                "name": "scrypt",
                "params": {"N": self.cost.n(), "r": R, "p": P},
                "salt": STANDARD.encode(self.salt),
            },
            "cipher": {"name": "nacl/secretbox", "nonce": STANDARD.encode(self.nonce)},
            "ciphertext": STANDARD.encode(&self.ciphertext),
        })
        .to_string()
        .into_bytes()
    }
}

/// The cost, if the parameters are exactly cosign's. A float, a negative or a huge number is no
/// `u64`, or another one.
fn cost(document: &Value) -> Result<Cost, CosignKeyError> {
    let number = |pointer| document.pointer(pointer).and_then(Value::as_u64);
    let n = number("/kdf/params/N");
    Cost::ALL
        .into_iter()
        .find(|cost| n == Some(cost.n().into()))
        .filter(|_| number("/kdf/params/r") == Some(R.into()))
        .filter(|_| number("/kdf/params/p") == Some(P.into()))
        .ok_or(CosignKeyError::Parameters)
}

fn base64(document: &Value, pointer: &'static str) -> Result<Vec<u8>, CosignKeyError> {
    document
        .pointer(pointer)
        .and_then(Value::as_str)
        .and_then(|text| STANDARD.decode(text).ok())
        .ok_or(CosignKeyError::Member { pointer })
}

fn fixed<const LENGTH: usize>(
    document: &Value,
    pointer: &'static str,
) -> Result<[u8; LENGTH], CosignKeyError> {
    base64(document, pointer)?.try_into().map_err(|_| CosignKeyError::Member { pointer })
}

fn derive(
    cost: Cost,
    salt: &[u8; SALT],
    passphrase: &str,
) -> Result<Zeroizing<[u8; KEY]>, CosignKeyError> {
    let parameters =
        scrypt::Params::new(cost.log_n(), R, P).map_err(|_| CosignKeyError::Machine)?;
    let mut key = Zeroizing::new([0; KEY]);
    scrypt::scrypt(passphrase.as_bytes(), salt, &parameters, &mut *key)
        .map_err(|_| CosignKeyError::Machine)?;
    Ok(key)
}

/// Which passphrase was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The empty one: often a variable whose secret is not set.
    Empty,
    /// One that is not empty.
    Given,
}

impl Which {
    fn of(passphrase: &str) -> Self {
        if passphrase.is_empty() { Self::Empty } else { Self::Given }
    }
}

/// Why an encrypted key stays closed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CosignKeyError {
    /// What the block holds is not JSON.
    #[error("the encrypted key is damaged: {0}")]
    Json(JsonError),
    /// Random numbers or memory are not to be had.
    #[error("this machine has no randomness or memory for it")]
    Machine,
    /// A member is absent, not base64 or of the wrong length.
    #[error("the encrypted key is damaged: `{pointer}` is absent, not base64 or of a wrong length")]
    Member {
        /// The JSON pointer of the member.
        pointer: &'static str,
    },
    /// Other scrypt parameters than cosign's.
    #[error(
        "the encrypted key asks for scrypt parameters that cosign does not write (N 32768 or \
         65536, r 8, p 1); others could cost any amount of memory"
    )]
    Parameters,
    /// It does not open.
    #[error("{}", match which {
        Which::Empty => "the empty passphrase does not open it",
        Which::Given => "the passphrase does not open it, or the file is damaged",
    })]
    Passphrase {
        /// What was tried.
        which: Which,
    },
    /// Another way to encrypt.
    #[error("the encrypted key is not encrypted as cosign does (scrypt and nacl/secretbox)")]
    Scheme,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"not really a key";

    fn sealed() -> Sealed {
        Sealed::seal(SECRET, "test").unwrap()
    }

    #[test]
    fn what_is_sealed_opens_with_its_passphrase_only() {
        for cost in Cost::ALL {
            let sealed = Sealed::seal_at(cost, SECRET, "test").unwrap();
            let read = Sealed::parse(&sealed.to_bytes()).unwrap();
            assert_eq!(read, sealed);
            assert_eq!(**read.open("test").as_ref().unwrap(), SECRET);
            let wrong = read.open("Test").unwrap_err();
            assert!(matches!(wrong, CosignKeyError::Passphrase { which: Which::Given }));
        }
        let empty = sealed().open("").unwrap_err();
        assert!(matches!(empty, CosignKeyError::Passphrase { which: Which::Empty }));
    }

    #[test]
    fn two_sealings_share_neither_salt_nor_nonce() {
        let (one, two) = (sealed(), sealed());
        assert!(one.salt != two.salt && one.nonce != two.nonce);
    }

    #[test]
    fn parameters_that_cosign_does_not_write_are_refused() {
        let text = String::from_utf8(sealed().to_bytes()).unwrap();
        let with = |member: &str, value: &str| {
            let old = if member == "N" {
                65536
            } else if member == "r" {
                8
            } else {
                1
            };
            let changed =
                text.replace(&format!("\"{member}\":{old}"), &format!("\"{member}\":{value}"));
            assert_ne!(changed, text);
            Sealed::parse(changed.as_bytes())
        };
        let huge = "100000000000000000000000000000000000000";
        for n in [
            "1073741824",
            "131072",
            "16384",
            "65535",
            "0",
            "1",
            "-65536",
            "65536.0",
            "65536.5",
            "6.5536e4",
            "\"65536\"",
            "null",
            "[65536]",
            "18446744073709551616",
            huge,
        ] {
            assert!(matches!(with("N", n), Err(CosignKeyError::Parameters)), "N {n}");
        }
        for r in ["4294967295", "16", "0", "-8", "8.0", "\"8\"", "null", huge] {
            assert!(matches!(with("r", r), Err(CosignKeyError::Parameters)), "r {r}");
        }
        for p in ["4294967295", "2", "0", "-1", "1.0", "true", "null", huge] {
            assert!(matches!(with("p", p), Err(CosignKeyError::Parameters)), "p {p}");
        }
        assert!(matches!(with("N", "1e400"), Err(CosignKeyError::Json(_))));
        assert_eq!(with("N", "32768").unwrap().cost, Cost::Old);
    }

    #[test]
    fn a_missing_doubled_or_foreign_member_is_refused() {
        let whole = json::parse(&sealed().to_bytes()).unwrap();
        for pointer in [
            "/kdf/name",
            "/kdf/params/N",
            "/kdf/params/r",
            "/kdf/params/p",
            "/kdf/params",
            "/kdf/salt",
            "/kdf",
            "/cipher/name",
            "/cipher/nonce",
            "/cipher",
            "/ciphertext",
        ] {
            let mut document = whole.clone();
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            document.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
            assert!(Sealed::parse(document.to_string().as_bytes()).is_err(), "{pointer} missing");
            let mut document = whole.clone();
            *document.pointer_mut(pointer).unwrap() = json!("AAAA");
            assert!(Sealed::parse(document.to_string().as_bytes()).is_err(), "{pointer} foreign");
        }
        let text = whole.to_string();
        let doubled = text.replace("\"N\":65536", "\"N\":65536,\"N\":65536");
        assert!(matches!(Sealed::parse(doubled.as_bytes()), Err(CosignKeyError::Json(_))));
        assert!(matches!(Sealed::parse(&text.as_bytes()[1..]), Err(CosignKeyError::Json(_))));
    }

    #[test]
    fn no_flipped_bit_of_nonce_or_ciphertext_opens() {
        let sealed = sealed();
        let key = derive(sealed.cost, &sealed.salt, "test").unwrap();
        assert_eq!(**sealed.decrypt(&key).as_ref().unwrap(), SECRET);
        for bit in 0..sealed.ciphertext.len() * 8 {
            let mut ciphertext = sealed.ciphertext.clone();
            ciphertext[bit / 8] ^= 1 << (bit % 8);
            assert!(Sealed { ciphertext, ..sealed }.decrypt(&key).is_none(), "bit {bit}");
        }
        for bit in 0..NONCE * 8 {
            let mut changed = Sealed { ciphertext: sealed.ciphertext.clone(), ..sealed };
            changed.nonce[bit / 8] ^= 1 << (bit % 8);
            assert!(changed.decrypt(&key).is_none(), "bit {bit}");
        }
        let mut salt = sealed.salt;
        salt[31] ^= 1;
        assert!(Sealed { salt, ..sealed }.open("test").is_err());
    }
}
