//! Manifests at the target: put there by their digest, tagged, and read back.

use evidence::Digest;
use registry::{AnySource, Error, Manifest, Source, http::HttpSource};
use reqwest::header::HeaderMap;

use super::{CopyError, blob::Way};
use crate::attach::{
    AttachError,
    layout::{self, Listed},
    push::{self, Name},
};

/// A tag of the target that names the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tagged {
    /// The tag.
    pub(crate) tag: String,
    /// What it named before, if it named something.
    pub(crate) before: Option<Digest>,
}

/// Has the target hold a manifest; a layout's `index.json` lists the image itself.
pub(super) async fn put(
    to: &AnySource,
    manifest: &Manifest,
    listed: bool,
) -> Result<Way, CopyError> {
    match to {
        AnySource::Http(to) => put_by_digest(to, manifest).await,
        AnySource::Layout(to) => {
            let listed = if listed { Listed::Untagged } else { Listed::Not };
            let writes = layout::put_manifest(to, manifest, listed).await?;
            Ok(if writes > 0 { Way::Sent } else { Way::There })
        }
    }
}

async fn put_by_digest(to: &HttpSource, manifest: &Manifest) -> Result<Way, CopyError> {
    let Manifest { digest, media_type, bytes, .. } = manifest;
    if push::has_manifest(to.client(), digest, media_type).await? {
        return Ok(Way::There);
    }
    let name = Name::Digest(digest.clone());
    let response = push::manifest(to.client(), &name, bytes, media_type).await?;
    says_the_same(to, manifest, &response.headers)?;
    Ok(Way::Sent)
}

/// Refuses an answer that names another digest than was sent.
fn says_the_same(
    to: &HttpSource,
    manifest: &Manifest,
    headers: &HeaderMap,
) -> Result<(), CopyError> {
    let said = headers.get("Docker-Content-Digest").and_then(|value| value.to_str().ok());
    let said: Option<Digest> = said.and_then(|said| said.parse().ok());
    // Another algorithm names the same content otherwise.
    let other = said
        .filter(|said| said.algorithm() == manifest.digest.algorithm() && *said != manifest.digest);
    match other {
        None => Ok(()),
        found => Err(changed(to.place(), manifest, found)),
    }
}

/// Proves that the target gives the bytes that it was given.
pub(super) async fn prove(to: &AnySource, manifest: &Manifest) -> Result<(), CopyError> {
    match to.manifest(&manifest.digest).await {
        Ok(Some(found)) if found.bytes == manifest.bytes => Ok(()),
        Ok(found) => {
            let found = found.map(|found| Digest::sha256(&found.bytes));
            Err(changed(to.place(), manifest, found))
        }
        Err(Error::DigestMismatch { found, .. }) => Err(changed(to.place(), manifest, Some(found))),
        Err(error) => Err(AttachError::from(error).into()),
    }
}

/// Has a tag name the image.
pub(super) async fn tag(to: &AnySource, image: &Manifest, tag: &str) -> Result<Tagged, CopyError> {
    let before = named(to, tag).await?;
    if before.as_ref() != Some(&image.digest) {
        put_tag(to, image, tag).await?;
        let after = named(to, tag).await?;
        if after.as_ref() != Some(&image.digest) {
            return Err(changed(to.place(), image, after));
        }
    }
    Ok(Tagged { tag: tag.to_owned(), before })
}

/// Writes a manifest under a tag, whatever that named before.
pub(super) async fn put_tag(
    to: &AnySource,
    manifest: &Manifest,
    tag: &str,
) -> Result<(), CopyError> {
    match to {
        AnySource::Http(to) => {
            let name = Name::Tag(tag.to_owned());
            let (bytes, media_type) = (&manifest.bytes, &manifest.media_type);
            let response = push::manifest(to.client(), &name, bytes, media_type).await?;
            says_the_same(to, manifest, &response.headers)
        }
        AnySource::Layout(to) => {
            layout::put_manifest(to, manifest, Listed::Tagged(tag)).await?;
            Ok(())
        }
    }
}

/// What a tag of the target names; nothing, too, where that is no manifest that we know.
async fn named(to: &AnySource, tag: &str) -> Result<Option<Digest>, CopyError> {
    match to.resolve(tag).await {
        Ok(manifest) => Ok(manifest.map(|manifest| manifest.digest)),
        Err(Error::Malformed { .. }) => Ok(None),
        Err(error) => Err(AttachError::from(error).into()),
    }
}

fn changed(place: String, manifest: &Manifest, found: Option<Digest>) -> CopyError {
    CopyError::Changed { place, wanted: manifest.digest.clone(), found }
}
