//! `verify bundle`: a bundle in hand, and no registry: who signed it, and is it about this?
//!
//! Whoever is named on the command line becomes the one signer of a policy, so that a key, an identity
//! and a trusted root mean here what they mean to a gate. What the bundle says is shown and not judged:
//! that takes the chain, and a gate.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use chain::{
    Code, Image, Policy, Shape,
    hear::{Heard, Unheard, hear},
    policy::Wanted,
    trust::{Role, Root},
};
use evidence::{
    Algorithm, Digest,
    digest::Hasher,
    json::{Value, json},
    time::Timestamp,
};
use schemars::JsonSchema;
use serde::Serialize;
use trust::Ask;

use crate::{
    cli::{About, BundleRequest, Whom},
    error::Error,
    policy,
    roots::FileError,
};

/// The version of the JSON.
const VERSION: u32 = 1;

/// Bytes of a bundle, as in a registry.
const MOST: u64 = 16 * 1024 * 1024;

/// What came of a bundle (docs/bundle.schema.json).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hearing {
    /// The version of this JSON.
    pub version: u32,
    /// The bundle's file.
    pub file: String,
    /// What it was asked about.
    pub digest: String,
    /// Whether it is by a signer that was named, and about that.
    pub verified: bool,
    /// Who signed it: the policy's name for them, or the key that was named. Where it is not verified,
    /// by its own word.
    pub signer: Option<String>,
    /// Whom the certificate names; null, if a key signed.
    pub identity: Option<String>,
    /// By whose word the certificate names them.
    pub issuer: Option<String>,
    /// The time before which it was not made.
    pub made_after: Option<String>,
    /// The time after which it was not made.
    pub made_before: Option<String>,
    /// Whose clock says that it was not made later.
    pub clock: Option<String>,
    /// What it says, in a few words.
    pub says: Option<String>,
    /// The predicate type.
    pub predicate_type: Option<String>,
    /// The id of the statement.
    pub id: Option<String>,
    /// The names that it gives what it is about.
    pub names: Vec<String>,
    /// Why it is not verified.
    pub code: Option<Code>,
    /// The same in a sentence.
    pub reason: Option<String>,
}

/// Hears a bundle.
pub async fn bundle(request: &BundleRequest, now: Timestamp) -> Result<Hearing, Error> {
    let (policy, named) = signers(request, now).await?;
    let bytes = read(&request.file)?;
    let digests = match &request.about {
        About::Artifact(path) => digests(path)?,
        About::Digest(digest) => vec![digest.clone()],
    };
    let mut heard = Vec::with_capacity(digests.len());
    for digest in &digests {
        let image = of_digest(digest, &digests);
        heard.push((digest, hear(&policy, &image, bytes.clone(), now)));
    }
    // Of several digests of one file a statement names one, as a rule.
    let is_about = |(_, heard): &(&Digest, Result<Heard, Unheard>)| !is_elsewhere(heard);
    let at = heard.iter().position(is_about).unwrap_or(0);
    let mut heard = heard.into_iter().skip(at);
    let Some((digest, heard)) = heard.next() else {
        return Err(Error::from(FileError::Read {
            path: request.file.clone(),
            cause: io::ErrorKind::NotFound.into(),
        }));
    };
    Ok(hearing(request, digest, heard, named))
}

fn is_elsewhere(heard: &Result<Heard, Unheard>) -> bool {
    matches!(heard, Err(Unheard { code: Code::WrongSubject, .. }))
}

fn hearing(
    request: &BundleRequest,
    digest: &Digest,
    heard: Result<Heard, Unheard>,
    named: Option<String>,
) -> Hearing {
    let mut hearing = Hearing {
        version: VERSION,
        file: request.file.display().to_string(),
        digest: digest.to_string(),
        verified: heard.is_ok(),
        signer: None,
        identity: None,
        issuer: None,
        made_after: None,
        made_before: None,
        clock: None,
        says: None,
        predicate_type: None,
        id: None,
        names: Vec::new(),
        code: None,
        reason: None,
    };
    match heard {
        Ok(heard) => {
            let (before, clock) = heard.made_before().unzip();
            hearing.signer = named.or_else(|| Some(heard.signer().to_owned()));
            let (identity, issuer) = heard.certified().unzip();
            hearing.identity = identity.map(str::to_owned);
            hearing.issuer = issuer.map(str::to_owned);
            hearing.made_after = heard.made_after();
            hearing.made_before = before;
            hearing.clock = clock.map(str::to_owned);
            hearing.says = Some(heard.says().to_owned());
            hearing.predicate_type = Some(heard.predicate_type().to_owned());
            hearing.id = Some(heard.id().to_owned());
            hearing.names = heard.names().to_vec();
        }
        Err(Unheard { code, reason, signer }) => {
            let own = |signer: String| if signer == SIGNER { named.clone() } else { Some(signer) };
            hearing.signer = signer.and_then(own);
            hearing.code = Some(code);
            hearing.reason = Some(reason);
        }
    }
    hearing
}

