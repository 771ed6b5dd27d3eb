//! `attest` on an index: one statement about the index and its platforms, the same bundle on each; what
//! an interrupted run left on some is completed by the next.

use std::{collections::BTreeMap, fs};

use evidence::{
    Bundle, Digest, Id, Statement,
    json::{Value, json},
    predicate::{Claim, View},
};
use testkit::{
    content::Content,
    registry::{Answer, Fault, Registry},
};

use crate::{
    documents::described,
    place::{BUILD, IMAGE, NAME, Place, digest, parse, testdata, text},
};

const INDEX: &str = "sha256:782419d2e04c4377f25a4aaee15e8e753b4f0e45dae61616477e71f75cf447e0";
const CONFIG: &str = "sha256:1396f8186555d79f474ce19821f75ec296fdf5dabac437d7f6260d6d93d45436";
const ARM64: &str = "sha256:37a1ccfce077c04db5090ba58a1c232abdb1c6f2a5805aa5938096859a14e2a9";

/// The statements that hang on each digest of a registry's repository, or layout, by their ids.
fn hanging(image: &str) -> BTreeMap<Digest, Vec<Id>> {
    let reference = image.parse().unwrap();
    let source = registry::open(&reference, &registry::Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use registry::Source;
        let mut all = BTreeMap::new();
        for digest in [INDEX, IMAGE, ARM64].map(|digest| digest.parse::<Digest>().unwrap()) {
            let mut ids = Vec::new();
            for listed in source.referrers(&digest).await.unwrap() {
                let manifest = parse(source.listed(&listed).await.unwrap().bytes);
                assert_eq!(text(&manifest["subject"]["digest"]), digest.to_string());
                assert!(manifest["subject"]["platform"].is_null());
                let data = text(&manifest["layers"][0]["data"]);
                use base64::{Engine, engine::general_purpose::STANDARD};
                let bundle = Bundle::parse(&STANDARD.decode(data).unwrap()).unwrap();
                ids.push(bundle.envelope.id());
            }
            ids.sort();
            all.insert(digest, ids);
        }
        all
    })
}

/// The ids that hang on each digest alike.
fn on_each(image: &str) -> Vec<Id> {
    let all: Vec<Vec<Id>> = hanging(image).into_values().collect();
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    all[0].clone()
}

fn build<'a>(image: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["build", image][..], &BUILD, more].concat()
}

fn subjects(statement: &Statement) -> Vec<String> {
    let digests = |one: &evidence::Subject| one.digests.values().next().unwrap().to_string();
    statement.subjects.iter().map(digests).collect()
}

#[test]
fn an_index_is_named_with_its_platforms_and_each_carries_the_same_bundle() {
    let place = Place::new();
    let layout = format!("oci:{}", place.path("index").display());
    let words = build("oci:index", &["--as", NAME, "--format", "json"]);
    let document = parse(place.done(&words));
    described("attested", &document);
    let platforms = document["platforms"].as_array().unwrap();
    let shown = platforms.iter().map(|one| (text(&one["platform"]), text(&one["subject"])));
    assert_eq!(shown.collect::<Vec<_>>(), [("linux/amd64", IMAGE), ("linux/arm64/v8", ARM64)]);
    assert_eq!(on_each(&layout).len(), 1);

    let environment = ["--as", NAME, "--environment", "staging"];
    let deploy = [&["deploy", "oci:index", "--result", "succeeded"][..], &environment].concat();
    let approve = [&["approve", "oci:index", "--yes"][..], &environment].concat();
    place.done(&deploy);
    let stdout = place.done(&approve);
    assert!(stdout.contains("linux/arm64/v8  sha256:"), "{stdout}");
    assert_eq!(on_each(&layout).len(), 3);
    for words in [words, deploy, approve] {
        let statement = place.statement(
            &words
                .iter()
                .copied()
                .filter(|w| !w.contains("json") && *w != "--format")
                .collect::<Vec<_>>(),
        );
        assert_eq!(subjects(&statement), [INDEX, IMAGE, ARM64]);
        assert!(statement.subjects.iter().all(|one| one.name == NAME));
    }
}

