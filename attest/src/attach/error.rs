//! Why a bundle could not be attached. Nobody can say that it hangs there, so the command fails;
//! all of it can be tried again.

use std::{fmt, io, path::PathBuf};

use evidence::{Digest, text::escape_short};
use registry::{Error, error::Cause};
use serde::Deserialize;

use super::refusal::Refusal;

/// The status of a server whose disk is full (RFC 4918 11.5).
const FULL: u16 = 507;

/// Why a bundle could not be attached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum AttachError {
    /// Other writers kept overwriting the fallback tag.
    #[error("the fallback tag of {subject} did not settle in {rounds} rounds")]
    Contended {
        /// The image.
        subject: Digest,
        /// How often it was written.
        rounds: u32,
    },
    /// `index.json` cannot be read.
    #[error("`{}` cannot be read: {reason}", path.display())]
    Index {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: serde_json::Error,
    },
    /// A file of a layout.
    #[error("`{}` cannot be written: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// Another process holds the layout.
    #[error("`{}` is being written by another process", path.display())]
    Locked {
        /// The locked file.
        path: PathBuf,
    },
    /// The registry's own list names what it does not have.
    #[error("{place} itself lists {digest}, which it does not have")]
    NotThere {
        /// The registry.
        place: String,
        /// What is listed.
        digest: Digest,
    },
    /// The statement names no digest of the image.
    #[error("the statement names no digest of the image")]
    Nowhere,
    /// It hangs on some of the digests that it is about.
    #[error("it hangs on {}, and not on {}: {cause}", done.join(", "), left.join(", "))]
    Partly {
        /// Where it hangs.
        done: Vec<String>,
        /// Where it does not.
        left: Vec<String>,
        /// Why the first of them failed.
        cause: Box<AttachError>,
    },
    /// The registry refuses what is pushed.
    #[error("{place} refuses {what}: it answered {status}{words}")]
    Refused {
        /// The registry.
        place: String,
        /// What was pushed.
        what: Pushed,
        /// The status.
        status: u16,
        /// What the registry says about it.
        words: Words,
    },
    /// The registry could not be read or reached.
    #[error(transparent)]
    Registry(#[from] Error),
    /// The bundle is larger than is read.
    #[error("the bundle has {size} bytes, at most {most} are read")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The most.
        most: u64,
    },
    /// The manifest could not be written down.
    #[error("the manifest cannot be written: {0}")]
    Write(serde_json::Error),
}

impl AttachError {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Contended { .. } => "contended",
            Self::Io { reason, .. } => Refusal::of_disk(reason).map_or("layout", Refusal::code),
            Self::Index { .. } => "layout",
            Self::Locked { .. } => "locked",
            Self::NotThere { .. } => "not-there",
            Self::Nowhere => "wrong-subject",
            Self::Partly { .. } => "partly-attached",
            Self::Refused { what, status, words, .. } => Refusal::of(what, *status, words).code(),
            Self::Registry(Error::Unavailable { cause: Cause::Status(FULL), .. }) => {
                Refusal::Quota.code()
            }
            Self::Registry(error) => error.kind(),
            Self::TooLarge { .. } => "too-large",
            Self::Write(_) => "manifest",
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> Option<String> {
        let help = match self {
            Self::Contended { .. } | Self::Locked { .. } => "run it again",
            Self::Io { reason, .. } => Refusal::of_disk(reason)?.help()?,
            Self::NotThere { .. } => {
                "that list is the registry's own; only its operator can mend it"
            }
            Self::Refused { what, status, words, .. } => {
                Refusal::of(what, *status, words).help()?
            }
            Self::Registry(Error::Unavailable { cause: Cause::Status(FULL), .. }) => {
                Refusal::Quota.help()?
            }
            Self::Registry(error) => error.help()?,
            Self::Partly { cause, .. } => {
                let again =
                    "run it again: it goes on with what hangs there, and signs nothing twice";
                let before = cause.help().map(|help| format!("{help}; then "));
                return Some(format!("{}{again}", before.unwrap_or_default()));
            }
            _ => return None,
        };
        Some(help.to_owned())
    }
}

/// What was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// A blob.
    Blob(Digest),
    /// A manifest, by its digest.
    Manifest(Digest),
    /// A manifest, under a tag.
    Tag(String),
}

impl fmt::Display for Pushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blob(digest) => write!(f, "blob {digest}"),
            Self::Manifest(digest) => write!(f, "manifest {digest}"),
            Self::Tag(tag) => write!(f, "tag `{tag}`"),
        }
    }
}

/// A registry's own words about an error (distribution-spec 1.1, "Error Codes").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    code: String,
    message: String,
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<OneError>,
}

#[derive(Deserialize)]
struct OneError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Words {
    /// The first error that a body names; none if it names none.
    pub(super) fn of(body: &[u8]) -> Self {
        let errors: Option<Errors> = serde_json::from_slice(body).ok();
        let first = errors.and_then(|errors| errors.errors.into_iter().next());
        first.map_or_else(Self::default, |first| Self { code: first.code, message: first.message })
    }

    /// Whether the message has one of these parts, in any case.
    pub(super) fn say(&self, parts: &[&str]) -> bool {
        let message = self.message.to_ascii_lowercase();
        parts.iter().any(|part| message.contains(part))
    }

    /// Whether the code is this one.
    pub(super) fn have_code(&self, code: &str) -> bool {
        self.code == code
    }

    /// Whether the registry misses what the manifest names, or finds it other than named.
    pub(super) fn are_about_blobs(&self) -> bool {
        matches!(self.code.as_str(), "BLOB_UNKNOWN" | "DIGEST_INVALID" | "MANIFEST_BLOB_UNKNOWN")
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code.is_empty() && self.message.is_empty() {
            return Ok(());
        }
        let (code, message) = (escape_short(&self.code, 60), escape_short(&self.message, 200));
        write!(f, " (`{code}`: `{message}`)")
    }
}
