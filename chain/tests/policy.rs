//! Policies are read whole or refused with every fault that they have.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use chain::{
    Policy,
    policy::{EvidenceOn, Faults, Repository, Wanted},
};
use evidence::{Digest, time};
use proptest::prelude::*;

fn documents() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/documents/policy")
}

fn policies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies")
}

fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    files.sort();
    assert!(!files.is_empty(), "{}", directory.display());
    files
}

fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

/// Reads a policy as a command would: the files that it names are relative to it.
fn parse(path: &Path, text: &[u8]) -> Result<Policy, Faults> {
    let directory = path.parent().unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    Policy::parse(name, text, &mut |wanted| {
        let path = match wanted {
            Wanted::Root(Repository::Tuf { .. }) => {
                documents().join("../../sigstore/trusted_root.json")
            }
            wanted => directory.join(wanted.path()?),
        };
        fs::read(path).map_err(|error| error.kind().to_string())
    })
}

fn parse_file(path: &Path) -> Result<Policy, Faults> {
    parse(path, &fs::read(path).unwrap())
}

/// What is odd about a policy at a moment.
fn warnings(policy: &Policy, now: &str) -> String {
    let now = time::parse(now).unwrap();
    policy.warnings_at(now).map(|warning| warning.render() + "\n").collect()
}

fn snapshots_in(directory: &Path) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(directory);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

#[test]
fn each_mistake_is_said_where_it_is_and_how_to_mend_it() {
    let directory = documents().join("invalid");
    let names: BTreeSet<_> = files(&directory, "yaml").into_iter().collect();
    snapshots_in(&directory).bind(|| {
        for path in &names {
            let faults = parse_file(path).expect_err(stem(path));
            for fault in &faults {
                assert!(!fault.label.is_empty() || !fault.help.is_empty(), "{fault:?}");
            }
            insta::assert_snapshot!(stem(path), faults.render());
        }
    });
    for snapshot in files(&directory, "snap") {
        assert!(names.contains(&snapshot.with_extension("yaml")), "{}", snapshot.display());
    }
}

#[test]
fn what_is_shown_of_a_hostile_policy_is_inert() {
    let path = documents().join("invalid/hostile-text.yaml");
    let shown = parse_file(&path).unwrap_err().render();
    assert!(shown.contains("type"), "{shown}");
    let inert = |c: char| c == '\n' || evidence::text::escape(&c.to_string()) == c.to_string();
    assert_eq!(shown.chars().find(|c| !inert(*c)), None, "{shown}");
}

#[test]
fn every_member_of_the_language_is_read() {
    let policy = parse_file(&documents().join("valid/every-member.yaml")).unwrap();
    assert_eq!(warnings(&policy, "2026-01-01T00:00:00Z"), "");
    assert_eq!(policy.file, "every-member.yaml");
    assert_eq!(policy.name, "everything");
    assert_eq!(policy.revision, Some(3));
    assert_eq!(policy.expires.map(time::write).unwrap(), "2027-06-30T16:00:00Z");
    assert_eq!(policy.evidence_on, EvidenceOn::Digest);
    assert!(policy.is_for("registry.example.com/acme/app"));
    assert!(!policy.is_for("registry.example.com/other/app"));
    let names: Vec<_> = policy.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(
        names,
        ["build", "scan", "test", "bom", "staging", "review", "summary", "approve", "ship"]
    );
    insta::assert_debug_snapshot!(policy.parties);
    insta::assert_debug_snapshot!(policy.steps);
    insta::assert_debug_snapshot!((
        policy.environments,
        policy.same,
        policy.labels,
        policy.images,
        policy.time
    ));
}

#[test]
fn an_alias_stands_for_its_value() {
    let policy = parse_file(&documents().join("valid/aliases.yaml")).unwrap();
    assert_eq!(policy.steps[1].name, "again");
    assert_eq!(policy.steps[1].selects, policy.steps[0].selects);
    assert_eq!(policy.steps[1].hint, policy.contact);
}

#[test]
fn what_is_odd_is_a_warning() {
    let path = documents().join("valid/warnings.yaml");
    let policy = parse_file(&path).unwrap();
    snapshots_in(path.parent().unwrap()).bind(|| {
        insta::assert_snapshot!("warnings", warnings(&policy, "2027-01-01T00:00:00Z"));
    });
    // A date counts to its end.
    let count = |now: &str| policy.warnings_at(time::parse(now).unwrap()).count();
    let before = count("2020-01-01T00:00:00Z");
    assert!(before > 0);
    assert_eq!(count("2026-11-30T23:59:59Z"), before);
    assert_eq!(count("2026-12-01T00:00:00Z"), before + 1);
    assert_eq!(count("2027-01-01T00:00:00Z"), before + 3);
}

#[test]
fn our_own_policies_have_no_fault_and_no_warning() {
    for path in files(&policies(), "yaml") {
        // Which root a repository publishes is not the policy's; what it asks of one is.
        let root = documents().join("../../sigstore/trusted_root.json");
        let policy = Policy::parse(stem(&path), &fs::read(&path).unwrap(), &mut |wanted| {
            let file = match wanted {
                Wanted::Root(_) => root.clone(),
                wanted => policies().join(wanted.path()?),
            };
            fs::read(file).map_err(|error| error.kind().to_string())
        })
        .unwrap_or_else(|faults| panic!("{faults}"));
        let now = time::parse("2026-01-01T00:00:00Z").unwrap();
        assert_eq!(policy.warnings_at(now).count(), 0, "{}", path.display());
    }
}

