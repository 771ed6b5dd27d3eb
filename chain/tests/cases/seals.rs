//! What stands around a signature, changed bit by bit: certificate with its promise, log entries with
//! proof, checkpoint and promise, timestamps. Of each byte class, in every keyless case that allows.

use base64::{Engine, engine::general_purpose::STANDARD};
use chain::{Candidate, Content};
use evidence::json::Value;

use crate::{
    alike::{allows, essence},
    case::Case,
};

/// Where base64 stands, and every how many bytes one bit is flipped.
const ENCODED: [(&str, usize); 9] = [
    ("/verificationMaterial/certificate/rawBytes", 23),
    ("/verificationMaterial/x509CertificateChain/certificates/0/rawBytes", 23),
    ("/verificationMaterial/tlogEntries/0/canonicalizedBody", 151),
    ("/verificationMaterial/tlogEntries/0/inclusionProof/hashes/0", 5),
    ("/verificationMaterial/tlogEntries/0/inclusionProof/rootHash", 5),
    ("/verificationMaterial/tlogEntries/0/inclusionPromise/signedEntryTimestamp", 5),
    ("/verificationMaterial/tlogEntries/0/logId/keyId", 5),
    ("/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp", 3),
    ("/dsseEnvelope/signatures/0/sig", 5),
];

/// Where text stands.
const WRITTEN: [(&str, usize); 5] = [
    ("/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope", 3),
    ("/verificationMaterial/tlogEntries/0/inclusionProof/logIndex", 1),
    ("/verificationMaterial/tlogEntries/0/inclusionProof/treeSize", 1),
    ("/verificationMaterial/tlogEntries/0/integratedTime", 1),
    ("/verificationMaterial/tlogEntries/0/logIndex", 1),
];

/// A changed bit makes the evidence as good as none, or changes nothing that anybody reads.
#[test]
fn a_changed_seal_is_as_good_as_none_or_says_the_same() {
    let (mut mattered, mut idle) = (0, Vec::new());
    for case in Case::all() {
        let Ok(policy) = case.policy() else { continue };
        let with = case.ask_with(&policy, case.evidence.clone());
        for (at, candidate) in case.evidence.iter().enumerate() {
            let Content::Bundle(bytes) = &candidate.content else { continue };
            let Ok(bundle) = serde_json::from_slice::<Value>(bytes) else { continue };
            if !allows(&with) || bundle.pointer("/verificationMaterial/tlogEntries/0").is_none() {
                continue;
            }
            let without = essence(&case.ask_with(&policy, without(&case, at)));
            for (place, bit, changed) in changes(&bundle) {
                let outcome = case.ask_with(&policy, replaced(&case, at, &changed));
                match essence(&outcome) == without {
                    true => mattered += 1,
                    false => idle.push(format!("{}: {place} {bit}", case.name)),
                }
            }
        }
    }
    assert!(mattered > 3_000, "only {mattered} changes mattered");
    let (unread, read): (Vec<_>, Vec<_>) = idle.iter().partition(|one| one.contains(UNREAD));
    assert!(read.is_empty(), "{} of {mattered} changed nothing: {read:#?}", read.len());
    assert!(unread.len() < mattered / 50, "{} of {mattered}: {unread:#?}", unread.len());
}

/// A token names algorithms twice (RFC 5652, 5.1): those outside its signed attributes nobody reads, for
/// what counts is the key of the authority's certificate.
const UNREAD: &str = "rfc3161Timestamps/0/signedTimestamp";

fn changes(bundle: &Value) -> Vec<(&'static str, usize, Value)> {
    let mut all = Vec::new();
    let mut each = |place: &'static str, step: usize, encoded: bool| {
        let Some(Value::String(text)) = bundle.pointer(place) else { return };
        let bytes = match encoded {
            true => STANDARD.decode(text).unwrap_or_default(),
            false => text.clone().into_bytes(),
        };
        // One bit per chosen byte, another one each time.
        for (turn, byte) in (0..bytes.len()).step_by(step).enumerate() {
            let mut changed = bytes.clone();
            changed[byte] ^= 1 << (turn % 7);
            let text = match encoded {
                true => STANDARD.encode(&changed),
                false => String::from_utf8_lossy(&changed).into_owned(),
            };
            let mut whole = bundle.clone();
            if let Some(value) = whole.pointer_mut(place) {
                *value = text.into();
            }
            all.push((place, byte * 8 + turn % 7, whole));
        }
    };
    for (place, step) in ENCODED {
        each(place, step, true);
    }
    for (place, step) in WRITTEN {
        each(place, step, false);
    }
    all
}

fn without(case: &Case, at: usize) -> Vec<Candidate> {
    let mut evidence = case.evidence.clone();
    evidence.remove(at);
    evidence
}

fn replaced(case: &Case, at: usize, bundle: &Value) -> Vec<Candidate> {
    let mut evidence = case.evidence.clone();
    evidence[at].content = Content::Bundle(bundle.to_string().into_bytes());
    evidence
}

/// How a text is spelled otherwise.
type Otherwise = fn(&str) -> Value;

/// Texts that are written otherwise, and say the same to a lenient reader.
const RESPELLED: [(&str, Otherwise); 9] = [
    ("logIndex", |text| format!("0{text}").into()),
    ("logIndex", |text| format!("+{text}").into()),
    ("inclusionProof/treeSize", |text| format!("0{text}").into()),
    ("inclusionProof/logIndex", |text| format!("+{text}").into()),
    ("logId/keyId", |text| text.trim_end_matches('=').into()),
    ("inclusionProof/rootHash", |text| text.trim_end_matches('=').into()),
    ("inclusionProof/hashes/0", |text| text.trim_end_matches('=').into()),
    ("inclusionProof/checkpoint/envelope", |text| format!("{text}\n{text}").into()),
    ("inclusionProof/checkpoint/envelope", |text| text.trim_end().into()),
];

/// An entry is spelled in one way, but that ProtoJSON takes a number for a string of digits.
#[test]
fn an_entry_that_is_spelled_otherwise_is_as_good_as_none() {
    let (mut refused, mut taken) = (0, 0);
    for case in Case::all() {
        let Ok(policy) = case.policy() else { continue };
        let with = case.ask_with(&policy, case.evidence.clone());
        for (at, candidate) in case.evidence.iter().enumerate() {
            let Content::Bundle(bytes) = &candidate.content else { continue };
            let Ok(bundle) = serde_json::from_slice::<Value>(bytes) else { continue };
            if !allows(&with) || bundle.pointer("/verificationMaterial/tlogEntries/0").is_none() {
                continue;
            }
            let without = essence(&case.ask_with(&policy, without(&case, at)));
            let spelled = |place: &str, other: Otherwise| {
                let mut whole = bundle.clone();
                let place = format!("/verificationMaterial/tlogEntries/0/{place}");
                let value = whole.pointer_mut(&place)?;
                *value = other(value.as_str()?);
                Some(essence(&case.ask_with(&policy, replaced(&case, at, &whole))))
            };
            for (place, other) in RESPELLED {
                let Some(said) = spelled(place, other) else { continue };
                assert_eq!(said, without, "{}: {place}", case.name);
                refused += 1;
            }
            let number = |text: &str| text.parse::<u64>().map_or(Value::Null, Value::from);
            if let Some(said) = spelled("inclusionProof/treeSize", number) {
                assert_eq!(said["decision"], "allow", "{}: a number", case.name);
                taken += 1;
            }
        }
    }
    assert!(refused > 50 && taken > 5, "{refused} refused, {taken} taken");
}
