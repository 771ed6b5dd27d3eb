//! A good signature of a kind that is not read beside certificates and seals, called by its name: who made
//! it would else look for what is wrong with it.

use x509_cert::{
    Certificate,
    der::{Decode, Encode},
};

use super::{
    super::key::{Kind, PublicKey},
    By, Content,
    unproven::Unproven,
};

/// The curves whose keys also sign a SHA-256, which is none of Sigstore's algorithms (sigstore-python did
/// until 2023, cosign with keys until 3.0); `sigstore-verify` knows P-384 with SHA-384 alone.
pub(super) fn named(content: Content<'_>, by: By<'_>) -> Option<Unproven> {
    let Content::Envelope { envelope, message } = content else { return None };
    let signature = &envelope.signatures.first()?.bytes;
    let certified;
    let key = match by {
        By::Key(key) => key,
        By::Certificate(der, _) => {
            let certificate = Certificate::from_der(der).ok()?;
            let spki = certificate.tbs_certificate.subject_public_key_info.to_der().ok()?;
            certified = PublicKey::from_spki(&spki).ok()?;
            &certified
        }
    };
    let curve = Some(key.kind()).filter(|kind| matches!(kind, Kind::P384 | Kind::P521))?;
    key.verifies_hashed(message, signature).then(|| {
        let what = match curve {
            Kind::P384 => "a SHA-256 signed by a key on P-384",
            _ => "signed by a key on P-521",
        };
        Unproven::Unsupported(format!("{what}, with a certificate, log entry or timestamp"))
    })
}
