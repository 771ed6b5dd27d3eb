//! Candidates: what became of each, in every view of the image.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Id, time};

use super::Seen;
use crate::{
    authenticate::Refusal,
    judge::{Considered, What, content, word::Word},
    verdict::{CandidateReport, Fate},
};

/// The candidates of the step at a position, each once: of several views the one that says most.
pub(super) fn of_step(seen: &[Seen<'_, '_>], position: usize) -> Vec<CandidateReport> {
    let mut all: Vec<CandidateReport> = Vec::new();
    let mut known: BTreeMap<(Option<String>, String, Option<String>), usize> = BTreeMap::new();
    for seen in seen {
        let Some(judged) = seen.judged.get(position) else { continue };
        let choice = seen.chosen().iter().find(|choice| choice.step.name == judged.step.name);
        let words = choice.map_or(&[][..], |choice| &choice.words);
        let ids: BTreeSet<&Id> = words.iter().map(|option| option.word.id()).collect();
        for considered in &judged.considered {
            let report = candidate(considered, &ids);
            let key = (report.id.clone(), report.found.clone(), report.signer.clone());
            match known.get(&key).and_then(|n| all.get_mut(*n)) {
                Some(before) if rank(report.fate) > rank(before.fate) => *before = report,
                Some(_) => {}
                None => {
                    known.insert(key, all.len());
                    all.push(report);
                }
            }
        }
    }
    all
}

/// What says most of a candidate: that it fails a step, then that it proves one.
fn rank(fate: Fate) -> u8 {
    match fate {
        Fate::Dropped => 0,
        Fate::LeftOut => 1,
        Fate::Lapsed => 2,
        Fate::Superseded => 3,
        Fate::Stands => 4,
        Fate::Chosen => 5,
        Fate::Negative => 6,
        Fate::Refused => 7,
    }
}

/// What speaks for no step that was asked.
pub(super) fn others(
    seen: &[Seen<'_, '_>],
    words: &[Word<'_>],
    refusals: &[Refusal],
) -> Vec<CandidateReport> {
    let judged = seen.iter().flat_map(|seen| &seen.judged);
    let considered: BTreeSet<_> =
        judged.flat_map(|judged| &judged.considered).map(|c| c.what.place()).collect();
    let is_other = |what: What<'_, '_>| !considered.contains(&what.place());
    let words = words.iter().filter(|word| is_other(What::Word(word)));
    let refusals = refusals.iter().filter(|refusal| is_other(What::Refusal(refusal)));
    words.map(|word| of_word(word, Fate::LeftOut)).chain(refusals.map(of_refusal)).collect()
}

fn candidate(considered: &Considered<'_, '_>, chosen: &BTreeSet<&Id>) -> CandidateReport {
    let reason = considered.reason.as_ref();
    let report = match considered.what {
        What::Word(word) => of_word(word, considered.fate),
        What::Refusal(refusal) => of_refusal(refusal),
    };
    let is_chosen = matches!(considered.fate, Fate::Stands | Fate::Superseded)
        && matches!(considered.what, What::Word(word) if chosen.contains(word.id()));
    CandidateReport {
        fate: if is_chosen { Fate::Chosen } else { considered.fate },
        code: reason.and_then(|reason| reason.code),
        reason: reason.map(|reason| reason.text.clone()),
        ..report
    }
}

fn of_word(word: &Word<'_>, fate: Fate) -> CandidateReport {
    CandidateReport {
        fate,
        code: None,
        reason: None,
        signer: Some(word.signer().to_owned()),
        time: word.made().after.map(time::write),
        clock: word.made().before.map(|(_, clock)| clock.word().to_owned()),
        says: Some(content::says(word)),
        id: Some(word.id().to_string()),
        predicate_type: Some(word.predicate_type().to_owned()),
        run: word.facts().run.clone(),
        found: word.bound().verified().carrier().found.clone(),
    }
}

fn of_refusal(refusal: &Refusal) -> CandidateReport {
    CandidateReport {
        fate: Fate::Dropped,
        code: Some(refusal.code),
        reason: Some(refusal.reason.clone()),
        signer: refusal.signer.clone(),
        time: None,
        clock: None,
        says: None,
        id: refusal.id.as_ref().map(ToString::to_string),
        predicate_type: refusal.predicate_type.clone(),
        run: None,
        found: refusal.carrier.found.clone(),
    }
}
