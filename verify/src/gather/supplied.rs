//! Evidence that the user names besides (`--evidence FILE|DIR|REF`).
//!
//! A path that exists is a path, whatever it looks like; `oci://HOST/…`, `oci:DIR` and
//! `oci-archive:FILE` are never paths, and `./…` is never a repository.

use std::path::{Path, PathBuf};

use evidence::{login, text::escape_short};
use registry::{Reference, ReferenceError};

/// One source of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Supplied {
    /// A file or directory.
    Path(PathBuf),
    /// A repository or layout, of which what hangs on the same digest is taken.
    Repository(Reference),
}

impl Supplied {
    /// Reads what was typed; looks at the file system only to tell a path from a repository.
    pub fn parse(text: &str) -> Result<Self, SuppliedError> {
        let is_reference = is_layout(text);
        let is_path = ["./", "../", "/"].iter().any(|start| text.starts_with(start));
        if !is_reference && (is_path || Path::new(text).exists()) {
            return Ok(Self::Path(PathBuf::from(text)));
        }
        Ok(Self::Repository(named(text)?))
    }

    pub(super) fn repository(&self) -> Option<&Reference> {
        match self {
            Self::Path(_) => None,
            Self::Repository(reference) => Some(reference),
        }
    }

    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Repository(_) => None,
        }
    }
}

/// The repository or layout in which evidence is looked for instead of the image's own; never a path,
/// whatever lies in the working directory.
pub fn repository(text: &str) -> Result<Reference, SuppliedError> {
    let reference = named(text)?;
    if reference.digest().is_some() {
        return Err(SuppliedError::Digest { reference: text.to_owned() });
    }
    Ok(reference)
}

/// A repository or layout. A word without a host would be Docker Hub's; it is far likelier a file that
/// is not there.
fn named(text: &str) -> Result<Reference, SuppliedError> {
    let has_host = text
        .split_once('/')
        .is_some_and(|(host, _)| host == "localhost" || host.contains(['.', ':']));
    let is_path = text.starts_with("./") || text.starts_with("../");
    if login::after(text).is_none() && !is_layout(text) && (!has_host || is_path) {
        return Err(SuppliedError::Absent { path: text.to_owned() });
    }
    let reference: Reference = text.parse().map_err(SuppliedError::Reference)?;
    if reference.tag().is_some() {
        return Err(SuppliedError::Tag { reference: text.to_owned() });
    }
    Ok(reference)
}

/// Whether a text names a layout or an archive of one, or says `oci://` before a host.
fn is_layout(text: &str) -> bool {
    text.starts_with("oci:") || text.starts_with("oci-archive:")
}

/// Why a text names no source of evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SuppliedError {
    /// There is no such file, and it is no repository either.
    #[error("`{}` is neither a file or directory nor a repository", escape_short(path, 300))]
    Absent {
        /// What was typed.
        path: String,
    },
    /// It names a digest.
    #[error(
        "`{}` names a digest, and the digest is that of the image",
        escape_short(reference, 300)
    )]
    Digest {
        /// What was typed.
        reference: String,
    },
    /// It names no repository.
    #[error("{0}")]
    Reference(ReferenceError),
    /// It names a tag, which evidence does not hang on.
    #[error("`{}` names a tag, and evidence hangs on a digest", escape_short(reference, 300))]
    Tag {
        /// What was typed.
        reference: String,
    },
}

impl SuppliedError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Absent { .. } => {
                "name a bundle file, a directory of them, or a repository such as \
                 `registry.example.com/payments/evidence` or `oci:DIR`"
            }
            Self::Reference(error) => error.help(),
            Self::Digest { .. } | Self::Tag { .. } => {
                "name the repository alone; the digest is that of the image"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_and_a_repository_are_told_apart() {
        assert!(matches!(Supplied::parse("Cargo.toml"), Ok(Supplied::Path(_))));
        assert!(matches!(Supplied::parse("./absent.example.com/x"), Ok(Supplied::Path(_))));
        for repository in [
            "registry.example.com/acme/evidence",
            "localhost:5000/a",
            "oci:src",
            "oci-archive:src.tar",
            "oci://h.example/a",
        ] {
            assert!(
                matches!(Supplied::parse(repository), Ok(Supplied::Repository(_))),
                "{repository}"
            );
        }
        assert!(matches!(Supplied::parse("bundle.json"), Err(SuppliedError::Absent { .. })));
        assert!(matches!(Supplied::parse("evidence/x"), Err(SuppliedError::Absent { .. })));
        assert!(matches!(Supplied::parse("oci:src:v1"), Err(SuppliedError::Tag { .. })));
        assert!(matches!(Supplied::parse("h.example/a:v1"), Err(SuppliedError::Tag { .. })));
    }

    #[test]
    fn a_repository_is_named_alone() {
        for named in ["h.example/acme/evidence", "oci:src", "oci-archive:a", "localhost/a"] {
            assert!(repository(named).is_ok(), "{named}");
        }
        let digest = format!("h.example/a@sha256:{}", "0".repeat(64));
        assert!(matches!(repository(&digest), Err(SuppliedError::Digest { .. })));
        for path in ["Cargo.toml", "./src", "../a.example/b", "/a.example/b", "evidence", ""] {
            assert!(matches!(repository(path), Err(SuppliedError::Absent { .. })), "{path}");
        }
        assert!(matches!(repository("h.example/a:v1"), Err(SuppliedError::Tag { .. })));
    }
}
