//! DSSE v1 (protocol.md, envelope.md): the signed bytes and their signatures.
//!
//! An envelope offers its bytes and the pre-authentication encoding, not a statement: who wants a
//! statement verifies first and parses the verified bytes afterwards.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose as engines};
use serde::Deserialize;

use crate::{
    Id,
    json::{self, Object},
};

/// The payload type of an in-toto statement (in-toto spec/v1/envelope.md).
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// A DSSE envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The bytes that were signed.
    pub payload: Vec<u8>,
    /// What the bytes are; part of what is signed.
    pub payload_type: String,
    /// The signatures, as received. Their `keyid` is a hint and never trusted.
    pub signatures: Vec<Signature>,
}

/// One signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// A hint that says which key to try; empty and absent are the same.
    pub keyid: Option<String>,
    /// The signature: ASN.1 DER for ECDSA, 64 raw bytes for Ed25519, PKCS #1 v1.5 for RSA.
    pub bytes: Vec<u8>,
}

impl Envelope {
    /// The pre-authentication encoding, the bytes that a signature covers (DSSE protocol.md).
    pub fn pae(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload)
    }

    /// The id of what was said: the SHA-256 of the pre-authentication encoding.
    pub fn id(&self) -> Id {
        Id::of_pae(&self.pae())
    }

    /// Parses a stored envelope (legacy `.att` layers, JSON lines).
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let Object(wire): Object<Wire<'_>> =
            serde_json::from_slice(bytes).map_err(EnvelopeError::Json)?;
        wire.try_into()
    }

    /// The JSON of it.
    pub fn to_json(&self) -> String {
        let encoded = |bytes: &[u8]| json::text(&engines::STANDARD.encode(bytes));
        let signature = |signature: &Signature| {
            let mut members = vec![("sig", encoded(&signature.bytes))];
            members.extend(signature.keyid.iter().map(|keyid| ("keyid", json::text(keyid))));
            json::object(&members)
        };
        json::object(&[
            ("payload", encoded(&self.payload)),
            ("payloadType", json::text(&self.payload_type)),
            ("signatures", json::list(self.signatures.iter().map(signature))),
        ])
    }
}

/// `"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body` (DSSE protocol.md).
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// The JSON of an envelope. Unknown members are ignored (DSSE envelope.md); duplicates of known ones
/// are refused by the derive.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wire<'a> {
    #[serde(borrow)]
    payload: Cow<'a, str>,
    #[serde(borrow)]
    payload_type: Cow<'a, str>,
    #[serde(borrow)]
    signatures: Vec<Object<WireSignature<'a>>>,
}

#[derive(Debug, Deserialize)]
struct WireSignature<'a> {
    #[serde(borrow)]
    sig: Cow<'a, str>,
    #[serde(borrow, default)]
    keyid: Option<Cow<'a, str>>,
}

impl TryFrom<Wire<'_>> for Envelope {
    type Error = EnvelopeError;

    fn try_from(wire: Wire<'_>) -> Result<Self, EnvelopeError> {
        Ok(Self {
            payload: decode_base64(&wire.payload)
                .ok_or(EnvelopeError::Base64 { member: "payload" })?,
            payload_type: wire.payload_type.into_owned(),
            signatures: wire
                .signatures
                .into_iter()
                .map(|Object(signature)| {
                    Ok(Signature {
                        keyid: signature.keyid.filter(|k| !k.is_empty()).map(Cow::into_owned),
                        bytes: decode_base64(&signature.sig)
                            .ok_or(EnvelopeError::Base64 { member: "sig" })?,
                    })
                })
                .collect::<Result<_, _>>()?,
        })
    }
}

/// Standard or URL-safe base64, padded: a verifier must accept both (DSSE envelope.md).
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    engines::STANDARD.decode(text).or_else(|_| engines::URL_SAFE.decode(text)).ok()
}

/// Why bytes are no envelope.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// A member is not base64.
    #[error("`{member}` of the DSSE envelope is not base64")]
    Base64 {
        /// The member.
        member: &'static str,
    },
    /// The JSON or its shape is wrong.
    #[error("not a DSSE envelope: {0}")]
    Json(serde_json::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_that_of_the_specification() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn url_safe_base64_and_unknown_members_are_read() {
        let envelope =
            Envelope::parse(br#"{"payload":"_-8=","payloadType":"t","signatures":[{"sig":"_-8=","keyid":""}],"x":1}"#)
                .unwrap();
        assert_eq!(envelope.payload, [0xff, 0xef]);
        assert_eq!(envelope.signatures, [Signature { keyid: None, bytes: vec![0xff, 0xef] }]);
    }

    #[test]
    fn a_duplicate_payload_is_refused() {
        assert!(
            Envelope::parse(br#"{"payload":"","payload":"","payloadType":"t","signatures":[]}"#)
                .is_err()
        );
    }
}
