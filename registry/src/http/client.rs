//! The client of one repository: every request bounded, retried and authenticated.

use std::{
    borrow::Cow,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use reqwest::{
    Method, StatusCode, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};

use super::{
    exchange::{Take, Transport, is_loopback, shown},
    token::Authority,
};
use crate::{
    Budget, Error, OpenError, Options,
    budget::Meter,
    error::{Cause, Denial, What},
};

/// What a request wants to do; a token is asked for each apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Read.
    Pull,
    /// Read and write.
    Push,
}

/// One request.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The address; other hosts than the registry's get no credentials.
    pub url: Url,
    /// What it is about, for messages.
    pub what: What,
    /// Headers besides authorization.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What is sent.
    pub body: Vec<u8>,
    /// What it wants to do.
    pub access: Access,
    /// The most bytes that an answer with a good status may have.
    pub most: u64,
    /// The error if it has more.
    pub over: Error,
    /// Whether it may be sent again after a failure.
    pub again: bool,
}

impl fmt::Debug for Request {
    /// Without what is sent, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} {})", self.method, shown(&self.url))
    }
}

/// One answer. Its status is never 401, 429 or a server's failure: those are errors.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The content; of an answer with a bad status the first 64 KiB.
    pub body: Vec<u8>,
    /// The address that answered, after redirects.
    pub url: Url,
    /// What was not taken yet.
    pub(super) rest: Option<reqwest::Response>,
}

/// The client of one repository. Clones share connections, tokens and budget.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    host: String,
    repository: String,
    base: Url,
    /// Whether a registry on this machine turned out to speak TLS.
    tls: AtomicBool,
    transport: Transport,
    authority: Authority,
}

impl Client {
    pub(crate) fn open(
        host: &str,
        repository: &str,
        options: &Options,
        meter: Arc<Meter>,
    ) -> Result<Self, OpenError> {
        let transport = Transport::new(options, meter);
        // Docker Hub answers under another name than the one that its images carry.
        let endpoint = if host == "docker.io" { "registry-1.docker.io" } else { host };
        let fault = || OpenError::Host { host: host.to_owned() };
        let base = |scheme| Url::parse(&format!("{scheme}://{endpoint}/v2/{repository}/"));
        let mut url = base("https").map_err(|_| fault())?;
        if transport.is_plain(&url) {
            url = base("http").map_err(|_| fault())?;
        }
        Ok(Self(Arc::new(Inner {
            host: host.to_owned(),
            repository: repository.to_owned(),
            base: url,
            tls: AtomicBool::new(false),
            transport,
            authority: Authority::new(host, repository, options.credentials.clone()),
        })))
    }

    /// The host, as images are named.
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// The repository.
    pub fn repository(&self) -> &str {
        &self.0.repository
    }

    /// The budget.
    pub fn budget(&self) -> &Budget {
        &self.0.transport.meter.budget
    }

    /// Counts bytes that came from elsewhere than this client's requests.
    pub(crate) fn spend(&self, bytes: &[u8]) -> Result<(), Error> {
        let meter = &self.0.transport.meter;
        meter.spend(bytes.len()).map_err(|limit| Error::limit(limit, meter.budget.total))
    }

    /// The address of something in the repository: `manifests/…`, `blobs/…`, `tags/list`.
    pub fn url(&self, path: &str) -> Url {
        let mut url = self.base().into_owned();
        url.set_path(&format!("{}{path}", self.0.base.path()));
        url
    }

