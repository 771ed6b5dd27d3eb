//! What is copied is all there, what was there stays, and what goes wrong names what to mend.

mod faults;
mod signatures;

use std::collections::BTreeSet;

use evidence::{Digest, json::json};
use registry::{
    AnySource, Budget, Credentials, Descriptor, Manifest, ManifestKind, Options, Reference, Source,
    manifest::{IMAGE, INDEX},
    referrers::fallback_tag,
};
use tempfile::TempDir;
use testkit::{content::Content, registry::Registry};

use super::*;

const FROM: &str = "staging/app";
const TO: &str = "prod/app";

/// A registry, and a directory for layouts.
struct Places {
    registry: Registry,
    dir: TempDir,
    options: Options,
}

impl Places {
    fn new() -> Self {
        let budget = Budget { pause: std::time::Duration::from_millis(1), ..Budget::default() };
        let credentials = Credentials::Anonymous;
        Self {
            registry: Registry::start().unwrap(),
            dir: tempfile::tempdir().unwrap(),
            options: Options { budget, credentials, ..Options::default() },
        }
    }

    /// A repository of the registry, or a layout of that name.
    fn place(&self, name: &str) -> AnySource {
        let reference = match name.strip_prefix("oci:") {
            Some(name) => format!("oci:{}", self.dir.path().join(name).display()),
            None => format!("{}/{name}", self.registry.host()),
        };
        open(&reference.parse::<Reference>().unwrap(), &self.options).unwrap()
    }

    fn fill(&self, content: &Content, name: &str) {
        match name.strip_prefix("oci:") {
            Some(name) => content.write_layout(&self.dir.path().join(name)).unwrap(),
            None => content.push(&self.registry, name),
        }
    }

    async fn copy(&self, from: &str, to: &str) -> Result<(Image, Evidence), CopyError> {
        let (from, to) = (self.place(from), self.place(to));
        copy(&from, &to).await
    }
}

async fn copy(from: &AnySource, to: &AnySource) -> Result<(Image, Evidence), CopyError> {
    let progress = Progress::silent();
    let copying = Copying { from, evidence: from, to, progress: &progress };
    let image = from.resolve("latest").await.unwrap().unwrap();
    let copied = copying.image(&image).await?;
    let evidence = copying.evidence(Copying::subjects(&image)).await?;
    copying.tags(&image, &["latest".to_owned()]).await?;
    Ok((copied, evidence))
}

/// An index of an image and of what BuildKit lists beside it, with evidence on each, and on evidence.
fn rich() -> (Content, Descriptor) {
    let (mut content, image) = Content::image("layer");
    let config = content.blob("application/vnd.oci.empty.v1+json", b"{}");
    let statement = content.blob("application/vnd.in-toto+json", b"{\"unsigned\":1}");
    let beside = content.manifest(
        None,
        &json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [statement]}),
    );
    let index = content.index("latest", &[image.clone(), beside.clone()]);
    content.manifests[0].tag = None;
    let one = content.referrer(&index, b"{\"bundle\":1}", true);
    content.referrer(&image, b"{\"bundle\":2}", false);
    content.referrer(&one, b"{\"bundle\":3}", true);
    (content, index)
}

/// All that hangs on a digest and on what hangs on it, read whole.
async fn hanging(place: &AnySource, image: &Manifest) -> BTreeSet<Digest> {
    let mut found = BTreeSet::new();
    let mut subjects = Copying::subjects(image);
    while let Some(subject) = subjects.pop() {
        for entry in place.referrers(&subject).await.unwrap() {
            let manifest = place.listed(&entry).await.unwrap();
            let ManifestKind::Image { config, layers } = &manifest.kind else { panic!("an index") };
            for blob in std::iter::once(&**config).chain(layers) {
                place.blob(blob).await.unwrap();
            }
            if found.insert(manifest.digest.clone()) {
                subjects.push(manifest.digest);
            }
        }
    }
    found
}

