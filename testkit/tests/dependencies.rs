//! `docs/design/dependencies.md` says of every dependency why, and who links it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The crates that are shipped, from the ground up.
const SHIPPED: [&str; 6] = ["evidence", "registry", "trust", "chain", "attest", "verify"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The names in a table of a manifest.
fn names(manifest: &str, table: &str) -> Vec<String> {
    let text = manifest.split(&format!("[{table}]\n")).nth(1).unwrap_or_default();
    let lines = text.lines().take_while(|line| !line.starts_with('['));
    let entries = lines.filter(|line| !line.starts_with('#') && line.contains('='));
    entries.map(|line| line.split(['.', ' ', '=']).next().unwrap().to_owned()).collect()
}

/// Who links each dependency of the workspace that is not of the workspace: `all`, or their names in
/// order, or nobody that is shipped.
fn linked() -> BTreeMap<String, String> {
    let by: BTreeMap<&str, Vec<String>> = SHIPPED
        .map(|package| (package, names(&read(&format!("{package}/Cargo.toml")), "dependencies")))
        .into();
    names(&read("Cargo.toml"), "workspace.dependencies")
        .into_iter()
        .filter(|name| !root().join(name).is_dir())
        .map(|name| {
            let by: Vec<&str> = SHIPPED
                .into_iter()
                .filter(|package| by.get(package).is_some_and(|names| names.contains(&name)))
                .collect();
            let by = if by.len() == SHIPPED.len() { "all".to_owned() } else { by.join(", ") };
            (name, by)
        })
        .collect()
}

/// The same, by the tables of the page.
fn written() -> BTreeMap<String, String> {
    let page = read("docs/design/dependencies.md");
    let tables = page.split("\n## ").nth(1).unwrap();
    assert!(tables.starts_with("The crates\n"));
    let mut written = BTreeMap::new();
    for row in tables.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let names =
            cells.first().unwrap().split(", ").map(|name| name.trim_matches('`').to_owned());
        // A row without a column for it is of a crate that only tests use.
        let by = if cells.len() == 3 { cells.get(1).unwrap() } else { "" };
        for name in names {
            assert!(written.insert(name.clone(), by.to_owned()).is_none(), "`{name}` has two rows");
        }
    }
    written
}

#[test]
fn every_dependency_has_its_row_and_no_other_has_one() {
    let (linked, written) = (linked(), written());
    assert!(linked.len() > 20, "{linked:?}");
    let wrong: BTreeSet<_> = linked
        .keys()
        .chain(written.keys())
        .filter(|name| linked.get(*name) != written.get(*name))
        .map(|name| {
            format!("{name}: is {:?}, the page says {:?}", linked.get(name), written.get(name))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
