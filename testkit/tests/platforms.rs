//! An index and its platforms, by both commands, in a layout directory and in two real registries: what
//! is attested of the index is found on each platform, what is proven for one platform alone is not
//! proven, and writers at once lose nothing on any of them.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::{collections::BTreeSet, fs, path::Path};

use testkit::{
    commands,
    peers::{Kind, Peer},
};

/// One story; `$PLACE` is where the index is, `$AS` says whose it is where that has no name.
const STORY: &str = r#"
exit 0: attest build $PLACE:v1 $AS --key release.key $RUN
exit 0: attest test $PLACE@$AMD64 $AS --key tester.key -- true
exit 1: verify gate $PLACE@$INDEX $AS --policy policy.yaml --before approve
exit 0: attest test $PLACE@$ARM64 $AS --key tester.key -- true
exit 0: verify gate $PLACE@$INDEX $AS --policy policy.yaml --before approve --report json=ready.json
exit 0: attest approve $PLACE@$INDEX $AS --key alice.key --environment production --verdict ready.json --yes
exit 0: verify gate $PLACE@$INDEX $AS --policy policy.yaml
exit 0: verify gate $PLACE@$INDEX $AS --policy platforms.yaml
exit 0: verify gate $PLACE@$ARM64 --index $INDEX $AS --policy policy.yaml
exit 1: verify gate $PLACE@$ARM64 $AS --policy policy.yaml
exit 0: (verify gate $PLACE@$ARM64 $AS --policy policy.yaml --format json || true) | grep -qF "ask with --index $INDEX"
exit 1: attest scan $PLACE@$INDEX $AS --key release.key --report scan.json --database-updated 2026-11-23T00:00:00Z
exit 0: attest scan $PLACE@$AMD64 $AS --key release.key --report scan.json --database-updated 2026-11-23T00:00:00Z
exit 1: attest test $PLACE@$ARM64 $AS --key tester.key -- false
exit 1: verify gate $PLACE@$INDEX $AS --policy policy.yaml
exit 1: verify gate $PLACE@$ARM64 --index $INDEX $AS --policy policy.yaml
exit 0: verify gate $PLACE@$AMD64 --index $INDEX $AS --policy amd64.yaml
"#;

const POLICY: &str = r#"
schema: 1
name: production
images: ["*HOST*/acme/app", "registry.example.com/acme/app"]
trust: {time: [claimed]}
signers: {release: {key: release.pub}, tester: {key: tester.pub}, alice: {key: alice.pub}}
steps:
  build: {type: build, signed-by: release}
  test: {type: test, signed-by: tester, after: build}
  approve: {type: approval, environment: production, signed-by: alice, covers: [build, test]}
image: {labels: {git.commit: build.commit, ci.run: build.run}, evidence-on: *ON*}
"#;

const RUN: &str = "--source https://git.example.com/acme/app \
    --commit 4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c --run https://ci.example.com/acme/app/runs/4711";
const INDEX: &str = "sha256:782419d2e04c4377f25a4aaee15e8e753b4f0e45dae61616477e71f75cf447e0";
const AMD64: &str = "sha256:b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";
const ARM64: &str = "sha256:37a1ccfce077c04db5090ba58a1c232abdb1c6f2a5805aa5938096859a14e2a9";

fn testdata(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(path)
}

/// Where the index is, and how a shell says so.
struct Story {
    commands: std::path::PathBuf,
    directory: tempfile::TempDir,
    variables: String,
}

impl Story {
    fn new(place: &str, told: &str, host: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let policy = |on: &str| POLICY.replace("*HOST*", host).replace("*ON*", on);
        fs::write(directory.path().join("policy.yaml"), policy("either")).unwrap();
        fs::write(directory.path().join("platforms.yaml"), policy("platforms")).unwrap();
        // An approval that was made before says nothing against what failed since elsewhere.
        fs::write(directory.path().join("amd64.yaml"), policy("digest")).unwrap();
        let commands = commands::built().unwrap();
        // Unencrypted: to open the others takes a second each.
        for (name, key) in [("release", "p256"), ("tester", "p384"), ("alice", "p521")] {
            let from = testdata(&format!("keys/{key}-sec1.pem"));
            fs::copy(from, directory.path().join(format!("{name}.key"))).unwrap();
            let public = format!("attest key public --key {name}.key >{name}.pub");
            let output = commands::shell(&commands, directory.path(), &public).unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let report = testdata("reports/scan/trivy-vuln-clean.json");
        fs::copy(report, directory.path().join("scan.json")).unwrap();
        let variables = format!(
            "PLACE='{place}' AS='{told}' RUN='{RUN}' INDEX={INDEX} AMD64={AMD64} ARM64={ARM64}"
        );
        Self { commands, directory, variables }
    }

    fn run(&self, script: &str) -> std::process::Output {
        let script = format!("{}\n{script}", self.variables);
        commands::shell(&self.commands, self.directory.path(), &script).unwrap()
    }

    fn is_told(&self) {
        for line in STORY.lines().filter(|line| !line.is_empty()) {
            let (wanted, command) = line.strip_prefix("exit ").unwrap().split_once(": ").unwrap();
            let output = self.run(command);
            assert_eq!(
                output.status.code().unwrap().to_string(),
                wanted,
                "{command}\n{}\n{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }

    /// Six builds at once, each of which ends with 0 and hangs on the index and on each platform.
    fn writers_lose_nothing(&self) {
        let all = self.run(
            r#"for writer in 1 2 3 4 5 6; do
              attest build $PLACE@$INDEX $AS --key release.key ${RUN/4711/4711} --leg $writer \
                --format json >writer-$writer.json &
            done
            for job in $(jobs -p); do wait $job || exit 9; done
            cat writer-*.json | grep -E '^  "id": '"#,
        );
        assert!(all.status.success(), "{}", String::from_utf8_lossy(&all.stderr));
        let ids = |text: &[u8]| -> BTreeSet<String> {
            let text = String::from_utf8_lossy(text).into_owned();
            let words = text.split(['"', ' ', '\n']).filter(|word| word.starts_with("sha256:"));
            words.map(str::to_owned).collect()
        };
        let made = ids(&all.stdout);
        for member in ["INDEX", "AMD64", "ARM64"] {
            let listed = self.run(&format!("verify list ${{PLACE}}@${member} $AS --format json"));
            assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
            let listed = ids(&listed.stdout);
            let found = made.intersection(&listed).count();
            assert_eq!(found, 6, "{member}: {made:?} {listed:?}");
        }
    }
}

fn in_a_registry(kind: Kind) {
    let Some(peer) = Peer::start(kind).unwrap() else { return };
    peer.seed(&testdata("images/app-index-oci"), "acme/app", "v1").unwrap();
    let story = Story::new(&format!("{}/acme/app", peer.host()), "", peer.host());
    story.is_told();
    story.writers_lose_nothing();
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
    let story = Story::new("oci:image", "--as registry.example.com/acme/app", "localhost");
    let copy = format!("cp -r {} image", testdata("images/app-index-oci").display());
    assert!(story.run(&copy).status.success());
    story.is_told();
    story.writers_lose_nothing();
}
