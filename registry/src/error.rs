//! Why something could not be read. Addressed to whoever runs the command: no verdict was reached.
//!
//! No message carries a secret: URLs are shown without query and user information, and what a
//! credential helper or a token service answered is not shown at all.

mod open;

use std::{fmt, io, path::PathBuf, sync::Arc};

use evidence::{Digest, text::escape_short};

pub use self::open::OpenError;
use crate::{Limit, ManifestError};

/// Why something could not be read.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Other bytes than those asked for.
    #[error("{place} gave other bytes for {what}: they hash to {found}")]
    DigestMismatch {
        /// What was asked for.
        what: What,
        /// Who answered.
        place: String,
        /// What the bytes hash to.
        found: Digest,
    },
    /// A number of the budget was reached.
    #[error("the limit `{}` was reached: at most {most}{}", limit.name(), limit.unit())]
    Limit {
        /// Which.
        limit: Limit,
        /// The number: bytes, seconds or a count.
        most: u64,
    },
    /// The right bytes, or a list, that cannot be read as what they should be.
    #[error("{what} from {place} cannot be read: {reason}")]
    Malformed {
        /// What was asked for.
        what: What,
        /// Who answered.
        place: String,
        /// What is wrong with it.
        reason: ManifestError,
    },
    /// The image itself is not there.
    #[error("there is no image `{}`", escape_short(reference, 300))]
    NotFound {
        /// What was typed.
        reference: String,
    },
    /// The source could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The right bytes, of another size than listed.
    #[error("{what} from {place} has {found} bytes, its descriptor says {stated}")]
    SizeMismatch {
        /// What was asked for.
        what: What,
        /// Who answered.
        place: String,
        /// What the descriptor says.
        stated: u64,
        /// How many there are.
        found: u64,
    },
    /// The registry does not let us.
    #[error("{place} refuses {what}: {cause}")]
    Unauthorized {
        /// What was asked for.
        what: What,
        /// Who refused.
        place: String,
        /// Why.
        cause: Denial,
    },
    /// No answer, or one that is no answer.
    #[error("{what} cannot be {} {place}{}: {cause}", what.way(), Tries(*tries))]
    Unavailable {
        /// What was asked for.
        what: What,
        /// Who was asked.
        place: String,
        /// What happened instead.
        cause: Cause,
        /// How often it was tried.
        tries: u32,
    },
}

impl Error {
    /// The kind, as `error.kind` in JSON spells it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::DigestMismatch { .. } => "digest-mismatch",
            Self::Limit { limit: Limit::Timeout, .. } => "timeout",
            Self::Limit { .. } => "limit",
            Self::Malformed { .. } => "malformed",
            Self::NotFound { .. } => "not-found",
            Self::Open(error) => error.kind(),
            Self::SizeMismatch { .. } => "size-mismatch",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Unavailable { .. } => "unavailable",
        }
    }

    /// What to do about it, where there is something.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Limit { limit: Limit::Timeout, .. } => {
                Some("try again; or give it longer with --timeout")
            }
            Self::Limit {
                limit: Limit::List | Limit::Pages | Limit::Referrers | Limit::Total,
                ..
            } => Some(
                "somebody hung more on this digest than is read; remove what is not yours, or keep \
                 evidence where only you write: --evidence-repository",
            ),
            Self::NotFound { .. } => Some("mind the spelling; was it pushed?"),
            Self::Open(error) => error.help(),
            Self::Unauthorized { cause: Denial::IdentityToken, .. } => {
                Some("log in with a user name and a password or access token")
            }
            Self::Unauthorized { cause: Denial::Credentials { .. }, .. } => {
                Some("mend the file, or log in anew with `docker login` or `podman login`")
            }
            Self::Unauthorized { cause: Denial::Helper { .. }, .. } => {
                Some("see that it is on the PATH and has your login; `docker login` uses it, too")
            }
            Self::Unauthorized { cause: Denial::InsecureRealm | Denial::Scheme, .. } => None,
            Self::Unauthorized { .. } => Some("log in with `docker login` or `podman login`"),
            Self::Unavailable { what: What::Manifest(_), cause: Cause::Missing, .. } => Some(
                "evidence that cannot be read is not evidence that is missing; where garbage \
                 collection deleted it, `attest repair IMAGE` lists anew what is there",
            ),
            Self::Unavailable { cause: Cause::Elsewhere | Cause::Missing, .. } => {
                Some("evidence that cannot be read is not evidence that is missing")
            }
            Self::Unavailable { cause, .. } if cause.is_certificate() => {
                Some("name the certificates of your authority with `SSL_CERT_FILE`")
            }
            Self::Unavailable { cause: Cause::Transport(_), .. } => Some(
                "is it up, and its name spelled right? the way there may need a proxy: HTTPS_PROXY",
            ),
            Self::Unavailable { cause: Cause::Status(429 | 500..) | Cause::TimedOut, .. } => {
                Some("try again later; if it stays so, ask whoever runs the registry")
            }
            _ => None,
        }
    }

    /// A limit that was reached.
    pub fn limit(limit: Limit, most: impl TryInto<u64>) -> Self {
        Self::Limit { limit, most: most.try_into().unwrap_or(u64::MAX) }
    }

    /// Something that one try did not bring.
    pub(crate) fn unavailable(what: What, place: impl Into<String>, cause: Cause) -> Self {
        Self::Unavailable { what, place: place.into(), cause, tries: 1 }
    }
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A blob.
    Blob(Digest),
    /// A layout's directory of blobs.
    Blobs,
    /// The credentials of a login.
    Credentials,
    /// The fallback tag of a digest.
    FallbackTag(Digest),
    /// A layout's `index.json`.
    Index,
    /// A manifest.
    Manifest(Digest),
    /// The list of what hangs on a digest.
    Referrers(Digest),
    /// What a service other than a registry answers.
    Service,
    /// A tag.
    Tag(String),
    /// The list of tags.
    Tags,
    /// A token.
    Token,
    /// What is written there, by whoever writes.
    Written(Box<Self>),
}

