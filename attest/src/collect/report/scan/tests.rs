use evidence::Digest;

use super::{
    super::testing::{made, root, sample},
    bind::{By, Image, bind},
    *,
};

mod dialects;
mod sarif;

const MANIFEST: &str = "sha256:b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";
const CONFIG: &str = "sha256:1396f8186555d79f474ce19821f75ec296fdf5dabac437d7f6260d6d93d45436";
const INDEX: &str = "sha256:782419d2e04c4377f25a4aaee15e8e753b4f0e45dae61616477e71f75cf447e0";

fn digest(text: &str) -> Digest {
    text.parse().unwrap()
}

fn one(name: &str) -> Result<ScanReport, Refused> {
    read(&[sample(&format!("scan/{name}"))], None)
}

fn bound(report: &ScanReport, unbound: bool) -> Result<By, Refused> {
    let (manifest, config) = (digest(MANIFEST), digest(CONFIG));
    let image =
        Image { manifest: &manifest, index: None, config: Some(&config), layers: &layers() };
    bind(report, image, unbound).map(|bound| bound.by())
}

/// The layers of the image, by its config.
fn layers() -> Vec<String> {
    let name = CONFIG.replace(':', "/");
    let path = root().join("testdata/images/app-oci/blobs").join(name);
    bind::layers(&std::fs::read(path).unwrap())
}

fn edited(name: &str, from: &str, to: &str) -> ReportFile {
    let file = sample(&format!("scan/{name}"));
    let text = String::from_utf8(file.bytes).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    made(name, text.replace(from, to))
}

#[test]
fn every_finding_of_trivy_is_read() {
    let report = one("trivy-vuln-madeup-db-registry.json").unwrap();
    assert_eq!(report.tool, "trivy");
    assert_eq!(report.uri, "pkg:github/aquasecurity/trivy@0.76.0");
    assert_eq!(report.version.as_deref(), Some("0.76.0"));
    assert_eq!(time::write(report.finished.unwrap()), "2026-11-23T17:29:54Z");
    assert_eq!((report.of, report.ran, report.database), (Of::Image, Ran::Shown, None));
    let found: Vec<_> = report
        .findings
        .iter()
        .map(|f| (f.id.trim_start_matches("CVE-2099-"), f.severity().word(), f.fix.clone()))
        .collect();
    let fixed = |version: &str| Fix::In(version.to_owned());
    assert_eq!(
        found,
        [
            ("10004", "high", Fix::NoneYet),
            ("10007", "low", Fix::NoneYet),
            ("10001", "critical", fixed("3.0.11-1~deb12u3")),
            ("10006", "medium", Fix::NoneYet),
            ("10003", "high", Fix::NoneYet),
            ("10008", "unknown", Fix::NoneYet),
            ("10002", "critical", fixed("4.17.12")),
            ("10005", "high", fixed("1.2.6, 0.2.4")),
        ]
    );
    let unrated = &report.findings[5];
    assert_eq!((unrated.rated_by.as_str(), unrated.score.as_str()), ("trivy", "UNKNOWN"));
    let rated = &report.findings[6];
    assert_eq!((rated.rated_by.as_str(), rated.score.as_str()), ("ghsa", "CRITICAL"));
    assert_eq!(rated.place.purl.as_deref(), Some("pkg:npm/lodash@4.17.4"));
}

#[test]
fn a_state_that_is_not_known_says_nothing_of_fixes() {
    let name = "trivy-vuln-madeup-db-registry.json";
    for (word, fix) in [
        ("brand_new", Fix::Unsaid),
        ("", Fix::Unsaid),
        ("fixed", Fix::Unsaid),
        ("affected", Fix::NoneYet),
    ] {
        let file = edited(name, "\"end_of_life\"", &format!("\"{word}\""));
        assert_eq!(read(&[file], None).unwrap().findings[0].fix, fix, "{word}");
    }
}

#[test]
fn what_was_suppressed_is_kept_beside_the_findings() {
    let report = one("trivy-vuln-madeup-db-ignored-shown.json").unwrap();
    assert_eq!(report.findings.len(), 6);
    let ids: Vec<_> = report.suppressed.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["CVE-2099-10001", "CVE-2099-10002"]);
    let first = &report.suppressed[0];
    assert_eq!(first.status.as_deref(), Some("ignored"));
    assert_eq!(first.source.as_deref(), Some("ign.txt"));
    assert_eq!(first.score, "CRITICAL");
    assert!(one("trivy-vuln-madeup-db-ignored.json").unwrap().suppressed.is_empty());
}

