//! What an image consists of: its manifests, and the blobs that they name.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use registry::{
    AnySource, Descriptor, Error, Manifest, ManifestKind, Source,
    manifest::{DOCKER_IMAGE, DOCKER_INDEX, IMAGE, INDEX},
};

/// Requests at once; the source bounds them again by the budget.
const AT_ONCE: usize = 16;

/// All manifests of an image, each after those that it lists. What an index lists and the source does
/// not have is an error: an index that names what is not there would be no copy.
pub(super) async fn manifests(from: &AnySource, image: &Manifest) -> Result<Vec<Manifest>, Error> {
    let mut seen = BTreeSet::from([image.digest.clone()]);
    let mut levels = vec![vec![image.clone()]];
    while let Some(level) = levels.last() {
        let listed = level.iter().flat_map(Manifest::manifests);
        let new: Vec<Descriptor> = listed
            .filter(|entry| is_manifest(entry) && seen.insert(entry.digest.clone()))
            .cloned()
            .collect();
        if new.is_empty() {
            break;
        }
        let next = stream::iter(&new).map(|entry| from.listed(entry)).buffered(AT_ONCE);
        levels.push(next.try_collect().await?);
    }
    Ok(levels.into_iter().rev().flatten().collect())
}

/// The blobs that manifests name, each once.
pub(super) fn blobs(manifests: &[Manifest]) -> Vec<Descriptor> {
    let mut seen = BTreeSet::new();
    let named = manifests.iter().flat_map(|manifest| -> Vec<&Descriptor> {
        match &manifest.kind {
            ManifestKind::Image { config, layers } => {
                std::iter::once(&**config).chain(layers).collect()
            }
            // An index may list what is no manifest (image-spec 1.1, image-index.md).
            ManifestKind::Index { manifests } => {
                manifests.iter().filter(|entry| !is_manifest(entry)).collect()
            }
        }
    });
    let named = named.filter(|blob| !lies_elsewhere(blob));
    named.filter(|blob| seen.insert(blob.digest.clone())).cloned().collect()
}

fn is_manifest(entry: &Descriptor) -> bool {
    matches!(entry.media_type.as_str(), "" | IMAGE | INDEX | DOCKER_IMAGE | DOCKER_INDEX)
}

/// Layers of Windows that no registry but Microsoft's may hand out: they are named by URL, and
/// registries take manifests without them (image-spec 1.1, layer.md "Non-Distributable Layers").
fn lies_elsewhere(blob: &Descriptor) -> bool {
    blob.media_type.contains(".nondistributable.") || blob.media_type.contains(".foreign.")
}
