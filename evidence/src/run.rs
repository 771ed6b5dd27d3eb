//! The extension member `attest_run`: which CI run made a statement, by its own word.

use serde::{Deserialize, Serialize};

/// The name of the member, in every predicate that `attest` writes.
pub const MEMBER: &str = "attest_run";

/// Which run of which job made a statement. All members are optional and all are claims.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Run {
    /// The step's name, when given (`--name`): `smoke`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The repository, normalised: https, no `.git`, no user information.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The commit, lowercase hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The full ref: `refs/heads/main`.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub git_ref: Option<String>,
    /// The run without its attempt: its URL where the CI has one, else its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Which attempt of the run, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u64>,
    /// The job within the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The leg of a matrix, when given (`--leg`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leg: Option<String>,
    /// Who started the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// A page for people that shows the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it was signed, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<String>,
}