#[test]
fn a_scan_that_looked_for_no_vulnerability_is_refused() {
    for name in [
        "trivy-image-ocidir.json",
        "trivy-image-registry-digest.json",
        "trivy-image-registry-index.json",
    ] {
        assert_eq!(one(name).unwrap_err().code(), "no-scan", "{name}");
    }
    let none = made("none.json", r#"{"SchemaVersion": 2, "Results": null}"#);
    assert_eq!(read(&[none], None).unwrap_err().code(), "no-scan");
}

#[test]
fn a_clean_report_says_how_sure_it_is() {
    // Byte for byte the same but for names and times: one is of `--scanners secret`.
    assert_eq!(one("trivy-vuln-clean.json").unwrap().ran, Ran::Claimed);
    assert_eq!(one("trivy-secrets-and-packages.json").unwrap().ran, Ran::Claimed);
    assert_eq!(one("trivy-vuln-clean-no-packages.json").unwrap().ran, Ran::Shown);
    assert_eq!(one("synthetic-trivy-clean.json").unwrap().ran, Ran::Shown);
    assert_eq!(one("trivy-vuln-madeup-db-ignored-shown.json").unwrap().ran, Ran::Shown);
}

#[test]
fn other_matters_are_counted_and_left_out() {
    let report = one("trivy-secrets-and-packages.json").unwrap();
    assert_eq!(report.left_out, LeftOut { secrets: 2, misconfigurations: 0, licenses: 0 });
    assert!(report.findings.is_empty());
}

#[test]
fn the_config_digest_decides() {
    for (name, by) in [
        ("trivy-vuln-madeup-db-registry.json", By::Manifest),
        ("trivy-vuln-madeup-db-ocidir.json", By::Config),
        ("trivy-vuln-madeup-db-from-sbom.json", By::Manifest),
        ("synthetic-trivy-vulns.json", By::Manifest),
    ] {
        assert_eq!(bound(&one(name).unwrap(), false), Ok(by), "{name}");
    }
    assert_eq!(one("trivy-vuln-madeup-db-from-sbom.json").unwrap().of, Of::Sbom);
    // The registry listed the index; the config is this platform's.
    let name = "trivy-vuln-madeup-db-registry.json";
    let of_index = read(&[edited(name, MANIFEST, INDEX)], None).unwrap();
    assert_eq!(bound(&of_index, false), Ok(By::Config));
}

#[test]
fn a_report_about_another_image_is_refused_whatever_is_asked() {
    let name = "trivy-vuln-madeup-db-registry.json";
    let other = CONFIG.replace('1', "2");
    for (from, to) in [(CONFIG, other.as_str()), (CONFIG, "sha256:1396"), (CONFIG, "app")] {
        // RepoDigests still names our manifest: the config decides.
        let report = read(&[edited(name, from, to)], None).unwrap();
        assert_eq!(bound(&report, false).unwrap_err().code(), "wrong-image");
        assert_eq!(bound(&report, true).unwrap_err().code(), "wrong-image");
    }
    let mut report = one(name).unwrap();
    report.names.config = None;
    assert_eq!(bound(&report, false), Ok(By::Manifest));
    report.names.manifests = vec![format!("registry.example.com/acme/app@{INDEX}")];
    assert_eq!(bound(&report, true).unwrap_err().code(), "wrong-image");
}

#[test]
fn a_report_about_no_image_is_taken_only_when_said() {
    let mut report = one("trivy-vuln-madeup-db-registry.json").unwrap();
    report.names = Names::default();
    assert_eq!(bound(&report, false).unwrap_err().code(), "unbound");
    assert_eq!(bound(&report, true), Ok(By::None));
}

#[test]
fn an_index_is_vouched_for_by_no_platform() {
    let name = "trivy-vuln-madeup-db-registry.json";
    let index = digest(INDEX);
    let image = Image { manifest: &index, index: None, config: None, layers: &[] };
    let of_index = read(&[edited(name, MANIFEST, INDEX)], None).unwrap();
    let mut without_config = of_index.clone();
    without_config.names.config = None;
    for report in [&of_index, &without_config, &one(name).unwrap()] {
        let refused = bind(report, image, false).unwrap_err();
        assert_eq!(refused.code(), "unbound");
        assert!(refused.to_string().contains("index"), "{refused}");
        assert_eq!(bind(report, image, true).unwrap().by(), By::None);
    }
    let mut foreign = one(name).unwrap();
    foreign.names.config = None;
    assert_eq!(bind(&foreign, image, true).unwrap_err().code(), "wrong-image");
}

#[test]
fn the_version_file_says_which_database() {
    let report = sample("scan/trivy-vuln-madeup-db-registry.json");
    let version = sample("scan/trivy-version.json");
    for files in [[report.clone(), version.clone()], [version.clone(), report.clone()]] {
        let database = read(&files, None).unwrap().database.unwrap();
        assert_eq!(time::write(database.updated), "2026-11-23T00:00:00Z");
        assert_eq!(time::write(database.next.unwrap()), "2026-11-24T00:00:00Z");
        assert_eq!(time::write(database.downloaded.unwrap()), "2026-11-23T01:00:00Z");
    }
    let same = time::parse("2026-11-23T00:00:00Z");
    assert!(read(&[report.clone(), version.clone()], same).is_ok());
    let other = time::parse("2026-11-22T00:00:00Z");
    let refused = read(&[report.clone(), version], other).unwrap_err();
    assert_eq!(refused.code(), "database-twice");
    assert_eq!(read(&[report], other).unwrap().database.map(|d| d.updated), other);
}

#[test]
fn a_database_that_cannot_be_the_scans_is_refused() {
    let report = sample("scan/trivy-vuln-madeup-db-registry.json");
    let after = time::parse("2026-11-23T17:31:00Z");
    let refused = read(std::slice::from_ref(&report), after).unwrap_err();
    assert_eq!(refused.code(), "database-after-scan");
    let with = |version: ReportFile| read(&[report.clone(), version], None).unwrap_err().code();
    assert_eq!(with(edited("trivy-version.json", "0.76.0", "0.75.0")), "other-version");
    assert_eq!(with(edited("trivy-version.json", "VulnerabilityDB", "JavaDB")), "no-database");
    assert_eq!(with(edited("trivy-version.json", "2026-11-23T00", "0001-01-01T00")), "no-database");
}

#[test]
fn an_older_trivy_states_neither_version_nor_time() {
    let json = r#"{"SchemaVersion": 2, "ArtifactType": "container_image",
        "Results": [{"Class": "os-pkgs"}]}"#;
    let report = read(&[made("old.json", json)], None).unwrap();
    assert_eq!((report.version.as_deref(), report.finished), (None, None));
    assert_eq!(report.uri, "pkg:github/aquasecurity/trivy");
    let report = read(&[made("old.json", json), sample("scan/trivy-version.json")], None).unwrap();
    assert_eq!(report.uri, "pkg:github/aquasecurity/trivy@0.76.0");
}

