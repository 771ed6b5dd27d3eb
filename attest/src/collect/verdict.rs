//! A verdict of `verify gate`, as JSON: what an approval or a deployment was decided on.
//!
//! The file is handed over by a person or a job, not trusted: it chooses what the signer commits to,
//! and that is shown. Only a verdict about this digest and this environment is taken.

use evidence::{
    Digest, Id,
    json::{self, JsonError},
    predicate::commitment::Commitment,
    text::escape_short,
    time::{self, Timestamp},
};
use serde::Deserialize;

/// The largest verdict that is read.
pub(crate) const BYTES: u64 = 16 << 20;

/// The version of the verdict's JSON that is read.
const VERSION: u64 = 1;

/// Which decisions are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Any that lets the image be deployed.
    Allow,
    /// `ready`: all before the approval passes.
    Ready,
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
    /// One line per step, for people.
    pub(crate) steps: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    version: u64,
    decision: String,
    image: WireImage,
    environment: Option<String>,
    policy: WirePolicy,
    steps: Vec<WireStep>,
    commitments: Vec<WireCommitment>,
    good_until: Option<WireDeadline>,
}

#[derive(Deserialize)]
struct WireImage {
    name: String,
    digest: Digest,
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
    /// A verdict without an environment is of a policy that knows none, and so holds for each.
    pub(crate) fn read(
        bytes: &[u8],
        wanted: Wanted,
        about: About<'_>,
        now: Timestamp,
    ) -> Result<Self, VerdictError> {
        let value = json::parse(bytes).map_err(VerdictError::Json)?;
        let wire = Wire::deserialize(&value).map_err(VerdictError::Shape)?;
        if wire.version != VERSION {
            return Err(VerdictError::Version { found: wire.version });
        }
        is_about(&wire, about)?;
        if !wanted.takes(&wire.decision) {
            return Err(VerdictError::Decision { found: wire.decision, wanted });
        }
        if let Some(WireDeadline { time, what }) = wire.good_until {
            let end = time::parse(&time).ok_or(VerdictError::Time)?;
            if end <= now {
                return Err(VerdictError::Lapsed { end, what });
            }
        }
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
    match &wire.environment {
        Some(named) if named != about.environment => Err(VerdictError::Environment {
            found: named.clone(),
            wanted: about.environment.to_owned(),
        }),
        _ => Ok(()),
    }
}

fn step(step: &WireStep) -> (String, String) {
    let proofs = step.proofs.iter();
    let says = proofs.map(|WireProof { party, says }| format!("{says}  ({party})"));
    let says = says.collect::<Vec<_>>().join(", ");
    (escape_short(&step.name, 40), escape_short(&says, 120))
}

impl Wanted {
    fn takes(self, decision: &str) -> bool {
        match self {
            Self::Allow => matches!(
                decision,
                "allow" | "allow-as-rollback" | "allow-by-exception" | "allow-not-enforced"
            ),
            Self::Ready => decision == "ready",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ready => "ready",
        }
    }
}

/// Why a verdict is not followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum VerdictError {
    /// Another decision.
    #[error("the verdict says `{}`, this takes only `{}`", escape_short(found, 40), wanted.word())]
    Decision {
        /// What it says.
        found: String,
        /// What is taken.
        wanted: Wanted,
    },
    /// Another environment.
    #[error(
        "the verdict is for `{}`, this is for `{}`",
        escape_short(found, 80),
        escape_short(wanted, 80)
    )]
    Environment {
        /// What it says.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// Another image.
    #[error("the verdict is about {found}, this image is {image}")]
    Image {
        /// What it says.
        found: Digest,
        /// The image.
        image: Digest,
    },
    /// Not JSON with one reading.
    #[error("the verdict is {0}")]
    Json(JsonError),
    /// It is good no longer.
    #[error("the verdict was good until {} ({})", time::write(*end), escape_short(what, 80))]
    Lapsed {
        /// Until when it was.
        end: Timestamp,
        /// What ended.
        what: String,
    },
    /// Another repository.
    #[error(
        "the verdict is about `{}`, this is `{}`",
        escape_short(found, 300),
        escape_short(wanted, 300)
    )]
    Name {
        /// What it says.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// Not the JSON of a verdict.
    #[error("this is no verdict of `verify gate --format json`: {0}")]
    Shape(serde_json::Error),
    /// Its deadline is no time.
    #[error("the verdict's `goodUntil` is no RFC 3339 time")]
    Time,
    /// Another version of the format.
    #[error("the verdict is of version {found}, {VERSION} is read")]
    Version {
        /// What it says.
        found: u64,
    },
}

