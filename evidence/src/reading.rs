//! A payload, read: the statement and its claim, in one pass over the bytes.
//!
//! A gate reads a thousand payloads and looks at a few members of each, so no tree is built of what is
//! well formed. What is not is read again as a [`Statement`] and a [`Claim`], which say what is wrong:
//! both ways must come to the same (`evidence/tests/reading.rs`, `fuzz/`).

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize,
    de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor},
};

use crate::{
    Algorithm, Digest, Statement, Subject,
    predicate::{Claim, ClaimOf, Unreadable},
    statement::{STATEMENT_V01, STATEMENT_V1, SUBJECTS, StatementError},
    strict::{Name, Strict},
};

/// A statement of which the claim has been read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// What it is about; never empty.
    pub subjects: Vec<Subject>,
    /// What kind of claim it is, a type URI.
    pub predicate_type: String,
    /// What it claims, or why that cannot be read.
    pub claim: Result<Claim, Unreadable>,
}

impl Reading {
    /// Reads the verified bytes of a payload.
    pub fn of(payload: &[u8]) -> Result<Self, StatementError> {
        if let Some(reading) = Self::at_once(payload) {
            return Ok(reading);
        }
        let statement = Statement::parse(payload)?;
        let claim = Claim::read(&statement);
        let Statement { subjects, predicate_type, predicate: _ } = statement;
        Ok(Self { subjects, predicate_type, claim })
    }

    /// Reads what is well formed and states its type before its claim.
    fn at_once(payload: &[u8]) -> Option<Self> {
        let mut deserializer = serde_json::Deserializer::from_slice(payload);
        let reading = Strict(&mut deserializer).deserialize_map(Head).ok()?;
        deserializer.end().ok()?;
        Some(reading)
    }
}

struct Head;

impl<'de> Visitor<'de> for Head {
    type Value = Reading;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a statement")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Reading, A::Error> {
        let no = A::Error::custom;
        let (mut subjects, mut predicate_type, mut claim) = (Vec::new(), None, None);
        let mut is_statement = false;
        while let Some(Name(name)) = members.next_key()? {
            match &*name {
                "_type" => {
                    let Name(kind) = members.next_value()?;
                    is_statement = kind == STATEMENT_V1 || kind == STATEMENT_V01;
                }
                "subject" => {
                    let written: Vec<WrittenSubject<'de>> = members.next_value()?;
                    if written.len() > SUBJECTS {
                        return Err(no("too many subjects"));
                    }
                    let read = written.into_iter().map(WrittenSubject::read);
                    subjects =
                        read.collect::<Option<_>>().ok_or_else(|| no("no digest of a subject"))?;
                }
                "predicateType" => predicate_type = Some(members.next_value::<String>()?),
                "predicate" => {
                    let stated = predicate_type.as_deref().ok_or_else(|| no("no type yet"))?;
                    claim = Some(members.next_value_seed(ClaimOf(stated))?);
                }
                _ => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        let predicate_type = predicate_type.filter(|stated| !stated.is_empty());
        match (is_statement && !subjects.is_empty(), predicate_type, claim) {
            (true, Some(predicate_type), Some(claim)) => {
                Ok(Reading { subjects, predicate_type, claim: Ok(claim) })
            }
            _ => Err(no("a member is missing")),
        }
    }
}

#[derive(Deserialize)]
struct WrittenSubject<'a> {
    #[serde(default)]
    name: Option<String>,
    #[serde(borrow)]
    digest: BTreeMap<Name<'a>, Name<'a>>,
}

impl WrittenSubject<'_> {
    fn read(self) -> Option<Subject> {
        if self.digest.is_empty() {
            return None;
        }
        let mut digests = BTreeMap::new();
        for (Name(name), Name(hex)) in &self.digest {
            if let Some(algorithm) = Algorithm::named(name) {
                digests.insert(algorithm, Digest::from_hex(algorithm, hex).ok()?);
            }
        }
        Some(Subject { name: self.name.unwrap_or_default(), digests })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn what_is_well_formed_needs_no_tree() {
        let text = |members: &str| {
            format!(
                r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"n","digest":{{"sha256":"{HEX}"}}}}],{members}}}"#
            )
        };
        let test = r#""predicateType":"https://in-toto.io/attestation/test-result/v0.1","predicate":{"result":"PASSED","attest_run":{"run":"7"},"more":[1,{"a":null}]}"#;
        let reading = Reading::at_once(text(test).as_bytes()).unwrap();
        assert_eq!(reading.claim.unwrap().run.run.as_deref(), Some("7"));
        let list = r#""predicateType":"https://example.com/any","predicate":{}"#;
        assert!(Reading::at_once(text(list).as_bytes()).is_some());
        for not in [
            r#""predicateType":"https://example.com/any""#,
            r#""predicateType":"https://example.com/any","predicate":{"a":{"b":1,"b":1}}"#,
            r#""predicateType":"https://in-toto.io/attestation/test-result/v0.1","predicate":{"result":"OK"}"#,
            r#""predicateType":"","predicate":{}"#,
        ] {
            assert!(Reading::at_once(text(not).as_bytes()).is_none(), "{not}");
        }
    }
}