#[test]
fn a_scan_whose_age_nobody_can_tell_is_refused() {
    let at = "2026-11-23T17:29:54.339435193Z";
    let name = "trivy-vuln-madeup-db-registry.json";
    for time in ["2026-13-45", "yesterday", "2026-11-23T17:29:54"] {
        let refused = read(&[edited(name, at, time)], None).unwrap_err();
        assert_eq!(refused.code(), "time-unreadable", "{time}");
    }
    for time in ["", "0001-01-01T00:00:00Z"] {
        let report = read(&[edited(name, at, time)], None).unwrap();
        assert_eq!(must_be_dated(&report).unwrap_err().code(), "no-time", "{time}");
    }
    assert_eq!(must_be_dated(&one(name).unwrap()), Ok(()));
    let grype = r#"{"matches": [], "descriptor": {"name": "grype", "timestamp": "soon"}}"#;
    let sarif = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}},
        "results": [], "invocations": [{"endTimeUtc": "soon"}]}]}"#;
    for (name, json) in [("grype.json", grype), ("x.sarif", sarif)] {
        let refused = read(&[made(name, json)], None).unwrap_err();
        assert_eq!(refused.code(), "time-unreadable", "{name}");
    }
}

#[test]
fn one_attestation_is_about_one_report() {
    let report = sample("scan/trivy-vuln-clean.json");
    let version = sample("scan/trivy-version.json");
    for files in [
        vec![],
        vec![version.clone()],
        vec![report.clone(), report.clone()],
        vec![report, version.clone(), version],
    ] {
        assert_eq!(read(&files, None).unwrap_err().code(), "report-count");
    }
}

