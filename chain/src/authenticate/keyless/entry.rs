//! A log entry, read strictly: whatever it says has a meaning here, and agrees with itself.
//!
//! `sigstore-verify` proves what is signed in an entry and leaves alone what it does not need. A member
//! that nobody holds against anything is one that a report may show, so there is none.

use evidence::{bundle::Version, json::Value, text::escape_short};
use sigstore_verify::types::{
    Checkpoint, KindVersion, TransparencyLogEntry, bundle::InclusionProof,
};

use super::{spelling, unproven::Unproven};
use crate::{policy::TrustedRoot, trust::Log};

/// The members of an entry, by the member that holds them (sigstore_rekor.proto).
const KNOWN: [(&str, &[&str]); 6] = [
    (
        "",
        &[
            "logIndex",
            "logId",
            "kindVersion",
            "integratedTime",
            "inclusionPromise",
            "inclusionProof",
            "canonicalizedBody",
        ],
    ),
    ("logId", &["keyId"]),
    ("kindVersion", &["kind", "version"]),
    ("inclusionPromise", &["signedEntryTimestamp"]),
    ("inclusionProof", &["logIndex", "rootHash", "treeSize", "hashes", "checkpoint"]),
    ("checkpoint", &["envelope"]),
];

/// Most characters of an origin or a kind that are shown.
const SHOWN: usize = 200;

/// An entry of a log that the root knows.
pub(super) struct Entry {
    /// The position of the log in the root.
    pub(super) log: usize,
    /// The entry.
    pub(super) entry: TransparencyLogEntry,
}

impl Entry {
    /// Reads an entry, and what of it needs no cryptography.
    pub(super) fn read(
        value: &Value,
        version: Version,
        root: &TrustedRoot,
    ) -> Result<Self, Unproven> {
        known("", value)?;
        kind(value)?;
        let mut entry: TransparencyLogEntry = serde_json::from_value(value.clone())
            .map_err(|error| Unproven::EntryMalformed(error.to_string()))?;
        if let Some(name) = spelling::odd(value, &entry) {
            return Err(Unproven::EntryMalformed(format!("`{name}` is not written as it must be")));
        }
        let id = entry.log_id.key_id.as_bytes();
        let log = root
            .root
            .log_named(id)
            .ok_or_else(|| Unproven::UnknownLog { root: root.name.clone(), id: hex(id) })?;
        // A bundle v0.1 may hold a proof without a checkpoint, which nothing can be held against; its
        // promise is what counts (CPython's bundles of 2024 are such).
        if version == Version::V0_1 && entry.inclusion_promise.is_some() {
            entry.inclusion_proof =
                entry.inclusion_proof.filter(|proof| !proof.checkpoint.is_empty());
        }
        let shown = match version {
            Version::V0_1 => entry.inclusion_promise.is_some(),
            Version::V0_2 | Version::V0_3 => entry.inclusion_proof.is_some(),
        };
        if !shown {
            return Err(Unproven::NoProof);
        }
        if let Some(proof) = &entry.inclusion_proof {
            agrees(&entry, proof)?;
            let checkpoint = proof.checkpoint.checkpoint().ok_or(Unproven::NoCheckpoint)?;
            let log = root.root.log(log).ok_or(Unproven::NoCheckpoint)?;
            is_of(checkpoint, log)?;
        }
        if entry.kind_version == KindVersion::HashedRekordV002 && entry.integrated_time.is_some() {
            return Err(Unproven::TimeInvented);
        }
        Ok(Self { log, entry })
    }

    /// The time that the log promises, if it does: a time without a promise is anybody's.
    pub(super) fn promised(&self) -> Option<evidence::time::Timestamp> {
        self.entry.inclusion_promise.as_ref().and(self.entry.integrated_time)
    }

    /// Whether both are the same entry of the same log.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.log == other.log && self.entry.log_index == other.entry.log_index
    }
}

/// What a proof says beside its hashes is what its checkpoint says; in Rekor v2 also what the entry
/// says. (In Rekor v1 the entry's index counts over all shards of the log, the proof's in one.)
fn agrees(entry: &TransparencyLogEntry, proof: &InclusionProof) -> Result<(), Unproven> {
    let checkpoint = proof.checkpoint.checkpoint().ok_or(Unproven::NoCheckpoint)?;
    let indexes = (proof.log_index.get(), entry.log_index.get());
    if entry.kind_version == KindVersion::HashedRekordV002 && indexes.0 != indexes.1 {
        return Err(Unproven::contradiction("index", indexes.0, indexes.1));
    }
    if proof.tree_size != checkpoint.tree_size() {
        return Err(Unproven::contradiction("size", proof.tree_size, checkpoint.tree_size()));
    }
    let roots = [&proof.root_hash, checkpoint.root_hash()].map(|root| hex(root.as_bytes()));
    let [said, signed] = roots;
    if said != signed {
        return Err(Unproven::contradiction("root hash", said, signed));
    }
    Ok(())
}

/// A log signs by the host of its address, and checkpoints are of that host: Rekor v2's of that alone,
/// v1's with the number of its tree behind it. One key may sign for several logs, and only one of them
/// is meant.
fn is_of(checkpoint: &Checkpoint, log: &Log) -> Result<(), Unproven> {
    let own = checkpoint.signatures().iter().filter(|line| log.is_hint(line.key_id.as_bytes()));
    let mut names = std::iter::once(checkpoint.origin()).chain(own.map(|line| line.name.as_str()));
    match names.find(|name| !log.is_origin(name)) {
        Some(name) => {
            let name = escape_short(name, SHOWN);
            Err(Unproven::contradiction("origin", name, log.host()))
        }
        None => Ok(()),
    }
}

/// The kinds of entry that are read. Of `intoto` 0.0.1, which keeps no signature, only what stands in a
/// certificate besides could be proven (docs/design/sigstore.md).
fn kind(value: &Value) -> Result<(), Unproven> {
    let said = |member: &str| value.pointer(member).and_then(Value::as_str);
    match (said("/kindVersion/kind"), said("/kindVersion/version")) {
        (Some("hashedrekord"), Some("0.0.1" | "0.0.2"))
        | (Some("dsse"), Some("0.0.1"))
        | (Some("intoto"), Some("0.0.2")) => Ok(()),
        (Some(kind), Some(version)) => {
            Err(Unproven::EntryKind(escape_short(&format!("{kind} {version}"), SHOWN)))
        }
        _ => Err(Unproven::EntryMalformed("it does not say of which kind it is".to_owned())),
    }
}

fn known(holder: &str, value: &Value) -> Result<(), Unproven> {
    let Value::Object(members) = value else { return Ok(()) };
    let may_stand =
        KNOWN.iter().find(|(known, _)| *known == holder).map_or(&[][..], |(_, all)| all);
    for (name, value) in members {
        if !may_stand.contains(&name.as_str()) {
            return Err(Unproven::EntryMalformed(format!("unknown member `{name}`")));
        }
        known(name, value)?;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
