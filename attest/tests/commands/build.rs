//! `attest build` as a user runs it: what is attested, and what is refused with nothing written.

use crate::place::{BUILD, COMMIT, IMAGE, NAME, Place, parse, testdata, text};
use evidence::{
    json::json,
    predicate::{self, Claim, View},
};

fn build<'a>(image: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["build", image][..], more].concat()
}

#[test]
fn a_build_on_a_layout_is_attached_and_can_be_read_back() {
    let place = Place::new();
    let stdout = place.done(&build("oci:app:v1", &[&BUILD[..], &["--as", NAME]].concat()));
    let hanging = place.hanging("app");
    assert_eq!(hanging.len(), 1);
    let (bundle, statement) = &hanging[0];
    assert_eq!(statement.predicate_type, predicate::PROVENANCE);
    assert_eq!(statement.subjects[0].name, NAME);
    assert_eq!(statement.subjects[0].digests.values().next().unwrap().to_string(), IMAGE);
    let claim = Claim::read(statement).unwrap();
    assert_eq!(claim.run.run.as_deref(), Some("https://ci.example.com/acme/app/runs/4711"));
    assert_eq!(claim.run.signed_at, claim.time.map(evidence::time::write));
    match claim.view {
        View::Build(view) => assert_eq!(view.commit.as_deref(), Some(COMMIT)),
        other => panic!("{other:?}"),
    }
    assert!(stdout.contains(&format!("Id       {}", bundle.envelope.id())), "{stdout}");
    assert!(stdout.contains("Labels   git.commit, ci.run"), "{stdout}");
    assert!(stdout.contains(&format!("Pinned   {NAME}  (as told; oci:app:v1)\n")), "{stdout}");
    assert!(stdout.lines().all(|line| line.chars().count() <= 80), "{stdout}");
}

#[test]
fn a_label_of_another_build_is_refused_with_both_sides() {
    let place = Place::new();
    let other = "8d02e11f4c55aa0011223344556677889900aabb";
    let words = ["--source", BUILD[1], "--commit", other, "--run", "4711"];
    let stderr = place.fails(1, "label-mismatch", &build("oci:app", &words));
    for part in [
        "the image says another commit than this build",
        "label git.commit   4f1c2a9e7b3d…   (config sha256:1396f8186555)",
        "this environment   8d02e11f4c55…   (--commit)",
        &format!("--label git.commit={other}"),
        "inherited from the base image",
        "Nothing was attested.",
    ] {
        assert!(stderr.contains(part), "{part} is not in {stderr}");
    }
    let run = ["--source", BUILD[1], "--commit", COMMIT, "--run", "4712"];
    let stderr = place.fails(1, "label-mismatch", &build("oci:app", &run));
    assert!(stderr.contains("label ci.run"), "{stderr}");
}

#[test]
fn the_labels_of_a_pull_request_may_name_its_head() {
    let mut place = Place::new().inside("github-pull_request.env");
    let run = ["--run", "4711"];
    place.set("GITHUB_EVENT_PATH", "event.json");
    let head = |sha: &str| json!({"pull_request": {"head": {"sha": sha}}}).to_string();
    place.write("event.json", head("8d02e11f4c55aa0011223344556677889900aabb"));
    place.fails(1, "label-mismatch", &build("oci:app", &run));
    place.write("event.json", head(COMMIT));
    let statement = place.statement(&build("oci:app", &run));
    let definition = &statement.predicate["buildDefinition"];
    assert_eq!(
        definition["resolvedDependencies"][0]["digest"]["gitCommit"],
        "91b2c3d4e5f60718293a4b5c6d7e8f9012345678"
    );
    assert_eq!(definition["internalParameters"]["attest_source"]["headCommit"], COMMIT);
}

#[test]
fn github_is_attested_as_github_attests() {
    let place = Place::new().inside("github.env");
    let statement = place.statement(&build("oci:app", &["--run", "4711"]));
    let definition = &statement.predicate["buildDefinition"];
    assert_eq!(definition["buildType"], "https://actions.github.io/buildtypes/workflow/v1");
    let stderr = place.fails(1, "label-mismatch", &build("oci:app", &[]));
    assert!(stderr.contains("(GITHUB_RUN_ID)"), "{stderr}");
}

#[test]
fn without_source_commit_or_image_nothing_is_attested() {
    let place = Place::new();
    place.fails(1, "no-source", &build("oci:app", &["--commit", COMMIT]));
    place.fails(1, "no-commit", &build("oci:app", &["--source", BUILD[1]]));
    place.fails(1, "commit-not-full", &build("oci:app", &["--commit", "4f1c2a9"]));
    place.fails(1, "source-unreadable", &build("oci:app", &["--source", "/srv/app"]));
    place.fails(3, "not-found", &build("oci:app:v2", &BUILD));
    place.fails(2, "no-layout", &build("oci:nowhere", &BUILD));
    place.fails(2, "as", &build("registry.example.com/a", &[&BUILD[..], &["--as", NAME]].concat()));
}

