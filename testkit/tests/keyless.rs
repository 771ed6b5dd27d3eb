//! A chain without a key by both commands: a job and two people sign with a private Sigstore, and the
//! gate believes its root; with one thing changed it denies.

use std::{fs, path::Path};

use testkit::{
    commands,
    sigstore::{Identity, Instance, Job, Lie, Rekor},
};

const ISSUER: &str = "https://accounts.example.com";

/// A line `exit N: command` runs the command and asks for that status.
const STORY: &str = r#"
exit 1: verify gate oci:app $AS --policy policy.yaml
exit 0: attest test oci:app $AS --identity-token job.token -- true
exit 0: verify gate oci:app $AS --policy policy.yaml --before approve --report json=ready.json
exit 2: attest approve oci:app $AS --identity-token alice.token --environment production --verdict ready.json
exit 0: attest approve oci:app $AS --identity-token alice.token --environment production --verdict ready.json --yes
exit 1: verify gate oci:app $AS --policy policy.yaml
exit 0: attest approve oci:app $AS --identity-token alice.token --environment production --verdict ready.json --yes
exit 1: verify gate oci:app $AS --policy policy.yaml
exit 0: attest approve oci:app $AS --identity-token bob.token --environment production --verdict ready.json --yes
exit 0: verify gate oci:app $AS --policy policy.yaml
exit 1: sed 's,bob@,carol@,' policy.yaml >carol.yaml && verify gate oci:app $AS --policy carol.yaml
exit 1: sed 's,accounts.example,login.example,' policy.yaml >issuer.yaml && verify gate oci:app $AS --policy issuer.yaml
exit 1: sed 's,root.json,other.json,' policy.yaml >root.yaml && verify gate oci:app $AS --policy root.yaml
exit 0: attest approve oci:app $AS --identity-token bob.token --environment production --reject --reason "not today" --yes
exit 1: verify gate oci:app $AS --policy policy.yaml
"#;

const POLICY: &str = r#"
schema: 1
name: production
images: ["registry.example.com/acme/app"]
trust:
  roots: {private: {root: root.json}}
signers:
  release: {issuer: "*JOB-ISSUER*", identity: "*JOB*"}
  alice: {issuer: https://accounts.example.com, identity: alice@example.com}
  bob: {issuer: https://accounts.example.com, identity: bob@example.com}
  managers: {any-of: [alice, bob]}
steps:
  test: {type: test, signed-by: release}
  approve:
    type: approval
    environment: production
    signed-by: managers
    count: 2
    not-signed-by: test
    covers: test
"#;

#[test]
fn a_job_and_two_people_sign_without_keys() {
    for log in [Rekor::V1, Rekor::V2] {
        let commands = commands::built().unwrap();
        let place = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: Vec<u8>| fs::write(place.path().join(name), bytes).unwrap();
        let server = Instance::new().serve().unwrap();
        let job = Identity::github(&Job::default());
        for (name, identity) in [
            ("job", job.clone()),
            ("alice", Identity::email("alice@example.com", ISSUER)),
            ("bob", Identity::email("bob@example.com", ISSUER)),
        ] {
            write(&format!("{name}.token"), server.token(&identity).into_bytes());
        }
        let policy = POLICY.replace("*JOB-ISSUER*", &job.issuer).replace("*JOB*", job.name.text());
        write("policy.yaml", policy.into_bytes());
        write("root.json", server.trusted_root());
        write("other.json", Instance::named("elsewhere").trusted_root());
        write("services.json", server.signing_config(log));
        let image = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/images/app-oci");
        let copy = format!("cp -r '{}' app", image.display());
        assert!(commands::shell(&commands, place.path(), &copy).unwrap().status.success());
        let surroundings = "AS='--as registry.example.com/acme/app'
             export ATTEST_SIGNING_CONFIG=services.json ATTEST_TRUSTED_ROOT=root.json\n";
        let run = |line: &str| {
            let script = format!("{surroundings}{line}");
            let output = commands::shell(&commands, place.path(), &script).unwrap();
            let said = [output.stdout, output.stderr].concat();
            (output.status.code().unwrap(), String::from_utf8(said).unwrap())
        };
        for step in STORY.lines().filter_map(|line| line.strip_prefix("exit ")) {
            let (status, line) = step.split_once(": ").unwrap();
            let (ended, said) = run(line);
            assert_eq!(ended.to_string(), status, "{log:?}: {line}\n{said}");
        }
        // The signer's own check finds what the gate would refuse.
        let line = "attest test oci:app $AS --identity-token job.token -- true";
        for lie in [Lie::SctForged, Lie::CheckpointForged, Lie::CertificateForged] {
            server.lie(Some(lie));
            assert_eq!(run(line).0, 125, "{log:?}: {lie:?}");
        }
    }
}
