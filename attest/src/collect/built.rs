//! Which image a BuildKit metadata file is about: its names and digest beside what was typed.
//!
//! The digest comes from the file. What was typed may say where the image lies; if it says more, it
//! must say the same.

use evidence::{Digest, text::escape_short};
use registry::Reference;

use super::metadata::Metadata;

/// The image that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Built {
    /// Where it lies.
    pub(crate) reference: Reference,
    /// The name that a layout is taken for.
    pub(crate) told: Option<String>,
}

impl Built {
    /// Finds the image by what was typed, or by the file alone.
    pub(crate) fn find(
        metadata: &Metadata,
        typed: Option<Reference>,
        told: Option<String>,
    ) -> Result<Self, BuiltError> {
        let names = names(metadata)?;
        let repositories = repositories(&names);
        let reference = match typed {
            None => alone(&repositories)?,
            Some(reference) => reference,
        };
        let told = match (&reference, told) {
            (Reference::Registry { .. }, told) => {
                agree(&reference, &names)?;
                told
            }
            (Reference::Archive { .. } | Reference::Layout { .. }, Some(told)) => {
                if !repositories.is_empty() && !repositories.contains(&told) {
                    return Err(BuiltError::Name { typed: told, names: repositories });
                }
                Some(told)
            }
            (Reference::Archive { .. } | Reference::Layout { .. }, None) => {
                match repositories.as_slice() {
                    [only] => Some(only.clone()),
                    _ => None,
                }
            }
        };
        let reference = pinned(reference, &metadata.digest)?;
        Ok(Self { reference, told })
    }

    /// Refuses an image that is not the one that was built.
    pub(crate) fn is(
        metadata: &Metadata,
        digest: &Digest,
        config: Option<&Digest>,
    ) -> Result<(), BuiltError> {
        let fault = |stated: &Digest, found: &Digest| BuiltError::Digest {
            stated: stated.clone(),
            found: found.clone(),
        };
        if metadata.digest != *digest {
            return Err(fault(&metadata.digest, digest));
        }
        match (&metadata.config, config) {
            (Some(stated), Some(found)) if stated != found => Err(fault(stated, found)),
            _ => Ok(()),
        }
    }
}

fn names(metadata: &Metadata) -> Result<Vec<Reference>, BuiltError> {
    let parse = |name: &String| {
        name.parse::<Reference>().map_err(|_| BuiltError::Unreadable { name: name.clone() })
    };
    metadata.names.iter().map(parse).collect()
}

/// The repositories, each once.
fn repositories(names: &[Reference]) -> Vec<String> {
    let mut repositories: Vec<String> = names.iter().filter_map(Reference::name).collect();
    repositories.sort();
    repositories.dedup();
    repositories
}

fn alone(repositories: &[String]) -> Result<Reference, BuiltError> {
    match repositories {
        [] => Err(BuiltError::Nameless),
        [only] => only.parse().map_err(|_| BuiltError::Unreadable { name: only.clone() }),
        several => Err(BuiltError::Several { names: several.to_vec() }),
    }
}

/// A file that names nothing agrees with everything.
fn agree(typed: &Reference, names: &[Reference]) -> Result<(), BuiltError> {
    let same_repository = |name: &&Reference| name.name() == typed.name();
    let same_tag = |name: &Reference| typed.tag().is_none() || name.tag() == typed.tag();
    if names.is_empty() || names.iter().filter(same_repository).any(same_tag) {
        return Ok(());
    }
    Err(BuiltError::Name {
        typed: typed.to_string(),
        names: names.iter().map(ToString::to_string).collect(),
    })
}

/// Puts the digest into a reference that has neither tag nor digest. A tag that was typed is
/// resolved instead, and what it names compared: a later build may have moved it.
fn pinned(reference: Reference, digest: &Digest) -> Result<Reference, BuiltError> {
    if let Some(typed) = reference.digest().filter(|typed| *typed != digest) {
        return Err(BuiltError::Digest { stated: digest.clone(), found: typed.clone() });
    }
    let digest = Some(digest.clone());
    Ok(match reference {
        Reference::Archive { file, tag: None, .. } => {
            Reference::Archive { file, tag: None, digest }
        }
        Reference::Layout { dir, tag: None, .. } => Reference::Layout { dir, tag: None, digest },
        Reference::Registry { host, repository, tag: None, .. } => {
            Reference::Registry { host, repository, tag: None, digest }
        }
        tagged => tagged,
    })
}

