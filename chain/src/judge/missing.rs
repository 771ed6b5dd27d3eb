//! Missing: nothing speaks for a step; why, as far as what was dropped tells.
//!
//! It decides nothing: that nothing speaks is known before it is asked.

use super::{Judged, Reason, What};
use crate::{finding::Code, policy::Step, verdict::Fate};

/// Nothing speaks for the step. Of the reasons for which candidates were dropped, the one nearest to
/// what was wanted is the most useful: of a party that the step takes, then of one that the policy
/// knows. What a stranger hangs beside theirs takes no word of it.
pub(super) fn why(judged: &Judged<'_, '_>) -> (Code, String) {
    let rank = |code: Code| match code {
        Code::BadCertificate | Code::BadLogEntry | Code::BadSignature | Code::BadTimestamp => 0,
        Code::WrongSigner => 1,
        Code::WrongSubject => 2,
        Code::Unreadable => 3,
        _ => 4,
    };
    let dropped = judged.considered.iter().filter(|c| c.fate == Fate::Dropped);
    let parties = &judged.step.signed_by.parties;
    let distance =
        |party: Option<&str>| party.map_or(2, |party| u8::from(!parties.contains(party)));
    let reasons = dropped.filter_map(|c| {
        let Reason { code, text } = c.reason.as_ref()?;
        Some((party(&c.what), (*code)?, text))
    });
    match reasons.min_by_key(|(party, code, _)| (distance(*party), rank(*code))) {
        Some((_, code, text)) => (code, text.clone()),
        None => (Code::Missing, format!("no {} says so", what(judged.step))),
    }
}

/// The party whose signature was verified; none for what strangers hung there. Of refusals `bind`
/// alone knows one, and what is about another image is refused nowhere else.
fn party<'c>(what: &'c What<'_, '_>) -> Option<&'c str> {
    match what {
        What::Word(word) => Some(word.party()),
        What::Refusal(refusal) if refusal.code == Code::WrongSubject => refusal.signer.as_deref(),
        What::Refusal(_) => None,
    }
}

/// The kind of evidence in words: `scan`, `approval for production`, `test named smoke`.
fn what(step: &Step) -> String {
    let selects = &step.selects;
    let mut text = match selects.claims.word() {
        uri if uri.contains(':') => format!("attestation of type {uri}"),
        word => format!("{word} attestation"),
    };
    for (word, value) in
        [("by", &selects.tool), ("for", &selects.environment), ("named", &selects.name)]
    {
        if let Some(value) = value {
            text += &format!(" {word} {value}");
        }
    }
    text
}
