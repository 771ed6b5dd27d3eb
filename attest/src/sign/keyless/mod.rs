//! Signs without a key of one's own: a key is made for one signature, an authority certifies that it
//! belongs to who asks, and it is gone once it has signed.
//!
//! The key never leaves this process's memory and is cleared with it; the certificate goes into the
//! bundle. When the signature was made is for logs and timestamp authorities to say: a certificate of
//! ten minutes proves nothing by itself afterwards.

mod authority;
mod identity;
mod login;
mod source;
mod token;

use evidence::Material;
use registry::http::Sender;

pub use self::{
    authority::CertifyError,
    login::LoginError,
    source::{SourceError, TokenReference, TokenReferenceError},
    token::TokenError,
};
pub(crate) use self::{identity::Identity, source::Source, token::IdentityToken};
use super::{
    Signer,
    key::{KeyType, SecretKey},
};
use crate::{service::Service, world::World};

/// How to sign without a key of one's own.
#[derive(Clone, Debug)]
pub(crate) struct Keyless {
    /// Where the identity token comes from.
    pub(crate) source: Source,
    /// Who certifies.
    pub(crate) authority: Service,
    /// Where a person logs in.
    pub(crate) login: Option<Service>,
}

impl Keyless {
    /// Gets a token: who it is that signs.
    pub(crate) async fn token(
        &self,
        world: &World,
        sender: &Sender,
    ) -> Result<IdentityToken, SourceError> {
        self.source.token(world, sender, self.login.as_ref()).await
    }

    /// Makes a key and has it certified: the signer of one signature.
    pub(crate) async fn certify(
        &self,
        sender: &Sender,
        token: &IdentityToken,
    ) -> Result<Signer, CertifyError> {
        // The kind that every verifier and every log of Sigstore takes.
        let key = SecretKey::generate(KeyType::P256).map_err(|_| CertifyError::Crypto)?;
        let public = key.public().map_err(|_| CertifyError::Crypto)?;
        let pair = (&key, &public);
        let certificate = authority::certificate(&self.authority, sender, token, pair).await?;
        let material = Material::Certificates(vec![certificate]);
        Ok(Signer { key, public, material })
    }
}
