//! The whole chain by both commands, the same in a layout directory and in two real registries: what is
//! missing denies, what is complete is allowed, and a newer bad word takes it back.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::{fs, path::Path};

use testkit::{
    commands,
    peers::{Kind, Peer},
};

/// One story; `$IMAGE` is where the image is, `$AS` says whose it is where that has no name. A line
/// `exit N: command` runs the command and asks for that status, `exit N KIND: command` for that error.
const STORY: &str = r#"
exit 0: attest key generate --out release
exit 0: attest key generate --out scanner
exit 0: attest key generate --out alice
exit 0: attest key generate --out bob
exit 1: verify gate $IMAGE $AS --policy policy.yaml
exit 0: attest build $IMAGE $AS --key release.key $RUN
exit 1: attest build $IMAGE $AS --key release.key --source https://git.example.com/acme/app --commit 0000000000000000000000000000000000000000 --run 1
exit 0: attest scan $IMAGE $AS --key scanner.key --report clean.json
exit 0: attest test $IMAGE $AS --key release.key --report junit.xml $RUN
exit 1: verify gate $IMAGE $AS --policy policy.yaml
exit 0: verify gate $IMAGE $AS --policy policy.yaml --before approve --report json=ready.json
exit 2: verify gate -q $IMAGE $AS --policy policy.yaml --before approve
exit 0: attest approve $IMAGE $AS --key alice.key --environment production --verdict ready.json --yes
exit 1: verify gate $IMAGE $AS --policy policy.yaml
exit 0: attest approve $IMAGE $AS --key bob.key --environment production --verdict ready.json --yes
exit 0: verify gate $IMAGE $AS --policy policy.yaml
exit 0: verify list $IMAGE $AS
exit 1 wrong-image: attest scan $IMAGE $AS --key scanner.key --report other-image.json
exit 0: attest approve $IMAGE $AS --key bob.key --environment production --reject --reason "not today" --yes
exit 1: verify gate $IMAGE $AS --policy policy.yaml
exit 1: sleep 1; attest approve $IMAGE $AS --key bob.key --environment production --verdict ready.json --yes
exit 0: verify gate $IMAGE $AS --policy policy.yaml --before approve --report json=ready.json
exit 0: attest approve $IMAGE $AS --key bob.key --environment production --verdict ready.json --yes
exit 0: verify gate $IMAGE $AS --policy policy.yaml
exit 0: sleep 1; attest scan $IMAGE $AS --key scanner.key --report bad.json
exit 1: verify gate $IMAGE $AS --policy policy.yaml
exit 5: attest test $IMAGE $AS --key release.key $RUN -- bash -c 'exit 5'
exit 1: verify gate $IMAGE $AS --policy policy.yaml
exit 3: verify gate 127.0.0.1:1/acme/app@sha256:b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51 --policy policy.yaml
exit 2: verify gate $IMAGE $AS --policy nowhere.yaml
"#;

const POLICY: &str = r#"
schema: 1
name: production
images: ["*HOST*/acme/app", "registry.example.com/acme/app", "127.0.0.1:1/acme/app"]
trust: {time: [claimed]}
signers:
  release: {key: release.pub}
  scanner: {key: scanner.pub}
  alice: {key: alice.pub}
  bob: {key: bob.pub}
  managers: {any-of: [alice, bob]}
steps:
  build: {type: build, signed-by: release}
  scan: {type: scan, tool: trivy, signed-by: scanner, after: build, max-age: 36h, findings: {critical: 0, high: 0}}
  test: {type: test, signed-by: release, after: build}
  approve:
    type: approval
    environment: production
    signed-by: managers
    count: 2
    not-signed-by: build
    covers: [scan, test]
same: {commit: [build, test], run: [build, test]}
image: {labels: {git.commit: build.commit, ci.run: build.run}}
"#;

const RUN: &str = "--source https://git.example.com/acme/app \
    --commit 4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c --run https://ci.example.com/acme/app/runs/4711";

fn testdata() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata")
}

/// A scan report as if the scanner had finished just now.
fn fresh(report: &str, into: &Path) {
    let text = fs::read_to_string(testdata().join("reports/scan").join(report)).unwrap();
    let created = text.split("\"CreatedAt\": \"").nth(1).unwrap().split('"').next().unwrap();
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = i64::try_from(since.as_secs()).unwrap();
    let now = evidence::time::Timestamp::from_second(now).unwrap();
    fs::write(into, text.replace(created, &evidence::time::write(now))).unwrap();
}

/// The same report, about another image: only its digests differ.
fn of_another_image(report: &Path, into: &Path) {
    let text = fs::read_to_string(report).unwrap();
    let digits = |hex: &str| hex.chars().all(|c| c.is_ascii_hexdigit());
    let other = text.split("sha256:").enumerate().map(|(i, part)| match part.get(..64) {
        Some(hex) if i > 0 && digits(hex) => part.replacen(hex, &"0".repeat(64), 1),
        _ => part.to_owned(),
    });
    fs::write(into, other.collect::<Vec<_>>().join("sha256:")).unwrap();
}

fn tells_the_story(image: &str, told: &str, host: &str, directory: &Path) {
    let commands = commands::built().unwrap();
    fs::write(directory.join("policy.yaml"), POLICY.replace("*HOST*", host)).unwrap();
    fresh("trivy-vuln-clean.json", &directory.join("clean.json"));
    fresh("trivy-vuln-madeup-db-registry.json", &directory.join("bad.json"));
    of_another_image(&directory.join("clean.json"), &directory.join("other-image.json"));
    let junit = testdata().join("reports/test/nextest-pass.xml");
    fs::copy(junit, directory.join("junit.xml")).unwrap();
    for line in STORY.lines().filter(|line| !line.is_empty()) {
        let (wanted, command) = line.strip_prefix("exit ").unwrap().split_once(": ").unwrap();
        let (wanted, kind) = wanted.split_once(' ').unwrap_or((wanted, ""));
        let script = format!("IMAGE='{image}' AS='{told}' RUN='{RUN}'\n{command}");
        let output = commands::shell(&commands, directory, &script).unwrap();
        let status = output.status.code().unwrap();
        assert_eq!(
            status.to_string(),
            wanted,
            "{command}\n{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(kind.is_empty() || said.contains(&format!("[{kind}]")), "{command}\n{said}");
    }
}

fn in_a_registry(kind: Kind) {
    let Some(peer) = Peer::start(kind).unwrap() else { return };
    peer.seed(&testdata().join("images/app-oci"), "acme/app", "v1").unwrap();
    let directory = tempfile::tempdir().unwrap();
    tells_the_story(&format!("{}/acme/app:v1", peer.host()), "", peer.host(), directory.path());
}

#[test]
fn in_a_registry_without_referrers() {
    in_a_registry(Kind::DockerRegistry);
}

#[test]
fn in_a_registry_with_referrers() {
    in_a_registry(Kind::FerroOciServer);
}

#[test]
fn in_a_layout_directory() {
    let directory = tempfile::tempdir().unwrap();
    let copy = format!("cp -r {} image", testdata().join("images/app-oci").display());
    let commands = commands::built().unwrap();
    assert!(commands::shell(&commands, directory.path(), &copy).unwrap().status.success());
    let told = "--as registry.example.com/acme/app";
    tells_the_story("oci:image:v1", told, "localhost", directory.path());
}
