use evidence::json::{Value, json};

use super::*;

const NAME: &str = "registry.example.com/acme/app";
const READY: Wanted<'_> = Wanted::Ready { name: None };

fn verdict() -> Value {
    json!({
        "version": 1,
        "decision": "ready",
        "environment": "production",
        "before": {
            "step": "approve", "type": "approval", "environment": "production", "name": null,
        },
        "now": "2026-11-24T15:00:00Z",
        "findings": [],
        "image": {"digest": Digest::sha256(b"image"), "name": NAME, "reference": "r"},
        "policy": {"digest": Digest::sha256(b"policy"), "revision": 14},
        "commitments": [{
            "id": Digest::sha256(b"statement"),
            "predicateType": "https://slsa.dev/provenance/v1",
            "bundle": Digest::sha256(b"bundle"),
        }],
        "steps": [{
            "name": "build",
            "passes": true,
            "proofs": [{"party": "release", "says": "4f1c2a9e7b3d\u{1b}[2J"}],
                "candidates": [{"id": Digest::sha256(b"statement"), "fate": "chosen"}],
        }],
        "others": [
            {"id": Digest::sha256(b"other"), "fate": "left-out"}, {"id": null, "fate": "dropped"},
        ],
        "goodUntil": {"time": "2026-11-24T15:10:00Z", "what": "scan max-age"},
    })
}

fn read(value: &Value, wanted: Wanted<'_>) -> Result<Verdict, VerdictError> {
    let image = &Digest::sha256(b"image");
    let about = About { image, name: NAME, environment: "production" };
    let now = "2026-11-24T15:09:59Z".parse().unwrap();
    Verdict::read(value.to_string().as_bytes(), wanted, about, now)
}

#[test]
fn a_ready_verdict_gives_exactly_its_commitments() {
    let read = read(&verdict(), READY).unwrap();
    assert_eq!(read.commitments.len(), 1);
    let seen = [Digest::sha256(b"statement"), Digest::sha256(b"other")];
    assert_eq!(read.seen, seen.map(|id| Id::parse(&id.to_string()).unwrap()).into());
    assert_eq!(read.policy, Digest::sha256(b"policy"));
    assert_eq!(read.revision, Some(14));
    let says = "4f1c2a9e7b3d\\u{1b}[2J  (release)".to_owned();
    assert_eq!(read.steps, [("build".to_owned(), says)]);
}

#[test]
fn another_image_environment_or_decision_is_refused() {
    let code = |pointer: &str, value: Value, wanted| {
        let mut changed = verdict();
        *changed.pointer_mut(pointer).unwrap() = value;
        read(&changed, wanted).unwrap_err().code()
    };
    let other = json!(Digest::sha256(b"other"));
    assert_eq!(code("/image/digest", other, READY), "verdict-image");
    let ledger = json!("registry.example.com/acme/ledger");
    assert_eq!(code("/image/name", ledger, READY), "verdict-image");
    assert_eq!(code("/environment", json!("staging"), READY), "verdict-environment");
    for word in ["deny", "allow", "Ready", ""] {
        assert_eq!(code("/decision", json!(word), READY), "verdict-decision", "{word}");
    }
    for word in ["deny", "ready", "allowed"] {
        assert_eq!(code("/decision", json!(word), Wanted::Allow), "verdict-decision", "{word}");
    }
    let past = json!("2026-11-24T15:09:59Z");
    assert_eq!(code("/goodUntil/time", past, READY), "verdict-lapsed");
    assert_eq!(code("/goodUntil/time", json!("soon"), READY), "verdict-unreadable");
    assert_eq!(code("/version", json!(2), READY), "verdict-unreadable");
    assert_eq!(code("/now", json!("2026-11-24T15:11:00Z"), READY), "verdict-future");
    assert_eq!(code("/now", json!("today"), READY), "verdict-unreadable");
    assert_eq!(code("/commitments", json!(null), READY), "verdict-unreadable");
}

#[test]
fn an_approval_follows_only_what_was_asked_just_before_it() {
    let code = |pointer: &str, value: Value, name| {
        let mut changed = verdict();
        *changed.pointer_mut(pointer).unwrap() = value;
        read(&changed, Wanted::Ready { name }).map(|_| ()).map_err(|error| error.code())
    };
    assert_eq!(code("/before", json!(null), None), Err("verdict-before"));
    assert_eq!(code("/before/type", json!("deployment"), None), Err("verdict-before"));
    assert_eq!(code("/before/name", json!("qa"), None), Err("verdict-before"));
    assert_eq!(code("/before/name", json!("qa"), Some("qa")), Ok(()));
    assert_eq!(code("/before/name", json!(null), Some("qa")), Err("verdict-before"));
    let environment = code("/before/environment", json!("staging"), None);
    assert_eq!(environment, Err("verdict-environment"));
}

#[test]
fn what_speaks_against_its_own_decision_is_refused() {
    let code = |decision: &str, pointer: &str, value: Value| {
        let mut changed = verdict();
        changed["decision"] = json!(decision);
        *changed.pointer_mut(pointer).unwrap() = value;
        let wanted = if decision == "ready" { READY } else { Wanted::Allow };
        read(&changed, wanted).map(|_| ()).map_err(|error| error.code())
    };
    let stale = || json!([{"code": "stale", "step": "scan"}]);
    for decision in ["ready", "allow"] {
        assert_eq!(code(decision, "/findings", stale()), Err("verdict-contradiction"));
        assert_eq!(code(decision, "/steps/0/passes", json!(false)), Err("verdict-contradiction"));
        assert_eq!(code(decision, "/findings", json!([])), Ok(()));
    }
    assert_eq!(code("allow-not-enforced", "/findings", stale()), Ok(()));
}

#[test]
fn an_environment_may_be_null_and_not_left_out() {
    let mut none = verdict();
    none["environment"] = json!(null);
    assert!(read(&none, READY).is_ok());
    none.as_object_mut().unwrap().remove("environment");
    assert_eq!(read(&none, READY).unwrap_err().code(), "verdict-unreadable");
}

#[test]
fn an_hour_is_an_age_to_speak_of() {
    let age = |now: &str| {
        let mut old = verdict();
        old["now"] = json!(now);
        read(&old, READY).unwrap().age
    };
    assert_eq!(age("2026-11-24T14:10:00Z"), None);
    assert_eq!(age("2026-11-24T14:09:59Z"), Some(3600));
}

#[test]
fn every_kind_of_allow_may_be_recorded_and_no_environment_is_every_one() {
    for word in ["allow", "allow-by-exception", "allow-as-rollback", "allow-not-enforced"] {
        let mut changed = verdict();
        changed["decision"] = json!(word);
        changed["environment"] = json!(null);
        assert_eq!(read(&changed, Wanted::Allow).unwrap().decision, word);
    }
}
