//! A verdict of `verify gate`, as JSON: what an approval or a deployment was decided on.
//!
//! The file is handed over by a person or a job, not trusted: it chooses what the signer commits to,
//! and that is shown. Only a verdict about this digest and this environment is taken.

use evidence::{
    Digest, Id,
    json::{self, JsonError, Value},
    predicate::commitment::Commitment,
    text::escape_short,
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
    pub(crate) revision: Option<String>,
    /// One line per step, for people.
    pub(crate) steps: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Wire {
    version: u64,
    decision: String,
    image: WireDigest,
    #[serde(default)]
    environment: Option<String>,
    policy: WirePolicy,
    commitments: Vec<WireCommitment>,
    #[serde(default)]
    steps: Vec<WireStep>,
}

#[derive(Deserialize)]
struct WireDigest {
    digest: Digest,
}

#[derive(Deserialize)]
struct WirePolicy {
    digest: Digest,
    #[serde(default)]
    revision: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCommitment {
    id: Id,
    predicate_type: String,
    bundle: Digest,
}

#[derive(Deserialize)]
struct WireStep {
    name: String,
    #[serde(default)]
    summary: Option<String>,
}

impl Verdict {
    /// Reads a verdict and takes it only if it is `wanted`, about `image` and for `environment`.
    pub(crate) fn read(
        bytes: &[u8],
        wanted: Wanted,
        image: &Digest,
        environment: &str,
    ) -> Result<Self, VerdictError> {
        let value = json::parse(bytes).map_err(VerdictError::Json)?;
        let wire = Wire::deserialize(&value).map_err(VerdictError::Shape)?;
        if wire.version != VERSION {
            return Err(VerdictError::Version { found: wire.version });
        }
        if wire.image.digest != *image {
            return Err(VerdictError::Image { found: wire.image.digest, image: image.clone() });
        }
        if wire.environment.as_deref().is_some_and(|named| named != environment) {
            let found = wire.environment.unwrap_or_default();
            return Err(VerdictError::Environment { found, wanted: environment.to_owned() });
        }
        if !wanted.takes(&wire.decision) {
            return Err(VerdictError::Decision { found: wire.decision, wanted });
        }
        let commitments = wire.commitments.into_iter().map(|one| Commitment {
            id: Some(one.id),
            predicate_type: Some(one.predicate_type),
            bundle: Some(one.bundle),
        });
        Ok(Self {
            decision: wire.decision,
            commitments: commitments.collect(),
            policy: wire.policy.digest,
            revision: wire.policy.revision.map(|revision| match revision {
                Value::String(text) => escape_short(&text, 40),
                other => escape_short(&other.to_string(), 40),
            }),
            steps: wire
                .steps
                .into_iter()
                .map(|step| {
                    let summary = step.summary.unwrap_or_default();
                    (escape_short(&step.name, 40), escape_short(&summary, 120))
                })
                .collect(),
        })
    }
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
    /// Not the JSON of a verdict.
    #[error("this is no verdict of `verify gate --format json`: {0}")]
    Shape(serde_json::Error),
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
            Self::Image { .. } => "verdict-image",
            Self::Json(_) | Self::Shape(_) | Self::Version { .. } => "verdict-unreadable",
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
            Self::Environment { .. } | Self::Image { .. } => {
                "judge this image for this environment: verify gate IMAGE --environment …"
            }
            Self::Json(_) | Self::Shape(_) | Self::Version { .. } => {
                "write it with: verify gate IMAGE --policy FILE --report json=verdict.json"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use evidence::json::json;

    use super::*;

    fn verdict() -> Value {
        json!({
            "version": 1,
            "decision": "ready",
            "environment": "production",
            "image": {"digest": Digest::sha256(b"image"), "reference": "r"},
            "policy": {"digest": Digest::sha256(b"policy"), "revision": 14},
            "commitments": [{
                "id": Digest::sha256(b"statement"),
                "predicateType": "https://slsa.dev/provenance/v1",
                "bundle": Digest::sha256(b"bundle"),
            }],
            "steps": [{"name": "build", "summary": "4f1c2a9e7b3d\u{1b}[2J"}],
        })
    }

    fn read(value: &Value, wanted: Wanted) -> Result<Verdict, VerdictError> {
        let image = Digest::sha256(b"image");
        Verdict::read(value.to_string().as_bytes(), wanted, &image, "production")
    }

    #[test]
    fn a_ready_verdict_gives_exactly_its_commitments() {
        let read = read(&verdict(), Wanted::Ready).unwrap();
        assert_eq!(read.commitments.len(), 1);
        assert_eq!(read.policy, Digest::sha256(b"policy"));
        assert_eq!(read.revision.as_deref(), Some("14"));
        assert_eq!(read.steps, [("build".to_owned(), "4f1c2a9e7b3d\\u{1b}[2J".to_owned())]);
    }

    #[test]
    fn another_image_environment_or_decision_is_refused() {
        let code = |member: &str, value: Value, wanted| {
            let mut changed = verdict();
            changed[member] = value;
            read(&changed, wanted).unwrap_err().code()
        };
        let other = json!({"digest": Digest::sha256(b"other")});
        assert_eq!(code("image", other, Wanted::Ready), "verdict-image");
        assert_eq!(code("environment", json!("staging"), Wanted::Ready), "verdict-environment");
        for word in ["deny", "allow", "Ready", ""] {
            assert_eq!(code("decision", json!(word), Wanted::Ready), "verdict-decision", "{word}");
        }
        for word in ["deny", "ready", "allowed"] {
            assert_eq!(code("decision", json!(word), Wanted::Allow), "verdict-decision", "{word}");
        }
        assert_eq!(code("version", json!(2), Wanted::Ready), "verdict-unreadable");
        assert_eq!(code("commitments", json!(null), Wanted::Ready), "verdict-unreadable");
    }

    #[test]
    fn every_kind_of_allow_may_be_recorded() {
        for word in ["allow", "allow-by-exception", "allow-as-rollback", "allow-not-enforced"] {
            let mut changed = verdict();
            changed["decision"] = json!(word);
            assert_eq!(read(&changed, Wanted::Allow).unwrap().decision, word);
        }
    }
}
