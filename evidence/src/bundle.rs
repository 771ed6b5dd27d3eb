//! Sigstore bundle v0.1 to v0.3 (protobuf-specs, sigstore_bundle.proto).
//!
//! Only bundles with a DSSE envelope and exactly one signature exist here. Unknown members are
//! refused as sigstore-go's strict reader does: two readers must not see two documents.

pub mod artifact;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

use crate::{
    Envelope,
    envelope::{self, EnvelopeError},
    json::{self, Object, Value},
};

/// The media type that we write, also the artifact type and layer type in a registry.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Log entries and timestamps per bundle, as sigstore-go limits them (pkg/verify/tlog.go, tsa.go).
pub const ENTRIES: usize = 32;

/// The version of a bundle: which material it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// v0.1: a certificate chain; log entries with promises.
    V0_1,
    /// v0.2: a certificate chain; log entries with proofs.
    V0_2,
    /// v0.3: one certificate or a public key hint.
    V0_3,
}

impl Version {
    fn of_media_type(text: &str) -> Option<Self> {
        match text {
            MEDIA_TYPE | "application/vnd.dev.sigstore.bundle+json;version=0.3" => Some(Self::V0_3),
            "application/vnd.dev.sigstore.bundle+json;version=0.2" => Some(Self::V0_2),
            "application/vnd.dev.sigstore.bundle+json;version=0.1" => Some(Self::V0_1),
            _ => None,
        }
    }
}

/// An envelope and what is needed to verify it.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// The version that its media type names.
    pub version: Version,
    /// Who signed, by the bundle's own word.
    pub material: Material,
    /// Transparency log entries, not yet read.
    pub log_entries: Vec<Value>,
    /// RFC 3161 timestamp tokens, DER, not yet read.
    pub timestamps: Vec<Vec<u8>>,
    /// What was signed, with exactly one signature.
    pub envelope: Envelope,
}