impl VerdictError {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Decision { .. } => "verdict-decision",
            Self::Environment { .. } => "verdict-environment",
            Self::Image { .. } | Self::Name { .. } => "verdict-image",
            Self::Json(_) | Self::Shape(_) | Self::Time | Self::Version { .. } => {
                "verdict-unreadable"
            }
            Self::Lapsed { .. } => "verdict-lapsed",
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Decision { wanted: Wanted::Ready, .. } => {
                "make one: verify gate IMAGE --policy FILE --before STEP --report json=ready.json"
            }
            Self::Decision { wanted: Wanted::Allow, .. } => {
                "only what was allowed may be recorded as decided; leave --verdict away"
            }
            Self::Environment { .. } | Self::Image { .. } | Self::Name { .. } => {
                "judge this image for this environment: verify gate IMAGE --environment …"
            }
            Self::Lapsed { .. } => "judge it anew: verify gate IMAGE --policy FILE …",
            Self::Json(_) | Self::Shape(_) | Self::Time | Self::Version { .. } => {
                "write it with: verify gate IMAGE --policy FILE --report json=verdict.json"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use evidence::json::{Value, json};

    use super::*;

    const NAME: &str = "registry.example.com/acme/app";

    fn verdict() -> Value {
        json!({
            "version": 1,
            "decision": "ready",
            "environment": "production",
            "image": {"digest": Digest::sha256(b"image"), "name": NAME, "reference": "r"},
            "policy": {"digest": Digest::sha256(b"policy"), "revision": 14},
            "commitments": [{
                "id": Digest::sha256(b"statement"),
                "predicateType": "https://slsa.dev/provenance/v1",
                "bundle": Digest::sha256(b"bundle"),
            }],
            "steps": [{
                "name": "build",
                "proofs": [{"party": "release", "says": "4f1c2a9e7b3d\u{1b}[2J"}],
            }],
            "goodUntil": {"time": "2026-11-24T15:10:00Z", "what": "scan max-age"},
        })
    }

    fn read(value: &Value, wanted: Wanted) -> Result<Verdict, VerdictError> {
        let image = &Digest::sha256(b"image");
        let about = About { image, name: NAME, environment: "production" };
        let now = "2026-11-24T15:09:59Z".parse().unwrap();
        Verdict::read(value.to_string().as_bytes(), wanted, about, now)
    }

    #[test]
    fn a_ready_verdict_gives_exactly_its_commitments() {
        let read = read(&verdict(), Wanted::Ready).unwrap();
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
        assert_eq!(code("/image/digest", other, Wanted::Ready), "verdict-image");
        let ledger = json!("registry.example.com/acme/ledger");
        assert_eq!(code("/image/name", ledger, Wanted::Ready), "verdict-image");
        assert_eq!(code("/environment", json!("staging"), Wanted::Ready), "verdict-environment");
        for word in ["deny", "allow", "Ready", ""] {
            assert_eq!(code("/decision", json!(word), Wanted::Ready), "verdict-decision", "{word}");
        }
        for word in ["deny", "ready", "allowed"] {
            assert_eq!(code("/decision", json!(word), Wanted::Allow), "verdict-decision", "{word}");
        }
        let past = json!("2026-11-24T15:09:59Z");
        assert_eq!(code("/goodUntil/time", past, Wanted::Ready), "verdict-lapsed");
        assert_eq!(code("/goodUntil/time", json!("soon"), Wanted::Ready), "verdict-unreadable");
        assert_eq!(code("/version", json!(2), Wanted::Ready), "verdict-unreadable");
        assert_eq!(code("/commitments", json!(null), Wanted::Ready), "verdict-unreadable");
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
