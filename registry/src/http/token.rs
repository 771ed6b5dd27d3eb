//! Who we are to one registry: the challenge it gave, the user's login, and the tokens bought with
//! it.
//!
//! Whoever gets 401 first asks for the token, the others wait for it; what failed once has failed
//! for all. The login goes to the registry and to the token service that the registry itself names,
//! over TLS or on this machine. A password buys a token by GET, an identity token by OAuth2's refresh
//! grant (distribution's token and OAuth2 specifications).

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use reqwest::{
    Method, StatusCode, Url,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde::Deserialize;
use tokio::sync::{Mutex, oneshot};

use super::{
    Access, Client, Request,
    challenge::{self, Challenge},
    credentials::{Credentials, Login},
    exchange::{Take, is_loopback},
};
use crate::{
    Error, Limit,
    error::{Cause, Denial, What},
};

/// Who we say we are to a token service, which knows no better.
const CLIENT: &str = "attest-verify";

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
    login: Option<Result<Option<Login>, Error>>,
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
        }?;
        match &state.challenge {
            Some(Challenge::Basic) => self.basic(what, login.as_ref()),
            Some(Challenge::Bearer { realm, service, scopes }) => {
                let realm = self.realm(client, realm)?;
                let scopes = self.scopes(scopes, access);
                let asked = Asked { realm, service: service.as_deref(), scopes };
                token(client, asked.request(client, login.as_ref()), login.as_ref()).await
            }
            None => Err(self.denied(what, Denial::Scheme)),
        }
    }

    fn basic(&self, what: &What, login: Option<&Login>) -> Result<HeaderValue, Error> {
        let denial = match login {
            Some(login) if login.identity_token().is_some() => Denial::IdentityToken,
            _ => Denial::Status { status: 401, with_credentials: false },
        };
        login.and_then(Login::basic).ok_or_else(|| self.denied(what, denial))
    }

    /// Looks the login up beside the other requests: a helper is a program that may take its time, or
    /// never end. A thread of its own, because a runtime would wait for it at its end.
    async fn login(&self, client: &Client) -> Result<Option<Login>, Error> {
        let (credentials, host) = (self.credentials.clone(), self.host.clone());
        let repository = self.repository.clone();
        let (answer, found) = oneshot::channel();
        thread::spawn(move || answer.send(credentials.login(&host, &repository)));
        let found = client.transport().in_time(found).await?;
        let helper = || Denial::Helper { helper: String::new() };
        let login = found.map_err(|_| helper()).and_then(|found| found);
        let login = login.map_err(|denial| self.denied(&What::Credentials, denial))?;
        match &login {
            Some(login) => {
                self.has_login.store(true, Ordering::Relaxed);
                client.note(&format!("login for {} from {login}", self.host));
            }
            None => client.note(&format!("no login for {} is known", self.host)),
        }
        Ok(login)
    }

    /// The address of the token service, if a password may be sent there: TLS, or plain HTTP where
    /// the registry is on this machine as well, or is itself spoken to without TLS.
    fn realm(&self, client: &Client, realm: &str) -> Result<Url, Error> {
        let unexpected = || Error::unavailable(What::Token, self.host.as_str(), Cause::Unexpected);
        let mut url = Url::parse(realm).map_err(|_| unexpected())?;
        let base = client.url("");
        let same_host = base.scheme() == "http" && base.host_str() == url.host_str();
        match url.scheme() {
            "https" => {}
            "http" if same_host || (is_loopback(&base) && is_loopback(&url)) => {}
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

    fn denied(&self, what: &What, cause: Denial) -> Error {
        Error::Unauthorized { what: what.clone(), place: self.host.clone(), cause }
    }
}

/// What a token is asked for.
struct Asked<'a> {
    realm: Url,
    service: Option<&'a str>,
    scopes: Vec<String>,
}

impl Asked<'_> {
    fn request(self, client: &Client, login: Option<&Login>) -> Request {
        let most = client.budget().list;
        let json = HeaderValue::from_static("application/json");
        let get = Request {
            method: Method::GET,
            url: self.realm.clone(),
            what: What::Token,
            headers: vec![(ACCEPT, json)],
            body: Vec::new(),
            access: Access::Pull,
            most,
            over: Error::limit(Limit::List, most),
            again: true,
        };
        match login.and_then(Login::identity_token) {
            Some(token) => self.refresh(token, get),
            None => Request { url: self.query(), ..get },
        }
    }

    fn query(self) -> Url {
        let mut url = self.realm;
        let mut query = url.query_pairs_mut();
        if let Some(service) = self.service {
            query.append_pair("service", service);
        }
        for scope in self.scopes {
            query.append_pair("scope", &scope);
        }
        drop(query);
        url
    }

    /// OAuth2's refresh grant, in a form (RFC 6749 section 6).
    fn refresh(self, token: &str, request: Request) -> Request {
        let mut form = self.realm.clone();
        form.set_query(None);
        form.query_pairs_mut()
            .append_pair("grant_type", "refresh_token")
            .append_pair("client_id", CLIENT)
            .append_pair("service", self.service.unwrap_or_default())
            .append_pair("scope", &self.scopes.join(" "))
            .append_pair("refresh_token", token);
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = request.headers.into_iter().chain([(CONTENT_TYPE, kind)]).collect();
        let body = form.query().unwrap_or_default().as_bytes().to_vec();
        Request { method: Method::POST, headers, body, ..request }
    }
}

/// Buys a token.
async fn token(
    client: &Client,
    request: Request,
    login: Option<&Login>,
) -> Result<HeaderValue, Error> {
    let basic = login.and_then(Login::basic);
    let response = client.transport().send(&request, basic.as_ref(), Take::Whole).await?;
    let place = || request.url.host_str().unwrap_or_default().to_owned();
    let unavailable = |cause| Error::unavailable(What::Token, place(), cause);
    // What is no login is `invalid_grant`, a 400, in OAuth2.
    let is_denied = |status: StatusCode| {
        matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
            || (status == StatusCode::BAD_REQUEST && request.method == Method::POST)
    };
    match response.status {
        StatusCode::OK => {}
        status if is_denied(status) => {
            let status = status.as_u16();
            let cause = Denial::Status { status, with_credentials: login.is_some() };
            return Err(Error::Unauthorized { what: What::Token, place: place(), cause });
        }
        other => return Err(unavailable(Cause::Status(other.as_u16()))),
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
        .ok_or_else(|| unavailable(Cause::Unexpected))
}
