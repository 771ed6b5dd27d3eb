//! The members of a verdict's JSON that are read (docs/verdict.schema.json); the others are ignored.

use evidence::{Digest, Id};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wire {
    pub(super) version: u64,
    pub(super) decision: String,
    pub(super) image: Image,
    #[serde(deserialize_with = "written")]
    pub(super) environment: Option<String>,
    pub(super) before: Option<Before>,
    pub(super) policy: Policy,
    pub(super) now: String,
    pub(super) steps: Vec<Step>,
    pub(super) findings: Vec<Finding>,
    pub(super) commitments: Vec<Commitment>,
    pub(super) others: Vec<Candidate>,
    pub(super) good_until: Option<Deadline>,
}

#[derive(Deserialize)]
pub(super) struct Image {
    pub(super) name: String,
    pub(super) digest: Digest,
    pub(super) index: Option<Digest>,
}

#[derive(Deserialize)]
pub(super) struct Before {
    pub(super) step: String,
    #[serde(rename = "type")]
    pub(super) claims: String,
    pub(super) environment: Option<String>,
    pub(super) name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Finding {
    pub(super) code: String,
}

/// A member that may be null and not left out.
fn written<'de, D: serde::Deserializer<'de>>(member: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(member)
}

#[derive(Deserialize)]
pub(super) struct Policy {
    pub(super) digest: Digest,
    pub(super) revision: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Commitment {
    pub(super) id: Id,
    pub(super) predicate_type: String,
    pub(super) bundle: Option<Digest>,
}

#[derive(Deserialize)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) passes: bool,
    pub(super) proofs: Vec<Proof>,
    pub(super) candidates: Vec<Candidate>,
}

#[derive(Deserialize)]
pub(super) struct Candidate {
    pub(super) id: Option<Id>,
}

#[derive(Deserialize)]
pub(super) struct Proof {
    pub(super) party: String,
    pub(super) says: String,
}

#[derive(Deserialize)]
pub(super) struct Deadline {
    pub(super) time: String,
    pub(super) what: String,
}
