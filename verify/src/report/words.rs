//! What all printers say in the same words. Plain text, not yet inert: each printer sees to that.

use std::collections::BTreeSet;

use chain::{
    Decision, Finding, Record,
    verdict::{CandidateReport, Fate, ProofReport, StepReport},
};
use evidence::time;

/// Hex digits of a digest, where the full one is elsewhere.
const SHORT: usize = 12;

/// A time for people: `2026-11-20 09:31`, UTC.
pub(super) fn minute(text: &str) -> String {
    time::parse(text)
        .map_or_else(|| text.to_owned(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}

/// A time to the day. Other texts stay.
pub(super) fn day(text: &str) -> String {
    time::parse(text).map_or_else(|| text.to_owned(), |time| time.strftime("%Y-%m-%d").to_string())
}

/// A digest or commit, shortened: `sha256:61aa0c2f9b3d…`, `4f1c2a9e7b3d`. Other texts stay.
pub(super) fn short(text: &str) -> String {
    let is_hex = |hex: &str| hex.len() >= 40 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    match text.split_once(':') {
        Some((algorithm, hex)) if is_hex(hex) => {
            format!("{algorithm}:{}…", hex.get(..SHORT).unwrap_or(hex))
        }
        None if is_hex(text) => text.get(..SHORT).unwrap_or(text).to_owned(),
        _ => text.to_owned(),
    }
}

/// A step in the cells of a table: by whom, when, by which clock, what. A step that fails shows its
/// reasons alone: what some of its attestations say would read like a pass.
pub(super) fn cells(verdict: &Record, step: &StepReport) -> [String; 4] {
    if step.passes {
        return [parties(step), made(step), clock(step), says(step)];
    }
    let own = findings(verdict).into_iter().filter(|f| f.step.as_ref() == Some(&step.name));
    let codes = once(own.map(|finding| finding.code.word().to_owned())).join(", ");
    [String::new(), String::new(), String::new(), codes]
}

/// `scanner (trivy)`; `alice, bob`.
pub(super) fn parties(step: &StepReport) -> String {
    let named = |proof: &ProofReport| match &proof.tool {
        Some(tool) => format!("{} ({tool})", proof.party),
        None => proof.party.clone(),
    };
    once(step.proofs.iter().map(named)).join(", ")
}

/// Whom certificates name, and by whose word: `alice@acme.com (https://accounts.google.com)`.
pub(super) fn identities(step: &StepReport) -> Vec<String> {
    let named = |proof: &ProofReport| {
        Some(format!("{} ({})", proof.identity.as_ref()?, proof.issuer.as_ref()?))
    };
    once(step.proofs.iter().filter_map(named))
}

/// When the newest of the proofs was made.
pub(super) fn made(step: &StepReport) -> String {
    step.proofs
        .iter()
        .filter_map(|proof| proof.time.as_deref())
        .max()
        .map(minute)
        .unwrap_or_default()
}

/// Whose clock says so.
pub(super) fn clock(step: &StepReport) -> String {
    once(step.proofs.iter().filter_map(|proof| proof.clock.clone())).join(", ")
}

/// What the proofs say, of how many parties, and what they cover.
pub(super) fn says(step: &StepReport) -> String {
    let mut parts = once(step.proofs.iter().map(|proof| proof.says.clone()));
    parts.retain(|says| !says.is_empty());
    if step.count > 1 {
        parts.push(format!("{} of {}", step.proofs.len(), step.count));
    }
    if !step.covers.is_empty() {
        parts.push(format!("covers {}", step.covers.join(", ")));
    }
    parts.join("; ")
}

fn once(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    texts.filter(|text| seen.insert(text.clone())).collect()
}

/// One candidate in a line: `superseded: scanner, 2026-11-22 03:10, 0 critical; …, id sha256:61aa…`.
pub(super) fn candidate(candidate: &CandidateReport, full: bool) -> String {
    let place = |text: &String| if full { text.clone() } else { short(text) };
    let mut parts = Vec::new();
    parts.extend(candidate.signer.as_ref().map(|signer| short(signer)));
    let clock = candidate.clock.as_ref().map(|clock| format!(" ({clock})")).unwrap_or_default();
    parts.extend(candidate.time.as_deref().map(|time| minute(time) + &clock));
    parts.extend(candidate.says.clone());
    parts.extend(match (candidate.code, &candidate.reason) {
        (Some(code), Some(reason)) => Some(format!("{}: {reason}", code.word())),
        (Some(code), None) => Some(code.word().to_owned()),
        (None, reason) => reason.clone(),
    });
    parts.extend(candidate.run.as_ref().filter(|_| full).map(|run| format!("run {run}")));
    parts.push(match &candidate.id {
        Some(id) => format!("id {}", place(id)),
        None => format!("in {}", place(&candidate.found)),
    });
    format!("{}: {}", candidate.fate.word().replace('-', " "), parts.join(", "))
}

/// Candidates that a reader should hear of although the step passes: each once, wherever it was
/// considered. What was meant for another step is left out as a matter of course, and told of only
/// where all is.
pub(super) fn uncounted(verdict: &Record, all_of_them: bool) -> Vec<&CandidateReport> {
    let all = || verdict.steps.iter().flat_map(|step| &step.candidates).chain(&verdict.others);
    let key = |candidate: &CandidateReport| (candidate.id.clone(), candidate.found.clone());
    let counted = |candidate: &&CandidateReport| {
        matches!(candidate.fate, Fate::Chosen | Fate::Stands | Fate::Negative)
    };
    let mut seen: BTreeSet<_> = all().filter(counted).map(key).collect();
    let told = |candidate: &&CandidateReport| {
        let told = all_of_them || candidate.fate != Fate::LeftOut;
        told && !counted(candidate) && seen.insert(key(candidate))
    };
    all().filter(told).collect()
}

/// What a finding says beside its details, each with its label.
pub(super) fn advice(finding: &Finding) -> Vec<(&'static str, &str)> {
    let all = [
        ("at", &finding.at),
        ("hint", &finding.hint),
        ("mend", &finding.remedy),
        ("who", &finding.who),
    ];
    all.into_iter().filter_map(|(label, text)| Some((label, text.as_deref()?))).collect()
}

/// The candidates of a step that a finding about it has not told of already.
pub(super) fn untold<'v>(step: &'v StepReport, findings: &[&Finding]) -> Vec<&'v CandidateReport> {
    let own = || findings.iter().filter(|f| f.step.as_deref() == Some(step.name.as_str()));
    let told = |candidate: &&CandidateReport| {
        candidate.id.as_ref().is_some_and(|id| own().any(|f| f.candidates.contains(id)))
    };
    step.candidates.iter().filter(|candidate| !told(candidate)).collect()
}

