//! Why a certificate, a log entry or a timestamp proves nothing: one sentence each, with what was found
//! and what was expected.

use std::fmt::Display;

use evidence::time::{self, Timestamp};
use sigstore_verify::{CertificateError as Chain, Error, TimestampError, TransparencyLogError};

use super::certificate::CertificateError;
use crate::finding::Code;

/// Why nothing is proven.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unproven {
    #[error("its certificate proves nothing: {0}")]
    Certificate(CertificateError),
    #[error("its certificate is by no authority of root `{root}`: {why}")]
    Authority { root: String, why: String },
    #[error("its certificate lived from {} to {}, and it was signed {}",
        time::write(*.from), time::write(*.until), time::write(*.signed))]
    Lifetime { from: Timestamp, until: Timestamp, signed: Timestamp },
    #[error("no log of certificates of root `{root}` has its certificate: {why}")]
    CertificateLog { root: String, why: String },
    #[error("its log entry cannot be read: {0}")]
    EntryMalformed(String),
    #[error("its log entry is of a kind that is not read: `{0}`")]
    EntryKind(String),
    #[error("its log entry is of a log that root `{root}` does not know: {id}")]
    UnknownLog { root: String, id: String },
    #[error("it has the same log entry twice")]
    EntryTwice,
    #[error("its log entry has no proof that it is in the log")]
    NoProof,
    #[error("its log entry has no checkpoint that the log signed")]
    NoCheckpoint,
    #[error("its log entry states a time, and such a log tells none")]
    TimeInvented,
    #[error("its log entry contradicts what is known of it: {what} {said}, and not {signed}")]
    Contradiction { what: &'static str, said: String, signed: String },
    #[error("its log entry is about something else: {0}")]
    EntryOfAnother(String),
    #[error("its log entry is not in the log: {0}")]
    Inclusion(String),
    #[error("its log's checkpoint does not hold: {0}")]
    Checkpoint(String),
    #[error("its log's promise does not hold: {0}")]
    Promise(String),
    #[error("its log entry's time does not fit: {0}")]
    IntegratedTime(String),
    #[error("the log's key ended {}, before its certificate began {}",
        time::write(*.ended), time::write(*.began))]
    LogEnded { ended: Timestamp, began: Timestamp },
    #[error("it is in {found} logs of root `{root}`, and must be in at least {wanted}")]
    Logs { root: String, found: usize, wanted: usize },
    #[error("its timestamp does not hold: {0}")]
    Timestamp(String),
    #[error("{found} clocks of root `{root}` saw its signature, and at least {wanted} must have")]
    Clocks { root: String, found: usize, wanted: usize },
    #[error("the key of its certificate does not verify its signature")]
    Signature,
    #[error("it is of a kind that is not read: {0}")]
    Unsupported(String),
}

impl Unproven {
    pub(super) fn contradiction(
        what: &'static str,
        said: impl Display,
        signed: impl Display,
    ) -> Self {
        Self::Contradiction { what, said: said.to_string(), signed: signed.to_string() }
    }

    /// The stable word.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Certificate(_)
            | Self::Authority { .. }
            | Self::Lifetime { .. }
            | Self::CertificateLog { .. } => Code::BadCertificate,
            Self::EntryKind(_)
            | Self::EntryMalformed(_)
            | Self::UnknownLog { .. }
            | Self::EntryTwice
            | Self::NoProof
            | Self::NoCheckpoint
            | Self::TimeInvented
            | Self::Contradiction { .. }
            | Self::EntryOfAnother(_)
            | Self::Inclusion(_)
            | Self::Checkpoint(_)
            | Self::Promise(_)
            | Self::IntegratedTime(_)
            | Self::LogEnded { .. }
            | Self::Logs { .. } => Code::BadLogEntry,
            Self::Timestamp(_) | Self::Clocks { .. } => Code::BadTimestamp,
            Self::Signature | Self::Unsupported(_) => Code::BadSignature,
        }
    }

    /// What the verifier of a root found, in our words, and its own for the detail.
    pub(super) fn found(error: Error, root: &str) -> Self {
        let root = root.to_owned();
        match error {
            Error::Certificate(Chain::Sct(why)) => Self::CertificateLog { root, why: bare(&why) },
            Error::Certificate(Chain::NoValidAuthority { time }) => {
                let why = format!("none was believed on {}", time::write(time));
                Self::Authority { root, why }
            }
            Error::Certificate(Chain::Malformed(why) | Chain::ChainInvalid(why)) => {
                Self::Authority { root, why: bare(&why) }
            }
            Error::Certificate(other) => Self::Authority { root, why: other.to_string() },
            Error::TransparencyLog(error) => of_log(error, root),
            Error::Timestamp(TimestampError::NoVerifiedTimestamp(_)) => {
                Self::Clocks { root, found: 0, wanted: 1 }
            }
            Error::Timestamp(TimestampError::Invalid(why)) => Self::Timestamp(bare(&why)),
            Error::Timestamp(error) => Self::Timestamp(error.to_string()),
            Error::SignatureInvalid(_) => Self::Signature,
            Error::ArtifactMismatch(_) => {
                Self::EntryOfAnother("it names another digest".to_owned())
            }
            other => Self::Unsupported(other.to_string()),
        }
    }
}

/// The verifier's own words without those that our sentence has said.
fn bare(why: &str) -> String {
    const SAID: [&str; 5] = [
        "certificate chain validation failed: ",
        "inclusion proof verification failed: ",
        "SCT signature verification failed: ",
        "SET verification failed: ",
        "TSA timestamp verification failed: ",
    ];
    let said = SAID.iter().find_map(|said| why.strip_prefix(said));
    said.unwrap_or(why).to_owned()
}

fn of_log(error: TransparencyLogError, root: String) -> Unproven {
    match error {
        TransparencyLogError::UnknownLog { log_id } => Unproven::UnknownLog { root, id: log_id },
        TransparencyLogError::InclusionProof(why) => Unproven::Inclusion(bare(&why)),
        TransparencyLogError::Checkpoint(why) => Unproven::Checkpoint(bare(&why)),
        TransparencyLogError::InclusionPromise(why) => Unproven::Promise(bare(&why)),
        TransparencyLogError::EntryMismatch(why) => Unproven::EntryOfAnother(why),
        TransparencyLogError::IntegratedTime(why) => Unproven::IntegratedTime(why),
        TransparencyLogError::MalformedEntry(why) => Unproven::EntryMalformed(why),
        other => Unproven::EntryMalformed(other.to_string()),
    }
}
