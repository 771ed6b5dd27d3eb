//! One request and its answer, over redirects and tries, within the budget.
//!
//! Redirects are followed by hand: to another origin goes no authorization, from https never to
//! http, and never to more hops than the budget has. A body stops at its limit, whatever length the
//! server states.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use reqwest::{
    Method, RequestBuilder, StatusCode, Url,
    header::{AUTHORIZATION, HeaderValue, LOCATION},
    redirect::Policy,
};
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    Request, Response,
    retry::{self, Failure},
};
use crate::{Error, Limit, OpenError, Options, Verbose, budget::Meter, error::Cause};

/// What is read of an answer with a bad status: enough for the registry's words.
const WORDS: u64 = 64 * 1024;

const AGENT: &str = concat!("attest-verify/", env!("CARGO_PKG_VERSION"));

/// How the content of an answer with a good status is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    /// Left to the caller, piece by piece.
    Open,
    /// As a whole, up to the limit of the request.
    Whole,
}

/// Whatever is shared by all requests of one source.
pub(crate) struct Transport {
    pub(crate) meter: Arc<Meter>,
    plain_http: bool,
    verbose: Option<Verbose>,
    pub(super) deadline: Instant,
    pub(super) timeout: Duration,
    /// To this machine, without TLS.
    plain: OnceLock<reqwest::Client>,
    /// To this machine, with TLS.
    local: OnceLock<reqwest::Client>,
    /// To others, through a proxy where the environment names one.
    network: OnceLock<reqwest::Client>,
}

impl Transport {
    pub(crate) fn new(options: &Options, meter: Arc<Meter>) -> Self {
        let now = Instant::now();
        Self {
            meter,
            plain_http: options.plain_http,
            verbose: options.verbose.clone(),
            // A century, where somebody gives a time that no clock holds.
            deadline: now
                .checked_add(options.timeout)
                .unwrap_or(now + Duration::from_secs(3_155_760_000)),
            timeout: options.timeout,
            plain: OnceLock::new(),
            local: OnceLock::new(),
            network: OnceLock::new(),
        }
    }

    /// Whether the host of `url` is spoken to without TLS.
    pub(crate) fn is_plain(&self, url: &Url) -> bool {
        self.plain_http || is_loopback(url)
    }

    pub(crate) fn note(&self, line: &str) {
        if let Some(verbose) = &self.verbose {
            verbose(line);
        }
    }

