//! Gathering, from a layout directory and from a registry: what becomes a candidate, what is an
//! error, and what it costs. Nothing here is signed; that is for `chain` to notice.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail by panic")]

use chain::{Candidate, Content as Found};
use evidence::{
    Algorithm, Digest,
    json::{Value, json},
};
use registry::{Descriptor, Options, Reference, manifest::IMAGE};
use testkit::{
    content::Content,
    registry::{Answer, Fault, Registry},
};
use verify::gather::{GatherError, Gathered, Request, Supplied, gather};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// One content in both kinds of place.
struct Places {
    dir: tempfile::TempDir,
    registry: Registry,
}

impl Places {
    fn of(content: &Content) -> Self {
        let dir = tempfile::tempdir().unwrap();
        content.write_layout(&dir.path().join("image")).unwrap();
        let registry = Registry::start().unwrap();
        content.push(&registry, "acme/app");
        Self { dir, registry }
    }

    fn references(&self, end: &str) -> [Reference; 2] {
        let layout = format!("oci:{}{end}", self.dir.path().join("image").display());
        let http = format!("{}/acme/app{end}", self.registry.host());
        [layout.parse().unwrap(), http.parse().unwrap()]
    }

    /// What is gathered in each of them.
    fn gather(&self, end: &str) -> [Result<Gathered, GatherError>; 2] {
        self.references(end).map(|image| run(&image, &[], true))
    }
}

fn run(image: &Reference, supplied: &[Supplied], labels: bool) -> Result<Gathered, GatherError> {
    let options = Options { credentials: registry::Credentials::Anonymous, ..Options::default() };
    let request = Request {
        image,
        told: None,
        supplied,
        evidence_repository: None,
        labels,
        index: None,
        options: &options,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(gather(&request))
}

fn referrer(content: &mut Content, subject: &Descriptor, manifest: Value) -> Descriptor {
    let config = content.blob(EMPTY, b"{}");
    let mut whole = json!({
        "schemaVersion": 2, "mediaType": IMAGE, "artifactType": BUNDLE,
        "config": config, "layers": [], "subject": subject,
    });
    for (name, value) in manifest.as_object().unwrap() {
        whole[name] = value.clone();
    }
    content.manifest(None, &whole)
}

fn bundles(gathered: &Gathered) -> Vec<&[u8]> {
    let mut all: Vec<&[u8]> = gathered
        .candidates
        .iter()
        .filter_map(|candidate| match &candidate.content {
            Found::Bundle(bytes) => Some(bytes.as_slice()),
            Found::Envelope { .. } | Found::Unreadable(_) | Found::Unsigned(_) => None,
        })
        .collect();
    all.sort_unstable();
    all
}

fn reasons(gathered: &Gathered) -> Vec<&str> {
    gathered
        .candidates
        .iter()
        .filter_map(|candidate| match &candidate.content {
            Found::Unreadable(reason) => Some(reason.as_str()),
            Found::Bundle(_) | Found::Envelope { .. } | Found::Unsigned(_) => None,
        })
        .collect()
}

#[test]
fn what_hangs_there_is_found_by_tag_and_by_digest_embedded_or_not() {
    let (mut content, image) = Content::image("app");
    content.referrer(&image, b"one", false);
    content.referrer(&image, b"two", true);
    let places = Places::of(&content);
    for end in [":latest".to_owned(), format!("@{}", image.digest)] {
        for gathered in places.gather(&end) {
            let gathered = gathered.unwrap();
            assert_eq!(bundles(&gathered), [b"one", b"two"]);
            assert_eq!(gathered.pinned.digest(), &image.digest);
            assert_eq!(gathered.shape, chain::Shape::Lone);
            let found: Vec<_> = gathered.candidates.iter().map(|c| c.found.clone()).collect();
            let mut sorted = found.clone();
            sorted.sort();
            assert_eq!(found, sorted);
        }
    }
}

#[test]
fn a_registry_is_asked_for_each_thing_once() {
    let (mut content, image) = Content::image("app");
    for number in 0..4 {
        content.referrer(&image, format!("bundle {number}").as_bytes(), true);
    }
    content.referrer(&image, b"of another tool", false);
    let places = Places::of(&content);
    let [_, http] = places.references(&format!("@{}", image.digest));
    run(&http, &[], true).unwrap();
    let mut requests = places.registry.take_requests();
    let count = requests.len();
    requests.sort();
    requests.dedup();
    assert_eq!(requests.len(), count, "something was asked for twice");
    // The image, its config, referrers, the fallback tag and cosign's; then one for each attestation
    // that carries its bundle, and two for the other.
    assert_eq!(count, 5 + 4 + 2, "{requests:#?}");

    run(&http, &[], false).unwrap();
    assert_eq!(places.registry.take_requests().len(), count - 1, "labels cost one");
}

/// Anybody who may push can hang the bytes of a failure under another role, before or after it.
#[test]
fn bytes_under_another_role_hide_no_bundle_and_no_envelope() {
    let (mut content, image) = Content::image("app");
    let unsigned = content.blob("application/vnd.in-toto+json", b"failed");
    referrer(&mut content, &image, json!({"layers": [unsigned]}));
    content.referrer(&image, b"failed", false);
    let unsigned = content.blob("application/vnd.dsse.envelope.v1+json", b"failed");
    referrer(&mut content, &image, json!({"layers": [unsigned], "annotations": {"n": "2"}}));
    let envelope = content.blob("application/vnd.dsse.envelope.v1+json", b"older failure");
    let config = content.blob(EMPTY, b"{}");
    content.manifest(
        Some(&format!("sha256-{}.att", image.digest.hex())),
        &json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [envelope]}),
    );
    content.referrer(&image, b"older failure", false);
    for gathered in Places::of(&content).gather("") {
        let gathered = gathered.unwrap();
        assert_eq!(bundles(&gathered), [b"failed".as_slice(), b"older failure"]);
        let envelopes: Vec<_> = gathered
            .candidates
            .iter()
            .filter(|c| matches!(c.content, Found::Envelope { .. }))
            .collect();
        assert_eq!(envelopes.len(), 1);
    }
}