#[test]
fn what_is_no_report_is_refused() {
    for (text, code) in [
        ("", "empty"),
        (" \n", "empty"),
        ("no json", "unknown-format"),
        ("<testsuite/>", "unknown-format"),
        ("[2, null]", "unknown-format"),
        ("{}", "unknown-format"),
        (r#"{"SchemaVersion": "2"}"#, "unknown-format"),
        (r#"{"SchemaVersion": 1}"#, "unknown-format"),
        (r#"{"SchemaVersion": 2, "SchemaVersion": 2}"#, "unknown-format"),
        (r#"{"SchemaVersion": 2"#, "truncated"),
        (r#"{"SchemaVersion": 2} {}"#, "unreadable"),
        (r#"{"SchemaVersion": 2,}"#, "unreadable"),
        (r#"{"SchemaVersion": 2, "Results": {}}"#, "unreadable"),
        (
            r#"{"SchemaVersion": 2, "Results": [{"Class": "os-pkgs", "Vulnerabilities": [{}]}]}"#,
            "unreadable",
        ),
        (
            r#"{"SchemaVersion": 2, "Results": [{"Vulnerabilities": null, "Vulnerabilities": []}]}"#,
            "unreadable",
        ),
    ] {
        assert_eq!(read(&[made("made.json", text)], None).unwrap_err().code(), code, "{text}");
    }
    for name in ["syft-registry.json", "trivy-image-registry-tag.cdx.json"] {
        let sbom = read(&[sample(&format!("sbom/{name}"))], None).unwrap_err();
        assert_eq!(sbom.code(), "unknown-format");
        assert!(sbom.to_string().contains("it looks like"), "{sbom}");
    }
    for name in ["truncated-trivy-vuln.json", "truncated-grype.sarif"] {
        assert_eq!(one(name).unwrap_err().code(), "truncated");
    }
}

#[test]
fn a_report_cut_anywhere_is_refused() {
    let directory = root().join("testdata/reports/scan");
    let mut seen = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("truncated") {
            continue;
        }
        seen += 1;
        let whole = std::fs::read(&path).unwrap();
        let last = whole.iter().rposition(|byte| *byte == b'}').unwrap();
        for end in (0..last).step_by(97).chain([last]) {
            let refused = read(&[made("cut.json", &whole[..end])], None).unwrap_err();
            // In the middle of an escape the end of the input reads as a fault.
            let code = refused.code();
            assert!(
                matches!(code, "truncated" | "empty" | "unreadable"),
                "{name} at {end}: {code}"
            );
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn deep_json_is_survived() {
    let deep = format!(r#"{{"SchemaVersion": 2, "X": {}"#, "[".repeat(1_000_000));
    let code = read(&[made("deep.json", deep)], None).unwrap_err().code();
    assert!(matches!(code, "truncated" | "unreadable"), "{code}");
}

#[test]
fn too_many_findings_are_refused() {
    let one = r#"{"VulnerabilityID":"X"}"#;
    let list = vec![one; FINDINGS + 1].join(",");
    let json = format!(
        r#"{{"SchemaVersion":2,"Results":[{{"Class":"os-pkgs","Vulnerabilities":[{list}]}}]}}"#
    );
    assert_eq!(read(&[made("many.json", json)], None).unwrap_err().code(), "too-many");
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let mut file = br#"{"SchemaVersion":2,"Results":["#.to_vec();
        file.extend(&bytes);
        let _ = read(&[made("any.json", &file), made("any.json", &bytes)], None);
    }

    #[test]
    fn no_flipped_bytes_panic(
        flips in proptest::collection::vec((proptest::num::usize::ANY, proptest::num::u8::ANY), 1..4)
    ) {
        for name in [
            "trivy-vuln-madeup-db-ignored-shown.json",
            "trivy-version.json",
            "trivy-vuln-madeup-db-registry.sarif",
            "grype-madeup-db-ignored.json",
            "synthetic-osv-scanner-image-vulns.json",
        ] {
            let mut file = sample(&format!("scan/{name}"));
            for (at, byte) in &flips {
                let length = file.bytes.len();
                file.bytes[at % length] = *byte;
            }
            if let Ok(report) = read(&[file], None) {
                let _ = bound(&report, false);
            }
        }
    }
}
