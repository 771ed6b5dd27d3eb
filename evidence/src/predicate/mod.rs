//! Predicates: the types that `attest` writes and typed views of what a statement claims.
//!
//! A view says what is claimed, not whether it is good: that is judged elsewhere. Unknown members
//! are ignored (in-toto spec/v1/README.md, parsing rules); a member that a view needs and that is
//! missing or of the wrong shape makes the whole predicate unreadable, never a default.

pub mod approval;
pub mod commitment;
pub mod deployment;
mod direct;
pub mod exception;
pub mod origin;
mod policy;
pub mod provenance;
mod shape;
pub mod summary;
pub mod test_result;
pub mod vulns;

pub(crate) use direct::ClaimOf;
use serde::de::DeserializeOwned;

use crate::{
    json::Value,
    run::{self, Run},
    statement::Statement,
    time::{self, Timestamp},
};

/// The base of this project's own predicate and build types.
pub const BASE: &str = "https://attest-verify.dev/";

/// SLSA provenance v1 (SLSA 1.0 to 1.2).
pub const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// SLSA provenance v0.2, read only.
pub const PROVENANCE_V02: &str = "https://slsa.dev/provenance/v0.2";
/// in-toto vulns v0.2.
pub const VULNS: &str = "https://in-toto.io/attestation/vulns/v0.2";
/// in-toto vulns v0.1, read only.
pub const VULNS_V01: &str = "https://in-toto.io/attestation/vulns/v0.1";
/// cosign's vulnerability predicate, read only.
pub const COSIGN_VULN: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";
/// in-toto test-result v0.1.
pub const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// A person's decision about an image for an environment (docs/predicates/approval.md).
pub const APPROVAL: &str = "https://attest-verify.dev/approval/v1";
/// What was deployed or promoted where, with which result (docs/predicates/deployment.md).
pub const DEPLOYMENT: &str = "https://attest-verify.dev/deployment/v1";
/// A dated leave to skip steps (docs/predicates/exception.md).
pub const EXCEPTION: &str = "https://attest-verify.dev/exception/v1";
/// SLSA verification summary v1.
pub const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
/// The beginning of every SPDX predicate type.
pub const SPDX: &str = "https://spdx.dev/Document";
/// The beginning of every CycloneDX predicate type.
pub const CYCLONEDX: &str = "https://cyclonedx.org/bom";

/// cosign's `--type` words and the predicate types that they mean (cosign_attest.md).
pub const ALIASES: [(&str, &str); 11] = [
    ("custom", "https://cosign.sigstore.dev/attestation/v1"),
    ("cyclonedx", CYCLONEDX),
    ("link", "https://in-toto.io/Link/v1"),
    ("openvex", "https://openvex.dev/ns"),
    ("slsaprovenance", PROVENANCE_V02),
    ("slsaprovenance02", PROVENANCE_V02),
    ("slsaprovenance1", PROVENANCE),
    ("spdx", SPDX),
    ("spdxjson", SPDX),
    ("test-result", TEST_RESULT),
    ("vuln", COSIGN_VULN),
];

/// What kind of claim a predicate type makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Built from a commit by a run.
    Build,
    /// Scanned for vulnerabilities.
    Scan,
    /// Tested.
    Test,
    /// Approved or rejected for an environment.
    Approval,
    /// Deployed or promoted.
    Deployment,
    /// Leave to skip steps.
    Exception,
    /// A list of what is inside.
    Sbom,
    /// A verifier's summary.
    Summary,
    /// Anything else.
    Other,
}

impl Kind {
    /// The kind of claim that a predicate type makes.
    pub fn of(predicate_type: &str) -> Self {
        match predicate_type {
            PROVENANCE | PROVENANCE_V02 => Self::Build,
            VULNS | VULNS_V01 | COSIGN_VULN => Self::Scan,
            TEST_RESULT => Self::Test,
            APPROVAL => Self::Approval,
            DEPLOYMENT => Self::Deployment,
            EXCEPTION => Self::Exception,
            SUMMARY => Self::Summary,
            other if is_sbom(other) => Self::Sbom,
            _ => Self::Other,
        }
    }

    /// The word for it in policies and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Scan => "scan",
            Self::Test => "test",
            Self::Approval => "approval",
            Self::Deployment => "deployment",
            Self::Exception => "exception",
            Self::Sbom => "sbom",
            Self::Summary => "summary",
            Self::Other => "other",
        }
    }
}

