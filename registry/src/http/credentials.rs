//! The user's logins, as `docker login` and `podman login` leave them.
//!
//! They are looked up only once a registry asks, so that what is public is read without starting a
//! credential helper. Nothing of a login is ever shown but the file that it came from.

use std::{
    env, fmt,
    fs::File,
    io::{BufReader, ErrorKind},
    path::PathBuf,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use docker_credential::{CredentialRetrievalError, DockerCredential};
use reqwest::header::HeaderValue;

use crate::error::Denial;

/// Docker Hub's key in every file of logins.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// Where logins are looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Nowhere.
    Anonymous,
    /// In these files, the first that knows the host.
    Files(Vec<PathBuf>),
    /// Where Docker and Podman keep the user's.
    #[default]
    User,
}

/// A user name and password, and where they came from.
#[derive(Clone)]
pub(crate) struct Login {
    username: String,
    password: String,
    pub(crate) file: PathBuf,
}

impl Login {
    /// The `Authorization` header, RFC 7617.
    pub(crate) fn basic(&self) -> Option<HeaderValue> {
        let encoded = STANDARD.encode(format!("{}:{}", self.username, self.password));
        let mut value = HeaderValue::from_str(&format!("Basic {encoded}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login from {}", self.file.display())
    }
}

impl Credentials {
    /// The login for `host`; `None` if there is none.
    pub(crate) fn login(&self, host: &str) -> Result<Option<Login>, Denial> {
        let files = match self {
            Self::Anonymous => return Ok(None),
            Self::Files(files) => files.clone(),
            Self::User => user_files(|name| env::var_os(name).map(PathBuf::from)),
        };
        let key = if host == "docker.io" { DOCKER_HUB } else { host };
        for file in files {
            if let Some(login) = in_file(file, key)? {
                return Ok(Some(login));
            }
        }
        Ok(None)
    }
}

/// The files that Docker (`config.json`) and Podman (containers-auth.json(5)) read.
fn user_files(variable: impl Fn(&str) -> Option<PathBuf>) -> Vec<PathBuf> {
    let home = variable("HOME");
    let docker = variable("DOCKER_CONFIG").or_else(|| Some(home.as_ref()?.join(".docker")));
    let podman = variable("REGISTRY_AUTH_FILE").map_or_else(
        || {
            let runtime = variable("XDG_RUNTIME_DIR").map(|dir| dir.join("containers/auth.json"));
            let config = home.as_ref().map(|home| home.join(".config/containers/auth.json"));
            runtime.into_iter().chain(config).collect()
        },
        |file| vec![file],
    );
    docker.map(|dir| dir.join("config.json")).into_iter().chain(podman).collect()
}

fn in_file(file: PathBuf, key: &str) -> Result<Option<Login>, Denial> {
    let reader = match File::open(&file) {
        Ok(opened) => BufReader::new(opened),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(_) => return Err(Denial::Credentials),
    };
    match docker_credential::get_credential_from_reader(reader, key) {
        Ok(DockerCredential::UsernamePassword(username, password)) => {
            let some = !username.is_empty() || !password.is_empty();
            Ok(some.then_some(Login { username, password, file }))
        }
        Ok(DockerCredential::IdentityToken(_)) => Err(Denial::IdentityToken),
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(None),
        // A helper says so on stdout, with a status of 1 (docker-credential-helpers, `errors.go`).
        Err(CredentialRetrievalError::HelperFailure { stdout, .. })
            if stdout.contains("credentials not found") =>
        {
            Ok(None)
        }
        Err(_) => Err(Denial::Credentials),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn login(text: &str, host: &str) -> Result<Option<(String, String)>, Denial> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.json");
        fs::write(&file, text).unwrap();
        let absent = dir.path().join("absent.json");
        let login = Credentials::Files(vec![absent, file]).login(host)?;
        Ok(login.map(|login| (login.username, login.password)))
    }

    #[test]
    fn logins_are_found_by_host_and_absent_is_anonymous() {
        let text = r#"{"auths":{"registry.example.com":{"auth":"YWxpY2U6czNj"},
            "https://index.docker.io/v1/":{"auth":"Ym9iOnMzYw=="},"empty.example.com":{}}}"#;
        let some = |user: &str| Ok(Some((user.to_owned(), "s3c".to_owned())));
        assert_eq!(login(text, "registry.example.com"), some("alice"));
        assert_eq!(login(text, "docker.io"), some("bob"));
        assert_eq!(login(text, "other.example.com"), Ok(None));
        assert_eq!(login(text, "empty.example.com"), Ok(None));
        assert_eq!(login("{}", "registry.example.com"), Ok(None));
    }

    #[test]
    fn what_cannot_be_used_is_an_error_and_not_anonymous() {
        let token = r#"{"auths":{"a.example.com":{"identitytoken":"t"}}}"#;
        assert_eq!(login(token, "a.example.com"), Err(Denial::IdentityToken));
        assert_eq!(login("{", "a.example.com"), Err(Denial::Credentials));
        let broken = r#"{"auths":{"a.example.com":{"auth":"%"}}}"#;
        assert_eq!(login(broken, "a.example.com"), Err(Denial::Credentials));
        let helper = r#"{"credHelpers":{"a.example.com":"there-is-no-such-helper"}}"#;
        assert_eq!(login(helper, "a.example.com"), Err(Denial::Credentials));
    }

    #[test]
    fn the_files_are_those_of_docker_and_podman() {
        let files = user_files(|name| match name {
            "HOME" => Some("/home/a".into()),
            "XDG_RUNTIME_DIR" => Some("/run/user/1".into()),
            _ => None,
        });
        let files: Vec<_> = files.iter().map(|file| file.to_str().unwrap()).collect();
        assert_eq!(
            files,
            [
                "/home/a/.docker/config.json",
                "/run/user/1/containers/auth.json",
                "/home/a/.config/containers/auth.json"
            ]
        );
        assert!(user_files(|_| None).is_empty());
    }

    #[test]
    fn a_login_shows_no_secret() {
        let login = Login { username: "alice".into(), password: "s3c".into(), file: "f".into() };
        assert_eq!(format!("{login:?}"), "Login from f");
        assert!(!format!("{:?}", login.basic()).contains("YWxp"));
    }
}