    /// Waits for something that is no request, no longer than for the whole answer.
    pub(crate) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        let over = |_| Error::limit(Limit::Timeout, self.timeout.as_secs());
        timeout_at(self.deadline, work).await.map_err(over)
    }

    /// Sends `request`, again where that may help.
    pub(crate) async fn send(
        &self,
        request: &Request,
        authorization: Option<&HeaderValue>,
        take: Take,
    ) -> Result<Response, Error> {
        let most = if request.again { self.meter.budget.tries } else { 1 };
        let mut tries = 1;
        loop {
            let failure = match self.follow(request, authorization, take).await {
                Ok(response) => match retry::failure(response.status) {
                    None => return Ok(response),
                    Some(failure) => failure.wait_as_told(&response.headers),
                },
                Err(failure) => failure,
            };
            let cause = match failure {
                Failure::Final(error) => return Err(error),
                Failure::Passing { cause, wait } => {
                    let wait = wait.unwrap_or_else(|| retry::pause(self.meter.budget.pause, tries));
                    let until = Instant::now().checked_add(wait);
                    if tries < most && until.is_some_and(|until| until < self.deadline) {
                        sleep(wait).await;
                        tries += 1;
                        continue;
                    }
                    cause
                }
                Failure::Lasting(cause) => cause,
            };
            let place = request.url.host_str().unwrap_or_default().to_owned();
            return Err(Error::Unavailable { what: request.what.clone(), place, cause, tries });
        }
    }

    /// One try, over redirects.
    async fn follow(
        &self,
        request: &Request,
        authorization: Option<&HeaderValue>,
        take: Take,
    ) -> Result<Response, Failure> {
        let mut authorization = authorization;
        let mut url = request.url.clone();
        for _ in 0..=self.meter.budget.redirects {
            let response = self.exchange(request, &url, authorization, take).await?;
            let safe = matches!(request.method, Method::GET | Method::HEAD);
            if !safe || !is_redirect(response.status) {
                return Ok(response);
            }
            let next = self.target(&response).ok_or(Failure::Lasting(Cause::Redirect))?;
            if next.origin() != url.origin() {
                authorization = None;
            }
            url = next;
        }
        Err(Failure::Lasting(Cause::Redirect))
    }

    /// Where a redirect leads, if we go there.
    fn target(&self, response: &Response) -> Option<Url> {
        let location = response.headers.get(LOCATION)?.to_str().ok()?;
        let next = response.url.join(location).ok()?;
        let fits = match next.scheme() {
            "https" => true,
            "http" => response.url.scheme() == "http" && self.is_plain(&next),
            _ => false,
        };
        (fits && next.username().is_empty() && next.password().is_none()).then_some(next)
    }

    /// One request to one address.
    async fn exchange(
        &self,
        request: &Request,
        url: &Url,
        authorization: Option<&HeaderValue>,
        take: Take,
    ) -> Result<Response, Failure> {
        let mut builder = self.builder(request, url, authorization)?;
        if !request.body.is_empty() || matches!(request.method, Method::POST | Method::PUT) {
            builder = builder.body(request.body.clone());
        }
        let until = Instant::now() + self.meter.budget.request;
        self.answer(request, url, builder, take, until).await
    }

    /// A request without its content.
    pub(super) fn builder(
        &self,
        request: &Request,
        url: &Url,
        authorization: Option<&HeaderValue>,
    ) -> Result<RequestBuilder, Failure> {
        let mut builder = self.client(url)?.request(request.method.clone(), url.clone());
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(value) = authorization {
            builder = builder.header(AUTHORIZATION, value);
        }
        Ok(builder)
    }

    /// Sends what was built, in its turn, and takes the answer until then or the end of all time.
    pub(super) async fn answer(
        &self,
        request: &Request,
        url: &Url,
        builder: RequestBuilder,
        take: Take,
        until: Instant,
    ) -> Result<Response, Failure> {
        let over = || Failure::Final(Error::limit(Limit::Timeout, self.timeout.as_secs()));
        let _turn = timeout_at(self.deadline, self.meter.turn()).await.map_err(|_| over())?;
        let until = until.min(self.deadline);
        let answer = timeout_at(until, self.receive(request, builder, take)).await;
        let shown = shown(url);
        match answer {
            Ok(Ok(response)) => {
                self.note(&format!("{} {shown} {}", request.method, response.status.as_u16()));
                Ok(response)
            }
            Ok(Err(failure)) => {
                self.note(&format!("{} {shown} failed", request.method));
                Err(failure)
            }
            Err(_) if Instant::now() >= self.deadline => Err(over()),
            Err(_) => {
                self.note(&format!("{} {shown} timed out", request.method));
                Err(Failure::passing(Cause::TimedOut))
            }
        }
    }

    async fn receive(
        &self,
        request: &Request,
        builder: RequestBuilder,
        take: Take,
    ) -> Result<Response, Failure> {
        let mut answer = builder.send().await.map_err(retry::transport)?;
        let (status, url) = (answer.status(), answer.url().clone());
        let headers = std::mem::take(answer.headers_mut());
        let good = status.is_success();
        if good && take == Take::Open {
            return Ok(Response { status, headers, body: Vec::new(), url, rest: Some(answer) });
        }
        let most = if good { request.most } else { WORDS };
        let stated = answer.content_length();
        if good && request.method != Method::HEAD && stated.is_some_and(|length| length > most) {
            return Err(Failure::Final(request.over.clone()));
        }
        let expected = stated.unwrap_or(most).min(most);
        let _room = self.meter.room(expected).await;
        // Memory that grows by doubling would be twice what is read.
        let mut body = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
        while let Some(chunk) = answer.chunk().await.map_err(retry::transport)? {
            let left = most.saturating_sub(u64::try_from(body.len()).unwrap_or(u64::MAX));
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            self.meter
                .spend(chunk.len())
                .map_err(|limit| Failure::Final(Error::limit(limit, self.meter.budget.total)))?;
            if chunk.len() > left && good {
                return Err(Failure::Final(request.over.clone()));
            }
            body.extend(chunk.iter().take(left));
            if chunk.len() > left {
                break;
            }
        }
        Ok(Response { status, headers, body, url, rest: None })
    }

    /// The client for an address. Roots are read only where TLS is spoken, and no proxy comes between
    /// this machine and itself, as with Go's clients.
    fn client(&self, url: &Url) -> Result<&reqwest::Client, Failure> {
        let here = is_loopback(url);
        let plain = here && url.scheme() == "http";
        let cell = match (here, plain) {
            (true, true) => &self.plain,
            (true, false) => &self.local,
            (false, _) => &self.network,
        };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(AGENT)
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(Duration::from_secs(10));
        if here {
            builder = builder.no_proxy();
        }
        if plain {
            builder = builder.tls_certs_only([]);
        }
        let client = builder
            .build()
            .map_err(|error| Failure::Final(OpenError::Setup(Arc::new(error)).into()))?;
        Ok(cell.get_or_init(|| client))
    }
}

/// Whether an address is this machine by its own words, without asking a resolver.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// An address without what may be secret in it.
pub(crate) fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_address_alone() {
        for (url, expected) in [
            ("http://localhost:5000/", true),
            ("http://127.0.0.1/", true),
            ("http://127.8.8.8/", true),
            ("http://[::1]:5000/", true),
            ("http://localhost.example.com/", false),
            ("http://127.0.0.1.example.com/", false),
            ("http://10.0.0.1/", false),
            ("http://0.0.0.0/", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn no_secret_of_an_address_is_shown() {
        let url = Url::parse("https://user:pass@s3.example.com/a?X-Amz-Signature=secret").unwrap();
        assert_eq!(shown(&url), "https://s3.example.com/a");
    }
}
