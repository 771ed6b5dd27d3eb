//! The policy: who must claim what, in which order, and how fresh.
//!
//! A [`Policy`] exists only complete: every name in it resolves, every key is read, every step names
//! a signer, the order has no cycle. So the rooms that judge have no error path for a bad policy, and
//! nothing has been fetched when a policy is refused.

mod broken;
mod credentials;
mod document;
mod excerpt;
mod fault;
mod files;
mod glob;
mod identity;
mod members;
mod moment;
mod nearest;
mod parse;
mod party;
mod relations;
mod root;
mod signers;
mod steps;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    Digest,
    predicate::{Kind, test_result::Word, vulns::Severity},
    time::Timestamp,
};
use jiff::SignedDuration;

pub use document::schema;
pub use fault::{Fault, Faults};
pub use files::Wanted;
pub use glob::{Glob, GlobError};
pub use identity::{IdentityError, IdentityPattern};
pub use nearest::meant;
pub use party::{CertificateFact, Credential, CredentialKind, Keyless, Party};
pub use root::{Repository, RootSource, TrustedRoot};

/// A complete policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The file as the user named it, for messages.
    pub file: String,
    /// What it is called.
    pub name: String,
    /// Which revision it says it is; printed in every verdict.
    pub revision: Option<u64>,
    /// The digest over the policy and every file that it names.
    pub digest: Digest,
    /// Where a denied user finds people.
    pub contact: Option<String>,
    /// Which images it is for; never empty.
    pub images: Vec<Glob>,
    /// Until when it may be used.
    pub expires: Option<Timestamp>,
    /// Whose clock may bound evidence from above.
    pub time: Clocks,
    /// Whom the policy believes for certificates, log entries and timestamps, by name.
    pub roots: BTreeMap<String, TrustedRoot>,
    /// The parties that steps name, by name.
    pub parties: BTreeMap<String, Party>,
    /// The steps, in the policy's order; never empty.
    pub steps: Vec<Step>,
    /// What each gate asks for; empty: one gate that asks for all steps.
    pub environments: Vec<Environment>,
    /// Facts that must be equal across steps.
    pub same: Vec<Same>,
    /// Where evidence may hang on an index.
    pub evidence_on: EvidenceOn,
    /// Image labels that must agree with facts.
    pub labels: Vec<LabelRule>,
    /// What is odd and no fault, whatever the time: an unused signer.
    warnings: Vec<Fault>,
    /// What becomes odd with time: an accepted finding whose date has passed.
    lapses: Vec<Lapse>,
}

impl Policy {
    /// The step of that name.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// What is odd and no fault at the time of `now`.
    pub fn warnings_at(&self, now: Timestamp) -> impl Iterator<Item = &Fault> {
        let lapsed = self.lapses.iter().filter(move |lapse| lapse.since <= now);
        self.warnings.iter().chain(lapsed.map(|lapse| &lapse.warning))
    }

    /// Whether the policy is for images of this name.
    pub fn is_for(&self, name: &str) -> bool {
        self.images.iter().any(|glob| glob.matches(name))
    }
}

/// A warning that holds from a moment on.
#[derive(Clone, Debug)]
struct Lapse {
    /// The moment.
    since: Timestamp,
    /// The warning.
    warning: Fault,
}

/// A line and column in the policy file, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// Which clocks may bound evidence from above (`trust.time`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clocks {
    /// The signer's own word.
    pub claimed: bool,
    /// A transparency log.
    pub log: bool,
    /// A timestamp authority.
    pub timestamp: bool,
}

