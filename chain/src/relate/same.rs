//! `same`: a fact is present in all and equal; a missing fact denies.

use super::{Choice, Relation};
use crate::{
    judge::{Setting, word::Word},
    policy::Fact,
};

/// Whether two words share a fact.
pub(super) fn holds(fact: Fact, x: &Word<'_>, y: &Word<'_>) -> bool {
    matches!((x.facts().value(fact), y.facts().value(fact)), (Some(a), Some(b)) if a == b)
}

/// A fact that turned out the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The fact.
    pub fact: Fact,
    /// The steps that share it, and the labels that repeat it.
    pub members: Vec<String>,
    /// Its value.
    pub value: String,
    /// Some of them have it by their signer's word alone, and by no certificate.
    pub claimed: bool,
}

/// The facts that a choice shares: across steps by `same`, with labels by `image.labels`.
pub(super) fn shared(
    relations: &[&Relation<'_>],
    choices: &[Choice<'_, '_>],
    setting: Setting<'_>,
) -> Vec<Shared> {
    let value = |step: &str, fact: Fact| {
        let choice = choices.iter().find(|choice| choice.step.name == step)?;
        choice.words.first()?.word.facts().value(fact).map(str::to_owned)
    };
    let claimed = |step: &str, fact: Fact| {
        let words = choices.iter().filter(|choice| choice.step.name == step).flat_map(|c| &c.words);
        words.into_iter().any(|option| !option.word.facts().certified.contains(&fact))
    };
    let mut shared: Vec<Shared> = Vec::new();
    for relation in relations {
        if let Relation::Same { fact, steps, .. } = relation
            && let Some(value) = steps.first().and_then(|step| value(step, *fact))
        {
            let members = steps.iter().map(|step| (*step).to_owned()).collect();
            let claimed = steps.iter().any(|step| claimed(step, *fact));
            shared.push(Shared { fact: *fact, members, value, claimed });
        }
    }
    for rule in setting.policy.labels.iter().filter(|rule| {
        relations
            .iter()
            .any(|relation| matches!(relation, Relation::Label(kept) if kept.label == rule.label))
    }) {
        let Some(value) = value(&rule.step, rule.fact) else { continue };
        let label = format!("label {}", rule.label);
        match shared.iter_mut().find(|s| s.fact == rule.fact && s.members.contains(&rule.step)) {
            Some(known) => known.members.push(label),
            None => shared.push(Shared {
                fact: rule.fact,
                members: vec![rule.step.clone(), label],
                value,
                claimed: claimed(&rule.step, rule.fact),
            }),
        }
    }
    shared
}
