//! Signs: bytes and their type go in, a DSSE envelope and the signer's material come out.
//!
//! What is said is decided before, where it goes is decided after; nothing here knows a statement
//! or a registry. A finished bundle is verified here once more before it leaves, with the public
//! key and the envelope read back from the very bytes that will be attached.

mod cosign_key;
mod key;
pub(crate) mod keyless;
mod new_key;
mod passphrase;
mod pem_file;
mod public_key;
mod reference;

use std::fmt;

use evidence::{Bundle, Envelope, Material, Signature, bundle::BundleError, envelope};

use key::SecretKey;

pub(crate) use self::new_key::NewKey;
pub use self::{
    cosign_key::{CosignKeyError, Which},
    key::{KeyError, KeyType, KeyTypeError},
    keyless::{
        CertifyError, LoginError, SourceError, TokenError, TokenReference, TokenReferenceError,
    },
    passphrase::{Lookup, Passphrase, PassphraseError, Purpose, VARIABLES, VariableOrTerminal},
    pem_file::PemError,
    public_key::{Algorithm, PublicKey, Warning},
    reference::{KeyReference, KeyReferenceError, ReadError},
};

/// Who signs: a key that the user keeps, or one that was made and certified for one signature.
pub struct Signer {
    key: SecretKey,
    public: PublicKey,
    /// What a bundle says about it.
    material: Material,
}

/// What signing makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The payload with its one signature.
    pub envelope: Envelope,
    /// What the bundle says about the signer.
    pub material: Material,
}

impl Signer {
    /// Opens the key that `reference` names; `passphrase` is asked only if it is encrypted.
    pub fn open(
        reference: &KeyReference,
        variables: &Lookup<'_>,
        passphrase: &mut dyn Passphrase,
    ) -> Result<Self, OpenError> {
        let name = reference.to_string();
        let fault = |why| OpenError { key: reference.clone(), why };
        let bytes = reference.read(variables).map_err(|error| fault(OpenFault::Read(error)))?;
        let key = SecretKey::read(&bytes, &name, passphrase)
            .map_err(|error| fault(OpenFault::Key(error)))?;
        let public = key.public().map_err(|_| fault(OpenFault::Key(KeyError::Unusable)))?;
        let material = Material::PublicKey { hint: public.hint().to_owned() };
        Ok(Self { key, public, material })
    }

    /// The public key that verifies what this signer signs.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// What a user of this signer should know beforehand.
    pub fn warning(&self) -> Option<Warning> {
        self.public.warning()
    }

    /// Signs the pre-authentication encoding of `payload` (DSSE protocol.md). The envelope has no
    /// `keyid`: the hint stands in the material, and the two would have to be equal
    /// (sigstore_bundle.proto).
    pub fn sign(&self, payload_type: &str, payload: &[u8]) -> Result<Signed, SignError> {
        let message = envelope::pae(payload_type, payload);
        let bytes = self.key.sign(&message).map_err(|_| SignError::Crypto)?;
        Ok(Signed {
            envelope: Envelope {
                payload: payload.to_vec(),
                payload_type: payload_type.to_owned(),
                signatures: vec![Signature { keyid: None, bytes }],
            },
            material: self.material.clone(),
        })
    }

    /// Verifies a finished bundle as a stranger with the public key would, and gives the bytes that
    /// were verified: these, and no others, are to be attached.
    pub fn verify_own(&self, bundle: &Bundle) -> Result<Vec<u8>, SignError> {
        let bytes = bundle.to_bytes();
        let read = Bundle::parse(&bytes).map_err(SignError::Bundle)?;
        if read != *bundle {
            return Err(SignError::Changed);
        }
        if read.material != self.material {
            return Err(SignError::Material);
        }
        let [signature] = read.envelope.signatures.as_slice() else {
            return Err(SignError::Signature);
        };
        if self.public.verifies(&read.envelope.pae(), &signature.bytes) {
            Ok(bytes)
        } else {
            Err(SignError::Signature)
        }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.public).finish()
    }
}

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the key `{key}`: {why}")]
pub struct OpenError {
    key: KeyReference,
    why: OpenFault,
}

/// What stood in the way.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenFault {
    /// The bytes give no key.
    #[error("{0}")]
    Key(KeyError),
    /// There are no bytes.
    #[error("{0}")]
    Read(ReadError),
}

impl OpenError {
    /// What was to be opened.
    pub fn key(&self) -> &KeyReference {
        &self.key
    }

    /// What stood in the way.
    pub fn why(&self) -> &OpenFault {
        &self.why
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match &self.why {
            OpenFault::Key(KeyError::Cosign(CosignKeyError::Passphrase { .. })) => {
                "wrong-passphrase"
            }
            OpenFault::Key(KeyError::Passphrase(_)) => "no-passphrase",
            OpenFault::Key(_) => "key-unusable",
            OpenFault::Read(_) => "key-unreadable",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match &self.why {
            OpenFault::Key(error) => error.help(),
            OpenFault::Read(error) => Some(error.help()),
        }
    }
}

/// Why there is no signature, or none that may leave.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The finished bundle cannot be read back.
    #[error("the finished bundle cannot be read back: {0}")]
    Bundle(BundleError),
    /// The finished bundle reads back as another.
    #[error("the finished bundle reads back as another than was made")]
    Changed,
    /// The key gave no signature.
    #[error("the key gave no signature")]
    Crypto,
    /// The finished bundle names another signer.
    #[error("the finished bundle names another signer")]
    Material,
    /// The finished bundle does not verify.
    #[error("the signature of the finished bundle does not verify")]
    Signature,
}
