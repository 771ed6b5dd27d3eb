//! What Rekor v2 takes down of a signature, made anew of the signature itself.
//!
//! `sigstore-verify` compares the parts of a body that it needs. A body that is not made of exactly this
//! signature, digest and key, by the one algorithm that they are of, says something that nobody holds
//! against anything: another algorithm, or a member more. It proves nothing that the log did not sign.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use sigstore_verify::types::{Artifact, KindVersion, TransparencyLogEntry};

use super::{By, Content, unproven::Unproven};

/// Holds the body of an entry of Rekor v2 against the body that this signature has.
pub(super) fn agrees(
    entry: &TransparencyLogEntry,
    content: Content<'_>,
    by: By<'_>,
) -> Result<(), Unproven> {
    if entry.kind_version != KindVersion::HashedRekordV002 {
        return Ok(());
    }
    let (hash, signature) = match content {
        Content::Envelope { envelope, message } => {
            let signature = envelope.signatures.first().map_or(&[][..], |one| &one.bytes);
            (message.hash().to_vec(), signature)
        }
        Content::Artifact { artifact: Artifact::Blob(bytes), signature } => {
            (digest(&SHA256, bytes).as_ref().to_vec(), signature)
        }
        Content::Artifact { artifact, signature } => {
            let known = artifact.digest().map(|digest| digest.as_bytes().to_vec());
            (known.unwrap_or_default(), signature)
        }
    };
    match entry.canonicalized_body.as_bytes() == body(&hash, signature, by).as_bytes() {
        true => Ok(()),
        false => {
            let why = "its body is not the one of this signature, digest, key and algorithm";
            Err(Unproven::EntryOfAnother(why.to_owned()))
        }
    }
}

/// The body of the entry of a signature over what has this SHA-256 (Rekor v2, `hashedrekord` 0.0.2;
/// RFC 8785). Other keys than P-256 are not read with Rekor v2, so there is one algorithm.
fn body(hash: &[u8], signature: &[u8], by: By<'_>) -> String {
    let (member, key) = match by {
        By::Certificate(der, _) => ("x509Certificate", der),
        By::Key(key) => ("publicKey", key.spki()),
    };
    let [hash, signature, key] = [hash, signature, key].map(|bytes| STANDARD.encode(bytes));
    // Base64 has nothing that JSON would escape, and the members are in the order of their names.
    let verifier =
        format!(r#"{{"keyDetails":"PKIX_ECDSA_P256_SHA_256","{member}":{{"rawBytes":"{key}"}}}}"#);
    let data = format!(r#"{{"algorithm":"SHA2_256","digest":"{hash}"}}"#);
    let signed = format!(r#"{{"content":"{signature}","verifier":{verifier}}}"#);
    let spec = format!(r#"{{"hashedRekordV002":{{"data":{data},"signature":{signed}}}}}"#);
    format!(r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{spec}}}"#)
}
