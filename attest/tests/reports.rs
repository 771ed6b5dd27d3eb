//! `attest scan` and `attest test` as a user runs them, on a copy of a layout: what stands on which
//! stream, the exit status, and what the command of `attest test` gets to see.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use evidence::json::{self, Value};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata")
}

fn report(name: &str) -> String {
    testdata().join("reports").join(name).to_string_lossy().into_owned()
}

/// A directory with a copy of the image layout and a key.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { directory: tempfile::tempdir().unwrap() };
        let layout = place.directory.path().join("app");
        std::fs::create_dir_all(layout.join("blobs/sha256")).unwrap();
        let from = testdata().join("images/app-oci");
        for name in ["oci-layout", "index.json"] {
            std::fs::copy(from.join(name), layout.join(name)).unwrap();
        }
        for blob in std::fs::read_dir(from.join("blobs/sha256")).unwrap() {
            let blob = blob.unwrap();
            std::fs::copy(blob.path(), layout.join("blobs/sha256").join(blob.file_name())).unwrap();
        }
        let made = place.run(&["key", "generate", "--out", "k"]);
        assert!(made.status.success(), "{}", text(&made.stderr));
        place
    }

    fn run(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_attest"))
            .args(words)
            .current_dir(self.directory.path())
            .env_remove("GITHUB_ACTIONS")
            .env("ATTEST_PASSWORD", "")
            .env("SIGSTORE_ID_TOKEN", "not-a-real-token")
            .output()
            .unwrap()
    }

    /// `attest VERB` on the image, dry: the statement is on stdout.
    fn dry(&self, verb: &str, words: &[&str]) -> Output {
        let mut all =
            vec![verb, "oci:app:v1", "--as", "registry.example.com/acme/app", "--dry-run"];
        all.extend(words);
        self.run(&all)
    }

    fn signed(&self, verb: &str, words: &[&str]) -> Output {
        let mut all =
            vec![verb, "oci:app:v1", "--as", "registry.example.com/acme/app", "--key", "k.key"];
        all.extend(words);
        self.run(&all)
    }

    fn attached(&self) -> usize {
        let index = std::fs::read(self.directory.path().join("app/index.json")).unwrap();
        json::parse(&index).unwrap()["manifests"].as_array().unwrap().len() - 1
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn predicate(output: &Output) -> Value {
    let statement = json::parse(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}{}", text(&output.stdout), text(&output.stderr)));
    statement["predicate"].clone()
}

#[test]
fn the_command_is_shown_on_stderr_and_its_status_is_ours() {
    let place = Place::new();
    for (script, status, result) in [
        ("echo seen", 0, "PASSED"),
        ("echo seen; exit 7", 7, "FAILED"),
        ("kill -9 $$", 137, "FAILED"),
    ] {
        let output = place.dry("test", &["--", "sh", "-c", script]);
        assert_eq!(output.status.code(), Some(status), "{script}: {}", text(&output.stderr));
        assert_eq!(predicate(&output)["result"], result, "{script}");
        assert_eq!(text(&output.stderr).contains("seen"), script.contains("seen"), "{script}");
        // Neither arguments nor output without --record.
        assert!(!text(&output.stdout).contains("seen"), "{script}");
    }
}

#[test]
fn a_failed_command_is_attested_all_the_same() {
    let place = Place::new();
    let output = place.signed("test", &["--", "sh", "-c", "exit 3"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("attested FAILED"), "{}", text(&output.stderr));
    assert_eq!(place.attached(), 1);
}

#[test]
fn a_command_that_cannot_run_attests_nothing() {
    let place = Place::new();
    for (program, status) in [("no-such-program-anywhere", 127), ("./app/oci-layout", 126)] {
        let output = place.signed("test", &["--", program]);
        assert_eq!(output.status.code(), Some(status), "{}", text(&output.stderr));
    }
    assert_eq!(place.attached(), 0);
}

#[test]
fn the_command_sees_no_secret() {
    let place = Place::new();
    let output = place.dry("test", &["--record", "--", "env"]);
    let recorded = predicate(&output)["attest_test"]["command"].clone();
    let seen = recorded["output"].as_str().unwrap();
    assert!(seen.contains("PATH="), "{seen}");
    for secret in ["ATTEST_PASSWORD", "SIGSTORE_ID_TOKEN", "not-a-real-token"] {
        assert!(!seen.contains(secret), "{secret} reached the command");
    }
    assert_eq!(recorded["arguments"], json::json!(["env"]));
}

#[test]
fn a_failure_in_a_report_is_a_success_of_attest() {
    let place = Place::new();
    let pattern = report("test/nextest-*.xml");
    let output = place.signed("test", &["--report", &pattern, "--name", "unit"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        text(&output.stderr).ends_with("attested FAILED (4 of 12)\n"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(place.attached(), 1);
}

#[test]
fn what_is_refused_writes_nothing_and_says_its_code() {
    let place = Place::new();
    for (verb, name, code) in [
        ("test", "test/pytest-empty.xml", "no-test"),
        ("test", "test/truncated-pytest-mixed.xml", "truncated"),
        ("test", "test/none-*.xml", "no-report"),
        ("test", "scan/trivy-vuln-clean.json", "unknown-format"),
        ("scan", "test/pytest-pass.xml", "unknown-format"),
        ("scan", "scan/grype-clean.json", "unknown-format"),
        ("scan", "scan/trivy-image-ocidir.json", "no-scan"),
        ("scan", "scan/truncated-trivy-vuln.json", "truncated"),
    ] {
        let output = place.signed(verb, &["--report", &report(name)]);
        assert_eq!(output.status.code(), Some(1), "{name}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(&format!("[{code}]")), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    }
    assert_eq!(place.attached(), 0);
}

#[test]
fn a_scan_names_what_binds_it_and_which_database() {
    let place = Place::new();
    let words = [
        "--report",
        &report("scan/trivy-vuln-madeup-db-ocidir.json"),
        "--report",
        &report("scan/trivy-version.json"),
    ];
    let predicate = predicate(&place.dry("scan", &words));
    assert_eq!(predicate["attest_scan"]["bound"], "config");
    assert_eq!(predicate["scanner"]["db"]["lastUpdate"], "2026-11-23T00:00:00Z");
    assert_eq!(predicate["scanner"]["result"].as_array().unwrap().len(), 8);
}
