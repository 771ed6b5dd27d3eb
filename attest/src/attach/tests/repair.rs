//! The list of what hangs on an image, made anew from what is there.

use std::collections::BTreeSet;

use registry::Source;
use testkit::{
    peers::{Kind, Peer},
    registry::{Answer, Fault},
};

use super::{peers::Seeded, *};
use crate::attach::{Repaired, repair};

async fn three(places: &Places, target: &AnySource) -> BTreeSet<Digest> {
    let mut digests = BTreeSet::new();
    for bundle in [b"1", b"2", b"3"] {
        digests.insert(places.attach(target, bundle).await.unwrap().referrer);
    }
    digests
}

fn without(digests: &BTreeSet<Digest>, digest: &Digest) -> BTreeSet<Digest> {
    digests.iter().filter(|one| *one != digest).cloned().collect()
}

#[tokio::test]
async fn a_fallback_tag_that_was_overwritten_is_rebuilt_from_the_referrers_own_tags() {
    let places = Places::new();
    places.registry.store().referrers_api = false;
    let digests = three(&places, &places.http()).await;
    let tag = fallback_tag(&places.image.digest);
    let empty = r#"{"schemaVersion":2,"manifests":[],"annotations":{"a":"b"}}"#;
    places.registry.store().put_manifest(REPOSITORY, Some(&tag), empty.as_bytes());
    let repaired = repair(&places.http(), &places.image.digest).await.unwrap();
    let added = digests.clone();
    assert_eq!(repaired, Repaired { listed: digests, added, writes: 1, ..Repaired::default() });
    let again = repair(&places.http(), &places.image.digest).await.unwrap();
    assert_eq!((again.writes, again.added.len(), again.listed), (0, 0, repaired.listed));
}

#[tokio::test]
async fn what_is_listed_and_gone_is_dropped_by_name_and_nothing_else() {
    for api in [false, true] {
        let places = Places::new();
        places.registry.store().referrers_api = false;
        let digests = three(&places, &places.http()).await;
        places.registry.store().referrers_api = api;
        let gone = digests.first().unwrap();
        places.registry.store().remove(REPOSITORY, gone);
        let entries = places.http().referrers(&places.image.digest).await.unwrap();
        let entry = entries.iter().find(|entry| entry.digest == *gone).unwrap();
        assert_eq!(places.http().listed(entry).await.unwrap_err().kind(), "unavailable");
        let repaired = repair(&places.http(), &places.image.digest).await.unwrap();
        assert_eq!(repaired.dropped, BTreeSet::from([gone.clone()]), "{api}");
        assert_eq!(repaired.listed, without(&digests, gone), "{api}");
        for entry in places.http().referrers(&places.image.digest).await.unwrap() {
            places.http().listed(&entry).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_cannot_be_had_for_another_reason_is_never_dropped() {
    let places = Places::new();
    places.registry.store().referrers_api = false;
    let digests = three(&places, &places.http()).await;
    let before = places.fallback();
    for status in [401, 403, 410, 500, 503] {
        let part = format!("/manifests/{}", digests.first().unwrap());
        places.registry.fault("HEAD", &part, None, Fault::Answer(Answer::new(status)));
        let error = repair(&places.http(), &places.image.digest).await.unwrap_err();
        assert!(["unavailable", "unauthorized"].contains(&error.code()), "{status}: {error}");
        places.registry.mend();
        assert_eq!(places.fallback(), before);
    }
}

#[tokio::test]
async fn a_registry_that_lists_itself_needs_nothing_and_owns_its_faults() {
    let places = Places::new();
    let digests = three(&places, &places.http()).await;
    let repaired = repair(&places.http(), &places.image.digest).await.unwrap();
    assert_eq!(repaired, Repaired { listed: digests.clone(), ..Repaired::default() });
    assert_eq!(places.registry.store().tags(REPOSITORY).len(), 1);
    let part = format!("/manifests/{}", digests.first().unwrap());
    places.registry.fault("HEAD", &part, None, Fault::Answer(Answer::new(404)));
    let error = repair(&places.http(), &places.image.digest).await.unwrap_err();
    assert_eq!(error.code(), "not-there");
    assert!(error.to_string().contains(&digests.first().unwrap().to_string()), "{error}");
}

#[tokio::test]
async fn a_layout_forgets_what_is_gone_and_lists_what_lies_there() {
    let places = Places::new();
    let digests = three(&places, &places.layout()).await;
    let file = |digest: &Digest| places.dir.path().join("blobs/sha256").join(digest.hex());
    let gone = digests.first().unwrap();
    fs::remove_file(file(gone)).unwrap();
    assert!(places.layout().referrers(&places.image.digest).await.is_err());
    let repaired = repair(&places.layout(), &places.image.digest).await.unwrap();
    assert_eq!(repaired.dropped, BTreeSet::from([gone.clone()]));
    assert_eq!((repaired.listed, repaired.writes), (without(&digests, gone), 1));

    // An index that another tool wrote lists none of it.
    let (content, _) = Content::image("a");
    content.write_layout(places.dir.path()).unwrap();
    let repaired = repair(&places.layout(), &places.image.digest).await.unwrap();
    assert_eq!(repaired.added, without(&digests, gone));
    // An image that a person tagged is not forgotten with the rest.
    fs::remove_file(file(&places.image.digest)).unwrap();
    let error = repair(&places.layout(), &places.image.digest).await.unwrap_err();
    assert_eq!(error.code(), "unavailable", "{error}");
}

#[tokio::test]
async fn a_copy_of_a_registrys_files_is_repaired_like_the_registry() {
    let places = Places::new();
    let (mut content, image) = Content::image("a");
    let one = content.referrer(&image, b"1", true);
    let two = content.referrer(&image, b"2", true);
    content.manifests.iter_mut().skip(1).for_each(|stored| stored.listed = false);
    content.index(&fallback_tag(&image.digest), &[one.clone(), two.clone()]);
    content.write_layout(places.dir.path()).unwrap();
    fs::remove_file(places.dir.path().join("blobs/sha256").join(one.digest.hex())).unwrap();
    let repaired = repair(&places.layout(), &image.digest).await.unwrap();
    assert_eq!(repaired.dropped, BTreeSet::from([one.digest]));
    assert_eq!(repaired.listed, BTreeSet::from([two.digest]));
    let again = repair(&places.layout(), &image.digest).await.unwrap();
    assert_eq!(again.writes, 0);
}

#[tokio::test]
async fn garbage_collection_of_a_real_registry_is_mended() {
    let Some(seeded) = Seeded::start(Kind::DockerRegistry) else { return };
    let image = seeded.image().await;
    let mut digests = Vec::new();
    for bundle in [b"1", b"2"] {
        let attached = attach(&seeded.source(), &image, bundle, TYPE, time()).await.unwrap();
        digests.push(attached.referrer);
    }
    delete(&seeded.peer, &digests[0]).await;
    let repaired = repair(&seeded.source(), &image.digest).await.unwrap();
    assert_eq!(repaired.dropped, BTreeSet::from([digests[0].clone()]));
    let listed = seeded.source().referrers(&image.digest).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].digest, digests[1]);
}

/// Deletes a manifest with its tags, as garbage collection does.
async fn delete(peer: &Peer, digest: &Digest) {
    let url = format!("http://{}/v2/{REPOSITORY}/manifests/{digest}", peer.host());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(client.delete(url).send().await.unwrap().status(), 202);
}
