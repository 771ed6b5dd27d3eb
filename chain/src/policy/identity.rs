//! Patterns for the identities in certificates: `https://github.com/acme/*/.github/workflows/release.yml@refs/heads/main`.
//!
//! An identity matches as a whole and by its exact characters. A `*` stands for any characters but `/`
//! and `@`, and for no whole segment that is empty. It may not stand where somebody else could be meant:
//! in a scheme, a host, the owner (the first segment of a path), or the domain of a mail address.

use std::{fmt, str::FromStr};

use super::glob::segment_matches;

/// A pattern for identities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityPattern {
    text: String,
}

impl IdentityPattern {
    /// Whether the pattern means this identity.
    pub fn matches(&self, identity: &str) -> bool {
        let (pattern, identity) = (Segments::of(&self.text), Segments::of(identity));
        let whole = |pattern: &str, segment: &str| match pattern.contains('*') {
            true => segment_matches(pattern, segment),
            // Literal segments may be empty: GitLab writes `group/project//.gitlab-ci.yml`.
            false => pattern == segment,
        };
        pattern.agree(&identity, whole)
    }

    /// Whether some identity is meant by both patterns.
    pub fn overlaps(&self, other: &Self) -> bool {
        Segments::of(&self.text).agree(&Segments::of(&other.text), segments_overlap)
    }

    /// Whether it means more than one identity.
    pub fn is_glob(&self) -> bool {
        self.text.contains('*')
    }
}

/// A text between its `/` and `@`, and which of them stand there.
struct Segments<'t> {
    segments: Vec<&'t str>,
    between: Vec<&'t str>,
}

impl<'t> Segments<'t> {
    fn of(text: &'t str) -> Self {
        Self {
            segments: text.split(['/', '@']).collect(),
            between: text.matches(['/', '@']).collect(),
        }
    }

    fn agree(&self, other: &Self, agree: impl Fn(&str, &str) -> bool) -> bool {
        self.between == other.between
            && self.segments.iter().zip(&other.segments).all(|(a, b)| agree(a, b))
    }
}

/// Whether some segment is meant by both. Of two with wildcards, the texts before the first and after
/// the last wildcard have to fit together; what stands between can follow one another.
fn segments_overlap(a: &str, b: &str) -> bool {
    match (a.split_once('*'), b.split_once('*')) {
        (None, None) => a == b,
        (Some(_), None) => segment_matches(a, b),
        (None, Some(_)) => segment_matches(b, a),
        (Some((a_first, a_rest)), Some((b_first, b_rest))) => {
            let [a_last, b_last] =
                [a_rest, b_rest].map(|rest| rest.rsplit('*').next().unwrap_or(rest));
            let begin = a_first.starts_with(b_first) || b_first.starts_with(a_first);
            begin && (a_last.ends_with(b_last) || b_last.ends_with(a_last))
        }
    }
}

impl FromStr for IdentityPattern {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(IdentityError::Characters);
        }
        if text.contains("**") {
            return Err(IdentityError::DoubleWildcard);
        }
        if text.contains('*') {
            wildcards_stand_well(text)?;
        }
        Ok(Self { text: text.to_owned() })
    }
}

fn wildcards_stand_well(text: &str) -> Result<(), IdentityError> {
    if let Some((scheme, rest)) = text.split_once("://") {
        let mut path = rest.split('/');
        let (host, owner) = (path.next().unwrap_or_default(), path.next().unwrap_or_default());
        return match () {
            () if scheme.contains('*') || host.contains('*') => Err(IdentityError::HostWildcard),
            () if owner.contains('*') => Err(IdentityError::OwnerWildcard),
            () => Ok(()),
        };
    }
    match text.split_once('@') {
        None => Err(IdentityError::NameWildcard),
        Some((_, domain)) if domain.contains(['*', '@', '/']) => Err(IdentityError::DomainWildcard),
        Some(_) => Ok(()),
    }
}

