//! A manifest or index, parsed from bytes that were hashed (image-spec 1.1; Docker schema 2).
//!
//! What it is follows from its own bytes alone. A registry's `Content-Type` is not covered by the
//! digest: two clients given two types would read two documents in one (CVE-2021-41190).

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    Digest,
    json::{self, JsonError, Value},
    text::escape_short,
};
use serde::Deserialize;

use crate::{Descriptor, descriptor::null_is_empty};

/// The media type of an OCI image manifest.
pub const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of an OCI image index.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The media type of Docker's image manifest, schema 2.
pub const DOCKER_IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// The media type of Docker's manifest list.
pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// The word for a platform of what an index lists and is no image.
const UNKNOWN: &str = "unknown";

/// Whether `media_type` says that something is a manifest or index; nothing said may be one.
pub(crate) fn may_be_manifest(media_type: &str) -> bool {
    matches!(media_type, "" | IMAGE | INDEX | DOCKER_IMAGE | DOCKER_INDEX)
}

/// A manifest or index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The digest of the bytes.
    pub digest: Digest,
    /// The bytes, as they were received.
    pub bytes: Vec<u8>,
    /// The media type that the bytes state, or that their shape implies.
    pub media_type: String,
    /// Image or index, with what it lists.
    pub kind: ManifestKind,
    /// What it hangs on.
    pub subject: Option<Descriptor>,
    /// What kind of artifact it is.
    pub artifact_type: Option<String>,
    /// Words about it.
    pub annotations: BTreeMap<String, String>,
}

/// The two kinds of manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManifestKind {
    /// One image or artifact.
    Image {
        /// The configuration.
        config: Box<Descriptor>,
        /// The layers, lowest first.
        layers: Vec<Descriptor>,
    },
    /// A list of manifests, one per platform.
    Index {
        /// The manifests.
        manifests: Vec<Descriptor>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    schema_version: u32,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    subject: Option<Descriptor>,
    #[serde(default, deserialize_with = "null_is_empty")]
    annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// Parses bytes, which are named by their own SHA-256.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, ManifestError> {
        let digest = Digest::sha256(&bytes);
        Self::parse_hashed(digest, bytes)
    }

    /// Parses bytes that hash to `digest`; the caller made sure of it.
    pub(crate) fn parse_hashed(digest: Digest, bytes: Vec<u8>) -> Result<Self, ManifestError> {
        let mut value = json::parse(&bytes)?;
        let manifests = value.as_object_mut().and_then(|members| members.remove("manifests"));
        let wire: Wire = serde_json::from_value(value).map_err(ManifestError::shape)?;
        if wire.schema_version != 2 {
            return Err(ManifestError::SchemaVersion { found: wire.schema_version });
        }
        let kind = kind(manifests, wire.config, wire.layers)?;
        let media_type = media_type(wire.media_type, &kind)?;
        Ok(Self {
            digest,
            bytes,
            media_type,
            kind,
            subject: wire.subject,
            artifact_type: wire.artifact_type.filter(|text| !text.is_empty()),
            annotations: wire.annotations,
        })
    }

    /// The descriptor that names this manifest.
    pub fn descriptor(&self) -> Descriptor {
        Descriptor {
            media_type: self.media_type.clone(),
            digest: self.digest.clone(),
            size: u64::try_from(self.bytes.len()).unwrap_or(u64::MAX),
            artifact_type: None,
            annotations: BTreeMap::new(),
            data: None,
            platform: None,
        }
    }

    /// The descriptor that lists this manifest among the referrers of its subject: with its artifact
    /// type (the configuration's type where it states none) and annotations
    /// (distribution-spec 1.1, "Listing Referrers").
    pub fn referrer(&self) -> Descriptor {
        let of_config = match &self.kind {
            ManifestKind::Image { config, .. } => Some(config.media_type.clone()),
            ManifestKind::Index { .. } => None,
        };
        Descriptor {
            artifact_type: self.artifact_type.clone().or(of_config),
            annotations: self.annotations.clone(),
            ..self.descriptor()
        }
    }

    /// The images that an index lists, each digest once; nothing for an image. What says that it is for
    /// platform `unknown` is no image (BuildKit's attestation-storage.md).
    pub fn platforms(&self) -> Vec<&Descriptor> {
        let mut seen = BTreeSet::new();
        let images = self.manifests().iter().filter(|listed| {
            let platform = listed.platform.as_ref();
            platform.is_none_or(|it| it.os != UNKNOWN && it.architecture != UNKNOWN)
        });
        images.filter(|listed| seen.insert(&listed.digest)).collect()
    }

    /// What an index lists; nothing for an image.
    pub fn manifests(&self) -> &[Descriptor] {
        match &self.kind {
            ManifestKind::Image { .. } => &[],
            ManifestKind::Index { manifests } => manifests,
        }
    }
}

fn kind(
    manifests: Option<Value>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
) -> Result<ManifestKind, ManifestError> {
    match (manifests, config, layers) {
        (Some(manifests), None, None) => {
            let manifests: Option<Vec<Descriptor>> =
                serde_json::from_value(manifests).map_err(ManifestError::shape)?;
            Ok(ManifestKind::Index { manifests: manifests.unwrap_or_default() })
        }
        (None, Some(config), Some(layers)) => {
            Ok(ManifestKind::Image { config: Box::new(config), layers })
        }
        (Some(_), _, _) => Err(ManifestError::Ambiguous),
        (None, _, _) => Err(ManifestError::Neither),
    }
}

