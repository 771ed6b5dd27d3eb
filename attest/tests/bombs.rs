//! Reports that are made to cost: each ends with a clear refusal, in a process that may not have more
//! memory than a multiple of the largest report that is read.
//!
//! The inputs are made here and thrown away. What would cost time instead, by work that grows with
//! the square of the report, would keep these tests from ending.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A little less than is read of a report.
const LARGE: usize = 60 << 20;
/// The address space of the process, in KiB: ten times the report.
const MEMORY: usize = 640 << 10;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("bomb")
    }

    /// `before`, then `piece` until the report is large, then `after`.
    fn fill(&self, before: &str, piece: &str, after: &str) {
        self.fill_to(LARGE, before, piece, after);
    }

    fn fill_to(&self, size: usize, before: &str, piece: &str, after: &str) {
        let mut file = BufWriter::new(File::create(self.path()).unwrap());
        file.write_all(before.as_bytes()).unwrap();
        for _ in 0..(size - before.len() - after.len()) / piece.len() {
            file.write_all(piece.as_bytes()).unwrap();
        }
        file.write_all(after.as_bytes()).unwrap();
        file.into_inner().unwrap().sync_all().unwrap();
    }

    /// Runs `attest VERB --OPTION bomb` in little memory.
    fn attest(&self, verb: &str, option: &str) -> Output {
        let image = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/images/app-oci");
        let line = format!(
            "ulimit -v {MEMORY}; exec {} {verb} oci:{}:v1 --as registry.example.com/acme/app \
             {option} {} --dry-run",
            env!("CARGO_BIN_EXE_attest"),
            image.display(),
            self.path().display(),
        );
        Command::new("sh").args(["-c", &line]).output().unwrap()
    }

    fn refused(&self, verb: &str, code: &str) {
        let option = if verb == "sbom" { "--file" } else { "--report" };
        let output = self.attest(verb, option);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(&format!("[{code}]")), "{stderr}");
        assert!(stderr.len() < 2000, "{} bytes of words", stderr.len());
    }
}

#[test]
fn a_gibibyte_is_not_read() {
    let place = Place::new();
    for (verb, code) in [("scan", "too-large"), ("test", "too-large"), ("sbom", "too-large")] {
        File::create(place.path()).unwrap().set_len(1 << 30).unwrap();
        place.refused(verb, code);
    }
    // What says nothing of its size is no report: a device, a pipe.
    fs::remove_file(place.path()).unwrap();
    std::os::unix::fs::symlink("/dev/zero", place.path()).unwrap();
    let output = place.attest("scan", "--report");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("it is no regular file"), "{stderr}");
}

#[test]
fn deep_documents_end_with_their_limit() {
    let place = Place::new();
    place.fill("<testsuites>", "<testsuite>", "");
    place.refused("test", "too-deep");
    place.fill("", "# Subtest: a\n    ", "\n");
    place.refused("test", "unknown-format");
    place.fill(r#"{"SchemaVersion": 2, "Results": "#, "[", "");
    place.refused("scan", "truncated");
    place.fill("", r#"{"a":"#, "");
    place.refused("scan", "truncated");
}

#[test]
fn entities_are_not_expanded() {
    let place = Place::new();
    let lol = r#"<!DOCTYPE t [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>"#;
    place.fill(&format!("{lol}<testsuite>"), "&b;", "</testsuite>");
    place.refused("test", "doctype");
    place.fill("<testsuite>", "&b;", "</testsuite>");
    place.refused("test", "entity");
    let outside = r#"<!DOCTYPE t SYSTEM "file:///etc/passwd"><testsuite/>"#;
    fs::write(place.path(), outside).unwrap();
    place.refused("test", "doctype");
}

#[test]
fn lists_of_nothing_cost_nothing() {
    let place = Place::new();
    // Each `{}` would cost a hundred bytes and more.
    let fill = |before: &str, piece, after| place.fill_to(LARGE / 4, before, piece, after);
    fill(r#"{"SchemaVersion":2,"Results":[{}"#, ",{}", "]}");
    place.refused("scan", "too-many");
    let package = r#"{"results":[{"packages":[{"package":{},"vulnerabilities":[{"id":"A","#;
    fill(&format!(r#"{package}"affected":[{{}}"#), ",{}", "]}]}]}],\"experimental_config\":{}}");
    place.refused("scan", "too-many");
    fill(r#"{"runs":[{"tool":{"driver":{"name":"x","rules":[{"id":""}"#, ",{}", "]}}}]}");
    place.refused("scan", "too-many");
    fill(r#"{"descriptor":{"name":"grype"},"matches":[{}"#, ",{}", "]}");
    place.refused("scan", "too-many");
}

#[test]
fn what_is_told_once_is_not_copied_a_hundred_thousand_times() {
    let place = Place::new();
    let long = "x".repeat(8 << 20);
    let rule = format!(r#""rules":[{{"id":"{long}","properties":{{"purls":["{long}"]}}}}]"#);
    let before = format!(r#"{{"runs":[{{"tool":{{"driver":{{"name":"x",{rule}}}}},"results":["#);
    let results = vec![r#"{"ruleIndex":0}"#; 90_000].join(",");
    fs::write(place.path(), format!("{before}{results}]}}]}}")).unwrap();
    place.refused("scan", "unbound");
    place.fill(&format!(r#"<testsuite name="{long}">"#), "<error/>", "</testsuite>");
    place.refused("test", "too-many");
}

#[test]
fn lines_and_attributes_without_end_are_read_once() {
    let place = Place::new();
    let fill = |before: &str, piece, after| place.fill_to(LARGE / 2, before, piece, after);
    fill("1..1\nok 1 ", "#", "\n");
    let output = place.attest("test", "--report");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    fill("<testsuite ", "a ", "/>");
    place.refused("test", "malformed");
    let line = "{\"Action\":\"run\",\"Package\":\"p\"}\n";
    fill(line, line, "");
    place.refused("test", "too-many");
}
