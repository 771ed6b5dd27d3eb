//! Losing evidence can only deny, but for what replaced other evidence, and then the report says so.

use std::collections::BTreeSet;

use chain::{
    Candidate, Verdict,
    verdict::{CandidateReport, Fate},
};

use crate::{alike::allows, case::Case};

/// Every part of the evidence of every case is asked about. Where a deny turns into an allow, what was
/// lost was reported as the newest word that failed a step, or as one that stood where another of the
/// same signer was superseded, or as the one that committed to what was gone.
#[test]
fn losing_evidence_denies_or_was_reported() {
    let (mut lost, mut turned) = (0, 0);
    for case in Case::all() {
        let Ok(policy) = case.policy() else { continue };
        let Ok(whole) = case.ask_with(&policy, case.evidence.clone()) else { continue };
        if crate::case::allows(whole.decision.word()) {
            continue;
        }
        for kept in parts(&case.evidence) {
            lost += 1;
            if !allows(&case.ask_with(&policy, kept.clone())) {
                continue;
            }
            turned += 1;
            let kept: BTreeSet<&str> = kept.iter().map(|one| one.found.as_str()).collect();
            let gone: BTreeSet<&str> = case
                .evidence
                .iter()
                .map(|one| one.found.as_str())
                .filter(|f| !kept.contains(f))
                .collect();
            assert!(reported(&whole, &gone), "{}: nobody was told of {gone:?}", case.name);
        }
    }
    // As it must be: a gate that heard no veto would turn none.
    assert!(lost > 500 && turned > 30, "{turned} of {lost}");
}

/// All parts of the evidence but the whole.
fn parts(evidence: &[Candidate]) -> Vec<Vec<Candidate>> {
    assert!(evidence.len() <= 8, "too much evidence to try every part");
    (0..(1_u32 << evidence.len()) - 1)
        .map(|kept| {
            let bit = |n: usize| kept >> n & 1 == 1;
            evidence
                .iter()
                .enumerate()
                .filter(|(n, _)| bit(*n))
                .map(|(_, one)| one.clone())
                .collect()
        })
        .collect()
}

fn reported(whole: &Verdict, gone: &BTreeSet<&str>) -> bool {
    let told = whole.steps.iter().flat_map(|step| {
        let superseded = |signer: &Option<String>| {
            let same = |other: &&CandidateReport| other.signer == *signer;
            step.candidates.iter().filter(same).any(|other| other.fate == Fate::Superseded)
        };
        step.candidates.iter().filter(move |one| match one.fate {
            Fate::Lapsed | Fate::Negative | Fate::Refused => !step.passes,
            Fate::Chosen | Fate::Stands => superseded(&one.signer),
            Fate::Dropped | Fate::LeftOut | Fate::Superseded => false,
        })
    });
    let withheld = whole.findings.iter().filter(|f| f.code.word() == "withheld").flat_map(|f| {
        whole.steps.iter().flat_map(|step| &step.candidates).filter(move |one| {
            let id = one.id.as_deref().and_then(|id| id.get(..19)).unwrap_or("no id");
            f.details.iter().any(|detail| detail.contains(id))
        })
    });
    told.chain(withheld).any(|one| gone.contains(one.found.as_str()))
}
