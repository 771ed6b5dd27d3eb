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
