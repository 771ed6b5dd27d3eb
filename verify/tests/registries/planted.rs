//! Whoever may push can plant what he likes: the gate ends at a limit, with its name, and what the
//! honest keep elsewhere is still read (GHSA-95pr-fxf5-86gv and its kin).
//!
//! What it costs is printed, not asserted: `cargo test -p verify --test registries planted -- --nocapture`.

use std::time::Instant;

use evidence::json::json;
use registry::{Descriptor, manifest::IMAGE};
use testkit::{content::Content, registry::Registry};

use crate::world::{Asked, DIGEST, Ended, REPOSITORY, World};

/// Hangs `count` bundles of `size` bytes on the image, each inside its manifest or not.
fn plant(world: &World, count: usize, size: usize, embed: bool) {
    world.registry.store().page = 0;
    let subject = subject(world);
    let mut content = Content::default();
    for number in 0..count {
        let bundle = format!("{{\"n\":{number},\"pad\":\"{}\"}}", "x".repeat(size));
        content.referrer(&subject, bundle.as_bytes(), embed);
    }
    content.push(&world.registry, REPOSITORY);
}

fn subject(world: &World) -> Descriptor {
    let store = world.registry.store();
    Descriptor::of(IMAGE, store.manifest(REPOSITORY, DIGEST).unwrap())
}

/// Runs the gate and prints what it took.
fn measured(what: &str, world: &World) -> Ended {
    let begun = Instant::now();
    let (ended, took) = world.weigh(Asked::Image);
    let requests = world.registry.take_requests().len();
    println!("{what}: {:.2?}, {took}, {requests} requests", begun.elapsed());
    ended
}

fn limited(ended: &Ended, name: &str) {
    ended.is(3, "limit");
    assert!(ended.stdout.contains(&format!("`{name}`")), "{ended:#?}");
    assert!(ended.stdout.contains("--evidence-repository"), "{ended:#?}");
}

#[test]
fn ten_thousand_referrers_end_at_the_limit_and_evidence_elsewhere_is_read() {
    let world = World::allowed();
    let elsewhere = Registry::start().unwrap();
    world.registry.store().copy(REPOSITORY, &mut elsewhere.store(), "acme/evidence");
    plant(&world, 10_000, 0, true);
    limited(&measured("10,000 referrers", &world), "referrers");
    // In pages, too, and none is asked for that no longer counts.
    world.registry.store().page = 500;
    limited(&measured("10,000 referrers in pages", &world), "referrers");
    let repository = format!("{}/acme/evidence", elsewhere.host());
    world.gate(Asked::Image, &["--evidence-repository", &repository]).is(0, "allow");
}

#[test]
fn a_thousand_large_ones_end_at_the_limit() {
    for embed in [true, false] {
        let world = World::allowed();
        // Some of the thousand are honest.
        plant(&world, 990, 140_000, embed);
        let what = if embed { "embedded" } else { "apart" };
        limited(&measured(&format!("990 bundles of 140 kB, {what}"), &world), "total-bytes");
    }
}

#[test]
fn a_thousand_small_ones_of_strangers_change_nothing() {
    let world = World::allowed();
    plant(&world, 990, 1_000, true);
    measured("990 bundles of 1 kB", &world).is(0, "allow");
}

#[test]
fn layers_without_number_and_a_layer_without_end_are_one_bad_candidate() {
    let world = World::allowed();
    let subject = subject(&world);
    let mut content = Content::default();
    let kind = evidence::bundle::MEDIA_TYPE;
    let config = content.blob("application/vnd.oci.empty.v1+json", b"{}");
    let layers: Vec<_> = (0..1_000_u32).map(|n| Descriptor::of(kind, &n.to_be_bytes())).collect();
    let statements: Vec<_> = (0..1_000_u32)
        .map(|n| Descriptor::of("application/vnd.in-toto+json", &n.to_be_bytes()))
        .collect();
    let mut huge = Descriptor::of(kind, b"huge");
    huge.size = 1 << 30;
    for layers in [layers, statements, vec![huge]] {
        let manifest = json!({
            "schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": layers,
            "subject": subject,
        });
        content.manifest(None, &manifest);
    }
    content.push(&world.registry, REPOSITORY);
    world.gate(Asked::Image, &[]).is(0, "allow");
    // None of it was asked for: of blobs only the config and the honest bundle.
    let requests = world.registry.take_requests();
    assert_eq!(requests.iter().filter(|r| r.contains("/blobs/")).count(), 2, "{requests:#?}");
}

#[test]
fn layers_without_number_under_cosigns_tag_end_at_the_limit() {
    let world = World::allowed();
    let mut content = Content::default();
    let config = content.blob("application/vnd.oci.image.config.v1+json", b"{}");
    let kind = "application/vnd.dsse.envelope.v1+json";
    let layers: Vec<_> = (0..10_000_u32).map(|n| Descriptor::of(kind, &n.to_be_bytes())).collect();
    let manifest =
        json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": layers});
    content.manifest(Some(&format!("{}.att", DIGEST.replace(':', "-"))), &manifest);
    content.push(&world.registry, REPOSITORY);
    limited(&measured("10,000 layers of cosign's", &world), "referrers");
}
