//! `attest` against a registry that misbehaves, as a user sees it.

use evidence::json::json;

use crate::{
    documents::described,
    place::{BUILD, Place, parse, testdata},
};
use testkit::registry::{Answer, Fault, Registry};

fn registry() -> (Registry, String) {
    let registry = Registry::start().unwrap();
    registry.load("acme/app", &testdata("images/app-oci")).unwrap();
    let image = format!("{}/acme/app:v1", registry.host());
    (registry, image)
}

fn build(image: &str) -> Vec<&str> {
    [&["build", image][..], &BUILD].concat()
}

fn writes(registry: &Registry) -> usize {
    let requests = registry.take_requests();
    requests.iter().filter(|line| line.starts_with("PUT") || line.starts_with("POST")).count()
}

#[test]
fn a_build_hangs_beside_the_image() {
    let (registry, image) = registry();
    let place = Place::new();
    let stdout = place.done(&build(&image));
    assert!(stdout.contains(&format!("Pinned   {}/acme/app  (tag v1)", registry.host())));
    let ended = place.run(&["approve", &image, "--environment", "production", "--dry-run"]);
    assert!(ended.stderr.contains("commits to 1 attestation,"), "{}", ended.stderr);
}

#[test]
fn a_tag_that_moves_meanwhile_is_refused_and_nothing_is_written() {
    let (registry, image) = registry();
    registry.load("acme/app", &testdata("images/app-index-oci")).unwrap();
    // The first answer is the image, the second what the tag was moved to: the index.
    let manifest = std::fs::read(
        testdata("images/app-oci/blobs")
            .join("sha256/b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51"),
    );
    let first = Answer::json(200, manifest.unwrap());
    registry.fault("GET", "/manifests/v1", Some(1), Fault::Answer(first));
    let stderr = Place::new().fails(1, "tag-moved", &build(&image));
    assert!(stderr.contains("sha256:782419d2e04c"), "{stderr}");
    assert_eq!(writes(&registry), 0);
}

#[test]
fn a_registry_that_is_not_there_or_fails_is_exit_3() {
    let place = Place::new();
    let (registry, image) = registry();
    let failing = Answer::new(503);
    registry.fault("PUT", "/manifests/", None, Fault::Answer(failing.clone()));
    let keep = [&build(&image)[..], &["--bundle", "b.json"]].concat();
    let ended = place.run(&keep);
    assert_eq!(ended.status, 3, "{}", ended.stderr);
    assert!(place.path("b.json").exists(), "the signature is not lost");
    registry.mend();
    place.done(&["attach", &image, "--bundle", "b.json"]);

    registry.fault("GET", "/manifests/v1", None, Fault::Answer(failing));
    place.fails(3, "unavailable", &build(&image));
    drop(registry);
    place.fails(3, "unavailable", &build("127.0.0.1:1/acme/app:v1"));
}

#[test]
fn other_bytes_than_asked_for_are_never_attested() {
    let (registry, image) = registry();
    let config = b"{\"config\":{\"Labels\":{}}}".to_vec();
    let other = Answer::json(200, config);
    registry.fault("GET", "/blobs/", None, Fault::Answer(other));
    let ended = Place::new().run(&build(&image));
    assert_eq!(ended.status, 3, "{}", ended.stderr);
    assert_eq!(writes(&registry), 0);
}

#[test]
fn a_dry_run_writes_nothing_and_needs_no_key() {
    let (registry, image) = registry();
    let mut place = Place::new();
    place.set("ATTEST_KEY", "");
    place.statement(&build(&image));
    assert_eq!(writes(&registry), 0);
}

#[test]
fn a_list_that_names_what_is_gone_is_repaired_by_one_command() {
    let (registry, image) = registry();
    registry.store().referrers_api = false;
    let place = Place::new();
    let quiet = |image| [&build(image)[..], &["-q"]].concat();
    let gone = place.done(&quiet(&image)).trim().to_owned();
    let kept = place.done(&quiet(&image)).trim().to_owned();
    assert_ne!(gone, kept);
    registry.store().remove("acme/app", &gone.parse().unwrap());
    place.fails(3, "unavailable", &["approve", &image, "--environment", "production", "--yes"]);
    let document = parse(place.done(&["repair", &image, "--format", "json"]));
    described("repaired", &document);
    assert_eq!(document["dropped"], json!([gone]));
    assert_eq!(document["listed"], json!([kept]));
    let again = place.done(&["repair", &image]);
    assert!(again.ends_with("Listed   1 referrer, 0 writes\n"), "{again}");
    place.done(&["approve", &image, "--environment", "production", "--yes"]);
}