#[test]
fn the_same_bundle_is_fetched_and_kept_once() {
    let (mut content, image) = Content::image("app");
    content.referrer(&image, b"one", false);
    let layer = content.blob(BUNDLE, b"one");
    referrer(&mut content, &image, json!({"layers": [layer], "annotations": {"again": "yes"}}));
    let places = Places::of(&content);
    for gathered in places.gather("") {
        assert_eq!(bundles(&gathered.unwrap()), [b"one"]);
    }
    let blob = format!("/blobs/{}", layer.digest);
    let asked = places.registry.take_requests().iter().filter(|r| r.contains(&blob)).count();
    assert_eq!(asked, 1);
}

#[test]
fn neither_artifact_type_nor_annotation_selects_or_vouches() {
    let (mut content, image) = Content::image("app");
    let bundle = content.blob(BUNDLE, b"one");
    let verified = json!({"verified": "true", "cosign.sigstore.dev/verified": "true"});
    referrer(
        &mut content,
        &image,
        json!({"layers": [bundle], "artifactType": "text/plain", "annotations": verified}),
    );
    let text = content.blob("text/plain", b"verified: yes");
    referrer(&mut content, &image, json!({"layers": [text], "annotations": verified}));
    for gathered in Places::of(&content).gather("") {
        let gathered = gathered.unwrap();
        assert_eq!(bundles(&gathered), [b"one"]);
        assert_eq!(gathered.candidates.len(), 1);
    }
}

#[test]
fn what_nobody_signed_is_told_of() {
    let (mut content, image) = Content::image("app");
    let statement = content.blob("application/vnd.in-toto+json", b"{}");
    let envelope = content.blob("application/vnd.dsse.envelope.v1+json", b"{} ");
    referrer(&mut content, &image, json!({"layers": [statement, envelope]}));
    for gathered in Places::of(&content).gather("") {
        let gathered = gathered.unwrap();
        let unsigned = |c: &Candidate| matches!(c.content, Found::Unsigned(_));
        assert_eq!(gathered.candidates.iter().filter(|c| unsigned(c)).count(), 2);
        assert_eq!(gathered.candidates.len(), 2);
    }
}

#[test]
fn what_is_embedded_is_the_content_or_unreadable_and_the_blob_is_not_looked_at() {
    let (mut content, image) = Content::image("app");
    let mut layer = content.blob(BUNDLE, b"one");
    layer.data = Some("dHdv".into());
    referrer(&mut content, &image, json!({"layers": [layer]}));
    let places = Places::of(&content);
    for gathered in places.gather("") {
        let gathered = gathered.unwrap();
        assert_eq!(
            reasons(&gathered),
            ["the embedded content does not hash to its descriptor's digest"]
        );
        assert_eq!(gathered.candidates.len(), 1);
    }
    let requests = places.registry.take_requests();
    let blob = layer.digest.to_string();
    assert!(!requests.iter().any(|request| request.contains(&blob)), "{requests:#?}");
}

