//! A login in what should name an image: `user:password@registry.example.com/app`.
//!
//! No program of ours takes one there, and none repeats it: what is repeated ends up in the log of a
//! job. Where it cannot be told from other words before an `@`, it is taken for one.

use std::borrow::Cow;

use crate::Digest;

/// The text with `…` in place of a login, if there is one in it.
pub fn hidden(text: &str) -> Cow<'_, str> {
    match after(text) {
        Some(rest) => Cow::Owned(format!("…@{rest}")),
        None => Cow::Borrowed(text),
    }
}

/// What follows the login in a text; `None` if there is no login.
pub fn after(text: &str) -> Option<&str> {
    let is_path = |scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.starts_with("//"));
    if is_path("oci:") || is_path("oci-archive:") {
        return None;
    }
    let without_scheme = text.split_once("://").map_or(text, |(_, rest)| rest);
    // A digest follows an `@` as well.
    let named = match without_scheme.rsplit_once('@') {
        Some((named, digest)) if digest.parse::<Digest>().is_ok() => named,
        _ => without_scheme,
    };
    let (login, rest) = named.rsplit_once('@')?;
    // Of `alpine:3@sha256:abc` the digest is misspelled, and of `alpine@latest` the tag.
    let is_login = rest.contains('/')
        || !login.contains('/')
            && !rest.starts_with("sha")
            && (login.contains(':') || rest.contains(['.', ':']));
    let rest = without_scheme.get(login.len() + 1..)?;
    is_login.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_not_repeated() {
        let digest = format!("@{}", Digest::sha256(b""));
        for (text, shown) in [
            ("user:pw@reg.example.com/a:v1", "…@reg.example.com/a:v1"),
            ("https://user:pw@reg.example.com/a", "…@reg.example.com/a"),
            ("oci://user:pw@reg.example.com/a", "…@reg.example.com/a"),
            ("user:p@ss/w@reg.example.com/a", "…@reg.example.com/a"),
            ("token@localhost:5000", "…@localhost:5000"),
            ("user:pw@localhost", "…@localhost"),
            ("user:pw@host", "…@host"),
        ] {
            assert_eq!(hidden(text), shown);
            let pinned = format!("{text}{digest}");
            assert_eq!(hidden(&pinned), format!("{shown}{digest}"));
        }
    }

    #[test]
    fn what_has_none_is_shown_as_it_is() {
        let digest = Digest::sha256(b"");
        for text in [
            "alpine",
            "alpine@latest",
            "alpine:3@sha256:abc",
            "reg.example.com/a:v1@sha512-00",
            "oci:/home/a@b/c:v1",
            "oci-archive:a@b/c.tar",
            &format!("alpine:3@{digest}"),
            &format!("reg.example.com/a:v1@{digest}"),
        ] {
            assert_eq!(hidden(text), text);
        }
    }
}
