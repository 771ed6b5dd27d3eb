//! Who signed, and who vouches for it: the part of a report that every signature has.

use evidence::{
    json::{Map, Value, json},
    text::escape_short,
    time::{self, Timestamp},
};

use super::{Key, Paragraph};
use crate::seal::Sealed;

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// A person or job, by a certificate.
    Identity {
        /// Who vouches for the identity.
        issuer: String,
        /// The identity.
        name: String,
    },
    /// A key.
    Key(Key),
}

/// Who vouches for a signature besides its signer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Vouched {
    /// The logs that took an entry, and its number in each.
    entries: Vec<(String, u64)>,
    /// The earliest time that a clock of others vouches for.
    made_before: Option<Timestamp>,
}

impl Vouched {
    /// What was asked for when a bundle was sealed.
    pub(crate) fn of(sealed: &Sealed) -> Self {
        let entries = sealed.entries().iter().map(|entry| (entry.log.clone(), entry.index));
        Self { entries: entries.collect(), made_before: sealed.confirmed().time }
    }
}

impl By {
    /// For people.
    pub(crate) fn lines(&self) -> Vec<String> {
        match self {
            Self::Identity { issuer, name } => vec![
                format!("by {}", escape_short(name, 300)),
                format!("as {} says", escape_short(issuer, 300)),
            ],
            Self::Key(Key { id, reference, .. }) => {
                vec![format!("by key {} ({})", id.short(), escape_short(reference, 200))]
            }
        }
    }
}

/// Who signed and who vouches for it, for people.
pub(crate) fn paragraphs(by: &By, vouched: &Vouched) -> Vec<Paragraph> {
    let mut said = vec![Paragraph { label: "Signed", lines: by.lines() }];
    if !vouched.entries.is_empty() {
        let lines = vouched.entries.iter();
        let lines =
            lines.map(|(log, index)| format!("entry {index} of {}", escape_short(log, 300)));
        said.push(Paragraph { label: "Logged", lines: lines.collect() });
    }
    if let Some(time) = vouched.made_before {
        said.push(Paragraph::new("Made", format!("before {}", time::write(time))));
    }
    said
}

/// The same, for machines.
pub(crate) fn put(document: &mut Map<String, Value>, by: Option<&By>, vouched: &Vouched) {
    let (key, identity) = match by {
        Some(By::Key(Key { id, algorithm, reference })) => {
            (json!({"id": id, "algorithm": algorithm, "reference": reference}), Value::Null)
        }
        Some(By::Identity { issuer, name }) => {
            (Value::Null, json!({"issuer": issuer, "identity": name}))
        }
        None => (Value::Null, Value::Null),
    };
    let entries = vouched.entries.iter();
    let entries: Vec<Value> =
        entries.map(|(log, index)| json!({"log": log, "index": index})).collect();
    document.insert("key".to_owned(), key);
    document.insert("identity".to_owned(), identity);
    document.insert("logEntries".to_owned(), entries.into());
    document.insert("madeBefore".to_owned(), json!(vouched.made_before.map(time::write)));
}