#[test]
fn what_one_author_did_wrong_spoils_one_candidate_only() {
    let (mut content, image) = Content::image("app");
    content.referrer(&image, b"one", false);
    // Two layers; the wrong size; too large.
    let two = content.blob(BUNDLE, b"two");
    referrer(&mut content, &image, json!({"layers": [two, two]}));
    let mut wrong = content.blob(BUNDLE, b"three");
    wrong.size += 1;
    referrer(&mut content, &image, json!({"layers": [wrong]}));
    let mut large = Descriptor::of(BUNDLE, b"four");
    large.size = 16 * 1024 * 1024 + 1;
    referrer(&mut content, &image, json!({"layers": [large]}));
    for gathered in Places::of(&content).gather("") {
        let gathered = gathered.unwrap();
        assert_eq!(bundles(&gathered), [b"one"]);
        let reasons = reasons(&gathered).join("\n");
        for part in ["a bundle stands alone", "has 5 bytes, its descriptor says 6", "bundle-bytes"]
        {
            assert!(reasons.contains(part), "{part}: {reasons}");
        }
    }
}

#[test]
fn what_is_listed_and_not_there_is_an_error_never_none() {
    let (mut content, image) = Content::image("app");
    content.referrer(&image, b"one", true);
    let missing = content.referrer(&image, b"two", false);
    let blob = Descriptor::of(BUNDLE, b"two").digest;
    for lost in [missing.digest.clone(), blob] {
        let places = Places::of(&content);
        std::fs::remove_file(places.dir.path().join("image/blobs/sha256").join(lost.hex()))
            .unwrap();
        let part = format!("/{lost}");
        places.registry.fault("GET", &part, None, Fault::Answer(Answer::new(404)));
        for error in places.gather("").map(Result::unwrap_err) {
            assert_eq!(error.kind(), "unavailable", "{error}");
            assert!(error.help().is_some());
        }
    }
}

#[test]
fn other_bytes_are_an_error_whatever_their_length() {
    let (mut content, image) = Content::image("app");
    content.referrer(&image, b"the bundle", false);
    let blob = Descriptor::of(BUNDLE, b"the bundle").digest;
    for bytes in ["the BUNDLE", "short", "much longer than it is"] {
        let places = Places::of(&content);
        let path = places.dir.path().join("image/blobs/sha256").join(blob.hex());
        std::fs::write(path, bytes).unwrap();
        places.registry.store().replace("acme/app", &blob, bytes.as_bytes());
        for error in places.gather("").map(Result::unwrap_err) {
            assert_eq!(error.kind(), "digest-mismatch", "{error}");
        }
    }
}

#[test]
fn a_registry_that_fails_is_an_error_for_every_request() {
    let (mut content, image) = Content::image("app");
    let referrer = content.referrer(&image, b"one", false);
    let blob = Descriptor::of(BUNDLE, b"one").digest;
    let places = Places::of(&content);
    let [_, http] = places.references("");
    for part in [
        "/manifests/latest".to_owned(),
        "/referrers/".to_owned(),
        format!("/manifests/sha256-{}", image.digest.hex()),
        format!("/manifests/{}", referrer.digest),
        format!("/blobs/{blob}"),
    ] {
        for status in [403, 418] {
            places.registry.fault("GET", &part, None, Fault::Answer(Answer::new(status)));
            let error = run(&http, &[], true).unwrap_err();
            assert!(["unavailable", "unauthorized"].contains(&error.kind()), "{part}: {error}");
            places.registry.mend();
        }
    }
}

#[test]
fn labels_and_family_are_read_from_the_image() {
    let (mut content, _) = Content::image("app");
    let config = br#"{"config":{"Labels":{"git.commit":"4f1c"}}}"#;
    let config = content.blob("application/vnd.oci.image.config.v1+json", config);
    let manifest = json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": []});
    let labelled = content.manifest(Some("labelled"), &manifest);
    let sha512 = Digest::of(Algorithm::Sha512, manifest.to_string().as_bytes());
    let mut unknown = Descriptor::of(IMAGE, b"attestations");
    unknown.platform = Some(registry::Platform {
        architecture: "unknown".into(),
        os: "unknown".into(),
        variant: None,
    });
    content.index("index", &[labelled.clone(), unknown]);
    let places = Places::of(&content);
    for gathered in places.gather(":labelled") {
        let gathered = gathered.unwrap();
        assert!(gathered.same_bytes.contains(&sha512), "{:?}", gathered.same_bytes);
        assert_eq!(gathered.labels.unwrap()["git.commit"], "4f1c");
    }
    for gathered in places.gather(":index") {
        let gathered = gathered.unwrap();
        assert_eq!(gathered.labels, None);
        let chain::Shape::Index { platforms } = gathered.shape else { panic!("an index") };
        let platform = platforms.first().unwrap();
        assert_eq!((platforms.len(), &platform.digest), (1, &labelled.digest));
        assert_eq!(platform.labels.as_ref().unwrap()["git.commit"], "4f1c");
    }
}

