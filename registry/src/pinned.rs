//! A digest reference: what the answer is about. Nothing past `resolve` accepts a tag.

use std::{fmt, path::PathBuf};

use evidence::Digest;

use crate::{AnySource, Error, Manifest, Reference, Source};

/// An image, pinned to its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    name: Option<String>,
    digest: Digest,
    location: Location,
}

/// Where an image lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In an archive of a layout.
    Archive(PathBuf),
    /// In a layout directory.
    Layout(PathBuf),
    /// In the registry that its name begins with.
    Registry,
}

impl Pinned {
    /// Pins what `reference` names to `digest`. `told` is the name that the user gave to a layout,
    /// which has none of its own; a registry's image keeps the name that it has.
    pub fn new(reference: &Reference, told: Option<&str>, digest: Digest) -> Self {
        let (name, location) = match reference {
            Reference::Archive { file, .. } => {
                (told.map(str::to_owned), Location::Archive(file.clone()))
            }
            Reference::Layout { dir, .. } => {
                (told.map(str::to_owned), Location::Layout(dir.clone()))
            }
            Reference::Registry { .. } => (reference.name(), Location::Registry),
        };
        Self { name, digest, location }
    }

    /// The repository with its host; for a layout what the user said that it is, if anything.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The digest.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Where it lies.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The same image under another of its digests: a platform of an index, or the index.
    pub fn at(&self, digest: Digest) -> Self {
        Self { digest, ..self.clone() }
    }
}

impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.location, &self.name) {
            (Location::Archive(file), _) => {
                write!(f, "oci-archive:{}@{}", file.display(), self.digest)
            }
            (Location::Layout(dir), _) => write!(f, "oci:{}@{}", dir.display(), self.digest),
            (Location::Registry, Some(name)) => write!(f, "{name}@{}", self.digest),
            (Location::Registry, None) => write!(f, "{}", self.digest),
        }
    }
}

/// Resolves what was typed, once: a digest is taken as it is, a tag asked for; without either, the
/// tag is `latest`, and in a layout the only image that is there.
pub async fn pin(
    source: &AnySource,
    reference: &Reference,
    told: Option<&str>,
) -> Result<(Pinned, Manifest), Error> {
    let manifest = match (reference.digest(), reference.tag(), source) {
        (Some(digest), _, _) => source.manifest(digest).await?,
        (None, Some(tag), _) => source.resolve(tag).await?,
        (None, None, AnySource::Layout(layout)) => Some(layout.only()?),
        (None, None, AnySource::Http(_)) => source.resolve("latest").await?,
    };
    let manifest = manifest.ok_or_else(|| Error::NotFound { reference: reference.to_string() })?;
    Ok((Pinned::new(reference, told, manifest.digest.clone()), manifest))
}