#[tokio::test]
async fn everything_goes_in_every_direction_and_nothing_twice() {
    let places = Places::new();
    places.registry.store().page = 1;
    let (content, _) = rich();
    places.fill(&content, FROM);
    places.fill(&content, "oci:from");
    for (from, to) in [
        (FROM, "prod/one"),
        (FROM, "oci:one"),
        ("oci:from", "oci:two"),
        ("oci:from", "prod/two"),
        ("prod/one", "oci:three"),
        ("oci:two", "prod/three"),
    ] {
        let (image, evidence) = places.copy(from, to).await.unwrap();
        assert_eq!(image.manifests, Tally { sent: 3, ..Tally::default() }, "{from} {to}");
        assert_eq!((image.blobs.sent, image.blobs.bytes), (4, 85), "{from} {to}");
        assert_eq!(evidence.manifests, Tally { sent: 3, ..Tally::default() }, "{from} {to}");
        let there = places.place(to);
        let image = there.resolve("latest").await.unwrap().unwrap();
        for one in tree::manifests(&there, &image).await.unwrap() {
            for blob in tree::blobs(&[one]) {
                there.blob(&blob).await.unwrap();
            }
        }
        let found = hanging(&there, &image).await;
        assert_eq!(found, hanging(&places.place(from), &image).await, "{from} {to}");
        assert_eq!(found.len(), 3);

        places.registry.take_requests();
        let (image, evidence) = places.copy(from, to).await.unwrap();
        assert_eq!((image.manifests.there, image.blobs.there), (3, 4), "{from} {to}");
        assert_eq!(evidence.manifests, Tally { there: 3, ..Tally::default() }, "{from} {to}");
        let requests = places.registry.take_requests();
        assert!(!requests.iter().any(|request| request.starts_with('P')), "{requests:?}");
    }
}

#[tokio::test]
async fn a_registry_without_the_referrers_api_gets_its_tags() {
    let places = Places::new();
    let (content, index) = rich();
    places.fill(&content, "oci:from");
    places.registry.store().referrers_api = false;
    places.copy("oci:from", TO).await.unwrap();
    // The image's, three fallback tags, and one for each referrer.
    assert_eq!(places.registry.store().tags(TO).len(), 1 + 3 + 3);
    let there = places.place(TO);
    let image = there.resolve("latest").await.unwrap().unwrap();
    assert_eq!(image.digest, index.digest);
    assert_eq!(hanging(&there, &image).await.len(), 3);
    places.registry.take_requests();
    places.copy("oci:from", TO).await.unwrap();
    let requests = places.registry.take_requests();
    assert!(!requests.iter().any(|request| request.starts_with('P')), "{requests:?}");
    // And back, where there is one.
    places.copy(TO, "oci:back").await.unwrap();
    assert_eq!(hanging(&places.place("oci:back"), &image).await.len(), 3);
}

#[tokio::test]
async fn what_hung_at_the_target_still_hangs_there() {
    for api in [true, false] {
        for to in [TO, "oci:to"] {
            let places = Places::new();
            places.registry.store().referrers_api = api;
            let (content, index) = rich();
            places.fill(&content, "oci:from");
            let (mut other, _) = rich();
            let mine = other.referrer(&index, b"{\"bundle\":\"theirs\"}", true);
            other.manifests.retain(|stored| stored.tag.is_some() || stored.bytes.len() > 900);
            other.index(&fallback_tag(&index.digest), std::slice::from_ref(&mine));
            places.fill(&other, to);
            places.copy("oci:from", to).await.unwrap();
            let there = places.place(to).referrers(&index.digest).await.unwrap();
            assert!(there.iter().any(|entry| entry.digest == mine.digest), "{api} {to}");
            assert!(there.len() >= 2, "{api} {to}: {there:?}");
        }
    }
}

