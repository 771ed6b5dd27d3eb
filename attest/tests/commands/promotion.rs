//! `attest copy` and `attest promote`, as a user runs them.

use std::fs;

use evidence::json::{Value, json};
use testkit::registry::Registry;

use crate::{
    documents::described,
    place::{BUILD, IMAGE, NAME, Place, digest, parse, testdata, text},
};

const PROD: &str = "prod.example.com/acme/app";

/// A place with a build that hangs on the layout `app`.
fn built() -> Place {
    let place = Place::new();
    place.done(&[&["build", "oci:app:v1", "--as", NAME][..], &BUILD].concat());
    place
}

fn promote<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let words = ["promote", "oci:app:v1", "--as", NAME, "--to", "oci:prod", "--to-as", PROD];
    [&words[..], &["--environment", "production"], more].concat()
}

/// The records of promotions that hang on the image of a layout.
fn records(place: &Place, layout: &str) -> Vec<Value> {
    let hanging = place.hanging(layout).into_iter().map(|(_, statement)| statement);
    let of_type = |predicate_type: &str| predicate_type.contains("/deployment/");
    hanging.filter(|one| of_type(&one.predicate_type)).map(|one| one.predicate).collect()
}

#[test]
fn a_promotion_is_attested_once_at_both_ends_under_the_targets_name() {
    let place = built();
    let verdict = place.verdict("allow", "production");
    let build = verdict["commitments"][0]["id"].clone();
    place.write("allow.json", verdict.to_string());
    let words =
        promote(&["--from-environment", "staging", "--verdict", "allow.json", "--format", "json"]);
    let document = parse(place.done(&words));
    described("promoted", &document);
    assert_eq!(document["record"]["found"], false);
    assert_eq!(document["tags"], json!([{"tag": "v1", "before": null}]));
    for layout in ["app", "prod"] {
        let [record] = &records(&place, layout)[..] else { panic!("not one record in {layout}") };
        let reference = |name: &str| format!("{name}@{IMAGE}");
        assert_eq!(record["action"], "promoted");
        assert_eq!(record["result"], "succeeded");
        let from = json!({"environment": "staging", "reference": reference(NAME)});
        let to = json!({"environment": "production", "reference": reference(PROD)});
        assert_eq!((&record["from"], &record["to"]), (&from, &to));
        let policy = format!("sha256:{}", text(&record["policy"]["digest"]["sha256"]));
        assert_eq!(policy, digest(b"p"));
        assert_eq!(record["inputAttestations"][0]["annotations"]["statement"], build);
        let bundles = place.hanging(layout);
        let named = bundles.iter().map(|(_, statement)| statement.subjects[0].name.as_str());
        assert_eq!(named.collect::<Vec<_>>(), [NAME, PROD], "{layout}");
    }
    let again = parse(place.done(&words));
    assert_eq!(again["record"]["found"], true);
    assert_eq!(again["record"]["id"], document["record"]["id"]);
    assert_eq!(again["record"]["referrer"], document["record"]["referrer"]);
    for layout in ["app", "prod"] {
        assert_eq!(records(&place, layout).len(), 1);
    }
    let said = place.done(&promote(&["--from-environment", "staging", "--verdict", "allow.json"]));
    assert!(said.contains("found at the target"), "{said}");
}

#[test]
fn what_says_something_else_or_is_anothers_word_is_another_record() {
    let place = built();
    place.done(&promote(&[]));
    let other = testdata("keys/ed25519.pem");
    place.write("allow.json", place.verdict("allow", "production").to_string());
    for more in [
        &["--from-environment", "staging"][..],
        &["--environment", "canary"],
        &["--verdict", "allow.json"],
        &["--key", other.to_str().unwrap()],
    ] {
        let before = records(&place, "prod").len();
        let words: Vec<&str> = match more {
            ["--environment", name] => promote(&[])
                .into_iter()
                .map(|word| if word == "production" { *name } else { word })
                .collect(),
            more => promote(more),
        };
        for _ in 0..2 {
            place.done(&words);
            assert_eq!(records(&place, "prod").len(), before + 1, "{words:?}");
        }
    }
}