/// What a bundle says about its signer. Hints, until a signature proves them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Material {
    /// Certificates, DER, the signer's first.
    Certificates(Vec<Vec<u8>>),
    /// A hint that says which public key to try.
    PublicKey {
        /// cosign: the base64 of the SHA-256 of the key's SubjectPublicKeyInfo.
        hint: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire<'a> {
    media_type: String,
    verification_material: Object<WireMaterial>,
    #[serde(borrow)]
    dsse_envelope: Object<envelope::Wire<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireMaterial {
    #[serde(default)]
    public_key: Option<Object<WireKey>>,
    #[serde(default)]
    x509_certificate_chain: Option<Object<WireChain>>,
    #[serde(default)]
    certificate: Option<Object<WireCertificate>>,
    #[serde(default)]
    tlog_entries: Vec<Entry>,
    #[serde(default)]
    timestamp_verification_data: Option<Object<WireTimestamps>>,
}

/// A log entry in which no member stands twice: of two, one reader would take the first, another the
/// last.
#[derive(Deserialize)]
struct Entry(#[serde(deserialize_with = "json::strict")] Value);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireKey {
    #[serde(default)]
    hint: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireCertificate {
    raw_bytes: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireChain {
    certificates: Vec<Object<WireCertificate>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireTimestamps {
    #[serde(default)]
    rfc3161_timestamps: Vec<Object<WireTimestamp>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireTimestamp {
    signed_timestamp: String,
}

impl Bundle {
    /// Parses a bundle of any version from 0.1 to 0.3.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let Object(wire): Object<Wire<'_>> =
            serde_json::from_slice(bytes).map_err(BundleError::Json)?;
        let version = Version::of_media_type(&wire.media_type)
            .ok_or(BundleError::MediaType { found: wire.media_type })?;
        let envelope: Envelope = wire.dsse_envelope.0.try_into().map_err(BundleError::Envelope)?;
        if envelope.signatures.len() != 1 {
            return Err(BundleError::Signatures { found: envelope.signatures.len() });
        }
        let (material, log_entries, timestamps) = wire.verification_material.0.read(version)?;
        Ok(Self { version, material, log_entries, timestamps, envelope })
    }

    /// The JSON of a bundle that we made, as v0.3.
    pub fn to_bytes(&self) -> Vec<u8> {
        let encoded = |bytes: &[u8]| json::text(&STANDARD.encode(bytes));
        let mut material = Vec::new();
        match &self.material {
            Material::PublicKey { hint } => {
                material.push(("publicKey", json::object(&[("hint", json::text(hint))])));
            }
            Material::Certificates(chain) => material.extend(
                chain
                    .first()
                    .map(|leaf| ("certificate", json::object(&[("rawBytes", encoded(leaf))]))),
            ),
        }
        if !self.log_entries.is_empty() {
            let entries = self.log_entries.iter().map(Value::to_string);
            material.push(("tlogEntries", json::list(entries)));
        }
        if !self.timestamps.is_empty() {
            let stamps = self.timestamps.iter();
            let stamps = stamps.map(|token| json::object(&[("signedTimestamp", encoded(token))]));
            let stamps = json::object(&[("rfc3161Timestamps", json::list(stamps))]);
            material.push(("timestampVerificationData", stamps));
        }
        let bundle = json::object(&[
            ("mediaType", json::text(MEDIA_TYPE)),
            ("verificationMaterial", json::object(&material)),
            ("dsseEnvelope", self.envelope.to_json()),
        ]);
        bundle.into_bytes()
    }
}

/// Who signed, log entries, timestamps.
type Read = (Material, Vec<Value>, Vec<Vec<u8>>);

impl WireMaterial {
    fn read(self, version: Version) -> Result<Read, BundleError> {
        let Self {
            public_key,
            x509_certificate_chain: chain,
            certificate,
            tlog_entries: log_entries,
            timestamp_verification_data: stamps,
        } = self;
        let stamps = stamps.map(|Object(s)| s.rfc3161_timestamps).unwrap_or_default();
        if log_entries.len() > ENTRIES || stamps.len() > ENTRIES {
            return Err(BundleError::Entries);
        }
        let log_entries = log_entries.into_iter().map(|Entry(entry)| entry).collect();
        let timestamps = stamps
            .iter()
            .map(|Object(s)| bytes_of(&s.signed_timestamp))
            .collect::<Result<_, _>>()?;
        Ok((material(version, public_key, chain, certificate)?, log_entries, timestamps))
    }
}

fn material(
    version: Version,
    public_key: Option<Object<WireKey>>,
    chain: Option<Object<WireChain>>,
    certificate: Option<Object<WireCertificate>>,
) -> Result<Material, BundleError> {
    match (public_key, chain, certificate) {
        (Some(Object(key)), None, None) => Ok(Material::PublicKey { hint: key.hint }),
        (None, None, Some(Object(leaf))) if version == Version::V0_3 => {
            Ok(Material::Certificates(vec![bytes_of(&leaf.raw_bytes)?]))
        }
        (None, Some(Object(chain)), None)
            if version < Version::V0_3 && !chain.certificates.is_empty() =>
        {
            let all = chain.certificates.iter().map(|Object(c)| bytes_of(&c.raw_bytes));
            Ok(Material::Certificates(all.collect::<Result<_, _>>()?))
        }
        _ => Err(BundleError::Material { version }),
    }
}

fn bytes_of(text: &str) -> Result<Vec<u8>, BundleError> {
    envelope::decode_base64(text).ok_or(BundleError::Base64)
}

/// Why bytes are no bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// A certificate or timestamp is not base64.
    #[error("a certificate or timestamp of the bundle is not base64")]
    Base64,
    /// The digest beside a signature over an artifact is no SHA-256.
    #[error("the bundle's messageDigest is no SHA-256")]
    Digest,
    /// More log entries or timestamps than [`ENTRIES`].
    #[error("the bundle has more than {ENTRIES} log entries or timestamps")]
    Entries,
    /// The envelope is malformed.
    #[error("{0}")]
    Envelope(EnvelopeError),
    /// The JSON or its shape is wrong.
    #[error("not a Sigstore bundle: {0}")]
    Json(serde_json::Error),
    /// The material is missing, or not what this version allows.
    #[error("the bundle's verification material is not what version {version:?} allows")]
    Material {
        /// The bundle's version.
        version: Version,
    },
    /// The media type is none of a bundle.
    #[error("the bundle's mediaType is `{}`", found.escape_debug())]
    MediaType {
        /// What it says.
        found: String,
    },
    /// Not exactly one signature.
    #[error("the bundle has {found} signatures, exactly one is required")]
    Signatures {
        /// How many there are.
        found: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Signature;

    fn bundle() -> Bundle {
        Bundle {
            version: Version::V0_3,
            material: Material::PublicKey { hint: "abc=".into() },
            log_entries: vec![],
            timestamps: vec![],
            envelope: Envelope {
                payload: b"{}".to_vec(),
                payload_type: envelope::IN_TOTO.into(),
                signatures: vec![Signature { keyid: None, bytes: vec![1, 2, 3] }],
            },
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(Bundle::parse(&bundle().to_bytes()).unwrap(), bundle());
        let rich = Bundle {
            material: Material::Certificates(vec![vec![0, 255]]),
            log_entries: vec![json::json!({"logIndex": "1", "\"\n": [1.5, null]})],
            timestamps: vec![vec![1], vec![2]],
            envelope: Envelope {
                payload_type: "a \"type\"\u{7f}\\".into(),
                signatures: vec![Signature { keyid: Some("\u{0}é".into()), bytes: vec![9] }],
                ..bundle().envelope
            },
            ..bundle()
        };
        assert_eq!(Bundle::parse(&rich.to_bytes()).unwrap(), rich);
        assert_eq!(
            String::from_utf8(bundle().to_bytes()).unwrap(),
            r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"abc="}},"dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AQID"}]}}"#
        );
    }

    #[test]
    fn two_signatures_unknown_members_and_foreign_types_are_refused() {
        let mut two = bundle();
        two.envelope.signatures.push(Signature { keyid: None, bytes: vec![4] });
        assert!(matches!(
            Bundle::parse(&two.to_bytes()),
            Err(BundleError::Signatures { found: 2 })
        ));

        let text = String::from_utf8(bundle().to_bytes()).unwrap();
        let unknown = text.replacen('{', r#"{"extra":1,"#, 1);
        assert!(matches!(Bundle::parse(unknown.as_bytes()), Err(BundleError::Json(_))));
        let foreign = text.replace("bundle.v0.3", "bundle.v0.9");
        assert!(matches!(Bundle::parse(foreign.as_bytes()), Err(BundleError::MediaType { .. })));
        // A list in place of an object is what a derived reader would take, and no other one.
        let list = text.replace(r#"{"hint":"abc="}"#, r#"["abc="]"#);
        assert_ne!(list, text);
        assert!(matches!(Bundle::parse(list.as_bytes()), Err(BundleError::Json(_))));
        let entry = |entry: &str| {
            let entries = format!(r#""verificationMaterial":{{"tlogEntries":[{entry}],"#);
            Bundle::parse(text.replace(r#""verificationMaterial":{"#, &entries).as_bytes())
        };
        assert!(entry(r#"{"a":{"b":1}}"#).is_ok());
        assert!(matches!(entry(r#"{"a":{"b":1,"b":1}}"#), Err(BundleError::Json(_))));
        let none = text.replace(r#""publicKey":{"hint":"abc="}"#, "");
        assert!(matches!(Bundle::parse(none.as_bytes()), Err(BundleError::Material { .. })));
    }
}
