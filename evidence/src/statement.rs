//! in-toto Statement v1, and v0.1 for reading (spec/v1/statement.md).
//!
//! A statement exists only if its `_type` was one of the two and it has a subject with a digest.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    Algorithm, Digest,
    json::{self, Object, Value},
};

/// The `_type` that we write.
pub const STATEMENT_V1: &str = "https://in-toto.io/Statement/v1";
/// The `_type` that cosign v3 still writes.
pub const STATEMENT_V01: &str = "https://in-toto.io/Statement/v0.1";

/// Subjects per statement, as sigstore-go limits them (pkg/verify/signature.go).
pub const SUBJECTS: usize = 1024;

/// A claim (`predicate`) about artifacts (`subjects`).
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it is about; never empty.
    pub subjects: Vec<Subject>,
    /// What kind of claim it is, a type URI; compared as a string.
    pub predicate_type: String,
    /// The claim. A missing predicate is `null` here and unreadable to every typed view.
    pub predicate: Value,
}

/// One artifact that a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// A name for people: the repository. It never grants anything.
    pub name: String,
    /// The digests under algorithms that we know; others are ignored as the standard asks.
    pub digests: BTreeMap<Algorithm, Digest>,
}

impl Subject {
    /// A subject with one digest.
    pub fn new(name: impl Into<String>, digest: Digest) -> Self {
        Self { name: name.into(), digests: BTreeMap::from([(digest.algorithm(), digest)]) }
    }
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Object<WireSubject>>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(default, deserialize_with = "json::strict")]
    predicate: Value,
}

#[derive(Deserialize)]
struct WireSubject {
    #[serde(default)]
    name: Option<String>,
    digest: Members,
}

/// A string map that refuses duplicate members.
struct Members(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match json::strict(deserializer)? {
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| match value {
                    Value::String(text) => Ok((name, text)),
                    _ => Err(serde::de::Error::custom("a digest that is not a string")),
                })
                .collect::<Result<_, _>>()
                .map(Members),
            _ => Err(serde::de::Error::custom("a digest set that is not an object")),
        }
    }
}

impl Statement {
    /// Parses the verified bytes of a payload.
    pub fn parse(payload: &[u8]) -> Result<Self, StatementError> {
        let Object(wire): Object<Wire> =
            serde_json::from_slice(payload).map_err(StatementError::Json)?;
        if wire.kind != STATEMENT_V1 && wire.kind != STATEMENT_V01 {
            return Err(StatementError::Type { found: wire.kind });
        }
        if wire.predicate_type.is_empty() {
            return Err(StatementError::PredicateType);
        }
        if wire.subject.is_empty() {
            return Err(StatementError::NoSubject);
        }
        if wire.subject.len() > SUBJECTS {
            return Err(StatementError::TooManySubjects { found: wire.subject.len() });
        }
        let subjects = wire.subject.into_iter().map(subject).collect::<Result<_, _>>()?;
        Ok(Self { subjects, predicate_type: wire.predicate_type, predicate: wire.predicate })
    }

    /// The bytes to sign: Statement v1, members in the order of the specification.
    pub fn to_bytes(&self) -> Vec<u8> {
        let digest = |digest: &Digest| (digest.algorithm().name(), json::text(digest.hex()));
        let subject = |subject: &Subject| {
            let digests: Vec<_> = subject.digests.values().map(digest).collect();
            json::object(&[("name", json::text(&subject.name)), ("digest", json::object(&digests))])
        };
        let statement = json::object(&[
            ("_type", json::text(STATEMENT_V1)),
            ("subject", json::list(self.subjects.iter().map(subject))),
            ("predicateType", json::text(&self.predicate_type)),
            ("predicate", self.predicate.to_string()),
        ]);
        statement.into_bytes()
    }
}

fn subject(Object(wire): Object<WireSubject>) -> Result<Subject, StatementError> {
    if wire.digest.0.is_empty() {
        return Err(StatementError::NoDigest);
    }
    let mut digests = BTreeMap::new();
    for (name, hex) in &wire.digest.0 {
        if let Some(algorithm) = Algorithm::named(name) {
            let digest = Digest::from_hex(algorithm, hex).map_err(StatementError::Digest)?;
            digests.insert(algorithm, digest);
        }
    }
    Ok(Subject { name: wire.name.unwrap_or_default(), digests })
}

/// Why bytes are no statement.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// A digest under a known algorithm is malformed.
    #[error("a subject's digest is malformed: {0}")]
    Digest(crate::digest::DigestError),
    /// The JSON or its shape is wrong.
    #[error("not an in-toto statement: {0}")]
    Json(serde_json::Error),
    /// A subject has no digest (statement.md: each MUST have one).
    #[error("a subject has no digest")]
    NoDigest,
    /// There is no subject.
    #[error("the statement has no subject")]
    NoSubject,
    /// `predicateType` is empty.
    #[error("the statement's predicateType is empty")]
    PredicateType,
    /// More subjects than [`SUBJECTS`].
    #[error("the statement has {found} subjects, at most {SUBJECTS} are read")]
    TooManySubjects {
        /// How many there are.
        found: usize,
    },
    /// `_type` is neither v1 nor v0.1.
    #[error("the statement's _type is `{}`, not {STATEMENT_V1}", found.escape_debug())]
    Type {
        /// What it says.
        found: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn parse(text: &str) -> Result<Statement, StatementError> {
        Statement::parse(text.replace("HEX", HEX).as_bytes())
    }

    #[test]
    fn what_is_written_is_read_back() {
        let digest = Digest::sha256(b"abc");
        let statement = Statement {
            subjects: vec![Subject::new("registry.example.com/app", digest)],
            predicate_type: "https://slsa.dev/provenance/v1".into(),
            predicate: json::json!({"a": [1, "b"]}),
        };
        assert_eq!(Statement::parse(&statement.to_bytes()).unwrap(), statement);
    }

    #[test]
    fn a_foreign_type_and_an_empty_subject_are_refused() {
        let foreign = r#"{"_type":"https://example.com/Statement/v9","subject":[{"digest":{"sha256":"HEX"}}],"predicateType":"p"}"#;
        assert!(matches!(parse(foreign), Err(StatementError::Type { .. })));
        let none =
            r#"{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"p"}"#;
        assert!(matches!(parse(none), Err(StatementError::NoSubject)));
        let bare = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{}}],"predicateType":"p"}"#;
        assert!(matches!(parse(bare), Err(StatementError::NoDigest)));
    }

    #[test]
    fn duplicate_members_are_refused_everywhere() {
        for text in [
            r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"HEX"}}],"predicateType":"p","predicateType":"q"}"#,
            r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"HEX","sha256":"HEX"}}],"predicateType":"p"}"#,
            r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"HEX"}}],"predicateType":"p","predicate":{"a":1,"a":2}}"#,
        ] {
            assert!(matches!(parse(text), Err(StatementError::Json(_))), "{text}");
        }
    }

    #[test]
    fn unknown_digest_algorithms_are_ignored() {
        let text = r#"{"_type":"https://in-toto.io/Statement/v0.1","subject":[{"name":"n","digest":{"gitCommit":"x","sha256":"HEX"}}],"predicateType":"p"}"#;
        assert_eq!(parse(text).unwrap().subjects.first().unwrap().digests.len(), 1);
    }
}
