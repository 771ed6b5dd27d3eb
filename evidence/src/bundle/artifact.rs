//! A bundle whose signature is over an artifact itself, as `cosign sign-blob` makes them.
//!
//! It says nothing about an image and is no evidence for a policy; whoever holds the artifact may ask
//! who signed it.

use serde::Deserialize;

use super::{BundleError, Material, Version, WireMaterial, bytes_of};
use crate::{
    Digest,
    json::{Object, Value},
};

/// A signature over an artifact and what is needed to verify it.
#[derive(Clone, Debug, PartialEq)]
pub struct ArtifactBundle {
    /// The version that its media type names.
    pub version: Version,
    /// Who signed, by the bundle's own word.
    pub material: Material,
    /// Transparency log entries, not yet read.
    pub log_entries: Vec<Value>,
    /// RFC 3161 timestamp tokens, DER, not yet read.
    pub timestamps: Vec<Vec<u8>>,
    /// The digest of the artifact, by the bundle's own word.
    pub digest: Option<Digest>,
    /// The signature.
    pub signature: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    media_type: String,
    verification_material: Object<WireMaterial>,
    message_signature: Object<WireSignature>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireSignature {
    #[serde(default)]
    message_digest: Option<Object<WireDigest>>,
    signature: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireDigest {
    algorithm: String,
    digest: String,
}

impl ArtifactBundle {
    /// Parses a bundle of any version from 0.1 to 0.3.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let Object(wire): Object<Wire> =
            serde_json::from_slice(bytes).map_err(BundleError::Json)?;
        let version = Version::of_media_type(&wire.media_type)
            .ok_or(BundleError::MediaType { found: wire.media_type })?;
        let (material, log_entries, timestamps) = wire.verification_material.0.read(version)?;
        let Object(WireSignature { message_digest, signature }) = wire.message_signature;
        let digest = message_digest.map(|Object(written)| written.read()).transpose()?;
        let signature = bytes_of(&signature)?;
        Ok(Self { version, material, log_entries, timestamps, digest, signature })
    }
}

impl WireDigest {
    fn read(&self) -> Result<Digest, BundleError> {
        let hash = bytes_of(&self.digest)?;
        match <&[u8; 32]>::try_from(hash.as_slice()) {
            Ok(hash) if self.algorithm == "SHA2_256" => Ok(Digest::of_hash(hash)),
            _ => Err(BundleError::Digest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    fn parse(signature: &str) -> Result<ArtifactBundle, BundleError> {
        let media_type = super::super::MEDIA_TYPE;
        let text = format!(
            r#"{{"mediaType":"{media_type}","verificationMaterial":{{"publicKey":{{"hint":"a"}}}},"messageSignature":{signature}}}"#
        );
        ArtifactBundle::parse(text.as_bytes())
    }

    #[test]
    fn a_digest_is_a_sha256_or_absent() {
        let with = |algorithm: &str, digest: &str| {
            parse(&format!(
                r#"{{"messageDigest":{{"algorithm":"{algorithm}","digest":"{digest}"}},"signature":"AQI="}}"#
            ))
        };
        let right = with("SHA2_256", HASH).unwrap();
        assert_eq!(right.digest, Some(Digest::of_hash(&[0; 32])));
        assert_eq!(right.signature, [1, 2]);
        assert!(matches!(with("SHA2_512", HASH), Err(BundleError::Digest)));
        assert!(matches!(with("SHA2_256", "AQI="), Err(BundleError::Digest)));
        assert_eq!(parse(r#"{"signature":"AQI="}"#).unwrap().digest, None);
        assert!(matches!(parse(r#"{"signature":"AQI=","x":1}"#), Err(BundleError::Json(_))));
        assert!(matches!(parse(r#"{"signature":"?"}"#), Err(BundleError::Base64)));
    }
}
