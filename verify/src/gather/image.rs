//! The image itself: its labels, and the digests that are all this image.

use std::collections::BTreeMap;

use chain::{Platform, Shape};
use evidence::{
    Algorithm, Digest,
    json::{self, Value},
};
use futures_util::future::try_join_all;
use registry::{Manifest, ManifestKind, Source};

use super::GatherError;

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
    try_join_all(index.platforms().into_iter().map(|listed| async move {
        let labels = match wanted {
            true => labels(source, &source.listed(listed).await?, true).await?,
            false => None,
        };
        Ok(Platform { name: listed.runs_on(), digest: listed.digest.clone(), labels })
    }))
    .await
}

/// How a digest stands to the index that the user gave: the index must list it.
pub(super) fn listed(index: &Manifest, digest: &Digest) -> Result<Shape, GatherError> {
    if !index.manifests().iter().any(|listed| listed.digest == *digest) {
        return Err(GatherError::NotListed { index: index.digest.clone(), digest: digest.clone() });
    }
    let siblings = index.platforms().into_iter().map(|listed| listed.digest.clone()).collect();
    Ok(Shape::Listed { index: index.digest.clone(), siblings })
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
