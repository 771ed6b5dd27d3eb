//! Notes: what a reader should know and what decides nothing.

use std::collections::BTreeSet;

use super::Seen;
use crate::{
    candidate::Question,
    clock,
    judge::{Judged, Setting, What, content, word::Word},
    policy::Policy,
    verdict::Fate,
};

/// The notes of all views, each once.
pub(super) fn of(policy: &Policy, question: &Question, seen: &[Seen<'_, '_>]) -> Vec<String> {
    let mut notes: BTreeSet<String> = BTreeSet::new();
    notes.extend(seen.iter().flat_map(|seen| seen.withheld.notes.iter().cloned()));
    notes.extend(not_asked(policy, seen));
    if question.image.told {
        let name = &question.image.name;
        notes.insert(format!("the name `{name}` was given on the command line (--as)"));
    }
    for seen in seen {
        for judged in &seen.judged {
            notes.extend(other_names(judged, question));
            notes.extend(accepted(judged, seen.setting));
        }
    }
    notes.into_iter().collect()
}

/// Facts that need not be the same here, because too few of their steps are asked.
fn not_asked(policy: &Policy, seen: &[Seen<'_, '_>]) -> Vec<String> {
    let asked = |step: &str| {
        seen.iter().flat_map(|seen| &seen.judged).any(|judged| judged.step.name == step)
    };
    let few = policy.same.iter().filter(|same| same.steps.iter().filter(|s| asked(s)).count() < 2);
    few.map(|same| {
        format!(
            "the same {} was not asked: fewer than two of {} are asked here",
            same.fact.word(),
            same.steps.join(", ")
        )
    })
    .collect()
}

/// Other names under which the image was signed for.
fn other_names(judged: &Judged<'_, '_>, question: &Question) -> Vec<String> {
    let words = words(judged, |fate| !matches!(fate, Fate::Dropped | Fate::LeftOut));
    let names = words.flat_map(|word| word.bound().names());
    let others = names.filter(|name| **name != question.image.name && !name.is_empty());
    let step = &judged.step.name;
    others
        .map(|name| format!("`{step}` was signed for the name `{name}`; the digest is the same"))
        .collect()
}

/// Findings of scans that do not count, until when, and why.
fn accepted(judged: &Judged<'_, '_>, setting: Setting<'_>) -> Vec<String> {
    let step = judged.step;
    words(judged, |fate| matches!(fate, Fate::Stands | Fate::Negative))
        .flat_map(|word| content::accepted_of(step, word, setting.now))
        .map(|accept| {
            let until = clock::shown(accept.until);
            format!("`{}` accepts {} until {until}: {}", step.name, accept.id, accept.reason)
        })
        .collect()
}

/// The words that were looked at for a step, by what became of them.
fn words<'j, 'p: 'j>(
    judged: &'j Judged<'_, 'p>,
    wanted: impl Fn(Fate) -> bool + 'j,
) -> impl Iterator<Item = &'j Word<'p>> {
    judged.considered.iter().filter(move |considered| wanted(considered.fate)).filter_map(
        |considered| match considered.what {
            What::Word(word) => Some(word),
            What::Refusal(_) => None,
        },
    )
}
