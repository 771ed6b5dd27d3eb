//! `attest approve` and `attest deploy` as a user runs them.

use crate::place::{BUILD, IMAGE, NAME, Place, parse, testdata, text};
use evidence::{
    Digest,
    json::{Value, json},
    predicate::{Claim, View, approval::Decision},
};

pub(crate) fn approve<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["approve", "oci:app", "--as", NAME, "--environment", "production"][..], more].concat()
}

pub(crate) fn deploy<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["deploy", "oci:app", "--as", NAME, "--environment", "staging"][..], more].concat()
}

#[test]
fn an_approval_commits_to_what_it_shows() {
    let place = Place::new();
    place.done(&[&["build", "oci:app"][..], &BUILD].concat());
    let ended = place.run(&approve(&["--yes", "--reference", "https://t.example.com/1"]));
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let hanging = place.hanging("app");
    let (build, approval) = (&hanging[0], &hanging[1]);
    let View::Approval(view) = Claim::read(&approval.1).unwrap().view else { panic!() };
    assert_eq!(view.decision, Decision::Approved);
    assert_eq!(view.input_attestations.len(), 1);
    let commitment = &view.input_attestations[0];
    assert_eq!(commitment.id.as_ref(), Some(&build.0.envelope.id()));
    assert_eq!(commitment.bundle.as_ref(), Some(&Digest::sha256(&build.0.to_bytes())));
    described("approval", &approval.1.predicate);
    let week = view.expires.unwrap().as_second() - view.approved_at.as_second();
    assert_eq!(week, 7 * 24 * 60 * 60);
    let shown = build.0.envelope.id().digest().short();
    assert!(ended.stderr.contains(&shown), "{}", ended.stderr);
    assert!(ended.stderr.contains("verified by nobody"), "{}", ended.stderr);
    assert!(ended.stderr.contains("for       production, until 20"), "{}", ended.stderr);
}

/// The schema of docs/predicates knows every member that is written, and asks for no other.
fn described(kind: &str, predicate: &Value) {
    let path = testdata("../docs/predicates").join(format!("{kind}.schema.json"));
    let schema = parse(std::fs::read(path).unwrap());
    let members = predicate.as_object().unwrap();
    for member in members.keys() {
        assert!(schema["properties"][member].is_object(), "{kind}: {member}");
    }
    for member in schema["required"].as_array().unwrap() {
        assert!(members.contains_key(text(member)), "{kind}: {member}");
    }
    for member in predicate["attest_run"].as_object().unwrap().keys() {
        let known = &schema["properties"]["attest_run"]["properties"][member];
        assert!(known.is_object(), "attest_run: {member}");
    }
}

#[test]
fn nobody_is_taken_for_willing() {
    let place = Place::new();
    let stderr = place.fails(2, "unanswered", &approve(&[]));
    assert!(stderr.contains("--yes"), "{stderr}");
    let statement = place.statement(&approve(&[]));
    assert_eq!(text(&statement.predicate["decision"]), "approved");
}

/// Runs `attest approve` on a terminal of its own, made by script(1), and types an answer.
fn answered(place: &Place, answer: &str) -> Option<crate::place::Ended> {
    let line = format!("attest {}", approve(&[]).join(" "));
    let there = std::process::Command::new("script").arg("--version").output().is_ok();
    if !there {
        println!("skipped: no script(1) here");
        return None;
    }
    Some(place.shell(&format!("printf '{answer}\\n' | script -qec '{line}' /dev/null")))
}

#[test]
fn a_person_at_a_terminal_is_asked() {
    let place = Place::new();
    for (answer, status, approvals) in [("n", 1, 0), ("", 1, 0), ("yess", 1, 0), ("y", 0, 1)] {
        let Some(ended) = answered(&place, answer) else { return };
        assert_eq!(ended.status, status, "{answer:?}: {}", ended.stdout);
        assert!(ended.stdout.contains("Approve? [y/N]"), "{}", ended.stdout);
        assert_eq!(place.hanging("app").len(), approvals, "{answer:?}");
    }
}

