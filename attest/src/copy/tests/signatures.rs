//! What cosign keeps under tags: copied as it is, and united with what the target has.

use std::path::Path;

use evidence::json::{self, Value};

use super::*;
use crate::copy::merge::NotSignatures;

/// The tag `.att` of the image in `testdata/layouts`, its manifest and its configuration.
struct Legacy {
    tag: String,
    manifest: Value,
    config: Value,
}

impl Legacy {
    async fn read(place: &AnySource) -> Self {
        let image = place.resolve("v1").await.unwrap().unwrap();
        let tag = format!("{}.att", fallback_tag(&image.digest));
        let there = place.resolve(&tag).await.unwrap().unwrap();
        let config = config(place, &there).await;
        Self { tag, manifest: json::parse(&there.bytes).unwrap(), config }
    }

    /// The same with these layers alone, pushed to the registry.
    fn push(&self, places: &Places, repository: &str, layers: &[usize]) {
        let pick = |list: &Value| -> Value { layers.iter().map(|at| list[*at].clone()).collect() };
        let mut config = self.config.clone();
        config["rootfs"]["diff_ids"] = pick(&config["rootfs"]["diff_ids"]);
        config["history"] = pick(&config["history"]);
        let config = config.to_string();
        let mut manifest = self.manifest.clone();
        manifest["layers"] = pick(&manifest["layers"]);
        manifest["config"]["digest"] = json!(Digest::sha256(config.as_bytes()));
        manifest["config"]["size"] = json!(config.len());
        let manifest = manifest.to_string();
        let mut store = places.registry.store();
        store.put_blob(repository, config.as_bytes());
        store.put_manifest(repository, Some(&self.tag), manifest.as_bytes());
    }
}

async fn config(place: &AnySource, manifest: &Manifest) -> Value {
    let ManifestKind::Image { config, .. } = &manifest.kind else { panic!("an index") };
    json::parse(&place.blob(config).await.unwrap()).unwrap()
}

fn layers(manifest: &Value) -> Vec<String> {
    let layers = manifest["layers"].as_array().unwrap();
    layers.iter().map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect()
}

/// A registry with the layout in `FROM`.
async fn legacy() -> (Places, Legacy) {
    let places = Places::new();
    let layout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/layouts/cosign-legacy");
    places.registry.load(FROM, &layout).unwrap();
    let legacy = Legacy::read(&places.place(FROM)).await;
    (places, legacy)
}

async fn evidence(places: &Places, from: &str, to: &str) -> Result<Evidence, CopyError> {
    let (from, to) = (places.place(from), places.place(to));
    let progress = Progress::silent();
    let copying = Copying { from: &from, evidence: &from, to: &to, progress: &progress };
    let image = from.resolve("v1").await.unwrap().unwrap();
    copying.evidence(Copying::subjects(&image)).await
}

fn outcomes(evidence: &Evidence) -> Vec<Outcome> {
    evidence.derived.iter().map(|derived| derived.outcome).collect()
}

#[tokio::test]
async fn a_tag_that_the_target_lacks_is_copied_as_it_is() {
    let (places, legacy) = legacy().await;
    for to in [TO, "oci:to"] {
        let copied = evidence(&places, FROM, to).await.unwrap();
        assert_eq!(outcomes(&copied), [Outcome::Copied]);
        assert_eq!(copied.blobs.sent, 5);
        let there = places.place(to).resolve(&legacy.tag).await.unwrap().unwrap();
        assert_eq!(json::parse(&there.bytes).unwrap(), legacy.manifest);
        for blob in tree::blobs(&[there]) {
            places.place(to).blob(&blob).await.unwrap();
        }
        let again = evidence(&places, FROM, to).await.unwrap();
        assert_eq!(outcomes(&again), [Outcome::There]);
        assert_eq!(again.blobs, Tally::default());
    }
}

#[tokio::test]
async fn another_tag_of_the_target_is_united_and_loses_nothing() {
    let (places, legacy) = legacy().await;
    evidence(&places, FROM, TO).await.unwrap();
    legacy.push(&places, TO, &[3, 1]);
    legacy.push(&places, FROM, &[0, 1]);
    let copied = evidence(&places, FROM, TO).await.unwrap();
    assert_eq!(outcomes(&copied), [Outcome::Merged { added: 1 }]);
    let there = places.place(TO).resolve(&legacy.tag).await.unwrap().unwrap();
    let all = layers(&legacy.manifest);
    let united = layers(&json::parse(&there.bytes).unwrap());
    assert_eq!(united, [all[3].clone(), all[1].clone(), all[0].clone()]);
    let config = config(&places.place(TO), &there).await;
    assert_eq!(config["rootfs"]["diff_ids"], json!(united));
    assert_eq!(config["history"].as_array().unwrap().len(), 3);
    let again = evidence(&places, FROM, TO).await.unwrap();
    assert_eq!(outcomes(&again), [Outcome::There]);
}

