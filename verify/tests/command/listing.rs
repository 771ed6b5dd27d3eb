//! `verify list`: what hangs there, and what a policy makes of it.

use evidence::json::Value;

use crate::place::{NAME, Place};

#[test]
fn a_list_is_unverified_and_ends_with_saying_so() {
    let place = Place::new();
    let words =
        format!("list oci:image --as {NAME} --evidence passed.json --evidence stranger.json");
    let run = place.run(&words).exits(0);
    for part in ["2 attestations, none verified", "says it was signed by", "key 0075f070fad9…"] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    assert!(run.stdout.lines().last().unwrap().starts_with("unverified: "));
    assert!(
        run.stdout.lines().filter(|line| line.starts_with("  ")).all(|l| l.chars().count() <= 80)
    );

    let run = place.run(&format!("{words} --format json")).exits(0);
    let listing: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&listing["version"], &listing["verified"]), (&1.into(), &false.into()));
    assert_eq!(listing["attestations"][0]["kind"], "test");
    assert_eq!(listing["verdict"], Value::Null);
}

#[test]
fn a_list_needs_no_name_and_with_a_policy_shows_the_verdict_and_exits_0() {
    let place = Place::new();
    let run = place.run("list oci:image").exits(0);
    assert!(run.stdout.ends_with("\nno attestation hangs on this digest\n"));
    let run = place
        .run(&format!("list oci:image --as {NAME} --policy policy.yaml --evidence failed.json"))
        .exits(0);
    assert!(run.stdout.contains("deny  0 of 1 steps pass"), "{}", run.stdout);
    assert!(!run.stdout.contains("none verified"), "{}", run.stdout);
    assert!(run.stdout.contains("\n      negative for test: "), "{}", run.stdout);
    let judged = format!(
        "list oci:image --as {NAME} --policy policy.yaml --evidence passed.json \
         --evidence stranger.json --evidence deployed.json"
    );
    let run = place.run(&judged).exits(0);
    for fate in ["chosen for test\n", "dropped for test: its key ", "dropped: its key "] {
        assert!(run.stdout.contains(&format!("\n      {fate}")), "{fate}: {}", run.stdout);
    }
    place.run("list oci:image --policy policy.yaml --format json").fails(2, "usage");
}
