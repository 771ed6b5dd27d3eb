//! One suite for everything that images are read from: a registry, a layout directory and an archive
//! of one answer alike, and refuse alike.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

use std::{fs, path::PathBuf};

use evidence::{Digest, json::json};
use registry::{
    AnySource, Budget, Credentials, Descriptor, Error, Limit, Manifest, ManifestKind, Options,
    Reference, Source, embedded, error::Cause, open, pin, referrers::fallback_tag,
};
use tempfile::TempDir;
use testkit::{archive::Tar, content::Content, registry::Registry};

const REPOSITORY: &str = "demo/app";

/// The same content in each kind of place.
struct Places {
    registry: Registry,
    dir: TempDir,
    archive: TempDir,
    budget: Budget,
}

impl Places {
    fn of(content: &Content) -> Self {
        let (registry, dir) = (Registry::start().unwrap(), tempfile::tempdir().unwrap());
        content.push(&registry, REPOSITORY);
        content.write_layout(dir.path()).unwrap();
        Self { registry, dir, archive: tempfile::tempdir().unwrap(), budget: Budget::default() }
    }

    /// The archive is made of the directory as it is now.
    fn references(&self, end: &str) -> [Reference; 3] {
        let archive = self.archive.path().join("image.tar");
        fs::write(&archive, Tar::of(self.dir.path()).unwrap().finish()).unwrap();
        [
            format!("{}/{REPOSITORY}{end}", self.registry.host()),
            format!("oci:{}{end}", self.dir.path().display()),
            format!("oci-archive:{}{end}", archive.display()),
        ]
        .map(|text| text.parse().unwrap())
    }

    fn sources(&self) -> [AnySource; 3] {
        let options = Options {
            budget: self.budget,
            credentials: Credentials::Anonymous,
            ..Options::default()
        };
        self.references("").map(|reference| open(&reference, &options).unwrap())
    }

    /// Puts other bytes where the content of `digest` lies.
    fn replace(&self, digest: &Digest, bytes: &[u8]) {
        self.registry.store().replace(REPOSITORY, digest, bytes);
        fs::write(self.file(digest), bytes).unwrap();
    }

    fn remove(&self, digest: &Digest) {
        self.registry.store().remove(REPOSITORY, digest);
        fs::remove_file(self.file(digest)).unwrap();
    }

    fn file(&self, digest: &Digest) -> PathBuf {
        self.dir.path().join("blobs/sha256").join(digest.hex())
    }
}

fn digests(list: &[Descriptor]) -> Vec<Digest> {
    let mut digests: Vec<_> = list.iter().map(|found| found.digest.clone()).collect();
    digests.sort();
    digests
}

fn layers(manifest: &Manifest) -> &[Descriptor] {
    match &manifest.kind {
        ManifestKind::Image { layers, .. } => layers,
        ManifestKind::Index { .. } => panic!("an index"),
    }
}

#[tokio::test]
async fn an_image_is_found_by_tag_by_digest_and_by_nothing() {
    let (content, image) = Content::image("a");
    let places = Places::of(&content);
    for end in ["", ":latest", &format!("@{}", image.digest)] {
        for (reference, source) in places.references(end).iter().zip(places.sources()) {
            let (pinned, manifest) = pin(&source, reference, None).await.unwrap();
            assert_eq!(pinned.digest(), &image.digest);
            assert_eq!(Digest::sha256(&manifest.bytes), image.digest);
            assert_eq!(manifest.descriptor(), image);
            assert_eq!(source.blob(&layers(&manifest)[0]).await.unwrap(), b"a");
        }
    }
}

#[tokio::test]
async fn a_pinned_image_shows_where_it_is_and_keeps_the_name_it_has() {
    let (content, image) = Content::image("a");
    let places = Places::of(&content);
    let [host, dir] = [places.registry.host(), places.dir.path().display().to_string()];
    let [registry, layout, archive] = places.sources();
    let told = Some("registry.example.com/payments/api");
    let [named, unnamed, archived] = places.references(":latest");

    let (pinned, _) = pin(&registry, &named, told).await.unwrap();
    assert_eq!(pinned.to_string(), format!("{host}/{REPOSITORY}@{}", image.digest));
    assert_eq!(pinned.name(), Some(format!("{host}/{REPOSITORY}").as_str()));
    let (pinned, _) = pin(&layout, &unnamed, told).await.unwrap();
    assert_eq!(pinned.to_string(), format!("oci:{dir}@{}", image.digest));
    assert_eq!(pinned.name(), told);
    let (pinned, _) = pin(&layout, &unnamed, None).await.unwrap();
    assert_eq!(pinned.name(), None);
    let (pinned, _) = pin(&archive, &archived, told).await.unwrap();
    let file = places.archive.path().join("image.tar").display().to_string();
    assert_eq!(pinned.to_string(), format!("oci-archive:{file}@{}", image.digest));
    assert_eq!(pinned.name(), told);
}

