//! Why a layout, an archive or a registry cannot be opened: whoever wrote the command mends it.

use std::{fmt, path::PathBuf, sync::Arc};

use evidence::text::escape_short;

use crate::layout::ArchiveError;

/// Why a source cannot be opened.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The layout names no image, or several.
    #[error("the layout `{}` holds {}", dir.display(), Choice(tags))]
    Ambiguous {
        /// The directory.
        dir: PathBuf,
        /// The tags that there are, or digests where there is no tag.
        tags: Vec<String>,
    },
    /// Not an archive that is read.
    #[error("`{}` cannot be read as an archive: {cause}", file.display())]
    Archive {
        /// The file.
        file: PathBuf,
        /// Why.
        cause: Arc<ArchiveError>,
    },
    /// The host makes no URL.
    #[error("`{}` is no host", escape_short(host, 200))]
    Host {
        /// The host.
        host: String,
    },
    /// Not a layout directory.
    #[error("`{}` is no OCI image layout: {}", dir.display(), Absent(absent))]
    NoLayout {
        /// The directory.
        dir: PathBuf,
        /// What is not there: `oci-layout`, `index.json`, or the directory itself.
        absent: &'static str,
    },
    /// The client could not be set up, for example because of a proxy's address.
    #[error("HTTP cannot be set up: {0}")]
    Setup(Arc<reqwest::Error>),
}

impl OpenError {
    /// The kind, as `error.kind` in JSON spells it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Ambiguous { .. } => "ambiguous-image",
            Self::Archive { .. } => "archive",
            Self::Host { .. } => "host",
            Self::NoLayout { .. } => "no-layout",
            Self::Setup(_) => "http-setup",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Ambiguous { .. } => Some("name one: `oci:DIR:TAG` or `oci:DIR@sha256:…`"),
            Self::Archive { .. } => Some(
                "an archive is a plain tar of an image layout, as `skopeo copy … oci-archive:FILE` \
                 writes it; or unpack it and use `oci:DIR`",
            ),
            Self::Host { .. } => Some("a host is like `registry.example.com` or `localhost:5000`"),
            Self::NoLayout { .. } => Some(
                "a layout directory has `oci-layout`, `index.json` and `blobs/`; \
                 `skopeo copy docker://IMAGE oci:DIR:TAG` writes one",
            ),
            Self::Setup(_) => Some("look at `HTTPS_PROXY`, `SSL_CERT_FILE` and `SSL_CERT_DIR`"),
        }
    }
}

struct Choice<'a>(&'a [String]);

impl fmt::Display for Choice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no image");
        }
        f.write_str("several images:")?;
        self.0.iter().take(10).try_for_each(|tag| write!(f, " `{}`", escape_short(tag, 140)))
    }
}

struct Absent(&'static str);

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => f.write_str("there is no such directory"),
            name => write!(f, "it has no `{name}`"),
        }
    }
}
