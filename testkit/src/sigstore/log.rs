//! A transparency log: a Merkle tree (RFC 9162, section 2), its checkpoints (C2SP, tlog-checkpoint)
//! and what Rekor makes of them.
//!
//! Rekor v1 signs with ECDSA, promises, and says when it took an entry in; v2 signs with Ed25519 and
//! knows no time. The tree is one of hashes: nobody reads it but to prove that something is in it.

use base64::{Engine, engine::general_purpose::STANDARD};
use evidence::json::{Value, json};
use jiff::Timestamp;

use super::{
    keys::{Ed25519, Key, sha256},
    lie::Lie,
};

/// Which Rekor a log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rekor {
    /// One tree per shard, with promises and times.
    V1,
    /// Tiles; a bundle's only time is then that of a timestamp authority.
    V2,
}

/// What the log of the instance is called, and by whose key it speaks.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) kind: Rekor,
    key: LogKey,
}

#[derive(Debug)]
enum LogKey {
    Ecdsa(Key),
    Ed25519(Ed25519),
}

/// The tree of v1's shard, and how many entries the older shards hold: an index is global outside the
/// proof and the shard's inside it.
pub(super) const TREE: &str = "1193050959916656506";
const OLDER: usize = 41_000_000;

/// An entry: what it says it is, and its canonical body.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) kind: &'static str,
    pub(super) version: &'static str,
    pub(super) body: Vec<u8>,
}

impl Entry {
    /// The log takes it down otherwise.
    pub(super) fn lie(&mut self, lie: Option<Lie>) {
        let (from, to) = match lie {
            Some(Lie::EntryAlgorithmConfused) => ("PKIX_ECDSA_P256_SHA_256", "PKIX_ED25519"),
            Some(Lie::EntryBodyWithMore) => ("\"kind\":", "\"jest\":true,\"kind\":"),
            _ => return,
        };
        self.body = String::from_utf8_lossy(&self.body).replacen(from, to, 1).into_bytes();
    }
}

/// The leaves of a log.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    leaves: Vec<[u8; 32]>,
}

impl Tree {
    /// A log that others wrote to before.
    pub(super) fn of_others(count: usize) -> Self {
        let mut tree = Self::default();
        (0..count).for_each(|_| tree.grow());
        tree
    }

    /// Adds an entry of somebody else.
    pub(super) fn grow(&mut self) {
        self.append(Self::of_another(self.leaves.len()).as_bytes());
    }

    /// What somebody else had taken down.
    pub(super) fn of_another(index: usize) -> String {
        format!("entry {index}")
    }

    pub(super) fn size(&self) -> usize {
        self.leaves.len()
    }

    /// The first hashes of the lowest level.
    pub(super) fn hashes(&self, count: usize) -> Vec<u8> {
        self.leaves.iter().take(count).flatten().copied().collect()
    }

    /// Adds an entry; its index.
    pub(super) fn append(&mut self, body: &[u8]) -> usize {
        self.leaves.push(sha256(&[&[0], body]));
        self.leaves.len() - 1
    }

    fn root(&self) -> [u8; 32] {
        root(&self.leaves)
    }

    fn path(&self, index: usize) -> Vec<[u8; 32]> {
        path(index, &self.leaves)
    }
}

/// RFC 9162, 2.1.1: the hash of a tree.
fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(half(leaves.len()));
            sha256(&[&[1], &root(left), &root(right)])
        }
    }
}

/// RFC 9162, 2.1.3.1: the inclusion proof.
fn path(index: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let middle = half(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut below, beside) = match index < middle {
        true => (path(index, left), root(right)),
        false => (path(index - middle, right), root(left)),
    };
    below.push(beside);
    below
}

/// The largest power of two below `count`, which is at least 2.
fn half(count: usize) -> usize {
    count.next_power_of_two() / 2
}

impl Log {
    pub(super) fn of(instance: &str, kind: Rekor) -> Self {
        let key = match kind {
            Rekor::V1 => LogKey::Ecdsa(Key::of(&format!("{instance}: rekor 1"))),
            Rekor::V2 => LogKey::Ed25519(Ed25519::of(&format!("{instance}: rekor 2"))),
        };
        Self { kind, key }
    }