/// Why a metadata file and what was typed do not go together.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum BuiltError {
    /// Another digest.
    #[error("the metadata file says {stated}, the image is {found}")]
    Digest {
        /// What the file says.
        stated: Digest,
        /// What the image is.
        found: Digest,
    },
    /// Another name.
    #[error("the metadata file names {}, not `{}`", list(names), escape_short(typed, 300))]
    Name {
        /// What was typed.
        typed: String,
        /// What the file names.
        names: Vec<String>,
    },
    /// The file names no image and nothing was typed.
    #[error("the metadata file has a digest and no name")]
    Nameless,
    /// The file names several repositories and nothing was typed.
    #[error("the metadata file names {}", list(names))]
    Several {
        /// What it names.
        names: Vec<String>,
    },
    /// A name that is none.
    #[error("the metadata file names `{}`, which is no image", escape_short(name, 300))]
    Unreadable {
        /// The name.
        name: String,
    },
}

impl BuiltError {
    /// Whether the command can be mended, rather than the build.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::Nameless | Self::Several { .. })
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Digest { .. } | Self::Name { .. } => "metadata-mismatch",
            Self::Nameless | Self::Several { .. } => "metadata-name",
            Self::Unreadable { .. } => "metadata-unreadable",
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Digest { .. } => "give the repository alone; the digest comes from the file",
            Self::Name { .. } => "give one of its names, or the file of that build",
            Self::Nameless | Self::Several { .. } => "say which: attest build REPOSITORY …",
            Self::Unreadable { .. } => "build again with --metadata-file FILE",
        }
    }
}

fn list(names: &[String]) -> String {
    let shown = names.iter().take(5).map(|name| format!("`{}`", escape_short(name, 200)));
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = "registry.example.com/acme/app";

    fn metadata() -> Metadata {
        let file =
            include_bytes!("../../../testdata/buildkit/synthetic-buildx-metadata-single.json");
        Metadata::read(file).unwrap()
    }

    fn find(typed: Option<&str>, told: Option<&str>) -> Result<Built, BuiltError> {
        let typed = typed.map(|text| text.parse().unwrap());
        Built::find(&metadata(), typed, told.map(str::to_owned))
    }

    #[test]
    fn the_file_alone_is_enough_where_it_names_one_repository() {
        let built = find(None, None).unwrap();
        assert_eq!(built.reference.to_string(), format!("{APP}@{}", metadata().digest));
        let mut several = metadata();
        several.names.push("registry.example.com/acme/worker:1".into());
        let error = Built::find(&several, None, None).unwrap_err();
        assert!(error.is_usage(), "{error}");
        several.names.clear();
        assert_eq!(Built::find(&several, None, None), Err(BuiltError::Nameless));
    }

    #[test]
    fn what_was_typed_must_be_among_the_names() {
        let tagged = find(Some(&format!("{APP}:latest")), None).unwrap();
        assert_eq!(tagged.reference.tag(), Some("latest"));
        assert_eq!(tagged.reference.digest(), None, "the tag is asked for and compared");
        for other in ["registry.example.com/acme/worker", &format!("{APP}:1.3.9")] {
            assert_eq!(find(Some(other), None).unwrap_err().code(), "metadata-mismatch");
        }
        let digest = format!("{APP}@{}", Digest::sha256(b"other"));
        assert_eq!(find(Some(&digest), None).unwrap_err().code(), "metadata-mismatch");
    }

    #[test]
    fn a_layout_takes_its_name_from_the_file() {
        let built = find(Some("oci:app"), None).unwrap();
        assert_eq!(built.told.as_deref(), Some(APP));
        assert_eq!(built.reference.digest(), Some(&metadata().digest));
        assert!(find(Some("oci:app"), Some(APP)).is_ok());
        assert!(find(Some("oci:app"), Some("registry.example.com/acme/worker")).is_err());
    }

    #[test]
    fn the_image_must_be_the_one_that_was_built() {
        let (metadata, other) = (metadata(), Digest::sha256(b"other"));
        assert!(Built::is(&metadata, &metadata.digest, metadata.config.as_ref()).is_ok());
        assert!(Built::is(&metadata, &metadata.digest, None).is_ok());
        assert!(Built::is(&metadata, &other, None).is_err());
        assert!(Built::is(&metadata, &metadata.digest, Some(&other)).is_err());
    }
}
