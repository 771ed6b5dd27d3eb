//! The pipelines of `docs/ci`, run as they stand there: every command in its order, with the variables
//! of that system and the secrets of that job, against a real registry that asks for a login.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod azure;
mod buildkite;
mod circleci;
mod github;
mod gitlab;
mod jenkins;
mod job;
mod machine;
mod page;
mod stand_ins;
mod units;

use job::Ended;
use machine::{Machine, System};
use page::By;
use serde_json::Value;
use testkit::{
    peers::{Kind, Peer},
    sigstore::{Identity, Instance, Job as SigstoreJob, Rekor},
};

use crate::{
    azure::Azure, buildkite::Buildkite, circleci::CircleCi, github::GitHub, gitlab::GitLab,
    jenkins::Jenkins,
};

fn machine(kind: Kind, environment: &str) -> Option<Machine> {
    Some(Machine::new(Peer::start(kind).unwrap()?, environment))
}

/// How each job ended; what was printed, where that is another end than it should be.
#[track_caller]
fn run(machine: &mut Machine, system: &dyn System, failing: Option<&str>) {
    let jobs = machine.run(system);
    let failed = jobs.iter().filter(|(_, ended)| *ended == Ended::Failed);
    let failed: Vec<&str> = failed.map(|(name, _)| name.as_str()).collect();
    let expected: Vec<&str> = failing.into_iter().collect();
    assert_eq!(failed, expected, "{}", machine.printed);
    let skipped = jobs.iter().filter(|(_, ended)| *ended == Ended::Skipped).count();
    assert_eq!(skipped > 0, failing.is_some(), "{jobs:?}");
    assert_eq!(machine.told_a_secret(), None);
}

/// The images that were deployed, in order.
fn deployed(machine: &Machine) -> Vec<String> {
    let calls = machine.stand_ins.written("kubectl");
    let images = calls.lines().filter_map(|line| line.split_once("set image deployment/app app="));
    images.map(|(_, image)| image.to_owned()).collect()
}

fn codes(verdict: &Value) -> Vec<String> {
    let findings = verdict["findings"].as_array().unwrap();
    let code = |finding: &Value| {
        format!("{} {}", finding["step"].as_str().unwrap(), finding["code"].as_str().unwrap())
    };
    findings.iter().map(code).collect()
}

/// From the push to production. The first gate has no verdict at first, and is asked again.
#[track_caller]
fn ships(system: &dyn System, kind: Kind, environment: &str) {
    let Some(mut machine) = machine(kind, environment) else { return };
    machine.stand_ins.set("unavailable", "2");
    run(&mut machine, system, None);
    let image = machine.stand_ins.written("image");
    assert_eq!(deployed(&machine), [image.clone(), image]);
    assert_eq!(machine.stand_ins.written("slept").lines().count(), 2, "asked again twice");
    assert!(machine.printed.contains("Scan     trivy 0.76.0"), "{}", machine.printed);
    assert!(
        !machine.printed.contains("written without a vulnerability scan"),
        "{}",
        machine.printed
    );
    let (status, verdict) = machine.gate("production");
    assert_eq!((status, verdict["decision"].as_str()), (0, Some("allow")), "{verdict:#}");
}

/// Tests that fail are attested as failed, and nothing is deployed.
#[track_caller]
fn tells_of_failed_tests(system: &dyn System, kind: Kind, environment: &str) {
    let Some(mut machine) = machine(kind, environment) else { return };
    machine.stand_ins.set("tests-fail", "");
    run(&mut machine, system, Some("test"));
    assert_eq!(deployed(&machine), Vec::<String>::new());
    let (status, verdict) = machine.gate("staging");
    assert_eq!((status, codes(&verdict)), (1, vec!["test negative-result".to_owned()]));
}

/// A deployment that fails is attested as failed.
#[track_caller]
fn tells_of_a_failed_deployment(system: &dyn System, kind: Kind, environment: &str) {
    let Some(mut machine) = machine(kind, environment) else { return };
    machine.stand_ins.set("cluster-is-down", "");
    run(&mut machine, system, Some("staging"));
    assert_eq!(deployed(&machine).len(), 1);
    let (status, verdict) = machine.gate("production");
    assert_eq!(status, 1);
    assert!(codes(&verdict).contains(&"staging negative-result".to_owned()), "{verdict:#}");
}

