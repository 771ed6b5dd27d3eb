//! Content that is larger than memory: an answer piece by piece, a request from a stream.
//!
//! Nothing here is kept, so the budget of bytes does not count it; whoever asks says how much it
//! wants, hashes what comes, and stops. A peer that falls silent for as long as one request may take is
//! given up.

use std::fmt;

use reqwest::{Body, StatusCode};
use tokio::time::{Instant, timeout_at};

use super::{
    Client, Request, Response,
    exchange::{Take, Transport},
    retry::{self, Failure},
};
use crate::{
    Error, Limit,
    error::{Cause, What},
};

/// An answer whose content comes piece by piece.
pub struct Incoming {
    status: StatusCode,
    rest: Option<reqwest::Response>,
    what: What,
    client: Client,
}

impl Client {
    /// Sends a request for content of any size. The beginning of the answer is waited for, tried
    /// again and answered with the user's login like any other.
    pub async fn incoming(&self, request: &Request) -> Result<Incoming, Error> {
        let Response { status, rest, .. } = self.send_taking(request, Take::Open).await?;
        Ok(Incoming { status, rest, what: request.what.clone(), client: self.clone() })
    }

    /// Sends content of any size, once: a stream cannot be sent again. What was asked for before the
    /// sending, and answered, has brought the token for it.
    pub async fn send_stream(&self, request: &Request, content: Body) -> Result<Response, Error> {
        let own = self.is_own(&request.url);
        let authorization =
            if own { self.authority().known(self, request.access).await? } else { None };
        let transport = self.transport();
        let sent = async {
            let builder = transport.builder(request, &request.url, authorization.as_ref())?;
            let builder = builder.body(content);
            // The other end may take its time to store what it got; the sender of the stream sees
            // whether it still moves.
            transport.answer(request, &request.url, builder, Take::Whole, transport.deadline).await
        };
        let response = match sent.await {
            Ok(response) => match retry::failure(response.status) {
                None => response,
                Some(failure) => return Err(self.failed(request, failure)),
            },
            Err(failure) => return Err(self.failed(request, failure)),
        };
        self.answered(request, response, authorization.is_some())
    }

    fn failed(&self, request: &Request, failure: Failure) -> Error {
        let cause = match failure {
            Failure::Final(error) => return error,
            Failure::Lasting(cause) | Failure::Passing { cause, .. } => cause,
        };
        let place = request.url.host_str().unwrap_or_default();
        self.placed(Error::unavailable(request.what.clone(), place, cause))
    }
}

impl Incoming {
    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The next piece; `None` after the last one.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some(rest) = &mut self.rest else { return Ok(None) };
        let transport = self.client.transport();
        let cause = match within(transport, rest.chunk()).await? {
            Some(Ok(piece)) => return Ok(piece.map(|piece| piece.to_vec())),
            Some(Err(error)) => Cause::Transport(std::sync::Arc::new(error.without_url())),
            None => Cause::TimedOut,
        };
        Err(Error::unavailable(self.what.clone(), self.client.host(), cause))
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incoming({}, {:?})", self.status, self.client)
    }
}

/// Waits no longer than one request may take; `None` after that, an error after the whole time.
async fn within<T>(
    transport: &Transport,
    work: impl Future<Output = T>,
) -> Result<Option<T>, Error> {
    let until = (Instant::now() + transport.meter.budget.request).min(transport.deadline);
    match timeout_at(until, work).await {
        Ok(done) => Ok(Some(done)),
        Err(_) if Instant::now() >= transport.deadline => {
            Err(Error::limit(Limit::Timeout, transport.timeout.as_secs()))
        }
        Err(_) => Ok(None),
    }
}
