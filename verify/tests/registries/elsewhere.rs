//! Evidence that lies in another repository than the image (`--evidence-repository`).

use testkit::registry::Registry;

use crate::world::{Asked, DIGEST, REPOSITORY, World};

/// Puts what hangs on the image in `from` into a repository of its own in `into`.
fn moved(from: &World, into: &Registry) -> String {
    from.registry.store().copy(REPOSITORY, &mut into.store(), "acme/evidence");
    let image = DIGEST.parse().unwrap();
    into.store().remove("acme/evidence", &image);
    format!("{}/acme/evidence", into.host())
}

#[test]
fn evidence_is_looked_for_there_in_place_of_the_images_repository() {
    let (allowed, denied) = (World::allowed(), World::new());
    let elsewhere = Registry::start().unwrap();
    let repository = moved(&allowed, &elsewhere);
    // Beside the image a newer test failed, and nobody looks there.
    let ended = denied.gate(Asked::Tag, &["--evidence-repository", &repository]);
    ended.is(0, "allow");
    assert!(ended.stdout.contains(&format!("evidence was looked for in {repository}, ")));
    let requests = denied.registry.take_requests();
    assert!(!requests.iter().any(|r| r.contains("/referrers/") || r.contains("/sha256-")));
    assert!(elsewhere.take_requests().iter().any(|r| r.contains("/referrers/")));

    // What is named besides is read besides, still.
    let own = format!("{}/acme/app", denied.registry.host());
    let both = ["--evidence-repository", &repository, "--evidence", &own];
    denied.gate(Asked::Tag, &both).is(1, "deny");
    // And what is not there is missing, whatever hangs on the image.
    let empty = format!("{}/acme/nothing", elsewhere.host());
    allowed.gate(Asked::Tag, &["--evidence-repository", &empty]).is(1, "deny");
    // One that cannot be had is no verdict.
    // Port 1 is given to nobody, as one that was freed is to the next who asks.
    let gone = "127.0.0.1:1/acme/evidence";
    allowed.gate(Asked::Image, &["--evidence-repository", gone]).is(3, "unavailable");
}

#[test]
fn a_list_is_of_that_repository_and_says_so() {
    let world = World::allowed();
    let elsewhere = Registry::start().unwrap();
    let repository = moved(&world, &elsewhere);
    let image = world.image(Asked::Image);
    for words in [["--format", "json"], ["--timeout", "60s"]] {
        let list = ["list", &image, "--evidence-repository", &repository];
        let ended = world.run(&[list.as_slice(), &words].concat(), &[]);
        assert_eq!(ended.status, 0, "{ended:#?}");
        assert!(ended.stdout.contains("evidence was looked for in"), "{ended:#?}");
        assert!(ended.stdout.contains("test"), "{ended:#?}");
    }
}

#[test]
fn a_layout_may_keep_it_and_a_tag_digest_or_path_may_not_be_named() {
    let world = World::allowed();
    let layout = format!("oci:{}", crate::world::testdata("images/app-oci").display());
    world.gate(Asked::Image, &["--evidence-repository", &layout]).is(1, "deny");
    let digest = format!("registry.example.com/a@{DIGEST}");
    for named in
        ["registry.example.com/a:v1", &digest, "policy.yaml", "./policy.yaml", "evidence", ""]
    {
        world.gate(Asked::Image, &["--evidence-repository", named]).is(2, "usage");
    }
}

#[test]
fn no_variable_chooses_it() {
    let world = World::allowed();
    let elsewhere = Registry::start().unwrap();
    let empty = format!("{}/acme/nothing", elsewhere.host());
    let image = world.image(Asked::Image);
    let names = ["COSIGN_REPOSITORY", "VERIFY_EVIDENCE_REPOSITORY", "EVIDENCE_REPOSITORY"];
    let variables = names.map(|name| (name, empty.as_str()));
    let words = ["gate", &image, "--policy", "policy.yaml", "--format", "json"];
    world.run(&words, &variables).is(0, "allow");
    assert!(elsewhere.take_requests().is_empty());
}
