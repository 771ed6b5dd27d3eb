//! Requests to services that are no registry: bounded and tried again as those to a registry are.
//!
//! No login of the user goes with them: whoever needs an authorization brings it. A service says
//! what it is asked for in its own words, so every status that is an answer is handed on.

use std::{fmt, sync::Arc};

use reqwest::{Url, header::HeaderValue};

use super::{
    Request, Response,
    exchange::{Take, Transport},
};
use crate::{Error, Options, budget::Meter};

/// Sends requests to services. Clones share connections, time and budget.
#[derive(Clone)]
pub struct Sender(Arc<Transport>);

impl Sender {
    /// The time for all its requests together begins now.
    pub fn open(options: &Options) -> Self {
        Self(Arc::new(Transport::new(options, Arc::new(Meter::new(options.budget)))))
    }

    /// Sends a request, again where that may help.
    pub async fn send(
        &self,
        request: &Request,
        authorization: Option<&HeaderValue>,
    ) -> Result<Response, Error> {
        self.0.send(request, authorization, Take::Whole).await
    }

    /// Whether a secret may go there: over TLS, to this machine, or where the user said that plain
    /// HTTP will do.
    pub fn is_private(&self, url: &Url) -> bool {
        match url.scheme() {
            "https" => true,
            "http" => self.0.is_plain(url),
            _ => false,
        }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}