/// One step of the chain.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name in the policy.
    pub name: String,
    /// Which claims speak for it.
    pub selects: Selector,
    /// Who may speak for it.
    pub signed_by: SignedBy,
    /// How many distinct parties must.
    pub count: u32,
    /// Steps whose chosen signers may not be its own.
    pub not_signed_by: Vec<String>,
    /// Steps that it must come after.
    pub after: Vec<String>,
    /// Steps that it must commit to.
    pub covers: Vec<Cover>,
    /// How old the newest word may be.
    pub max_age: Option<SignedDuration>,
    /// How old the scanner's database may be.
    pub database_max_age: Option<SignedDuration>,
    /// Limits on what a scan may find.
    pub limits: Option<Limits>,
    /// Findings that are accepted until a date.
    pub accept: Vec<Accept>,
    /// Which words of a test are good.
    pub results: Vec<Word>,
    /// What to tell the owner when it fails.
    pub hint: Option<String>,
    /// Where the policy has it.
    pub at: Place,
}

/// Which claims speak for a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// The kind of claim.
    pub claims: Claims,
    /// The environment, for approvals and deployments.
    pub environment: Option<String>,
    /// The name in `attest_run`; `None` means unnamed evidence only.
    pub name: Option<String>,
    /// The scanner.
    pub tool: Option<String>,
}

/// A kind of claim, or one predicate type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claims {
    /// All predicate types of a kind.
    Kind(Kind),
    /// One predicate type.
    Type(String),
}

impl Claims {
    /// Whether a predicate type makes this kind of claim.
    pub fn include(&self, predicate_type: &str) -> bool {
        match self {
            Self::Kind(kind) => Kind::of(predicate_type) == *kind,
            Self::Type(uri) => uri == predicate_type,
        }
    }

    /// The word in the policy: `scan`, or the type URI.
    pub fn word(&self) -> &str {
        match self {
            Self::Kind(kind) => kind.word(),
            Self::Type(uri) => uri,
        }
    }
}

/// The signers of a step: as written, and as parties.
#[derive(Clone, Debug)]
pub struct SignedBy {
    /// The word in the policy: a party or a group.
    pub word: String,
    /// The parties that it means; never empty.
    pub parties: BTreeSet<String>,
    /// One of them is many people.
    pub many: bool,
}

/// A step that another must commit to.
#[derive(Clone, Debug)]
pub struct Cover {
    /// The step.
    pub step: String,
    /// Only its newest word will do.
    pub newest: bool,
}

/// At most so many findings per severity.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The limits named; a severity without one is not limited.
    pub most: BTreeMap<Severity, u64>,
    /// Leave out findings that the report says have no fix.
    pub only_fixable: bool,
    /// Where the policy says so.
    pub at: Place,
}

/// A finding that is accepted until a date.
#[derive(Clone, Debug)]
pub struct Accept {
    /// The finding's id.
    pub id: String,
    /// The first moment at which it counts again.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

/// What one gate asks for.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// The steps, in the policy's order.
    pub steps: Vec<String>,
}

/// A fact that must be equal across steps.
#[derive(Clone, Debug)]
pub struct Same {
    /// The fact.
    pub fact: Fact,
    /// At least two steps.
    pub steps: Vec<String>,
    /// Where the policy says so.
    pub at: Place,
}

/// A fact that steps can share and labels can repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// The commit.
    Commit,
    /// The full ref.
    Ref,
    /// The run without its attempt.
    Run,
    /// The repository.
    Source,
}

impl Fact {
    /// All facts, by their words.
    pub const ALL: [Self; 4] = [Self::Commit, Self::Ref, Self::Run, Self::Source];

    /// The word in the policy.
    pub fn word(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Ref => "ref",
            Self::Run => "run",
            Self::Source => "source",
        }
    }

    /// The fact of that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fact| fact.word() == word)
    }
}

/// Where evidence may hang on an index (`image.evidence-on`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EvidenceOn {
    /// On the digest asked for only.
    Digest,
    /// On the index, or on every platform.
    #[default]
    Either,
    /// On every platform.
    Platforms,
}

/// An image label that must agree with a fact of a step.
#[derive(Clone, Debug)]
pub struct LabelRule {
    /// The label.
    pub label: String,
    /// The step.
    pub step: String,
    /// The fact.
    pub fact: Fact,
    /// Where the policy says so.
    pub at: Place,
}
