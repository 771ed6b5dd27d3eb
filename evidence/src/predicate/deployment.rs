//! `https://attest-verify.dev/deployment/v1`: what went where (docs/predicates/deployment.md).

use serde::{Deserialize, Serialize};

use super::{
    Unreadable, View, commitment::Commitment, direct::Written, from_value, optional_instant, policy,
};
use crate::{
    Digest,
    json::{Value, json},
    time::{self, Timestamp},
};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It was made to run in the environment.
    Deployed,
    /// It was copied to where the environment takes images from.
    Promoted,
}

crate::words! {
    /// How it ended.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Outcome {
        /// It did not work.
        Failed = "failed",
        /// It was taken back.
        RolledBack = "rolled-back",
        /// It worked.
        Succeeded = "succeeded",
    }
}

/// Where from or where to: an environment and a reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// The environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The image reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// A deployment or a promotion.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// What was done.
    pub action: Action,
    /// How it ended.
    pub result: Outcome,
    /// Where to.
    pub environment: String,
    /// The cluster, host or service.
    pub target: Option<String>,
    /// Where it came from.
    pub from: Option<Place>,
    /// Where it went.
    pub to: Option<Place>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended, by the deployer's word.
    pub finished_at: Option<Timestamp>,
    /// What was seen.
    pub input_attestations: Vec<Commitment>,
    /// The digest of the policy whose verdict was followed.
    pub policy: Option<Digest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wire {
    action: Action,
    result: Outcome,
    environment: String,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    from: Option<Place>,
    #[serde(default)]
    to: Option<Place>,
    #[serde(default)]
    started_at: Option<String>,
    #[serde(default)]
    finished_at: Option<String>,
    #[serde(default)]
    input_attestations: Vec<Commitment>,
    #[serde(default)]
    policy: Option<policy::Wire>,
}

impl Written for Wire {
    fn view(self) -> Result<View, Unreadable> {
        Deployment::of(self).map(View::Deployment)
    }
}

impl Deployment {
    pub(super) fn read(predicate: &Value) -> Result<Self, Unreadable> {
        Self::of(from_value(predicate, "deployment")?)
    }

    fn of(wire: Wire) -> Result<Self, Unreadable> {
        Ok(Self {
            action: wire.action,
            result: wire.result,
            environment: wire.environment,
            target: wire.target,
            from: wire.from,
            to: wire.to,
            started_at: optional_instant(wire.started_at.as_deref(), "startedAt")?,
            finished_at: optional_instant(wire.finished_at.as_deref(), "finishedAt")?,
            input_attestations: wire.input_attestations,
            policy: policy::read(wire.policy)?,
        })
    }

    /// The predicate's JSON.
    pub fn to_value(&self) -> Value {
        let mut value = json!({
            "action": self.action,
            "result": self.result,
            "environment": self.environment,
        });
        super::insert(&mut value, "target", self.target.as_deref());
        if let Some(members) = value.as_object_mut() {
            for (member, place) in [("from", &self.from), ("to", &self.to)] {
                if let Some(place) = place {
                    members.insert(member.to_owned(), json!(place));
                }
            }
        }
        super::insert(&mut value, "startedAt", self.started_at.map(time::write).as_deref());
        super::insert(&mut value, "finishedAt", self.finished_at.map(time::write).as_deref());
        if let Some(members) = value.as_object_mut() {
            members.insert("inputAttestations".to_owned(), json!(self.input_attestations));
        }
        policy::insert(&mut value, self.policy.as_ref());
        value
    }
}
