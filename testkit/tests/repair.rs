//! docker-registry's garbage collection deletes evidence and leaves the list that names it: the gate
//! has no verdict and says which command mends the list, and that command does.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::{fs, path::Path, process::Output};

use testkit::{
    commands,
    peers::{Kind, Peer},
};

const POLICY: &str = r#"
schema: 1
name: built
images: ["*HOST*/acme/app"]
trust: {time: [claimed]}
signers: {release: {key: release.pub}}
steps: {build: {type: build, signed-by: release}}
"#;

const BUILD: &str = "attest build $IMAGE --key release.key \
    --source https://git.example.com/acme/app --commit 4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c \
    --run https://ci.example.com/acme/app/runs/4711";

fn testdata(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(path)
}

fn text(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_command_that_the_gate_names_mends_the_list_of_an_image_and_of_its_platforms() {
    let Some(peer) = Peer::start(Kind::DockerRegistry).unwrap() else { return };
    peer.seed(&testdata("images/app-index-oci"), "acme/app", "v1").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let policy = POLICY.replace("*HOST*", peer.host());
    fs::write(directory.path().join("policy.yaml"), policy).unwrap();
    fs::copy(testdata("keys/p256-sec1.pem"), directory.path().join("release.key")).unwrap();
    let commands = commands::built().unwrap();
    let run = |script: &str| {
        let script = format!("IMAGE={}/acme/app:v1\n{script}", peer.host());
        text(&commands::shell(&commands, directory.path(), &script).unwrap())
    };
    let gate = "verify gate $IMAGE --policy policy.yaml";
    let (status, _, stderr) =
        run(&format!("attest key public --key release.key >release.pub; {BUILD}; {gate}"));
    assert_eq!(status, 0, "{stderr}");

    // One more, which is deleted where it hangs on a platform: the list there still names it.
    let (status, document, stderr) = run(&format!("{BUILD} --leg second --format json"));
    assert_eq!(status, 0, "{stderr}");
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let gone = document.pointer("/platforms/1/referrer").unwrap().as_str().unwrap();
    let revisions = "docker/registry/v2/repositories/acme/app/_manifests/revisions/sha256";
    let hex = gone.strip_prefix("sha256:").unwrap();
    fs::remove_dir_all(peer.store().join(revisions).join(hex)).unwrap();

    let (status, _, stderr) = run(gate);
    assert_eq!(status, 3, "{stderr}");
    assert!(stderr.contains(gone), "{stderr}");
    assert!(stderr.contains("`attest repair IMAGE`"), "{stderr}");

    let (status, repaired, stderr) = run("attest repair $IMAGE");
    assert_eq!(status, 0, "{stderr}");
    assert!(repaired.contains(&format!("Dropped  {gone}")), "{repaired}");
    let (status, _, stderr) = run(gate);
    assert_eq!(status, 0, "{stderr}");
    let (status, again, stderr) = run("attest repair $IMAGE");
    assert_eq!(status, 0, "{stderr}");
    assert!(!again.contains("Dropped") && again.contains("0 writes"), "{again}");
}
