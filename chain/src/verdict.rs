//! The verdict: one value, printed as text, JSON and other formats.
//!
//! A [`Verdict`] is made from an outcome, and an outcome that allows from proofs ([`Proofs`] has no public
//! constructor), never from the absence of findings. What it says is a [`Record`].
//!
//! [`Proofs`]: crate::Proofs

use std::ops::Deref;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    conclude::outcome::Outcome,
    finding::{Code, Finding},
    remedy,
};

/// The version of the verdict's JSON.
pub const VERSION: u32 = 1;

evidence::words! {
    /// What was decided. All but `Deny` exit 0, and the word is never shortened to a plain allow.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
    pub enum Decision {
        /// Every step that was asked for is proven.
        Allow = "allow",
        /// A signed exception stands in for steps.
        AllowByException = "allow-by-exception",
        /// An image that ran here before, allowed again.
        AllowAsRollback = "allow-as-rollback",
        /// The policy is on trial: it would have denied.
        AllowNotEnforced = "allow-not-enforced",
        /// Every step before the named one is proven; nothing is allowed yet.
        Ready = "ready",
        /// Something is not proven.
        Deny = "deny",
    }
}

/// A decision with all that led to it. Only the gate makes one, and nobody changes what it says: an
/// allow is built from proofs, and a record of one, which anybody can write down, is none.
///
/// ```
/// fn followed(verdict: &chain::Verdict) -> bool {
///     verdict.decision == chain::Decision::Allow
/// }
/// ```
///
/// ```compile_fail,E0594
/// fn followed(verdict: &mut chain::Verdict) {
///     verdict.decision = chain::Decision::Allow
/// }
/// ```
///
/// ```
/// fn written_down(verdict: chain::Verdict) -> chain::verdict::Record {
///     verdict.into_record()
/// }
/// ```
///
/// ```compile_fail,E0423
/// fn made_up(record: chain::verdict::Record) -> chain::Verdict {
///     chain::Verdict(record)
/// }
/// ```
#[derive(Clone, Debug, Serialize)]
#[must_use]
pub struct Verdict(Record);

impl Verdict {
    /// Puts an outcome on record: whatever a record says, the decision and the findings are its.
    pub(crate) fn of(outcome: Outcome<'_, '_, '_>, record: Record) -> Self {
        Self(Record { decision: outcome.decision(), findings: outcome.into_findings(), ..record })
    }

    /// Adds what a reader should know and what decides nothing.
    pub fn with_notes(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.0.notes.extend(notes);
        self.0.notes.sort();
        self
    }

    /// Says in which file it is kept, for the command that comes next.
    pub fn kept_in(mut self, file: &str) -> Self {
        self.0.next = self.0.next.as_deref().map(|next| remedy::kept_in(next, file));
        self
    }

    /// What it says, to be written down.
    pub fn into_record(self) -> Record {
        self.0
    }
}

impl Deref for Verdict {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.0
    }
}

/// What a verdict says, for printers and machines.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Verdict")]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The version of this JSON.
    pub version: u32,
    /// The decision.
    pub decision: Decision,
    /// What it is about.
    pub image: ImageReport,
    /// The environment asked for.
    pub environment: Option<String>,
    /// The step before which the chain was asked (`--before`).
    pub before: Option<BeforeReport>,
    /// The policy that decided.
    pub policy: PolicyReport,
    /// When it was decided, RFC 3339 in UTC.
    pub now: String,
    /// The steps that were asked, in the policy's order.
    pub steps: Vec<StepReport>,
    /// The facts that are the same across steps and labels.
    pub relations: Vec<RelationReport>,
    /// Why not; empty unless the decision is `deny`.
    pub findings: Vec<Finding>,
    /// What an approver or deployer who follows this verdict commits to: the joint choice, every newest
    /// word that was judged, and what goes with the other steps of the environment that stand already.
    pub commitments: Vec<CommitmentReport>,
    /// The command that comes next, once all that comes before it is proven (`ready`).
    pub next: Option<String>,
    /// Until when it stays good, and what ends it.
    pub good_until: Option<Deadline>,
    /// What ends within 30 days.
    pub expiring: Vec<Deadline>,
    /// Evidence that speaks for no step that was asked.
    pub others: Vec<CandidateReport>,
    /// What a reader should know and what decides nothing.
    pub notes: Vec<String>,
}

/// The image.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageReport {
    /// The pinned reference: `registry.example.com/payments/api@sha256:…`.
    pub reference: String,
    /// The repository name that the policy's `images` was held against.
    pub name: String,
    /// The name was given on the command line, not found (`--as`).
    pub told: bool,
    /// The digest that was decided on.
    pub digest: String,
    /// The index that was given and lists it (`--index`): evidence hangs there as well.
    pub index: Option<String>,
}