#[test]
fn the_platforms_can_be_spared() {
    let place = Place::new();
    let layout = format!("oci:{}", place.path("index").display());
    let words = build("oci:index", &["--platforms", "none"]);
    assert_eq!(subjects(&place.statement(&words)), [INDEX]);
    let stdout = place.done(&words);
    assert!(stdout.contains("an index has no labels"), "{stdout}");
    let lengths: Vec<usize> = hanging(&layout).into_values().map(|ids| ids.len()).collect();
    assert_eq!(lengths.iter().sum::<usize>(), 1);
    // An image of one platform has no others.
    assert_eq!(subjects(&place.statement(&build("oci:app", &[]))), [IMAGE]);
}

#[test]
fn the_labels_of_every_platform_that_is_named_are_compared() {
    let place = Place::new();
    let stdout = place.done(&build("oci:index", &[]));
    assert!(stdout.contains("linux/arm64/v8: git.commit"), "{stdout}");
    let other = "8d02e11f4c55aa0011223344556677889900aabb";
    let words = build("oci:index", &[])
        .iter()
        .map(|&word| match word {
            word if word == BUILD[3] => other,
            word => word,
        })
        .collect::<Vec<_>>();
    place.fails(1, "label-mismatch", &words);
    place.done(&[&words[..], &["--platforms", "none"]].concat());
}

#[test]
fn an_approval_commits_to_what_hangs_on_a_platform_alone() {
    let place = Place::new();
    place.done(&build(&format!("oci:index@{ARM64}"), &[]));
    let words = ["approve", "oci:index", "--as", NAME, "--environment", "production", "--yes"];
    let ended = place.run(&words);
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("build linux/arm64/v8"), "{}", ended.stderr);
    let statement = place.statement(&words);
    let View::Approval(view) = Claim::read(&statement).unwrap().view else { panic!() };
    // The build, and the approval that was just made.
    assert_eq!(view.input_attestations.len(), 2);
}

#[test]
fn a_statement_about_the_index_is_attached_to_all_that_it_names_and_one_of_a_platform_is_not() {
    let place = Place::new();
    let layout = format!("oci:{}", place.path("index").display());
    place.done(&build("oci:index", &["--bundle", "b.json", "--no-attach"]));
    place.done(&["attach", "oci:index", "--bundle", "b.json"]);
    assert_eq!(on_each(&layout).len(), 1);
    let platform = format!("oci:index@{ARM64}");
    place.fails(1, "wrong-subject", &["attach", &platform, "--bundle", "b.json"]);
    place.done(&build(&platform, &["--bundle", "p.json", "--no-attach"]));
    place.fails(1, "wrong-subject", &["attach", "oci:index", "--bundle", "p.json"]);
}

/// The index in a registry without the referrers API that takes nothing for arm64.
fn refusing() -> (Registry, String) {
    let registry = Registry::start().unwrap();
    registry.load("acme/app", &testdata("images/app-index-oci")).unwrap();
    registry.store().referrers_api = false;
    let tag = format!("/manifests/sha256-{}", ARM64.strip_prefix("sha256:").unwrap());
    registry.fault("PUT", &tag, None, Fault::Answer(Answer::new(403)));
    let image = format!("{}/acme/app:v1", registry.host());
    (registry, image)
}

#[test]
fn what_hangs_on_some_platforms_is_said_and_completed_by_the_next_run() {
    let (registry, image) = refusing();
    let place = Place::new();
    for words in [
        build(&image, &[]),
        vec!["deploy", &image, "--environment", "staging", "--result", "succeeded"],
        vec!["approve", &image, "--environment", "production", "--yes"],
    ] {
        let before = on_each(&image).len();
        let ended = place.run(&words);
        assert_eq!(ended.status, 3, "{}", ended.stderr);
        assert!(ended.stderr.contains("[partly-attached]"), "{}", ended.stderr);
        let said = "it hangs on the index, linux/amd64, and not on linux/arm64/v8: ";
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
        assert!(ended.stderr.contains("run it again"), "{}", ended.stderr);

        registry.mend();
        let document = parse(place.done(&[&words[..], &["--format", "json"]].concat()));
        assert_eq!(document["completed"], true);
        assert_eq!(on_each(&image).len(), before + 1, "no second was written");

        // What is complete is not what somebody means who says it again.
        let document = parse(place.done(&[&words[..], &["--format", "json"]].concat()));
        assert_eq!(document["completed"], false);
        assert_eq!(on_each(&image).len(), before + 2);
        let tag = format!("/manifests/sha256-{}", ARM64.strip_prefix("sha256:").unwrap());
        registry.fault("PUT", &tag, None, Fault::Answer(Answer::new(403)));
    }
}

