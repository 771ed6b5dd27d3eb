//! The fallback tag in the making: what it lists, and what it has to list. Nothing here reads or
//! writes.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    Digest,
    json::{self, Value},
};
use registry::manifest::INDEX;

/// The fallback tag in the making.
#[derive(Debug)]
pub(super) struct Merge {
    /// The members of the index, as last read.
    members: json::Map<String, Value>,
    /// What it last listed.
    written: BTreeSet<Digest>,
    /// All that it has to list; as each writer wrote it.
    entries: BTreeMap<Digest, Value>,
    /// What it must not list any longer.
    gone: BTreeSet<Digest>,
}

impl Merge {
    pub(super) fn new(index: Option<Value>) -> Self {
        let mut merge = Self {
            members: json::Map::new(),
            written: BTreeSet::new(),
            entries: BTreeMap::new(),
            gone: BTreeSet::new(),
        };
        merge.take(index);
        merge
    }

    /// Takes over what the index lists now. Nothing that it listed before is given up.
    pub(super) fn take(&mut self, index: Option<Value>) {
        self.written.clear();
        let Some(Value::Object(mut members)) = index else { return };
        let Some(Value::Array(entries)) = members.remove("manifests") else { return };
        self.members = members;
        for entry in entries {
            let digest = entry.get("digest").and_then(Value::as_str).and_then(|d| d.parse().ok());
            if let Some(digest) = digest {
                self.add(Digest::clone(&digest), entry);
                self.written.insert(digest);
            }
        }
    }

    /// Has it list one more; what somebody else wrote about it stands.
    pub(super) fn add(&mut self, digest: Digest, entry: Value) {
        if !self.gone.contains(&digest) {
            self.entries.entry(digest).or_insert(entry);
        }
    }

    /// Has it list one no longer, also if another writer lists it again.
    pub(super) fn drop(&mut self, digest: &Digest) {
        self.entries.remove(digest);
        self.gone.insert(digest.clone());
    }

    /// All that it has to list.
    pub(super) fn digests(&self) -> impl Iterator<Item = &Digest> {
        self.entries.keys()
    }

    pub(super) fn lists(&self, digest: &Digest) -> bool {
        self.entries.contains_key(digest)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the index, as last read, lists what it has to and nothing that it must not.
    pub(super) fn is_written(&self) -> bool {
        self.entries.keys().all(|digest| self.written.contains(digest))
            && self.gone.is_disjoint(&self.written)
    }

    /// The bytes of the index. Entries are in the order of their digests, so that writers who know
    /// the same write the same.
    pub(super) fn index(&self) -> Vec<u8> {
        let mut members = self.members.clone();
        members.insert("schemaVersion".into(), 2.into());
        members.insert("mediaType".into(), INDEX.into());
        members.insert("manifests".into(), self.entries.values().cloned().collect());
        Value::Object(members).to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use evidence::json::json;

    use super::*;

    fn index(entries: &[&Digest]) -> Option<Value> {
        let entries: Vec<Value> = entries.iter().map(|digest| json!({"digest": digest})).collect();
        Some(json!({"manifests": entries, "mine": 1}))
    }

    #[test]
    fn what_was_listed_stays_and_what_is_gone_does_not_come_back() {
        let (one, two, three) = (Digest::sha256(b"1"), Digest::sha256(b"2"), Digest::sha256(b"3"));
        let mut merge = Merge::new(index(&[&one, &two]));
        assert!(merge.is_written());
        merge.add(three.clone(), json!({"digest": three}));
        assert!(!merge.is_written());
        // Another writer overwrote it with what it knew.
        merge.take(index(&[&one]));
        assert!(!merge.is_written() && merge.lists(&two));
        merge.take(index(&[&one, &two, &three]));
        assert!(merge.is_written());
        merge.drop(&two);
        assert!(!merge.is_written());
        merge.take(index(&[&one, &two, &three]));
        assert!(!merge.is_written() && !merge.lists(&two));
        merge.take(index(&[&one, &three]));
        assert!(merge.is_written());
        let written = json::parse(&merge.index()).unwrap();
        assert_eq!(
            (written["manifests"].as_array().unwrap().len(), &written["mine"]),
            (2, &json!(1))
        );
    }
}