#[tokio::test]
async fn what_nobody_listed_may_be_absent() {
    let (content, _) = Content::image("a");
    let places = Places::of(&content);
    for source in places.sources() {
        assert!(source.resolve("v9").await.unwrap().is_none());
        assert!(source.manifest(&Digest::sha256(b"nothing")).await.unwrap().is_none());
        assert!(source.referrers(&Digest::sha256(b"nothing")).await.unwrap().is_empty());
    }
    for (reference, source) in places.references(":v9").iter().zip(places.sources()) {
        let error = pin(&source, reference, None).await.unwrap_err();
        assert_eq!(error.kind(), "not-found");
        assert!(error.to_string().contains(":v9"), "{error}");
    }
}

#[tokio::test]
async fn what_is_listed_and_gone_is_an_error_and_never_none() {
    let (mut content, image) = Content::image("a");
    let referrer = content.referrer(&image, b"{\"bundle\":1}", false);
    let places = Places::of(&content);
    for at in 0..3 {
        let manifest = places.sources()[at].listed(&referrer).await.unwrap();
        places.remove(&layers(&manifest)[0].digest);
        let error = places.sources()[at].blob(&layers(&manifest)[0]).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { cause: Cause::Missing, .. }), "{error}");
        content.push(&places.registry, REPOSITORY);
        content.write_layout(places.dir.path()).unwrap();
    }
    places.remove(&referrer.digest);
    for source in places.sources() {
        let error = source.listed(&referrer).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { cause: Cause::Missing, .. }), "{error}");
        assert_eq!(error.kind(), "unavailable");
    }
    // A layout's index lists the referrer itself, so already the list is an error there.
    for layout in &places.sources()[1..] {
        assert!(layout.referrers(&image.digest).await.is_err());
    }
}

#[tokio::test]
async fn referrers_are_found_where_both_lists_have_them() {
    let (mut content, image) = Content::image("a");
    let other = Content::image("b").1;
    let api = content.referrer(&image, b"{\"n\":1}", true);
    let foreign = content.referrer(&other, b"{\"n\":2}", true);
    // A referrer that only the fallback tag names: its own subject is another image's.
    let both = [api.clone(), foreign.clone()];
    content.index(&fallback_tag(&image.digest), &both);
    let places = Places::of(&content);
    for source in places.sources() {
        let found = source.referrers(&image.digest).await.unwrap();
        assert_eq!(digests(&found), digests(&both));
        let manifest = source.listed(&found[0]).await.unwrap();
        let bundle = embedded(&layers(&manifest)[0], source.budget()).unwrap().unwrap();
        assert_eq!(bundle, b"{\"n\":1}");
    }
    places.registry.store().referrers_api = false;
    let [registry, ..] = places.sources();
    assert_eq!(digests(&registry.referrers(&image.digest).await.unwrap()), digests(&both));
}

