//! The documents for machines and people say what the code says: schemas, codes, kinds of error.

#![expect(clippy::unwrap_used, reason = "tests may fail by panic")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use chain::Record;
use evidence::json::Value;
use schemars::{JsonSchema, schema_for};
use verify::{bundle::Hearing, error::ErrorReport, list::Listing, roots::Shown};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

fn schema<T: JsonSchema>() -> Value {
    serde_json::to_value(schema_for!(T)).unwrap()
}

#[test]
fn the_published_schemas_are_those_of_the_types() {
    for (path, schema) in [
        ("docs/bundle.schema.json", schema::<Hearing>()),
        ("docs/error.schema.json", schema::<ErrorReport>()),
        ("docs/listing.schema.json", schema::<Listing>()),
        ("docs/trust.schema.json", schema::<Shown>()),
        ("docs/verdict.schema.json", schema::<Record>()),
    ] {
        let expected = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            fs::write(root().join(path), &expected).unwrap();
        }
        assert!(read(path) == expected, "{path}: run this test with UPDATE_SCHEMA=1");
    }
}

/// All words of an enum in a schema.
fn words(schema: &Value) -> BTreeSet<String> {
    let of = |schema: &Value| schema.get("const").and_then(Value::as_str).map(str::to_owned);
    let variants = schema.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
    variants.iter().filter_map(of).collect()
}

#[test]
fn every_code_is_explained_and_no_other() {
    let schema = schema::<Record>();
    let codes = words(schema.pointer("/$defs/Code").unwrap());
    assert!(codes.len() > 15 && codes.contains("missing"));
    let page = read("docs/findings.md");
    let headings: Vec<String> =
        page.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned).collect();
    assert_eq!(headings, codes.into_iter().collect::<Vec<_>>());
    for section in page.split("\n## ").skip(1) {
        let code = section.lines().next().unwrap();
        for part in ["**Who acts:**", "**Remedy:**", "\n```\n"] {
            assert!(section.contains(part), "{code} lacks {part}");
        }
        assert!(section.contains(&format!("  {code}  ")), "{code}");
    }
}

#[test]
fn every_fate_of_a_candidate_is_explained() {
    let schema = schema::<Record>();
    let fates = words(schema.pointer("/$defs/Fate").unwrap());
    assert!(fates.len() > 5);
    let page = read("docs/findings.md");
    for fate in fates {
        assert!(page.contains(&format!("**{}**", fate.replace('-', " "))), "{fate}");
    }
}

/// The words that the functions `kind` in these files return.
fn kinds() -> BTreeSet<String> {
    let mut kinds = BTreeSet::new();
    for path in [
        "chain/src/ask.rs",
        "registry/src/error.rs",
        "registry/src/error/open.rs",
        "trust/src/error.rs",
        "verify/src/error.rs",
        "verify/src/gather/files.rs",
        "verify/src/gather/mod.rs",
        "verify/src/roots.rs",
    ] {
        let text = read(path);
        let bodies: Vec<&str> = text
            .split("fn kind(")
            .skip(1)
            .map(|rest| rest.split("\n    }\n").next().unwrap())
            .collect();
        assert!(!bodies.is_empty(), "{path} has no kinds");
        kinds.extend(
            bodies.iter().flat_map(|body| body.split('"').skip(1).step_by(2)).map(str::to_owned),
        );
    }
    kinds
}

#[test]
fn every_kind_of_error_is_explained_and_no_other() {
    let page = read("docs/exit-codes.md");
    let table = page.split("| kind | exit | what |").nth(1).unwrap();
    let explained: BTreeSet<String> = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next().map(str::to_owned))
        .collect();
    assert_eq!(explained, kinds());
}

/// The pages for people: those at the top, and all below the folders that hold some.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if name.ends_with(".md") {
                pages.push(path);
            }
        }
    }
    pages
}

/// The names by which a page's headings are linked: as GitHub and GitLab make them.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut code = false;
    let mut anchors = BTreeSet::new();
    for line in page.lines() {
        code ^= line.starts_with("```");
        let Some(heading) = line.strip_prefix('#').filter(|_| !code) else { continue };
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        anchors.insert(heading.chars().filter(kept).collect::<String>().replace(' ', "-"));
    }
    anchors
}

/// What the links of a page lead to, without those to other hosts.
fn links(page: &str) -> Vec<(&str, &str)> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://") && !target.contains(' '))
        .map(|target| target.split_once('#').unwrap_or((target, "")))
        .collect()
}

#[test]
fn no_link_leads_nowhere() {
    let mut followed = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for (file, anchor) in links(&text) {
            let target =
                if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {file} is not there", page.display());
            if !anchor.is_empty() {
                let found = anchors(&fs::read_to_string(&target).unwrap());
                assert!(found.contains(anchor), "{}: {file}#{anchor}", page.display());
            }
            followed += 1;
        }
    }
    assert!(followed > 50, "{followed} links");
}

#[test]
fn every_decision_is_listed() {
    let listed = read("ARCHITECTURE.md");
    let pages: Vec<PathBuf> = pages()
        .into_iter()
        .filter(|page| page.parent().unwrap().ends_with("docs/design"))
        .collect();
    assert!(pages.len() > 5);
    for page in pages {
        let name = page.file_name().unwrap().to_str().unwrap();
        assert!(listed.contains(&format!("](docs/design/{name})")), "{name}");
    }
}