/// The policy, and for one made of the command line, how its signer is named there.
async fn signers(
    request: &BundleRequest,
    now: Timestamp,
) -> Result<(Policy, Option<String>), Error> {
    match &request.whom {
        Whom::Policy(path) => {
            let policy = policy::parse(path, &request.answer.roots(Ask::Daily), now).await?;
            Ok((policy, None))
        }
        Whom::Key { key, root } => {
            let root = root.as_deref().map(root_file).transpose()?;
            let named = format!("the key {}", key.display());
            let name = match key.display().to_string() {
                name if name == ROOT => format!("./{name}"),
                name => name,
            };
            let files = Files { key: Some((name.clone(), bytes(key)?)), root };
            Ok((files.policy(json!({ "key": name }))?, Some(named)))
        }
        Whom::Identity { identity, issuer, root } => {
            let files = Files { key: None, root: Some(root_file(root)?) };
            let named = format!("{identity} (by {issuer})");
            let credential = json!({ "issuer": issuer, "identity": identity });
            Ok((files.policy(credential)?, Some(named)))
        }
    }
}

/// The names of what a policy of the command line is made of; a key has that of its file, so that what
/// is wrong with it is said of that.
const ROOT: &str = "trusted_root.json";
const SIGNER: &str = "signer";

/// The files of a policy of the command line.
struct Files {
    key: Option<(String, Vec<u8>)>,
    root: Option<Vec<u8>>,
}

impl Files {
    /// A policy of one signer. Its one step asks for nothing that there is, because none is asked.
    fn policy(&self, credential: Value) -> Result<Policy, Error> {
        let trust = match &self.root {
            // Who keeps no log asks for none (docs/policy.md, "Trusted roots").
            Some(bytes) => {
                let logless = Root::parse(bytes).is_ok_and(|root| root.count(Role::Log) == 0);
                json!({ "roots": { "root": { "root": ROOT, "log": u8::from(!logless) } } })
            }
            None => json!({ "time": ["claimed"] }),
        };
        let text = json!({
            "schema": 1,
            "name": "command line",
            "images": ["registry.invalid/none"],
            "trust": trust,
            "signers": { SIGNER: credential },
            "steps": { "none": { "type": "https://registry.invalid/none", "signed-by": SIGNER } },
        });
        let mut reader = |wanted: Wanted<'_>| {
            let path = wanted.path()?;
            let key = self.key.iter().find(|(name, _)| name == path).map(|(_, bytes)| bytes);
            let file = if path == ROOT { self.root.as_ref() } else { key };
            file.cloned().ok_or_else(|| "it was not named".to_owned())
        };
        Policy::parse("the command line", text.to_string().as_bytes(), &mut reader)
            .map_err(Error::Signer)
    }
}

fn of_digest(digest: &Digest, same_bytes: &[Digest]) -> Image {
    Image {
        reference: digest.to_string(),
        name: String::new(),
        told: false,
        evidence_repository: None,
        digest: digest.clone(),
        same_bytes: same_bytes.to_vec(),
        shape: Shape::Lone,
        labels: None,
    }
}

/// The digests of a file, by which a statement may name it.
fn digests(path: &Path) -> Result<Vec<Digest>, FileError> {
    let failed = |cause| FileError::Read { path: path.to_owned(), cause };
    let mut file = File::open(path).map_err(failed)?;
    let mut hashers = [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512].map(Hasher::new);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer).map_err(failed)?;
        let piece = buffer.get(..read).unwrap_or_default();
        if piece.is_empty() {
            return Ok(hashers.map(Hasher::digest).to_vec());
        }
        hashers.iter_mut().for_each(|hasher| hasher.add(piece));
    }
}

fn root_file(path: &Path) -> Result<Vec<u8>, FileError> {
    let bytes = bytes(path)?;
    let place = path.display().to_string();
    Root::parse(&bytes).map_err(|cause| FileError::Root { place, cause })?;
    Ok(bytes)
}

fn bytes(path: &Path) -> Result<Vec<u8>, FileError> {
    policy::read(path).map_err(|cause| FileError::Read { path: path.to_owned(), cause })
}

/// The bytes of the bundle's file; what has more is told apart by whoever reads it.
fn read(path: &PathBuf) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes));
    read.map_err(|cause| FileError::Read { path: path.clone(), cause })?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MOST {
        return Err(FileError::Large { path: path.clone(), most: MOST });
    }
    Ok(bytes)
}
