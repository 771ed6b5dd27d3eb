//! A verdict of `verify gate`, as JSON: what an approval or a deployment was decided on.
//!
//! The file is handed over by a person or a job, not trusted: it chooses what the signer commits to,
//! and that is shown. Only a verdict about this digest and this environment is taken, and for an
//! approval only one that was asked for just before it. That what it names hangs there is for
//! `committed` to find out.

mod error;
mod wire;

use std::collections::BTreeSet;

use evidence::{
    Digest, Id, json,
    predicate::{Kind, commitment::Commitment},
    text::escape_short,
    time::{self, Timestamp},
};
use serde::Deserialize;

pub(crate) use error::VerdictError;
use wire::{Before, Deadline, Proof, Step, Wire};

/// The largest verdict that is read.
pub(crate) const BYTES: u64 = 16 << 20;

/// The version of the verdict's JSON that is read.
const VERSION: u64 = 1;

/// The age, in seconds, from which on a verdict is spoken of, as for reports: what was judged then
/// may be judged otherwise now.
const OLD: i64 = 3600;

/// Which decisions are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted<'a> {
    /// Any that lets the image be deployed.
    Allow,
    /// `ready`: all before the approval passes that is about to be signed.
    Ready {
        /// The name that it is given.
        name: Option<&'a str>,
    },
}

/// A verdict that may be followed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// The word: `ready`, `allow`, `allow-by-exception`, ….
    pub(crate) decision: String,
    /// What it was decided on.
    pub(crate) commitments: Vec<Commitment>,
    /// The digest of the policy.
    pub(crate) policy: Digest,
    /// The revision of the policy, for people.
    pub(crate) revision: Option<u64>,
    /// The ids of all that was before the gate, whatever became of it.
    pub(crate) seen: BTreeSet<Id>,
    /// The index that was judged beside a platform: evidence hangs there as well.
    pub(crate) index: Option<Digest>,
    /// When it was made.
    pub(crate) made: Timestamp,
    /// The seconds since then, where that is an hour or more.
    pub(crate) age: Option<i64>,
    /// The step that comes next, by its name in the policy.
    pub(crate) before: Option<String>,
    /// One line per step, for people.
    pub(crate) steps: Vec<(String, String)>,
}

/// What a verdict must be about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    /// The image.
    pub(crate) image: &'a Digest,
    /// Its repository.
    pub(crate) name: &'a str,
    /// The environment.
    pub(crate) environment: &'a str,
}

impl Verdict {
    /// Reads a verdict and takes it only if it is `wanted`, about what it must be, and still good.
    ///
    /// A verdict whose environment is null is of a policy that knows none, and so holds for each.
    pub(crate) fn read(
        bytes: &[u8],
        wanted: Wanted<'_>,
        about: About<'_>,
        now: Timestamp,
    ) -> Result<Self, VerdictError> {
        let value = json::parse(bytes).map_err(VerdictError::Json)?;
        let wire = Wire::deserialize(&value).map_err(VerdictError::Shape)?;
        if wire.version != VERSION {
            return Err(VerdictError::Version { found: wire.version });
        }
        is_about(&wire, about)?;
        says(&wire, wanted, about)?;
        let (made, age) = age(&wire, now)?;
        let candidates = wire.steps.iter().flat_map(|step| &step.candidates).chain(&wire.others);
        let seen = candidates.filter_map(|candidate| candidate.id.clone()).collect();
        let commitments = wire.commitments.into_iter().map(|one| Commitment {
            id: Some(one.id),
            predicate_type: Some(one.predicate_type),
            bundle: one.bundle,
        });
        Ok(Self {
            decision: wire.decision,
            commitments: commitments.collect(),
            policy: wire.policy.digest,
            revision: wire.policy.revision,
            seen,
            index: wire.image.index,
            made,
            age,
            before: wire.before.map(|before| before.step),
            steps: wire.steps.iter().map(step).collect(),
        })
    }
}

