//! Attestations that cosign made before bundles are read, and decided on like any other.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::{fs, path::Path, process::Command};

const IMAGE: &str = "sha256:a1bb6ef36b06cf729dad0bbb8b16e6e6b95d8aff8cfcdd042bf4099d59965f77";

/// The decision on the layout by a policy that knows one key.
fn decides(key: &str, scan: &str) -> (Option<i32>, String) {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata");
    let place = tempfile::tempdir().unwrap();
    fs::copy(testdata.join("keys").join(key), place.path().join("cosign.pub")).unwrap();
    let policy = format!(
        "schema: 1\nname: legacy\nimages: [\"registry.example.com/demo/app\"]\n\
         trust: {{time: [claimed]}}\nsigners: {{ci: {{key: cosign.pub}}}}\nsteps:\n  \
         build: {{type: build, signed-by: ci}}\n  test: {{type: test, signed-by: ci}}\n{scan}"
    );
    fs::write(place.path().join("policy.yaml"), policy).unwrap();
    let layout = testdata.join("layouts/cosign-legacy");
    let output = Command::new(env!("CARGO_BIN_EXE_verify"))
        .arg("gate")
        .arg(format!("oci:{}@{IMAGE}", layout.display()))
        .args(["--as", "registry.example.com/demo/app", "--policy"])
        .arg(place.path().join("policy.yaml"))
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_hangs_under_the_att_tag_is_evidence() {
    let scan = "  scan: {type: scan, signed-by: ci, findings: {critical: 0}}\n";
    let (status, stdout) = decides("cosign-test.pub", scan);
    assert_eq!(status, Some(0), "{stdout}");
}

#[test]
fn a_key_that_did_not_sign_it_proves_nothing() {
    let (status, stdout) = decides("cosign-wrong.pub", "");
    assert_eq!(status, Some(1), "{stdout}");
    assert!(stdout.contains("bad-signature"), "{stdout}");
}
