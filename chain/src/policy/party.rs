//! Parties and what they sign with.

use std::collections::BTreeMap;

use evidence::time::Timestamp;

use super::{IdentityPattern, Place};
use crate::authenticate::key::PublicKey;

/// One signer with all its credentials.
#[derive(Clone, Debug)]
pub struct Party {
    /// Its name in the policy.
    pub name: String,
    /// What it signs with; never empty.
    pub credentials: Vec<Credential>,
}

impl Party {
    /// Whether each identity of it is a party of its own.
    pub fn is_many(&self) -> bool {
        let many = |kind: &CredentialKind| match kind {
            CredentialKind::Key { .. } => false,
            CredentialKind::Keyless(keyless) => keyless.many,
        };
        self.credentials.iter().any(|credential| many(&credential.kind))
    }
}

/// One way in which a party signs, and from when until when.
#[derive(Clone, Debug)]
pub struct Credential {
    /// What proves it.
    pub kind: CredentialKind,
    /// Compared with *made after*.
    pub from: Option<Timestamp>,
    /// Compared with *made before*.
    pub until: Option<Timestamp>,
    /// Where the policy says so.
    pub at: Place,
}

/// What proves that a party signed.
#[derive(Clone, Debug)]
pub enum CredentialKind {
    /// A signature by this key.
    Key {
        /// The file as the policy names it.
        file: String,
        /// The key.
        key: PublicKey,
        /// The root whose logs and timestamps say when it signed.
        root: Option<String>,
    },
    /// A certificate that somebody vouched for.
    Keyless(Keyless),
}

/// Who must stand in a certificate, and by whose word.
#[derive(Clone, Debug)]
pub struct Keyless {
    /// Who must have told the identity, exactly.
    pub issuer: String,
    /// Whose identity.
    pub identity: IdentityPattern,
    /// The root that must vouch for the certificate.
    pub root: String,
    /// Each identity is a party of its own.
    pub many: bool,
    /// What else the certificate must say, exactly.
    pub conditions: BTreeMap<CertificateFact, String>,
}

impl Keyless {
    /// Whether one certificate could satisfy both, whichever root vouches for it: one identity of one
    /// issuer is one person.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let apart = |(fact, value): (&CertificateFact, &String)| {
            other.conditions.get(fact).is_some_and(|others| others != value)
        };
        self.issuer == other.issuer
            && self.identity.overlaps(&other.identity)
            && !self.conditions.iter().any(apart)
    }
}

/// What a certificate can say beside the identity (Fulcio docs/oid-info.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateFact {
    /// The deployment environment of the job.
    Environment,
    /// The git ref.
    Ref,
    /// The kind of machine: `github-hosted`.
    Runner,
    /// The repository.
    Source,
    /// The event that started the run.
    Trigger,
    /// The workflow that was started, which calls the one in the identity.
    Workflow,
}

impl CertificateFact {
    /// All of them, by their words.
    pub const ALL: [Self; 6] =
        [Self::Environment, Self::Ref, Self::Runner, Self::Source, Self::Trigger, Self::Workflow];

    /// The word in the policy.
    pub fn word(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Ref => "ref",
            Self::Runner => "runner",
            Self::Source => "source",
            Self::Trigger => "trigger",
            Self::Workflow => "workflow",
        }
    }
}
