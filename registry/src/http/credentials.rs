//! The user's logins, as `docker login` and `podman login` leave them.
//!
//! They are looked up only once a registry asks, so that what is public is read without starting a
//! credential helper. Nothing of a login is ever shown but where it came from.

mod file;
mod helper;

use std::{env, fmt, fs, os::unix::fs::MetadataExt, path::PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::header::HeaderValue;

use crate::error::Denial;

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

/// What a registry or its token service is shown, and where it came from.
#[derive(Clone)]
pub(crate) struct Login {
    secret: Secret,
    source: Place,
}

#[derive(Clone)]
enum Secret {
    /// What a token service alone takes, in exchange for a token.
    IdentityToken(String),
    /// A user name and password.
    Password(String, String),
}

/// Where a login came from.
#[derive(Clone)]
struct Place {
    file: PathBuf,
    helper: Option<String>,
}

impl Login {
    /// The `Authorization` header, RFC 7617; `None` for an identity token, which is no password.
    pub(crate) fn basic(&self) -> Option<HeaderValue> {
        let Secret::Password(username, password) = &self.secret else { return None };
        let encoded = STANDARD.encode(format!("{username}:{password}"));
        let mut value = HeaderValue::from_str(&format!("Basic {encoded}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The identity token, if it is one.
    pub(crate) fn identity_token(&self) -> Option<&str> {
        match &self.secret {
            Secret::IdentityToken(token) => Some(token),
            Secret::Password(..) => None,
        }
    }
}

impl fmt::Display for Login {
    /// Where it came from, nothing else.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.source.file.display();
        match &self.source.helper {
            Some(helper) => write!(f, "{helper}, named in {file}"),
            None => write!(f, "{file}"),
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login from {self}")
    }
}

impl Credentials {
    /// The login for a repository; `None` if there is none. May start a program and wait for it.
    pub(crate) fn login(&self, host: &str, repository: &str) -> Result<Option<Login>, Denial> {
        let files = match self {
            Self::Anonymous => return Ok(None),
            Self::Files(files) => files.clone(),
            Self::User => user_files(|name| env::var_os(name).map(PathBuf::from), user()),
        };
        for file in files {
            if let Some(login) = file::login(&file, host, repository)? {
                return Ok(Some(login));
            }
        }
        Ok(None)
    }
}

/// The files that Docker (`config.json`) and Podman (containers-auth.json(5)) read. A file that a
/// variable names comes before all others, and takes the place of Podman's usual ones.
fn user_files(variable: impl Fn(&str) -> Option<PathBuf>, user: Option<u32>) -> Vec<PathBuf> {
    let home = variable("HOME");
    let below_home = |name: &str| home.as_ref().map(|home| home.join(name));
    let docker = variable("DOCKER_CONFIG").or_else(|| below_home(".docker"));
    let session = variable("XDG_RUNTIME_DIR").map(|dir| dir.join("containers"));
    let without = user.map(|user| PathBuf::from(format!("/run/containers/{user}")));
    let config = variable("XDG_CONFIG_HOME").or_else(|| below_home(".config"));
    let podman = [session.or(without), config.map(|dir| dir.join("containers"))];
    let named = variable("REGISTRY_AUTH_FILE");
    let usual = if named.is_some() { [None, None] } else { podman };
    named
        .into_iter()
        .chain(docker.map(|dir| dir.join("config.json")))
        .chain(usual.into_iter().flatten().map(|dir| dir.join("auth.json")))
        .collect()
}

/// The user's number, by which Podman names its directory where there is no session.
fn user() -> Option<u32> {
    fs::metadata("/proc/self").ok().map(|found| found.uid())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn files(variables: &[(&str, &str)]) -> Vec<String> {
        let found = |name: &str| {
            let pair = variables.iter().find(|(known, _)| *known == name);
            pair.map(|(_, value)| PathBuf::from(value))
        };
        let shown = |file: &PathBuf| file.to_str().unwrap().to_owned();
        user_files(found, Some(7)).iter().map(shown).collect()
    }

    #[test]
    fn the_files_are_those_of_docker_and_podman() {
        let session = [("HOME", "/home/a"), ("XDG_RUNTIME_DIR", "/run/user/1")];
        assert_eq!(
            files(&session),
            [
                "/home/a/.docker/config.json",
                "/run/user/1/containers/auth.json",
                "/home/a/.config/containers/auth.json"
            ]
        );
        assert_eq!(files(&[]), ["/run/containers/7/auth.json"]);
        assert!(user_files(|_| None, None).is_empty());
    }

    #[test]
    fn what_a_variable_names_comes_first() {
        let named = [("HOME", "/home/a"), ("DOCKER_CONFIG", "/d"), ("XDG_CONFIG_HOME", "/c")];
        let usual = ["/d/config.json", "/run/containers/7/auth.json", "/c/containers/auth.json"];
        assert_eq!(files(&named), usual);
        let named = [("HOME", "/home/a"), ("REGISTRY_AUTH_FILE", "/auth.json")];
        assert_eq!(files(&named), ["/auth.json", "/home/a/.docker/config.json"]);
    }

    #[test]
    fn a_login_shows_no_secret() {
        let source = Place { file: "f".into(), helper: None };
        let secret = Secret::Password("alice".into(), "s3c".into());
        let login = Login { secret, source };
        assert_eq!(format!("{login:?} {login}"), "Login from f f");
        assert!(!format!("{:?}", login.basic()).contains("YWxp"));
        assert!(login.identity_token().is_none());
        let source = Place { file: Path::new("f").into(), helper: Some("h".into()) };
        let login = Login { secret: Secret::IdentityToken("t0ken".into()), source };
        assert_eq!(format!("{login:?}"), "Login from h, named in f");
        assert!(login.basic().is_none());
    }
}
