//! Evidence that the user names besides (`--evidence FILE|DIR|REF`).
//!
//! A path that exists is a path, whatever it looks like; `oci://HOST/…` and `oci:DIR` are never
//! paths, and `./…` is never a repository.

use std::path::{Path, PathBuf};

use evidence::text::escape_short;
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
        let is_reference = text.starts_with("oci:");
        let is_path = ["./", "../", "/"].iter().any(|start| text.starts_with(start));
        if !is_reference && (is_path || Path::new(text).exists()) {
            return Ok(Self::Path(PathBuf::from(text)));
        }
        let reference: Reference = text.parse().map_err(SuppliedError::Reference)?;
        // A word without a host would be Docker Hub's; it is far likelier a file that is not there.
        let has_host = text
            .split_once('/')
            .is_some_and(|(host, _)| host == "localhost" || host.contains(['.', ':']));
        if !is_reference && !has_host {
            return Err(SuppliedError::Absent { path: text.to_owned() });
        }
        if reference.tag().is_some() {
            return Err(SuppliedError::Tag { reference: text.to_owned() });
        }
        Ok(Self::Repository(reference))
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

/// Why a text names no source of evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SuppliedError {
    /// There is no such file, and it is no repository either.
    #[error("there is no file or directory `{}`", escape_short(path, 300))]
    Absent {
        /// What was typed.
        path: String,
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
            Self::Tag { .. } => "name the repository alone; the digest is that of the image",
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
}
