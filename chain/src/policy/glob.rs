//! Patterns for image names: `registry.example.com/payments/*`.
//!
//! A `*` stands for any characters but `/` and `@`, so that a pattern for one team's repositories
//! cannot grow into another's. It may not stand in the host: who may answer for a registry is never
//! a matter of pattern.

use std::{fmt, str::FromStr};

/// A pattern for image names, without tag and digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    text: String,
}

impl Glob {
    /// Whether the pattern means this name.
    pub fn matches(&self, name: &str) -> bool {
        let mut patterns = self.text.split('/');
        let mut segments = name.split('/');
        loop {
            match (patterns.next(), segments.next()) {
                (None, None) => return true,
                (Some(pattern), Some(segment)) if segment_matches(pattern, segment) => {}
                _ => return false,
            }
        }
    }
}

/// Takes each literal at its earliest place, which leaves most room for those after it.
pub(super) fn segment_matches(pattern: &str, segment: &str) -> bool {
    if segment.is_empty() || segment.contains('@') {
        return false;
    }
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == segment };
    let Some(mut left) = segment.strip_prefix(first) else { return false };
    let mut literals = rest.split('*').peekable();
    while let Some(literal) = literals.next() {
        if literals.peek().is_none() {
            return left.ends_with(literal);
        }
        let Some((_, after)) = left.split_once(literal) else { return false };
        left = after;
    }
    false
}

impl FromStr for Glob {
    type Err = GlobError;

    fn from_str(text: &str) -> Result<Self, GlobError> {
        if text.contains("://") {
            return Err(GlobError::Scheme);
        }
        let (host, path) = text.split_once('/').ok_or(GlobError::NoHost)?;
        // The rule by which container tools tell a host from a Docker Hub namespace.
        let is_host = host.contains(['.', ':']) || host == "localhost";
        if host.contains('*') {
            return Err(GlobError::HostWildcard);
        }
        if !is_host {
            return Err(GlobError::NoHost);
        }
        if path.contains([':', '@']) {
            return Err(GlobError::TagOrDigest);
        }
        if path.contains("**") {
            return Err(GlobError::DoubleWildcard);
        }
        // distribution-spec 1.1, "Pulling manifests": repository names are lowercase.
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-*".contains(c);
        let is_path =
            path.split('/').all(|segment| !segment.is_empty() && segment.chars().all(fits));
        let is_plain_host = host
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-:[]".contains(c));
        if !is_path || !is_plain_host {
            return Err(GlobError::Characters);
        }
        Ok(Self { text: text.to_owned() })
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why text is no pattern for image names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GlobError {
    /// Characters that no image name has, an empty segment among them.
    #[error("no image name looks like this; names are lowercase letters, digits, `.`, `_`, `-`")]
    Characters,
    /// `**`.
    #[error("`**` is not a wildcard here; `*` stands for anything up to the next `/`")]
    DoubleWildcard,
    /// A wildcard in the host.
    #[error("a wildcard may not stand in the host")]
    HostWildcard,
    /// No registry host.
    #[error("the name starts with no registry host; images of Docker Hub are `docker.io/…`")]
    NoHost,
    /// A scheme.
    #[error("an image name has no scheme")]
    Scheme,
    /// A tag or a digest.
    #[error("this names a tag or a digest; a policy is for names")]
    TagOrDigest,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(text: &str) -> Glob {
        text.parse().unwrap()
    }

    #[test]
    fn a_wildcard_stops_at_a_slash() {
        let payments = glob("registry.example.com/payments/*");
        assert!(payments.matches("registry.example.com/payments/api"));
        for name in [
            "registry.example.com/payments",
            "registry.example.com/payments/",
            "registry.example.com/payments/api/debug",
            "registry.example.com/payments/api@sha256",
            "registry.example.com/paymentsx/api",
            "registry.example.com.evil.example/payments/api",
            "evil.example/registry.example.com/payments/api",
            "REGISTRY.example.com/payments/api",
            "",
        ] {
            assert!(!payments.matches(name), "{name}");
        }
    }

    #[test]
    fn wildcards_inside_a_segment() {
        let both = glob("registry.example.com/a*b*c/x-*");
        for name in ["abc/x-", "a1b2c/x-y", "aXbXbc/x-1", "abcbc/x-", "aabbcc/x-"] {
            assert!(both.matches(&format!("registry.example.com/{name}")), "{name}");
        }
        for name in ["ac/x-", "ab/x-", "abc/x", "abcd/x-", "xabc/x-", "a/bc/x-"] {
            assert!(!both.matches(&format!("registry.example.com/{name}")), "{name}");
        }
        assert!(!glob("registry.example.com/ab*ba").matches("registry.example.com/aba"));
        assert!(glob("localhost:5000/app").matches("localhost:5000/app"));
        assert!(glob("[::1]:5000/*").matches("[::1]:5000/app"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for (text, error) in [
            ("payments/*", GlobError::NoHost),
            ("payments", GlobError::NoHost),
            ("", GlobError::NoHost),
            ("*/payments", GlobError::HostWildcard),
            ("*.example.com/app", GlobError::HostWildcard),
            ("https://registry.example.com/app", GlobError::Scheme),
            ("registry.example.com/app:v1", GlobError::TagOrDigest),
            ("registry.example.com/app@sha256", GlobError::TagOrDigest),
            ("registry.example.com/**", GlobError::DoubleWildcard),
            ("registry.example.com/App", GlobError::Characters),
            ("registry.example.com/", GlobError::Characters),
            ("registry.example.com//app", GlobError::Characters),
            ("registry.example.com/a b", GlobError::Characters),
            ("Registry.example.com/app", GlobError::Characters),
        ] {
            assert_eq!(text.parse::<Glob>(), Err(error), "{text}");
        }
    }
}
