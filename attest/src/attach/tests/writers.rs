//! Fifty writers at once: every one that says "attached" is listed afterwards.

use std::{collections::BTreeSet, thread};

use registry::Source;

use super::*;

const WRITERS: usize = 50;

/// Attaches from as many threads at once as there are writers.
fn attach_all(places: &Places, open: impl Fn() -> AnySource + Sync) -> BTreeSet<Digest> {
    let open = &open;
    thread::scope(|scope| {
        let one = |number: usize| {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let bundle = format!("{{\"n\":{number}}}");
            let attached = runtime.block_on(places.attach(&open(), bundle.as_bytes()));
            attached.unwrap().referrer
        };
        let threads: Vec<_> = (0..WRITERS).map(|number| scope.spawn(move || one(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

async fn listed(target: AnySource, places: &Places) -> BTreeSet<Digest> {
    let found = target.referrers(&places.image.digest).await.unwrap();
    found.into_iter().map(|entry| entry.digest).collect()
}

#[tokio::test]
async fn fifty_writers_of_a_layout_lose_nothing() {
    let places = Places::new();
    let attached = attach_all(&places, || places.layout());
    assert_eq!(attached.len(), WRITERS);
    assert_eq!(listed(places.layout(), &places).await, attached);
    // Each is in the index, not only among the blobs.
    let index = fs::read(places.dir.path().join("index.json")).unwrap();
    assert_eq!(Manifest::parse(index).unwrap().manifests().len(), 1 + WRITERS);
}

#[tokio::test]
async fn fifty_writers_of_a_fallback_tag_lose_nothing() {
    let places = Places::new();
    places.registry.store().referrers_api = false;
    let attached = attach_all(&places, || places.http());
    assert_eq!(attached.len(), WRITERS);
    assert_eq!(listed(places.http(), &places).await, attached);
}

#[tokio::test]
async fn fifty_writers_with_the_referrers_api_lose_nothing() {
    let places = Places::new();
    let attached = attach_all(&places, || places.http());
    assert_eq!(listed(places.http(), &places).await, attached);
}