#[tokio::test]
async fn a_fallback_tag_that_is_the_image_itself_lists_nothing() {
    let (mut content, image) = Content::image("a");
    let bytes = content.manifests[0].bytes.clone();
    content.manifest(Some(&fallback_tag(&image.digest)), &serde_json::from_slice(&bytes).unwrap());
    let places = Places::of(&content);
    for source in places.sources() {
        assert!(source.referrers(&image.digest).await.unwrap().is_empty());
        assert!(source.resolve("latest").await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_fallback_tag_that_is_no_manifest_is_an_error() {
    let (mut content, image) = Content::image("a");
    content.manifest(Some(&fallback_tag(&image.digest)), &json!({"html": true}));
    let places = Places::of(&content);
    for source in places.sources() {
        let error = source.referrers(&image.digest).await.unwrap_err();
        assert_eq!(error.kind(), "malformed", "{error}");
    }
}

#[tokio::test]
async fn other_bytes_than_asked_for_are_refused() {
    let (mut content, image) = Content::image("a");
    let referrer = content.referrer(&image, b"{\"bundle\":1}", false);
    let places = Places::of(&content);
    let mut bytes = content.manifests[1].bytes.clone();
    let at = bytes.len() - 20;
    bytes[at] ^= 1;
    for at in 0..3 {
        let layer = layers(&places.sources()[at].listed(&referrer).await.unwrap())[0].clone();
        places.replace(&layer.digest, b"{\"bundle\":2}");
        let error = places.sources()[at].blob(&layer).await.unwrap_err();
        assert_eq!(error.kind(), "digest-mismatch", "{error}");
        places.replace(&layer.digest, b"{\"bundle\":1}");
    }
    places.replace(&referrer.digest, &bytes);
    for source in places.sources() {
        let error = source.listed(&referrer).await.unwrap_err();
        assert_eq!(error.kind(), "digest-mismatch", "{error}");
    }
    for layout in &places.sources()[1..] {
        let error = layout.referrers(&image.digest).await.unwrap_err();
        assert_eq!(error.kind(), "digest-mismatch");
    }
}

#[tokio::test]
async fn a_size_that_lies_is_refused() {
    let (mut content, image) = Content::image("a");
    let referrer = content.referrer(&image, b"{\"bundle\":1}", false);
    let places = Places::of(&content);
    for (source, off) in places.sources().iter().zip([1, 1, 1]) {
        let manifest = source.listed(&referrer).await.unwrap();
        for size in [referrer.size - off, referrer.size + off] {
            let lying = Descriptor { size, ..referrer.clone() };
            assert_eq!(source.listed(&lying).await.unwrap_err().kind(), "size-mismatch");
        }
        let layer = &layers(&manifest)[0];
        for size in [layer.size - off, layer.size + off] {
            let lying = Descriptor { size, ..layer.clone() };
            assert_eq!(source.blob(&lying).await.unwrap_err().kind(), "size-mismatch");
        }
    }
}

#[tokio::test]
async fn the_right_bytes_that_are_no_manifest_are_malformed() {
    let (mut content, image) = Content::image("a");
    let page = content.manifest(Some("page"), &json!("<html>"));
    content.manifests[1].listed = false;
    let places = Places::of(&content);
    for source in places.sources() {
        assert_eq!(source.manifest(&page.digest).await.unwrap_err().kind(), "malformed");
        // In a layout it is a blob like any other.
        assert!(source.referrers(&image.digest).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn limits_have_names_and_those_of_one_document_are_its_own() {
    let (mut content, image) = Content::image("a");
    let referrer = content.referrer(&image, &[b' '; 5_000], false);
    let two = content.referrer(&image, b"{\"n\":2}", false);
    let mut places = Places::of(&content);
    let limit = |error: Error| match error {
        Error::Limit { limit, .. } => limit,
        other => panic!("{other}"),
    };

    places.budget = Budget { referrers: 1, ..Budget::default() };
    for source in places.sources() {
        let found = limit(source.referrers(&image.digest).await.unwrap_err());
        assert_eq!(found, Limit::Referrers);
    }
    places.budget = Budget { manifest: 300, ..Budget::default() };
    for source in places.sources() {
        let found = limit(source.listed(&two).await.unwrap_err());
        assert_eq!(found, Limit::Manifest);
        let lying = Descriptor { size: 10, ..two.clone() };
        assert_eq!(limit(source.listed(&lying).await.unwrap_err()), Limit::Manifest);
    }
    places.budget = Budget { bundle: 4_000, ..Budget::default() };
    for source in places.sources() {
        let layer = layers(&source.listed(&referrer).await.unwrap())[0].clone();
        let found = limit(source.blob(&layer).await.unwrap_err());
        assert_eq!(found, Limit::Bundle);
        let lying = Descriptor { size: 10, ..layer };
        assert_eq!(limit(source.blob(&lying).await.unwrap_err()), Limit::Bundle);
    }
    places.budget = Budget { total: 5_600, ..Budget::default() };
    for source in places.sources() {
        let layer = layers(&source.listed(&referrer).await.unwrap())[0].clone();
        let found = match source.blob(&layer).await {
            Ok(_) => limit(source.listed(&referrer).await.unwrap_err()),
            Err(error) => limit(error),
        };
        assert_eq!(found, Limit::Total);
    }
    // What is only looked at to find what hangs there counts, too: the manifests of both referrers.
    places.budget = Budget { total: 2_000, ..Budget::default() };
    let [_, layouts @ ..] = places.sources();
    for source in layouts {
        let found = limit(source.referrers(&image.digest).await.unwrap_err());
        assert_eq!(found, Limit::Total);
    }
    places.budget = Budget { list: 100, ..Budget::default() };
    for source in places.sources() {
        assert_eq!(limit(source.referrers(&image.digest).await.unwrap_err()), Limit::List);
    }
}

#[tokio::test]
async fn what_cosign_left_is_found_in_every_form() {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../testdata/layouts");
    let image = "sha256:a1bb6ef36b06cf729dad0bbb8b16e6e6b95d8aff8cfcdd042bf4099d59965f77";
    for name in ["cosign-save", "cosign-fallback", "cosign-referrers"] {
        let layout = dir.join(name);
        let registry = Registry::start().unwrap();
        registry.load(REPOSITORY, &layout).unwrap();
        registry.store().referrers_api = name != "cosign-fallback";
        for (text, told) in [
            (format!("oci:{}", layout.display()), Some("registry.example.com/demo")),
            (format!("{}/{REPOSITORY}@{image}", registry.host()), None),
        ] {
            let reference: Reference = text.parse().unwrap();
            let source = open(&reference, &Options::default()).unwrap();
            let (pinned, _) = pin(&source, &reference, told).await.unwrap();
            assert_eq!(pinned.digest().to_string(), image);
            assert!(pinned.name().is_some());
            let found = source.referrers(pinned.digest()).await.unwrap();
            assert_eq!(found.len(), 4, "{name} {text}");
            for referrer in &found {
                let manifest = source.listed(referrer).await.unwrap();
                let bundle = source.blob(&layers(&manifest)[0]).await.unwrap();
                evidence::Bundle::parse(&bundle).unwrap();
            }
        }
    }
}
