//! Deliver: what was judged and related becomes one [`Verdict`], for every printer.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    Id,
    predicate::View,
    time::{self, Timestamp},
};
use jiff::SignedDuration;

use crate::{
    authenticate::Refusal,
    candidate::Question,
    clock,
    finding::Finding,
    judge::{Considered, Judged, Setting, What, content, word::Word},
    relate::{Choice, Related, Shared},
    verdict::{
        CandidateReport, CommitmentReport, Deadline, Decision, Fate, ImageReport, PolicyReport,
        ProofReport, RelationReport, StepReport, VERSION, Verdict,
    },
    withheld::Withheld,
};

/// How far ahead an end is worth a line.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Delivers the verdict.
pub(crate) fn deliver(
    question: &Question,
    setting: Setting<'_>,
    judged: &[Judged<'_, '_>],
    related: Related<'_, '_>,
    withheld: Withheld,
    words: &[Word<'_>],
    refusals: &[Refusal],
) -> Verdict {
    let Related { proofs, best, shared, findings: broken } = related;
    let mut findings: Vec<Finding> = judged.iter().flat_map(|j| j.findings.clone()).collect();
    findings.extend(withheld.findings);
    findings.extend(broken);
    // Causes first, what follows from them last; the order of the steps otherwise.
    findings.sort_by_key(|finding| finding.follows);
    // Allow is built from the proofs; a withheld commitment is the one thing that they cannot show.
    let decision = match proofs {
        Some(_) if findings.is_empty() && question.before.is_some() => Decision::Ready,
        Some(_) if findings.is_empty() => Decision::Allow,
        _ => Decision::Deny,
    };
    let (chosen, shared) = match &proofs {
        Some(proofs) => (proofs.chosen(), proofs.shared()),
        None => (best.as_slice(), shared.as_slice()),
    };
    let mut ends = ends(setting, judged, chosen);
    ends.sort();
    let soon = time::write(clock::later(setting.now, SOON));
    let policy = setting.policy;
    Verdict {
        version: VERSION,
        decision,
        image: ImageReport {
            reference: setting.image.reference.clone(),
            name: setting.image.name.clone(),
            told: setting.image.told,
            digest: setting.image.digest.to_string(),
        },
        environment: question.environment.clone().or(only_environment(setting)),
        before: question.before.clone(),
        policy: PolicyReport {
            file: policy.file.clone(),
            name: policy.name.clone(),
            revision: policy.revision,
            digest: policy.digest.to_string(),
            contact: policy.contact.clone(),
        },
        now: time::write(setting.now),
        steps: judged.iter().map(|j| step(j, chosen, &findings)).collect(),
        relations: shared.iter().map(relation).collect(),
        commitments: commitments(judged, chosen),
        good_until: ends.first().filter(|_| decision != Decision::Deny).cloned(),
        expiring: ends.iter().filter(|end| end.time <= soon).cloned().collect(),
        others: others(judged, words, refusals),
        notes: notes(setting, judged, withheld.notes),
        findings,
    }
}

fn only_environment(setting: Setting<'_>) -> Option<String> {
    match setting.policy.environments.as_slice() {
        [only] => Some(only.name.clone()),
        _ => None,
    }
}

fn step(judged: &Judged<'_, '_>, chosen: &[Choice<'_, '_>], findings: &[Finding]) -> StepReport {
    let step = judged.step;
    let choice = chosen.iter().find(|choice| choice.step.name == step.name);
    let words = choice.map_or(&[][..], |choice| &choice.words);
    let passes = !words.is_empty()
        && !findings.iter().any(|f| f.step.as_deref() == Some(step.name.as_str()));
    let ids: BTreeSet<&Id> = words.iter().map(|option| option.word.id()).collect();
    StepReport {
        name: step.name.clone(),
        passes,
        count: step.count,
        proofs: words.iter().map(|option| proof(option.word)).collect(),
        candidates: judged.considered.iter().map(|c| candidate(c, &ids)).collect(),
        covers: step.covers.iter().map(|cover| cover.step.clone()).collect(),
    }
}

fn proof(word: &Word<'_>) -> ProofReport {
    let made = word.made();
    ProofReport {
        party: word.party().to_owned(),
        tool: word.tool().map(str::to_owned),
        time: made.after.map(time::write),
        clock: made.before.map(|(_, clock)| clock.word().to_owned()),
        says: content::says(word),
        id: word.id().to_string(),
        predicate_type: word.predicate_type().to_owned(),
        run: word.facts().run.clone(),
        referrer: word.bound().verified().carrier().referrer.as_ref().map(ToString::to_string),
    }
}

fn candidate(considered: &Considered<'_, '_>, chosen: &BTreeSet<&Id>) -> CandidateReport {
    let reason = considered.reason.as_ref();
    let left_out = considered.fate == Fate::LeftOut;
    let report = match considered.what {
        What::Word(word) => of_word(word, considered.fate),
        What::Refusal(refusal) => of_refusal(refusal),
    };
    let is_chosen = matches!(considered.fate, Fate::Stands | Fate::Superseded)
        && matches!(considered.what, What::Word(word) if chosen.contains(word.id()));
    CandidateReport {
        fate: if is_chosen { Fate::Chosen } else { considered.fate },
        code: reason.filter(|_| !left_out).map(|(code, _)| *code),
        reason: reason.map(|(_, text)| text.clone()),
        ..report
    }
}

fn of_word(word: &Word<'_>, fate: Fate) -> CandidateReport {
    CandidateReport {
        fate,
        code: None,
        reason: None,
        signer: Some(word.party().to_owned()),
        time: word.made().after.map(time::write),
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
        says: None,
        id: refusal.id.as_ref().map(ToString::to_string),
        predicate_type: refusal.predicate_type.clone(),
        run: None,
        found: refusal.carrier.found.clone(),
    }
}

fn relation(shared: &Shared) -> RelationReport {
    RelationReport {
        fact: shared.fact.word().to_owned(),
        members: shared.members.clone(),
        value: shared.value.clone(),
        // By key there is no certificate that could say it.
        claimed: true,
    }
}

/// What whoever follows this verdict commits to: the joint choice and every newest word judged.
fn commitments(judged: &[Judged<'_, '_>], chosen: &[Choice<'_, '_>]) -> Vec<CommitmentReport> {
    let chosen = chosen.iter().flat_map(|choice| choice.words.iter().map(|option| option.word));
    let speaking = judged.iter().flat_map(|judged| judged.speaking.iter().copied());
    let by_id: BTreeMap<&Id, &Word<'_>> =
        chosen.chain(speaking).map(|word| (word.id(), word)).collect();
    by_id
        .into_values()
        .map(|word| CommitmentReport {
            id: word.id().to_string(),
            predicate_type: word.predicate_type().to_owned(),
            bundle: word.bound().verified().carrier().bundle.as_ref().map(ToString::to_string),
        })
        .collect()
}

/// Every moment at which this verdict may stop being good.
fn ends(
    setting: Setting<'_>,
    judged: &[Judged<'_, '_>],
    chosen: &[Choice<'_, '_>],
) -> Vec<Deadline> {
    let mut ends: Vec<(Timestamp, String)> = Vec::new();
    ends.extend(setting.policy.expires.map(|expires| (expires, "policy expires".to_owned())));
    for judged in judged {
        let name = &judged.step.name;
        ends.extend(last_enough(judged).map(|until| (until, format!("{name} max-age"))));
        let accepts = judged.step.accept.iter().filter(|accept| setting.now < accept.until);
        ends.extend(accepts.map(|accept| (accept.until, format!("{name} accepts {}", accept.id))));
    }
    for choice in chosen {
        for option in &choice.words {
            let word = option.word;
            if let Some(View::Approval(approval)) = word.view() {
                let what = format!("{} by {} expires", choice.step.name, word.party());
                ends.extend(approval.expires.map(|expires| (expires, what)));
                let limit = choice.step.max_age.zip(word.age_time());
                ends.extend(limit.map(|(limit, time)| {
                    (clock::later(time, limit), format!("{} max-age", choice.step.name))
                }));
            }
            let until = word.bound().verified().credential().until;
            ends.extend(until.map(|until| (until, format!("a key of {} ends", word.party()))));
        }
    }
    ends.into_iter()
        // An age reaches its limit at this very moment and is good still.
        .filter(|(time, _)| *time >= setting.now)
        .map(|(time, what)| Deadline { time: time::write(time), what })
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// Until when enough parties stay within `max-age`: the count-th last of their ends.
fn last_enough(judged: &Judged<'_, '_>) -> Option<Timestamp> {
    let mut by_party: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for (party, until) in &judged.fresh_until {
        let known = by_party.entry(party).or_insert(*until);
        *known = (*known).max(*until);
    }
    let mut ends: Vec<Timestamp> = by_party.into_values().collect();
    ends.sort_by(|a, b| b.cmp(a));
    let nth = usize::try_from(judged.step.count).unwrap_or(usize::MAX).saturating_sub(1);
    ends.get(nth).copied()
}

/// What speaks for no step that was asked.
fn others(
    judged: &[Judged<'_, '_>],
    words: &[Word<'_>],
    refusals: &[Refusal],
) -> Vec<CandidateReport> {
    let considered = || judged.iter().flat_map(|judged| &judged.considered);
    let heard = |word: &Word<'_>| {
        considered().any(|c| matches!(c.what, What::Word(other) if std::ptr::eq(other, word)))
    };
    let seen = |refusal: &Refusal| {
        considered().any(|c| matches!(c.what, What::Refusal(other) if std::ptr::eq(other, refusal)))
    };
    let words = words.iter().filter(|word| !heard(word));
    let refusals = refusals.iter().filter(|refusal| !seen(refusal));
    words.map(|word| of_word(word, Fate::LeftOut)).chain(refusals.map(of_refusal)).collect()
}

fn notes(setting: Setting<'_>, judged: &[Judged<'_, '_>], withheld: Vec<String>) -> Vec<String> {
    let asked = |step: &str| judged.iter().any(|judged| judged.step.name == step);
    let mut notes = withheld;
    for same in &setting.policy.same {
        if same.steps.iter().filter(|step| asked(step)).count() < 2 {
            notes.push(format!(
                "the same {} was not asked: fewer than two of {} are asked here",
                same.fact.word(),
                same.steps.join(", ")
            ));
        }
    }
    if setting.image.told {
        notes.push(format!(
            "the name `{}` was given on the command line (--as)",
            setting.image.name
        ));
    }
    for judged in judged {
        for considered in &judged.considered {
            let other = match considered.what {
                What::Word(word) if !matches!(considered.fate, Fate::Dropped | Fate::LeftOut) => {
                    word
                }
                _ => continue,
            };
            let others = other.bound().names().iter();
            notes.extend(
                others.filter(|name| **name != setting.image.name && !name.is_empty()).map(
                    |name| {
                        format!(
                            "`{}` was signed for the name `{name}`; the digest is the same",
                            judged.step.name
                        )
                    },
                ),
            );
        }
    }
    notes.sort();
    notes.dedup();
    notes
}