#[test]
fn only_an_allow_for_this_image_and_environment_is_followed() {
    let place = built();
    let mut cases = vec![
        (place.verdict("deny", "production"), "verdict-decision"),
        (place.verdict("ready", "production"), "verdict-decision"),
        (json!({}), "verdict-unreadable"),
    ];
    for (pointer, value, code) in [
        ("/environment", json!("staging"), "verdict-environment"),
        ("/image/digest", json!(digest(b"other")), "verdict-image"),
        ("/image/name", json!(PROD), "verdict-image"),
        ("/goodUntil", json!({"time": "2020-01-01T00:00:00Z", "what": "x"}), "verdict-lapsed"),
    ] {
        let mut changed = place.verdict("allow", "production");
        *changed.pointer_mut(pointer).unwrap() = value;
        cases.push((changed, code));
    }
    for (verdict, code) in cases {
        place.write("verdict.json", verdict.to_string());
        place.fails(1, code, &promote(&["--verdict", "verdict.json"]));
        assert!(!place.path("prod").exists(), "{code}");
    }
}

#[test]
fn a_dry_run_says_what_would_be_signed_and_copies_nothing() {
    let mut place = built();
    place.set("ATTEST_KEY", "");
    let statement = place.statement(&promote(&["--from-environment", "staging"]));
    assert_eq!(statement.subjects[0].name, PROD);
    assert_eq!(statement.predicate["to"]["environment"], "production");
    assert!(!place.path("prod").exists());
    place.fails(2, "no-key", &promote(&[]));
    assert!(!place.path("prod").exists());
}

#[test]
fn a_promotion_is_to_a_repository_and_a_layout_is_told_which() {
    let place = built();
    let words = ["promote", "oci:app", "--to", "oci:prod", "--environment", "production"];
    let stderr = place.fails(2, "nameless-layout", &words);
    assert!(stderr.contains("--to-as"), "{stderr}");
    // A layout that nobody named is a copy of the source's repository.
    place.done(&[&words[..], &["--as", NAME]].concat());
    assert_eq!(place.hanging("prod")[1].1.subjects[0].name, NAME);
    let registry = Registry::start().unwrap();
    let to = format!("{}/acme/app", registry.host());
    let named = ["promote", "oci:app", "--as", NAME, "--to", &to, "--to-as", PROD];
    place.fails(2, "as", &[&named[..], &["--environment", "production"]].concat());
}

#[test]
fn the_record_can_be_kept_and_attached_by_somebody_else() {
    let place = built();
    place.done(&promote(&["--bundle", "record.json", "--no-attach"]));
    assert_eq!(records(&place, "prod").len(), 0);
    assert_eq!(place.hanging("prod").len(), 1, "the evidence is there");
    place.done(&["attach", "oci:prod", "--bundle", "record.json"]);
    place.done(&promote(&[]));
    assert_eq!(records(&place, "prod").len(), 1);
    assert_eq!(records(&place, "app").len(), 1);
}

#[test]
fn a_copy_says_what_it_did_and_quiet_is_the_pinned_target() {
    let place = built();
    let document = parse(place.done(&["copy", "oci:app:v1", "--to", "oci:b", "--format", "json"]));
    described("copied", &document);
    assert_eq!(document["image"]["blobs"]["sent"], 3);
    assert_eq!(document["evidence"]["manifests"]["sent"], 1);
    let quiet = place.run(&["copy", "oci:app:v1", "--to", "oci:b:v2", "--tag", "v3", "-q"]);
    assert_eq!((quiet.stdout, quiet.stderr), (format!("oci:b@{IMAGE}\n"), String::new()));
    let index = fs::read_to_string(place.path("b/index.json")).unwrap();
    for tag in ["v1", "v2", "v3"] {
        assert!(index.contains(&format!("\"{tag}\"")), "{tag}: {index}");
    }
    // What goes on is for a person who waits, or who asked to see it.
    assert_eq!(place.run(&["copy", "oci:app:v1", "--to", "oci:c"]).stderr, "");
    let lines = place.run(&["copy", "oci:app:v1", "--to", "oci:d", "-v"]).stderr;
    assert_eq!(lines.matches("sent sha256:").count(), 3, "{lines}");
}