/// docs/policy.md, "The digest", done by other means.
#[test]
fn the_digest_covers_the_policy_and_every_file_that_it_names() {
    let path = policies().join("payments.yaml");
    let policy = parse_file(&path).unwrap();
    let mut framed = Vec::new();
    let mut add = |part: &[u8]| {
        framed.extend(format!("{}\n", part.len()).bytes());
        framed.extend(part);
    };
    let text = fs::read(&path).unwrap();
    add(&text);
    for key in ["alice-2026", "alice-2027", "bob", "deployer", "release", "scanner"] {
        let key = format!("keys/{key}.pub");
        add(key.as_bytes());
        add(&fs::read(policies().join(&key)).unwrap());
    }
    assert_eq!(policy.digest, Digest::sha256(&framed));

    let with = |text: &[u8], read: &mut dyn FnMut(Wanted<'_>) -> Result<Vec<u8>, String>| {
        Policy::parse("renamed.yaml", text, read).unwrap().digest
    };
    let mut read = |wanted: Wanted<'_>| Ok(fs::read(policies().join(wanted.path()?)).unwrap());
    assert_eq!(with(&text, &mut read), policy.digest, "the file's own name does not count");
    let commented = [text.as_slice(), b"# One more word.\n"].concat();
    assert_ne!(with(&commented, &mut read), policy.digest);
    let mut commented = |wanted: Wanted<'_>| {
        let file = wanted.path()?;
        let key = fs::read(policies().join(file)).unwrap();
        Ok(if file == "keys/bob.pub" { [b"Bob\n", key.as_slice()].concat() } else { key })
    };
    assert_ne!(with(&text, &mut commented), policy.digest);
}

#[test]
fn a_file_is_read_once_and_not_beyond_its_limit() {
    let text = fs::read(policies().join("minimal.yaml")).unwrap();
    let mut asked = Vec::new();
    let key = fs::read(policies().join("keys/release.pub")).unwrap();
    Policy::parse("p.yaml", &text, &mut |wanted| {
        asked.push(wanted.path()?.to_owned());
        Ok(key.clone())
    })
    .unwrap();
    assert_eq!(asked, ["keys/release.pub"]);

    let sized = |size: usize| {
        let comment = vec![b'\n'; size - key.len()];
        Policy::parse("p.yaml", &text, &mut |_| Ok([comment.as_slice(), &key].concat()))
    };
    assert!(sized(64 * 1024).is_ok());
    let faults = sized(64 * 1024 + 1).unwrap_err().render();
    assert!(faults.contains("it has more than 64 KiB"), "{faults}");
}

#[test]
fn a_policy_is_at_most_a_mebibyte() {
    let path = policies().join("minimal.yaml");
    let text = fs::read(&path).unwrap();
    let sized = |size: usize| {
        let comment = format!("\n#{}", "x".repeat(size - text.len() - 2));
        parse(&path, &[text.as_slice(), comment.as_bytes()].concat())
    };
    assert!(sized(1024 * 1024).is_ok());
    assert!(sized(1024 * 1024 + 1).unwrap_err().render().contains("larger than 1 MiB"));
}

#[test]
fn groups_of_groups_of_groups_end() {
    let mut text = fs::read_to_string(policies().join("minimal.yaml")).unwrap();
    let groups: String = (0..400)
        .map(|n| format!("  g{n}: {{any-of: [release, g{}, g{}]}}\n", n + 1, n + 2))
        .collect();
    text = text.replace("signers:\n", &format!("signers:\n{groups}"));
    let faults = parse(&policies().join("p.yaml"), text.as_bytes()).unwrap_err();
    assert!(faults.render().contains("more than 16 groups inside one another"));
}

/// Files of other systems: a byte order mark before the first line, carriage returns after each.
#[test]
fn places_are_right_whatever_the_editor() {
    let path = documents().join("invalid/unknown-signer.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let shown = parse(&path, text.as_bytes()).unwrap_err().render();
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(parse(&path, windows.as_bytes()).unwrap_err().render(), shown);
}

#[test]
fn of_very_many_faults_some_are_shown_and_all_are_counted() {
    let path = policies().join("minimal.yaml");
    let mut text = fs::read_to_string(&path).unwrap();
    text.extend((0..5_000).map(|n| format!("x{n}: 1\n")));
    let shown = parse(&path, text.as_bytes()).unwrap_err().render();
    assert!(
        shown.ends_with("and 4900 more that are not shown\n5000 faults; no image was looked at.\n")
    );
}

proptest! {
    /// Whatever stands in the file, there is a policy or there are faults that can be shown.
    #[test]
    fn no_policy_is_too_broken_to_be_refused(
        document in 0_usize..100,
        cut in any::<prop::sample::Index>(),
        length in 0_usize..40,
        put in prop_oneof![
            Just(Vec::new()),
            prop::collection::vec(any::<u8>(), 0..4),
            "[ \t\n:{}\\[\\],&*!|>'\"%@`#-]{1,6}".prop_map(String::into_bytes),
            "(a|claimed|build|0|-1|1.5|~|\u{feff}|\u{85}|ü){1,3}".prop_map(String::into_bytes),
        ],
    ) {
        let mut all = files(&documents().join("valid"), "yaml");
        all.extend(files(&documents().join("invalid"), "yaml"));
        let path = &all[document % all.len()];
        let mut text = fs::read(path).unwrap();
        let start = cut.index(text.len());
        let end = (start + length).min(text.len());
        text.splice(start..end, put);
        match parse(path, &text) {
            Ok(policy) => prop_assert!(!policy.steps.is_empty() && !policy.images.is_empty()),
            Err(faults) => {
                let shown = faults.render();
                prop_assert!(shown.ends_with("no image was looked at.\n"));
                prop_assert!(!faults.render_coloured().is_empty());
            }
        }
    }
}
