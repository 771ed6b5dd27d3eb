//! Relate: is there one joint choice of attestations that fulfils all relations?
//!
//! Each step that stands alone offers words; together the chosen ones must fulfil `after`, `covers`,
//! `not-signed-by`, `same` and the labels. [`Proofs`] has no public constructor: holding it is the
//! proof that every step that was asked is chosen and every relation between them holds.

mod after;
mod apart;
mod choice;
mod covers;
mod explain;
mod labels;
mod same;
mod web;

use crate::{
    budget::{LimitReached, SEARCH},
    finding::Finding,
    judge::{Candidacy, Judged, Setting, word::Word},
    policy::{Place, Step},
};
pub(crate) use choice::Choice;
use choice::Search;
pub(crate) use same::Shared;

/// A relation that a joint choice must fulfil.
#[derive(Clone, Debug)]
pub(crate) enum Relation<'p> {
    /// `x` comes after `y`.
    After {
        /// The later step.
        x: &'p str,
        /// The earlier step.
        y: &'p str,
    },
    /// `x` and `y` are signed by different parties.
    Apart {
        /// The step that names the other.
        x: &'p str,
        /// The step named.
        y: &'p str,
    },
    /// `x` commits to `y`.
    Covers {
        /// The step that commits.
        x: &'p str,
        /// The step that is committed to.
        y: &'p str,
        /// Only the newest word of `y` will do.
        newest: bool,
    },
    /// A label of the image repeats a fact of a step.
    Label(&'p crate::policy::LabelRule),
    /// A fact is the same across steps.
    Same {
        /// The fact.
        fact: crate::policy::Fact,
        /// The steps that were asked.
        steps: Vec<&'p str>,
        /// Where the policy says so.
        at: Place,
    },
}

impl<'p> Relation<'p> {
    /// The relations of the steps that were asked, in the policy's order.
    pub(crate) fn of(steps: &[&'p Step], setting: Setting<'p>) -> Vec<Self> {
        let asked = |name: &str| steps.iter().any(|step| step.name == name);
        let mut relations = Vec::new();
        for step in steps {
            let x = step.name.as_str();
            for y in step.after.iter().filter(|y| asked(y)) {
                relations.push(Self::After { x, y });
            }
            for cover in step.covers.iter().filter(|cover| asked(&cover.step)) {
                relations.push(Self::Covers { x, y: &cover.step, newest: cover.newest });
            }
            for y in step.not_signed_by.iter().filter(|y| asked(y)) {
                relations.push(Self::Apart { x, y });
            }
        }
        for same in &setting.policy.same {
            let steps: Vec<&str> =
                same.steps.iter().map(String::as_str).filter(|step| asked(step)).collect();
            if steps.len() >= 2 {
                relations.push(Self::Same { fact: same.fact, steps, at: same.at });
            }
        }
        relations
            .extend(setting.policy.labels.iter().filter(|rule| asked(&rule.step)).map(Self::Label));
        relations
    }

    /// The steps that it holds against each other.
    pub(crate) fn steps(&self) -> Vec<&'p str> {
        match self {
            Self::After { x, y } | Self::Apart { x, y } | Self::Covers { x, y, .. } => vec![x, y],
            Self::Label(rule) => vec![&rule.step],
            Self::Same { steps, .. } => steps.clone(),
        }
    }
}

/// Every step that was asked, chosen; every relation between them, fulfilled. Only this file makes one.
///
/// ```
/// fn none(proofs: chain::Proofs<'_, '_>) -> usize {
///     proofs.chosen().len()
/// }
/// ```
///
/// ```compile_fail,E0451
/// fn none<'w, 'p>() -> chain::Proofs<'w, 'p> {
///     chain::Proofs { chosen: vec![], shared: vec![] }
/// }
/// ```
#[derive(Debug)]
pub struct Proofs<'w, 'p> {
    chosen: Vec<Choice<'w, 'p>>,
    shared: Vec<Shared>,
}

impl<'w, 'p> Proofs<'w, 'p> {
    /// Per step in the policy's order, the chosen word of each counted party.
    pub fn chosen(&self) -> &[Choice<'w, 'p>] {
        &self.chosen
    }

    /// The facts that turned out the same.
    pub fn shared(&self) -> &[Shared] {
        &self.shared
    }
}

/// What relating the steps led to.
#[derive(Debug)]
pub(crate) struct Related<'w, 'p> {
    /// The proofs, where every step stands and every relation holds.
    pub proofs: Option<Proofs<'w, 'p>>,
    /// The best choice among the steps that stand, for the report.
    pub best: Vec<Choice<'w, 'p>>,
    /// The facts that are the same in that choice.
    pub shared: Vec<Shared>,
    /// The relations that no joint choice fulfils.
    pub findings: Vec<Finding>,
}

/// Relates the steps that were asked.
pub(crate) fn relate<'w, 'p>(
    judged: &[Judged<'w, 'p>],
    setting: Setting<'p>,
) -> Result<Related<'w, 'p>, LimitReached> {
    let standing: Vec<&Judged<'w, 'p>> = judged
        .iter()
        .filter(|judged| judged.findings.is_empty() && !judged.options.is_empty())
        .collect();
    let steps: Vec<&Step> = standing.iter().map(|judged| judged.step).collect();
    let relations = Relation::of(&steps, setting);
    let search = Search::new(&standing, setting, SEARCH);
    let (kept, broken) = search.fulfil(&relations)?;
    let best = search.choose(&kept)?.unwrap_or_default();
    let findings = explain::findings(&broken, &search, &best, setting);
    let shared = same::shared(&kept, &best, setting);
    let whole = findings.is_empty() && !judged.is_empty() && standing.len() == judged.len();
    let chosen_all =
        best.len() == judged.len() && best.iter().all(|choice| !choice.words.is_empty());
    let proofs =
        (whole && chosen_all).then(|| Proofs { chosen: best.clone(), shared: shared.clone() });
    Ok(Related { proofs, best, shared, findings })
}

/// Whether two chosen words fulfil a relation between their steps.
fn fulfils(relation: &Relation<'_>, x: Candidacy<'_, '_>, y: Candidacy<'_, '_>) -> bool {
    match relation {
        Relation::After { .. } => after::holds(x.word, y.word),
        Relation::Apart { .. } => apart::holds(x.word, y.word),
        Relation::Covers { newest, .. } => covers::holds(x.word, y, *newest),
        Relation::Same { fact, .. } => same::holds(*fact, x.word, y.word),
        Relation::Label(_) => true,
    }
}

/// Whether one chosen word fulfils what a relation asks of it alone.
fn fulfils_alone(relation: &Relation<'_>, word: &Word<'_>, setting: Setting<'_>) -> bool {
    match relation {
        Relation::Label(rule) => labels::holds(rule, word, setting.view),
        Relation::Same { fact, .. } => word.facts().value(*fact).is_some(),
        _ => true,
    }
}
