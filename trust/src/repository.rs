//! A repository of trusted roots, and the root from which it is believed.

use std::{fmt, net::IpAddr};

use evidence::{Digest, text::escape_short};
use reqwest::Url;
use sigstore_trust_root::SigstoreInstance;

use crate::error::RepositoryError;

/// A TUF repository that publishes a trusted root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repository {
    /// GitHub's own instance, for attestations of private repositories and releases.
    Github,
    /// The public instance of Sigstore.
    Sigstore,
    /// An organisation's own.
    Tuf(Own),
}

/// An organisation's own repository: where it is, and the root from which it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    url: Url,
    root: Vec<u8>,
}

impl Repository {
    /// An organisation's own repository at `url`, believed from `root`, a TUF `root.json`.
    pub fn own(url: &str, root: Vec<u8>) -> Result<Self, RepositoryError> {
        let found = || url.to_owned();
        let parsed = Url::parse(url).map_err(|_| RepositoryError::Url { found: found() })?;
        // All of it is signed, so TLS guards no content here; it does guard who learns what is
        // deployed, and whether news arrives.
        let is_private = parsed.scheme() == "https" || is_local(&parsed);
        let is_bare = parsed.query().is_none() && parsed.fragment().is_none();
        let is_anonymous = parsed.username().is_empty() && parsed.password().is_none();
        if !is_private || !is_bare || !is_anonymous {
            return Err(RepositoryError::Url { found: found() });
        }
        Ok(Self::Tuf(Own { url: parsed, root }))
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        match self {
            Self::Github => SigstoreInstance::GitHub.tuf_url(),
            Self::Sigstore => SigstoreInstance::PublicGood.tuf_url(),
            Self::Tuf(own) => own.url.as_str(),
        }
    }

    /// The root from which it is believed.
    pub(crate) fn root(&self) -> &[u8] {
        match self {
            Self::Github => SigstoreInstance::GitHub.tuf_root(),
            Self::Sigstore => SigstoreInstance::PublicGood.tuf_root(),
            Self::Tuf(own) => &own.root,
        }
    }

    /// Whether it is on this machine, where no TLS is spoken.
    pub(crate) fn is_here(&self) -> bool {
        matches!(self, Self::Tuf(own) if is_local(&own.url))
    }

    /// The name under which it is kept: another place or another root is another repository.
    pub(crate) fn id(&self) -> String {
        let mut named = self.url().as_bytes().to_vec();
        named.push(b'\n');
        named.extend(self.root());
        Digest::sha256(&named).hex().to_owned()
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape_short(self.url(), 300))
    }
}

/// Plain HTTP with this machine, by its own words, without asking a resolver.
fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    url.scheme() == "http" && (host == "localhost" || is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_repository_may_be() {
        for (url, expected) in [
            ("https://tuf.example.com", true),
            ("https://example.com/tuf/", true),
            ("http://127.0.0.1:8080/", true),
            ("http://localhost/tuf", true),
            ("http://tuf.example.com", false),
            ("http://localhost.example.com", false),
            ("https://user@tuf.example.com", false),
            ("https://:secret@tuf.example.com", false),
            ("https://tuf.example.com/?a=b", false),
            ("https://tuf.example.com/#a", false),
            ("ftp://tuf.example.com", false),
            ("tuf.example.com", false),
            ("", false),
        ] {
            assert_eq!(Repository::own(url, Vec::new()).is_ok(), expected, "{url}");
        }
    }

    #[test]
    fn the_roots_that_are_built_in_sign_themselves() {
        for repository in [Repository::Github, Repository::Sigstore] {
            let root = sigstore_tuf::TrustedMetadataSet::from_root(repository.root()).unwrap();
            assert!(root.root().consistent_snapshot, "{repository}");
        }
    }

    #[test]
    fn another_place_or_root_is_kept_apart() {
        let own = |url: &str, root: &[u8]| Repository::own(url, root.to_vec()).unwrap().id();
        assert_eq!(own("https://a.example", b"1"), own("https://a.example/", b"1"));
        assert_ne!(own("https://a.example", b"1"), own("https://b.example", b"1"));
        assert_ne!(own("https://a.example", b"1"), own("https://a.example", b"2"));
        assert_ne!(Repository::Sigstore.id(), Repository::Github.id());
    }
}
