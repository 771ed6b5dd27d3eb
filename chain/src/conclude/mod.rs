//! Conclude: what was judged and related becomes one [`Verdict`], for every printer.

mod candidates;
mod ends;
mod notes;
pub(crate) mod outcome;

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Id, time};
use jiff::SignedDuration;

use outcome::Outcome;

use crate::{
    authenticate::Refusal,
    candidate::{Question, Shape},
    clock,
    finding::Finding,
    judge::{Judged, Setting, content, word::Word},
    policy::{Policy, Step, TrustedRoot},
    relate::{Choice, Proofs, Related, Shared},
    remedy,
    verdict::{
        BeforeReport, CommitmentReport, Deadline, Decision, ImageReport, PolicyReport, ProofReport,
        Record, RelationReport, RootReport, StepReport, VERSION, Verdict,
    },
    withheld::Withheld,
};

/// How far ahead an end is worth a line.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

/// One view, judged and related.
pub(crate) struct Seen<'w, 'p> {
    /// What was judged against.
    pub(crate) setting: Setting<'p>,
    /// The steps, judged alone.
    pub(crate) judged: Vec<Judged<'w, 'p>>,
    /// The steps, related.
    pub(crate) related: Related<'w, 'p>,
    /// Where only what comes before a step was asked: the choice that also goes with the other steps of
    /// the environment that stand already.
    pub(crate) ahead: Vec<Choice<'w, 'p>>,
    /// What is withheld.
    pub(crate) withheld: Withheld,
}

impl<'w, 'p> Seen<'w, 'p> {
    /// The proofs of this view, of which nothing is withheld.
    fn proofs(&self) -> Option<&Proofs<'w, 'p>> {
        self.related.proofs.as_ref().filter(|_| self.withheld.findings.is_empty())
    }

    /// The chosen words: those of the proofs, or the best there are.
    fn chosen(&self) -> &[Choice<'w, 'p>] {
        self.related.proofs.as_ref().map_or(self.related.best.as_slice(), Proofs::chosen)
    }
}

