//! A repository in a registry, as a [`Source`].

use std::sync::Arc;

use evidence::{Digest, json};
use futures_util::future::try_join;
use reqwest::{
    Method, StatusCode, Url,
    header::{ACCEPT, HeaderValue},
};

use super::{Access, Client, Pages, Request, Response};
use crate::{
    Budget, Cache, Descriptor, Error, Limit, Manifest, ManifestError, ManifestKind, OpenError,
    Options, Source,
    budget::Meter,
    error::{Cause, What},
    referrers::{Union, fallback_tag, list},
    source::sized,
};

/// The manifests that we read, OCI's and Docker's.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

/// The media type of a list of referrers.
const LIST: &str = "application/vnd.oci.image.index.v1+json";

/// What registries call themselves in a header (distribution-spec 1.1, "Legacy Docker Support HTTP
/// Headers").
const VERSION: &str = "docker-distribution-api-version";

/// A repository in a registry.
#[derive(Debug)]
pub struct HttpSource {
    client: Client,
    cache: Option<Arc<Cache>>,
}

impl HttpSource {
    pub(crate) fn open(
        host: &str,
        repository: &str,
        options: &Options,
        meter: Arc<Meter>,
    ) -> Result<Self, OpenError> {
        let cache = options.cache.clone();
        Client::open(host, repository, options, meter).map(|client| Self { client, cache })
    }

    /// The transport, for whoever writes.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What the referrers API lists for `subject`, over all pages; `None` if the registry has no such
    /// API, which only a 404 says (distribution-spec 1.1, "Listing Referrers").
    pub async fn api(&self, subject: &Digest) -> Result<Option<Vec<Descriptor>>, Error> {
        let what = What::Referrers(subject.clone());
        let first = self.client.url(&format!("referrers/{subject}"));
        let mut union = Union::new(self.budget().referrers);
        let mut pages = Pages::new(self.budget().pages, first.clone());
        let mut next = Some(first);
        while let Some(url) = next {
            let asked = url.clone();
            let response = self.get(url, &what, LIST, self.budget().list, Limit::List).await?;
            match response.status {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND if pages.count() == 1 => {
                    return self.absent(&asked, &what, &response);
                }
                status => return Err(self.client.refused(&what, status)),
            }
            next = pages.next(&self.client, &what, &response)?;
            union.add(self.listed_in(response.body, &what)?)?;
        }
        Ok(Some(union.into_list()))
    }

    /// What the fallback tag of `subject` lists; `None` if there is no such tag. An image under that
    /// tag lists nothing.
    pub async fn fallback(&self, subject: &Digest) -> Result<Option<Vec<Descriptor>>, Error> {
        let what = What::FallbackTag(subject.clone());
        let path = format!("manifests/{}", fallback_tag(subject));
        let Some(bytes) = self.found(&path, &what, self.budget().list, Limit::List).await? else {
            return Ok(None);
        };
        match Manifest::parse(bytes).map_err(|reason| self.malformed(&what, reason))?.kind {
            ManifestKind::Index { manifests } => Ok(Some(manifests)),
            ManifestKind::Image { .. } => {
                self.client
                    .note(&format!("the fallback tag of {subject} is no index; nothing is listed"));
                Ok(Some(Vec::new()))
            }
        }
    }

    fn listed_in(&self, bytes: Vec<u8>, what: &What) -> Result<Vec<Descriptor>, Error> {
        list(bytes).map_err(|reason| self.malformed(what, reason))
    }

    fn malformed(&self, what: &What, reason: ManifestError) -> Error {
        Error::Malformed { what: what.clone(), place: self.place(), reason }
    }

    /// The body of a 200; `None` for a 404 of its own; anything else is an error.
    async fn found(
        &self,
        path: &str,
        what: &What,
        most: u64,
        limit: Limit,
    ) -> Result<Option<Vec<u8>>, Error> {
        let url = self.client.url(path);
        let response = self.get(url.clone(), what, MANIFESTS, most, limit).await?;
        match response.status {
            StatusCode::OK => Ok(Some(response.body)),
            StatusCode::NOT_FOUND => self.absent(&url, what, &response),
            status => Err(self.client.refused(what, status)),
        }
    }

    /// `None` for a 404 of the registry's own, or of another one to which it handed the question on.
    fn absent<T>(&self, asked: &Url, what: &What, response: &Response) -> Result<Option<T>, Error> {
        let there = &response.url;
        // A registry on this machine may have turned out to speak TLS since.
        let own = self.client.is_own(there)
            && (there.path(), there.query()) == (asked.path(), asked.query());
        if own || (is_same_question(asked, there) && is_of_registry(response)) {
            return Ok(None);
        }
        Err(Error::unavailable(what.clone(), self.place(), Cause::Elsewhere))
    }