    /// The host, as in the trusted root and under checkpoints.
    pub(super) fn host(&self) -> &'static str {
        match self.kind {
            Rekor::V1 => "rekor1.sigstore.test",
            Rekor::V2 => "rekor2.sigstore.test",
        }
    }

    /// What checkpoints are about.
    fn origin(&self) -> String {
        match self.kind {
            Rekor::V1 => format!("{} - {TREE}", self.host()),
            Rekor::V2 => self.host().to_owned(),
        }
    }

    /// SubjectPublicKeyInfo, and what protobuf-specs calls such a key.
    pub(super) fn public(&self) -> (Vec<u8>, &'static str) {
        match &self.key {
            LogKey::Ecdsa(key) => (key.public(), "PKIX_ECDSA_P256_SHA_256"),
            LogKey::Ed25519(key) => (key.public(), "PKIX_ED25519"),
        }
    }

    /// How bundles name the log: v1 by its key, v2 by its checkpoints' key id.
    pub(super) fn id(&self) -> [u8; 32] {
        match &self.key {
            LogKey::Ecdsa(key) => key.id(),
            LogKey::Ed25519(key) => sha256(&[self.host().as_bytes(), b"\n\x01", key.raw()]),
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.key {
            LogKey::Ecdsa(key) => key.sign(message),
            LogKey::Ed25519(key) => key.sign(message),
        }
    }

    /// The note that commits to `tree`, honestly.
    pub(super) fn note(&self, tree: &Tree) -> String {
        self.checkpoint(tree, &self.origin(), self)
    }

    /// The note that commits to `tree`; `as_who` is whose id stands before the signature.
    fn checkpoint(&self, tree: &Tree, origin: &str, as_who: &Self) -> String {
        let root = STANDARD.encode(tree.root());
        let text = format!("{origin}\n{}\n{root}\n", tree.leaves.len());
        let id = as_who.id();
        let hint = id.get(..4).unwrap_or_default();
        let signature = STANDARD.encode([hint, &self.sign(text.as_bytes())].concat());
        format!("{text}\n\u{2014} {} {signature}\n", self.host())
    }

    /// v1's promise: over the entry and when it came (signed entry timestamp).
    fn promise(&self, entry: &Entry, index: usize, at: Timestamp, as_who: &Self) -> Vec<u8> {
        let id: String = as_who.id().iter().map(|byte| format!("{byte:02x}")).collect();
        let payload = json!({
            "body": STANDARD.encode(&entry.body), "integratedTime": at.as_second(),
            "logID": id, "logIndex": index,
        });
        self.sign(payload.to_string().as_bytes())
    }

    /// A TransparencyLogEntry of `entry`, which is leaf `index` of `tree`. `other` is a log that says
    /// it is this one, where the lie is so.
    pub(super) fn prove(
        &self,
        entry: &Entry,
        tree: &Tree,
        index: usize,
        at: Timestamp,
        lie: Option<Lie>,
        other: &Self,
    ) -> Value {
        let speaks = match lie {
            Some(Lie::EntryByAnotherLog | Lie::EntryForged) => other,
            _ => self,
        };
        let claims = if lie == Some(Lie::EntryByAnotherLog) { other } else { self };
        let origin = match lie {
            Some(Lie::CheckpointOriginChanged) => "elsewhere.sigstore.test".to_owned(),
            _ => self.origin(),
        };
        let checkpoint = match lie {
            Some(Lie::CheckpointOfAnotherSize) => {
                let mut later = tree.clone();
                later.grow();
                speaks.checkpoint(&later, &origin, claims)
            }
            Some(Lie::CheckpointForged) => other.checkpoint(tree, &origin, claims),
            _ => speaks.checkpoint(tree, &origin, claims),
        };
        let hashes: Vec<String> =
            tree.path(index).iter().map(|hash| STANDARD.encode(hash)).collect();
        let global = match self.kind {
            Rekor::V1 => index + OLDER,
            Rekor::V2 => index,
        };
        let mut written = json!({
            "logIndex": global.to_string(),
            "logId": {"keyId": STANDARD.encode(claims.id())},
            "kindVersion": {"kind": entry.kind, "version": entry.version},
            "inclusionProof": {
                "logIndex": index.to_string(),
                "rootHash": STANDARD.encode(tree.root()),
                "treeSize": tree.leaves.len().to_string(),
                "hashes": hashes,
                "checkpoint": {"envelope": checkpoint},
            },
            "canonicalizedBody": STANDARD.encode(&entry.body),
        });
        if let (Rekor::V1, Some(members)) = (self.kind, written.as_object_mut()) {
            let by = if lie == Some(Lie::PromiseForged) { other } else { speaks };
            let promise = STANDARD.encode(by.promise(entry, global, at, claims));
            members.insert("integratedTime".to_owned(), at.as_second().to_string().into());
            members.insert("inclusionPromise".to_owned(), json!({"signedEntryTimestamp": promise}));
        }
        written
    }
}
