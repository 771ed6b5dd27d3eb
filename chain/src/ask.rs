//! Ask: which steps does this question ask for?

use std::collections::BTreeSet;

use evidence::time::{self, Timestamp};

use crate::{
    budget::LimitReached,
    candidate::Question,
    policy::{Policy, Step},
};

/// Why there is no verdict: the question does not fit the policy, or a bound was reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// The policy names several environments and none was asked for.
    #[error("the policy has several environments: {}", known.join(", "))]
    NoEnvironment {
        /// Those that it names.
        known: Vec<String>,
    },
    /// The policy is for other images.
    #[error("the policy is not about `{name}`")]
    NotForImage {
        /// The image's name.
        name: String,
    },
    /// A bound was reached.
    #[error("{0}")]
    Limit(#[from] LimitReached),
    /// The policy may no longer be used.
    #[error("the policy expired {}", time::write(*at))]
    PolicyExpired {
        /// When.
        at: Timestamp,
    },
    /// The policy does not name this environment.
    #[error("the policy has no environment `{asked}`; it has {}", listed_or_none(known))]
    UnknownEnvironment {
        /// What was asked for.
        asked: String,
        /// Those that it names.
        known: Vec<String>,
    },
    /// The policy does not name this step, or the environment does not list it.
    #[error("`{asked}` is no step of this policy and environment; they have {}", known.join(", "))]
    UnknownStep {
        /// What was asked for.
        asked: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// The index lists no image, and the policy wants the evidence on each.
    #[error("the index lists no platform, and the policy wants the evidence on each")]
    NoPlatform,
    /// Nothing comes before the step.
    #[error("`{asked}` has no step before it: it names none in `after` or `covers`")]
    NothingBefore {
        /// What was asked for.
        asked: String,
    },
}

fn listed_or_none(names: &[String]) -> String {
    if names.is_empty() { "none at all".to_owned() } else { names.join(", ") }
}

impl Undecided {
    /// A stable kebab-case word for machines.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Limit(_) => "limit",
            Self::NoEnvironment { .. } => "no-environment",
            Self::NoPlatform => "no-platform",
            Self::NotForImage { .. } => "no-policy",
            Self::NothingBefore { .. } => "nothing-before",
            Self::PolicyExpired { .. } => "policy-expired",
            Self::UnknownEnvironment { .. } => "unknown-environment",
            Self::UnknownStep { .. } => "unknown-step",
        }
    }
}

/// The steps that a question asks for; never empty.
pub fn ask<'p>(policy: &'p Policy, question: &Question) -> Result<Vec<&'p Step>, Undecided> {
    if let Some(at) = policy.expires.filter(|expires| question.now >= *expires) {
        return Err(Undecided::PolicyExpired { at });
    }
    if !policy.is_for(&question.image.name) {
        return Err(Undecided::NotForImage { name: question.image.name.clone() });
    }
    let listed = listed(policy, question.environment.as_deref())?;
    let Some(before) = &question.before else {
        return Ok(listed);
    };
    let names = || listed.iter().map(|step| step.name.clone()).collect();
    if !listed.iter().any(|step| step.name == *before) {
        return Err(Undecided::UnknownStep { asked: before.clone(), known: names() });
    }
    let reached = reached(policy, before);
    let steps: Vec<&Step> =
        listed.into_iter().filter(|step| reached.contains(step.name.as_str())).collect();
    if steps.is_empty() {
        return Err(Undecided::NothingBefore { asked: before.clone() });
    }
    Ok(steps)
}

/// The steps of the environment that stand beside the one that is asked before: all but that one and
/// what reaches it. None where the question is about the environment itself.
pub(crate) fn beside<'p>(
    policy: &'p Policy,
    question: &Question,
) -> Result<Vec<&'p Step>, Undecided> {
    let Some(before) = question.before.as_deref() else { return Ok(vec![]) };
    let mut steps = listed(policy, question.environment.as_deref())?;
    steps.retain(|step| step.name != before && !reached(policy, &step.name).contains(before));
    Ok(steps)
}

fn listed<'p>(policy: &'p Policy, environment: Option<&str>) -> Result<Vec<&'p Step>, Undecided> {
    let known = || policy.environments.iter().map(|e| e.name.clone()).collect::<Vec<_>>();
    let environment = match (policy.environments.as_slice(), environment) {
        ([], None) => return Ok(policy.steps.iter().collect()),
        ([only], None) => only,
        (_, None) => return Err(Undecided::NoEnvironment { known: known() }),
        (all, Some(asked)) => {
            all.iter().find(|environment| environment.name == asked).ok_or_else(|| {
                Undecided::UnknownEnvironment { asked: asked.to_owned(), known: known() }
            })?
        }
    };
    Ok(policy.steps.iter().filter(|step| environment.steps.contains(&step.name)).collect())
}

/// What a step reaches by `after` and `covers`, itself left out.
fn reached<'p>(policy: &'p Policy, before: &str) -> BTreeSet<&'p str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = vec![before];
    while let Some(step) = open.pop().and_then(|name| policy.step(name)) {
        let covers = step.covers.iter().map(|cover| cover.step.as_str());
        for name in step.after.iter().map(String::as_str).chain(covers) {
            if name != before && reached.insert(name) {
                open.push(name);
            }
        }
    }
    reached
}