#[test]
fn an_approval_holds_for_one_repository_and_some_time() {
    let place = Place::new();
    let nameless = ["approve", "oci:app", "--environment", "production", "--yes"];
    let stderr = place.fails(2, "nameless-layout", &nameless);
    assert!(stderr.contains("--as registry.example.com/payments/api"), "{stderr}");
    place.fails(2, "expired", &approve(&["--yes", "--expires", "2020-01-01T00:00:00Z"]));
    place.fails(2, "expired", &approve(&["--yes", "--expires", "5000000000h"]));
    let never = place.statement(&approve(&["--expires", "9999-12-31T23:59:59Z"]));
    assert!(text(&never.predicate["expires"]).starts_with("9999-12-30T"));
    place.statement(&approve(&["--expires", "1d12h"]));
    assert_eq!(place.run(&approve(&["--yes", "--expires", "0s"])).status, 2);
    let statement = place.statement(&approve(&["--expires", "2099-01-01T00:00:00Z"]));
    assert_eq!(statement.predicate["expires"], "2099-01-01T00:00:00Z");
    assert_eq!(place.run(&approve(&["--yes", "--expires", "soon"])).status, 2);
}

#[test]
fn a_rejection_owes_a_reason_and_has_no_end() {
    let place = Place::new();
    assert_eq!(place.run(&approve(&["--yes", "--reject"])).status, 2);
    let statement = place.statement(&approve(&["--reject", "--reason", "loses refunds"]));
    assert_eq!(statement.predicate["decision"], "rejected");
    assert_eq!(statement.predicate["reason"], "loses refunds");
    assert_eq!(statement.predicate["expires"], Value::Null);
}

/// A place with a build that hangs on the layout `app`.
pub(crate) fn built() -> Place {
    let place = Place::new();
    place.done(&[&["build", "oci:app", "--as", NAME][..], &BUILD].concat());
    place
}

