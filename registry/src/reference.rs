//! What a person typed to name an image. A claim about nothing: a tag can move.
//!
//! Parsing does no I/O. The grammar is that of distribution's `reference` package, so that what is
//! accepted here is accepted by other tools, and nothing that a URL or a path would read otherwise
//! gets through.

use std::{fmt, path::PathBuf, str::FromStr};

use evidence::{Digest, digest::DigestError, login, repository, text::escape_short};

/// A reference to an image in a registry, in a layout directory, or in an archive of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// `oci-archive:FILE[:TAG][@DIGEST]`.
    Archive {
        /// The file.
        file: PathBuf,
        /// The tag, only for display if there is a digest.
        tag: Option<String>,
        /// The digest.
        digest: Option<Digest>,
    },
    /// `oci:DIR[:TAG][@DIGEST]`.
    Layout {
        /// The directory.
        dir: PathBuf,
        /// The tag, only for display if there is a digest.
        tag: Option<String>,
        /// The digest.
        digest: Option<Digest>,
    },
    /// `HOST/REPOSITORY[:TAG][@DIGEST]`.
    Registry {
        /// The host, with its port if one was given; `docker.io` for Docker Hub.
        host: String,
        /// The repository, without the host.
        repository: String,
        /// The tag, only for display if there is a digest.
        tag: Option<String>,
        /// The digest.
        digest: Option<Digest>,
    },
}

