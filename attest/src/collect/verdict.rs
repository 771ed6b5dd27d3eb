//! A verdict of `verify gate`, as JSON: what an approval or a deployment was decided on.
//!
//! The file is handed over by a person or a job, not trusted: it chooses what the signer commits to,
//! and that is shown. Only a verdict about this digest and this environment is taken, and for an
//! approval only one that was asked for just before it. That what it names hangs there is for
//! `committed` to find out.

mod error;

use evidence::{
    Digest, Id, json,
    predicate::{Kind, commitment::Commitment},
    text::escape_short,
    time::{self, Timestamp},
};
use serde::Deserialize;

pub(crate) use error::VerdictError;

/// The largest verdict that is read.
pub(crate) const BYTES: u64 = 16 << 20;

/// The version of the verdict's JSON that is read.
const VERSION: u64 = 1;

/// The age, in seconds, from which on a verdict is spoken of, as for reports: what was judged then
/// may be judged otherwise now.
const OLD: i64 = 3600;

/// Which decisions are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted<'a> {
    /// Any that lets the image be deployed.
    Allow,
    /// `ready`: all before the approval passes that is about to be signed.
    Ready {
        /// The name that it is given.
        name: Option<&'a str>,
    },
}

/// A verdict that may be followed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// The word: `ready`, `allow`, `allow-by-exception`, ….
    pub(crate) decision: String,
    /// What it was decided on.
    pub(crate) commitments: Vec<Commitment>,
    /// The digest of the policy.
    pub(crate) policy: Digest,
    /// The revision of the policy, for people.
    pub(crate) revision: Option<u64>,
    /// The index that was judged beside a platform: evidence hangs there as well.
    pub(crate) index: Option<Digest>,
    /// When it was made.
    pub(crate) made: Timestamp,
    /// The seconds since then, where that is an hour or more.
    pub(crate) age: Option<i64>,
    /// The step that comes next, by its name in the policy.
    pub(crate) before: Option<String>,
    /// One line per step, for people.
    pub(crate) steps: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    version: u64,
    decision: String,
    image: WireImage,
    #[serde(deserialize_with = "written")]
    environment: Option<String>,
    before: Option<WireBefore>,
    policy: WirePolicy,
    now: String,
    steps: Vec<WireStep>,
    findings: Vec<WireFinding>,
    commitments: Vec<WireCommitment>,
    good_until: Option<WireDeadline>,
}

#[derive(Deserialize)]
struct WireImage {
    name: String,
    digest: Digest,
    index: Option<Digest>,
}

