//! The image itself: its labels, and the digests that are all this image.

use std::collections::BTreeMap;

use chain::{Platform, Shape};
use evidence::{
    Algorithm, Digest,
    json::{self, Value},
};
use futures_util::future::try_join_all;
use registry::{Descriptor, Manifest, ManifestKind, Source};

use super::GatherError;

/// What an index lists that is no image carries this word for a platform (BuildKit's
/// attestation-storage.md).
const UNKNOWN: &str = "unknown";

/// The digests of an image's bytes, by every algorithm that subjects are read in.
pub(super) fn digests(bytes: &[u8]) -> Vec<Digest> {
    let all = [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512];
    all.into_iter().map(|algorithm| Digest::of(algorithm, bytes)).collect()
}

/// The labels of an image's config; `None` for an index, which has none of its own.
pub(super) async fn labels<S: Source>(
    source: &S,
    manifest: &Manifest,
    wanted: bool,
) -> Result<Option<BTreeMap<String, String>>, GatherError> {
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

/// The real platforms of an index, with their labels where they are wanted; each costs two requests.
pub(super) async fn platforms<S: Source>(
    source: &S,
    index: &Manifest,
    wanted: bool,
) -> Result<Vec<Platform>, GatherError> {
    let images = index.manifests().iter().filter(|listed| is_image(listed));
    try_join_all(images.map(|listed| async move {
        let labels = match wanted {
            true => labels(source, &source.listed(listed).await?, true).await?,
            false => None,
        };
        Ok(Platform { name: name(listed), digest: listed.digest.clone(), labels })
    }))
    .await
}

/// How a digest stands to the index that the user gave: the index must list it.
pub(super) fn listed(index: &Manifest, digest: &Digest) -> Result<Shape, GatherError> {
    let siblings: Vec<Digest> = index.manifests().iter().map(|d| d.digest.clone()).collect();
    if !siblings.contains(digest) {
        return Err(GatherError::NotListed { index: index.digest.clone(), digest: digest.clone() });
    }
    Ok(Shape::Listed { index: index.digest.clone(), siblings })
}

/// `linux/arm64/v8`; the digest of a platform that does not say.
fn name(listed: &Descriptor) -> String {
    match &listed.platform {
        Some(platform) => {
            let variant = platform.variant.as_deref().filter(|variant| !variant.is_empty());
            let parts = [platform.os.as_str(), &platform.architecture].into_iter().chain(variant);
            evidence::text::escape_short(&parts.collect::<Vec<_>>().join("/"), 64)
        }
        None => listed.digest.short(),
    }
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