impl Reference {
    /// The digest that was typed, if one was.
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Archive { digest, .. }
            | Self::Layout { digest, .. }
            | Self::Registry { digest, .. } => digest.as_ref(),
        }
    }

    /// The tag that was typed, if one was.
    pub fn tag(&self) -> Option<&str> {
        match self {
            Self::Archive { tag, .. } | Self::Layout { tag, .. } | Self::Registry { tag, .. } => {
                tag.as_deref()
            }
        }
    }

    /// The repository with its host, as signed subjects are named; `None` for a layout or archive,
    /// which has no name of its own.
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Archive { .. } | Self::Layout { .. } => None,
            Self::Registry { host, repository, .. } => Some(format!("{host}/{repository}")),
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let shown = login::hidden(text);
        let fault = |fault| ReferenceError { reference: shown.clone().into_owned(), fault };
        let parsed = if login::after(text).is_some() {
            Err(Fault::Login)
        } else if let Some(rest) = text.strip_prefix("oci://") {
            registry(rest)
        } else if let Some(rest) = text.strip_prefix("oci:") {
            path(rest).map(|(dir, tag, digest)| Reference::Layout { dir, tag, digest })
        } else if let Some(rest) = text.strip_prefix("oci-archive:") {
            path(rest).map(|(file, tag, digest)| Reference::Archive { file, tag, digest })
        } else if text.contains("://") {
            Err(Fault::Scheme)
        } else {
            registry(text)
        };
        parsed.map_err(fault)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archive { file, .. } => write!(f, "oci-archive:{}", file.display())?,
            Self::Layout { dir, .. } => write!(f, "oci:{}", dir.display())?,
            Self::Registry { host, repository, .. } => write!(f, "{host}/{repository}")?,
        }
        if let Some(tag) = self.tag() {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = self.digest() {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

fn split_digest(text: &str) -> Result<(&str, Option<Digest>), Fault> {
    match text.rsplit_once('@') {
        None => Ok((text, None)),
        Some((rest, digest)) => Ok((rest, Some(digest.parse().map_err(Fault::Digest)?))),
    }
}

/// Splits a tag off; a colon before the last slash belongs to a port or a directory.
fn split_tag(text: &str) -> Result<(&str, Option<String>), Fault> {
    match text.rsplit_once(':') {
        Some((rest, tag)) if !tag.contains('/') => {
            if is_tag(tag) {
                Ok((rest, Some(tag.to_owned())))
            } else {
                Err(Fault::Tag)
            }
        }
        _ => Ok((text, None)),
    }
}

fn path(text: &str) -> Result<(PathBuf, Option<String>, Option<Digest>), Fault> {
    let (rest, digest) = split_digest(text)?;
    let (path, tag) = split_tag(rest)?;
    if path.is_empty() {
        return Err(Fault::Empty);
    }
    Ok((PathBuf::from(path), tag, digest))
}

fn registry(text: &str) -> Result<Reference, Fault> {
    let (rest, digest) = split_digest(text)?;
    // `host:port` alone has no slash; without one the colon is a tag's.
    let (name, tag) = split_tag(rest)?;
    if name.is_empty() {
        return Err(Fault::Empty);
    }
    let (host, repository) = match name.split_once('/') {
        Some((host, repository)) if looks_like_a_host(host) => {
            (host.to_ascii_lowercase(), repository.to_owned())
        }
        _ => ("docker.io".to_owned(), name.to_owned()),
    };
    // `A/b` names a host by its capital alone; written as hosts are, it would be Docker Hub's `a/b`.
    if !repository::is_host(&host) || !looks_like_a_host(&host) {
        return Err(Fault::Host);
    }
    let (host, repository) = docker_hub(host, repository);
    if !repository::is_path(&repository) {
        return Err(Fault::Repository);
    }
    Ok(Reference::Registry { host, repository, tag, digest })
}

/// Docker Hub under its several names, and its short names.
fn docker_hub(host: String, repository: String) -> (String, String) {
    if !matches!(host.as_str(), "docker.io" | "index.docker.io" | "registry-1.docker.io") {
        return (host, repository);
    }
    let repository =
        if repository.contains('/') { repository } else { format!("library/{repository}") };
    ("docker.io".to_owned(), repository)
}

/// The usual rule for the first part of what a person typed; a capital, too, is of a host alone.
fn looks_like_a_host(text: &str) -> bool {
    repository::looks_like_a_host(text) || text.chars().any(|c| c.is_ascii_uppercase())
}

/// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

/// Why a text names no image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` names no image: {fault}", escape_short(reference, 300))]
pub struct ReferenceError {
    /// What was typed, without a login.
    pub reference: String,
    /// What is wrong with it.
    pub fault: Fault,
}

impl ReferenceError {
    /// What to type instead.
    pub fn help(&self) -> &'static str {
        match self.fault {
            Fault::Login => {
                "log in with `docker login` or `podman login`, and name the image alone"
            }
            Fault::Scheme => "leave the scheme out: `registry.example.com/payments/api:1.4`",
            _ => {
                "an image is named like `registry.example.com/payments/api:1.4`, \
                 `registry.example.com/payments/api@sha256:…` or `oci:DIR:TAG`"
            }
        }
    }
}

/// What is wrong with a reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The digest is malformed.
    #[error("{0}")]
    Digest(DigestError),
    /// There is no name.
    #[error("the name is empty")]
    Empty,
    /// The host is malformed.
    #[error("the part before the first slash is no host")]
    Host,
    /// There is a login in it.
    #[error("a login does not belong in it")]
    Login,
    /// The repository is malformed.
    #[error(
        "a repository is lowercase letters and digits, with `.`, `_`, `-` and `/` between them"
    )]
    Repository,
    /// It begins with a scheme that is not ours.
    #[error("it begins with a scheme")]
    Scheme,
    /// The tag is malformed.
    #[error(
        "a tag is at most 128 letters, digits, `_`, `.` and `-`, and begins with neither `.` nor `-`"
    )]
    Tag,
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn shown(text: &str) -> String {
        text.replace('D', DIGEST).parse::<Reference>().map_or_else(
            |error| format!("{:?}", error.fault),
            |reference| reference.to_string().replace(DIGEST, "D"),
        )
    }

    #[test]
    fn references_are_read_as_other_tools_read_them() {
        for (typed, expected) in [
            (
                "registry.example.com/payments/api:4f1c2a9",
                "registry.example.com/payments/api:4f1c2a9",
            ),
            ("registry.example.com/payments/api@D", "registry.example.com/payments/api@D"),
            ("registry.example.com/a:t@D", "registry.example.com/a:t@D"),
            ("Registry.Example.com/a", "registry.example.com/a"),
            ("alpine", "docker.io/library/alpine"),
            ("alpine:3", "docker.io/library/alpine:3"),
            ("acme/app", "docker.io/acme/app"),
            ("docker.io/alpine", "docker.io/library/alpine"),
            ("index.docker.io/acme/app", "docker.io/acme/app"),
            ("localhost/app", "localhost/app"),
            ("localhost:5000/app:1", "localhost:5000/app:1"),
            ("127.0.0.1:5000/demo/app", "127.0.0.1:5000/demo/app"),
            ("[::1]:5000/app", "[::1]:5000/app"),
            ("oci://registry.example.com/a:t", "registry.example.com/a:t"),
            ("oci:dir", "oci:dir"),
            ("oci:./a/b:v1", "oci:./a/b:v1"),
            ("oci:/a/b@D", "oci:/a/b@D"),
            ("oci:/a/b:v1@D", "oci:/a/b:v1@D"),
            ("oci:/a:b/c", "oci:/a:b/c"),
        ] {
            assert_eq!(shown(typed), expected, "{typed}");
        }
    }

    #[test]
    fn faults_are_named() {
        for (typed, expected) in [
            ("", "Empty"),
            (":tag", "Empty"),
            ("oci:", "Empty"),
            ("oci::v1", "Empty"),
            ("https://registry.example.com/a", "Scheme"),
            ("docker://alpine", "Scheme"),
            ("A/a", "Host"),
            ("oci-archive:", "Empty"),
            ("registry.example.com/Payments", "Repository"),
            ("registry.example.com/", "Repository"),
            ("registry.example.com/a//b", "Repository"),
            ("registry.example.com/../b", "Repository"),
            ("registry.example.com/a?b", "Repository"),
            ("registry.example.com/a___b", "Repository"),
            ("registry.example.com/a/-b", "Repository"),
            ("registry.example.com/a b", "Repository"),
            ("registry.example.com/a:", "Tag"),
            ("registry.example.com/a:.x", "Tag"),
            ("registry.example.com/a:x y", "Tag"),
            ("user:secret@registry.example.com/a", "Login"),
            ("https://user:secret@registry.example.com/a", "Login"),
            (
                "registry.example.com/a@sha256:abcd",
                "Digest(Hex { algorithm: \"sha256\", length: 64 })",
            ),
            ("registry.example.com/a@latest", "Digest(Shape)"),
            ("exa_mple.com/a", "Host"),
            ("-a.com/a", "Host"),
            ("a..com/a", "Host"),
            ("a.com:99999/a", "Host"),
            ("a.com:0/a", "Host"),
            ("[::g]:5000/a", "Host"),
        ] {
            assert_eq!(shown(typed), expected, "{typed}");
        }
    }

    #[test]
    fn a_fault_says_what_was_typed_and_what_to_type() {
        let error = "reg.example.com/A\u{1b}".parse::<Reference>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`reg.example.com/A\\u{1b}` names no image: a repository is lowercase letters and \
             digits, with `.`, `_`, `-` and `/` between them"
        );
        assert!(error.help().contains("registry.example.com/payments/api"));
        let error = "user:secret@reg.example.com/a".parse::<Reference>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }

    proptest::proptest! {
        #[test]
        fn what_is_accepted_is_shown_as_it_is_read(
            text in r"(oci:|oci://|oci-archive:)?[a-zA-Z0-9./:_@\[\]-]{0,40}(@sha256:[0-9a-f]{64})?",
        ) {
            if let Ok(reference) = text.parse::<Reference>() {
                let shown = reference.to_string();
                proptest::prop_assert_eq!(shown.parse::<Reference>(), Ok(reference));
            }
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<Reference>();
        }
    }
}
