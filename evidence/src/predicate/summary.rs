//! SLSA verification summary v1 (SLSA spec/verification_summary.md).

use serde::Deserialize;

use super::{
    Unreadable, View, commitment::Commitment, direct::Written, from_value, optional_instant,
};
use crate::{json::Value, time::Timestamp};

/// What a verifier concluded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The verifier's id, by its own word.
    pub verifier: String,
    /// What was verified, by its own word.
    pub resource: String,
    /// Whether `verificationResult` is `PASSED`.
    pub passed: bool,
    /// When it verified.
    pub verified: Option<Timestamp>,
    /// What it had before it.
    pub input_attestations: Vec<Commitment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wire {
    verifier: WireVerifier,
    resource_uri: String,
    verification_result: WireResult,
    #[serde(default)]
    time_verified: Option<String>,
    #[serde(default)]
    input_attestations: Vec<Commitment>,
}

#[derive(Deserialize)]
struct WireVerifier {
    id: String,
}

#[derive(PartialEq, Deserialize)]
enum WireResult {
    #[serde(rename = "PASSED")]
    Passed,
    #[serde(rename = "FAILED")]
    Failed,
}

pub(super) fn read(predicate: &Value) -> Result<Summary, Unreadable> {
    summary(from_value(predicate, "verification summary")?)
}

impl Written for Wire {
    fn view(self) -> Result<View, Unreadable> {
        summary(self).map(View::Summary)
    }
}

fn summary(wire: Wire) -> Result<Summary, Unreadable> {
    Ok(Summary {
        verifier: wire.verifier.id,
        resource: wire.resource_uri,
        passed: wire.verification_result == WireResult::Passed,
        verified: optional_instant(wire.time_verified.as_deref(), "timeVerified")?,
        input_attestations: wire.input_attestations,
    })
}
