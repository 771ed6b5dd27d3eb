//! Evidence that got worse since a verdict: no approval follows that, and a new verdict mends it.

use crate::{
    decisions::{approve, built, deploy, store},
    place::{IMAGE, NAME, Place, parse, text},
};
use evidence::{
    Digest,
    json::{Value, json},
};

const FOLLOWED: [&str; 3] = ["--yes", "--verdict", "ready.json"];

fn ready(place: &Place) {
    place.write("ready.json", place.verdict("ready", "production").to_string());
}

/// Approves once something happened since the verdict: whether that is refused, and passes with a verdict
/// that was made after it.
fn is_refused(since: impl Fn(&Place)) -> bool {
    let place = built();
    ready(&place);
    since(&place);
    let refused = place.run(&approve(&FOLLOWED));
    if refused.status == 1 {
        assert!(refused.stderr.contains("[verdict-overtaken]"), "{}", refused.stderr);
        assert!(refused.stderr.contains("help: make a new verdict"), "{}", refused.stderr);
        assert!(refused.stderr.contains("  id sha256:"), "{}", refused.stderr);
        ready(&place);
        place.done(&approve(&FOLLOWED));
        return true;
    }
    assert_eq!((refused.status, refused.stderr.contains("warning")), (0, false), "{refused:?}");
    false
}

#[test]
fn a_failed_test_and_a_veto_want_a_new_verdict() {
    let ran = |command: &'static str| {
        move |place: &Place| {
            place.run(&["test", "oci:app", "--as", NAME, "--", "sh", "-c", command]);
        }
    };
    assert!(is_refused(ran("exit 1")));
    assert!(!is_refused(ran("exit 0")));
    assert!(is_refused(|place| {
        place.done(&approve(&["--yes", "--reject", "--reason", "loses refunds"]));
    }));
    assert!(!is_refused(|place| {
        place.done(&approve(&["--yes"]));
    }));
}

#[test]
fn a_scan_is_worse_by_what_no_judged_scan_found() {
    let scan = |place: &Place, ids: &[&str], day: &str| {
        let found: Vec<Value> = ids
            .iter()
            .map(|id| json!({"id": id, "severity": [{"method": "trivy", "score": "high"}]}))
            .collect();
        let predicate = json!({
            "scanner": {"uri": "pkg:generic/trivy", "result": found},
            "metadata": {"scanFinishedOn": format!("2026-11-{day}T09:44:00Z")},
        });
        place.write("p.json", predicate.to_string());
        let kind = "https://in-toto.io/attestation/vulns/v0.2";
        place.done(&["predicate", "oci:app", "--file", "p.json", "--type", kind]);
    };
    for (found, status) in [(&["CVE-1"][..], 0), (&[], 0), (&["CVE-1", "CVE-2"], 1)] {
        let place = built();
        scan(&place, &["CVE-1"], "20");
        ready(&place);
        scan(&place, found, "21");
        let ended = place.run(&approve(&FOLLOWED));
        assert_eq!(ended.status, status, "{found:?}: {}", ended.stderr);
    }
}

#[test]
fn a_no_and_what_was_done_are_recorded_with_a_warning() {
    let place = built();
    ready(&place);
    place.write("allow.json", place.verdict("allow", "staging").to_string());
    place.run(&["test", "oci:app", "--as", NAME, "--", "false"]);
    for words in [
        approve(&["--yes", "--verdict", "ready.json", "--reject", "--reason", "it fails"]),
        deploy(&["--result", "failed", "--verdict", "allow.json"]),
    ] {
        let ended = place.run(&words);
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        assert!(ended.stderr.contains("may speak against it"), "{}", ended.stderr);
        assert!(ended.stderr.contains("  FAILED  "), "{}", ended.stderr);
    }
    let promote = ["promote", "oci:app", "--as", NAME, "--to", "oci:there", "--environment"];
    place.fails(
        1,
        "verdict-overtaken",
        &[&promote[..], &["staging", "--verdict", "allow.json"]].concat(),
    );
    assert!(!place.path("there").exists());
}

