//! The Sigstore conformance protocol over our libraries: who signed this, and is it about that?
//!
//! A policy with one signer is written for each question, so that what decides is what a gate asks:
//! `chain`. Nothing is decided here but whether the bundle is about the artifact.

use std::{fs, path::PathBuf};

use chain::{
    Candidate, Content, Policy,
    authenticate::{
        Keyring,
        artifact::{Artifact, author},
        authenticate,
    },
    policy::Wanted,
    trust::{Role, Root},
};
use evidence::{
    Digest,
    json::{self, Value, json},
};

/// What the protocol's `verify-bundle` asks.
#[derive(Clone, Debug)]
pub struct Question {
    /// The file of the bundle.
    pub bundle: PathBuf,
    /// Who must have signed it.
    pub who: Who,
    /// The file of the trusted root.
    pub trusted_root: PathBuf,
    /// What it must be about.
    pub artifact: Subject,
}

/// Who must have signed.
#[derive(Clone, Debug)]
pub enum Who {
    /// An identity, by the word of an issuer.
    Identity(String, String),
    /// The key in this file.
    Key(PathBuf),
}

/// What a bundle must be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Something of which only the SHA-256 is at hand.
    Digest(Digest),
    /// A file.
    File(PathBuf),
}

impl Subject {
    /// The protocol's `FILE_OR_DIGEST`: a digest looks like one, and is no file.
    pub fn of(argument: &str) -> Self {
        match argument.parse::<Digest>() {
            Ok(digest) if !PathBuf::from(argument).exists() => Self::Digest(digest),
            _ => Self::File(argument.into()),
        }
    }
}

/// Answers the question: `Ok` is yes.
///
/// # Errors
///
/// Why not.
pub fn verify(question: &Question) -> Result<(), String> {
    let read = |path: &PathBuf| {
        fs::read(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))
    };
    let (bundle, root) = (read(&question.bundle)?, read(&question.trusted_root)?);
    let key = match &question.who {
        Who::Identity(..) => None,
        Who::Key(file) => Some(read(file)?),
    };
    let policy = policy(&question.who, &root, key.as_deref())?;
    let keyring = Keyring::of(&policy);
    let file = match &question.artifact {
        Subject::Digest(_) => None,
        Subject::File(path) => Some(read(path)?),
    };
    let digest = match (&question.artifact, &file) {
        (Subject::Digest(digest), _) => digest.clone(),
        (Subject::File(_), file) => Digest::sha256(file.as_deref().unwrap_or_default()),
    };
    if is_over_an_artifact(&bundle) {
        let artifact = file.as_deref().map_or(Artifact::Digest(&digest), Artifact::Bytes);
        return author(&bundle, artifact, &keyring).map(drop).map_err(|error| error.to_string());
    }
    of_statement(bundle, &digest, &keyring)
}

/// Whether the bundle signs the bytes of an artifact, and no statement about it.
fn is_over_an_artifact(bundle: &[u8]) -> bool {
    json::parse(bundle).is_ok_and(|value| value.get("messageSignature").is_some())
}

fn of_statement(bundle: Vec<u8>, digest: &Digest, keyring: &Keyring<'_>) -> Result<(), String> {
    let content = Content::Bundle(bundle);
    let candidate = Candidate { found: "the bundle".to_owned(), referrer: None, content };
    let [outcome] = &authenticate(candidate, keyring)[..] else {
        return Err("a bundle has one signature".to_owned());
    };
    let verified = outcome
        .as_ref()
        .map_err(|refusal| format!("{}: {}", refusal.code.word(), refusal.reason))?;
    let subjects = &verified.said().subjects;
    match subjects.iter().any(|subject| subject.digests.values().any(|one| one == digest)) {
        true => Ok(()),
        false => Err("wrong-subject: the statement is about something else".to_owned()),
    }
}

/// A policy that knows one signer.
fn policy(who: &Who, root: &[u8], key: Option<&[u8]>) -> Result<Policy, String> {
    let known = Root::parse(root).map_err(|error| error.to_string())?;
    // An instance without a log is asked for none, as the protocol has no way to say so.
    let log = known.count(Role::Log).min(1);
    let signer: Value = match who {
        Who::Identity(identity, issuer) => json!({"identity": identity, "issuer": issuer}),
        Who::Key(_) => json!({"key": "key.pub"}),
    };
    // JSON is YAML, too.
    let text = json!({
        "schema": 1,
        "name": "conformance",
        "images": ["conformance.invalid/*"],
        "trust": {"roots": {"given": {"root": "root.json", "log": log}}},
        "signers": {"signer": signer},
        "steps": {"any": {"type": "https://conformance.invalid/any", "signed-by": "signer"}},
    });
    let mut reader = |wanted: Wanted<'_>| match wanted {
        Wanted::File("root.json") => Ok(root.to_vec()),
        Wanted::File("key.pub") => Ok(key.unwrap_or_default().to_vec()),
        _ => Err("there is no such file".to_owned()),
    };
    Policy::parse("conformance", text.to_string().as_bytes(), &mut reader).map_err(|faults| {
        let said: Vec<String> = faults.iter().map(|fault| fault.title.clone()).collect();
        said.join("; ")
    })
}
