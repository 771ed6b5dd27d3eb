//! Who we are to one registry: the challenge it gave, the user's login, and the tokens bought with
//! it.
//!
//! Whoever gets 401 first asks for the token, the others wait for it; what failed once has failed
//! for all. The login goes to the registry and to the token service that the registry itself names,
//! over TLS or on this machine.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
};

use reqwest::{
    Method, StatusCode, Url,
    header::{ACCEPT, HeaderMap, HeaderValue},
};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{
    Access, Client, Request,
    challenge::{self, Challenge},
    credentials::{Credentials, Login},
    exchange::is_loopback,
};
use crate::{
    Error, Limit,
    error::{Cause, Denial, What},
};

pub(crate) struct Authority {
    host: String,
    repository: String,
    credentials: Credentials,
    has_login: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    challenge: Option<Challenge>,
    login: Option<Result<Option<Login>, Denial>>,
    granted: BTreeMap<Access, Result<HeaderValue, Error>>,
}

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
}

impl Authority {
    pub(crate) fn new(host: &str, repository: &str, credentials: Credentials) -> Self {
        Self {
            host: host.to_owned(),
            repository: repository.to_owned(),
            credentials,
            has_login: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    /// Whether a login was found and used.
    pub(crate) fn has_login(&self) -> bool {
        self.has_login.load(Ordering::Relaxed)
    }

    /// What is known to be asked for; nothing before the first 401.
    pub(crate) async fn known(
        &self,
        client: &Client,
        access: Access,
    ) -> Result<Option<HeaderValue>, Error> {
        let mut state = self.state.lock().await;
        if state.challenge.is_none() {
            return Ok(None);
        }
        self.granted(client, &mut state, &What::Token, access).await.map(Some)
    }

    /// The answer to a 401 that came to a request with `used`.
    pub(crate) async fn answer(
        &self,
        client: &Client,
        what: &What,
        access: Access,
        headers: &HeaderMap,
        used: Option<HeaderValue>,
    ) -> Result<HeaderValue, Error> {
        let mut state = self.state.lock().await;
        let newer = |granted: &Result<HeaderValue, Error>| match granted {
            Ok(value) => Some(value) != used.as_ref(),
            Err(_) => true,
        };
        if !state.granted.get(&access).is_some_and(newer) {
            let challenge = challenge::parse(headers);
            let challenge = challenge.ok_or_else(|| self.denied(what, Denial::Scheme))?;
            // The same password again would be refused again.
            let refused = challenge == Challenge::Basic && used.is_some();
            if refused {
                let denial = Denial::Status { status: 401, with_credentials: true };
                return Err(self.denied(what, denial));
            }
            state.challenge = Some(challenge);
            state.granted.remove(&access);
        }
        self.granted(client, &mut state, what, access).await
    }

    async fn granted(
        &self,
        client: &Client,
        state: &mut State,
        what: &What,
        access: Access,
    ) -> Result<HeaderValue, Error> {
        if let Some(granted) = state.granted.get(&access) {
            return granted.clone();
        }
        let granted = self.ask(client, state, what, access).await;
        state.granted.insert(access, granted.clone());
        granted
    }

    async fn ask(
        &self,
        client: &Client,
        state: &mut State,
        what: &What,
        access: Access,
    ) -> Result<HeaderValue, Error> {
        let login = match &state.login {
            Some(login) => login.clone(),
            None => {
                let login = self.login(client).await;
                state.login.insert(login).clone()
            }
        }
        .map_err(|denial| self.denied(what, denial))?;
        match &state.challenge {
            Some(Challenge::Basic) => login.as_ref().and_then(Login::basic).ok_or_else(|| {
                let denial = Denial::Status { status: 401, with_credentials: false };
                self.denied(what, denial)
            }),
            Some(Challenge::Bearer { realm, service, scopes }) => {
                let realm = self.realm(client, realm)?;
                let url = asked(realm, service.as_deref(), self.scopes(scopes, access));
                self.token(client, url, login.as_ref()).await
            }
            None => Err(self.denied(what, Denial::Scheme)),
        }
    }

    /// Looks the login up beside the other requests: a helper is a process of its own.
    async fn login(&self, client: &Client) -> Result<Option<Login>, Denial> {
        let (credentials, host) = (self.credentials.clone(), self.host.clone());
        let found = tokio::task::spawn_blocking(move || credentials.login(&host)).await;
        let login = found.map_err(|_| Denial::Credentials)??;
        if let Some(login) = &login {
            self.has_login.store(true, Ordering::Relaxed);
            client.note(&format!("login for {} from {}", self.host, login.file.display()));
        }
        Ok(login)
    }

    /// The address of the token service, if a password may be sent there: TLS, this machine, or the
    /// registry's own host that the user chose to speak plain HTTP with.
    fn realm(&self, client: &Client, realm: &str) -> Result<Url, Error> {
        let unexpected = || Error::unavailable(What::Token, self.host.as_str(), Cause::Unexpected);
        let mut url = Url::parse(realm).map_err(|_| unexpected())?;
        let base = client.url("");
        let same_host = base.scheme() == "http" && base.host_str() == url.host_str();
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) || same_host => {}
            _ => return Err(self.denied(&What::Token, Denial::InsecureRealm)),
        }
        url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| unexpected())?;
        Ok(url)
    }

    /// What to ask for: our own need, and what the registry names besides.
    fn scopes(&self, named: &[String], access: Access) -> Vec<String> {
        let pull = format!("repository:{}:pull", self.repository);
        let own = match access {
            Access::Pull => pull.clone(),
            Access::Push => format!("{pull},push"),
        };
        let others = named.iter().filter(|scope| **scope != own && **scope != pull).cloned();
        std::iter::once(own.clone()).chain(others).collect()
    }

    async fn token(
        &self,
        client: &Client,
        url: Url,
        login: Option<&Login>,
    ) -> Result<HeaderValue, Error> {
        let most = client.budget().list;
        let request = Request {
            method: Method::GET,
            what: What::Token,
            headers: vec![(ACCEPT, HeaderValue::from_static("application/json"))],
            body: Vec::new(),
            access: Access::Pull,
            most,
            over: Error::limit(Limit::List, most),
            again: true,
            url,
        };
        let basic = login.and_then(Login::basic);
        let response = client.transport().send(&request, basic.as_ref()).await?;
        let place = || request.url.host_str().unwrap_or_default().to_owned();
        match response.status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let status = response.status.as_u16();
                let denial = Denial::Status { status, with_credentials: basic.is_some() };
                return Err(Error::Unauthorized {
                    what: What::Token,
                    place: place(),
                    cause: denial,
                });
            }
            other => {
                let cause = Cause::Status(other.as_u16());
                return Err(Error::unavailable(What::Token, place(), cause));
            }
        }
        let answer: Option<Answer> = serde_json::from_slice(&response.body).ok();
        answer
            .and_then(|answer| answer.token.or(answer.access_token))
            .filter(|token| !token.is_empty())
            .and_then(|token| HeaderValue::from_str(&format!("Bearer {token}")).ok())
            .map(|mut value| {
                value.set_sensitive(true);
                value
            })
            .ok_or_else(|| Error::unavailable(What::Token, place(), Cause::Unexpected))
    }

    fn denied(&self, what: &What, cause: Denial) -> Error {
        Error::Unauthorized { what: what.clone(), place: self.host.clone(), cause }
    }
}

fn asked(mut realm: Url, service: Option<&str>, scopes: Vec<String>) -> Url {
    let mut query = realm.query_pairs_mut();
    if let Some(service) = service {
        query.append_pair("service", service);
    }
    for scope in scopes {
        query.append_pair("scope", &scope);
    }
    drop(query);
    realm
}
