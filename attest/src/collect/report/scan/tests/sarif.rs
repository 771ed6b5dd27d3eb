//! SARIF: of Trivy, of others, and of what is no scan.

use super::{dialects::fixed, *};

#[test]
fn sarif_of_trivy_names_the_image_in_its_properties() {
    for (name, by) in [
        ("trivy-vuln-madeup-db-registry.sarif", By::Manifest),
        ("trivy-vuln-clean.sarif", By::Manifest),
    ] {
        assert_eq!(bound(&one(name).unwrap(), false), Ok(by), "{name}");
    }
    let name = "trivy-vuln-madeup-db-registry.sarif";
    let other = CONFIG.replace('1', "2");
    let foreign = read(&[edited(name, CONFIG, &other)], None).unwrap();
    assert_eq!(bound(&foreign, true).unwrap_err().code(), "wrong-image");
    let report = one(name).unwrap();
    assert_eq!(report.of, Of::Image);
    let first = &report.findings[2];
    assert_eq!(first.place.package.as_deref(), Some("libssl3"));
    assert_eq!(first.place.installed.as_deref(), Some("3.0.11-1~deb12u2"));
    assert_eq!(first.fix, fixed("3.0.11-1~deb12u3"));
    assert_eq!(report.findings[0].fix, Fix::Unsaid, "empty is no word");
    for name in ["grype-madeup-db-registry.sarif", "osv-scanner-madeup-db.sarif"] {
        assert_eq!(bound(&one(name).unwrap(), false).unwrap_err().code(), "unbound", "{name}");
    }
}

#[test]
fn sarif_of_secrets_alone_shows_no_scan() {
    for name in ["trivy-image-ocidir.sarif", "trivy-image-registry-tag.sarif"] {
        assert_eq!(one(name).unwrap_err().code(), "no-scan", "{name}");
    }
    assert_eq!(one("trivy-vuln-clean.sarif").unwrap().ran, Ran::Claimed);
    assert_eq!(one("trivy-vuln-madeup-db-registry.sarif").unwrap().ran, Ran::Shown);
    let both = edited(
        "trivy-vuln-madeup-db-registry.sarif",
        r#""vulnerability",
                  "security",
                  "LOW""#,
        r#""secret",
                  "security",
                  "LOW""#,
    );
    let report = read(&[both], None).unwrap();
    assert_eq!((report.findings.len(), report.left_out.secrets), (7, 1));
}

fn log(run: &str) -> Result<ScanReport, Refused> {
    read(&[made("made.sarif", format!(r#"{{"version": "2.1.0", "runs": [{run}]}}"#))], None)
}

#[test]
fn sarif_of_any_tool_is_rated_by_its_rules() {
    let report = log(r#"{"tool": {"driver": {"name": "Snyk Container", "semanticVersion": "1.2+3",
        "rules": [{"id": "A", "properties": {"security-severity": "9.1"}},
                  {"id": "B", "properties": {"security-severity": 5}}, {"id": "C"}]},
        "extensions": [{"name": "more", "rules": [
            {"id": "X", "properties": {"security-severity": "7.5"}}]}]},
        "invocations": [{"endTimeUtc": "2026-11-23T17:00:00Z"}, {"endTimeUtc": "2026-11-23T16:00:00Z"}],
        "results": [{"ruleId": "A"}, {"ruleIndex": 1}, {"rule": {"id": "C"}, "level": "error"},
            {"ruleId": "A/sub"}, {"ruleId": "X", "kind": "fail"}, {"ruleId": "nowhere"},
            {"ruleId": "C", "properties": {"security-severity": "4.0"}}, {"ruleIndex": -1},
            {"ruleId": "A", "kind": "pass"}, {"ruleId": "A", "kind": "notApplicable"},
            {"ruleId": "A", "baselineState": "absent"}]}"#)
    .unwrap();
    assert_eq!(report.uri, "pkg:generic/snyk-container@1.2%2B3");
    assert_eq!(report.tool, "snyk-container");
    assert_eq!(time::write(report.finished.unwrap()), "2026-11-23T17:00:00Z");
    let rows: Vec<_> =
        report.findings.iter().map(|f| (f.id.as_str(), f.severity().word())).collect();
    assert_eq!(
        rows,
        [
            ("A", "critical"),
            ("B", "medium"),
            ("C", "unknown"),
            ("A/sub", "critical"),
            ("X", "high"),
            ("nowhere", "unknown"),
            ("C", "medium"),
            ("", "unknown"),
        ]
    );
    assert_eq!((report.of, report.filtered), (Of::Unknown, Filtered::Unknown));
}

#[test]
fn what_is_suppressed_in_sarif_is_kept_beside_the_findings() {
    let report = log(r#"{"tool": {"driver": {"name": "x"}}, "results": [
        {"ruleId": "A", "suppressions": [{"kind": "external", "justification": "not reachable"}]},
        {"ruleId": "B", "suppressions": [{"kind": "inSource", "status": "accepted"}]},
        {"ruleId": "C", "suppressions": [{"status": "underReview"}, {"status": "rejected"}]},
        {"ruleId": "D", "suppressions": []}]}"#)
    .unwrap();
    let ids: Vec<_> = report.findings.iter().map(|f| f.id.as_str()).collect();
    assert_eq!(ids, ["C", "D"]);
    let ids: Vec<_> = report.suppressed.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["A", "B"]);
    assert_eq!(report.suppressed[0].source.as_deref(), Some("external"));
    assert_eq!(report.suppressed[0].statement.as_deref(), Some("not reachable"));
    assert_eq!(report.filtered, Filtered::Yes);
}

#[test]
fn runs_of_one_tool_are_one_report_and_of_two_none() {
    let run = |name: &str, id: &str| {
        format!(
            r#"{{"tool": {{"driver": {{"name": "{name}"}}}}, "results": [{{"ruleId": "{id}"}}]}}"#
        )
    };
    let both = log(&format!("{}, {}", run("x", "A"), run("X", "B"))).unwrap();
    assert_eq!(both.findings.len(), 2);
    let two = log(&format!("{}, {}", run("x", "A"), run("y", "B")));
    assert_eq!(two.unwrap_err().code(), "report-count");
    assert_eq!(log("").unwrap_err().code(), "no-scan");
    assert_eq!(log(&run("", "A")).unwrap_err().code(), "unknown-format");
    assert_eq!(log(r#"{"tool": {}}"#).unwrap_err().code(), "unreadable");
}
