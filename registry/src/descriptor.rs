//! An OCI descriptor (image-spec 1.1, descriptor.md): what something is, its digest and size.
//!
//! Everything in a descriptor but the digest is a claim of whoever wrote it. Unknown members are
//! ignored, as the specification asks of readers.

use std::collections::BTreeMap;

use evidence::{Digest, text::escape_short};
use serde::{Deserialize, Deserializer, Serialize};

/// A descriptor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What kind of content it is.
    #[serde(default)]
    pub media_type: String,
    /// The digest of the content.
    pub digest: Digest,
    /// The size of the content, in bytes.
    pub size: u64,
    /// What kind of artifact a manifest is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Words about the content.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub annotations: BTreeMap<String, String>,
    /// The content itself, in base64; see [`crate::embedded`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// What an image in an index runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
}

impl Descriptor {
    /// A descriptor of content in hand, with nothing but its type, digest and size.
    pub fn of(media_type: impl Into<String>, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.into(),
            digest: Digest::sha256(bytes),
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            artifact_type: None,
            annotations: BTreeMap::new(),
            data: None,
            platform: None,
        }
    }

    /// What the image runs on, for people: `linux/arm64/v8`; its digest, shortened, where it does not
    /// say.
    pub fn runs_on(&self) -> String {
        let Some(Platform { architecture, os, variant }) = &self.platform else {
            return self.digest.short();
        };
        let variant = variant.as_deref().filter(|variant| !variant.is_empty());
        let parts: Vec<&str> = [os.as_str(), architecture].into_iter().chain(variant).collect();
        escape_short(&parts.join("/"), 64)
    }
}

/// What an image runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// The processor, as Go's GOARCH spells it; `unknown` for what is no image.
    #[serde(default)]
    pub architecture: String,
    /// The operating system, as Go's GOOS spells it; `unknown` for what is no image.
    #[serde(default)]
    pub os: String,
    /// The variant of the processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// Go writes an empty map or list as `null`; registries are written in Go.
pub(crate) fn null_is_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
