//! The image itself: its labels, and the digests that are all this image.

use std::collections::BTreeMap;

use evidence::{
    Digest,
    json::{self, Value},
};
use registry::{Descriptor, Manifest, ManifestKind, Source};

/// What an index lists that is no image carries this word for a platform (BuildKit's
/// attestation-storage.md).
const UNKNOWN: &str = "unknown";

/// The labels of an image's config; `None` for an index, which has none of its own.
pub(super) async fn labels<S: Source>(
    source: &S,
    manifest: &Manifest,
    wanted: bool,
) -> Result<Option<BTreeMap<String, String>>, super::GatherError> {
    match &manifest.kind {
        ManifestKind::Index { .. } => Ok(None),
        ManifestKind::Image { .. } if !wanted => Ok(Some(BTreeMap::new())),
        ManifestKind::Image { config, .. } => Ok(Some(read(&source.blob(config).await?))),
    }
}

/// The labels in a config; one that cannot be read has none, so that a label which the policy asks
/// for is missing.
fn read(config: &[u8]) -> BTreeMap<String, String> {
    let value = json::parse(config).unwrap_or_default();
    let labels = value.pointer("/config/Labels").and_then(Value::as_object);
    labels
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// The digest asked for, and of an index the images that it lists.
pub(super) fn family(manifest: &Manifest) -> Vec<Digest> {
    let platforms = manifest.manifests().iter().filter(|listed| is_image(listed));
    [manifest.digest.clone()].into_iter().chain(platforms.map(|d| d.digest.clone())).collect()
}

fn is_image(listed: &Descriptor) -> bool {
    listed.platform.as_ref().is_none_or(|p| p.os != UNKNOWN && p.architecture != UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_from_one_reading_only() {
        let config = br#"{"config":{"Labels":{"git.commit":"4f1c","x":1}}}"#;
        assert_eq!(read(config), BTreeMap::from([("git.commit".into(), "4f1c".into())]));
        assert!(read(br#"{"config":{"Labels":{"a":"1","a":"2"}}}"#).is_empty());
        assert!(read(br#"{"config":{"Labels":null}}"#).is_empty());
        assert!(read(b"not json").is_empty());
    }
}
