//! The README's commands, run as they stand there.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::{fs, path::Path};

use evidence::time::{self, Timestamp};
use testkit::{
    commands,
    peers::{Kind, Peer},
};

/// The registry that the README names.
const HOST: &str = "localhost:5000";

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The fenced blocks of a language, in order.
fn blocks(language: &str) -> Vec<String> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let fence = format!("```{language}\n");
    readme
        .split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

/// What the README takes for granted: a policy, a scan report, a test report.
fn prepare(directory: &Path, host: &str) {
    let policy = blocks("yaml").remove(0).replace(HOST, host);
    fs::write(directory.join("policy.yaml"), policy).unwrap();
    let reports = root().join("testdata/reports");
    let scan = fs::read_to_string(reports.join("scan/trivy-vuln-clean.json")).unwrap();
    let created = scan.split("\"CreatedAt\": \"").nth(1).unwrap().split('"').next().unwrap();
    let fresh = scan.replace(created, &time::write(now()));
    fs::write(directory.join("trivy.json"), fresh).unwrap();
    fs::copy(reports.join("test/nextest-pass.xml"), directory.join("junit.xml")).unwrap();
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_second(i64::try_from(since.as_secs()).unwrap()).unwrap()
}

#[track_caller]
fn passes(commands: &Path, directory: &Path, script: &str) -> String {
    let output = commands::shell(commands, directory, script).unwrap();
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// The ten lines: from keys to the pinned reference.
fn the_chain_in_a_registry(kind: Kind) {
    let Some(peer) = Peer::start(kind).unwrap() else { return };
    let digest = peer.seed(&root().join("testdata/images/app-oci"), "acme/app", "v1").unwrap();
    let directory = tempfile::tempdir().unwrap();
    prepare(directory.path(), peer.host());
    let chain = blocks("sh").remove(0).replace(HOST, peer.host());
    let stdout = passes(&commands::built().unwrap(), directory.path(), &chain);
    let pinned = format!("{}/acme/app@{digest}", peer.host());
    assert_eq!(stdout.lines().last(), Some(pinned.as_str()));
}

#[test]
fn the_chain_holds_in_a_registry_without_referrers() {
    the_chain_in_a_registry(Kind::DockerRegistry);
}

#[test]
fn the_chain_holds_in_a_registry_with_referrers() {
    the_chain_in_a_registry(Kind::FerroOciServer);
}

#[test]
fn a_layout_takes_the_place_of_a_registry() {
    let directory = tempfile::tempdir().unwrap();
    let commands = commands::built().unwrap();
    let image = root().join("testdata/images/app-oci");
    let prepare = format!("cp -r {} image && attest key generate --out release", image.display());
    passes(&commands, directory.path(), &prepare);
    let stdout = passes(&commands, directory.path(), &blocks("sh").remove(1));
    assert!(stdout.contains("build") && stdout.contains("unverified"), "{stdout}");
}

#[test]
fn the_readme_has_these_blocks_and_no_others() {
    assert_eq!((blocks("sh").len(), blocks("yaml").len()), (2, 1));
}