#[test]
fn evidence_alone_goes_where_the_image_is_not() {
    let place = built();
    let words = ["copy", "oci:app", "--to", "oci:kept", "--evidence-only"];
    let document = parse(place.done(&[&words[..], &["--format", "json"]].concat()));
    assert_eq!(document["image"], Value::Null);
    assert_eq!(place.hanging("kept").len(), 1);
    assert!(!place.path("kept/blobs").join(IMAGE.replace(':', "/")).exists());
    let shown = ["--environment", "production", "--evidence-repository", "oci:kept", "--dry-run"];
    let ended = place.run(&[&["approve", "oci:app", "--as", NAME][..], &shown].concat());
    assert!(ended.stderr.contains("commits to 1 attestation,"), "{}", ended.stderr);
}

#[test]
fn evidence_that_is_kept_elsewhere_goes_along() {
    let place = Place::new();
    place.done(&["copy", "oci:app", "--to", "oci:kept", "--evidence-only"]);
    let elsewhere = ["--evidence-repository", "oci:kept"];
    place.done(&[&["build", "oci:app", "--as", NAME][..], &BUILD, &elsewhere].concat());
    assert_eq!(place.hanging("app").len(), 0);
    place.done(&promote(&elsewhere));
    assert_eq!(place.hanging("prod").len(), 2);
    // The record of the source hangs where its evidence is.
    assert_eq!((place.hanging("kept").len(), place.hanging("app").len()), (2, 0));
}

#[test]
fn targets_and_tags_that_are_none_are_refused_before_anything_is_done() {
    let place = built();
    let pinned = format!("oci:b@{IMAGE}");
    let derived = IMAGE.replace(':', "-");
    for words in [
        &["--to", &pinned][..],
        &["--to", "oci:b", "--tag", ".v1"],
        &["--to", "oci:b", "--tag", "a/b"],
        &["--to", "oci:b", "--tag", &derived],
        &["--to", "oci:b", "--tag", "v1", "--evidence-only"],
        &[],
    ] {
        let ended = place.run(&[&["copy", "oci:app"][..], words].concat());
        assert_eq!(ended.status, 2, "{words:?}: {}", ended.stderr);
        assert!(!place.path("b").exists());
    }
    fs::create_dir(place.path("b")).unwrap();
    place.write("b/letter.txt", "dear");
    place.fails(2, "no-layout", &["copy", "oci:app", "--to", "oci:b"]);
    place.fails(3, "unavailable", &["copy", "oci:app", "--to", "127.0.0.1:1/acme/app"]);
}

#[test]
fn an_archive_is_read_and_not_written() {
    let place = built();
    let pack = place.shell("tar -C app -cf app.tar oci-layout index.json blobs");
    assert_eq!(pack.status, 0, "{}", pack.stderr);
    let words = ["promote", "oci-archive:app.tar:v1", "--as", NAME, "--to", "oci:prod"];
    let words = [&words[..], &["--environment", "production"]].concat();
    let before = fs::read(place.path("app.tar")).unwrap();
    for expected in ["Signed   by key", "found at the target"] {
        let said = place.done(&words);
        assert!(said.contains(expected), "{said}");
        assert!(said.ends_with("at the target; an archive is not written\n"), "{said}");
        assert_eq!(place.hanging("prod").len(), 2);
    }
    assert_eq!(fs::read(place.path("app.tar")).unwrap(), before);
    let ended = place.run(&["copy", "oci:app", "--to", "oci-archive:b.tar"]);
    assert_eq!(ended.status, 2, "{}", ended.stderr);
    assert!(!place.path("b.tar").exists());
}
