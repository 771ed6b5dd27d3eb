//! The one trait for whatever images and evidence are read from.
//!
//! `Ok(None)` means that the standard says so; everything else that is not the bytes asked for is an
//! [`Error`]. What a list names is asked for with [`Source::listed`], for which absent is no answer.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use evidence::Digest;

use crate::{
    Budget, Cache, Credentials, Descriptor, Error, Limit, Manifest, OpenError, Reference,
    budget::Meter,
    error::{Cause, What},
    http::HttpSource,
    layout::LayoutSource,
};

/// Whatever images and evidence are read from.
pub trait Source: Sync {
    /// The manifest that a tag names; `None` if there is no such tag.
    fn resolve(&self, tag: &str) -> impl Future<Output = Result<Option<Manifest>, Error>> + Send;

    /// The manifest of a digest that a person typed; `None` if it is not there.
    fn manifest(
        &self,
        digest: &Digest,
    ) -> impl Future<Output = Result<Option<Manifest>, Error>> + Send;

    /// The content of a descriptor. It is listed, so absent is an error.
    fn blob(&self, descriptor: &Descriptor) -> impl Future<Output = Result<Vec<u8>, Error>> + Send;

    /// What hangs on `subject`: the referrers API and the fallback tag together, each digest once.
    /// Evidence can hang in either after a registry learned the API.
    fn referrers(
        &self,
        subject: &Digest,
    ) -> impl Future<Output = Result<Vec<Descriptor>, Error>> + Send;

    /// The manifest that a list names. Absent is an error: who can hide one answer could otherwise
    /// hide the newer failure.
    fn listed(
        &self,
        descriptor: &Descriptor,
    ) -> impl Future<Output = Result<Manifest, Error>> + Send {
        async move {
            let budget = self.budget();
            if descriptor.size > budget.manifest {
                return Err(Error::limit(Limit::Manifest, budget.manifest));
            }
            let what = || What::Manifest(descriptor.digest.clone());
            let manifest = self
                .manifest(&descriptor.digest)
                .await?
                .ok_or_else(|| Error::unavailable(what(), self.place(), Cause::Missing))?;
            sized(what, &self.place(), descriptor.size, &manifest.bytes)?;
            Ok(manifest)
        }
    }

    /// The budget that bounds it.
    fn budget(&self) -> &Budget;

    /// Who answers, for messages: the host, or `oci:DIR`.
    fn place(&self) -> String;
}

/// Refuses content that has another size than its descriptor says.
pub(crate) fn sized(
    what: impl FnOnce() -> What,
    place: &str,
    stated: u64,
    bytes: &[u8],
) -> Result<(), Error> {
    let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if found == stated {
        return Ok(());
    }
    Err(Error::SizeMismatch { what: what(), place: place.to_owned(), stated, found })
}

/// A registry or a layout directory.
#[derive(Debug)]
pub enum AnySource {
    /// A repository in a registry.
    Http(HttpSource),
    /// A layout directory.
    Layout(LayoutSource),
}

impl Source for AnySource {
    async fn resolve(&self, tag: &str) -> Result<Option<Manifest>, Error> {
        match self {
            Self::Http(source) => source.resolve(tag).await,
            Self::Layout(source) => source.resolve(tag).await,
        }
    }

    async fn manifest(&self, digest: &Digest) -> Result<Option<Manifest>, Error> {
        match self {
            Self::Http(source) => source.manifest(digest).await,
            Self::Layout(source) => source.manifest(digest).await,
        }
    }

    async fn blob(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        match self {
            Self::Http(source) => source.blob(descriptor).await,
            Self::Layout(source) => source.blob(descriptor).await,
        }
    }

    async fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, Error> {
        match self {
            Self::Http(source) => source.referrers(subject).await,
            Self::Layout(source) => source.referrers(subject).await,
        }
    }

    fn budget(&self) -> &Budget {
        match self {
            Self::Http(source) => source.budget(),
            Self::Layout(source) => source.budget(),
        }
    }

    fn place(&self) -> String {
        match self {
            Self::Http(source) => source.place(),
            Self::Layout(source) => source.place(),
        }
    }
}

/// Where lines about requests, statuses and credential sources go.
pub type Verbose = Arc<dyn Fn(&str) + Send + Sync>;

/// How to read.
#[derive(Clone)]
pub struct Options {
    /// Whether plain HTTP is spoken with other hosts than this machine.
    pub plain_http: bool,
    /// Who is told of requests, if anybody.
    pub verbose: Option<Verbose>,
    /// The time for all requests together, from the opening on.
    pub timeout: Duration,
    /// Where logins are looked up.
    pub credentials: Credentials,
    /// What a stranger may cost us.
    pub budget: Budget,
    /// Where what a registry gave is kept for the next time.
    pub cache: Option<Arc<Cache>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            plain_http: false,
            verbose: None,
            timeout: Duration::from_secs(60),
            credentials: Credentials::default(),
            budget: Budget::default(),
            cache: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("plain_http", &self.plain_http)
            .field("verbose", &self.verbose.is_some())
            .field("timeout", &self.timeout)
            .field("credentials", &self.credentials)
            .field("budget", &self.budget)
            .field("cache", &self.cache)
            .finish()
    }
}

/// Opens where `reference` lies. A registry is not contacted yet; a layout must be there.
pub fn open(reference: &Reference, options: &Options) -> Result<AnySource, OpenError> {
    let meter = Arc::new(Meter::new(options.budget));
    match reference {
        Reference::Archive { file, .. } => {
            LayoutSource::open_archive(file, options, meter).map(AnySource::Layout)
        }
        Reference::Layout { dir, .. } => {
            LayoutSource::open(dir, options, meter).map(AnySource::Layout)
        }
        Reference::Registry { host, repository, .. } => {
            HttpSource::open(host, repository, options, meter).map(AnySource::Http)
        }
    }
}