#[derive(Deserialize)]
struct WireBefore {
    step: String,
    #[serde(rename = "type")]
    claims: String,
    environment: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct WireFinding {
    code: String,
}

/// A member that may be null and not left out.
fn written<'de, D: serde::Deserializer<'de>>(member: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(member)
}

#[derive(Deserialize)]
struct WirePolicy {
    digest: Digest,
    revision: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCommitment {
    id: Id,
    predicate_type: String,
    bundle: Option<Digest>,
}

#[derive(Deserialize)]
struct WireStep {
    name: String,
    passes: bool,
    proofs: Vec<WireProof>,
}

#[derive(Deserialize)]
struct WireProof {
    party: String,
    says: String,
}

#[derive(Deserialize)]
struct WireDeadline {
    time: String,
    what: String,
}

/// What a verdict must be about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    /// The image.
    pub(crate) image: &'a Digest,
    /// Its repository.
    pub(crate) name: &'a str,
    /// The environment.
    pub(crate) environment: &'a str,
}

impl Verdict {
    /// Reads a verdict and takes it only if it is `wanted`, about what it must be, and still good.
    ///
    /// A verdict whose environment is null is of a policy that knows none, and so holds for each.
    pub(crate) fn read(
        bytes: &[u8],
        wanted: Wanted<'_>,
        about: About<'_>,
        now: Timestamp,
    ) -> Result<Self, VerdictError> {
        let value = json::parse(bytes).map_err(VerdictError::Json)?;
        let wire = Wire::deserialize(&value).map_err(VerdictError::Shape)?;
        if wire.version != VERSION {
            return Err(VerdictError::Version { found: wire.version });
        }
        is_about(&wire, about)?;
        says(&wire, wanted, about)?;
        let (made, age) = age(&wire, now)?;
        let commitments = wire.commitments.into_iter().map(|one| Commitment {
            id: Some(one.id),
            predicate_type: Some(one.predicate_type),
            bundle: one.bundle,
        });
        Ok(Self {
            decision: wire.decision,
            commitments: commitments.collect(),
            policy: wire.policy.digest,
            revision: wire.policy.revision,
            index: wire.image.index,
            made,
            age,
            before: wire.before.map(|before| before.step),
            steps: wire.steps.iter().map(step).collect(),
        })
    }
}

fn is_about(wire: &Wire, about: About<'_>) -> Result<(), VerdictError> {
    if wire.image.digest != *about.image {
        let (found, image) = (wire.image.digest.clone(), about.image.clone());
        return Err(VerdictError::Image { found, image });
    }
    // A policy may hold for one repository and not for another with the same image.
    if wire.image.name != about.name {
        let (found, wanted) = (wire.image.name.clone(), about.name.to_owned());
        return Err(VerdictError::Name { found, wanted });
    }
    is_for(wire.environment.as_deref(), about)
}

fn is_for(environment: Option<&str>, about: About<'_>) -> Result<(), VerdictError> {
    match environment {
        Some(named) if named != about.environment => Err(VerdictError::Environment {
            found: named.to_owned(),
            wanted: about.environment.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The decision, and that nothing else in the verdict speaks against it.
fn says(wire: &Wire, wanted: Wanted<'_>, about: About<'_>) -> Result<(), VerdictError> {
    if !wanted.takes(&wire.decision) {
        let (found, wanted) = (wire.decision.clone(), wanted.word());
        return Err(VerdictError::Decision { found, wanted });
    }
    if let Wanted::Ready { name } = wanted {
        is_asked_before(wire.before.as_ref(), name, about)?;
    }
    // The qualified kinds of allow stand in spite of findings; these do not.
    if matches!(wire.decision.as_str(), "allow" | "ready") {
        let failing = wire.steps.iter().find(|step| !step.passes).map(|step| &step.name);
        let against = wire.findings.first().map(|finding| &finding.code).or(failing);
        if let Some(what) = against {
            let (decision, what) = (wire.decision.clone(), what.clone());
            return Err(VerdictError::Contradiction { decision, what });
        }
    }
    Ok(())
}

/// Ready for this approval: `ready` before an earlier step leaves out what comes after that one.
fn is_asked_before(
    before: Option<&WireBefore>,
    given: Option<&str>,
    about: About<'_>,
) -> Result<(), VerdictError> {
    let before = before.ok_or(VerdictError::NotBefore)?;
    if before.claims != Kind::Approval.word() {
        let (step, claims) = (before.step.clone(), before.claims.clone());
        return Err(VerdictError::Before { step, claims });
    }
    is_for(before.environment.as_deref(), about)?;
    if before.name.as_deref() != given {
        return Err(VerdictError::Named {
            step: before.step.clone(),
            asks: before.name.clone(),
            given: given.map(str::to_owned),
        });
    }
    Ok(())
}

/// When it was made, and its age, where that is one to speak of; refuses one that is good no longer, or not yet.
fn age(wire: &Wire, now: Timestamp) -> Result<(Timestamp, Option<i64>), VerdictError> {
    let made = time::parse(&wire.now).ok_or(VerdictError::Time { member: "now" })?;
    if time::is_future(made, now) {
        return Err(VerdictError::Future { made });
    }
    let age = now.as_second().saturating_sub(made.as_second());
    if let Some(WireDeadline { time, what }) = &wire.good_until {
        let end = time::parse(time).ok_or(VerdictError::Time { member: "goodUntil" })?;
        if end <= now {
            return Err(VerdictError::Lapsed { end, what: what.clone() });
        }
    }
    Ok((made, (age >= OLD).then_some(age)))
}

fn step(step: &WireStep) -> (String, String) {
    let proofs = step.proofs.iter();
    let says = proofs.map(|WireProof { party, says }| format!("{says}  ({party})"));
    let says = says.collect::<Vec<_>>().join(", ");
    (escape_short(&step.name, 40), escape_short(&says, 120))
}

impl Wanted<'_> {
    fn takes(self, decision: &str) -> bool {
        match self {
            Self::Allow => matches!(
                decision,
                "allow" | "allow-as-rollback" | "allow-by-exception" | "allow-not-enforced"
            ),
            Self::Ready { .. } => decision == "ready",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ready { .. } => "ready",
        }
    }
}

#[cfg(test)]
mod tests {
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
            }],
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
            assert_eq!(
                code(decision, "/steps/0/passes", json!(false)),
                Err("verdict-contradiction")
            );
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
}
