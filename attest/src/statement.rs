//! Statement: what is claimed, about which digest.
//!
//! A pure step. What leaves it can be read back by the views that `verify` judges with; a claim that
//! they could not read is refused before anything is signed.

use evidence::{
    Statement, Subject,
    json::{self, Value, json},
    predicate::{Claim, Unreadable},
    run::{self, Run},
    statement::StatementError,
};

use crate::family::Family;

/// A predicate that is to be signed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Predicate {
    /// The type URI.
    pub(crate) predicate_type: String,
    /// The claim.
    pub(crate) value: Value,
}

/// A statement and the bytes to sign.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Prepared {
    /// What the bytes say.
    pub(crate) statement: Statement,
    /// What the statement claims, read.
    pub(crate) claim: Claim,
    /// The bytes to sign.
    pub(crate) payload: Vec<u8>,
}

/// Makes the statement: the predicate about the subjects, with the run that made it.
///
/// A predicate that brings an `attest_run` of its own keeps it.
pub(crate) fn make(
    subjects: Vec<Subject>,
    predicate: Predicate,
    run: &Run,
) -> Result<Prepared, StatementRefused> {
    let Predicate { predicate_type, mut value } = predicate;
    let members = value.as_object_mut().ok_or(StatementRefused::NoObject)?;
    members.entry(run::MEMBER).or_insert_with(|| json!(run));
    prepare(Statement { subjects, predicate_type, predicate: value }.to_bytes())
}

/// Takes a whole statement about an image, byte for byte.
pub(crate) fn take(payload: Vec<u8>, image: &Family) -> Result<Prepared, StatementRefused> {
    let prepared = prepare(payload)?;
    image.holds(&prepared.statement, image.asked())?;
    Ok(prepared)
}

fn prepare(payload: Vec<u8>) -> Result<Prepared, StatementRefused> {
    // The typed parser looks at known members only; a second reading of an unknown one is a second
    // reading all the same.
    json::parse(&payload).map_err(StatementRefused::Json)?;
    let statement = Statement::parse(&payload).map_err(StatementRefused::Statement)?;
    let claim = Claim::read(&statement).map_err(StatementRefused::Unreadable)?;
    Ok(Prepared { statement, claim, payload })
}

/// Why a claim is not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum StatementRefused {
    /// Not JSON with one reading.
    #[error("the statement is {0}")]
    Json(json::JsonError),
    /// The predicate is no object.
    #[error("the predicate is no JSON object")]
    NoObject,
    /// No statement.
    #[error("{0}")]
    Statement(StatementError),
    /// A subject that is not the image.
    #[error(
        "the statement is about another image: `{}` {}",
        evidence::text::escape_short(name, 200),
        digest.as_deref().unwrap_or("without a digest that is read")
    )]
    Subject {
        /// The subject's name.
        name: String,
        /// Its digest.
        digest: Option<String>,
    },
    /// The claim cannot be read as its type.
    #[error("{0}")]
    Unreadable(Unreadable),
}

impl StatementRefused {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Json(_) | Self::NoObject | Self::Statement(_) | Self::Unreadable(_) => {
                "unreadable"
            }
            Self::Subject { .. } => "wrong-subject",
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            Self::Subject { .. } => Some("give the image that it is about"),
            Self::Unreadable(_) => Some("docs/predicates/ describes what each type must say"),
            Self::Json(_) | Self::NoObject | Self::Statement(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use evidence::{Digest, predicate};

    use super::*;

    fn image() -> Vec<Subject> {
        vec![Subject::new("registry.example.com/acme/app", Digest::sha256(b"image"))]
    }

    fn other(value: Value) -> Predicate {
        Predicate { predicate_type: "https://example.com/p/v1".into(), value }
    }

    #[test]
    fn every_predicate_carries_its_run() {
        let run = Run { job: Some("build".into()), ..Run::default() };
        let made = make(image(), other(json!({"a": 1})), &run).unwrap();
        assert_eq!(made.statement.predicate, json!({"a": 1, "attest_run": {"job": "build"}}));
        assert_eq!(made.claim.run, run);
        let own = make(image(), other(json!({"attest_run": {"job": "mine"}})), &run).unwrap();
        assert_eq!(own.claim.run.job.as_deref(), Some("mine"));
    }

    #[test]
    fn a_predicate_that_its_view_cannot_read_is_refused() {
        let run = Run::default();
        let approval = Predicate {
            predicate_type: predicate::APPROVAL.into(),
            value: json!({"decision": "approved"}),
        };
        assert_eq!(make(image(), approval, &run).unwrap_err().code(), "unreadable");
        assert_eq!(make(image(), other(json!([])), &run).unwrap_err().code(), "unreadable");
        let time = other(json!({"attest_run": {"signedAt": "yesterday"}}));
        assert_eq!(make(image(), time, &run).unwrap_err().code(), "unreadable");
    }

    #[test]
    fn a_whole_statement_must_be_about_the_image_alone_and_is_kept_byte_for_byte() {
        let statement = |subjects: Value| {
            json!({
                "_type": "https://in-toto.io/Statement/v1", "subject": subjects,
                "predicateType": "https://example.com/p/v1", "predicate": {}, "more": 1,
            })
            .to_string()
            .into_bytes()
        };
        let family = crate::family::tests::index(1);
        let (ours, foreign) = (family.asked(), Digest::sha256(b"other"));
        let good = statement(json!([{"name": "x", "digest": {"sha256": ours.hex()}}]));
        assert_eq!(take(good.clone(), &family).unwrap().payload, good);
        for subjects in [
            json!([{"digest": {"sha256": foreign.hex()}}]),
            json!([{"digest": {"sha256": ours.hex()}}, {"digest": {"sha256": foreign.hex()}}]),
            json!([{"digest": {"gitCommit": "4f1c2a9"}}]),
        ] {
            let error = take(statement(subjects), &family).unwrap_err();
            assert_eq!(error.code(), "wrong-subject");
        }
        let twice = br#"{"_type":"https://in-toto.io/Statement/v1","more":1,"more":2}"#;
        assert!(matches!(take(twice.to_vec(), &family), Err(StatementRefused::Json(_))));
    }
}
