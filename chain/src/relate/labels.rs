//! Labels: what the image says of itself, held against what a step proves.

use crate::{facts, judge::word::Word, policy::LabelRule, view::View};

/// Whether the label is there and repeats the fact; a missing one of either proves nothing.
pub(super) fn holds(rule: &LabelRule, word: &Word<'_>, view: &View<'_>) -> bool {
    let label = view.labels.and_then(|labels| labels.get(&rule.label));
    match (label, word.facts().value(rule.fact)) {
        (Some(label), Some(value)) => facts::label_agrees(rule.fact, label, value),
        _ => false,
    }
}
