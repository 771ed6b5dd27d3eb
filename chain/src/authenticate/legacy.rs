//! What cosign wrote beside an envelope before there were bundles: annotations of the layer that hold a
//! certificate, a log's promise and a timestamp (cosign specs/SIGNATURE_SPEC.md).
//!
//! Anybody can write an annotation. What is read here goes the same way as the material of a bundle v0.1.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use evidence::{
    Material,
    envelope::decode_base64,
    json::{self, Value, json},
};
use serde::Deserialize;

/// The certificate, PEM.
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
/// The log's promise.
const BUNDLE: &str = "dev.sigstore.cosign/bundle";
/// A timestamp.
const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

/// What the annotations of a layer say of the envelope in it.
pub(super) struct Legacy {
    pub(super) material: Material,
    pub(super) entries: Vec<Value>,
    pub(super) timestamps: Vec<Vec<u8>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Promise {
    signed_entry_timestamp: String,
    payload: Payload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Payload {
    body: String,
    integrated_time: i64,
    log_index: i64,
    #[serde(rename = "logID")]
    log_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stamp {
    #[serde(rename = "SignedRFC3161Timestamp")]
    token: String,
}

impl Legacy {
    /// Reads the annotations of a layer; what is not there, or empty, is not said.
    pub(super) fn read(annotations: &BTreeMap<String, String>) -> Result<Self, LegacyError> {
        let said = |name: &'static str| {
            let text = annotations.get(name).filter(|text| !text.trim().is_empty());
            text.map(|text| (name, text.as_str()))
        };
        // Without a certificate it says nothing of its key beside the signature's own hint.
        let material = match said(CERTIFICATE) {
            Some((name, text)) => Material::Certificates(vec![certificate(name, text)?]),
            None => Material::PublicKey { hint: String::new() },
        };
        let entries = said(BUNDLE).map(|(name, text)| entry(name, text)).transpose()?;
        let timestamps = said(TIMESTAMP).map(|(name, text)| timestamp(name, text)).transpose()?;
        Ok(Self {
            material,
            entries: entries.into_iter().collect(),
            timestamps: timestamps.into_iter().collect(),
        })
    }
}

fn certificate(name: &'static str, text: &str) -> Result<Vec<u8>, LegacyError> {
    let malformed = LegacyError { name };
    let blocks = pem::parse_many(text).map_err(|_| malformed)?;
    match blocks.as_slice() {
        [block] if block.tag() == "CERTIFICATE" => Ok(block.contents().to_vec()),
        _ => Err(malformed),
    }
}

/// The promise as an entry of a bundle.
fn entry(name: &'static str, text: &str) -> Result<Value, LegacyError> {
    let malformed = LegacyError { name };
    let value = json::parse(text.as_bytes()).map_err(|_| malformed)?;
    let promise: Promise = serde_json::from_value(value).map_err(|_| malformed)?;
    let payload = promise.payload;
    let body = decode_base64(&payload.body).ok_or(malformed)?;
    let body = json::parse(&body).map_err(|_| malformed)?;
    let id = unhex(&payload.log_id).ok_or(malformed)?;
    Ok(json!({
        "logIndex": payload.log_index.to_string(),
        "logId": {"keyId": STANDARD.encode(id)},
        "kindVersion": {"kind": body.get("kind"), "version": body.get("apiVersion")},
        "integratedTime": payload.integrated_time.to_string(),
        "inclusionPromise": {"signedEntryTimestamp": promise.signed_entry_timestamp},
        "canonicalizedBody": payload.body,
    }))
}

fn timestamp(name: &'static str, text: &str) -> Result<Vec<u8>, LegacyError> {
    let malformed = LegacyError { name };
    let value = json::parse(text.as_bytes()).map_err(|_| malformed)?;
    let stamp: Stamp = serde_json::from_value(value).map_err(|_| malformed)?;
    decode_base64(&stamp.token).ok_or(malformed)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(
        digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect(),
    )
}

/// An annotation is not what its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the annotation `{name}` beside its envelope cannot be read")]
pub(super) struct LegacyError {
    name: &'static str,
}
