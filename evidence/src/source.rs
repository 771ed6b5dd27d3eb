//! Where code came from, in one spelling: https, no `.git`, no user information.

/// Normalises a repository address: `git+https://…@ref`, `git@host:path`, `ssh://…` and
/// `https://user:secret@host/path.git/` all become `https://host/path`.
///
/// `None` when the text names no host and path. Two addresses are the same repository when their
/// normal forms are equal.
pub fn normalise(address: &str) -> Option<String> {
    let address = address.trim();
    let address = address.strip_prefix("git+").unwrap_or(address);
    let rest = match address.split_once("://") {
        Some(("https" | "http" | "ssh" | "git", rest)) => rest.to_owned(),
        Some(_) => return None,
        // The scp form of git, `git@host:path`.
        None => address.split_once('@')?.1.replacen(':', "/", 1),
    };
    let (authority, path) = rest.split_once('/')?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // A ref may follow the path of a resource URI (SPDX download location): `path@refs/heads/main`.
    let path = path.split(['@', '#', '?']).next().unwrap_or_default();
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    // A form that is not its own normal form would be one repository today and another one when it is
    // normalised again.
    let settled = path.trim_end() == path && !path.ends_with('/') && !path.ends_with(".git");
    if host.is_empty() || path.is_empty() || !settled {
        return None;
    }
    Some(format!("https://{}/{path}", host.to_ascii_lowercase()))
}

/// The ref of a resource URI, `git+https://host/path@refs/heads/main`.
pub fn git_ref(uri: &str) -> Option<&str> {
    let path = uri.split_once("://")?.1.split_once('/')?.1;
    path.split_once('@').map(|(_, git_ref)| git_ref.split(['#', '?']).next().unwrap_or(git_ref))
}

/// Whether `text` is a full git object id: 40 or 64 lowercase hex digits.
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64)
        && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// A run's address without its attempt, and the attempt: GitHub appends `/attempts/<n>`.
pub fn without_attempt(run: &str) -> (&str, Option<u64>) {
    let run = run.trim_end_matches('/');
    match run.rsplit_once("/attempts/") {
        Some((run, attempt)) if attempt.parse::<u64>().is_ok() => (run, attempt.parse().ok()),
        _ => (run, None),
    }
}

/// The number or id at the end of a run's address, for people and for labels. Azure Pipelines has it in
/// the query: `…/results?buildId=4711`.
pub fn run_id(run: &str) -> &str {
    without_attempt(run).0.rsplit(['/', '=']).next().unwrap_or(run)
}

/// Whether two spellings name one run: its address, or the id or number at the end of it.
pub fn is_same_run(a: &str, b: &str) -> bool {
    let (a, b) = (without_attempt(a).0, without_attempt(b).0);
    a == b || run_id(a) == b || run_id(b) == a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_one_repository_are_equal() {
        for address in [
            "https://github.com/acme/payments",
            "https://github.com/acme/payments.git",
            "https://alice:secret@GitHub.com/acme/payments/",
            "git+https://github.com/acme/payments@refs/heads/main",
            "git@github.com:acme/payments.git",
            "ssh://git@github.com/acme/payments.git",
        ] {
            assert_eq!(
                normalise(address).as_deref(),
                Some("https://github.com/acme/payments"),
                "{address}"
            );
        }
        let unsettled =
            ["https://h/a.git.git", "https://h/a/.git", "https://h/a\n#b", "https://h/a @r"];
        for address in ["", "payments", "file:///etc/passwd", "https://github.com", "https:///x"]
            .into_iter()
            .chain(unsettled)
        {
            assert_eq!(normalise(address), None, "{address}");
        }
    }

    #[test]
    fn refs_attempts_and_ids_are_found() {
        assert_eq!(git_ref("git+https://h/p@refs/heads/main"), Some("refs/heads/main"));
        assert_eq!(without_attempt("https://h/runs/7/attempts/2"), ("https://h/runs/7", Some(2)));
        assert_eq!(without_attempt("4711"), ("4711", None));
        assert_eq!(run_id("https://h/runs/7/attempts/2"), "7");
        assert_eq!(run_id("https://h/acme/app/_build/results?buildId=4711"), "4711");
        assert!(is_same_run("https://h/runs/7/attempts/2", "7"));
        assert!(is_same_run("7", "https://h/runs/7"));
        assert!(!is_same_run("https://h/runs/7", "https://g/runs/7"));
        assert!(!is_same_run("https://h/runs/17", "7"));
    }
}
