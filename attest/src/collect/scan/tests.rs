use evidence::{
    Digest, Statement, Subject,
    predicate::{Claim, VULNS, View, vulns},
};

use super::{
    super::report::{
        scan::{self, bind},
        testing::{made, sample},
    },
    *,
};

const MANIFEST: &str = "sha256:b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";
const CONFIG: &str = "sha256:1396f8186555d79f474ce19821f75ec296fdf5dabac437d7f6260d6d93d45436";

fn digest(text: &str) -> Digest {
    text.parse().unwrap()
}

fn report(names: &[&str]) -> ScanReport {
    let files: Vec<_> = names.iter().map(|name| sample(&format!("scan/{name}"))).collect();
    scan::read(&files, None).unwrap()
}

fn bound(report: &ScanReport, unbound: bool) -> Bound<'_> {
    let (manifest, config) = (digest(MANIFEST), digest(CONFIG));
    bind::bind(
        report,
        bind::Image { manifest: &manifest, index: None, config: Some(&config), layers: &[] },
        unbound,
    )
    .unwrap()
}

fn written(report: &ScanReport) -> Value {
    let run = Run {
        name: Some("nightly".into()),
        signed_at: Some("2026-11-23T18:00:00Z".into()),
        ..Run::default()
    };
    predicate(&bound(report, true), None, &run).unwrap()
}