#[tokio::test]
async fn what_a_foreign_list_names_without_being_named_is_listed_again() {
    let places = Places::new();
    let (mut content, image) = Content::image("a");
    let config = content.blob("application/vnd.oci.empty.v1+json", b"{}");
    let stray = json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": []});
    let stray = content.manifest(None, &stray);
    content.index(&fallback_tag(&image.digest), std::slice::from_ref(&stray));
    places.fill(&content, FROM);
    for to in [TO, "oci:to"] {
        for _ in 0..2 {
            places.copy(FROM, to).await.unwrap();
            let listed = places.place(to).referrers(&image.digest).await.unwrap();
            assert_eq!(listed.len(), 1, "{to}");
            assert_eq!(listed[0].digest, stray.digest, "{to}");
        }
    }
}

#[tokio::test]
async fn blobs_of_one_registry_are_mounted_and_sent_where_that_is_refused() {
    for mounts in [true, false] {
        let places = Places::new();
        places.registry.store().mounts = mounts;
        places.fill(&rich().0, FROM);
        let (image, _) = places.copy(FROM, TO).await.unwrap();
        let requests = places.registry.take_requests();
        let mounted = requests.iter().filter(|request| request.contains("?mount=")).count();
        let sent = requests
            .iter()
            .filter(|request| request.starts_with("PUT /v2/prod/app/blobs/"))
            .count();
        let expected = if mounts { (4, 0) } else { (0, 4) };
        assert_eq!((image.blobs.mounted, image.blobs.sent), expected);
        assert_eq!(sent == 0, mounts);
        assert!(mounted >= 4, "{requests:?}");
        assert!(requests.iter().any(|request| request.contains("&from=staging%2Fapp")));
    }
}

#[tokio::test]
async fn a_tag_moves_and_says_from_where() {
    for to in [TO, "oci:to"] {
        let places = Places::new();
        places.fill(&Content::image("old").0, to);
        let old = places.place(to).resolve("latest").await.unwrap().unwrap();
        places.fill(&Content::image("new").0, FROM);
        let (from, to) = (places.place(FROM), places.place(to));
        let progress = Progress::silent();
        let copying = Copying { from: &from, evidence: &from, to: &to, progress: &progress };
        let image = from.resolve("latest").await.unwrap().unwrap();
        copying.image(&image).await.unwrap();
        let tags = ["latest".to_owned(), "v1".to_owned()];
        let tagged = copying.tags(&image, &tags).await.unwrap();
        let befores: Vec<_> = tagged.into_iter().map(|tagged| tagged.before).collect();
        assert_eq!(befores, [Some(old.digest), None]);
        for tag in tags {
            assert_eq!(to.resolve(&tag).await.unwrap().unwrap().digest, image.digest);
        }
    }
}

#[tokio::test]
async fn layers_that_no_registry_may_hand_out_stay_where_they_are() {
    let places = Places::new();
    let mut content = Content::default();
    let config = content.blob("application/vnd.oci.image.config.v1+json", b"{}");
    let layer = Descriptor::of(
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        b"lies at Microsoft's",
    );
    let manifest =
        json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [layer]});
    let image = content.manifest(None, &manifest);
    content.index("latest", &[image]);
    places.fill(&content, FROM);
    let (image, _) = places.copy(FROM, "oci:to").await.unwrap();
    assert_eq!((image.manifests.sent, image.blobs.sent), (2, 1));
}

#[test]
fn an_index_within_an_index_comes_after_what_it_lists() {
    let places = Places::new();
    let (mut content, image) = Content::image("a");
    let inner = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [image]});
    let inner = content.manifest(None, &inner);
    let outer = content.index("outer", &[inner.clone(), image.clone()]);
    places.fill(&content, FROM);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let order = runtime.block_on(async {
        let from = places.place(FROM);
        let top = from.resolve("outer").await.unwrap().unwrap();
        tree::manifests(&from, &top).await.unwrap()
    });
    let order: Vec<_> = order.into_iter().map(|manifest| manifest.digest).collect();
    let at = |digest: &Digest| order.iter().position(|one| one == digest).unwrap();
    assert!(at(&image.digest) < at(&outer.digest) && at(&inner.digest) < at(&outer.digest));
    assert_eq!(order.len(), 3);
}
