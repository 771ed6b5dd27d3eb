//! Labels: what the image says of itself, held against what a step proves.

use crate::{candidate::Image, facts, judge::word::Word, policy::LabelRule};

/// Whether the label is there and repeats the fact; a missing one of either proves nothing.
pub(super) fn holds(rule: &LabelRule, word: &Word<'_>, image: &Image) -> bool {
    let label = image.labels.as_ref().and_then(|labels| labels.get(&rule.label));
    match (label, word.facts().value(rule.fact)) {
        (Some(label), Some(value)) => facts::label_agrees(rule.fact, label, value),
        _ => false,
    }
}