/// Through the bytes that are signed, as `verify` reads them.
fn read_back(predicate: Value) -> (vulns::Scan, Run) {
    let statement = Statement {
        subjects: vec![Subject::new("registry.example.com/acme/app", digest(MANIFEST))],
        predicate_type: VULNS.to_owned(),
        predicate,
    };
    let statement = Statement::parse(&statement.to_bytes()).unwrap();
    match Claim::read(&statement).unwrap() {
        Claim { view: View::Scan(scan), run, time } => {
            assert_eq!(time, time::parse("2026-11-23T18:00:00Z"));
            (scan, run)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn verify_reads_back_what_the_report_says() {
    for name in [
        "trivy-vuln-madeup-db-registry.json",
        "trivy-vuln-madeup-db-ocidir.json",
        "trivy-vuln-madeup-db-filtered.json",
        "trivy-vuln-madeup-db-from-sbom.json",
        "trivy-vuln-madeup-db-ignored-shown.json",
        "trivy-vuln-clean.json",
        "synthetic-trivy-vulns.json",
        "synthetic-trivy-clean.json",
    ] {
        let report = report(&[name]);
        let (scan, run) = read_back(written(&report));
        assert_eq!(run.name.as_deref(), Some("nightly"));
        assert_eq!((scan.tool.as_str(), scan.version.as_deref()), ("trivy", Some("0.76.0")));
        assert_eq!(scan.finished.unwrap().as_second(), report.finished.unwrap().as_second());
        assert_eq!((scan.database, scan.bound), (None, Some(true)));
        assert_eq!(scan.suppressed, u64::try_from(report.suppressed.len()).unwrap());
        let expected: Vec<_> = report
            .findings
            .iter()
            .map(|found| vulns::Vulnerability {
                id: found.id.clone(),
                severity: found.severity(),
                unsure: found.severity() == vulns::Severity::Unknown,
                package: found
                    .place
                    .package
                    .as_ref()
                    .map(|name| format!("{name} {}", found.place.installed.clone().unwrap())),
                fix: found.fix.clone(),
            })
            .collect();
        assert_eq!(scan.findings, expected, "{name}");
    }
}

#[test]
fn verify_reads_back_the_database_and_what_is_unbound() {
    let mut report = report(&["trivy-vuln-madeup-db-registry.json", "trivy-version.json"]);
    report.names = scan::Names::default();
    let (scan, _) = read_back(written(&report));
    assert_eq!(scan.database, time::parse("2026-11-23T00:00:00Z"));
    assert_eq!(scan.bound, Some(false));
}

#[test]
fn the_predicate_has_these_members() {
    let report = report(&["trivy-vuln-madeup-db-ignored-shown.json", "trivy-version.json"]);
    let predicate = written(&report);
    let finding = &predicate["scanner"]["result"][2];
    assert_eq!(
        *finding,
        json!({
            "id": "CVE-2099-10006",
            "severity": [{"method": "nvd", "score": "MEDIUM"}],
            "annotations": [{
                "package": "libssl3",
                "installedVersion": "3.0.11-1~deb12u2",
                "fix": "none",
                "status": "fix_deferred",
                "purl": "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12.5",
            }],
        })
    );
    assert_eq!(predicate["scanner"]["uri"], "pkg:github/aquasecurity/trivy@0.76.0");
    assert_eq!(predicate["scanner"]["db"], json!({"lastUpdate": "2026-11-23T00:00:00Z"}));
    assert_eq!(
        predicate["metadata"],
        json!({"scanStartedOn": "2026-11-23T17:30:01Z", "scanFinishedOn": "2026-11-23T17:30:01Z"})
    );
    let mut member = predicate["attest_scan"].clone();
    let suppressed = member.as_object_mut().unwrap().remove("suppressed").unwrap();
    assert_eq!(
        member,
        json!({
            "bound": "manifest",
            "of": "image",
            "ran": "shown",
            "filtered": "yes",
            "report": report.file.to_value(),
            "leftOut": {"secrets": 0, "misconfigurations": 0, "licenses": 0},
            "database": {
                "nextUpdate": "2026-11-24T00:00:00Z",
                "downloadedAt": "2026-11-23T01:00:00Z",
            },
        })
    );
    assert_eq!(
        suppressed[1],
        json!({
            "id": "CVE-2099-10002",
            "status": "ignored",
            "source": "ign.txt",
            "severity": "CRITICAL",
            "package": "lodash",
            "installedVersion": "4.17.4",
            "purl": "pkg:npm/lodash@4.17.4",
        })
    );
}

#[test]
fn a_time_that_the_report_lacks_is_left_out() {
    let file = made("old.json", r#"{"SchemaVersion": 2, "Results": [{"Class": "os-pkgs"}]}"#);
    let report = scan::read(&[file], None).unwrap();
    let predicate = written(&report);
    assert_eq!(predicate["metadata"], json!({}));
    assert!(predicate["scanner"].get("db").is_none());
    let (scan, _) = read_back(predicate);
    assert_eq!((scan.finished, scan.version), (None, None));
}

#[test]
fn what_verify_would_not_read_is_refused() {
    let mut report = report(&["trivy-vuln-madeup-db-registry.json"]);
    report.findings[0].id = "X".repeat(PREDICATE);
    let refused = predicate(&bound(&report, false), None, &Run::default()).unwrap_err();
    assert_eq!(refused.code(), "too-many");
}

#[test]
fn people_are_told_what_counts_and_what_does_not() {
    let now = time::parse("2026-11-23T18:00:00Z").unwrap();
    let shown = report(&["trivy-vuln-madeup-db-ignored-shown.json", "trivy-version.json"]);
    assert_eq!(
        lines(&bound(&shown, false), now),
        [
            "trivy 0.76.0, database of 2026-11-23 00:00 (18 h old)",
            "critical 0, high 3 (1 fixable), medium 1, low 1, unknown 1",
            "suppressed in the report: 2",
        ]
    );
    let mut clean = report(&["trivy-secrets-and-packages.json"]);
    clean.names = scan::Names::default();
    assert_eq!(
        lines(&bound(&clean, true), now),
        [
            "trivy 0.76.0, database of an unknown date (give --database-updated)",
            "critical 0, high 0, medium 0, low 0, unknown 0",
            "not vulnerabilities, left out: 2 secrets",
            "the same report is written without a vulnerability scan, too;",
            "trivy's JSON with --list-all-pkgs=false shows that one ran",
            "unbound: nothing in the report says that it is about this image",
        ]
    );
    let silent = report(&["osv-scanner-madeup-db.json"]);
    for line in
        lines(&bound(&clean, true), now).into_iter().chain(lines(&bound(&silent, true), now))
    {
        assert!(line.len() <= 80 - "Scan      ".len(), "{line}");
    }
}

#[test]
fn every_dialect_is_read_back_with_what_was_taken_out() {
    for (name, tool, filtered, suppressed) in [
        ("grype-madeup-db-registry.json", "grype", vulns::Filtered::No, 0),
        ("grype-madeup-db-only-fixed.json", "grype", vulns::Filtered::Yes, 5),
        ("osv-scanner-madeup-db.json", "osv-scanner", vulns::Filtered::Unknown, 0),
        ("trivy-vuln-madeup-db-registry.sarif", "trivy", vulns::Filtered::Unknown, 0),
        ("osv-scanner-madeup-db.sarif", "osv-scanner", vulns::Filtered::Unknown, 0),
    ] {
        let report = report(&[name]);
        let (scan, _) = read_back(written(&report));
        assert_eq!((scan.tool.as_str(), scan.filtered), (tool, Some(filtered)), "{name}");
        assert_eq!((scan.findings.len(), scan.suppressed), (report.findings.len(), suppressed));
        assert_eq!(scan.database, report.database.map(|database| database.updated));
        let severities: Vec<_> = scan.findings.iter().map(|f| f.severity).collect();
        let expected: Vec<_> = report.findings.iter().map(Finding::severity).collect();
        assert_eq!(severities, expected, "{name}");
    }
}

#[test]
fn a_scanner_that_was_run_here_gives_its_times_and_status() {
    use crate::collect::command::Ended;
    let at = |text| time::parse(text).unwrap();
    let ran = Command {
        ended: Ended::Exit(2),
        stopped: None,
        started: at("2026-11-23T17:00:00Z"),
        finished: at("2026-11-23T17:00:09Z"),
        recorded: None,
    };
    let of = |name: &str| {
        let mut report = report(&[name]);
        report.filters = vec!["--only-fixed".into()];
        predicate(&bound(&report, true), Some(&ran), &Run::default()).unwrap()
    };
    let silent = of("osv-scanner-madeup-db.json");
    assert_eq!(
        silent["metadata"],
        json!({"scanStartedOn": "2026-11-23T17:00:00Z", "scanFinishedOn": "2026-11-23T17:00:09Z"})
    );
    assert_eq!(silent["attest_scan"]["exitCode"], 2);
    assert_eq!(silent["attest_scan"]["filters"], json!(["--only-fixed"]));
    let finding = &silent["scanner"]["result"][0]["annotations"][0];
    assert_eq!(finding["aliases"], json!(["CVE-2099-10002"]));
    // The report's own end is the end of the scan.
    let stated = of("grype-madeup-db-registry.json");
    assert_eq!(stated["metadata"]["scanFinishedOn"], "2026-11-23T17:38:59Z");
}
