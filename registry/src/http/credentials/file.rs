//! One file of logins: Docker's `config.json` or Podman's `auth.json`, which have one shape.
//!
//! What is there and cannot be read is an error, never "no login": whoever asks anonymously where a
//! login was meant may be shown another repository.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
};

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;

use super::{Login, Place, Secret, helper};
use crate::error::Denial;

/// Docker Hub's name in every file of logins.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// What is read of a file: far more than anybody has.
const MOST: u64 = 4 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    auths: Option<BTreeMap<String, Entry>>,
    creds_store: Option<String>,
    cred_helpers: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

/// The login that `file` knows for a repository.
pub(super) fn login(file: &Path, host: &str, repository: &str) -> Result<Option<Login>, Denial> {
    let unreadable = || Denial::Credentials { file: file.to_owned() };
    let mut text = Vec::new();
    match File::open(file).and_then(|opened| opened.take(MOST).read_to_end(&mut text)) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(_) => return Err(unreadable()),
    }
    let config: Config = serde_json::from_slice(&text).map_err(|_| unreadable())?;
    let found = |secret, helper| {
        let source = Place { file: file.to_owned(), helper };
        Login { secret, source }
    };
    let ask = |name: &str| {
        let server = if host == "docker.io" { DOCKER_HUB } else { host };
        let helper = helper::program(name);
        let secret =
            helper::get(&helper, server).map_err(|_| Denial::Helper { helper: helper.clone() })?;
        Ok(secret.map(|secret| found(secret, Some(helper))))
    };
    if let Some(helper) = config.helper_of(host) {
        return ask(helper);
    }
    let secret = config.entry(host, repository).map_or(Ok(None), Entry::secret);
    if let Some(secret) = secret.map_err(|Unreadable| unreadable())? {
        return Ok(Some(found(secret, None)));
    }
    config.creds_store.as_deref().filter(|name| !name.is_empty()).map_or(Ok(None), ask)
}

impl Config {
    fn helper_of(&self, host: &str) -> Option<&str> {
        let helpers = self.cred_helpers.as_ref()?;
        let found = helpers.iter().find(|(key, _)| registry(key) == alias(host));
        found.map(|(_, name)| name.as_str()).filter(|name| !name.is_empty())
    }

    /// The narrowest entry that covers the repository: Podman keeps logins for a namespace, or for
    /// one repository, too.
    fn entry(&self, host: &str, repository: &str) -> Option<&Entry> {
        let auths = self.auths.as_ref()?;
        let whole = format!("{host}/{repository}");
        let mut key = whole.as_str();
        while let Some((wider, _)) = key.rsplit_once('/') {
            if let Some(entry) = auths.get(key) {
                return Some(entry);
            }
            key = wider;
        }
        let of_host = || auths.iter().find(|(key, _)| registry(key) == alias(host));
        auths.get(host).or_else(|| of_host().map(|(_, entry)| entry))
    }
}

impl Entry {
    /// What the entry holds; an empty one says that a helper has it.
    fn secret(&self) -> Result<Option<Secret>, Unreadable> {
        let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = some(&self.identitytoken) {
            return Ok(Some(Secret::IdentityToken(token)));
        }
        if let Some(auth) = some(&self.auth) {
            return password(&auth).map(Some);
        }
        let pair = some(&self.username).zip(some(&self.password));
        Ok(pair.map(|(username, password)| Secret::Password(username, password)))
    }
}

/// It is there, and no login.
#[derive(Debug)]
struct Unreadable;

/// `USER:PASSWORD` in base64, which some tools write without padding.
fn password(auth: &str) -> Result<Secret, Unreadable> {
    let lax = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(&STANDARD, lax).decode(auth).map_err(|_| Unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| Unreadable)?;
    let (username, password) = text.split_once(':').ok_or(Unreadable)?;
    Ok(Secret::Password(username.to_owned(), password.to_owned()))
}

/// The host in a key, which old versions of Docker wrote as a URL.
fn registry(key: &str) -> &str {
    let without = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"));
    match without {
        Some(rest) => alias(rest.split_once('/').map_or(rest, |(host, _)| host)),
        // A key with a path and no scheme is a namespace, and no host's.
        None => alias(key),
    }
}

