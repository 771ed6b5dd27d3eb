//! Evidence that is kept in another repository than the image: `--evidence-repository`.

use std::fs;

use testkit::registry::Registry;

use crate::place::{BUILD, Place, parse, testdata};

/// A registry with the image in `acme/app`, and what it answers as.
fn registry() -> (Registry, String) {
    let registry = Registry::start().unwrap();
    registry.load("acme/app", &testdata("images/app-oci")).unwrap();
    let host = registry.host();
    (registry, host)
}

fn build<'a>(image: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["build", image][..], &BUILD, more].concat()
}

/// What is written in `repository`, as `METHOD /path`.
fn writes(registry: &Registry, repository: &str) -> Vec<String> {
    let prefix = format!("/v2/{repository}/");
    let requests = registry.take_requests();
    requests.into_iter().filter(|line| line.starts_with('P') && line.contains(&prefix)).collect()
}

#[test]
fn evidence_goes_to_the_repository_that_is_named_and_is_found_there() {
    let (registry, host) = registry();
    let (image, evidence) = (format!("{host}/acme/app:v1"), format!("{host}/acme/evidence"));
    let place = Place::new();
    let option = ["--evidence-repository", &evidence];
    let json = [&option[..], &["--format", "json"]].concat();
    let document = parse(place.done(&build(&image, &json)));
    assert_eq!(document["evidenceRepository"], evidence);
    assert_eq!(writes(&registry, "acme/app"), [""; 0]);
    let approve = ["approve", &image, "--environment", "production", "--dry-run"];
    let here = place.run(&approve);
    assert!(here.stderr.contains("commits to 0 attestations"), "{}", here.stderr);
    let there = place.run(&[&approve[..], &option].concat());
    assert!(there.stderr.contains("commits to 1 attestation,"), "{}", there.stderr);
}

#[test]
fn cosigns_variable_names_the_same_and_the_option_outranks_it() {
    let (registry, host) = registry();
    let image = format!("{host}/acme/app:v1");
    let mut place = Place::new();
    place.set("COSIGN_REPOSITORY", format!("{host}/acme/evidence"));
    let stdout = place.done(&build(&image, &[]));
    assert!(stdout.contains(&format!("in {host}/acme/evidence")), "{stdout}");
    assert!(!writes(&registry, "acme/evidence").is_empty());
    let other = format!("{host}/acme/other");
    place.done(&build(&image, &["--evidence-repository", &other]));
    assert_eq!(writes(&registry, "acme/app"), [""; 0]);
    for wrong in ["Acme/Evidence", &format!("{host}/acme/evidence:v1"), "a b"] {
        place.set("COSIGN_REPOSITORY", wrong);
        let stderr = place.fails(2, "evidence-repository", &build(&image, &[]));
        assert!(stderr.contains("`COSIGN_REPOSITORY`"), "{stderr}");
    }
    place.set("COSIGN_REPOSITORY", "");
    assert!(!place.done(&build(&image, &[])).contains("  in "));
}

#[test]
fn a_layout_keeps_evidence_of_an_image_that_is_not_in_it() {
    let (registry, host) = registry();
    let image = format!("{host}/acme/app:v1");
    let place = Place::new();
    fs::create_dir_all(place.path("kept/blobs/sha256")).unwrap();
    place.write("kept/oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
    place.write("kept/index.json", r#"{"schemaVersion":2,"manifests":[]}"#);
    place.done(&build(&image, &["--evidence-repository", "oci:kept"]));
    assert_eq!(place.hanging("kept").len(), 1);
    assert_eq!(writes(&registry, "acme/app"), [""; 0]);
    for wrong in ["oci:kept:v1", "oci:nowhere"] {
        let ended = place.run(&build(&image, &["--evidence-repository", wrong]));
        assert_eq!(ended.status, 2, "{wrong}: {}", ended.stderr);
    }
}
