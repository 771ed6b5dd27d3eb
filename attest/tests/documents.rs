//! The pages for people name each kind of error that the code has, and no other.

#![expect(clippy::unwrap_used, reason = "tests may fail by panic")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files below a directory with this ending, those of tests left out.
fn files(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
    found
}

/// The words that the functions `code` in these sources return.
fn kinds() -> BTreeSet<String> {
    let mut kinds = BTreeSet::new();
    for file in files(&root().join("attest/src"), ".rs") {
        let text = fs::read_to_string(file).unwrap();
        let built = text.split("#[cfg(test)]").next().unwrap();
        for body in built.split("fn code(").skip(1) {
            let body = body.split("\n    }\n").next().unwrap();
            kinds.extend(body.split('"').skip(1).step_by(2).map(str::to_owned));
        }
    }
    kinds
}

/// The words in the first column of each table.
fn rows(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next())
        .flat_map(|cell| cell.split('`').step_by(2))
        .map(str::to_owned)
        .collect()
}

/// The kinds of a page with the statuses that stand beside them.
fn statuses(page: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut statuses = BTreeMap::<_, BTreeSet<_>>::new();
    for line in page.lines() {
        let mut cells = line.split(" | ");
        let kind = cells.next().and_then(|cell| cell.strip_prefix("| `")?.strip_suffix('`'));
        let status = cells.next().filter(|cell| cell.starts_with(|c: char| c.is_ascii_digit()));
        if let (Some(kind), Some(status)) = (kind, status) {
            statuses.entry(kind).or_default().insert(status);
        }
    }
    statuses
}

#[test]
fn a_kind_has_one_status_in_both_commands() {
    let page = fs::read_to_string(root().join("docs/exit-codes.md")).unwrap();
    let statuses = statuses(&page);
    assert!(statuses.len() > 80, "{statuses:?}");
    for (kind, status) in statuses {
        // How a command ended that was run is not ours.
        if !["command", "stopped"].contains(&kind) {
            assert!(
                ["1", "2", "3"].map(|one| BTreeSet::from([one])).contains(&status),
                "{kind}: {status:?}"
            );
        }
    }
}

#[test]
fn every_kind_of_error_is_explained_and_no_other() {
    let kinds = kinds();
    assert!(kinds.len() > 80 && kinds.contains("wrong-passphrase"), "{kinds:?}");
    let page = fs::read_to_string(root().join("docs/exit-codes.md")).unwrap();
    let own = rows(page.split("\n## Errors of attest\n").nth(1).unwrap());
    let stale: Vec<_> = own.difference(&kinds).filter(|kind| *kind != "verdict-…").collect();
    assert!(stale.is_empty(), "docs/exit-codes.md has rows of no error: {stale:?}");

    let mut explained = own;
    let mut refusals = String::new();
    for file in files(&root().join("docs/predicates"), ".md") {
        let text = fs::read_to_string(file).unwrap();
        refusals += text.split("\n## What is refused\n").nth(1).unwrap_or_default();
    }
    explained.extend(rows(&refusals));
    // A verdict's refusals stand in a sentence.
    explained
        .extend(refusals.split('`').filter(|word| word.starts_with("verdict-")).map(str::to_owned));
    let missing: Vec<_> = kinds.difference(&explained).collect();
    assert!(missing.is_empty(), "explained nowhere: {missing:?}");
}
