//! From bytes to a signing configuration.

use evidence::json;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::SigningConfigError;

/// Bytes of a configuration. Sigstore's has 1.3 KB.
const MOST: usize = 1024 * 1024;

/// The media type of a client trust configuration (protobuf-specs, `ClientTrustConfig`).
const CLIENT_TRUST_CONFIG: &str = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";

/// A signing configuration (`signing_config.v0.2.json`).
#[derive(Clone, Debug)]
pub struct SigningConfig(pub(super) sigstore_trust_root::SigningConfig);

impl SigningConfig {
    /// Reads a configuration; a client trust configuration is read for the one it holds.
    pub fn parse(bytes: &[u8]) -> Result<Self, SigningConfigError> {
        if is_client_trust_config(&parsed(bytes)?) {
            return Ok(ClientTrustConfig::parse(bytes)?.signing_config);
        }
        // Strict JSON is UTF-8.
        let text = String::from_utf8_lossy(bytes);
        let config = sigstore_trust_root::SigningConfig::from_json(&text);
        config.map(Self).map_err(SigningConfigError::Members)
    }
}

/// A client trust configuration: a trusted root and a signing configuration in one file.
#[derive(Clone, Debug)]
pub struct ClientTrustConfig {
    /// The trusted root, as it stands in the file.
    pub trusted_root: Vec<u8>,
    /// The signing configuration.
    pub signing_config: SigningConfig,
}

/// What stands in the file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parts<'a> {
    #[serde(borrow)]
    trusted_root: &'a RawValue,
    #[serde(borrow)]
    signing_config: &'a RawValue,
}

impl ClientTrustConfig {
    /// Reads a client trust configuration.
    pub fn parse(bytes: &[u8]) -> Result<Self, SigningConfigError> {
        let value = parsed(bytes)?;
        if !is_client_trust_config(&value) {
            let found = value.get("mediaType").and_then(|found| found.as_str()).unwrap_or_default();
            let cause = sigstore_trust_root::Error::UnsupportedMediaType(found.to_owned());
            return Err(SigningConfigError::Members(cause));
        }
        let parts: Parts<'_> = serde_json::from_slice(bytes).map_err(SigningConfigError::Parts)?;
        Ok(Self {
            trusted_root: parts.trusted_root.get().as_bytes().to_vec(),
            signing_config: SigningConfig::parse(parts.signing_config.get().as_bytes())?,
        })
    }
}

fn parsed(bytes: &[u8]) -> Result<json::Value, SigningConfigError> {
    if bytes.len() > MOST {
        return Err(SigningConfigError::Large { most: MOST });
    }
    Ok(json::parse(bytes)?)
}

fn is_client_trust_config(value: &json::Value) -> bool {
    value.get("mediaType").and_then(|found| found.as_str()) == Some(CLIENT_TRUST_CONFIG)
}
