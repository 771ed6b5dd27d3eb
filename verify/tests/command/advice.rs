//! What to do about an error is said where the reader can tell what is meant.

use std::fs;

use testkit::registry::Registry;

use crate::place::{NAME, Place, REFERENCE};

#[test]
fn a_name_that_is_nearly_one_of_the_policys_is_told_which() {
    let place = Place::new();
    let gate = format!("gate oci:image --as {NAME} --policy environments.yaml --environment");
    for (words, near) in [
        ("prodcution", Some("production")),
        ("production --before aprove", Some("approve")),
        ("nowhere", None),
        ("production --before launch", None),
    ] {
        let run = place.run(&format!("{gate} {words}")).exits(2);
        let help = near.map(|near| format!("\n  help: did you mean `{near}`?\n"));
        assert_eq!(run.stderr.contains("did you mean"), near.is_some(), "{}", run.stderr);
        assert!(run.stderr.contains(&help.unwrap_or_default()), "{}", run.stderr);
    }
}

#[test]
fn a_step_with_nothing_before_it_and_a_policy_that_is_not_there_have_a_remedy() {
    let place = Place::new();
    let run = place.gate("--before test").exits(2);
    assert!(run.stderr.contains("\n  help: ask without --before"), "{}", run.stderr);
    let run = place.run(&format!("gate oci:image --as {NAME} --policy absent.yaml")).exits(2);
    assert!(run.stderr.contains("\n  help: paths are relative to where"), "{}", run.stderr);
    let run = place.run(&format!("gate oci:image --as {NAME} --policy image")).exits(2);
    assert!(run.stderr.contains("a policy is one file of YAML"), "{}", run.stderr);
}

#[test]
fn a_key_that_is_none_is_named_by_its_file() {
    let place = Place::new();
    let bundle = format!("bundle passed.json --digest {REFERENCE} --key");
    place.run(&format!("{bundle} release.pub")).exits(0);
    let run = place.run(&format!("{bundle} policy.yaml")).exits(2);
    assert!(run.stderr.starts_with("error: `policy.yaml` is no public key\n"), "{}", run.stderr);
    // Whatever it is called.
    for name in ["trusted_root.json", "it's: #a key.pub", "-k"] {
        fs::copy(place.path("release.pub"), place.path(name)).unwrap();
        let mut command = place.command();
        let key = format!("--key={name}");
        command.args(["bundle", "passed.json", "--digest", REFERENCE, &key]);
        crate::Run::of(&mut command).exits(0);
    }
}

#[test]
fn a_cache_that_cannot_be_used_is_told_and_decides_nothing() {
    let place = Place::new();
    let registry = Registry::start().unwrap();
    let host = registry.host();
    registry.load("acme/app", &place.path("image")).unwrap();
    let policy =
        place.read("policy.yaml").replace("registry.example.com/acme/*", &format!("{host}/acme/*"));
    fs::write(place.path("here.yaml"), policy).unwrap();
    let gate = format!(
        "gate {host}/acme/app@{REFERENCE} --policy here.yaml --evidence passed.json --cache"
    );
    let run = place.run(&format!("{gate} kept")).exits(0);
    assert!(!run.stdout.contains("cannot be used"), "{}", run.stdout);
    let run = place.run(&format!("{gate} passed.json/kept")).exits(0);
    let told = "the cache `passed.json/kept` cannot be used";
    assert!(run.stdout.contains(told), "{}", run.stdout);
}