/// Concludes the verdict on all views of the image; `None` if there is no view.
pub(crate) fn conclude(
    question: &Question,
    policy: &Policy,
    seen: &[Seen<'_, '_>],
    words: &[Word<'_>],
    refusals: &[Refusal],
) -> Option<Verdict> {
    let steps = seen.first()?.judged.iter().map(|judged| judged.step).collect::<Vec<_>>();
    let outcome = Outcome::of(seen, findings(seen), question.before.is_some())?;
    let (decision, findings) = (outcome.decision(), outcome.findings());
    let ends: BTreeSet<Deadline> = seen.iter().flat_map(ends::of).collect();
    let soon = time::write(clock::later(question.now, SOON));
    let image = &question.image;
    let record = Record {
        version: VERSION,
        decision,
        image: ImageReport {
            reference: image.reference.clone(),
            name: image.name.clone(),
            told: image.told,
            digest: image.digest.to_string(),
            index: index(&image.shape),
        },
        environment: question.environment.clone().or(only_environment(policy)),
        before: before(question, policy),
        policy: PolicyReport {
            file: policy.file.clone(),
            name: policy.name.clone(),
            revision: policy.revision,
            digest: policy.digest.to_string(),
            contact: policy.contact.clone(),
            roots: policy.roots.values().map(root).collect(),
        },
        now: time::write(question.now),
        steps: steps.iter().enumerate().map(|(n, s)| step(n, s, seen, findings)).collect(),
        relations: relations(seen),
        commitments: commitments(seen),
        next: next(question, policy, decision),
        good_until: ends.first().filter(|_| decision != Decision::Deny).cloned(),
        expiring: ends.iter().filter(|end| end.time <= soon).cloned().collect(),
        others: candidates::others(seen, words, refusals),
        notes: notes::of(policy, question, seen),
        findings: findings.to_vec(),
    };
    Some(Verdict::of(outcome, record))
}

/// The findings of all views, each once: causes first, what follows from them last, the order of the
/// steps otherwise. One that not every view has names its platforms.
fn findings(seen: &[Seen<'_, '_>]) -> Vec<Finding> {
    let mut all: Vec<(Finding, Option<String>, Vec<&str>)> = Vec::new();
    for seen in seen {
        let judged = seen.judged.iter().flat_map(|judged| &judged.findings);
        let platform = seen.setting.view.platform;
        for finding in judged.chain(&seen.withheld.findings).chain(&seen.related.findings) {
            // What differs by the platform in its command alone is one finding, with all commands.
            let Finding { remedy, .. } = finding;
            let bare = Finding { remedy: None, ..finding.clone() };
            match all.iter_mut().find(|(known, ..)| *known == bare) {
                Some((_, known, platforms)) => {
                    let remedies = known.as_ref().zip(remedy.as_ref());
                    *known = remedies.map(|(one, other)| remedy::both(one, other));
                    platforms.extend(platform);
                }
                None => all.push((bare, remedy.clone(), platform.into_iter().collect())),
            }
        }
    }
    let mut findings: Vec<Finding> = all
        .into_iter()
        .map(|(finding, remedy, platforms)| match platforms.len() {
            n if n == 0 || n == seen.len() => Finding { remedy, ..finding },
            _ => Finding {
                message: format!("{}: {}", platforms.join(", "), finding.message),
                remedy,
                ..finding
            },
        })
        .collect();
    findings.sort_by_key(|finding| finding.follows);
    findings
}

/// What comes next: to attest the step that the question was asked for.
fn next(question: &Question, policy: &Policy, decision: Decision) -> Option<String> {
    let before = question.before.as_deref().filter(|_| decision == Decision::Ready)?;
    Some(remedy::command(policy.step(before)?, &question.image))
}

fn before(question: &Question, policy: &Policy) -> Option<BeforeReport> {
    let step = policy.step(question.before.as_deref()?)?;
    Some(BeforeReport {
        step: step.name.clone(),
        claims: step.selects.claims.word().to_owned(),
        environment: step.selects.environment.clone(),
        name: step.selects.name.clone(),
    })
}

fn index(shape: &Shape) -> Option<String> {
    match shape {
        Shape::Listed { index, .. } => Some(index.to_string()),
        Shape::Index { .. } | Shape::Lone => None,
    }
}

fn only_environment(policy: &Policy) -> Option<String> {
    match policy.environments.as_slice() {
        [only] => Some(only.name.clone()),
        _ => None,
    }
}

fn step(position: usize, step: &Step, seen: &[Seen<'_, '_>], findings: &[Finding]) -> StepReport {
    let words = |chosen: &[Choice<'_, '_>]| {
        chosen.iter().find(|choice| choice.step.name == step.name).map_or(0, |c| c.words.len())
    };
    let passes = seen.iter().all(|seen| words(seen.chosen()) > 0)
        && !findings.iter().any(|f| f.step.as_deref() == Some(step.name.as_str()));
    let mut proofs: Vec<ProofReport> = Vec::new();
    for seen in seen {
        for choice in seen.chosen().iter().filter(|choice| choice.step.name == step.name) {
            for option in &choice.words {
                let proof = proof(option.word, seen.setting);
                if !proofs.iter().any(|p| p.id == proof.id && p.party == proof.party) {
                    proofs.push(proof);
                }
            }
        }
    }
    StepReport {
        name: step.name.clone(),
        passes,
        count: step.count,
        proofs,
        candidates: candidates::of_step(seen, position),
        covers: step.covers.iter().map(|cover| cover.step.clone()).collect(),
    }
}

fn root(root: &TrustedRoot) -> RootReport {
    RootReport {
        name: root.name.clone(),
        source: root.source.to_string(),
        digest: root.root.digest().to_string(),
    }
}

fn proof(word: &Word<'_>, setting: Setting<'_>) -> ProofReport {
    let made = word.made();
    let certificate = word.bound().verified().certificate();
    // On an index, evidence that hangs on one platform says which.
    let platform = setting.view.platform.filter(|_| !word.bound().is_about(&setting.image.digest));
    let says = content::says(word);
    ProofReport {
        party: word.signer().to_owned(),
        identity: certificate.map(|certificate| certificate.identity.clone()),
        issuer: certificate.map(|certificate| certificate.issuer.clone()),
        tool: word.tool().map(str::to_owned),
        time: made.after.map(time::write),
        seen: made.before.map(|(time, _)| time::write(time)),
        clock: made.before.map(|(_, clock)| clock.word().to_owned()),
        says: platform.map_or(says.clone(), |platform| format!("{platform}: {says}")),
        id: word.id().to_string(),
        predicate_type: word.predicate_type().to_owned(),
        run: word.facts().run.clone(),
        referrer: word.bound().verified().carrier().referrer.as_ref().map(ToString::to_string),
    }
}

fn relations(seen: &[Seen<'_, '_>]) -> Vec<RelationReport> {
    let mut all: Vec<RelationReport> = Vec::new();
    for shared in seen.iter().flat_map(|seen| &seen.related.shared) {
        let report = relation(shared);
        if !all.contains(&report) {
            all.push(report);
        }
    }
    all
}

fn relation(shared: &Shared) -> RelationReport {
    RelationReport {
        fact: shared.fact.word().to_owned(),
        members: shared.members.clone(),
        value: shared.value.clone(),
        claimed: shared.claimed,
    }
}

/// What whoever follows this verdict commits to: the joint choice, every newest word judged, and the
/// choice of the same steps that goes with the rest of the environment. A deployment to staging may
/// stand with last night's scan alone; an approval that covers only the newest could never join it.
fn commitments(seen: &[Seen<'_, '_>]) -> Vec<CommitmentReport> {
    let mut by_id: BTreeMap<&Id, &Word<'_>> = BTreeMap::new();
    for seen in seen {
        let asked = |step: &Step| seen.judged.iter().any(|judged| judged.step.name == step.name);
        let ahead = seen.ahead.iter().filter(|choice| asked(choice.step));
        let chosen = seen.chosen().iter().chain(ahead);
        let chosen = chosen.flat_map(|choice| choice.words.iter().map(|o| o.word));
        let speaking = seen.judged.iter().flat_map(|judged| judged.speaking.iter().copied());
        by_id.extend(chosen.chain(speaking).map(|word| (word.id(), word)));
    }
    by_id
        .into_values()
        .map(|word| CommitmentReport {
            id: word.id().to_string(),
            predicate_type: word.predicate_type().to_owned(),
            bundle: word
                .bound()
                .verified()
                .carrier()
                .bundle
                .as_ref()
                .map(|b| b.digest().to_string()),
        })
        .collect()
}
