//! What was attached is found again, once, whoever else writes at the same time.

mod faults;
mod peers;
mod repair;
mod writers;

use std::fs;

use evidence::{Digest, time::Timestamp};
use registry::{
    AnySource, Budget, Credentials, Descriptor, Manifest, ManifestKind, Options, Reference, Source,
    embedded, open, referrers::fallback_tag,
};
use tempfile::TempDir;
use testkit::{content::Content, registry::Registry};

use super::{AttachError, Attached, attach};

const REPOSITORY: &str = "demo/app";
const TYPE: &str = "https://in-toto.io/attestation/test-result/v0.1";

/// An image in a registry and in a layout.
struct Places {
    registry: Registry,
    dir: TempDir,
    image: Descriptor,
    options: Options,
}

impl Places {
    fn new() -> Self {
        let (content, image) = Content::image("a");
        let (registry, dir) = (Registry::start().unwrap(), tempfile::tempdir().unwrap());
        content.push(&registry, REPOSITORY);
        content.write_layout(dir.path()).unwrap();
        let budget = Budget { pause: std::time::Duration::from_millis(1), ..Budget::default() };
        let credentials = Credentials::Anonymous;
        let options = Options { budget, credentials, ..Options::default() };
        Self { registry, dir, image, options }
    }

    fn http(&self) -> AnySource {
        self.open(&format!("{}/{REPOSITORY}", self.registry.host()))
    }

    fn layout(&self) -> AnySource {
        self.open(&format!("oci:{}", self.dir.path().display()))
    }

    fn open(&self, reference: &str) -> AnySource {
        let reference: Reference = reference.parse().unwrap();
        open(&reference, &self.options).unwrap()
    }

    async fn attach(&self, target: &AnySource, bundle: &[u8]) -> Result<Attached, AttachError> {
        attach(target, &self.image, bundle, TYPE, time()).await
    }

    /// What the fallback tag lists.
    fn fallback(&self) -> Vec<Digest> {
        let store = self.registry.store();
        let bytes = store.manifest(REPOSITORY, &fallback_tag(&self.image.digest)).unwrap();
        let index = Manifest::parse(bytes.to_vec()).unwrap();
        index.manifests().iter().map(|entry| entry.digest.clone()).collect()
    }

    fn own_tag(&self, attached: &Attached) -> String {
        format!(
            "{}.{}",
            fallback_tag(&self.image.digest),
            attached.referrer.hex().get(..16).unwrap()
        )
    }
}

/// How many files of a writer lie about that are not whole.
fn unfinished(dir: &std::path::Path) -> usize {
    let dirs = [dir.to_owned(), dir.join("blobs/sha256")];
    let entries = dirs.iter().flat_map(fs::read_dir).flatten().flatten();
    entries.filter(|entry| entry.file_name().to_str().unwrap().starts_with(".attest-")).count()
}

fn time() -> Timestamp {
    "2026-11-20T09:31:00Z".parse().unwrap()
}

fn layer(manifest: &Manifest) -> &Descriptor {
    match &manifest.kind {
        ManifestKind::Image { layers, .. } => &layers[0],
        ManifestKind::Index { .. } => panic!("an index"),
    }
}

