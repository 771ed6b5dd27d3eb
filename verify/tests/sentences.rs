//! What the gate really says: cases of `testdata/cases`, decided by `chain` and shown by the printers.
//!
//! `printers.rs` tries the printers on made-up verdicts; here a change of any sentence is seen.

#![expect(clippy::panic, reason = "tests may fail by panic")]

#[expect(dead_code, reason = "what only the tests of `chain` ask of a case")]
#[path = "../../chain/tests/cases/case.rs"]
mod case;

use std::collections::BTreeMap;

use case::Case;
use chain::{Code, Decision, Verdict};
use evidence::json::{Value, json};
use verify::report::{Format, Style, document, text};

fn decided(name: &str) -> Verdict {
    let outcome = Case::read(name).ask().unwrap_or_else(|faults| panic!("{name}: {faults}"));
    outcome.unwrap_or_else(|undecided| panic!("{name}: {undecided}"))
}

fn shown(verdict: &Verdict) -> String {
    text::print(verdict, &Style::default())
}

/// For each code, the first case that is denied for it and for nothing else.
fn of_each_code() -> BTreeMap<Code, (String, Verdict)> {
    let mut all = BTreeMap::new();
    for case in Case::all() {
        let Ok(Ok(verdict)) = case.ask() else { continue };
        if let [finding] = verdict.findings.as_slice() {
            all.entry(finding.code).or_insert((case.name, verdict));
        }
    }
    all
}

#[test]
fn a_deny_of_each_code() {
    let all = of_each_code();
    for code in Code::ALL {
        let Some((name, verdict)) = all.get(code) else { panic!("no case of {}", code.word()) };
        assert_eq!(verdict.decision, Decision::Deny);
        insta::with_settings!({ description => name.as_str() }, {
            insta::assert_snapshot!(format!("text-{}", code.word()), shown(verdict));
        });
    }
}

#[test]
fn an_allow_and_a_ready() {
    for (name, decision) in [
        ("ask-production", Decision::Allow),
        ("ask-before-approve", Decision::Ready),
        ("judge-accepted", Decision::Allow),
        ("view-index-each-platform", Decision::Allow),
    ] {
        let verdict = decided(name);
        assert_eq!(verdict.decision, decision, "{name}");
        insta::assert_snapshot!(format!("text-{name}"), shown(&verdict));
    }
}

#[test]
fn the_same_in_the_other_formats() {
    for name in ["ask-before-approve", "judge-findings-over-limit-deny", "withheld-scan-deny"] {
        let verdict = decided(name);
        for format in [Format::Github, Format::Junit, Format::Markdown] {
            let text = document(&verdict, format, &Style::default()).unwrap();
            insta::assert_snapshot!(format!("{}-{name}", format.word()), text);
        }
        let read: Value =
            serde_json::from_str(&document(&verdict, Format::Json, &Style::default()).unwrap())
                .unwrap();
        let parts = ["decision", "findings", "next", "goodUntil", "commitments", "notes"];
        let parts: BTreeMap<_, _> =
            parts.into_iter().map(|part| (part, read.get(part).unwrap())).collect();
        let text = serde_json::to_string_pretty(&json!(parts)).unwrap();
        insta::assert_snapshot!(format!("json-{name}"), text);
    }
}
