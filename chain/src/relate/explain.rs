//! Explains a relation that no joint choice fulfils, with the words that come nearest.

use std::collections::BTreeSet;

use super::{Choice, Relation, choice::Search};
use crate::{
    finding::{Code, Finding},
    judge::{Candidacy, Setting, signed, word::Word},
    policy::{Fact, LabelRule},
    remedy,
};

/// The findings for broken relations: what the same steps do not share is one finding.
pub(super) fn findings(
    broken: &[&Relation<'_>],
    search: &Search<'_, '_, '_>,
    best: &[Choice<'_, '_>],
    setting: Setting<'_>,
) -> Vec<Finding> {
    let mut told: Vec<&[&str]> = Vec::new();
    let mut findings = Vec::new();
    for relation in broken {
        if let Relation::Same { steps, .. } = relation {
            if told.contains(&steps.as_slice()) {
                continue;
            }
            told.push(steps);
        }
        findings.push(finding(relation, broken, search, best, setting));
    }
    findings
}

/// The words of a step: those chosen, or all that may be.
fn words<'w, 'p>(
    step: &str,
    search: &Search<'_, 'w, 'p>,
    best: &[Choice<'w, 'p>],
) -> Vec<Candidacy<'w, 'p>> {
    let chosen = best.iter().find(|choice| choice.step.name == step);
    chosen.map_or_else(|| search.options(step).to_vec(), |choice| choice.words.clone())
}

impl Relation<'_> {
    /// The fact that these very steps must share by it.
    fn unlike(&self, of: &[&str]) -> Option<Fact> {
        match self {
            Self::Same { fact, steps, .. } if steps == of => Some(*fact),
            _ => None,
        }
    }
}

/// The finding for one broken relation, and for all that the same steps do not share with it.
fn finding(
    relation: &Relation<'_>,
    broken: &[&Relation<'_>],
    search: &Search<'_, '_, '_>,
    best: &[Choice<'_, '_>],
    setting: Setting<'_>,
) -> Finding {
    let of = |step: &str| words(step, search, best);
    let between = |code: Code, x: &str, y: &str, message: String| {
        let (xs, ys) = (search.options(x), of(y));
        let finding = build(code, x, message, pair(x, xs, y, &ys), setting);
        Finding { candidates: ids(xs), ..finding }
    };
    match relation {
        Relation::After { x, y } => {
            let untimed = search.options(x).iter().any(|o| o.word.made().after.is_none())
                || search.options(y).iter().any(|o| o.word.made().before.is_none());
            let code = if untimed { Code::NoTime } else { Code::OutOfOrder };
            between(code, x, y, format!("`{x}` does not come after `{y}`"))
        }
        Relation::Apart { x, y } => {
            let parties: Vec<&str> = of(y).iter().map(|option| option.word.signer()).collect();
            let message =
                format!("`{x}` and `{y}` are signed by the same party, {}", parties.join(", "));
            between(Code::SameSigner, x, y, message)
        }
        Relation::Covers { x, y, newest } => {
            let which = if *newest { "the newest" } else { "a valid" };
            between(Code::NotCovered, x, y, format!("`{x}` does not commit to {which} `{y}`"))
        }
        Relation::Label(rule) => label(rule, &of(&rule.step), setting),
        Relation::Same { steps, at, .. } => {
            let facts: Vec<Fact> = broken.iter().filter_map(|other| other.unlike(steps)).collect();
            unlike(&facts, steps, &of, setting).at(*at, setting)
        }
    }
}

/// Facts that steps do not share. What the first of them says is known: the last may have left it out,
/// or be of something else.
fn unlike<'w, 'p: 'w>(
    facts: &[Fact],
    steps: &[&str],
    of: &impl Fn(&str) -> Vec<Candidacy<'w, 'p>>,
    setting: Setting<'_>,
) -> Finding {
    let mut details = Vec::new();
    for fact in facts {
        for step in steps {
            details.extend(of(step).iter().map(|option| shared(step, *fact, option.word)));
        }
    }
    let named: Vec<&str> = facts.iter().map(|fact| fact.word()).collect();
    let (named, are) = match named.as_slice() {
        [one] => ((*one).to_owned(), "is"),
        [all @ .., last] => (format!("{} and the {last}", all.join(", the ")), "are"),
        [] => (String::new(), "is"),
    };
    let message = format!("the {named} {are} not the same in {}", steps.join(", "));
    let last = steps.last().copied().unwrap_or_default();
    let finding = build(Code::NotSame, last, message, details, setting);
    let states = |word: &&Word<'_>| facts.iter().any(|fact| word.facts().value(*fact).is_some());
    let others = steps.iter().filter(|step| **step != last);
    let others = others.flat_map(|step| of(step)).map(|option| option.word);
    let Some(known) = others.into_iter().find(states) else { return finding };
    let stated = remedy::stating(known.facts());
    let left_out = !of(last).iter().any(|option| states(&option.word));
    let remedy = finding.remedy.map(|remedy| match left_out {
        true => format!("{remedy}{stated}"),
        false => {
            format!("it is of something else: make `{last}` of the same, then {remedy}{stated}")
        }
    });
    Finding { remedy, ..finding }
}