fn media_type(stated: Option<String>, kind: &ManifestKind) -> Result<String, ManifestError> {
    let (known, implied) = match kind {
        ManifestKind::Image { .. } => ([IMAGE, DOCKER_IMAGE], IMAGE),
        ManifestKind::Index { .. } => ([INDEX, DOCKER_INDEX], INDEX),
    };
    match stated.filter(|text| !text.is_empty()) {
        None => Ok(implied.to_owned()),
        Some(stated) if known.contains(&stated.as_str()) => Ok(stated),
        Some(found) => Err(ManifestError::MediaType { found }),
    }
}

/// Why bytes are no manifest.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It has the members of an image and of an index.
    #[error("it has the members of an image and of an index at once")]
    Ambiguous,
    /// Not JSON, or with a member twice.
    #[error("{0}")]
    Json(std::sync::Arc<JsonError>),
    /// Its media type is unknown, or is not that of its shape.
    #[error("its media type is `{}`, which is not what it holds", escape_short(found, 80))]
    MediaType {
        /// What it states.
        found: String,
    },
    /// It has neither the members of an image nor those of an index.
    #[error("it has neither `config` and `layers` nor `manifests`")]
    Neither,
    /// A manifest where an index is due.
    #[error("it is an image, not an index")]
    NotIndex,
    /// Another version than 2.
    #[error("its schemaVersion is {found}, not 2")]
    SchemaVersion {
        /// What it states.
        found: u32,
    },
    /// A member has the wrong shape.
    #[error("{0}")]
    Shape(std::sync::Arc<serde_json::Error>),
}

impl ManifestError {
    /// A document of another shape than it should have.
    pub fn shape(error: serde_json::Error) -> Self {
        Self::Shape(std::sync::Arc::new(error))
    }
}

impl From<JsonError> for ManifestError {
    fn from(error: JsonError) -> Self {
        Self::Json(std::sync::Arc::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn parse(text: &str) -> Result<Manifest, ManifestError> {
        let descriptor = format!(r#"{{"mediaType":"m","digest":"{DIGEST}","size":2}}"#);
        Manifest::parse(text.replace('D', &descriptor).into_bytes())
    }

    #[test]
    fn an_image_and_an_index_are_told_by_their_members() {
        let image = parse(r#"{"schemaVersion":2,"config":D,"layers":[D],"extra":1}"#).unwrap();
        assert_eq!(image.media_type, IMAGE);
        assert!(image.digest.matches(&image.bytes));
        let index = parse(r#"{"schemaVersion":2,"manifests":[D,D]}"#).unwrap();
        assert_eq!((index.media_type.as_str(), index.manifests().len()), (INDEX, 2));
        let empty = parse(r#"{"schemaVersion":2,"manifests":null,"annotations":null}"#).unwrap();
        assert!(empty.manifests().is_empty());
    }

    #[test]
    fn what_is_for_no_platform_is_no_image_and_an_image_is_listed_once() {
        let other = "sha256:b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";
        let entry = |digest: &str, platform: &str| {
            format!(r#"{{"mediaType":"m","digest":"{digest}","size":2{platform}}}"#)
        };
        let on = |os: &str| format!(r#","platform":{{"os":"{os}","architecture":"{os}"}}"#);
        let entries =
            [entry(DIGEST, &on("linux")), entry(other, &on("unknown")), entry(DIGEST, "")];
        let index = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, entries.join(","));
        let index = Manifest::parse(index.into_bytes()).unwrap();
        let platforms = index.platforms();
        assert_eq!(platforms.len(), 1);
        assert_eq!(platforms[0].digest.to_string(), DIGEST);
        assert_eq!(platforms[0].runs_on(), "linux/linux");
        assert_eq!(index.manifests()[2].runs_on(), index.manifests()[2].digest.short());
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        for (text, expected) in [
            (r#"{"schemaVersion":2,"manifests":[D],"layers":[D],"config":D}"#, "at once"),
            (r#"{"schemaVersion":2,"manifests":[D],"layers":[D]}"#, "at once"),
            (r#"{"schemaVersion":2,"layers":[D]}"#, "neither"),
            (r#"{"schemaVersion":1,"layers":[D],"config":D}"#, "schemaVersion is 1"),
            (r#"{"schemaVersion":2,"mediaType":"text/html","manifests":[]}"#, "media type"),
            (
                r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]}"#,
                "not what it holds",
            ),
            (r#"{"schemaVersion":2,"manifests":[],"manifests":[D]}"#, "duplicate"),
            (r#"{"schemaVersion":2,"manifests":[{"digest":"sha256:../x","size":1}]}"#, "digest"),
            (r#"{"schemaVersion":2,"manifests":[{"digest":"D","size":-1}]}"#, ""),
            ("<html>", "not JSON"),
            ("[]", ""),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn no_flipped_bit_panics() {
        let descriptor = format!(r#"{{"mediaType":"m","digest":"{DIGEST}","size":2}}"#);
        let text = format!(
            r#"{{"schemaVersion":2,"config":{descriptor},"layers":[{descriptor}],"subject":{descriptor}}}"#
        );
        let before = Manifest::parse(text.clone().into_bytes()).unwrap();
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                if let Ok(after) = Manifest::parse(bytes) {
                    assert_ne!(after.digest, before.digest);
                }
            }
        }
    }
}