#[tokio::test]
async fn what_was_attached_is_found_and_attaching_again_changes_nothing() {
    let places = Places::new();
    let mut digests = Vec::new();
    for target in [places.http(), places.layout()] {
        let attached = places.attach(&target, b"{\"n\":1}").await.unwrap();
        assert!(attached.writes > 0);
        assert_eq!(attached.bundle, Digest::sha256(b"{\"n\":1}"));
        let found = target.referrers(&places.image.digest).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].digest, attached.referrer);
        assert_eq!(found[0].annotations["dev.sigstore.bundle.predicateType"], TYPE);
        let manifest = target.listed(&found[0]).await.unwrap();
        let inside = embedded(layer(&manifest), target.budget()).unwrap().unwrap();
        assert_eq!(inside, b"{\"n\":1}");
        assert_eq!(target.blob(layer(&manifest)).await.unwrap(), b"{\"n\":1}");

        let again = places.attach(&target, b"{\"n\":1}").await.unwrap();
        assert_eq!(again, Attached { writes: 0, ..attached.clone() });
        digests.push(attached.referrer);
    }
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn the_manifest_is_the_one_that_others_read() {
    let places = Places::new();
    let referrer = super::Referrer::new(&places.image, b"{}", TYPE, time()).unwrap();
    let expected = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}},"layers":[{{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="}}],"subject":{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":{}}},"annotations":{{"dev.sigstore.bundle.content":"dsse-envelope","dev.sigstore.bundle.predicateType":"{TYPE}","org.opencontainers.image.created":"2026-11-20T09:31:00Z"}}}}"#,
        places.image.digest, places.image.size
    );
    assert_eq!(String::from_utf8(referrer.manifest.clone()).unwrap(), expected);
    assert_eq!(Manifest::parse(referrer.manifest).unwrap().referrer(), referrer.descriptor);
}

#[tokio::test]
async fn a_large_bundle_is_a_blob_alone_and_a_huge_one_is_refused() {
    let places = Places::new();
    let large = vec![b' '; 64 * 1024 + 1];
    for target in [places.http(), places.layout()] {
        let attached = places.attach(&target, &large).await.unwrap();
        let manifest = target.manifest(&attached.referrer).await.unwrap().unwrap();
        assert!(layer(&manifest).data.is_none());
        assert_eq!(target.blob(layer(&manifest)).await.unwrap(), large);
        let huge = vec![b' '; 16 * 1024 * 1024 + 1];
        let error = places.attach(&target, &huge).await.unwrap_err();
        assert_eq!(error.code(), "too-large");
    }
}

#[tokio::test]
async fn no_more_is_attached_than_is_read() {
    let mut places = Places::new();
    for target in [places.http(), places.layout()] {
        places.attach(&target, b"1").await.unwrap();
        places.attach(&target, b"2").await.unwrap();
    }
    places.options.budget.referrers = 2;
    places.registry.take_requests();
    for target in [places.http(), places.layout()] {
        let error = places.attach(&target, b"3").await.unwrap_err();
        assert_eq!(error.code(), "limit", "{error}");
        places.attach(&target, b"2").await.unwrap();
        assert_eq!(target.referrers(&places.image.digest).await.unwrap().len(), 2);
    }
    let pushed = places.registry.take_requests();
    assert!(!pushed.iter().any(|r| r.starts_with("PUT") && r.contains("manifests")));
}

#[tokio::test]
async fn without_the_referrers_api_a_tag_of_its_own_and_the_fallback_tag_name_it() {
    let places = Places::new();
    places.registry.store().referrers_api = false;
    let target = places.http();
    let one = places.attach(&target, b"1").await.unwrap();
    let two = places.attach(&target, b"2").await.unwrap();
    let mut both = vec![one.referrer.clone(), two.referrer.clone()];
    both.sort();
    assert_eq!(places.fallback(), both);
    let tags = places.registry.store().tags(REPOSITORY);
    for attached in [&one, &two] {
        assert!(tags.contains(&places.own_tag(attached)), "{tags:?}");
    }
    assert_eq!(tags.len(), 4);
    places.registry.take_requests();
    let again = places.attach(&target, b"1").await.unwrap();
    assert_eq!(again, Attached { writes: 0, ..one });
    let writes = places.registry.take_requests();
    assert!(!writes.iter().any(|request| request.starts_with('P')), "{writes:?}");
    assert_eq!(target.referrers(&places.image.digest).await.unwrap().len(), 2);
}

/// As docker-registry does while another writer's tag is being written; that writer ends before this
/// one writes a list without it.
#[tokio::test]
async fn a_tag_that_cannot_be_read_yet_is_looked_at_again() {
    use testkit::registry::{Answer, Fault};
    let places = Places::new();
    places.registry.store().referrers_api = false;
    let target = places.http();
    let one = places.attach(&target, b"1").await.unwrap();
    let empty = br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
    let tag = fallback_tag(&places.image.digest);
    places.registry.store().put_manifest(REPOSITORY, Some(&tag), empty);
    let absent = Fault::Answer(Answer::new(404));
    places.registry.fault("GET", &places.own_tag(&one), Some(1), absent);
    let two = places.attach(&target, b"2").await.unwrap();
    let mut both = vec![one.referrer, two.referrer];
    both.sort();
    assert_eq!(places.fallback(), both);
}