#[test]
fn a_ready_verdict_is_approved_as_it_is() {
    let place = built();
    let verdict = place.verdict("ready", "production");
    place.write("ready.json", verdict.to_string());
    let ended = place.run(&approve(&["--yes", "--verdict", "ready.json"]));
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("build     4f1c2a9e7b3d  (release)"), "{}", ended.stderr);
    assert!(ended.stderr.contains("judged ready for approve by policy"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
    let (build, approval) = (&place.hanging("app")[0], &place.hanging("app")[1]);
    let id = build.0.envelope.id();
    assert!(ended.stderr.contains(&format!("id {}", id.digest().short())), "{}", ended.stderr);
    let View::Approval(view) = Claim::read(&approval.1).unwrap().view else { panic!() };
    assert_eq!(view.policy.unwrap(), Digest::sha256(b"p"));
    let [commitment] = &view.input_attestations[..] else { panic!() };
    assert_eq!(commitment.id.as_ref(), Some(&id));
    assert_eq!(commitment.bundle.as_ref(), Some(&Digest::sha256(&build.0.to_bytes())));
}

#[test]
fn any_other_verdict_is_refused() {
    let place = built();
    let fails = |code: &str, verdict: Value| {
        place.write("verdict.json", verdict.to_string());
        place.fails(1, code, &approve(&["--yes", "--verdict", "verdict.json"]))
    };
    for word in ["deny", "allow", "allow-by-exception"] {
        fails("verdict-decision", place.verdict(word, "production"));
    }
    fails("verdict-environment", place.verdict("ready", "staging"));
    let changed = |pointer: &str, value: Value| {
        let mut changed = place.verdict("ready", "production");
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    fails("verdict-image", changed("/image/digest", json!(Digest::sha256(b"other"))));
    fails("verdict-image", changed("/image/name", json!("registry.example.com/acme/ledger")));
    fails("verdict-before", changed("/before", json!(null)));
    fails("verdict-before", changed("/before/type", json!("deployment")));
    fails("verdict-contradiction", changed("/findings", json!([{"code": "stale"}])));
    fails("verdict-future", changed("/now", json!("2099-01-01T00:00:00Z")));
    fails("verdict-unreadable", json!({"decision": "ready"}));
    place.fails(2, "unreadable-file", &approve(&["--yes", "--verdict", "gone.json"]));
}

#[test]
fn one_of_several_approvals_is_told_by_its_name() {
    let place = built();
    let mut verdict = place.verdict("ready", "production");
    verdict["before"]["name"] = json!("qa");
    place.write("ready.json", verdict.to_string());
    let stderr = place.fails(1, "verdict-before", &approve(&["--yes", "--verdict", "ready.json"]));
    assert!(stderr.contains("--name NAME"), "{stderr}");
    place.done(&approve(&["--yes", "--verdict", "ready.json", "--name", "qa"]));
}

#[test]
fn what_hangs_nowhere_is_not_committed_to() {
    let place = built();
    let approval = approve(&["--yes", "--verdict", "ready.json"]);
    let mut verdict = place.verdict("ready", "production");
    let gone = Digest::sha256(b"gone");
    verdict["commitments"][0]["id"] = json!(gone);
    place.write("ready.json", verdict.to_string());
    let stderr = place.fails(1, "verdict-withheld", &approval);
    assert!(stderr.contains(&gone.to_string()), "{stderr}");
    // The same with the id that hangs there; what the verdict says of its bundle is not believed.
    let mut verdict = place.verdict("ready", "production");
    let bundle = verdict["commitments"][0]["bundle"].clone();
    verdict["commitments"][0]["bundle"] = json!(gone);
    place.write("ready.json", verdict.to_string());
    let statement = place.statement(&approval);
    let signed = &statement.predicate["inputAttestations"][0]["digest"]["sha256"];
    assert_eq!(format!("sha256:{}", text(signed)), text(&bundle));
}

#[test]
fn what_hangs_on_the_index_of_a_platform_is_committed_to() {
    let place = Place::new();
    let index = parse(std::fs::read(place.path("index/index.json")).unwrap());
    let index = text(&index["manifests"][0]["digest"]).to_owned();
    let list = std::fs::read(place.path("index/blobs").join(index.replace(':', "/"))).unwrap();
    let platform = text(&parse(list)["manifests"][0]["digest"]).to_owned();
    let on_index = format!("oci:index@{index}");
    let words = ["build", &on_index, "--as", NAME, "--bundle", "b.json", "--platforms", "none"];
    place.done(&[&words[..], &BUILD].concat());
    let kept = evidence::Bundle::parse(&std::fs::read(place.path("b.json")).unwrap()).unwrap();
    let mut verdict = place.verdict("ready", "production");
    verdict["image"]["digest"] = json!(platform);
    verdict["commitments"] = json!([{
        "id": kept.envelope.id(), "predicateType": "https://slsa.dev/provenance/v1", "bundle": null,
    }]);
    let on_platform = format!("oci:index@{platform}");
    let mut words = approve(&["--dry-run", "--verdict", "ready.json"]);
    words[1] = &on_platform;
    for (index, status) in [(json!(index), 0), (json!(null), 1), (json!(IMAGE), 1)] {
        verdict["image"]["index"] = index;
        place.write("ready.json", verdict.to_string());
        let ended = place.run(&words);
        assert_eq!(ended.status, status, "{}", ended.stderr);
    }
}

#[test]
fn an_old_verdict_is_followed_with_a_warning() {
    let place = built();
    let mut verdict = place.verdict("ready", "production");
    verdict["now"] = json!("2026-01-01T00:00:00Z");
    place.write("ready.json", verdict.to_string());
    let ended = place.run(&approve(&["--yes", "--verdict", "ready.json"]));
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("warning: the verdict is "), "{}", ended.stderr);
}

#[test]
fn a_deployment_says_how_it_ended() {
    let place = Place::new();
    for result in ["succeeded", "failed", "rolled-back"] {
        let statement = place.statement(&deploy(&["--result", result, "--target", "eu-west-1"]));
        assert_eq!(statement.predicate["result"], result);
        assert_eq!(statement.predicate["target"], "eu-west-1");
        described("deployment", &statement.predicate);
        assert_eq!(statement.predicate["inputAttestations"], json!([]));
        let View::Deployment(view) = Claim::read(&statement).unwrap().view else { panic!() };
        assert!(view.finished_at.is_some());
    }
    assert_eq!(place.run(&deploy(&["--result", "ok"])).status, 2);
    let late = deploy(&["--result", "failed", "--started-at", "2099-01-01T00:00:00Z"]);
    place.fails(2, "time", &late);
    let nameless = ["deploy", "oci:app", "--environment", "staging", "--result", "failed"];
    place.fails(2, "nameless-layout", &nameless);
}

#[test]
fn a_deployment_follows_an_allow_of_any_kind() {
    let place = built();
    let words = deploy(&["--result", "succeeded", "--verdict", "verdict.json"]);
    for word in ["allow", "allow-by-exception", "allow-as-rollback", "allow-not-enforced"] {
        place.write("verdict.json", place.verdict(word, "staging").to_string());
        let statement = place.statement(&words);
        assert_eq!(Claim::read(&statement).unwrap().view.commitments().len(), 1, "{word}");
    }
    for word in ["deny", "ready"] {
        place.write("verdict.json", place.verdict(word, "staging").to_string());
        place.fails(1, "verdict-decision", &words);
    }
    let mut gone = place.verdict("allow", "staging");
    gone["commitments"][0]["id"] = json!(Digest::sha256(b"gone"));
    place.write("verdict.json", gone.to_string());
    place.fails(1, "verdict-withheld", &words);
}

#[test]
fn what_cannot_be_read_is_left_out_and_said() {
    let place = Place::new();
    place.done(&[&["build", "oci:app", "--bundle", "b.json", "--no-attach"][..], &BUILD].concat());
    // A referrer whose layer is no bundle at all.
    let bundle = std::fs::read_to_string(place.path("b.json")).unwrap();
    place.done(&["attach", "oci:app", "--bundle", "b.json"]);
    let layout = place.path("app");
    let (mut index, digest) = (parse(std::fs::read(layout.join("index.json")).unwrap()), {
        let broken = bundle.replace("dsseEnvelope", "dsseEnvelopes");
        store(&layout, broken.as_bytes())
    });
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": evidence::bundle::MEDIA_TYPE,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
            "digest": Digest::sha256(b"{}")},
        "layers": [{"mediaType": evidence::bundle::MEDIA_TYPE, "digest": digest,
            "size": bundle.len() + 1}],
        "subject": {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": IMAGE,
            "size": 555},
    })
    .to_string();
    let listed = store(&layout, manifest.as_bytes());
    index["manifests"].as_array_mut().unwrap().push(json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": listed,
        "size": manifest.len(),
    }));
    std::fs::write(layout.join("index.json"), index.to_string()).unwrap();
    let ended = place.run(&approve(&["--dry-run"]));
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("unreadable, left out: "), "{}", ended.stderr);
    assert!(ended.stderr.contains("commits to 1 attestation,"), "{}", ended.stderr);
    // Listed and gone is no answer.
    std::fs::remove_file(layout.join("blobs").join(listed.to_string().replace(':', "/"))).unwrap();
    let ended = place.run(&approve(&["--dry-run"]));
    assert_eq!(ended.status, 3, "{}", ended.stderr);
}