/// Docker Hub under one of its names.
fn alias(host: &str) -> &str {
    match host {
        "index.docker.io" | "registry-1.docker.io" => "docker.io",
        host => host,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{super::Credentials, *};

    fn login(text: &str, host: &str) -> Result<Option<String>, &'static str> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.json");
        fs::write(&file, text).unwrap();
        let absent = dir.path().join("absent.json");
        let login = Credentials::Files(vec![absent, file]).login(host, "acme/team/app");
        let login = login.map_err(|denial| match denial {
            Denial::Credentials { .. } => "file",
            Denial::Helper { .. } => "helper",
            _ => "other",
        })?;
        Ok(login.map(|login| match login.secret {
            Secret::IdentityToken(token) => format!("token {token}"),
            Secret::Password(username, password) => format!("{username} {password}"),
        }))
    }

    fn some(text: &str) -> Result<Option<String>, &'static str> {
        Ok(Some(text.to_owned()))
    }

    #[test]
    fn logins_are_found_by_host_and_absent_is_anonymous() {
        let text = r#"{"auths":{"registry.example.com":{"auth":"YWxpY2U6czNj"},
            "https://old.example.com/v1/":{"auth":"YWxpY2U6czM6YyE"},
            "pair.example.com":{"username":"carol","password":"pw"},
            "https://index.docker.io/v1/":{"auth":"Ym9iOnMzYw=="},"empty.example.com":{}},
            "currentContext":"x"}"#;
        assert_eq!(login(text, "registry.example.com"), some("alice s3c"));
        assert_eq!(login(text, "old.example.com"), some("alice s3:c!"));
        assert_eq!(login(text, "pair.example.com"), some("carol pw"));
        assert_eq!(login(text, "docker.io"), some("bob s3c"));
        for host in ["other.example.com", "empty.example.com", "example.com"] {
            assert_eq!(login(text, host), Ok(None), "{host}");
        }
        assert_eq!(login("{}", "registry.example.com"), Ok(None));
    }

    #[test]
    fn the_narrowest_namespace_counts() {
        // `HOST/acme/team`, `HOST/acme`, `HOST`, and one that only begins alike.
        let text = r#"{"auths":{"a.example.com":{"auth":"aG9zdDpw"},
            "a.example.com/acme":{"auth":"YWNtZTpw"},
            "a.example.com/acme/te":{"auth":"b3RoZXI6cA=="},
            "a.example.com/acme/team":{"auth":"dGVhbTpw"},
            "b.example.com/other":{"auth":"b3RoZXI6cA=="}}}"#;
        assert_eq!(login(text, "a.example.com"), some("team p"));
        assert_eq!(login(&text.replace("acme/team", "acme/x"), "a.example.com"), some("acme p"));
        assert_eq!(login(&text.replace("com/acme", "com/x"), "a.example.com"), some("host p"));
        assert_eq!(login(text, "b.example.com"), Ok(None));
    }

    #[test]
    fn an_identity_token_is_no_password() {
        let text = r#"{"auths":{"a.example.com":{"auth":"eDo=","identitytoken":"t"}}}"#;
        assert_eq!(login(text, "a.example.com"), some("token t"));
    }

    #[test]
    fn what_cannot_be_used_is_an_error_and_not_anonymous() {
        for text in ["{", "[]", r#"{"auths":{"a.example.com":{"auth":"%"}}}"#] {
            assert_eq!(login(text, "a.example.com"), Err("file"), "{text}");
        }
        // No colon in what is encoded.
        let text = r#"{"auths":{"a.example.com":{"auth":"YWxpY2U="}}}"#;
        assert_eq!(login(text, "a.example.com"), Err("file"));
        for helper in ["there-is-no-such-helper", "../../bin/sh", "a b", "."] {
            let of_host = format!(r#"{{"credHelpers":{{"a.example.com":"{helper}"}}}}"#);
            assert_eq!(login(&of_host, "a.example.com"), Err("helper"), "{helper}");
            let of_all = format!(r#"{{"auths":{{"a.example.com":{{}}}},"credsStore":"{helper}"}}"#);
            assert_eq!(login(&of_all, "a.example.com"), Err("helper"), "{helper}");
        }
    }
}