#[tokio::test]
async fn what_others_wrote_under_the_fallback_tag_stays() {
    let places = Places::new();
    let foreign = Digest::sha256(b"foreign");
    let index = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","annotations":{{"a":"b"}},"manifests":[{{"mediaType":"m","digest":"{foreign}","size":7,"urls":["https://example.com"]}}]}}"#
    );
    let tag = fallback_tag(&places.image.digest);
    places.registry.store().referrers_api = false;
    places.registry.store().put_manifest(REPOSITORY, Some(&tag), index.as_bytes());
    let attached = places.attach(&places.http(), b"1").await.unwrap();
    assert_eq!(places.fallback().len(), 2);
    assert!(places.fallback().contains(&foreign) && places.fallback().contains(&attached.referrer));
    let store = places.registry.store();
    let written = String::from_utf8(store.manifest(REPOSITORY, &tag).unwrap().to_vec()).unwrap();
    assert!(written.contains(r#""annotations":{"a":"b"}"#));
    assert!(written.contains(r#""urls":["https://example.com"]"#));
}

#[tokio::test]
async fn a_registry_that_says_nothing_is_asked_what_it_lists() {
    let places = Places::new();
    places.registry.store().mute = true;
    places.attach(&places.http(), b"1").await.unwrap();
    // It lists the referrer, so nothing else is needed.
    assert_eq!(places.registry.store().tags(REPOSITORY).len(), 1);

    // One that has the API, but forgets the subject.
    use testkit::registry::{Answer, Fault};
    let empty = r#"{"schemaVersion":2,"manifests":[]}"#;
    let answer = Fault::Answer(Answer::json(200, empty));
    places.registry.fault("GET", "/referrers/", None, answer);
    let attached = places.attach(&places.http(), b"2").await.unwrap();
    assert_eq!(places.fallback(), std::slice::from_ref(&attached.referrer));
    let found = places.http().referrers(&places.image.digest).await.unwrap();
    assert_eq!(found[0].digest, attached.referrer);
}

#[tokio::test]
async fn a_header_does_not_replace_the_referrers_api() {
    let places = Places::new();
    use testkit::registry::Fault;
    places.registry.store().referrers_api = false;
    let subject = places.image.digest.to_string();
    places.registry.fault("PUT", "/manifests/", None, Fault::Header("OCI-Subject".into(), subject));
    let attached = places.attach(&places.http(), b"1").await.unwrap();
    assert_eq!(places.fallback(), [attached.referrer]);
}

#[tokio::test]
async fn a_registry_that_refuses_data_gets_the_manifest_without() {
    for api in [true, false] {
        let places = Places::new();
        places.registry.store().no_data = true;
        places.registry.store().referrers_api = api;
        let target = places.http();
        let attached = places.attach(&target, b"1").await.unwrap();
        let manifest = target.manifest(&attached.referrer).await.unwrap().unwrap();
        assert!(layer(&manifest).data.is_none());
        assert_eq!(target.referrers(&places.image.digest).await.unwrap().len(), 1);
        places.attach(&target, b"1").await.unwrap();
        assert_eq!(target.referrers(&places.image.digest).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_layout_keeps_what_else_is_in_it() {
    let places = Places::new();
    let index = places.dir.path().join("index.json");
    let before = fs::read_to_string(&index).unwrap().replacen('{', r#"{"mine": [1.50],"#, 1);
    fs::write(&index, &before).unwrap();
    places.attach(&places.layout(), b"1").await.unwrap();
    let after = fs::read_to_string(&index).unwrap();
    assert!(after.contains("[1.50]") && after.contains("\"latest\""));
    assert_eq!(unfinished(places.dir.path()), 0);
}
