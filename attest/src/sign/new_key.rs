//! Makes a key and the texts of its two files. Nothing is written here.

use super::{
    cosign_key::{CosignKeyError, LABEL, Sealed},
    key::{KeyType, SecretKey},
    public_key::PublicKey,
};

/// A key that was just made.
pub(crate) struct NewKey {
    /// The PEM of the secret key, encrypted.
    pub(crate) secret: String,
    /// The public key.
    pub(crate) public: PublicKey,
}

impl NewKey {
    /// Makes a key of that type and encrypts it as cosign does.
    pub(crate) fn make(kind: KeyType, passphrase: &str) -> Result<Self, CosignKeyError> {
        let key = SecretKey::generate(kind).map_err(|_| CosignKeyError::Machine)?;
        let public = key.public().map_err(|_| CosignKeyError::Machine)?;
        let pkcs8 = key.to_pkcs8().map_err(|_| CosignKeyError::Machine)?;
        let sealed = Sealed::seal(&pkcs8, passphrase)?;
        let lines = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        let secret = pem::encode_config(&pem::Pem::new(LABEL, sealed.to_bytes()), lines);
        Ok(Self { secret, public })
    }
}