pub(crate) fn store(layout: &std::path::Path, bytes: &[u8]) -> Digest {
    let digest = Digest::sha256(bytes);
    std::fs::write(layout.join("blobs/sha256").join(digest.hex()), bytes).unwrap();
    digest
}

#[test]
fn an_approver_sees_how_bad_the_findings_are() {
    let place = Place::new();
    let finding = |id: &str, severity: &str| json!({"id": id, "severity": [{"method": "trivy", "score": severity}]});
    let scan = |result: Value| {
        let predicate = json!({
            "scanner": {"uri": "pkg:generic/trivy", "result": result},
            "metadata": {"scanFinishedOn": "2026-11-20T09:44:00Z"},
        });
        place.write("p.json", predicate.to_string());
        let kind = "https://in-toto.io/attestation/vulns/v0.2";
        place.done(&["predicate", "oci:app", "--file", "p.json", "--type", kind]);
    };
    scan(json!([finding("CVE-1", "high"), finding("CVE-2", "critical"), finding("CVE-3", "high")]));
    scan(json!([]));
    let ended = place.run(&approve(&["--dry-run"]));
    assert!(ended.stderr.contains("3 findings: 1 critical, 2 high"), "{}", ended.stderr);
    assert!(ended.stderr.contains("0 findings  "), "{}", ended.stderr);
}
