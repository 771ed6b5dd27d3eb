//! Where an identity token comes from: the CI system that a job runs in, a file or variable that was
//! named, or a person who logs in.
//!
//! A CI system's token is asked for when it is needed and not before: most live for minutes. It is
//! asked for with the audience `sigstore`, the one that certificate authorities take.

use std::{
    io::Read,
    process::{Child, Command, Stdio},
    str::FromStr,
    time::Duration,
};

use evidence::json::{self, Value};
use registry::http::Sender;
use reqwest::header::HeaderValue;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::token::{IdentityToken, TokenError};
use crate::{
    service::{Question, Role, Service, ServiceError},
    sign::{KeyReference, Lookup, ReadError},
    world::World,
};

const AUDIENCE: &str = "sigstore";

/// How long a CI system's own program may take: it asks a service, as we do elsewhere.
const PROGRAM: Duration = Duration::from_secs(30);

/// Most bytes of what it says: a token is one line of a few kilobytes, and a header carries it.
const MOST_SAID: u64 = 64 * 1024;

/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(10);

/// Where a token that was named is: a file, or `env://NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenReference(KeyReference);

impl TokenReference {
    /// The variable that holds the token, which no command that is run for the user may see.
    pub fn variable(&self) -> Option<&str> {
        self.0.variable()
    }

    fn read(&self, variables: &Lookup<'_>) -> Result<IdentityToken, SourceError> {
        let fault = |cause| SourceError::Read { from: self.to_string(), cause };
        let bytes = self.0.read(variables).map_err(fault)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| TokenError::Shape)?;
        Ok(IdentityToken::parse(text)?)
    }
}

impl FromStr for TokenReference {
    type Err = TokenReferenceError;

    fn from_str(text: &str) -> Result<Self, TokenReferenceError> {
        text.parse().map(Self).map_err(|_| TokenReferenceError)
    }
}

impl std::fmt::Display for TokenReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that names no token. It is not quoted: people paste tokens where a name belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an identity token is named by a file, or by `env://NAME`")]
pub struct TokenReferenceError;

/// Where a token comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Asked of GitHub, with the token that the job has for this.
    GitHub,
    /// A person logs in with a browser.
    Login,
    /// Named by an option.
    Named(TokenReference),
    /// Asked of a program of the CI system.
    Program(&'static [&'static str]),
    /// Put by the CI system into this variable.
    Variable(&'static str),
}

/// The variables by which a GitHub job asks for a token; both are there with `id-token: write`.
const GITHUB_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const GITHUB_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

/// The variable of GitLab's `id_tokens:`, which other programs of Sigstore read everywhere.
const VARIABLE: &str = "SIGSTORE_ID_TOKEN";

/// Buildkite's and CircleCI's own programs, which print a token.
const BUILDKITE: &[&str] = &["buildkite-agent", "oidc", "request-token", "--audience", AUDIENCE];
const CIRCLECI: &[&str] =
    &["circleci", "run", "oidc", "get", "--root-issuer", "--claims", r#"{"aud":"sigstore"}"#];

impl Source {
    /// The token that the surroundings offer, if they do.
    pub(crate) fn ambient(world: &World) -> Option<Self> {
        let is_set = |name| world.variable(name).is_some_and(|text| !text.is_empty());
        let is_true = |name| world.variable(name).is_some_and(|text| text == "true");
        if is_true("GITHUB_ACTIONS") && is_set(GITHUB_URL) && is_set(GITHUB_TOKEN) {
            return Some(Self::GitHub);
        }
        if is_set(VARIABLE) {
            return Some(Self::Variable(VARIABLE));
        }
        let programs = [("BUILDKITE", BUILDKITE), ("CIRCLECI", CIRCLECI)];
        let here = programs.into_iter().find(|(name, _)| is_true(name));
        here.map(|(_, words)| Self::Program(words))
    }

    /// Where it comes from, for people.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::GitHub => GITHUB_URL.to_owned(),
            Self::Login => "--login".to_owned(),
            Self::Named(reference) => format!("--identity-token {reference}"),
            Self::Program(words) => words.first().copied().unwrap_or_default().to_owned(),
            Self::Variable(name) => (*name).to_owned(),
        }
    }

    /// The variable by which a program of the CI system is given a token; whatever sees it can ask for
    /// one as well.
    pub(crate) fn agent_secret(&self) -> Option<&'static str> {
        matches!(self, Self::Program(words) if *words == BUILDKITE)
            .then_some("BUILDKITE_AGENT_ACCESS_TOKEN")
    }

    /// Whether it was found, and not named.
    pub(crate) fn is_ambient(&self) -> bool {
        !matches!(self, Self::Login | Self::Named(_))
    }

    /// Gets a token whose time is not over.
    pub(crate) async fn token(
        &self,
        world: &World,
        sender: &Sender,
        login: Option<&Service>,
    ) -> Result<IdentityToken, SourceError> {
        let lookup = |name: &str| world.variable(name);
        let token = match self {
            Self::GitHub => github(world, sender).await?,
            Self::Login => super::login::token(world, login).await?,
            Self::Named(reference) => reference.read(&lookup)?,
            Self::Program(words) => program(world, words).await?,
            Self::Variable(name) => {
                let text = Zeroizing::new(world.variable(name).unwrap_or_default());
                IdentityToken::parse(&text)?
            }
        };
        Ok(token.fresh(world.now())?)
    }
}