#[test]
fn evidence_from_elsewhere_is_added() {
    let (content, image) = Content::image("app");
    let mut elsewhere = Content::default();
    elsewhere.referrer(&image, b"two", true);
    let places = Places::of(&content);
    let other = Places::of(&elsewhere);
    let file = places.dir.path().join("three.json");
    let bundle = format!(r#"{{"mediaType":"{BUNDLE}"}}"#);
    std::fs::write(&file, &bundle).unwrap();
    let supplied: Vec<Supplied> = other
        .references("")
        .map(Supplied::Repository)
        .into_iter()
        .chain([Supplied::Path(file)])
        .collect();
    for reference in places.references("") {
        let gathered = run(&reference, &supplied, false).unwrap();
        assert_eq!(bundles(&gathered), [b"two".as_slice(), bundle.as_bytes()]);
    }
}

#[test]
fn a_source_that_cannot_be_reached_is_an_error_although_others_can() {
    let (mut content, image) = Content::image("app");
    content.referrer(&image, b"one", true);
    let places = Places::of(&content);
    let gone = Registry::start().unwrap().host();
    let gone = Supplied::Repository(format!("{gone}/acme/evidence").parse().unwrap());
    for reference in places.references("") {
        let error = run(&reference, std::slice::from_ref(&gone), false).unwrap_err();
        assert_eq!(error.kind(), "unavailable");
    }
    let other =
        format!("oci:{}@sha256:{}", places.dir.path().join("image").display(), "0".repeat(64));
    let other = Supplied::Repository(other.parse().unwrap());
    for reference in places.references("") {
        let error = run(&reference, std::slice::from_ref(&other), false).unwrap_err();
        assert_eq!(error.kind(), "other-digest");
    }
}

#[test]
fn files_are_bundles_or_notes_or_errors() {
    let (content, _) = Content::image("app");
    let places = Places::of(&content);
    let [layout, _] = places.references("");
    let dir = places.dir.path().join("evidence");
    std::fs::create_dir(&dir).unwrap();
    let bundle = |text: &str| format!(r#"{{"mediaType":"{BUNDLE}","text":"{text}"}}"#);
    std::fs::write(dir.join("a.json"), bundle("a")).unwrap();
    std::fs::write(dir.join("b.jsonl"), format!("{}\n{}\n", bundle("b"), bundle("c"))).unwrap();
    std::fs::write(dir.join("report.json"), "{}").unwrap();
    std::fs::write(dir.join("README.md"), "not looked at").unwrap();
    let gathered = run(&layout, &[Supplied::Path(dir.clone())], false).unwrap();
    assert_eq!(bundles(&gathered).len(), 3);
    assert_eq!(gathered.notes.len(), 2);
    assert!(gathered.notes[0].contains(": 1 with other endings"), "README.md");
    assert!(gathered.notes[1].contains("report.json"));
    assert!(gathered.candidates.iter().any(|candidate| candidate.found.ends_with("b.jsonl:2")));

    std::fs::write(dir.join("d.sigstore"), bundle("d")).unwrap();
    let gathered = run(&layout, &[Supplied::Path(dir.clone())], false).unwrap();
    assert_eq!(bundles(&gathered).len(), 4);
    let all = || run(&layout, &[Supplied::Path(dir.clone())], false).unwrap_err();
    std::os::unix::fs::symlink("nowhere", dir.join("e.json")).unwrap();
    assert_eq!(all().kind(), "unreadable-file");
    std::fs::remove_file(dir.join("e.json")).unwrap();
    std::fs::write(dir.join("f.jsonl"), format!("{}\n{{\n", bundle("f"))).unwrap();
    assert_eq!(all().kind(), "no-bundle");
    assert!(all().to_string().contains("f.jsonl`, line 3,"), "{}", all());

    std::fs::remove_file(dir.join("f.jsonl")).unwrap();
    let twice = bundle("g").replace('}', ",\"mediaType\":\"x\"}");
    std::fs::write(dir.join(".json"), twice).unwrap();
    assert_eq!(all().kind(), "no-bundle");
    assert!(all().to_string().contains(".json` calls itself a Sigstore bundle"), "{}", all());
    std::fs::write(dir.join(".json"), bundle("g").replace('/', "\\/")).unwrap();
    std::fs::create_dir(dir.join("more.json")).unwrap();
    std::fs::write(dir.join("more.json/h.json"), bundle("h")).unwrap();
    let gathered = run(&layout, &[Supplied::Path(dir.clone())], false).unwrap();
    assert_eq!(bundles(&gathered).len(), 5);
    assert!(gathered.notes.iter().any(|note| note.contains("more.json is a directory")));

    for (path, kind) in [("report.json", "no-bundle"), ("absent.json", "unreadable-file")] {
        let error = run(&layout, &[Supplied::Path(dir.join(path))], false).unwrap_err();
        assert_eq!(error.kind(), kind);
    }
}
