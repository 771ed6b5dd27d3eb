//! What two verdicts have in common when nothing that counts has changed.

use chain::{Undecided, Verdict};
use evidence::json::{Value, json};

/// What a verdict rests on: everything but the lists of candidates that came to nothing.
///
/// Of a step for which nothing speaks the finding names the candidate that came nearest, so a
/// stranger's may change the word, and that it is denied never.
pub(crate) fn essence(outcome: &Result<Verdict, Undecided>) -> Value {
    let verdict = match outcome {
        Ok(verdict) => verdict,
        Err(undecided) => return json!({"undecided": undecided.kind()}),
    };
    let mut whole = serde_json::to_value(verdict).unwrap_or_default();
    for step in whole["steps"].as_array_mut().into_iter().flatten() {
        step["candidates"] = Value::Null;
    }
    whole["others"] = Value::Null;
    for finding in whole["findings"].as_array_mut().into_iter().flatten() {
        if NEAREST.contains(&finding["code"].as_str().unwrap_or_default()) {
            *finding = json!({"step": finding["step"], "code": "nothing speaks for it"});
        }
    }
    // On an index the platforms may name different candidates; that nothing speaks is one thing.
    if let Some(findings) = whole["findings"].as_array_mut() {
        findings.dedup();
    }
    whole
}

/// The codes of a step for which nothing speaks, by the candidate that came nearest.
const NEAREST: [&str; 8] = [
    "bad-certificate",
    "bad-log-entry",
    "bad-signature",
    "bad-timestamp",
    "missing",
    "unreadable",
    "wrong-signer",
    "wrong-subject",
];

/// The whole verdict, to the last word.
pub(crate) fn whole(outcome: &Result<Verdict, Undecided>) -> Value {
    match outcome {
        Ok(verdict) => serde_json::to_value(verdict).unwrap_or_default(),
        Err(undecided) => json!({"undecided": undecided.to_string()}),
    }
}

/// Whether the image may go on.
pub(crate) fn allows(outcome: &Result<Verdict, Undecided>) -> bool {
    outcome.as_ref().is_ok_and(|verdict| crate::case::allows(verdict.decision.word()))
}