impl What {
    fn way(&self) -> &'static str {
        match self {
            Self::Written(_) => "written to",
            _ => "had from",
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blob(digest) => write!(f, "blob {digest}"),
            Self::Blobs => f.write_str("blobs/"),
            Self::Credentials => f.write_str("the credentials"),
            Self::FallbackTag(digest) => write!(f, "the fallback tag of {digest}"),
            Self::Index => f.write_str("index.json"),
            Self::Manifest(digest) => write!(f, "manifest {digest}"),
            Self::Referrers(digest) => write!(f, "the referrers of {digest}"),
            Self::Service => f.write_str("an answer"),
            Self::Tag(tag) => write!(f, "tag `{}`", escape_short(tag, 200)),
            Self::Tags => f.write_str("the list of tags"),
            Self::Token => f.write_str("a token"),
            Self::Written(what) => what.fmt(f),
        }
    }
}

/// What happened instead of an answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Cause {
    /// It redirects to where it is not, and only its own 404 says that there is none.
    Elsewhere,
    /// A file could not be read.
    Io(Arc<io::Error>),
    /// A page's `Link` leads to another host, or where we were.
    Link,
    /// It is listed, but not there.
    Missing,
    /// A redirect to where we do not go.
    Redirect,
    /// An HTTP status.
    Status(u16),
    /// It took longer than one request may.
    TimedOut,
    /// The connection failed.
    Transport(Arc<reqwest::Error>),
    /// Not what the protocol says: a token service without a token, a challenge without a realm.
    Unexpected,
}

impl Cause {
    /// Whether the peer's certificate is not trusted, which no second try changes.
    pub(crate) fn is_certificate(&self) -> bool {
        match self {
            // rustls says it in these words alone (`rustls::Error::InvalidCertificate`); its type
            // is hidden behind the client's.
            Self::Transport(error) => innermost(error).contains("invalid peer certificate"),
            _ => false,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elsewhere => f.write_str("it redirects to somewhere that answers 404"),
            Self::Io(error) => write!(f, "{error}"),
            Self::Link => f.write_str("its `Link` leads to another host or in a circle"),
            Self::Missing => f.write_str("it is listed, but not there"),
            Self::Redirect => {
                f.write_str("it redirects too often, or from https to http, or to no http at all")
            }
            Self::Status(status) => write!(f, "it answered {status}"),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::Transport(error) => f.write_str(&escape_short(&innermost(error), 300)),
            Self::Unexpected => f.write_str("the answer is not what the protocol says"),
        }
    }
}

/// The innermost cause of a failed connection says the most ("connection refused", "unknown
/// issuer"); the outer ones repeat the URL.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Why a registry does not let us.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denial {
    /// A file with logins cannot be read.
    Credentials {
        /// The file.
        file: PathBuf,
    },
    /// A credential helper failed.
    Helper {
        /// The program.
        helper: String,
    },
    /// The login is an identity token, which only a token service takes.
    IdentityToken,
    /// The realm of the token service is plain HTTP on another host.
    InsecureRealm,
    /// No way to authenticate that we know was offered.
    Scheme,
    /// A status, with or without credentials sent.
    Status {
        /// 401 or 403.
        status: u16,
        /// Whether credentials were sent.
        with_credentials: bool,
    },
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credentials { file } => {
                let file = escape_short(&file.display().to_string(), 300);
                write!(f, "the logins in `{file}` cannot be read")
            }
            Self::Helper { helper } => {
                write!(f, "the credential helper `{}` gave no login", escape_short(helper, 100))
            }
            Self::IdentityToken => {
                f.write_str("its login is an identity token, and it asks for a password")
            }
            Self::InsecureRealm => f.write_str(
                "its token service is on another host without TLS; nothing was sent there",
            ),
            Self::Scheme => f.write_str("it asks for an authentication that is not supported"),
            Self::Status { status, with_credentials: true } => {
                write!(f, "it answered {status} to the credentials that it was sent")
            }
            Self::Status { status, with_credentials: false } => {
                write!(f, "it answered {status}, and no credentials are known for it")
            }
        }
    }
}

struct Tries(u32);

impl fmt::Display for Tries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 1 { write!(f, " after {} tries", self.0) } else { Ok(()) }
    }
}
