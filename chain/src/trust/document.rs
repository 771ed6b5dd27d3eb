//! A trusted root as it is written: every member known, none twice.
//!
//! `sigstore-trust-root` ignores members that it does not know; a root whose author wrote something
//! that nobody heeds would be believed for more than was meant.

use evidence::json::{self, Value};
use sigstore_verify::{trust_root::TrustedRoot, types::LogKeyId};

use super::RootError;

/// The media types of a trusted root (sigstore_trustroot.proto, `TrustedRoot.media_type`).
const MEDIA_TYPES: [&str; 3] = [
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];

/// The media type of a client's trust configuration, which holds a trusted root (the same file).
const CLIENT: &str = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";

/// The members that may stand in each object, by the member that holds it.
const KNOWN: [(&str, &[&str]); 11] = [
    ("", &["mediaType", "tlogs", "certificateAuthorities", "ctlogs", "timestampAuthorities"]),
    ("tlogs", LOG),
    ("ctlogs", LOG),
    ("certificateAuthorities", AUTHORITY),
    ("timestampAuthorities", AUTHORITY),
    ("publicKey", &["rawBytes", "keyDetails", "validFor"]),
    ("logId", &["keyId"]),
    ("checkpointKeyId", &["keyId"]),
    ("subject", &["organization", "commonName"]),
    ("certChain", &["certificates"]),
    ("validFor", &["start", "end"]),
];
const LOG: &[&str] =
    &["baseUrl", "hashAlgorithm", "publicKey", "logId", "checkpointKeyId", "operator"];
const AUTHORITY: &[&str] = &["subject", "uri", "certChain", "validFor", "operator"];
const CERTIFICATE: &[&str] = &["rawBytes"];

/// A trusted root, read.
pub(super) struct Document {
    pub(super) root: TrustedRoot,
    /// Per log, the id by which it signs checkpoints, where the file names one.
    pub(super) checkpoint_ids: Vec<Option<LogKeyId>>,
}

impl Document {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, RootError> {
        let wrong = |error: &dyn std::fmt::Display| RootError::Json(error.to_string());
        let mut value = json::parse(bytes).map_err(|error| wrong(&error))?;
        if media_type(&value) == CLIENT {
            value = value.get_mut("trustedRoot").map(Value::take).unwrap_or_default();
        }
        let found = media_type(&value);
        if !MEDIA_TYPES.contains(&found) {
            return Err(RootError::MediaType { found: found.to_owned() });
        }
        known("", &value)?;
        let logs = value.get("tlogs").and_then(Value::as_array).into_iter().flatten();
        let checkpoint_ids = logs
            .map(|log| log.pointer("/checkpointKeyId/keyId").cloned())
            .map(|id| id.map(serde_json::from_value).transpose())
            .collect::<Result<_, _>>()
            .map_err(|error| wrong(&error))?;
        let root = TrustedRoot::from_json(&value.to_string()).map_err(|error| wrong(&error))?;
        Ok(Self { root, checkpoint_ids })
    }
}

fn media_type(value: &Value) -> &str {
    value.get("mediaType").and_then(Value::as_str).unwrap_or_default()
}

/// Refuses members that have no meaning where they stand.
fn known(holder: &str, value: &Value) -> Result<(), RootError> {
    match value {
        Value::Array(all) => all.iter().try_for_each(|one| known(holder, one)),
        Value::Object(members) => members.iter().try_for_each(|(name, value)| {
            let may_stand = match KNOWN.iter().find(|(known, _)| *known == holder) {
                Some((_, names)) => names,
                None if holder == "certificates" => CERTIFICATE,
                None => &[],
            };
            match may_stand.contains(&name.as_str()) {
                true => known(name, value),
                false => {
                    let place = if holder.is_empty() { "the trusted root" } else { holder };
                    Err(RootError::Json(format!("{place} has an unknown member `{name}`")))
                }
            }
        }),
        _ => Ok(()),
    }
}
