//! Why a trusted root or a signing configuration cannot be had.
//!
//! Unreachable and refused are kept apart: the first may pass and is nobody's fault, the second says
//! that what a repository serves must not be believed.

use std::error::Error;

use evidence::{
    text::escape_short,
    time::{self, Timestamp},
};

use crate::client::Target;

/// Why nothing can be had from a repository.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// What the repository serves, or what is kept of it, has expired.
    #[error("the {} metadata of {place} expired on {}", escape_short(role, 100), time::write(*since))]
    Expired {
        /// Which repository.
        place: String,
        /// Which of its files.
        role: String,
        /// When.
        since: Timestamp,
    },
    /// Nothing is kept, and the repository must not be asked.
    #[error("`{target}` of {place} is not in the cache, and no repository is asked")]
    NotKept {
        /// Which repository.
        place: String,
        /// What was asked for.
        target: Target,
    },
    /// The repository publishes no such thing.
    #[error("{place} publishes no `{target}`")]
    NoTarget {
        /// Which repository.
        place: String,
        /// What was asked for.
        target: Target,
    },
    /// What the repository serves is not believed.
    #[error("what {place} serves is refused: {}", told(cause))]
    Refused {
        /// Which repository.
        place: String,
        /// Why.
        cause: sigstore_tuf::Error,
    },
    /// The root from which the repository is to be believed is none.
    #[error("the root for {place} is no TUF root that signs itself: {}", told(cause))]
    Root {
        /// Which repository.
        place: String,
        /// Why.
        cause: sigstore_tuf::Error,
    },
    /// It took too long.
    #[error("{place} did not answer within {seconds} s")]
    TimedOut {
        /// Which repository.
        place: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The repository cannot be read.
    #[error("{place} cannot be read: {}", told(cause))]
    Unreachable {
        /// Which repository.
        place: String,
        /// Why.
        cause: sigstore_tuf::Error,
    },
}

impl TrustError {
    /// Whether it may pass by itself: nothing was refused, and nothing is wrong with what was asked.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::Unreachable { .. } => true,
            Self::Expired { .. }
            | Self::NoTarget { .. }
            | Self::NotKept { .. }
            | Self::Refused { .. }
            | Self::Root { .. } => false,
        }
    }

    /// A stable kebab-case word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "trust-expired",
            Self::NoTarget { .. } => "trust-no-target",
            Self::NotKept { .. } => "trust-not-kept",
            Self::Refused { .. } => "trust-refused",
            Self::Root { .. } => "trust-root",
            Self::TimedOut { .. } | Self::Unreachable { .. } => "trust-unavailable",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Expired { .. } => {
                "is the clock of this machine right? If it is, whoever runs the repository has to \
                 sign it anew; until then only a trusted root file helps that was vouched for \
                 otherwise"
            }
            Self::NoTarget { .. } => "name a file of your own, or another repository",
            Self::NotKept { .. } => {
                "ask once with a network, or name a trusted root file: verify trust fetch --out FILE"
            }
            Self::Refused { .. } => {
                "nothing of it was believed or kept; if it lasts, somebody answers in its place, or \
                 whoever runs it made a mistake: ask them"
            }
            Self::Root { .. } => {
                "it is the `root.json` that whoever runs the repository hands out, byte for byte"
            }
            Self::TimedOut { .. } | Self::Unreachable { .. } => {
                "try again; machines without a network use a trusted root file: verify trust fetch \
                 --out FILE"
            }
        }
    }

    /// The error that the reader of the repository has met.
    pub(crate) fn of(place: String, target: Target, cause: sigstore_tuf::Error) -> Self {
        use sigstore_tuf::Error;
        match cause {
            Error::Expired { role, expires } => Self::Expired { place, role, since: expires },
            Error::TargetNotFound(_) => Self::NoTarget { place, target },
            Error::Transport { .. } => Self::Unreachable { place, cause },
            cause => Self::Refused { place, cause },
        }
    }
}

/// Why a repository cannot even be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// Its address is none.
    #[error(
        "`{}` is no address of a repository: https://HOST/PATH, without a login",
        escape_short(found, 300)
    )]
    Url {
        /// What was found.
        found: String,
    },
}

/// An error and what caused it, made inert: some of it is a stranger's text.
fn told(cause: &sigstore_tuf::Error) -> String {
    let mut text = cause.to_string();
    let mut next = cause.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    escape_short(&text, 500)
}
