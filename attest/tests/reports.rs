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
        let mut attest = Command::new(env!("CARGO_BIN_EXE_attest"));
        // What this machine's CI says of itself is not the test's.
        let marks = ["BUILDKITE", "CIRCLECI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD"];
        for name in marks.into_iter().chain(["JENKINS_HOME", "JENKINS_URL"]) {
            attest.env_remove(name);
        }
        attest
            .args(words)
            .current_dir(self.directory.path())
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
        ("test", "test/perl-skipall.tap", "no-test"),
        ("test", "test/truncated-go-test-mixed.json", "truncated"),
        ("test", "test/jest-mixed.json", "unknown-format"),
        ("scan", "sbom/syft-registry.json", "unknown-format"),
        ("scan", "scan/osv-scanner-clean.json", "unbound"),
        ("scan", "scan/grype-madeup-db-registry.sarif", "unbound"),
        ("scan", "scan/trivy-image-ocidir.sarif", "no-scan"),
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

/// A file of the place.
fn written(place: &Place, name: &str, from: &str) {
    std::fs::copy(report(from), place.directory.path().join(name)).unwrap();
}

#[test]
fn a_green_report_of_a_run_that_failed_is_a_failure() {
    let place = Place::new();
    let hidden = report("test/jest-junit-load-error-hidden.xml");
    let script = format!("cp {hidden} out.xml; exit 1");
    let output = place.signed("test", &["--report", "out.xml", "--", "sh", "-c", &script]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).ends_with("attested FAILED (exit status 1)\n"));
    assert!(text(&output.stdout).contains("2 passed"), "{}", text(&output.stdout));
    let script = format!("cp {hidden} again.xml");
    let output = place.dry("test", &["--report", "again.xml", "--", "sh", "-c", &script]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let passed = predicate(&output);
    assert_eq!(
        (&passed["result"], &passed["attest_test"]["exitCode"]),
        (&json("PASSED"), &json(0))
    );

    // It ran before, and somebody kept how it ended.
    for (code, result) in [("0", "PASSED"), ("1", "FAILED"), ("139", "FAILED")] {
        let output = place.dry("test", &["--report", &hidden, "--exit-code", code]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(predicate(&output)["result"], result, "{code}");
    }
    for words in [
        &["--exit-code", "1"][..],
        &["--report", &hidden, "--exit-code", "256"],
        &["--report", &hidden, "--exit-code", "1", "--", "true"],
    ] {
        assert_eq!(place.dry("test", words).status.code(), Some(2), "{words:?}");
    }
}

fn json(value: impl Into<Value>) -> Value {
    value.into()
}

#[test]
fn a_red_report_of_a_run_that_ended_well_is_a_failure() {
    let place = Place::new();
    let script = format!("cp {} out.xml", report("test/nextest-mixed.xml"));
    let output = place.signed("test", &["--report", "out.xml", "--", "sh", "-c", &script]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).ends_with("attested FAILED (4 of 7)\n"));
}

#[test]
fn a_report_that_the_command_did_not_write_is_refused() {
    let place = Place::new();
    written(&place, "out.xml", "test/pytest-pass.xml");
    let words = ["--report", "out.xml", "--", "true"];
    let output = place.signed("test", &words);
    assert_eq!(output.status.code(), Some(125), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("[stale-report]"), "{}", text(&output.stderr));
    // Moved there with its old time.
    let script =
        format!("cp -p {} new.xml && touch -d 2020-01-01 new.xml", report("test/pytest-pass.xml"));
    let output = place.signed("test", &["--report", "new.xml", "--", "sh", "-c", &script]);
    assert_eq!(output.status.code(), Some(125));
    assert!(text(&output.stderr).contains("[stale-report]"), "{}", text(&output.stderr));
    // Among others that are new.
    std::fs::create_dir(place.directory.path().join("all")).unwrap();
    written(&place, "all/old.xml", "test/pytest-pass.xml");
    let script = format!("cp {} all/new.xml", report("test/nextest-pass.xml"));
    let output = place.signed("test", &["--report", "all", "--", "sh", "-c", &script]);
    assert_eq!(output.status.code(), Some(125));
    let output = place.signed("test", &["--report", "none.xml", "--", "true"]);
    assert!(text(&output.stderr).contains("[no-report]"), "{}", text(&output.stderr));
    assert_eq!(place.attached(), 0);
}

#[test]
fn a_command_that_failed_is_attested_without_its_report() {
    let place = Place::new();
    written(&place, "old.xml", "test/pytest-pass.xml");
    for (name, code) in [("none.xml", "no-report"), ("old.xml", "stale-report")] {
        let words = ["--report", name, "--", "sh", "-c", "exit 2"];
        let output = place.dry("test", &words);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        let failed = predicate(&output);
        assert_eq!(failed["result"], "FAILED");
        assert_eq!(failed["attest_test"]["command"]["unreadReport"], code);
        assert!(text(&output.stderr).contains("warning"), "{}", text(&output.stderr));
    }
}

