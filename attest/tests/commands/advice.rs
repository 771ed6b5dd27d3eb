//! What a person is told before something goes wrong, and what to do where it has.

use crate::place::{BUILD, NAME, Place, parse, testdata};

#[test]
fn an_error_about_a_file_or_a_key_has_a_remedy() {
    let mut place = Place::new();
    let build = [&["build", "oci:app"][..], &BUILD].concat();
    let helps = |place: &Place, code: &str, words: &[&str]| {
        let stderr = place.fails(2, code, words);
        assert!(stderr.contains("\n  help: "), "{stderr}");
        stderr
    };
    helps(&place, "key-unreadable", &[&build[..], &["--key", "gone.key"]].concat());
    helps(&place, "key-unreadable", &[&build[..], &["--key", "env://GONE"]].concat());
    helps(&place, "unwritable-file", &[&build[..], &["--bundle", "no/b.json"]].concat());
    helps(&place, "unreadable-file", &["sbom", "oci:app", "--file", "gone.json"]);
    place.set("ATTEST_KEY", testdata("keys/cosign-test.key").display());
    place.set("COSIGN_PASSWORD", "other");
    let stderr = helps(&place, "wrong-passphrase", &build);
    assert!(stderr.contains("COSIGN_PASSWORD"), "{stderr}");
}

#[test]
fn a_bundle_over_its_key_is_refused_as_any_other_fault_is() {
    let place = Place::new();
    let build = [&["build", "oci:app", "--key", "k.key"][..], &BUILD].concat();
    let over = [&build[..], &["--bundle", "k.key"]].concat();
    let stderr = place.fails(2, "same-path", &over);
    assert!(!stderr.contains("Usage"), "{stderr}");
    let json = place.run(&[&over[..], &["--format", "json"]].concat());
    assert_eq!(parse(&json.stdout)["error"]["kind"], "same-path");
    place.fails(2, "key-unreadable", &[&build[..], &["--bundle", "b.json"]].concat());
}

#[test]
fn what_is_not_there_is_said_in_the_words_of_what_was_asked_for() {
    let place = Place::new();
    std::fs::create_dir(place.path("reports")).unwrap();
    let stderr = place.fails(1, "no-report", &["test", "oci:app", "--report", "reports"]);
    assert!(stderr.contains("in the directory `reports`"), "{stderr}");
    let stderr = place.fails(1, "no-report", &["test", "oci:app", "--report", "reports.xml"]);
    assert!(stderr.contains("no report at `reports.xml`"), "{stderr}");
    place.write("none.tap", "1..0 # SKIP\n");
    let stderr = place.fails(1, "no-test", &["test", "oci:app", "--report", "none.tap"]);
    assert!(!stderr.contains("skipped"), "{stderr}");
    place.write("skipped.tap", "1..1\nok 1 # SKIP no network\n");
    let stderr = place.fails(1, "no-test", &["test", "oci:app", "--report", "skipped.tap"]);
    assert!(stderr.contains("(1 skipped)"), "{stderr}");
}

#[test]
fn a_test_of_no_build_is_warned_of() {
    let place = Place::new();
    let said = |more: &[&str]| {
        let words = [&["test", "oci:app"][..], more, &["--", "true"]].concat();
        place.run(&words).stderr
    };
    assert!(said(&[]).contains("neither commit nor run"));
    let of_a_run = said(&["--run", "4711"]);
    assert!(!of_a_run.contains("neither commit nor run"), "{of_a_run}");
    assert!(of_a_run.contains("--run without --job"), "{of_a_run}");
    assert_eq!(said(&["--run", "4711", "--job", "test"]), "");
}

#[test]
fn a_place_that_cannot_be_written_is_named_as_one() {
    let place = Place::new();
    let to = format!("127.0.0.1:1/{NAME}");
    let stderr = place.fails(3, "unavailable", &["copy", "oci:app", "--to", &to]);
    assert!(stderr.contains("cannot be written to 127.0.0.1:1"), "{stderr}");
    assert!(stderr.contains("help: is it up"), "{stderr}");
    let from = format!("127.0.0.1:1/{NAME}:v1");
    let stderr = place.fails(3, "unavailable", &["copy", &from, "--to", "oci:b"]);
    assert!(stderr.contains("cannot be had from 127.0.0.1:1"), "{stderr}");
}

#[test]
fn a_key_is_named_with_or_without_its_option_and_has_its_line_in_a_policy() {
    let mut place = Place::new();
    place.set_file("alice.key", "keys/ed25519.pem");
    let named = place.done(&["key", "public", "alice.key"]);
    assert_eq!(named, place.done(&["key", "public", "--key", "alice.key"]));
    assert_eq!(place.run(&["key", "public", "alice.key", "--key", "alice.key"]).status, 2);
    let line = |place: &Place, key: &str| place.run(&["whoami", "--key", key]).stdout;
    assert!(line(&place, "alice.key").contains("alice: {key: alice.pub}\n"));
    place.set("RELEASE", std::fs::read_to_string(place.path("alice.key")).unwrap());
    assert!(line(&place, "env://RELEASE").contains("NAME: {key: NAME.pub}\n"));
}