impl fmt::Display for IdentityPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why text is no pattern for identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// White space or control characters.
    #[error("no identity has white space or control characters")]
    Characters,
    /// A wildcard in the domain of a mail address.
    #[error("a wildcard may not stand in the domain of an address")]
    DomainWildcard,
    /// `**`.
    #[error("`**` is not a wildcard here; `*` stands for anything up to the next `/` or `@`")]
    DoubleWildcard,
    /// A wildcard in scheme or host.
    #[error("a wildcard may not stand in the scheme or the host")]
    HostWildcard,
    /// A wildcard in a name that is neither an address nor a URI.
    #[error("a wildcard may stand in a URI or a mail address only")]
    NameWildcard,
    /// A wildcard in the owner.
    #[error("a wildcard may not stand in the owner, the first segment of the path")]
    OwnerWildcard,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> IdentityPattern {
        text.parse().unwrap()
    }

    const RELEASE: &str =
        "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main";

    #[test]
    fn an_identity_matches_as_a_whole() {
        assert!(pattern(RELEASE).matches(RELEASE));
        for other in [
            "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main2",
            "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/mai",
            "https://github.com/acme/app/.github/workflows/release.yml",
            "xhttps://github.com/acme/app/.github/workflows/release.yml@refs/heads/main",
            "https://github.com/acme/app/.github/workflows/release.yml@refs@heads/main",
            "https://GitHub.com/acme/app/.github/workflows/release.yml@refs/heads/main",
            "",
        ] {
            assert!(!pattern(RELEASE).matches(other), "{other}");
        }
        let gitlab = "https://gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main";
        assert!(pattern(gitlab).matches(gitlab));
        assert!(!pattern(gitlab).matches(&gitlab.replace("//.", "/.")));
    }

    #[test]
    fn a_wildcard_stops_at_slash_and_at() {
        let any = pattern("https://github.com/acme/*/.github/workflows/*.yml@refs/tags/v*");
        assert!(any.matches("https://github.com/acme/app/.github/workflows/ci.yml@refs/tags/v1.2"));
        for other in [
            "https://github.com/acme/a/b/.github/workflows/ci.yml@refs/tags/v1",
            "https://github.com/acme//.github/workflows/ci.yml@refs/tags/v1",
            "https://github.com/acme/app/.github/workflows/ci.yml@refs/tags/v1/x",
            "https://github.com/acme/app/.github/workflows/ci.yml@refs/tags/v1@x",
            "https://github.com/acme/app/.github/workflows/x@y.yml@refs/tags/v1",
            "https://github.com/evil/app/.github/workflows/ci.yml@refs/tags/v1",
        ] {
            assert!(!any.matches(other), "{other}");
        }
        let team = pattern("*@acme.com");
        assert!(team.matches("alice@acme.com"));
        for other in ["@acme.com", "alice@x@acme.com", "alice@acme.com.evil.com", "acme.com"] {
            assert!(!team.matches(other), "{other}");
        }
    }

    #[test]
    fn wildcards_may_not_mean_somebody_else() {
        for (text, error) in [
            ("https://*/acme/app", IdentityError::HostWildcard),
            ("https://*.github.com/acme/app", IdentityError::HostWildcard),
            ("http*://github.com/acme/app", IdentityError::HostWildcard),
            ("https://github.com/*/app", IdentityError::OwnerWildcard),
            ("https://github.com/acme-*/app", IdentityError::OwnerWildcard),
            ("https://github.com/*", IdentityError::OwnerWildcard),
            ("alice@*.com", IdentityError::DomainWildcard),
            ("*@b@acme.com", IdentityError::DomainWildcard),
            ("*@acme.com/x", IdentityError::DomainWildcard),
            ("*", IdentityError::NameWildcard),
            ("ali*!acme.com", IdentityError::NameWildcard),
            ("https://github.com/acme/**", IdentityError::DoubleWildcard),
            ("alice@acme.com\n", IdentityError::Characters),
        ] {
            assert_eq!(text.parse::<IdentityPattern>(), Err(error), "{text}");
        }
    }

    #[test]
    fn whether_two_patterns_mean_one_identity_is_decided() {
        let at =
            |segment: &str| pattern(&format!("https://github.com/acme/{segment}@refs/heads/x"));
        for (a, b, both) in [
            ("app", "app", true),
            ("app", "api", false),
            ("*", "app", true),
            ("a*", "*p", true),
            ("a*x", "ab*", true),
            ("a*x", "*y", false),
            ("a*", "b*", false),
            ("ab*c*d", "a*x*d", true),
            ("app", "app/x", false),
        ] {
            assert_eq!(at(a).overlaps(&at(b)), both, "{a} {b}");
            assert_eq!(at(b).overlaps(&at(a)), both, "{b} {a}");
        }
        assert!(!pattern("a@b").overlaps(&pattern("a/b")));
    }
}
