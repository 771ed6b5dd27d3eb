//! Why a copy is not complete. Whatever was written can stay: the same command goes on from there.

use std::path::PathBuf;

use evidence::Digest;

use crate::attach::AttachError;

/// Why a copy is not complete.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CopyError {
    /// The target could not be written.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// The target gives something else than it was given.
    #[error(
        "{place} was given {wanted} and has {} in its place",
        found.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string)
    )]
    Changed {
        /// The target.
        place: String,
        /// What it was given.
        wanted: Digest,
        /// What it gives.
        found: Option<Digest>,
    },
    /// Other writers kept overwriting a tag.
    #[error("the tag `{tag}` did not settle in {rounds} rounds")]
    Contended {
        /// The tag.
        tag: String,
        /// How often it was written.
        rounds: u32,
    },
    /// There is something else where a layout is to be made.
    #[error("`{}` is neither empty nor an OCI image layout", dir.display())]
    NoLayout {
        /// The directory.
        dir: PathBuf,
    },
    /// What a tag of cosign's names is no list of signatures.
    #[error("`{tag}` at the source or at {place} names no list of signatures")]
    NoSignatures {
        /// The tag.
        tag: String,
        /// The target.
        place: String,
    },
    /// More hangs on the image than is copied.
    #[error("more than {most} manifests hang on the image and on one another")]
    Many {
        /// How many are copied.
        most: usize,
    },
    /// The source could not be read.
    #[error(transparent)]
    Source(#[from] registry::Error),
}

impl CopyError {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Attach(error) => error.code(),
            Self::Changed { .. } => "digest-changed",
            Self::Contended { .. } => "contended",
            Self::NoLayout { .. } => "no-layout",
            Self::NoSignatures { .. } => "no-signatures",
            Self::Many { .. } => "limit",
            Self::Source(error) => error.kind(),
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> Option<String> {
        let help = match self {
            Self::Attach(error) => return error.help(),
            Self::Changed { .. } => {
                "it compresses or converts what it is given, so the signed digest exists there no \
                 longer: switch that off there, or copy to a registry that keeps what it gets"
            }
            Self::Contended { .. } => "run it again",
            Self::NoLayout { .. } => "name a directory that is empty or not there",
            Self::NoSignatures { .. } => "look at both; remove what is no signature",
            Self::Many { .. } => {
                "somebody hung more on this image than is read; remove what is not yours"
            }
            Self::Source(error) => error.help()?,
        };
        Some(help.to_owned())
    }
}
