use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::*;

mod systems;

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/env")
}

fn lines(name: &str) -> String {
    std::fs::read_to_string(testdata().join(name)).unwrap()
}

/// The variables of a file, and some of one's own over them.
fn changed(name: &str, changes: &[(&str, &str)]) -> Variables {
    let text = lines(name);
    let pairs = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = pairs.filter_map(|line| line.split_once('=')).chain(changes.iter().copied());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn variables(name: &str) -> Variables {
    changed(name, &[])
}

fn detect(name: &str, given: &Given) -> Environment {
    let found = Found { variables: variables(name), ..Found::default() };
    Environment::detect(&found, given).unwrap()
}

/// The same after some changes.
fn detect_changed(name: &str, changes: &[(&str, &str)]) -> Environment {
    let found = Found { variables: changed(name, changes), ..Found::default() };
    Environment::detect(&found, &Given::default()).unwrap()
}

fn value(known: &Option<Known>) -> &str {
    known.as_ref().map_or("", |known| &known.value)
}

fn work_tree() -> WorkTree {
    WorkTree {
        commit: "4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c".into(),
        origin: Some("git@github.com:acme/app.git".into()),
        git_ref: Some("refs/heads/main".into()),
        tracked_changes: true,
    }
}

#[test]
fn github_says_all_of_a_push() {
    let environment = detect("github.env", &Given::default());
    assert_eq!(environment.system, System::GitHub);
    let run = environment.run_member("2026-11-20T09:31:00Z".parse().unwrap());
    assert_eq!(run.source.as_deref(), Some("https://github.com/acme/app"));
    assert_eq!(run.commit.as_deref(), Some("4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c"));
    assert_eq!(run.git_ref.as_deref(), Some("refs/heads/main"));
    assert_eq!(run.run.as_deref(), Some("https://github.com/acme/app/actions/runs/16588214931"));
    assert_eq!(run.attempt, Some(1));
    assert_eq!(run.job.as_deref(), Some("build"));
    assert_eq!(run.actor.as_deref(), Some("alice"));
    assert_eq!(
        run.url.as_deref(),
        Some("https://github.com/acme/app/actions/runs/16588214931/attempts/1")
    );
    assert_eq!(run.signed_at.as_deref(), Some("2026-11-20T09:31:00Z"));
    assert_eq!(environment.commit.unwrap().from, "GITHUB_SHA");
    assert_eq!(environment.workflow.unwrap().path, ".github/workflows/release.yml");
}

#[test]
fn a_second_attempt_is_another_persons_and_the_same_run() {
    let environment = detect("github-workflow_dispatch.env", &Given::default());
    assert_eq!(value(&environment.actor), "bob");
    assert_eq!(value(&environment.attempt), "2");
    assert!(value(&environment.run).ends_with("/actions/runs/16588220001"));
    assert!(value(&environment.url).ends_with("/16588220001/attempts/2"));
}

#[test]
fn enterprise_servers_and_reusable_workflows_are_named_as_they_are() {
    let enterprise = detect("github-enterprise.env", &Given::default());
    assert_eq!(value(&enterprise.source), "https://github.example.com/acme/app");
    let reusable = detect("github-reusable-workflow.env", &Given::default());
    assert_eq!(value(&reusable.git_ref), "refs/tags/v1.4.0");
    assert_eq!(
        reusable.workflow.unwrap().workflow_ref,
        "acme/app/.github/workflows/release.yml@refs/tags/v1.4.0"
    );
}

#[test]
fn a_pull_request_has_a_head_beside_the_merge() {
    let event = br#"{"pull_request":{"head":{"sha":"8d02e11f4c55aa0011223344556677889900aabb"}}}"#;
    let found = Found {
        variables: variables("github-pull_request.env"),
        event: Some(event.to_vec()),
        work_tree: None,
    };
    let environment = Environment::detect(&found, &Given::default()).unwrap();
    assert_eq!(value(&environment.commit), "91b2c3d4e5f60718293a4b5c6d7e8f9012345678");
    assert_eq!(value(&environment.head), "8d02e11f4c55aa0011223344556677889900aabb");
    assert_eq!(event_path(&found.variables).unwrap().rsplit('/').next(), Some("event.json"));
}

#[test]
fn a_shell_knows_its_work_tree_and_no_run() {
    let found = Found { work_tree: Some(work_tree()), ..Found::default() };
    let environment = Environment::detect(&found, &Given::default()).unwrap();
    assert_eq!(environment.system, System::Shell);
    assert_eq!(value(&environment.source), "https://github.com/acme/app");
    assert_eq!(environment.tracked_changes, Some(true));
    assert_eq!(environment.run, None);
    assert!(asks_git(&Variables::default(), &Given::default(), true));
    assert!(!asks_git(&Variables::default(), &Given::default(), false));
    let given = Given { commit: Some("c".into()), ..Given::default() };
    assert!(!asks_git(&Variables::default(), &given, true));
    assert!(!asks_git(&variables("github.env"), &Given::default(), true));
}

#[test]
fn options_override_and_say_so() {
    let given = Given {
        source: Some("https://bob:secret@git.example.com/acme/Lib.git".into()),
        run: Some("https://ci.example.com/runs/7/attempts/3".into()),
        job: Some("unit".into()),
        leg: Some("arm64".into()),
        ..Given::default()
    };
    let environment = detect("github.env", &given);
    assert_eq!(value(&environment.source), "https://git.example.com/acme/Lib");
    assert_eq!(environment.source.as_ref().unwrap().from, "--source");
    assert_eq!(value(&environment.run), "https://ci.example.com/runs/7");
    assert_eq!(value(&environment.attempt), "3");
    assert_eq!(environment.workflow, None, "other code than the workflow's own");
    let same = Given { source: Some("https://github.com/acme/app".into()), ..Given::default() };
    assert!(detect("github.env", &same).workflow.is_some());
}

#[test]
fn half_a_commit_a_short_ref_and_a_path_are_refused() {
    let refused = |given: Given| {
        let found = Found { variables: variables("github.env"), ..Found::default() };
        Environment::detect(&found, &given).unwrap_err()
    };
    let commit = refused(Given { commit: Some("4f1c2a9".into()), ..Given::default() });
    assert_eq!(commit.code(), "commit-not-full");
    assert_eq!(commit.to_string(), "the commit `4f1c2a9` of --commit is not a full id");
    let branch = refused(Given { git_ref: Some("main".into()), ..Given::default() });
    assert_eq!(branch.code(), "ref-not-full");
    let path = refused(Given { source: Some("/srv/user:secret@git".into()), ..Given::default() });
    assert_eq!(path.code(), "source-unreadable");
    assert!(!path.to_string().contains("secret"));
}