/// Asks GitHub (docs.github.com, "OpenID Connect reference").
async fn github(world: &World, sender: &Sender) -> Result<IdentityToken, SourceError> {
    let variable = |name| world.variable(name).unwrap_or_default();
    let base = Service::new(Role::Issuer, &variable(GITHUB_URL))?;
    let mut url = base.url().clone();
    url.query_pairs_mut().append_pair("audience", AUDIENCE);
    let service = Service::new(Role::Issuer, url.as_str())?;
    let bearer = Zeroizing::new(format!("Bearer {}", variable(GITHUB_TOKEN)));
    let mut bearer =
        HeaderValue::from_str(&bearer).map_err(|_| SourceError::Header { name: GITHUB_TOKEN })?;
    bearer.set_sensitive(true);
    let response = service.ask(sender, Question::get(""), Some(&bearer)).await?;
    let answer = Zeroizing::new(service.content(response)?);
    let Some(Value::String(text)) =
        json::parse(&answer).ok().and_then(|mut answer| answer.get_mut("value").map(Value::take))
    else {
        return Err(service.malformed("a token").into());
    };
    Ok(IdentityToken::parse(&Zeroizing::new(text))?)
}

/// Runs a program of the CI system; what it complains of goes to stderr.
async fn program(
    world: &World,
    words: &'static [&'static str],
) -> Result<IdentityToken, SourceError> {
    let Some((name, arguments)) = words.split_first() else { return Err(TokenError::Shape.into()) };
    let mut command = Command::new(name);
    command.args(arguments).env_clear().envs(&world.environment).current_dir(&world.directory);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let fault = || SourceError::Program { name };
    let mut child = command.spawn().map_err(|_| fault())?;
    let said = tokio::time::timeout(PROGRAM, said(&mut child)).await;
    let Ok(Some(text)) = said else {
        // Whoever does not end, or says more than any token, is not waited for.
        let _killed = child.kill();
        let _ended = child.wait();
        return Err(fault());
    };
    let text = std::str::from_utf8(&text).map_err(|_| TokenError::Shape)?;
    Ok(IdentityToken::parse(text)?)
}

/// What a program says until it ends well; nothing, if it says too much or fails.
async fn said(child: &mut Child) -> Option<Zeroizing<Vec<u8>>> {
    let stdout = child.stdout.take()?;
    let (sender, receiver) = oneshot::channel();
    // On a thread that nobody joins: what the program started may hold its output open for ever.
    std::thread::spawn(move || {
        let mut text = Zeroizing::new(Vec::new());
        let read = stdout.take(MOST_SAID + 1).read_to_end(&mut text);
        let _gone = sender.send(read.map(|_| text));
    });
    let text = receiver.await.ok()?.ok()?;
    if u64::try_from(text.len()).is_ok_and(|length| length > MOST_SAID) {
        return None;
    }
    loop {
        match child.try_wait().ok()? {
            Some(status) => return status.success().then_some(text),
            None => tokio::time::sleep(LOOK).await,
        }
    }
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// No header can carry what the variable holds.
    #[error("the variable `{name}` has characters that no header has")]
    Header {
        /// Its name.
        name: &'static str,
    },
    /// The login.
    #[error(transparent)]
    Login(#[from] super::login::LoginError),
    /// A program of the CI system gave none.
    #[error("`{name}` gave no identity token")]
    Program {
        /// The program.
        name: &'static str,
    },
    /// What was named cannot be read.
    #[error("cannot read the identity token `{from}`: {cause}")]
    Read {
        /// What was named.
        from: String,
        /// Why.
        cause: ReadError,
    },
    /// A service.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// What was got is no token.
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl SourceError {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Header { .. } | Self::Read { .. } | Self::Token(_) => "identity-token",
            Self::Login(error) if error.is_usage() => "login",
            Self::Login(_) => "login-failed",
            Self::Program { .. } => "no-identity-token",
            Self::Service(error) => error.code(),
        }
    }

    /// Whether whoever wrote the command has to mend it.
    pub(crate) fn is_usage(&self) -> bool {
        match self {
            Self::Header { .. } | Self::Read { .. } | Self::Token(_) => true,
            Self::Login(error) => error.is_usage(),
            Self::Program { .. } => false,
            Self::Service(error) => error.is_usage(),
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            Self::Login(error) => Some(error.help()),
            Self::Program { .. } => Some("it says why above; --key signs without it"),
            Self::Service(error) => Some(error.help()),
            Self::Token(TokenError::Expired { .. }) => Some("get a new one; most live for minutes"),
            Self::Header { .. } | Self::Read { .. } | Self::Token(_) => None,
        }
    }
}