fn is_about(wire: &Wire, about: About<'_>) -> Result<(), VerdictError> {
    if wire.image.digest != *about.image {
        let (found, image) = (wire.image.digest.clone(), about.image.clone());
        return Err(VerdictError::Image { found, image });
    }
    // A policy may hold for one repository and not for another with the same image.
    if wire.image.name != about.name {
        let (found, wanted) = (wire.image.name.clone(), about.name.to_owned());
        return Err(VerdictError::Name { found, wanted });
    }
    is_for(wire.environment.as_deref(), about)
}

fn is_for(environment: Option<&str>, about: About<'_>) -> Result<(), VerdictError> {
    match environment {
        Some(named) if named != about.environment => Err(VerdictError::Environment {
            found: named.to_owned(),
            wanted: about.environment.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The decision, and that nothing else in the verdict speaks against it.
fn says(wire: &Wire, wanted: Wanted<'_>, about: About<'_>) -> Result<(), VerdictError> {
    if !wanted.takes(&wire.decision) {
        let (found, wanted) = (wire.decision.clone(), wanted.word());
        return Err(VerdictError::Decision { found, wanted });
    }
    if let Wanted::Ready { name } = wanted {
        is_asked_before(wire.before.as_ref(), name, about)?;
    }
    // The qualified kinds of allow stand in spite of findings; these do not.
    if matches!(wire.decision.as_str(), "allow" | "ready") {
        let failing = wire.steps.iter().find(|step| !step.passes).map(|step| &step.name);
        let against = wire.findings.first().map(|finding| &finding.code).or(failing);
        if let Some(what) = against {
            let (decision, what) = (wire.decision.clone(), what.clone());
            return Err(VerdictError::Contradiction { decision, what });
        }
    }
    Ok(())
}

/// Ready for this approval: `ready` before an earlier step leaves out what comes after that one.
fn is_asked_before(
    before: Option<&Before>,
    given: Option<&str>,
    about: About<'_>,
) -> Result<(), VerdictError> {
    let before = before.ok_or(VerdictError::NotBefore)?;
    if before.claims != Kind::Approval.word() {
        let (step, claims) = (before.step.clone(), before.claims.clone());
        return Err(VerdictError::Before { step, claims });
    }
    is_for(before.environment.as_deref(), about)?;
    if before.name.as_deref() != given {
        return Err(VerdictError::Named {
            step: before.step.clone(),
            asks: before.name.clone(),
            given: given.map(str::to_owned),
        });
    }
    Ok(())
}

/// When it was made, and its age, where that is one to speak of; refuses one that is good no longer, or not yet.
fn age(wire: &Wire, now: Timestamp) -> Result<(Timestamp, Option<i64>), VerdictError> {
    let made = time::parse(&wire.now).ok_or(VerdictError::Time { member: "now" })?;
    if time::is_future(made, now) {
        return Err(VerdictError::Future { made });
    }
    let age = now.as_second().saturating_sub(made.as_second());
    if let Some(Deadline { time, what }) = &wire.good_until {
        let end = time::parse(time).ok_or(VerdictError::Time { member: "goodUntil" })?;
        if end <= now {
            return Err(VerdictError::Lapsed { end, what: what.clone() });
        }
    }
    Ok((made, (age >= OLD).then_some(age)))
}

fn step(step: &Step) -> (String, String) {
    let proofs = step.proofs.iter();
    let says = proofs.map(|Proof { party, says }| format!("{says}  ({party})"));
    let says = says.collect::<Vec<_>>().join(", ");
    (escape_short(&step.name, 40), escape_short(&says, 120))
}

impl Wanted<'_> {
    fn takes(self, decision: &str) -> bool {
        match self {
            Self::Allow => matches!(
                decision,
                "allow" | "allow-as-rollback" | "allow-by-exception" | "allow-not-enforced"
            ),
            Self::Ready { .. } => decision == "ready",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ready { .. } => "ready",
        }
    }
}

#[cfg(test)]
mod tests;
