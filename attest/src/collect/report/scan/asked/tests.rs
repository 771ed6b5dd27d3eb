use super::{
    super::{super::testing::sample, read},
    *,
};

/// What a report of Trivy says once it was asked for so.
fn asked(line: &str, variables: &[(&str, &str)], files: &[&str]) -> (&'static str, Vec<String>) {
    let mut report = read(&[sample("scan/trivy-vuln-madeup-db-filtered.json")], None).unwrap();
    let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    let environment = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
    complete(&mut report, &words, &environment, |name| files.contains(&name));
    (report.filtered.word(), report.filters)
}

fn yes(filters: &[&str]) -> (&'static str, Vec<String>) {
    ("yes", filters.iter().map(|filter| (*filter).to_owned()).collect())
}

#[test]
fn nothing_asked_is_no_and_a_wrapper_leaves_it_open() {
    for line in [
        "trivy image --format json --output t.json --scanners vuln app:v1",
        "/usr/local/bin/trivy image -f json -o t.json app:v1",
        "trivy image --severity UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL app:v1",
        "trivy image --severity unknown,low --severity medium,high,critical app:v1",
        "trivy image --ignore-unfixed=false app:v1",
        "trivy image --ignore-unfixed=0 app:v1",
        "trivy image --format json app:v1 -- --severity HIGH",
    ] {
        assert_eq!(asked(line, &[], &[]), ("no", vec![]), "{line}");
    }
    for line in ["docker run aquasec/trivy image app:v1", "./scan.sh", "sh -c trivy"] {
        assert_eq!(asked(line, &[], &[]), ("unknown", vec![]), "{line}");
    }
    for line in ["trivy image -c my.yaml app:v1", "trivy --config=my.yaml image app:v1"] {
        assert_eq!(asked(line, &[], &[]), ("unknown", vec![]), "{line}");
    }
    assert_eq!(asked("trivy image app:v1", &[], &["trivy.yaml"]), ("unknown", vec![]));
}

#[test]
fn every_way_to_filter_is_seen() {
    let critical = yes(&["--severity CRITICAL"]);
    for line in [
        "trivy image --severity CRITICAL app:v1",
        "trivy image --severity=critical app:v1",
        "trivy image -s CRITICAL app:v1",
        "trivy image -s=CRITICAL app:v1",
        "trivy image -sCRITICAL app:v1",
        "trivy image -qs CRITICAL app:v1",
        "trivy image app:v1 --severity CRITICAL",
    ] {
        assert_eq!(asked(line, &[], &[]), critical, "{line}");
    }
    let both = "trivy image --severity HIGH,CRITICAL --ignore-unfixed app:v1";
    assert_eq!(asked(both, &[], &[]), yes(&["--ignore-unfixed", "--severity CRITICAL,HIGH"]));
    assert_eq!(asked("trivy image --severity", &[], &[]), yes(&["--severity"]));
    assert_eq!(asked("trivy image --severity WORST app:v1", &[], &[]), yes(&["--severity"]));
    assert_eq!(asked("trivy image --ignore-unfixed false", &[], &[]), yes(&["--ignore-unfixed"]));
    for option in FILTERS.into_iter().filter(|option| *option != "--severity") {
        let line = format!("trivy image {option} value-that-is-not-kept app:v1");
        assert_eq!(asked(&line, &[], &[]), yes(&[option]), "{line}");
    }
}

#[test]
fn variables_and_files_filter_as_well() {
    let line = "trivy image app:v1";
    let variable = |name, value| asked(line, &[(name, value)], &[]);
    assert_eq!(variable("TRIVY_SEVERITY", "HIGH"), yes(&["--severity HIGH"]));
    assert_eq!(variable("TRIVY_IGNORE_UNFIXED", "true"), yes(&["--ignore-unfixed"]));
    assert_eq!(variable("TRIVY_IGNORE_UNFIXED", "false"), ("no", vec![]));
    assert_eq!(variable("TRIVY_SKIP_DIRS", "node_modules"), yes(&["--skip-dirs"]));
    assert_eq!(variable("TRIVY_SEVERITY", ""), ("no", vec![]));
    assert_eq!(variable("TRIVY_CONFIG", "my.yaml"), ("unknown", vec![]));
    assert_eq!(variable("TRIVY_CACHE_DIR", "/tmp"), ("no", vec![]));
    assert_eq!(asked(line, &[], &[".trivyignore"]), yes(&[".trivyignore"]));
    let named = "trivy image --ignorefile other app:v1";
    assert_eq!(asked(named, &[], &[".trivyignore"]), yes(&["--ignorefile"]));
}

#[test]
fn what_the_report_admits_stands() {
    let file = sample("scan/trivy-vuln-madeup-db-ignored-shown.json");
    let mut report = read(&[file], None).unwrap();
    let words = ["trivy", "image", "app:v1"].map(OsString::from);
    complete(&mut report, &words, &BTreeMap::new(), |_| false);
    assert_eq!(report.filtered, Filtered::Yes);
}

#[test]
fn grype_is_asked_what_it_scans() {
    let of = |line: &str| {
        let mut report = read(&[sample("scan/grype-madeup-db-from-sbom.json")], None).unwrap();
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        complete(&mut report, &words, &BTreeMap::new(), |_| false);
        assert_eq!(report.filtered, Filtered::No);
        report.of
    };
    assert_eq!(of("grype sbom:./app.json -o json"), Of::Sbom);
    assert_eq!(of("grype registry:registry.example.com/app:v1"), Of::Image);
    // Either, if a file of that name is there.
    assert_eq!(of("grype app"), Of::Unknown);
    assert_eq!(of("./scan.sh sbom:app.json"), Of::Unknown);
}