#[test]
fn a_metadata_file_names_the_image_and_must_be_about_it() {
    let place = Place::new();
    let file = |name: &str| {
        let path = testdata("buildkit").join(format!("synthetic-buildx-{name}.json"));
        path.display().to_string()
    };
    let with = |image: &str, file: &str| -> Vec<String> {
        let words = [&["build", image][..], &BUILD, &["--metadata-file", file]].concat();
        words.into_iter().map(str::to_owned).collect()
    };
    let single = with("oci:app", &file("metadata-single"));
    let single: Vec<&str> = single.iter().map(String::as_str).collect();
    let statement = place.statement(&single);
    assert_eq!(statement.subjects[0].name, NAME);
    let dependencies = &statement.predicate["buildDefinition"]["resolvedDependencies"];
    assert_eq!(dependencies.as_array().unwrap().len(), 2, "the source and a base image");
    for (status, code, image, file) in [
        (1, "metadata-mismatch", "oci:index:v1", file("metadata-single")),
        (1, "metadata-mismatch", "oci:app", file("metadata-mismatch")),
        (1, "metadata-no-digest", "oci:app", file("metadata-no-digest")),
        (1, "metadata-bake", "oci:app", file("bake-metadata")),
        (2, "unreadable-file", "oci:app", "gone.json".to_owned()),
    ] {
        let words = with(image, &file);
        place.fails(status, code, &words.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn a_metadata_file_of_another_commit_is_refused() {
    let place = Place::new();
    let path = testdata("buildkit/synthetic-buildx-metadata-single.json");
    let file = std::fs::read_to_string(path).unwrap();
    let other = file.replace(
        &format!(r#""sha1": "{COMMIT}""#),
        r#""sha1": "8d02e11f4c55aa0011223344556677889900aabb""#,
    );
    place.write("other.json", other);
    let words = [&BUILD[..], &["--metadata-file", "other.json"]].concat();
    place.fails(1, "metadata-mismatch", &build("oci:app", &words));
}

#[test]
fn a_ready_predicate_speaks_for_source_commit_and_run() {
    let place = Place::new();
    let made = place.statement(&build("oci:app", &BUILD)).predicate;
    let mut bare = made.clone();
    bare.as_object_mut().unwrap().remove("attest_run");
    place.write("ready.json", bare.to_string());
    let statement = place.statement(&build("oci:app", &["--predicate", "ready.json"]));
    let claim = Claim::read(&statement).unwrap();
    assert_eq!(claim.run.commit.as_deref(), Some(COMMIT));
    assert_eq!(claim.run.run.as_deref(), Some(BUILD[5]));

    let other = bare.to_string().replace(COMMIT, "8d02e11f4c55aa0011223344556677889900aabb");
    place.write("other.json", other);
    place.fails(1, "label-mismatch", &build("oci:app", &["--predicate", "other.json"]));
    place.write("none.json", "{}");
    place.fails(1, "unreadable", &build("oci:app", &["--predicate", "none.json"]));
    let twice = place.run(&build("oci:app", &["--predicate", "ready.json", "--commit", COMMIT]));
    assert_eq!(twice.status, 2, "two words for one fact");
}

#[test]
fn a_work_tree_says_what_it_knows() {
    let place = Place::new();
    let git = |words: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        let status = std::process::Command::new("git")
            .args(identity)
            .args(words)
            .current_dir(place.path(""))
            .stdout(std::process::Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    };
    if !git(&["init", "-q", "-b", "main"]) {
        println!("skipped: no git here");
        return;
    }
    place.write("a.txt", "1");
    let origin = "https://user:secret@git.example.com/acme/app.git";
    assert!(git(&["add", "a.txt"]) && git(&["commit", "-qm", "one"]));
    assert!(git(&["remote", "add", "origin", origin]));
    let whoami = parse(place.done(&["whoami", "--format", "json"]));
    assert_eq!(whoami["run"]["source"]["value"], "https://git.example.com/acme/app");
    assert_eq!(whoami["run"]["ref"]["value"], "refs/heads/main");
    assert_eq!(whoami["trackedChanges"], false);
    let head = text(&whoami["run"]["commit"]["value"]).to_owned();
    place.write("a.txt", "2");
    assert_eq!(parse(place.done(&["whoami", "--format", "json"]))["trackedChanges"], true);
    let stderr = place.fails(1, "label-mismatch", &build("oci:app", &[]));
    assert!(stderr.contains(head.get(..12).unwrap()), "{stderr}");
    assert!(!stderr.contains("secret"), "{stderr}");
    let statement = place.statement(&build("oci:index", &["--platforms", "none"]));
    let notes = &statement.predicate["buildDefinition"]["internalParameters"]["attest_source"];
    assert_eq!(*notes, json!({"trackedChanges": true}));
}