/// The step that a verdict was asked before, and which claims it takes: whoever makes the next one
/// makes it for this step, or not at all.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BeforeReport {
    /// Its name.
    pub step: String,
    /// Its `type`: `approval`, or a predicate type.
    #[serde(rename = "type")]
    pub claims: String,
    /// The environment that it asks for.
    pub environment: Option<String>,
    /// The name that it asks for; without one it takes only what has none.
    pub name: Option<String>,
}

/// The policy.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyReport {
    /// The file as named.
    pub file: String,
    /// Its name.
    pub name: String,
    /// Its revision.
    pub revision: Option<u64>,
    /// The digest over it and every file that it names.
    pub digest: String,
    /// Where people help.
    pub contact: Option<String>,
    /// The trusted roots that it was decided with.
    pub roots: Vec<RootReport>,
}

/// A trusted root.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RootReport {
    /// Its name in the policy.
    pub name: String,
    /// Where it came from: a file, `sigstore`, `github`, or the address of a repository.
    pub source: String,
    /// The SHA-256 of its bytes.
    pub digest: String,
}

/// One step.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    /// Its name.
    pub name: String,
    /// Whether it is proven.
    pub passes: bool,
    /// How many distinct parties it takes.
    pub count: u32,
    /// The attestations that prove it; one per counted party.
    pub proofs: Vec<ProofReport>,
    /// Every candidate that was considered for it.
    pub candidates: Vec<CandidateReport>,
    /// Steps that its proofs commit to.
    pub covers: Vec<String>,
}

/// One attestation that proves a step.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProofReport {
    /// The party; of one that is many people, the one who signed.
    pub party: String,
    /// Whom the certificate names, where the signature is by certificate.
    pub identity: Option<String>,
    /// By whose word.
    pub issuer: Option<String>,
    /// The scanner, for scans.
    pub tool: Option<String>,
    /// When it was made, or not earlier: RFC 3339 in UTC.
    pub time: Option<String>,
    /// Not later than this.
    pub seen: Option<String>,
    /// Whose clock says that it was not later: `claimed`, `log` or `timestamp`.
    pub clock: Option<String>,
    /// What it says, in a few words: `847 passed`.
    pub says: String,
    /// The id of the statement.
    pub id: String,
    /// The predicate type.
    pub predicate_type: String,
    /// The run's URL or id, by the evidence's own word.
    pub run: Option<String>,
    /// The referrer manifest that carried it.
    pub referrer: Option<String>,
}

evidence::words! {
    /// What became of a candidate.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
    pub enum Fate {
        /// It is part of the proof.
        Chosen = "chosen",
        /// It stands, and another was chosen.
        Stands = "stands",
        /// A later word of the same speaker replaced it.
        Superseded = "superseded",
        /// It is about another name, tool or environment.
        LeftOut = "left-out",
        /// By nobody whom the step takes, or about something else; it decides nothing.
        Dropped = "dropped",
        /// Refused after its signer was matched; it fails the step.
        Refused = "refused",
        /// It is negative; it fails the step.
        Negative = "negative",
        /// Too old or expired; it counts for nothing.
        Lapsed = "lapsed",
    }
}

/// One candidate.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CandidateReport {
    /// What became of it.
    pub fate: Fate,
    /// Why, where there is a reason.
    pub code: Option<Code>,
    /// The reason in a sentence.
    pub reason: Option<String>,
    /// The party, or the key by its id, or the signer by its own word.
    pub signer: Option<String>,
    /// When it was made.
    pub time: Option<String>,
    /// Whose clock says that it was not later.
    pub clock: Option<String>,
    /// What it says.
    pub says: Option<String>,
    /// The id of the statement, where it could be computed.
    pub id: Option<String>,
    /// The predicate type, where it could be read.
    pub predicate_type: Option<String>,
    /// The run's URL or id.
    pub run: Option<String>,
    /// The referrer manifest or the file that carried it.
    pub found: String,
}

/// An attestation to commit to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommitmentReport {
    /// The id of the statement.
    pub id: String,
    /// Its predicate type.
    pub predicate_type: String,
    /// The SHA-256 of the bundle bytes that carried it.
    pub bundle: Option<String>,
}

/// A fact that is the same across steps and labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RelationReport {
    /// The fact: `commit`, `run`.
    pub fact: String,
    /// Who agrees: `build`, `test`, `label git.commit`.
    pub members: Vec<String>,
    /// On what.
    pub value: String,
    /// Only the signers' word says so; no certificate does.
    pub claimed: bool,
}

/// A moment at which something ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deadline {
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// What ends: `scan max-age`, `approve expires`, `policy expires`.
    pub what: String,
}