#[test]
fn what_is_younger_than_a_verdict_that_says_it_knew_it_is_warned_of() {
    let place = built();
    place.run(&["test", "oci:app", "--as", NAME, "--", "false"]);
    let mut verdict = place.verdict("ready", "production");
    let failed = verdict["commitments"].as_array_mut().unwrap().pop().unwrap();
    verdict["others"] = json!([{"id": failed["id"], "fate": "left-out"}]);
    for (made, warned) in [("2026-01-01T00:00:00Z", true), (text(&verdict["now"]), false)] {
        let mut verdict = verdict.clone();
        verdict["now"] = json!(made);
        place.write("ready.json", verdict.to_string());
        let ended = place.run(&approve(&["--dry-run", "--verdict", "ready.json"]));
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        assert_eq!(ended.stderr.contains("may speak against it"), warned, "{}", ended.stderr);
    }
}

#[test]
fn what_hangs_on_the_index_speaks_against_its_platform() {
    let place = Place::new();
    let index = parse(std::fs::read(place.path("index/index.json")).unwrap());
    let index = text(&index["manifests"][0]["digest"]).to_owned();
    let list = std::fs::read(place.path("index/blobs").join(index.replace(':', "/"))).unwrap();
    let platform = text(&parse(list)["manifests"][0]["digest"]).to_owned();
    let mut verdict = place.verdict("ready", "production");
    verdict["image"]["digest"] = json!(platform);
    let (on_index, on_platform) = (format!("oci:index@{index}"), format!("oci:index@{platform}"));
    place.run(&["test", &on_index, "--as", NAME, "--", "false"]);
    let mut words = approve(&["--dry-run", "--verdict", "ready.json"]);
    words[1] = &on_platform;
    // Where the gate was not asked about the index, it does not look there either.
    for (given, status) in [(json!(index), 1), (json!(null), 0)] {
        verdict["image"]["index"] = given;
        place.write("ready.json", verdict.to_string());
        let ended = place.run(&words);
        assert_eq!(ended.status, status, "{}", ended.stderr);
    }
}

#[test]
fn what_hangs_under_the_older_tag_of_cosign_speaks_against_it_too() {
    for (command, status) in [("false", 1), ("true", 0)] {
        let place = built();
        ready(&place);
        let test = ["test", "oci:app", "--as", NAME, "--bundle", "b.json", "--no-attach", "--"];
        place.run(&[&test[..], &[command]].concat());
        let bundle = parse(std::fs::read(place.path("b.json")).unwrap());
        under_att(&place, bundle["dsseEnvelope"].to_string().as_bytes());
        let ended = place.run(&approve(&FOLLOWED));
        assert_eq!(ended.status, status, "{}", ended.stderr);
        assert_eq!(ended.stderr.contains("by cosign's tag .att"), status == 1, "{}", ended.stderr);
        // Without a verdict it is seen, and committed to.
        let statement = place.statement(&approve(&[]));
        let commitments = statement.predicate["inputAttestations"].as_array().unwrap();
        assert_eq!(commitments.iter().filter(|one| one.get("digest").is_none()).count(), 1);
    }
}

/// Hangs an envelope under the tag that is made of the image's digest.
fn under_att(place: &Place, envelope: &[u8]) {
    let layout = place.path("app");
    let layer = store(&layout, envelope);
    let config = store(&layout, b"{}");
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2},
        "layers": [{"mediaType": "application/vnd.dsse.envelope.v1+json", "digest": layer, "size": envelope.len()}],
    });
    let manifest = manifest.to_string();
    let listed: Digest = store(&layout, manifest.as_bytes());
    let mut index = parse(std::fs::read(layout.join("index.json")).unwrap());
    index["manifests"].as_array_mut().unwrap().push(json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": listed,
        "size": manifest.len(),
        "annotations": {"org.opencontainers.image.ref.name": format!("{}.att", IMAGE.replace(':', "-"))},
    }));
    std::fs::write(layout.join("index.json"), index.to_string()).unwrap();
}