#[test]
fn a_scanner_that_is_run_here_cannot_hide_what_it_filtered() {
    let place = Place::new();
    let bin = place.directory.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let from = report("scan/trivy-vuln-madeup-db-filtered.json");
    let script = format!("#!/bin/sh\nenv > seen\ncp {from} t.json\nexit \"${{TRIVY_ENDS:-0}}\"\n");
    let trivy = bin.join("trivy");
    std::fs::write(&trivy, script).unwrap();
    std::fs::set_permissions(&trivy, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let run = |words: &str| {
        let words: Vec<&str> =
            ["--report", "t.json", "--", "bin/trivy"].into_iter().chain(words.split(' ')).collect();
        place.dry("scan", &words)
    };
    let asked = run("image --severity CRITICAL --ignore-unfixed app:v1");
    assert_eq!(asked.status.code(), Some(0), "{}", text(&asked.stderr));
    let member = predicate(&asked)["attest_scan"].clone();
    assert_eq!(member["filtered"], "yes");
    assert_eq!(member["filters"], json::json!(["--ignore-unfixed", "--severity CRITICAL"]));
    assert_eq!((&member["exitCode"], &member["bound"]), (&json(0), &json("manifest")));
    assert_eq!(predicate(&run("image app:v1"))["attest_scan"]["filtered"], "no");
    std::fs::write(place.directory.path().join(".trivyignore"), "CVE-2099-10001\n").unwrap();
    assert_eq!(
        predicate(&run("image app:v1"))["attest_scan"]["filters"],
        json::json!([".trivyignore"])
    );
    let seen = std::fs::read_to_string(place.directory.path().join("seen")).unwrap();
    assert!(!seen.contains("ATTEST_PASSWORD") && !seen.contains("not-a-real-token"), "{seen}");
    // Without running it, nobody knows.
    let report = predicate(&place.dry("scan", &["--report", "t.json"]));
    assert_eq!(report["attest_scan"]["filtered"], "unknown");
    assert_eq!(report["attest_scan"].get("exitCode"), None);
}

#[test]
fn a_scanner_that_fails_for_what_it_found_is_attested_and_fails_the_job() {
    let place = Place::new();
    let script = format!("cp {} g.json; exit 2", report("scan/grype-madeup-db-fail-on-high.json"));
    let output = place.signed("scan", &["--report", "g.json", "--", "sh", "-c", &script]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert_eq!(place.attached(), 1);
    // It wrote nothing: there is nothing to attest.
    for (script, code) in [("exit 1", "stale-report"), ("rm g.json; exit 1", "no-report")] {
        let output = place.signed("scan", &["--report", "g.json", "--", "sh", "-c", script]);
        assert_eq!(output.status.code(), Some(125), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains(&format!("[{code}]")), "{}", text(&output.stderr));
    }
    let output = place.signed("scan", &["--report", "g.json", "--", "no-such-program-anywhere"]);
    assert_eq!(output.status.code(), Some(127));
    assert_eq!(place.attached(), 1);
}

#[test]
fn the_version_file_beside_a_scanner_that_is_run_may_be_older() {
    let place = Place::new();
    written(&place, "v.json", "scan/trivy-version.json");
    let script = format!("cp {} t.json", report("scan/trivy-vuln-madeup-db-ocidir.json"));
    let words = ["--report", "v.json", "--report", "t.json", "--", "sh", "-c", &script];
    let output = place.dry("scan", &words);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(predicate(&output)["scanner"]["db"]["lastUpdate"], "2026-11-23T00:00:00Z");
}

#[test]
fn a_bill_of_materials_is_attested_as_it_is() {
    let place = Place::new();
    let spdx = report("sbom/syft-registry.spdx.json");
    let output = place.signed("sbom", &["--file", &spdx]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("SPDX 2.3"), "{}", text(&output.stdout));
    assert_eq!(place.attached(), 1);
    let dry = place.dry("sbom", &["--file", &spdx]);
    assert_eq!(
        json::parse(&dry.stdout).unwrap()["predicateType"],
        "https://spdx.dev/Document/v2.3"
    );
    let mut attested = predicate(&dry);
    assert!(attested.as_object_mut().unwrap().remove("attest_run").is_some());
    assert_eq!(attested, json::parse(&std::fs::read(&spdx).unwrap()).unwrap());

    let foreign = std::fs::read_to_string(&spdx).unwrap().replace("b18ecfa6", "b18ecfa7");
    std::fs::write(place.directory.path().join("foreign.json"), foreign).unwrap();
    let syft = report("sbom/syft-registry.json");
    for (file, code) in [
        ("foreign.json", "wrong-image"),
        (&syft, "unknown-format"),
        (&report("test/pytest-pass.xml"), "unreadable"),
    ] {
        let output = place.signed("sbom", &["--file", file]);
        assert_eq!(output.status.code(), Some(1), "{file}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(&format!("[{code}]")), "{}", text(&output.stderr));
    }
    assert_eq!(place.attached(), 1);
}

#[test]
fn layers_bind_a_report_that_names_nothing_else() {
    let place = Place::new();
    let words = ["--report", &report("scan/synthetic-osv-scanner-image-vulns.json")];
    let predicate = predicate(&place.dry("scan", &words));
    assert_eq!(predicate["attest_scan"]["bound"], "layers");
    assert_eq!(predicate["scanner"]["result"].as_array().unwrap().len(), 6);
}
