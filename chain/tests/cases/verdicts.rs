//! Every case comes to what its `expect.json` says, exactly.

#![expect(clippy::panic, reason = "a case that fails says so")]

use std::collections::BTreeMap;

use chain::{
    Finding, Verdict,
    verdict::{CandidateReport, Deadline},
};
use evidence::json::{Value, json};

use crate::case::{Case, Expected, Outcome, allows, root};

#[test]
fn every_case_is_decided_as_expected() {
    let mut wrong = Vec::new();
    for case in Case::all() {
        let outcome = case.ask();
        let (seen, expected) = (seen(&outcome, &case.expected), written(&case.expected));
        for (member, wanted) in expected.as_object().into_iter().flatten() {
            if seen[member] != *wanted {
                let name = &case.name;
                wrong.push(format!(
                    "{name}: {member}\n  expected {wanted}\n  seen     {}",
                    seen[member]
                ));
            }
        }
        wrong.extend(unsaid(&case, &outcome));
        wrong.extend(unexplained(&case, &outcome));
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_name_of_a_case_says_which_way_it_goes() {
    for case in Case::all() {
        let denies = !allows(&case.expected.decision);
        assert_eq!(case.name.ends_with("-deny"), denies, "{}", case.name);
        let stage = case.name.split('-').next().unwrap_or_default();
        let stages =
            ["ask", "authenticate", "bind", "judge", "policy", "relate", "view", "withheld"];
        assert!(stages.contains(&stage), "{}: `{stage}` is no stage", case.name);
        assert!(case.readme().len() > 20, "{}: the README says nothing", case.name);
    }
}

/// A gate that always denies would pass every denying case, and one that always allows the others.
#[test]
fn every_case_has_a_twin_that_differs_in_one_thing_and_goes_the_other_way() {
    let mut wrong = Vec::new();
    for case in Case::all() {
        let usual = match case.name.strip_suffix("-deny") {
            Some(base) => base.to_owned(),
            None => format!("{}-deny", case.name),
        };
        let twin = case.expected.twin.as_deref().unwrap_or(&usual);
        if !root().join(twin).join("expect.json").exists() {
            wrong.push(format!("{}: there is no `{twin}`", case.name));
            continue;
        }
        let twin = Case::read(twin);
        let pair = format!("{} and {}", case.name, twin.name);
        if allows(&case.expected.decision) == allows(&twin.expected.decision) {
            wrong.push(format!("{pair} are decided the same way"));
        }
        let (ours, theirs) = (case.inputs(), twin.inputs());
        let names = ours.iter().filter(|(name, input)| theirs[*name] != **input);
        let names: Vec<_> = names.map(|(name, _)| *name).collect();
        if names.len() != 1 {
            wrong.push(format!("{pair} differ in {names:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// What the example of a policy without keys decides is what these cases ask: theirs is the example, but
/// for the root that it believes.
#[test]
fn the_example_without_keys_is_the_policy_of_its_cases() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap_or_default();
    let example = read("../../policies/keyless.yaml");
    let own = example.replace("root: sigstore", "root: ../../roots/honest.json");
    assert_ne!(own, example);
    let chains =
        Case::all().into_iter().filter(|case| case.name.starts_with("relate-keyless-chain"));
    let decided: Vec<bool> = chains
        .map(|case| {
            assert_eq!(read(&format!("{}/policy.yaml", case.name)), own, "{}", case.name);
            allows(&case.expected.decision)
        })
        .collect();
    assert!(decided.contains(&true) && decided.contains(&false), "allowed and denied");
}

/// The findings that do not say what they must.
fn unsaid(case: &Case, outcome: &Outcome) -> Vec<String> {
    let Ok(Ok(verdict)) = outcome else { return Vec::new() };
    let pairs = case.expected.findings.iter().zip(&verdict.findings);
    pairs
        .flat_map(|(expected, finding)| {
            let text = whole(finding);
            expected.says.iter().filter(move |words| !text.contains(*words)).map(|words| {
                format!("{}: a finding does not say `{words}`: {}", case.name, whole(finding))
            })
        })
        .collect()
}

/// The files of evidence of which the report does not say what it must.
fn unexplained(case: &Case, outcome: &Outcome) -> Vec<String> {
    let Ok(Ok(verdict)) = outcome else { return Vec::new() };
    let all = || verdict.steps.iter().flat_map(|step| &step.candidates);
    let said = |file: &String, words: &String| {
        all()
            .any(|one| one.found == *file && one.reason.as_ref().is_some_and(|r| r.contains(words)))
    };
    let unsaid = case.expected.reasons.iter().filter(|(file, words)| !said(file, words));
    unsaid
        .map(|(file, words)| format!("{}: of {file} it is not said `{words}`", case.name))
        .collect()
}

fn whole(finding: &Finding) -> String {
    let parts = [Some(&finding.message), finding.who.as_ref(), finding.remedy.as_ref()];
    let details = finding.details.join("\n");
    parts.into_iter().flatten().chain([&details]).cloned().collect::<Vec<_>>().join("\n")
}

fn written(expected: &Expected) -> Value {
    json!({
        "commitments": expected.commitments,
        "decision": expected.decision,
        "error": expected.error,
        "expiring": expected.expiring,
        "faults": expected.faults,
        "fates": expected.fates,
        "findings": expected.findings.iter().map(|f| json!([f.step, f.code])).collect::<Vec<_>>(),
        "good until": expected.good_until,
        "notes": expected.notes,
        "others": expected.others,
        "passing": expected.passing,
        "same": expected.same,
    })
}

/// What came of a case, in the words of `expect.json`.
fn seen(outcome: &Outcome, expected: &Expected) -> Value {
    let none = json!({
        "commitments": null, "decision": null, "error": null, "expiring": null, "faults": [],
        "fates": {}, "findings": [], "good until": null, "notes": [], "others": null, "passing": [], "same": null,
    });
    let with = |members: Value| {
        let mut whole = none.clone();
        let (Some(whole_members), Some(members)) = (whole.as_object_mut(), members.as_object())
        else {
            panic!("no object")
        };
        whole_members.extend(members.clone());
        whole
    };
    match outcome {
        Err(faults) => {
            let titles: Vec<_> = faults.iter().map(|fault| fault.title.clone()).collect();
            with(json!({"decision": "policy-fault", "faults": titles}))
        }
        Ok(Err(undecided)) => with(json!({"decision": "undecided", "error": undecided.kind()})),
        Ok(Ok(verdict)) => with(of_verdict(verdict, expected)),
    }
}

fn of_verdict(verdict: &Verdict, expected: &Expected) -> Value {
    let steps = verdict.steps.iter();
    let passing: Vec<_> = steps.clone().filter(|s| s.passes).map(|s| s.name.clone()).collect();
    let asked = steps.filter(|step| expected.fates.contains_key(&step.name));
    let all: BTreeMap<_, _> = asked.map(|s| (s.name.clone(), fates(&s.candidates))).collect();
    let findings = verdict.findings.iter().map(|f| json!([f.step, f.code.word()]));
    let end = |end: &Deadline| [end.time.clone(), end.what.clone()];
    let expiring = verdict.expiring.iter().map(end);
    let same = verdict.relations.iter().map(|r| format!("{}: {}", r.fact, r.members.join(" = ")));
    json!({
        "commitments": expected.commitments.as_ref().map(|_| commitments(verdict)),
        "decision": verdict.decision.word(),
        "fates": all,
        "findings": findings.collect::<Vec<_>>(),
        "good until": expected.good_until.as_ref().and(verdict.good_until.as_ref().map(end)),
        "expiring": expected.expiring.as_ref().map(|_| expiring.collect::<Vec<_>>()),
        "notes": verdict.notes.iter().map(|note| without_ids(note)).collect::<Vec<_>>(),
        "others": expected.others.as_ref().map(|_| fates(&verdict.others)),
        "passing": passing,
        "same": expected.same.as_ref().map(|_| same.collect::<Vec<_>>()),
    })
}

/// The evidence that the verdict commits to, by file.
fn commitments(verdict: &Verdict) -> Vec<String> {
    let candidates = || verdict.steps.iter().flat_map(|step| &step.candidates);
    let file = |id: &str| candidates().find(|candidate| candidate.id.as_deref() == Some(id));
    let ids = verdict.commitments.iter();
    let files = ids.map(|one| file(&one.id).map_or(one.id.clone(), |found| found.found.clone()));
    let mut files: Vec<_> = files.collect();
    files.sort();
    files
}

/// An id is the hash of evidence that is made anew; what a note says of it is compared.
fn without_ids(note: &str) -> String {
    let word = |word: &str| match word.split_once("sha256:") {
        Some((before, id)) => {
            format!("{before}sha256:…{}", id.trim_start_matches(|c: char| c.is_ascii_hexdigit()))
        }
        None => word.to_owned(),
    };
    note.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// `scan-old` → `superseded`, `forged` → `dropped bad-signature`.
fn fates(candidates: &[CandidateReport]) -> BTreeMap<String, String> {
    let fate = |candidate: &CandidateReport| {
        let word = serde_json::to_value(candidate.fate).unwrap_or_default();
        let code = candidate.code.map(|code| format!(" {}", code.word())).unwrap_or_default();
        format!("{}{code}", word.as_str().unwrap_or_default())
    };
    candidates.iter().map(|candidate| (candidate.found.clone(), fate(candidate))).collect()
}
