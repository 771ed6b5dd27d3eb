//! Remedies: who can mend a step, and with which command.

use std::collections::BTreeSet;

use evidence::predicate::Kind;

use crate::{
    finding::Code,
    judge::Setting,
    policy::{Claims, Place, Policy, Step},
};

/// `production.yaml:31`.
pub(crate) fn place(policy: &Policy, place: Place) -> String {
    format!("{}:{}", policy.file, place.line)
}

/// The command that attests a step, with the pinned reference.
pub(crate) fn command(step: &Step, setting: Setting<'_>) -> String {
    let image = &setting.image;
    let selects = &step.selects;
    let told = if image.told { format!(" --as {}", image.name) } else { String::new() };
    let reference = format!("{}{told}", image.reference);
    let named = selects.name.as_ref().map(|name| format!(" --name {name}")).unwrap_or_default();
    let environment = selects.environment.as_deref().unwrap_or("ENVIRONMENT");
    match &selects.claims {
        Claims::Kind(Kind::Approval) => {
            format!(
                "attest approve {reference} --environment {environment} --verdict ready.json{named}"
            )
        }
        Claims::Kind(Kind::Build) => format!("attest build {reference}{named}"),
        Claims::Kind(Kind::Deployment) => {
            format!(
                "attest deploy {reference} --environment {environment} --result succeeded{named}"
            )
        }
        Claims::Kind(Kind::Scan) => format!("attest scan {reference} --report REPORT{named}"),
        Claims::Kind(Kind::Test) => format!("attest test {reference} --report REPORT{named}"),
        Claims::Kind(kind) => {
            format!(
                "attest predicate {reference} --file FILE --type TYPE{named}  (any {})",
                kind.word()
            )
        }
        Claims::Type(uri) => {
            format!("attest predicate {reference} --file FILE --type {uri}{named}")
        }
    }
}

/// What to do about something negative.
pub(crate) fn for_negative(step: &Step, code: Code, setting: Setting<'_>) -> String {
    let again = command(step, setting);
    match (code, &step.selects.claims) {
        (Code::NegativeResult, Claims::Kind(Kind::Scan)) => {
            let at = step.limits.as_ref().map_or(step.at, |limits| limits.at);
            format!(
                "rebuild with the fixed packages; or accept them by id and date in {} (accept)",
                place(setting.policy, at)
            )
        }
        (Code::NegativeResult, Claims::Kind(Kind::Approval)) => {
            format!("who rejected it can approve it: {again}")
        }
        (Code::NegativeResult, _) => format!("mend the cause, then attest the new result: {again}"),
        (Code::OutsideWindow, _) => {
            format!("sign with a key that the policy trusts now: {again}")
        }
        _ => format!("attest it again: {again}"),
    }
}

/// Who can add what is missing.
pub(crate) fn who(step: &Step, have: &BTreeSet<&str>) -> String {
    let parties = &step.signed_by.parties;
    let others: Vec<&str> =
        parties.iter().map(String::as_str).filter(|party| !have.contains(party)).collect();
    let lone = parties.len() == 1 && parties.contains(&step.signed_by.word);
    match (lone, have.is_empty()) {
        (true, _) => step.signed_by.word.clone(),
        (false, true) if step.count > 1 => {
            format!("{} of {} ({})", step.count, step.signed_by.word, others.join(", "))
        }
        (false, true) => format!("one of {} ({})", step.signed_by.word, others.join(", ")),
        (false, false) => {
            let more = usize::try_from(step.count).unwrap_or(usize::MAX).saturating_sub(have.len());
            format!("{more} more of {} ({})", step.signed_by.word, others.join(", "))
        }
    }
}
