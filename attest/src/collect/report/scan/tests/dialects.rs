//! Grype, OSV-Scanner and others: what each says, and what binds it.

use super::*;

/// Ids without their year, severities, fixes.
fn found(report: &ScanReport) -> Vec<(String, &'static str, Fix)> {
    report.findings.iter().map(|f| (f.id.clone(), f.severity().word(), f.fix.clone())).collect()
}

/// How many are critical, high, medium, low, unknown.
fn counts(name: &str) -> [usize; 5] {
    let report = one(name).unwrap();
    let order =
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Unknown];
    order.map(|severity| report.findings.iter().filter(|f| f.severity() == severity).count())
}

pub(super) fn fixed(version: &str) -> Fix {
    Fix::In(version.to_owned())
}

#[test]
fn every_report_counts_as_its_scanner_did() {
    for (name, expected) in [
        ("grype-madeup-db-registry.json", [2, 3, 1, 1, 1]),
        ("grype-madeup-db-ocidir.json", [2, 3, 1, 1, 1]),
        ("grype-madeup-db-fail-on-high.json", [2, 3, 1, 1, 1]),
        ("grype-madeup-db-only-fixed.json", [2, 1, 0, 0, 0]),
        ("grype-madeup-db-ignored.json", [0, 3, 1, 1, 1]),
        ("grype-clean.json", [0; 5]),
        ("synthetic-grype-vulns.json", [2, 3, 0, 0, 1]),
        ("synthetic-grype-clean.json", [0; 5]),
        ("osv-scanner-madeup-db.json", [2, 3, 0, 0, 1]),
        ("osv-scanner-madeup-db-ignored.json", [1, 3, 0, 0, 1]),
        ("osv-scanner-clean.json", [0; 5]),
        ("osv-scanner-clean-all-packages.json", [0; 5]),
        ("synthetic-osv-scanner-image-vulns.json", [2, 3, 0, 0, 1]),
        ("synthetic-osv-scanner-image-clean.json", [0; 5]),
        ("trivy-vuln-madeup-db-registry.sarif", [2, 3, 1, 1, 1]),
        ("trivy-vuln-clean.sarif", [0; 5]),
        // 0.0 is what Grype writes for negligible and for unknown: both are unknown then.
        ("grype-madeup-db-registry.sarif", [2, 3, 1, 0, 2]),
        // There is no number in it at all.
        ("osv-scanner-madeup-db.sarif", [0, 0, 0, 0, 6]),
    ] {
        assert_eq!(counts(name), expected, "{name}");
    }
}

#[test]
fn each_names_its_tool_version_and_times() {
    for (name, uri, finished, database) in [
        (
            "grype-madeup-db-registry.json",
            "pkg:github/anchore/grype@0.121.2",
            Some("2026-11-23T17:38:59Z"),
            Some("2026-11-23T17:38:56Z"),
        ),
        ("grype-madeup-db-registry.sarif", "pkg:github/anchore/grype@0.121.2", None, None),
        ("osv-scanner-madeup-db.json", "pkg:github/google/osv-scanner", None, None),
        ("osv-scanner-madeup-db.sarif", "pkg:github/google/osv-scanner@1.9.2", None, None),
        ("trivy-vuln-clean.sarif", "pkg:github/aquasecurity/trivy@0.76.0", None, None),
    ] {
        let report = one(name).unwrap();
        assert_eq!(report.uri, uri, "{name}");
        assert_eq!(report.finished.map(time::write).as_deref(), finished, "{name}");
        let updated = report.database.map(|database| time::write(database.updated));
        assert_eq!(updated.as_deref(), database, "{name}");
    }
    // Before 0.87.
    let old = r#"{"matches": [], "descriptor": {"name": "grype", "version": "0.80.0",
        "db": {"built": "2024-09-01T01:02:03Z", "schemaVersion": 5}}}"#;
    let report = read(&[made("old.json", old)], None).unwrap();
    assert_eq!(time::write(report.database.unwrap().updated), "2024-09-01T01:02:03Z");
    assert_eq!((report.filtered, report.of), (Filtered::Unknown, Of::Unknown));
}

#[test]
fn grype_says_where_by_whom_and_what_mends_it() {
    let report = one("grype-madeup-db-registry.json").unwrap();
    assert_eq!(
        found(&report)[..3],
        [
            ("CVE-2099-10001".to_owned(), "critical", fixed("3.0.11-1~deb12u3")),
            ("GHSA-aaaa-bbbb-0002".to_owned(), "critical", fixed("4.17.12")),
            ("CVE-2099-10004".to_owned(), "high", Fix::NoneYet),
        ]
    );
    let second = &report.findings[1];
    assert_eq!(second.rated_by, "github:language:javascript");
    assert_eq!(second.place.purl.as_deref(), Some("pkg:npm/lodash@4.17.4"));
    assert_eq!(second.place.installed.as_deref(), Some("4.17.4"));
    let aliases = r#"{"matches": [{"vulnerability": {"id": "GHSA-1"},
        "relatedVulnerabilities": [{"id": "CVE-1"}, {"id": "GHSA-1"}]}],
        "descriptor": {"name": "grype"}}"#;
    let report = read(&[made("aliases.json", aliases)], None).unwrap();
    assert_eq!(report.findings[0].aliases, ["CVE-1"]);
    assert_eq!(
        (report.findings[0].severity(), &report.findings[0].fix),
        (Severity::Unknown, &Fix::Unsaid)
    );
}