    async fn get(
        &self,
        url: Url,
        what: &What,
        accept: &'static str,
        most: u64,
        limit: Limit,
    ) -> Result<Response, Error> {
        let request = Request {
            method: Method::GET,
            url,
            what: what.clone(),
            headers: vec![(ACCEPT, HeaderValue::from_static(accept))],
            body: Vec::new(),
            access: Access::Pull,
            most,
            over: Error::limit(limit, most),
            again: true,
        };
        self.client.send(&request).await
    }

    async fn fetched(&self, what: &What, digest: &Digest) -> Result<Vec<u8>, Error> {
        let url = self.client.url(&format!("blobs/{digest}"));
        let response = self.get(url, what, "*/*", self.budget().bundle, Limit::Bundle).await?;
        match response.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => {
                return Err(Error::unavailable(what.clone(), self.place(), Cause::Missing));
            }
            status => return Err(self.client.refused(what, status)),
        }
        self.hashed(what.clone(), digest, &response.body)?;
        self.keep(digest, &response.body).await;
        Ok(response.body)
    }

    /// What is named by `digest` and was read before. It counts like anything else that is read, so
    /// that no limit depends on what happens to be kept.
    async fn kept(&self, digest: &Digest, most: u64) -> Result<Option<Vec<u8>>, Error> {
        let Some(cache) = &self.cache else { return Ok(None) };
        let Some(bytes) = cache.get(digest, most).await else { return Ok(None) };
        self.client.spend(&bytes)?;
        Ok(Some(bytes))
    }

    async fn keep(&self, digest: &Digest, bytes: &[u8]) {
        if let Some(cache) = &self.cache {
            cache.put(digest, bytes).await;
        }
    }

    fn hashed(&self, what: What, digest: &Digest, bytes: &[u8]) -> Result<(), Error> {
        if digest.matches(bytes) {
            return Ok(());
        }
        let found = Digest::of(digest.algorithm(), bytes);
        Err(Error::DigestMismatch { what, place: self.place(), found })
    }
}

impl Source for HttpSource {
    async fn resolve(&self, tag: &str) -> Result<Option<Manifest>, Error> {
        let what = What::Tag(tag.to_owned());
        let most = self.budget().manifest;
        let bytes = self.found(&format!("manifests/{tag}"), &what, most, Limit::Manifest).await?;
        bytes
            .map(|bytes| Manifest::parse(bytes).map_err(|reason| self.malformed(&what, reason)))
            .transpose()
    }

    async fn manifest(&self, digest: &Digest) -> Result<Option<Manifest>, Error> {
        let what = What::Manifest(digest.clone());
        let most = self.budget().manifest;
        let bytes = match self.kept(digest, most).await? {
            Some(bytes) => bytes,
            None => {
                let path = format!("manifests/{digest}");
                let Some(bytes) = self.found(&path, &what, most, Limit::Manifest).await? else {
                    return Ok(None);
                };
                self.hashed(what.clone(), digest, &bytes)?;
                self.keep(digest, &bytes).await;
                bytes
            }
        };
        Manifest::parse_hashed(digest.clone(), bytes)
            .map(Some)
            .map_err(|reason| self.malformed(&what, reason))
    }

    async fn blob(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        let what = What::Blob(descriptor.digest.clone());
        let most = self.budget().bundle;
        if descriptor.size > most {
            return Err(Error::limit(Limit::Bundle, most));
        }
        let bytes = match self.kept(&descriptor.digest, most).await? {
            Some(bytes) => bytes,
            None => self.fetched(&what, &descriptor.digest).await?,
        };
        // Other bytes were the registry's doing, a wrong size of the right ones is the list's.
        sized(|| what, &self.place(), descriptor.size, &bytes)?;
        Ok(bytes)
    }

    async fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, Error> {
        let (api, fallback) = try_join(self.api(subject), self.fallback(subject)).await?;
        let mut union = Union::new(self.budget().referrers);
        union.add(api.unwrap_or_default())?;
        union.add(fallback.unwrap_or_default())?;
        Ok(union.into_list())
    }

    fn budget(&self) -> &Budget {
        self.client.budget()
    }

    fn place(&self) -> String {
        self.client.host().to_owned()
    }
}

/// Whether a redirect led to the same question, asked of some repository: `/v2/NAME/KIND/WHAT`, with
/// another host or name at most, as registry.k8s.io sends every request on. Any other place does not
/// know what there is: a storage service, or a login page.
fn is_same_question(asked: &Url, there: &Url) -> bool {
    fn end(url: &Url) -> Option<(&str, &str)> {
        let (name, what) = url.path().strip_prefix("/v2/")?.rsplit_once('/')?;
        Some((name.rsplit_once('/')?.1, what))
    }
    asked.query() == there.query()
        && end(asked).is_some_and(|end_asked| end(there) == Some(end_asked))
}

/// Whether whoever answers 404 is a registry: it says so in a header, or in a document of errors
/// (distribution-spec 1.1, "Error Codes").
fn is_of_registry(response: &Response) -> bool {
    let errors = || json::parse(&response.body).ok()?.get("errors")?.as_array().map(Vec::is_empty);
    response.headers.contains_key(VERSION) || errors() == Some(false)
}
