//! From a repository to one of its files, verified.
//!
//! The order is the argument: what is kept is believed only after it has been verified from the root
//! that is built in or was named, at the time of asking; a repository that serves anything wrong
//! ends it, and only one that cannot be reached lets what is kept answer in its place, for as long
//! as its own metadata says.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use evidence::time::Timestamp;
use sigstore_tuf::{Updater, UpdaterConfig};

use crate::{cache::Kept, error::TrustError, remote::Remote, repository::Repository};

/// Bytes of a published file: Sigstore's largest, a trusted root, has 7 KB, GitHub's 25 KB.
const TARGET: u64 = 4 * 1024 * 1024;

/// Told of every request.
pub type Verbose = Arc<dyn Fn(&str) + Send + Sync>;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Which services a signer turns to.
    SigningConfig,
    /// Who is believed for what.
    TrustedRoot,
}

impl Target {
    /// Its name in a repository.
    pub fn name(self) -> &'static str {
        match self {
            Self::SigningConfig => "signing_config.v0.2.json",
            Self::TrustedRoot => "trusted_root.json",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// When a repository is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ask {
    /// Every time.
    Always,
    /// Once a day; in between, and while it cannot be reached, what is kept answers.
    #[default]
    Daily,
    /// Never: what is kept answers, or nothing does.
    Never,
}

/// How a repository is read.
#[derive(Clone)]
pub struct Options {
    /// Where what was read is kept for the next time; without it every command asks.
    pub cache: Option<PathBuf>,
    /// When the repository is asked.
    pub ask: Ask,
    /// How long all of it may take.
    pub timeout: Duration,
    /// Told of every request.
    pub verbose: Option<Verbose>,
}

impl Default for Options {
    fn default() -> Self {
        let timeout = Duration::from_secs(60);
        Self { cache: None, ask: Ask::default(), timeout, verbose: None }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cache, ask, timeout, verbose: _ } = self;
        f.debug_struct("Options")
            .field("cache", cache)
            .field("ask", ask)
            .field("timeout", timeout)
            .finish()
    }
}

impl Options {
    fn note(&self, line: &str) {
        if let Some(verbose) = &self.verbose {
            verbose(line);
        }
    }
}

/// A file that `repository` publishes, verified as of `now`.
pub async fn fetch(
    repository: &Repository,
    target: Target,
    options: &Options,
    now: Timestamp,
) -> Result<Vec<u8>, TrustError> {
    let reading = Reading::new(repository, target, options, now);
    match tokio::time::timeout(options.timeout, reading.fetch()).await {
        Ok(fetched) => fetched,
        Err(_) => {
            let seconds = options.timeout.as_secs();
            reading.instead(TrustError::TimedOut { place: repository.to_string(), seconds }).await
        }
    }
}

/// One reading of one repository.
struct Reading<'a> {
    repository: &'a Repository,
    target: Target,
    options: &'a Options,
    now: Timestamp,
    /// The file in which the repository is kept.
    file: Option<PathBuf>,
}

impl<'a> Reading<'a> {
    fn new(
        repository: &'a Repository,
        target: Target,
        options: &'a Options,
        now: Timestamp,
    ) -> Self {
        let named = |dir: &PathBuf| dir.join("trust").join(format!("{}.json", repository.id()));
        Self { repository, target, options, now, file: options.cache.as_ref().map(named) }
    }

    async fn fetch(&self) -> Result<Vec<u8>, TrustError> {
        let kept = self.kept();
        let answers = match self.options.ask {
            Ask::Always => false,
            Ask::Daily => kept.is_current(self.now),
            Ask::Never => return self.reread(kept).await,
        };
        if answers {
            // What does not verify is asked for again.
            match self.reread(kept.clone()).await {
                Ok(bytes) => return Ok(bytes),
                Err(error) => self.options.note(&format!("not from the cache: {error}")),
            }
        }
        match self.ask(kept).await {
            Err(error) if error.may_pass() => self.instead(error).await,
            answer => answer,
        }
    }

    /// What is kept, in the place of a repository that cannot be reached.
    async fn instead(&self, error: TrustError) -> Result<Vec<u8>, TrustError> {
        if self.options.ask != Ask::Daily {
            return Err(error);
        }
        match self.reread(self.kept()).await {
            Ok(bytes) => {
                self.options.note(&format!("from the cache, because {error}"));
                Ok(bytes)
            }
            Err(_) => Err(error),
        }
    }

    /// Asks the repository, and keeps what it says.
    async fn ask(&self, kept: Kept) -> Result<Vec<u8>, TrustError> {
        let place = || self.repository.to_string();
        let remote = Remote::new(self.repository, self.options.verbose.clone())
            .map_err(|cause| TrustError::of(place(), self.target, cause))?;
        let bytes = self.verified(remote, kept.clone(), place()).await?;
        if let Some(file) = &self.file
            && let Err(error) = kept.write(file, self.now)
        {
            self.lament(file, &error);
        }
        Ok(bytes)
    }

    /// Verifies what is kept, as if the repository had just said it.
    async fn reread(&self, kept: Kept) -> Result<Vec<u8>, TrustError> {
        let place = format!("the cache of {}", self.repository);
        self.verified(kept.clone(), kept, place).await.map_err(|error| match error {
            TrustError::Unreachable { .. } => {
                let place = self.repository.to_string();
                TrustError::NotKept { place, target: self.target }
            }
            error => error,
        })
    }

    /// The client workflow of the TUF specification (section 5), from the root that is believed.
    async fn verified(
        &self,
        source: impl sigstore_tuf::Repository + 'static,
        kept: Kept,
        place: String,
    ) -> Result<Vec<u8>, TrustError> {
        let root = self.repository.root();
        let updater = Updater::new(source, root)
            .map_err(|cause| TrustError::Root { place: self.repository.to_string(), cause })?;
        let mut limits = UpdaterConfig::default();
        limits.target_max_length = TARGET;
        let mut updater = updater.with_config(limits).with_store(kept);
        let verified = match updater.refresh(self.now).await {
            Ok(()) => updater.get_target(self.target.name(), self.now).await,
            Err(cause) => Err(cause),
        };
        verified.map_err(|cause| TrustError::of(place, self.target, cause))
    }

    fn kept(&self) -> Kept {
        let Some(file) = &self.file else { return Kept::default() };
        Kept::read(file).unwrap_or_else(|error| {
            self.lament(file, &error);
            Kept::default()
        })
    }

    fn lament(&self, file: &Path, error: &std::io::Error) {
        self.options.note(&format!("the cache {} cannot be used: {error}", file.display()));
    }
}