/// Versions follow the document's name: `…/Document`, `…/Document/v2.3`, `…/bom/v1.6`.
fn is_sbom(predicate_type: &str) -> bool {
    [SPDX, CYCLONEDX].iter().any(|base| {
        predicate_type
            .strip_prefix(base)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// A claim, read.
#[derive(Clone, Debug, PartialEq)]
pub enum View {
    /// How it was built.
    Build(provenance::Provenance),
    /// What a scanner found.
    Scan(vulns::Scan),
    /// How tests ended.
    Test(test_result::TestResult),
    /// What a person decided.
    Approval(approval::Approval),
    /// What was deployed.
    Deployment(deployment::Deployment),
    /// What may be skipped.
    Exception(exception::Exception),
    /// A list of contents, not read further.
    Sbom,
    /// What a verifier concluded.
    Summary(summary::Summary),
    /// A claim of a type that is not read further.
    Other,
}

/// A statement's claim with the run that made it and the time inside the signed bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The typed view.
    pub view: View,
    /// The run that made it, by its own word; empty where the predicate has none.
    pub run: Run,
    /// When it was made, by its own word.
    pub time: Option<Timestamp>,
}

impl Claim {
    /// Reads the claim of a statement.
    pub fn read(statement: &Statement) -> Result<Self, Unreadable> {
        let predicate = &statement.predicate;
        let run = match predicate.get(run::MEMBER) {
            Some(member) => from_value::<Run>(member, run::MEMBER)?,
            None => Run::default(),
        };
        let view = View::read(&statement.predicate_type, predicate)?;
        let time = match &run.signed_at {
            Some(text) => Some(instant(text, "attest_run.signedAt")?),
            None => view.time(),
        };
        Ok(Self { view, run, time })
    }
}

impl View {
    fn read(predicate_type: &str, predicate: &Value) -> Result<Self, Unreadable> {
        match Kind::of(predicate_type) {
            Kind::Other => return Ok(Self::Other),
            Kind::Sbom if predicate.is_object() => return Ok(Self::Sbom),
            _ if !predicate.is_object() => return Err(Unreadable::Missing),
            _ => {}
        }
        Ok(match predicate_type {
            PROVENANCE => Self::Build(provenance::read_v1(predicate)?),
            PROVENANCE_V02 => Self::Build(provenance::read_v02(predicate)?),
            COSIGN_VULN => Self::Scan(vulns::read_cosign(predicate)?),
            VULNS | VULNS_V01 => Self::Scan(vulns::read(predicate)?),
            TEST_RESULT => Self::Test(test_result::read(predicate)?),
            APPROVAL => Self::Approval(approval::Approval::read(predicate)?),
            DEPLOYMENT => Self::Deployment(deployment::Deployment::read(predicate)?),
            EXCEPTION => Self::Exception(exception::Exception::read(predicate)?),
            SUMMARY => Self::Summary(summary::read(predicate)?),
            _ => Self::Other,
        })
    }

    /// The time that the predicate itself states, where `attest_run` has none.
    fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Approval(approval) => Some(approval.approved_at),
            Self::Build(provenance) => provenance.finished,
            Self::Deployment(deployment) => deployment.finished_at,
            Self::Scan(scan) => scan.finished,
            Self::Summary(summary) => summary.verified,
            Self::Test(test) => test.finished,
            Self::Exception(_) | Self::Sbom | Self::Other => None,
        }
    }

    /// The end of the work that a scan or a test states.
    pub fn work_ended(&self) -> Option<Timestamp> {
        match self {
            Self::Scan(scan) => scan.finished,
            Self::Test(test) => test.finished,
            _ => None,
        }
    }

    /// The environment that an approval, deployment or exception is about.
    pub fn environment(&self) -> Option<&str> {
        match self {
            Self::Approval(approval) => Some(&approval.environment),
            Self::Deployment(deployment) => Some(&deployment.environment),
            Self::Exception(exception) => Some(&exception.environment),
            _ => None,
        }
    }

    /// The attestations that this one commits to.
    pub fn commitments(&self) -> &[commitment::Commitment] {
        match self {
            Self::Approval(approval) => &approval.input_attestations,
            Self::Deployment(deployment) => &deployment.input_attestations,
            Self::Summary(summary) => &summary.input_attestations,
            _ => &[],
        }
    }
}

/// Why a predicate cannot be read as its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// The scanner's report inside is of no format that is read.
    #[error("the scanner's report inside is of no known format")]
    Format,
    /// A member is missing or of the wrong shape.
    #[error("`{member}` of the predicate is unreadable: {problem}")]
    Member {
        /// Which member.
        member: &'static str,
        /// What the JSON reader says of it.
        problem: String,
    },
    /// There is no predicate, or it is no object.
    #[error("the predicate is missing")]
    Missing,
    /// A time is not RFC 3339.
    #[error("`{member}` of the predicate is not an RFC 3339 time")]
    Time {
        /// Which member.
        member: &'static str,
    },
}

pub(crate) fn from_value<T: DeserializeOwned>(
    value: &Value,
    member: &'static str,
) -> Result<T, Unreadable> {
    T::deserialize(shape::Shaped(value))
        .map_err(|error| Unreadable::Member { member, problem: error.to_string() })
}

pub(crate) fn instant(text: &str, member: &'static str) -> Result<Timestamp, Unreadable> {
    time::parse(text).ok_or(Unreadable::Time { member })
}

pub(crate) fn optional_instant(
    text: Option<&str>,
    member: &'static str,
) -> Result<Option<Timestamp>, Unreadable> {
    text.map(|text| instant(text, member)).transpose()
}

/// Adds a member that is there.
fn insert(object: &mut Value, member: &str, text: Option<&str>) {
    if let (Some(members), Some(text)) = (object.as_object_mut(), text) {
        members.insert(member.to_owned(), text.into());
    }
}