/// A gate that denies is not asked again, and nothing is deployed.
#[track_caller]
fn stops_where_the_gate_denies(system: &dyn System, kind: Kind, environment: &str) {
    let Some(mut machine) = machine(kind, environment) else { return };
    machine.stand_ins.set("vulnerable", "");
    run(&mut machine, system, Some("staging"));
    assert_eq!(deployed(&machine), Vec::<String>::new());
    assert_eq!(machine.stand_ins.written("slept"), "");
    let (status, verdict) = machine.gate("staging");
    assert_eq!((status, codes(&verdict)), (1, vec!["scan negative-result".to_owned()]));
}

macro_rules! pages {
    ($($name:ident: $system:expr, $kind:expr, $environment:literal;)*) => {
        $(mod $name {
            use super::*;

            #[test]
            fn ships() {
                super::ships(&$system, $kind, $environment);
            }

            #[test]
            fn tells_of_failed_tests() {
                super::tells_of_failed_tests(&$system, $kind, $environment);
            }

            #[test]
            fn tells_of_a_failed_deployment() {
                super::tells_of_a_failed_deployment(&$system, $kind, $environment);
            }

            #[test]
            fn stops_where_the_gate_denies() {
                super::stops_where_the_gate_denies(&$system, $kind, $environment);
            }
        })*
    };
}

pages! {
    on_azure: Azure, Kind::DockerRegistryWithTokens, "azure.env";
    on_buildkite: Buildkite, Kind::DockerRegistryWithTls, "buildkite.env";
    on_circleci: CircleCi, Kind::DockerRegistryWithTokens, "circleci.env";
    on_github: GitHub(By::Keys), Kind::DockerRegistryWithTlsAndTokens, "github.env";
    on_gitlab: GitLab(By::Keys), Kind::DockerRegistryWithTlsAndTokens, "gitlab.env";
    on_jenkins: Jenkins, Kind::DockerRegistryWithTlsAndTokens, "jenkins.env";
}

/// Whoever the jobs are signs, by the pipeline of the page that has no keys.
#[track_caller]
fn ships_without_keys(system: &dyn System, kind: Kind, environment: &str, identity: &Identity) {
    let Some(mut machine) = machine(kind, environment) else {
        eprintln!("skipped: no registry");
        return;
    };
    let server = Instance::new().serve().unwrap();
    machine.believes(&server, identity);
    run(&mut machine, system, None);
    let signed = format!("Signed   by {}\n", identity.name.text());
    assert_eq!(machine.printed.matches(&signed).count(), 2, "{}", machine.printed);
    assert_eq!(server.entries(Rekor::V2), 2);
}

#[test]
fn on_github_without_keys() {
    let (system, identity) = (GitHub(By::Identities), Identity::github(&SigstoreJob::default()));
    ships_without_keys(&system, Kind::DockerRegistryWithTlsAndTokens, "github.env", &identity);
}

#[test]
fn on_gitlab_without_keys() {
    let (system, identity) = (GitLab(By::Identities), Identity::gitlab(&SigstoreJob::default()));
    ships_without_keys(&system, Kind::DockerRegistryWithTlsAndTokens, "gitlab.env", &identity);
}

/// The keys that the policy names, as the page makes them.
#[test]
fn the_keys_of_the_policy_are_made_by_the_line_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let script = page::blocks("README.md", "sh").remove(0);
    let commands = testkit::commands::built().unwrap();
    let output = testkit::commands::shell(&commands, directory.path(), &script).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let policy = page::yaml(&page::block("README.md", "yaml"));
    for signer in policy["signers"].as_object().unwrap().values() {
        let public = signer["key"].as_str().unwrap();
        assert!(directory.path().join(public).is_file(), "{public}");
        assert!(directory.path().join(public.replace(".pub", ".key")).is_file());
    }
}

/// A build that somebody started by hand: the commit is known to the checkout alone.
#[test]
fn on_buildkite_head_ships() {
    ships(&Buildkite, Kind::FerroOciServer, "buildkite-head.env");
}