#[test]
fn grype_admits_what_it_took_out() {
    let of = |name: &str| {
        let report = one(name).unwrap();
        (report.filtered.word(), report.filters, report.suppressed.len())
    };
    assert_eq!(of("grype-madeup-db-registry.json"), ("no", vec![], 0));
    assert_eq!(of("grype-clean.json"), ("no", vec![], 0));
    assert_eq!(of("grype-madeup-db-only-fixed.json"), ("yes", vec!["--only-fixed".to_owned()], 5));
    assert_eq!(of("grype-madeup-db-ignored.json"), ("yes", vec![], 2));
    let ignored = one("grype-madeup-db-ignored.json").unwrap();
    let second = &ignored.suppressed[1];
    assert_eq!((second.id.as_str(), second.score.as_str()), ("GHSA-aaaa-bbbb-0002", "Critical"));
    assert_eq!(second.status.as_deref(), Some("ignored"));
    assert_eq!(second.statement.as_deref(), Some("made up"));
    let unfixed = one("grype-madeup-db-only-fixed.json").unwrap();
    let states: Vec<_> = unfixed.suppressed.iter().filter_map(|s| s.source.as_deref()).collect();
    assert_eq!(states.len(), 5);
    assert!(states.contains(&"fix state wont-fix"), "{states:?}");
    let name = "grype-madeup-db-registry.json";
    for (from, to) in [
        (r#""exclude":[]"#, r#""exclude":["/app/**"]"#),
        (r#""ignore-wontfix":"""#, r#""ignore-wontfix":"wont-fix""#),
        (r#""only-notfixed":false"#, r#""only-notfixed":true"#),
    ] {
        let report = read(&[edited(name, from, to)], None).unwrap();
        assert_eq!((report.filtered, report.filters.len()), (Filtered::Yes, 1), "{to}");
    }
    // A flag that is not there was perhaps called something else.
    let older = edited(name, r#""only-fixed""#, r#""onlyFixed""#);
    assert_eq!(read(&[older], None).unwrap().filtered, Filtered::Unknown);
}

#[test]
fn grype_is_bound_by_the_platforms_manifest_and_config() {
    for (name, by) in [
        ("grype-madeup-db-registry.json", By::Manifest),
        ("grype-madeup-db-ocidir.json", By::Manifest),
        // `repoDigests` is the index; the manifest is the platform's.
        ("grype-madeup-db-registry-index.json", By::Manifest),
        ("synthetic-grype-vulns.json", By::Manifest),
    ] {
        assert_eq!(bound(&one(name).unwrap(), false), Ok(by), "{name}");
    }
    let name = "grype-madeup-db-registry.json";
    let other = "sha256:".to_owned() + &"0".repeat(64);
    // As of a daemon: another manifest of the same config.
    let exported = read(&[edited(name, MANIFEST, &other)], None).unwrap();
    assert_eq!(bound(&exported, false), Ok(By::Config));
    let foreign = read(&[edited(name, CONFIG, &other)], None).unwrap();
    assert_eq!(bound(&foreign, true).unwrap_err().code(), "wrong-image");
    let mut nameless = one(name).unwrap();
    nameless.names.config = None;
    nameless.names.manifests = vec![format!("127.0.0.1:5077/app@{INDEX}")];
    assert_eq!(bound(&nameless, true).unwrap_err().code(), "wrong-image");
    let index = digest(INDEX);
    let image = Image { manifest: &index, index: None, config: None, layers: &[] };
    let of_index = one("grype-madeup-db-registry-index.json").unwrap();
    assert_eq!(bind(&of_index, image, false).unwrap_err().code(), "unbound");
}

#[test]
fn grype_does_not_tell_an_image_from_its_sbom() {
    for name in ["grype-madeup-db-from-sbom.json", "grype-madeup-db-registry.json"] {
        assert_eq!(one(name).unwrap().of, Of::Unknown, "{name}");
    }
    let directory = r#"{"matches": [], "source": {"type": "directory", "target": "/srv/app"},
        "descriptor": {"name": "grype"}}"#;
    let report = read(&[made("directory.json", directory)], None).unwrap();
    assert_eq!(report.of, Of::Other);
    assert_eq!(bound(&report, false).unwrap_err().code(), "unbound");
}

#[test]
fn osv_scanner_counts_by_groups_and_loses_nothing() {
    let report = one("osv-scanner-madeup-db.json").unwrap();
    assert_eq!(
        found(&report)[..2],
        [
            ("GHSA-aaaa-bbbb-0002".to_owned(), "critical", fixed("4.17.12")),
            // That no version is listed is no word that there is none.
            ("GHSA-aaaa-bbbb-0012".to_owned(), "high", Fix::Unsaid),
        ]
    );
    assert_eq!(report.findings[0].aliases, ["CVE-2099-10002"]);
    assert_eq!(report.findings[0].score, "9.8");
    assert_eq!(report.findings[5].score, "UNKNOWN");
    let package = |groups: &str| {
        let json = format!(
            r#"{{"results": [{{"source": {{"type": "lockfile"}}, "packages": [{{"package": {{}},
            "vulnerabilities": [{{"id": "A"}}, {{"id": "B", "database_specific":
            {{"severity": "HIGH"}}}}], "groups": {groups}}}]}}], "experimental_config": {{}}}}"#
        );
        found(&read(&[made("made.json", json)], None).unwrap())
    };
    let row = |id: &str, severity| (id.to_owned(), severity, Fix::Unsaid);
    assert_eq!(package("null"), [row("A", "unknown"), row("B", "high")]);
    assert_eq!(package(r#"[{"ids": ["B", "A"]}]"#), [row("B", "high")]);
    assert_eq!(
        package(r#"[{"ids": ["A"], "max_severity": "7.5"}]"#),
        [row("A", "high"), row("B", "high")]
    );
}

#[test]
fn osv_scanner_is_bound_by_all_layers_or_by_nothing() {
    let name = "synthetic-osv-scanner-image-vulns.json";
    let report = one(name).unwrap();
    assert_eq!((report.of, report.names.layers.len()), (Of::Image, 2));
    assert_eq!(bound(&report, false), Ok(By::Layers));
    let refused = |report: &ScanReport| bound(report, true).unwrap_err().code();
    let mut fewer = report.clone();
    fewer.names.layers.pop();
    assert_eq!(refused(&fewer), "wrong-image");
    let mut swapped = report.clone();
    swapped.names.layers.reverse();
    assert_eq!(refused(&swapped), "wrong-image");
    // A layer without files has no digest.
    let empty = edited(
        name,
        r#""layer_metadata": ["#,
        r#""layer_metadata": [{"diff_id": "", "is_empty": true},"#,
    );
    assert_eq!(bound(&read(&[empty], None).unwrap(), false), Ok(By::Layers));
    for name in ["osv-scanner-madeup-db.json", "osv-scanner-clean.json"] {
        let report = one(name).unwrap();
        assert_eq!(report.of, Of::Other);
        assert_eq!(bound(&report, false).unwrap_err().code(), "unbound", "{name}");
        assert_eq!(bound(&report, true), Ok(By::None), "{name}");
    }
    let (manifest, config) = (digest(MANIFEST), digest(CONFIG));
    let unread = Image { manifest: &manifest, index: None, config: Some(&config), layers: &[] };
    assert_eq!(bind(&report, unread, false).unwrap_err().code(), "unbound");
}

#[test]
fn trivys_version_file_is_of_trivy_alone() {
    let version = sample("scan/trivy-version.json");
    let grype = sample("scan/grype-madeup-db-registry.json");
    assert_eq!(read(&[grype.clone(), version], None).unwrap_err().code(), "other-version");
    let other = time::parse("2026-11-20T00:00:00Z");
    assert_eq!(read(&[grype], other).unwrap_err().code(), "database-twice");
}

#[test]
fn a_trivy_report_of_a_file_system_names_no_image() {
    let json = r#"{"SchemaVersion": 2, "ArtifactName": ".", "ArtifactType": "filesystem",
        "Results": [{"Class": "lang-pkgs", "Vulnerabilities": [{"VulnerabilityID": "CVE-1"}]}]}"#;
    let report = read(&[made("fs.json", json)], None).unwrap();
    assert_eq!(report.of, Of::Other);
    assert_eq!(bound(&report, false).unwrap_err().code(), "unbound");
    assert_eq!(bound(&report, true), Ok(By::None));
}

#[test]
fn a_list_in_place_of_an_object_is_unreadable() {
    for json in [
        r#"{"SchemaVersion": 2, "Results": [["os-pkgs"]]}"#,
        r#"{"SchemaVersion": 2, "Metadata": ["sha256:00"], "Results": [{"Class": "os-pkgs"}]}"#,
        r#"{"SchemaVersion": 2, "Results": [{"Class": "os-pkgs", "Vulnerabilities": [["CVE-1"]]}]}"#,
        r#"{"matches": [["CVE-1"]], "descriptor": {"name": "grype"}}"#,
        r#"{"matches": [], "descriptor": ["grype"]}"#,
        r#"{"results": [[{}, []]], "experimental_config": {}}"#,
        r#"{"runs": [[{}]], "version": "2.1.0"}"#,
    ] {
        assert_eq!(
            read(&[made("list.json", json)], None).unwrap_err().code(),
            "unreadable",
            "{json}"
        );
    }
}

#[test]
fn a_fault_is_where_the_reader_says() {
    let json = "{\"SchemaVersion\": 2,\n \"Results\": [\n  {\"Class\": \"os-pkgs\",\n   \
                \"Vulnerabilities\": [{\"VulnerabilityID\":\n      7}]}]}";
    match read(&[made("fault.json", json)], None).unwrap_err() {
        Refused::Unreadable { line, column, .. } => assert_eq!((line, column), (5, 7)),
        other => panic!("{other}"),
    }
}