#[test]
fn only_what_says_the_same_and_was_said_last_is_completed() {
    let (registry, image) = refusing();
    let place = Place::new();
    let decide = |more: &[&str]| {
        let words = ["approve", &image, "--environment", "production", "--yes", "--format", "json"];
        place.run(&[&words[..], more].concat())
    };
    assert_eq!(decide(&["--reason", "one"]).status, 3);
    registry.mend();
    for other in [
        &["--reason", "two"][..],
        &["--reason", "one", "--expires", "1d"],
        &["--reason", "one", "--reject"],
        // The rejection is newer; the approval does not come back over it.
        &["--reason", "one"],
    ] {
        // Times are written to the second, and this asks which was last.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let ended = decide(other);
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        assert_eq!(parse(ended.stdout)["completed"], false, "{other:?}");
    }
}

#[test]
fn what_another_key_began_is_not_completed() {
    let (registry, image) = refusing();
    let mut place = Place::new();
    assert_eq!(place.run(&build(&image, &[])).status, 3);
    registry.mend();
    place.set_file("other.key", "keys/p384-sec1.pem");
    place.set("ATTEST_KEY", "other.key");
    let document = parse(place.done(&build(&image, &["--format", "json"])));
    assert_eq!(document["completed"], false);
}

/// An index that has the image and BuildKit's attestation of it.
fn of_one_platform(place: &Place) -> String {
    let mut content = Content::default();
    let read = |path: &str| fs::read(place.path("app/blobs/sha256").join(path)).unwrap();
    let image = read(IMAGE.strip_prefix("sha256:").unwrap());
    let entry = |digest: &str, os: &str, architecture: &str| {
        json!({
            "mediaType": registry::manifest::IMAGE, "digest": digest, "size": image.len(),
            "platform": {"os": os, "architecture": architecture},
        })
    };
    let index = content.manifest(
        Some("alone"),
        &json!({
            "schemaVersion": 2, "mediaType": registry::manifest::INDEX,
            "manifests": [entry(IMAGE, "linux", "amd64"), entry(ARM64, "unknown", "unknown")],
        }),
    );
    let bytes = &content.manifests[0].bytes;
    fs::write(place.path("app/blobs/sha256").join(index.digest.hex()), bytes).unwrap();
    let path = place.path("app/index.json");
    let mut listed = parse(fs::read(&path).unwrap());
    listed["manifests"].as_array_mut().unwrap().push(json!({
        "mediaType": index.media_type, "digest": index.digest, "size": index.size,
        "annotations": {"org.opencontainers.image.ref.name": "alone"},
    }));
    fs::write(path, listed.to_string()).unwrap();
    index.digest.to_string()
}

#[test]
fn a_report_about_the_only_platform_of_an_index_names_the_index_too() {
    let place = Place::new();
    let index = of_one_platform(&place);
    place.set_file("scan.json", "reports/scan/trivy-vuln-clean.json");
    let report = fs::read_to_string(place.path("scan.json")).unwrap();
    place.write("other.json", report.replace(CONFIG, &digest(b"another")));
    place.set_file("junit.xml", "reports/test/pytest-pass.xml");
    let scan = |image: &'static str, report: &'static str| ["scan", image, "--report", report];
    let statement = place.statement(&scan("oci:app:alone", "scan.json"));
    assert_eq!(subjects(&statement), [index.as_str(), IMAGE]);
    let by_index = report.replace(CONFIG, "").replace(IMAGE, &index);
    place.write("index.json", by_index.replace("DiffIDs", "Other"));
    place.done(&scan("oci:app:alone", "index.json"));
    let test = ["test", "oci:app:alone", "--report", "junit.xml"];
    assert_eq!(subjects(&place.statement(&test)), [index.as_str(), IMAGE]);
    place.fails(1, "wrong-image", &scan("oci:app:alone", "other.json"));

    // One of two platforms vouches for no index; a test is about what it was said to be about.
    place.fails(1, "unbound", &scan("oci:index", "scan.json"));
    let statement = place.statement(&["test", "oci:index", "--report", "junit.xml"]);
    assert_eq!(subjects(&statement), [INDEX]);
    assert_eq!(statement.predicate["result"], Value::from("PASSED"));
}