/// The findings: causes first, what follows from them last.
pub(super) fn findings(verdict: &Record) -> Vec<&Finding> {
    let (follows, causes): (Vec<_>, Vec<_>) = verdict.findings.iter().partition(|f| f.follows);
    causes.into_iter().chain(follows).collect()
}

/// What a finding is about: its step, or the image.
pub(super) fn about(finding: &Finding) -> &str {
    finding.step.as_deref().unwrap_or("image")
}

/// Of how many steps that were asked how many pass: `5 of 6 steps`.
pub(super) fn score(verdict: &Record) -> String {
    let pass = verdict.steps.iter().filter(|step| step.passes).count();
    format!("{pass} of {} steps", verdict.steps.len())
}

/// `production, policy revision 14`, or without environment `policy payments`.
fn asked(verdict: &Record) -> String {
    let policy = match verdict.policy.revision {
        Some(revision) => format!("policy revision {revision}"),
        None => format!("policy {}", verdict.policy.name),
    };
    match &verdict.environment {
        Some(environment) => format!("{environment}, {policy}"),
        None => policy,
    }
}

/// `production.yaml revision 14`.
fn file(verdict: &Record) -> String {
    match verdict.policy.revision {
        Some(revision) => format!("{} revision {revision}", verdict.policy.file),
        None => verdict.policy.file.clone(),
    }
}

/// The answer, behind the word of the decision.
pub(super) fn answer(verdict: &Record) -> String {
    match verdict.decision {
        Decision::Allow
        | Decision::AllowByException
        | Decision::AllowAsRollback
        | Decision::AllowNotEnforced => {
            let good = verdict.good_until.as_ref().map_or_else(String::new, |deadline| {
                format!(", good until {} ({})", minute(&deadline.time), deadline.what)
            });
            format!("{} ({}){good}", asked(verdict), short(&verdict.policy.digest))
        }
        Decision::Ready => format!(
            "{} before {} pass; nothing is allowed yet",
            score(verdict),
            verdict.before.as_ref().map_or("it", |before| before.step.as_str())
        ),
        Decision::Deny if verdict.steps.iter().all(|step| step.passes) => {
            let whole = verdict.findings.iter().filter(|f| f.step.is_none()).count();
            let s = if whole == 1 { "" } else { "s" };
            format!(
                "{} pass, {whole} finding{s} about the image; {}",
                score(verdict),
                file(verdict)
            )
        }
        Decision::Deny => format!("{} pass; {}", score(verdict), file(verdict)),
    }
}
