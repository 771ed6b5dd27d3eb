//! The certificate: an authority (Fulcio, API v2) binds a key that was made for this one signature to
//! the identity that a token proves.
//!
//! What it answers is believed here only so far as it is read; whether the certificate is one that
//! verifiers accept is asked of the finished bundle, against the trusted root.

use base64::{Engine, engine::general_purpose::STANDARD};
use evidence::json::{self, Value, json};
use registry::http::Sender;
use reqwest::header::HeaderValue;

use super::token::IdentityToken;
use crate::{
    service::{Question, Service, ServiceError},
    sign::{key::SecretKey, public_key::PublicKey},
};

/// Where certificates are made (fulcio.proto, `CreateSigningCertificate`).
const PATH: &str = "/api/v2/signingCert";

/// Asks for a certificate for `key`; gives its DER.
pub(super) async fn certificate(
    authority: &Service,
    sender: &Sender,
    token: &IdentityToken,
    (key, public): (&SecretKey, &PublicKey),
) -> Result<Vec<u8>, CertifyError> {
    let challenge = token.claims().challenge();
    let proof = key.sign(challenge.as_bytes()).map_err(|_| CertifyError::Crypto)?;
    let body = json!({
        "publicKeyRequest": {
            "publicKey": {"algorithm": "ECDSA", "content": public.pem()},
            "proofOfPossession": STANDARD.encode(proof),
        },
    });
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.secret()))
        .map_err(|_| CertifyError::Token)?;
    bearer.set_sensitive(true);
    let question = Question::json(PATH, body.to_string().into_bytes());
    let response = authority.ask(sender, question, Some(&bearer)).await?;
    let answer = authority.content(response)?;
    leaf(&answer).ok_or_else(|| authority.malformed("a certificate").into())
}

/// The signer's certificate, the first of the chain. Without a signed certificate timestamp inside it
/// comes under another name; the finished bundle is then refused for the want of one.
fn leaf(answer: &[u8]) -> Option<Vec<u8>> {
    let answer = json::parse(answer).ok()?;
    let one = answer
        .get("signedCertificateEmbeddedSct")
        .or_else(|| answer.get("signedCertificateDetachedSct"))?;
    let text = one.get("chain")?.get("certificates")?.get(0).and_then(Value::as_str)?;
    let parsed = pem::parse(text).ok()?;
    (parsed.tag() == "CERTIFICATE").then(|| parsed.into_contents())
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertifyError {
    /// The key for this signature gave none.
    #[error("no key could be made for this signature")]
    Crypto,
    /// The authority.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// No header can carry the token.
    #[error("the identity token has characters that no token has")]
    Token,
}

impl CertifyError {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Crypto => "sign",
            Self::Service(error) => error.code(),
            Self::Token => "identity-token",
        }
    }

    /// Whether whoever wrote the command has to mend it.
    pub(crate) fn is_usage(&self) -> bool {
        match self {
            Self::Crypto => false,
            Self::Service(error) => error.is_usage(),
            Self::Token => true,
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            Self::Service(error) => Some(error.help()),
            Self::Crypto | Self::Token => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_certificate_of_the_chain_is_the_signers() {
        let pem = |bytes: &[u8]| pem::encode(&pem::Pem::new("CERTIFICATE", bytes));
        let chain = json!({"chain": {"certificates": [pem(b"leaf"), pem(b"root")]}});
        for name in ["signedCertificateEmbeddedSct", "signedCertificateDetachedSct"] {
            let answer = json!({name: chain}).to_string();
            assert_eq!(leaf(answer.as_bytes()).as_deref(), Some(&b"leaf"[..]));
        }
        let key = pem::encode(&pem::Pem::new("PUBLIC KEY", b"leaf"));
        let wrong = [
            json!({}),
            json!({"signedCertificateEmbeddedSct": {"chain": {"certificates": []}}}),
            json!({"signedCertificateEmbeddedSct": {"chain": {"certificates": [key]}}}),
        ];
        for answer in wrong {
            assert_eq!(leaf(answer.to_string().as_bytes()), None, "{answer}");
        }
    }
}