    fn base(&self) -> Cow<'_, Url> {
        if self.0.tls.load(Ordering::Relaxed) {
            Cow::Owned(secured(&self.0.base))
        } else {
            Cow::Borrowed(&self.0.base)
        }
    }

    /// Whether `url` is on the registry itself, by scheme, host and port.
    pub fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.base().origin()
    }

    /// Tells whoever asked for it about something worth a line.
    pub fn note(&self, line: &str) {
        self.0.transport.note(line);
    }

    /// Sends a request. Statuses that say "not now" were tried again; 401 was answered with the
    /// user's login, if there is one.
    pub async fn send(&self, request: &Request) -> Result<Response, Error> {
        self.send_taking(request, Take::Whole).await
    }

    pub(super) async fn send_taking(
        &self,
        request: &Request,
        take: Take,
    ) -> Result<Response, Error> {
        let outdated = request.url.origin() == self.0.base.origin() && !self.is_own(&request.url);
        if outdated {
            return self.authorized(&tls(request), take).await;
        }
        let response = self.authorized(request, take).await?;
        if self.wants_tls(request, &response).await? {
            self.0.tls.store(true, Ordering::Relaxed);
            return self.authorized(&tls(request), take).await;
        }
        Ok(response)
    }

    async fn authorized(&self, request: &Request, take: Take) -> Result<Response, Error> {
        let Inner { transport, authority, .. } = &*self.0;
        if !self.is_own(&request.url) {
            let response = transport.send(request, None, take).await.map_err(|e| self.placed(e))?;
            return self.answered(request, response, false);
        }
        let mut authorization = authority.known(self, request.access).await?;
        let mut response = transport
            .send(request, authorization.as_ref(), take)
            .await
            .map_err(|e| self.placed(e))?;
        // A challenge counts only from the registry itself: whoever it redirects to must not name
        // the service that gets the user's password.
        if response.status == StatusCode::UNAUTHORIZED && self.is_own(&response.url) {
            let fresh = authority
                .answer(self, &request.what, request.access, &response.headers, authorization)
                .await?;
            response =
                transport.send(request, Some(&fresh), take).await.map_err(|e| self.placed(e))?;
            authorization = Some(fresh);
        }
        self.answered(request, response, authorization.is_some())
    }

    /// Whether a registry on this machine says, as Go's and nginx's servers do, that it wants TLS.
    /// Nothing secret was sent so far: such an answer comes before any challenge.
    async fn wants_tls(&self, request: &Request, response: &Response) -> Result<bool, Error> {
        // Not `is_own`: another request under way may have found out meanwhile.
        let refused = response.status == StatusCode::BAD_REQUEST
            && response.url.scheme() == "http"
            && is_loopback(&response.url)
            && response.url.origin() == self.0.base.origin();
        if refused && request.method == Method::HEAD {
            // The words stand in the content, and the answer to HEAD has none (RFC 9110, 9.3.2).
            let asked = Request { method: Method::GET, ..request.clone() };
            let told = self.0.transport.send(&asked, None, Take::Whole).await;
            let told = told.map_err(|e| self.placed(e))?;
            return Ok(told.status == StatusCode::BAD_REQUEST && says_tls(&told));
        }
        Ok(refused && says_tls(response))
    }

    /// Who we are there.
    pub(super) fn authority(&self) -> &Authority {
        &self.0.authority
    }

    /// The transport, for the token service and for what streams.
    pub(super) fn transport(&self) -> &Transport {
        &self.0.transport
    }

    pub(super) fn answered(
        &self,
        request: &Request,
        response: Response,
        authorized: bool,
    ) -> Result<Response, Error> {
        if response.status != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let with_credentials = authorized && self.0.authority.has_login();
        Err(self.unauthorized(&request.what, response.status, with_credentials))
    }

    /// The error for a status that is no answer to `what`.
    pub fn refused(&self, what: &What, status: StatusCode) -> Error {
        if status == StatusCode::FORBIDDEN {
            return self.unauthorized(what, status, self.0.authority.has_login());
        }
        Error::unavailable(what.clone(), self.host(), Cause::Status(status.as_u16()))
    }

    fn unauthorized(&self, what: &What, status: StatusCode, with_credentials: bool) -> Error {
        Error::Unauthorized {
            what: what.clone(),
            place: self.host().to_owned(),
            cause: Denial::Status { status: status.as_u16(), with_credentials },
        }
    }

    /// The transport knows addresses; messages name the registry as images do.
    pub(super) fn placed(&self, error: Error) -> Error {
        match error {
            Error::Unavailable { what, place, cause, tries } => {
                let own = self.0.base.host_str() == Some(place.as_str());
                let place = if own { self.host().to_owned() } else { place };
                Error::Unavailable { what, place, cause, tries }
            }
            other => other,
        }
    }
}

fn says_tls(response: &Response) -> bool {
    String::from_utf8_lossy(&response.body).contains("HTTPS")
}

/// The same address with TLS.
fn secured(url: &Url) -> Url {
    let mut url = url.clone();
    // Only an address without host refuses this, and none of ours is.
    let _ = url.set_scheme("https");
    url
}

fn tls(request: &Request) -> Request {
    Request { url: secured(&request.url), ..request.clone() }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({}/{})", self.0.host, self.0.repository)
    }
}
