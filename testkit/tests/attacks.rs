//! Every known attack is tried: by a case whose README says its number, or by a test that the table names.

#![expect(clippy::unwrap_used, reason = "a file that cannot be read fails the test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The numbers that a text names.
fn numbers(text: &str) -> BTreeSet<String> {
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
    text.split("AC-").skip(1).map(|rest| format!("AC-{}", digits(rest))).collect()
}

/// The cases by the number that their README says.
fn cases() -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in fs::read_dir(workspace().join("testdata/cases")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(readme) = fs::read_to_string(path.join("README")) else { continue };
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for number in numbers(&readme) {
            found.entry(number).or_default().push(name.clone());
        }
    }
    found
}

/// Whether `path#name` names a test that there is.
fn is_test(named: &str) -> bool {
    let Some((path, name)) = named.split_once('#') else { return false };
    let text = fs::read_to_string(workspace().join(path)).unwrap_or_default();
    let declared = format!("fn {name}(");
    let Some((before, _)) = text.split_once(&declared) else { return false };
    // The attribute stands on one of the lines right above.
    before.lines().rev().take(3).any(|line| line.contains("test]") || line.contains("test("))
}

#[test]
fn every_known_attack_is_tried() {
    let table = fs::read_to_string(workspace().join("testdata/attacks.tsv")).unwrap();
    let cases = cases();
    let (mut known, mut wrong) = (BTreeSet::new(), Vec::new());
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let (number, tests) = (fields[0].to_owned(), fields.get(3).copied().unwrap_or_default());
        if fields.get(2).is_none_or(|what| what.is_empty()) {
            wrong.push(format!("{number} says nothing"));
        }
        let tests: Vec<&str> = tests.split_whitespace().collect();
        wrong.extend(
            tests.iter().filter(|test| !is_test(test)).map(|test| format!("there is no {test}")),
        );
        if tests.is_empty() && !cases.contains_key(&number) {
            wrong.push(format!("nothing tries {number}"));
        }
        if !known.insert(number.clone()) {
            wrong.push(format!("{number} stands there twice"));
        }
    }
    wrong.extend(cases.iter().filter(|(number, _)| !known.contains(*number)).map(
        |(number, cases)| format!("{number} is not in the table; {} names it", cases.join(", ")),
    ));
    assert!(known.len() > 60, "only {} attacks", known.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_no_test_is_no_answer() {
    let here = "testkit/tests/attacks.rs";
    assert!(is_test(&format!("{here}#every_known_attack_is_tried")));
    for named in [&format!("{here}#workspace"), &format!("{here}#nobody"), here, "nowhere.rs#it"] {
        assert!(!is_test(named), "{named}");
    }
}
