//! Fifty `attest` processes at once on one digest, three times in a row: every one that ends with 0 is
//! listed afterwards, in a registry without the referrers API, in one with it, and in a layout.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Instant,
};

use evidence::Digest;
use registry::{Credentials, Options, Reference, Source, open};
use testkit::{
    commands,
    peers::{Kind, Peer},
};

const IMAGE: &str = "sha256:b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";
const WRITERS: usize = 50;
const ROUNDS: usize = 3;

fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(path)
}

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::copy(testdata("keys/p256-sec1.pem"), directory.path().join("k.pem")).unwrap();
    directory
}

/// What the gate is shown.
fn listed(place: &str) -> BTreeSet<Digest> {
    let options = Options { credentials: Credentials::Anonymous, ..Options::default() };
    let place = open(&place.parse::<Reference>().unwrap(), &options).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listed = runtime.block_on(place.referrers(&IMAGE.parse().unwrap())).unwrap();
    listed.into_iter().map(|entry| entry.digest).collect()
}

/// Lets fifty write at once, each something of its own; what those that ended well said they attached.
fn round(directory: &Path, place: &str, round: usize) -> BTreeSet<Digest> {
    let commands = commands::built().unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| {
            let file = format!("{round}-{number}.json");
            fs::write(directory.join(&file), format!("{{\"n\":\"{round}.{number}\"}}")).unwrap();
            let mut command = commands::command("attest", &commands, directory);
            command
                .args(["predicate", &format!("{place}@{IMAGE}"), "--file", &file, "-q"])
                .args(["--type", "https://example.com/n/v1", "--timeout", "5m"])
                .env("ATTEST_KEY", "k.pem")
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let mut attached = BTreeSet::new();
    for writer in writers {
        let output = writer.wait_with_output().unwrap();
        if output.status.success() {
            attached.insert(String::from_utf8(output.stdout).unwrap().trim().parse().unwrap());
        } else {
            println!("{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    attached
}

fn three_times(directory: &Path, place: &str, opened: &str) {
    let mut all = BTreeSet::new();
    for number in 0..ROUNDS {
        let began = Instant::now();
        let attached = round(directory, place, number);
        let (count, took) = (attached.len(), began.elapsed());
        all.extend(attached);
        let listed = listed(opened);
        let found = listed.intersection(&all).count();
        println!(
            "{place}: {count} of {WRITERS} ended with 0, {found} of {} listed, {took:.1?}",
            all.len()
        );
        assert_eq!(listed, all, "{place}, round {number}");
        assert_eq!(count, WRITERS, "{place}, round {number}");
    }
}

fn in_a_registry(kind: Kind) {
    let Some(peer) = Peer::start(kind).unwrap() else { return };
    peer.seed(&testdata("images/app-oci"), "acme/app", "v1").unwrap();
    let place = format!("{}/acme/app", peer.host());
    three_times(directory().path(), &place, &place);
}

#[test]
fn fifty_in_a_registry_without_referrers() {
    in_a_registry(Kind::DockerRegistry);
}

#[test]
fn fifty_in_a_registry_with_referrers() {
    in_a_registry(Kind::FerroOciServer);
}

#[test]
fn fifty_in_a_layout() {
    let directory = directory();
    let copy = format!("cp -r {} app", testdata("images/app-oci").display());
    let commands = commands::built().unwrap();
    assert!(commands::shell(&commands, directory.path(), &copy).unwrap().status.success());
    let opened = format!("oci:{}", directory.path().join("app").display());
    three_times(directory.path(), "oci:app", &opened);
}
