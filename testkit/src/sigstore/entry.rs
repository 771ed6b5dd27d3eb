//! What Rekor takes down of a signature, per kind of entry: the canonical body (RFC 8785).
//!
//! v1: `dsse`, `hashedrekord` 0.0.1 and, for older tools, `intoto`; v2: `hashedrekord` 0.0.2 alone.

use base64::{Engine, engine::general_purpose::STANDARD};
use evidence::{
    Envelope,
    json::{Value, json},
};

use super::{
    certificate::public_key,
    keys::{armour, sha256},
    log::{Entry, Rekor},
};

/// By what a signature is verified.
#[derive(Clone, Debug)]
pub(super) enum Verifier {
    /// A certificate, DER.
    Certificate(Vec<u8>),
    /// A key, SubjectPublicKeyInfo.
    Key(Vec<u8>),
}

impl Verifier {
    /// The key: SubjectPublicKeyInfo.
    pub(super) fn key(&self) -> Option<Vec<u8>> {
        match self {
            Self::Certificate(der) => public_key(der),
            Self::Key(der) => Some(der.clone()),
        }
    }

    /// The base64 of the PEM, as v1 has it.
    fn armoured(&self) -> String {
        STANDARD.encode(match self {
            Self::Certificate(der) => armour("CERTIFICATE", der),
            Self::Key(der) => armour("PUBLIC KEY", der),
        })
    }

    fn v2(&self) -> Value {
        let (member, der) = match self {
            Self::Certificate(der) => ("x509Certificate", der),
            Self::Key(der) => ("publicKey", der),
        };
        json!({
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            member: {"rawBytes": STANDARD.encode(der)},
        })
    }
}

/// The entry of a signed envelope.
pub(super) fn of_envelope(
    envelope: &Envelope,
    signature: &[u8],
    by: &Verifier,
    log: Rekor,
) -> Entry {
    match log {
        Rekor::V1 => dsse(envelope, &json_of(envelope).to_string(), signature, by),
        Rekor::V2 => digested(&sha256(&[&envelope.pae()]), signature, by),
    }
}

/// The entry of a signature over an artifact, by its SHA-256.
pub(super) fn of_artifact(digest: &[u8; 32], signature: &[u8], by: &Verifier, log: Rekor) -> Entry {
    match log {
        Rekor::V1 => {
            let body = json!({
                "apiVersion": "0.0.1", "kind": "hashedrekord",
                "spec": {
                    "data": {"hash": {"algorithm": "sha256", "value": hex(digest)}},
                    "signature": {
                        "content": STANDARD.encode(signature),
                        "publicKey": {"content": by.armoured()},
                    },
                },
            });
            Entry { kind: "hashedrekord", version: "0.0.1", body: canonical(&body) }
        }
        Rekor::V2 => digested(digest, signature, by),
    }
}

/// The JSON of an envelope.
pub(super) fn json_of(envelope: &Envelope) -> Value {
    let signatures = envelope.signatures.iter();
    let signatures: Vec<Value> =
        signatures.map(|one| json!({"sig": STANDARD.encode(&one.bytes)})).collect();
    json!({
        "payload": STANDARD.encode(&envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": signatures,
    })
}

/// The entry of an envelope that was sent as `text`.
pub(super) fn dsse(envelope: &Envelope, text: &str, signature: &[u8], by: &Verifier) -> Entry {
    let hash = |bytes: &[u8]| json!({"algorithm": "sha256", "value": hex(&sha256(&[bytes]))});
    let body = json!({
        "apiVersion": "0.0.1", "kind": "dsse",
        "spec": {
            "envelopeHash": hash(text.as_bytes()),
            "payloadHash": hash(&envelope.payload),
            "signatures": [{
                "signature": STANDARD.encode(signature),
                "verifier": by.armoured(),
            }],
        },
    });
    Entry { kind: "dsse", version: "0.0.1", body: canonical(&body) }
}

/// What Rekor v1 was asked for before there was `dsse`: `intoto`, of whose two versions the older one
/// keeps no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Older {
    /// `intoto` 0.0.1, as cosign had it taken down until 2.2.
    Intoto001,
    /// `intoto` 0.0.2, as sigstore-js had it.
    Intoto002,
}

/// The entry of an envelope as `intoto`.
pub(super) fn intoto(
    envelope: &Envelope,
    signature: &[u8],
    by: &Verifier,
    version: Older,
) -> Entry {
    let hash = |bytes: &[u8]| json!({"algorithm": "sha256", "value": hex(&sha256(&[bytes]))});
    let whole = hash(json_of(envelope).to_string().as_bytes());
    let payload = hash(&envelope.payload);
    let (version, spec) = match version {
        Older::Intoto001 => (
            "0.0.1",
            json!({
                "content": {"hash": whole, "payloadHash": payload},
                "publicKey": by.armoured(),
            }),
        ),
        // The signature is in base64 twice: as in the envelope, and as bytes are in JSON.
        Older::Intoto002 => (
            "0.0.2",
            json!({"content": {
                "envelope": {
                    "payloadType": envelope.payload_type,
                    "signatures": [{
                        "publicKey": by.armoured(),
                        "sig": STANDARD.encode(STANDARD.encode(signature)),
                    }],
                },
                "hash": whole,
                "payloadHash": payload,
            }}),
        ),
    };
    let body = json!({"apiVersion": version, "kind": "intoto", "spec": spec});
    Entry { kind: "intoto", version, body: canonical(&body) }
}

fn digested(digest: &[u8; 32], signature: &[u8], by: &Verifier) -> Entry {
    let body = json!({
        "apiVersion": "0.0.2", "kind": "hashedrekord",
        "spec": {"hashedRekordV002": {
            "data": {"algorithm": "SHA2_256", "digest": STANDARD.encode(digest)},
            "signature": {"content": STANDARD.encode(signature), "verifier": by.v2()},
        }},
    });
    Entry { kind: "hashedrekord", version: "0.0.2", body: canonical(&body) }
}

/// Sorted members and no white space are all that RFC 8785 asks for where every text is ASCII.
fn canonical(body: &Value) -> Vec<u8> {
    body.to_string().into_bytes()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
