//! `verify trust`: who is believed for what and until when; and a trusted root for machines without a
//! network.
//!
//! What is shown is what the gate would believe, by the same reading. What is written is the
//! repository's own file, verified just now, byte for byte.

use std::{io, path::PathBuf};

use chain::{
    policy::{RootSource, TrustedRoot},
    trust::{Believed, Role, Root, RootError},
};
use evidence::{
    text::escape_short,
    time::{self, Timestamp},
};
use schemars::JsonSchema;
use serde::Serialize;
use trust::{Ask, Repository, Target};

use crate::{
    cli::{Fetch, From, Named, Show, Whose},
    error::Error,
    output, policy,
};

/// The version of the JSON.
const VERSION: u32 = 1;

/// Trusted roots (docs/trust.schema.json).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// The version of this JSON.
    pub version: u32,
    /// The trusted roots.
    pub roots: Vec<ShownRoot>,
}

/// A trusted root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownRoot {
    /// Its name in the policy.
    pub name: Option<String>,
    /// Where it is from: a file, or the address of a repository.
    pub source: String,
    /// The SHA-256 of its bytes.
    pub digest: String,
    /// What the policy asks of it.
    pub asked: Option<Demand>,
    /// The file that it was written to.
    pub out: Option<String>,
    /// Who is believed.
    pub believed: Vec<ShownBelieved>,
}

/// What a policy asks of what a trusted root vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Demand {
    /// In how many logs a signature has to be.
    pub log: usize,
    /// How many clocks must have seen it.
    pub timestamps: usize,
    /// For whose identities it may vouch; null for anybody's.
    pub issuers: Option<Vec<String>>,
}

/// Somebody who is believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownBelieved {
    /// For what.
    pub role: Role,
    /// Its address, by the root's word.
    pub url: String,
    /// Its organisation and name, by the root's word.
    pub name: Option<String>,
    /// The id of a log, or the SHA-256 of an authority's topmost certificate.
    pub id: String,
    /// From when on.
    pub from: Option<String>,
    /// Until when; null while no end is set.
    pub until: Option<String>,
    /// Whether what it makes now would be believed.
    pub state: State,
}

evidence::words! {
    /// Whether somebody's time is now. What was made in its time is believed afterwards too.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
    pub enum State {
        /// Its time is now.
        Current = "current",
        /// Its time is over.
        Over = "over",
        /// Its time has yet to come.
        ToCome = "to-come",
    }
}

/// Why a file is not taken for what it was named as.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It has more bytes than any of its kind.
    #[error("`{}` has more than {most} bytes", escape_short(&path.display().to_string(), 300))]
    Large {
        /// The file.
        path: PathBuf,
        /// How many it may have.
        most: u64,
    },
    /// It cannot be read.
    #[error("cannot read `{}`: {cause}", escape_short(&path.display().to_string(), 300))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// It holds no trusted root.
    #[error("`{}` is no trusted root: {cause}", escape_short(place, 300))]
    Root {
        /// Where it is from.
        place: String,
        /// Why.
        cause: RootError,
    },
}

impl FileError {
    /// The kind, as `error.kind` in JSON spells it; stable.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Large { .. } => "large-file",
            Self::Read { .. } => "unreadable-file",
            Self::Root { .. } => "no-root",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        let of_root = "such a file is called `trusted_root.json` by those who publish it; Sigstore's is written by \
         verify trust fetch --out trusted_root.json";
        matches!(self, Self::Root { .. }).then_some(of_root)
    }
}

/// Shows trusted roots.
pub async fn show(request: &Show, now: Timestamp) -> Result<Shown, Error> {
    let options = request.answer.roots(Ask::Daily);
    let roots = match &request.whose {
        Whose::File(path) => {
            let place = path.display().to_string();
            vec![shown(None, place.clone(), &read(place, &bytes(path.clone())?)?, now)]
        }
        Whose::Policy(path) => {
            let policy = policy::parse(path, &options, now).await?;
            policy.roots.values().map(|root| of_policy(root, now)).collect()
        }
        Whose::Published(name) => {
            let repository = named(*name);
            let bytes = trust::fetch(&repository, Target::TrustedRoot, &options, now).await?;
            let place = repository.to_string();
            vec![shown(None, place.clone(), &read(place, &bytes)?, now)]
        }
    };
    Ok(Shown { version: VERSION, roots })
}

/// Fetches a trusted root: what is told of it, and its bytes, to be written.
pub async fn fetch(request: &Fetch, now: Timestamp) -> Result<(Shown, Vec<u8>), Error> {
    output::look_beside(&request.out)?;
    let repository = match &request.from {
        From::Named(name) => named(*name),
        From::Own { url, root } => Repository::own(url, bytes(root.clone())?)?,
    };
    // What is written lasts for long, so the repository is asked.
    let options = request.answer.roots(Ask::Always);
    let bytes = trust::fetch(&repository, Target::TrustedRoot, &options, now).await?;
    let place = repository.to_string();
    let root = read(place.clone(), &bytes)?;
    let out = Some(request.out.display().to_string());
    let roots = vec![ShownRoot { out, ..shown(None, place, &root, now) }];
    Ok((Shown { version: VERSION, roots }, bytes))
}

fn named(name: Named) -> Repository {
    match name {
        Named::Github => Repository::Github,
        Named::Sigstore => Repository::Sigstore,
    }
}

fn bytes(path: PathBuf) -> Result<Vec<u8>, FileError> {
    policy::read(&path).map_err(|cause| FileError::Read { path, cause })
}

fn read(place: String, bytes: &[u8]) -> Result<Root, FileError> {
    Root::parse(bytes).map_err(|cause| FileError::Root { place, cause })
}

fn of_policy(root: &TrustedRoot, now: Timestamp) -> ShownRoot {
    let source = match &root.source {
        RootSource::Repository(chain::policy::Repository::Github) => Repository::Github.to_string(),
        RootSource::Repository(chain::policy::Repository::Sigstore) => {
            Repository::Sigstore.to_string()
        }
        source => source.to_string(),
    };
    let asked = Some(Demand {
        log: root.log,
        timestamps: root.timestamps,
        issuers: root.issuers.as_ref().map(|all| all.iter().cloned().collect()),
    });
    ShownRoot { asked, ..shown(Some(root.name.clone()), source, &root.root, now) }
}

fn shown(name: Option<String>, source: String, root: &Root, now: Timestamp) -> ShownRoot {
    let believed = root.believed().iter().map(|one| of_one(one, now)).collect();
    let digest = root.digest().to_string();
    ShownRoot { name, source, digest, asked: None, out: None, believed }
}

fn of_one(believed: &Believed, now: Timestamp) -> ShownBelieved {
    let Believed { role, url, name, id, from, until } = believed.clone();
    let state = match (from, until) {
        (Some(from), _) if now < from => State::ToCome,
        // Windows are closed at both ends (protobuf-specs, `TimeRange`).
        (_, Some(until)) if until < now => State::Over,
        _ => State::Current,
    };
    let (from, until) = (from.map(time::write), until.map(time::write));
    ShownBelieved { role, url, name, id, from, until, state }
}
