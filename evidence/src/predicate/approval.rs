//! `https://attest-verify.dev/approval/v1`: a person's decision (docs/predicates/approval.md).
//!
//! The approver is the verified signer, never a member of the predicate.

use serde::{Deserialize, Serialize};

use super::{
    Unreadable, View, commitment::Commitment, direct::Written, from_value, instant,
    optional_instant, policy,
};
use crate::{
    Digest,
    json::{Value, json},
    time::{self, Timestamp},
};

/// What a person decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// The image may go to the environment.
    Approved,
    /// It may not.
    Rejected,
}

/// An approval or a rejection.
#[derive(Clone, Debug, PartialEq)]
pub struct Approval {
    /// What was decided.
    pub decision: Decision,
    /// For which environment.
    pub environment: String,
    /// Why, in the approver's words.
    pub reason: Option<String>,
    /// A ticket or change URL.
    pub reference: Option<String>,
    /// When, by the approver's word.
    pub approved_at: Timestamp,
    /// Until when it holds.
    pub expires: Option<Timestamp>,
    /// What was seen.
    pub input_attestations: Vec<Commitment>,
    /// The digest of the policy whose verdict was approved.
    pub policy: Option<Digest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wire {
    decision: Decision,
    environment: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    reference: Option<String>,
    approved_at: String,
    #[serde(default)]
    expires: Option<String>,
    #[serde(default)]
    input_attestations: Vec<Commitment>,
    #[serde(default)]
    policy: Option<policy::Wire>,
}

impl Written for Wire {
    fn view(self) -> Result<View, Unreadable> {
        Approval::of(self).map(View::Approval)
    }
}

impl Approval {
    pub(super) fn read(predicate: &Value) -> Result<Self, Unreadable> {
        Self::of(from_value(predicate, "approval")?)
    }

    fn of(wire: Wire) -> Result<Self, Unreadable> {
        Ok(Self {
            decision: wire.decision,
            environment: wire.environment,
            reason: wire.reason,
            reference: wire.reference,
            approved_at: instant(&wire.approved_at, "approvedAt")?,
            expires: optional_instant(wire.expires.as_deref(), "expires")?,
            input_attestations: wire.input_attestations,
            policy: policy::read(wire.policy)?,
        })
    }

    /// The predicate's JSON.
    pub fn to_value(&self) -> Value {
        let mut value = json!({
            "decision": self.decision,
            "environment": self.environment,
            "approvedAt": time::write(self.approved_at),
            "inputAttestations": self.input_attestations,
        });
        super::insert(&mut value, "reason", self.reason.as_deref());
        super::insert(&mut value, "reference", self.reference.as_deref());
        super::insert(&mut value, "expires", self.expires.map(time::write).as_deref());
        policy::insert(&mut value, self.policy.as_ref());
        value
    }
}
