//! CI systems as a job meets them: what is attested there, and what is said where a variable lacks.

use crate::place::{COMMIT, Place, parse, text};
use evidence::predicate::{Claim, View};

const IMAGE: &str = "oci:app";

#[test]
fn every_system_attests_a_build_under_its_own_name() {
    for (environment, builder) in [
        ("azure.env", "https://dev.azure.com/acme"),
        ("buildkite.env", "https://buildkite.com/acme"),
        ("circleci.env", "https://circleci.com"),
        ("gitlab.env", "https://gitlab.example.com"),
        ("jenkins.env", "https://jenkins.example.com"),
    ] {
        let place = Place::new().inside(environment);
        // The image of the test data is of another system's run.
        let stderr = place.fails(1, "label-mismatch", &["build", IMAGE]);
        assert!(stderr.contains("label ci.run"), "{stderr}");
        let statement = place.statement(&["build", IMAGE, "--run", "4711"]);
        let claim = Claim::read(&statement).unwrap();
        let View::Build(view) = claim.view else { panic!("{environment}") };
        assert_eq!(view.builder, builder);
        assert_eq!(view.commit.as_deref(), Some(COMMIT), "{environment}");
        assert_eq!((view.run, view.source), (claim.run.run, claim.run.source), "{environment}");
    }
}

#[test]
fn two_systems_at_once_are_refused_with_a_way_out() {
    let mut place = Place::new().inside("jenkins.env");
    place.set("GITHUB_ACTIONS", "true");
    for words in [&["whoami"][..], &["build", IMAGE], &["test", IMAGE, "--", "true"]] {
        // Around a command every fault of ours is 125.
        let status = if words.contains(&"--") { 125 } else { 2 };
        let stderr = place.fails(status, "several-systems", words);
        assert!(stderr.contains("GitHub Actions") && stderr.contains("Jenkins"), "{stderr}");
        assert!(stderr.contains("env -u JENKINS_URL -u JENKINS_HOME attest"), "{stderr}");
    }
    let alone = place.shell("env -u JENKINS_URL -u JENKINS_HOME attest whoami --format json");
    assert_eq!(parse(alone.stdout)["system"], "GitHub Actions");
}

#[test]
fn circleci_without_a_repository_says_what_to_give() {
    let place = Place::new().inside("circleci-github-app.env");
    let stderr = place.fails(1, "no-source", &["build", IMAGE, "--run", "4711"]);
    assert!(stderr.contains("CircleCI") && stderr.contains("--source"), "{stderr}");
    let source = ["--source", "https://github.com/acme/app", "--run", "4711"];
    let statement = place.statement(&[&["build", IMAGE][..], &source].concat());
    let claim = Claim::read(&statement).unwrap();
    assert_eq!(claim.run.commit.as_deref(), Some(COMMIT), "known all the same");
    assert_eq!(claim.run.source.as_deref(), Some("https://github.com/acme/app"));
}

#[test]
fn buildkite_with_a_name_for_a_commit_asks_the_checkout_or_refuses() {
    let place = Place::new().inside("buildkite-head.env");
    let stderr = place.fails(1, "no-commit", &["build", IMAGE, "--run", "4711"]);
    assert!(stderr.contains("BUILDKITE_COMMIT"), "{stderr}");
    let git = place.shell(
        "git init -q -b main && git -c user.name=a -c user.email=a@example.com \
         commit -q --allow-empty -m one && git rev-parse HEAD",
    );
    if git.status != 0 {
        println!("skipped: no git here");
        return;
    }
    let whoami = parse(place.done(&["whoami", "--format", "json"]));
    assert_eq!(text(&whoami["run"]["commit"]["value"]), git.stdout.trim());
    assert!(text(&whoami["run"]["commit"]["from"]).starts_with("git rev-parse HEAD"));
    // The image is of another commit than this checkout.
    let stderr = place.fails(1, "label-mismatch", &["build", IMAGE]);
    assert!(stderr.contains("label git.commit"), "{stderr}");
    place.set_file("junit.xml", "reports/test/nextest-pass.xml");
    let statement = place.statement(&["test", IMAGE, "--report", "junit.xml"]);
    assert_eq!(text(&statement.predicate["attest_run"]["commit"]), git.stdout.trim());
}

#[test]
fn a_password_in_an_address_reaches_no_statement_and_no_message() {
    let place = Place::new().inside("jenkins-freestyle.env");
    let statement = place.statement(&["build", IMAGE, "--run", "4711"]);
    assert!(!statement.predicate.to_string().contains("not-a-real-password"));
    let whoami = place.done(&["whoami"]);
    assert!(whoami.contains("https://git.example.com/acme/app  (GIT_URL)"), "{whoami}");
    assert!(!whoami.contains("not-a-real-password"), "{whoami}");
}