fn build(
    code: Code,
    step: &str,
    message: String,
    details: Vec<String>,
    setting: Setting<'_>,
) -> Finding {
    // A relation is between steps of the policy.
    let Some(step) = setting.policy.step(step) else {
        return Finding::of_image(code, message);
    };
    Finding {
        details,
        remedy: Some(format!("attest it anew: {}", remedy::anew(step, setting))),
        who: Some(remedy::who(step, &BTreeSet::new(), 0)),
        follows: true,
        ..Finding::of(step, code, message, setting)
    }
}

/// The words of both steps, with their times.
fn pair(x: &str, xs: &[Candidacy<'_, '_>], y: &str, ys: &[Candidacy<'_, '_>]) -> Vec<String> {
    let line = |step: &str, option: &Candidacy<'_, '_>| format!("{step}: {}", signed(option.word));
    let xs = xs.iter().take(SHOWN).map(|option| line(x, option));
    xs.chain(ys.iter().take(SHOWN).map(|option| line(y, option))).collect()
}

/// The ids of the words that `pair` shows of the first step.
fn ids(xs: &[Candidacy<'_, '_>]) -> Vec<String> {
    xs.iter().take(SHOWN).map(|option| option.word.id().to_string()).collect()
}

/// Words shown per step.
const SHOWN: usize = 4;

fn shared(step: &str, fact: Fact, word: &Word<'_>) -> String {
    let value = word.facts().value(fact).unwrap_or("none");
    let time = word.made().shown().unwrap_or_default();
    format!("{step}: {} {value} ({}, {time})", fact.word(), word.signer())
}

fn label(rule: &LabelRule, words: &[Candidacy<'_, '_>], setting: Setting<'_>) -> Finding {
    let value = words.first().and_then(|option| option.word.facts().value(rule.fact));
    let proven = format!("{}.{}  {}", rule.step, rule.fact.word(), value.unwrap_or("none"));
    let (message, labelled) = match setting.view.labels {
        None => (
            format!("an index has no label `{}` of its own", rule.label),
            "label  none: an index has no config".to_owned(),
        ),
        Some(labels) => match labels.get(&rule.label) {
            None => (
                format!("the image has no label `{}`", rule.label),
                format!("label {}  none", rule.label),
            ),
            Some(label) => (
                format!("label `{}` and {}.{} disagree", rule.label, rule.step, rule.fact.word()),
                format!("label {}  {label}", rule.label),
            ),
        },
    };
    Finding {
        remedy: Some(format!(
            "build with --label {}={}; a label may be inherited from the base image",
            rule.label,
            value.unwrap_or("VALUE")
        )),
        follows: false,
        ..build(Code::LabelMismatch, &rule.step, message, vec![labelled, proven], setting)
            .at(rule.at, setting)
    }
}