#[tokio::test]
async fn who_writes_in_between_is_united_too() {
    use testkit::registry::{Answer, Fault};
    let (places, legacy) = legacy().await;
    evidence(&places, FROM, TO).await.unwrap();
    legacy.push(&places, TO, &[3]);
    // The first write is lost: it is said to have been done, and was not.
    let part = format!("/prod/app/manifests/{}", legacy.tag);
    places.registry.fault("PUT", &part, Some(1), Fault::Answer(Answer::new(201)));
    let copied = evidence(&places, FROM, TO).await.unwrap();
    assert_eq!(outcomes(&copied), [Outcome::Merged { added: 3 }]);
    let there = places.place(TO).resolve(&legacy.tag).await.unwrap().unwrap();
    assert_eq!(layers(&json::parse(&there.bytes).unwrap()).len(), 4);
    legacy.push(&places, TO, &[3]);
    places.registry.fault("PUT", &part, None, Fault::Answer(Answer::new(201)));
    let error = evidence(&places, FROM, TO).await.unwrap_err();
    assert_eq!(error.code(), "contended");
}

#[tokio::test]
async fn an_sbom_of_the_target_is_kept() {
    let (places, legacy) = legacy().await;
    let tag = legacy.tag.replace(".att", ".sbom");
    for (repository, text) in [(FROM, b"theirs"), (TO, b"ours!!")] {
        let (content, _) = Content::image("sbom");
        places.fill(&content, repository);
        let mut manifest = json::parse(&content.manifests[0].bytes).unwrap();
        manifest["layers"][0] = json!(Descriptor::of("text/spdx+json", text));
        let mut store = places.registry.store();
        store.put_blob(repository, text);
        store.put_manifest(repository, Some(&tag), manifest.to_string().as_bytes());
    }
    let copied = evidence(&places, FROM, TO).await.unwrap();
    assert_eq!(outcomes(&copied), [Outcome::Copied, Outcome::Kept]);
}

#[test]
fn signatures_over_the_same_text_are_told_apart_by_what_they_are() {
    let layer = |signature: &str| {
        json!({"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
               "digest": Digest::sha256(b"text"), "size": 4,
               "annotations": {"dev.cosignproject.cosign/signature": signature}})
    };
    let manifest = |layers: &[Value]| {
        json!({"schemaVersion": 2, "mine": 1, "config": {"mediaType": "c", "size": 2},
               "layers": layers})
        .to_string()
        .into_bytes()
    };
    let (alice, bob) = (layer("alice"), layer("bob"));
    let there = manifest(std::slice::from_ref(&alice));
    let here = manifest(&[alice.clone(), bob.clone()]);
    let united = merge::unite((&there, Some(b"{}")), (&here, None)).unwrap().unwrap();
    assert_eq!((united.layers, united.added), (2, 1));
    let parsed = json::parse(&united.manifest).unwrap();
    assert_eq!(parsed["layers"], json!([alice, bob]));
    assert_eq!(parsed["mine"], 1);
    assert_eq!(parsed["config"]["digest"], json!(Digest::sha256(&united.config)));
    let config = json::parse(&united.config).unwrap();
    assert_eq!(
        config,
        json!({"rootfs": {"type": "layers", "diff_ids": [Digest::sha256(b"text")]}})
    );
    assert_eq!(merge::unite((&here, None), (&there, None)), Ok(None));
    for broken in [b"".as_slice(), b"[]", b"{}", br#"{"layers":{}}"#] {
        assert_eq!(merge::unite((broken, None), (&here, None)), Err(NotSignatures));
        assert_eq!(merge::unite((&here, None), (broken, None)), Err(NotSignatures));
    }
}

#[tokio::test]
async fn what_is_no_list_of_signatures_is_neither_overwritten_nor_passed_over() {
    let (places, legacy) = legacy().await;
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).to_string();
    places.registry.store().put_manifest(TO, Some(&legacy.tag), index.as_bytes());
    let error = evidence(&places, FROM, TO).await.unwrap_err();
    assert_eq!(error.code(), "no-signatures", "{error}");
    let store = places.registry.store();
    assert_eq!(store.manifest(TO, &legacy.tag), Some(index.as_bytes()));
}
