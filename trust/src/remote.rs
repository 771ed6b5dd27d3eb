//! The repository over HTTP: bounded by `sigstore-tuf`, tried again and told of here.

use std::time::Duration;

use reqwest::redirect::Policy;
use sigstore_tuf::{Error, HttpRepository, transport::FetchFuture};

use crate::{client::Verbose, repository::Repository};

/// How often one request is tried, and the pause before the second try, four times longer before the
/// third: as the client of registries does.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// One request, from the connection to the last byte: as the client of registries has it.
const REQUEST: Duration = Duration::from_secs(30);

/// Redirects of one request: as many as Go's and reqwest's clients follow by default.
const REDIRECTS: usize = 10;

const AGENT: &str = concat!("attest-verify/", env!("CARGO_PKG_VERSION"));

/// A repository that is asked.
pub(crate) struct Remote {
    http: HttpRepository,
    place: String,
    verbose: Option<Verbose>,
}

impl Remote {
    pub(crate) fn new(
        repository: &Repository,
        verbose: Option<Verbose>,
    ) -> Result<Self, sigstore_tuf::Error> {
        let mut client = reqwest::Client::builder()
            .user_agent(AGENT)
            .referer(false)
            .redirect(Policy::limited(REDIRECTS))
            .connect_timeout(Duration::from_secs(10))
            .timeout(REQUEST);
        // No proxy comes between this machine and itself, and no redirect leads out of TLS.
        client = if repository.is_here() {
            client.no_proxy().tls_certs_only([])
        } else {
            client.https_only(true)
        };
        let client = client
            .build()
            .map_err(|error| Error::transport_with_source("no client can be set up", error))?;
        let http = HttpRepository::new(repository.url())?.with_http_client(client);
        Ok(Self { http, place: repository.url().trim_end_matches('/').to_owned(), verbose })
    }

    fn note(&self, name: &str, found: &sigstore_tuf::Result<Option<Vec<u8>>>) {
        if let Some(verbose) = &self.verbose {
            let what = match found {
                Ok(Some(_)) => "200",
                Ok(None) => "404",
                Err(_) => "failed",
            };
            verbose(&format!("GET {}/{name} {what}", self.place));
        }
    }

    /// Asks, again where that may help.
    async fn ask<'a>(
        &'a self,
        name: &str,
        ask: impl Fn(&'a HttpRepository) -> FetchFuture<'a>,
    ) -> sigstore_tuf::Result<Option<Vec<u8>>> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            let found = ask(&self.http).await;
            self.note(name, &found);
            if found.is_ok() {
                return found;
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(4);
        }
        let found = ask(&self.http).await;
        self.note(name, &found);
        found
    }
}

impl sigstore_tuf::Repository for Remote {
    fn fetch_metadata<'a>(&'a self, name: &'a str, most: u64) -> FetchFuture<'a> {
        Box::pin(self.ask(name, move |http| http.fetch_metadata(name, most)))
    }

    fn fetch_target<'a>(&'a self, path: &'a str, most: u64) -> FetchFuture<'a> {
        Box::pin(async move {
            self.ask(&format!("targets/{path}"), move |http| http.fetch_target(path, most)).await
        })
    }
}
