//! The trusted roots that a policy names: read once each, by the caller.
//!
//! A root from a file is part of the policy, and of its digest. A root from a repository changes with
//! time, so its own digest is in every verdict.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{
    document::{
        Named, Read,
        root::{WrittenRoot, WrittenSource},
    },
    fault::{Collected, Fault, every},
    files::Files,
    members::At,
};
use crate::trust::{self, Role, Root};

/// A trusted root under its name in the policy.
#[derive(Clone, Debug)]
pub struct TrustedRoot {
    /// Its name.
    pub name: String,
    /// Where it came from.
    pub source: RootSource,
    /// Whom it believes.
    pub root: Root,
    /// For whose identities it may vouch; `None` for anybody's.
    pub issuers: Option<BTreeSet<String>>,
    /// In how many of its logs a signature by certificate must be.
    pub log: usize,
    /// How many of its clocks must have seen a signature by certificate: timestamp authorities, and
    /// logs that promise a time.
    pub timestamps: usize,
}

impl TrustedRoot {
    /// Whether certificates must be in a log of certificates. An instance that has none at all says so
    /// twice: its root lists none, and the policy asks for no log.
    pub fn wants_certificate_log(&self) -> bool {
        self.log > 0 || self.root.count(Role::CertificateLog) > 0
    }
}

/// Where a trusted root came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootSource {
    /// A file, by its path as the policy has it.
    File(String),
    /// A repository.
    Repository(Repository),
}

/// A TUF repository that publishes a trusted root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repository {
    /// GitHub's.
    Github,
    /// Sigstore's public one.
    Sigstore,
    /// An organisation's own.
    Tuf {
        /// Its address.
        url: String,
        /// The bytes of the TUF root metadata to begin with.
        root: Vec<u8>,
    },
}

impl fmt::Display for RootSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File(path) => path,
            Self::Repository(Repository::Github) => "github",
            Self::Repository(Repository::Sigstore) => "sigstore",
            Self::Repository(Repository::Tuf { url, .. }) => url,
        })
    }
}

/// Reads all roots of a document.
pub(super) fn resolve(
    written: &Named<WrittenRoot>,
    files: &mut Files<'_>,
    collected: &mut Collected,
) -> Read<BTreeMap<String, TrustedRoot>> {
    let all = every(written.iter().map(|(name, root)| {
        let root = read(name, root.as_ref().map_err(|fault| *fault)?, files, collected)?;
        Ok((name.value.clone(), root))
    }))?;
    Ok(all.into_iter().collect())
}

fn read(
    name: &At<String>,
    written: &WrittenRoot,
    files: &mut Files<'_>,
    collected: &mut Collected,
) -> Read<TrustedRoot> {
    let (span, source) = match &written.source {
        WrittenSource::Github(span) => (*span, RootSource::Repository(Repository::Github)),
        WrittenSource::Sigstore(span) => (*span, RootSource::Repository(Repository::Sigstore)),
        WrittenSource::File(path) => (path.span, RootSource::File(path.value.clone())),
        WrittenSource::Tuf { url, root } => {
            let root = files.read(root, "TUF root", trust::MOST_BYTES, collected)?.to_vec();
            (url.span, RootSource::Repository(Repository::Tuf { url: url.value.clone(), root }))
        }
    };
    let bytes = match &source {
        RootSource::File(path) => {
            let path = At { value: path.clone(), span };
            files.read(&path, "trusted root", trust::MOST_BYTES, collected)?.to_vec()
        }
        RootSource::Repository(repository) => files.fetch(repository, name, span, collected)?,
    };
    let root = Root::parse(&bytes).map_err(|error| {
        let fault =
            Fault::at(span, format!("`{source}` is no trusted root")).label(error.to_string());
        collected
            .add(fault.help("such a file is called `trusted_root.json` by those who publish it"))
    })?;
    // GitHub's own instance keeps no log (gh verifies its bundles by timestamp alone).
    let logless = matches!(source, RootSource::Repository(Repository::Github));
    let log = written.log.map_or(usize::from(!logless), |log| log.value);
    let timestamps = written.timestamps.map_or(1, |timestamps| timestamps.value);
    let logs = root.count(Role::Log);
    let clocks = logs.saturating_add(root.count(Role::TimestampAuthority));
    if log > logs {
        let at = written.log.map_or(name.span, |log| log.span);
        let fault = Fault::at(at, format!("root `{}` has fewer logs: {logs}", name.value))
            .label(format!("signatures must be in {log} of them"));
        return Err(collected.add(fault.help("an instance without a log needs `log: 0`")));
    }
    if timestamps > clocks {
        let at = written.timestamps.map_or(name.span, |timestamps| timestamps.span);
        let fault = Fault::at(at, format!("root `{}` has fewer clocks: {clocks}", name.value))
            .label(format!("{timestamps} of them must have seen a signature"));
        return Err(
            collected.add(fault.help("its clocks are its timestamp authorities and its logs"))
        );
    }
    let issuers = written.issuers.as_ref();
    let issuers = issuers.map(|all| all.iter().map(|issuer| issuer.value.clone()).collect());
    Ok(TrustedRoot { name: name.value.clone(), source, root, issuers, log, timestamps })
}
