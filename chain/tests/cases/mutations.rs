//! Every piece of evidence of every case, changed in every way that a stranger can: never more than
//! what was there without it.

use chain::{Candidate, Content, Policy, authenticate::key::PublicKey};
use evidence::{Bundle, Material, time};
use jiff::SignedDuration;

use crate::{
    alike::{allows, essence, whole},
    case::{Case, root},
};

/// Bits that are flipped in one piece of evidence are this far apart, so that all cases take seconds.
/// The first one differs from piece to piece: together they meet every place and every bit of a byte.
const STRIDE: usize = 1_511;

/// What is signed by somebody else, over something else or not at all is as good as not there.
#[test]
fn a_changed_envelope_is_as_good_as_none() {
    let mut mattered = 0;
    each_bundle(|case, policy, at, bundle| {
        let without = essence(&case.ask_with(policy, without(case, at)));
        let with = case.ask_with(policy, case.evidence.clone());
        for (what, changed) in changes(case, bundle) {
            let outcome = case.ask_with(policy, replaced(case, at, changed.to_bytes()));
            assert_eq!(essence(&outcome), without, "{}: {what}", case.evidence[at].found);
            mattered += usize::from(allows(&with) && !allows(&outcome));
        }
    });
    assert!(mattered > 2_000, "only {mattered} changes turned an allow into a deny");
}

/// Of the bytes around the envelope some say nothing; the rest makes the bundle as good as none.
#[test]
fn a_changed_bundle_says_the_same_or_nothing() {
    each_bundle(|case, policy, at, bundle| {
        let Content::Bundle(bytes) = &case.evidence[at].content else { return };
        let without = essence(&case.ask_with(policy, without(case, at)));
        for bit in bits(bytes) {
            let outcome = case.ask_with(policy, replaced(case, at, flipped(bytes, bit)));
            if essence(&outcome) != without {
                let changed = Bundle::parse(&flipped(bytes, bit)).map(|bundle| bundle.envelope);
                let same = changed.is_ok_and(|changed| {
                    changed.payload == bundle.envelope.payload
                        && changed.signatures[0].bytes == bundle.envelope.signatures[0].bytes
                });
                assert!(same, "{}: bit {bit} of {}", case.name, case.evidence[at].found);
            }
        }
    });
}

/// The very bytes of a bundle, found as something else, are as good as none: nobody hears them, and they
/// do not answer for what was committed to.
#[test]
fn a_bundle_that_is_taken_for_something_else_is_as_good_as_none() {
    each_bundle(|case, policy, at, _| {
        let Content::Bundle(bytes) = &case.evidence[at].content else { return };
        let gone = essence(&case.ask_with(policy, without(case, at)));
        for other in [envelope(bytes), Content::Unsigned(bytes.clone())] {
            let mut evidence = case.evidence.clone();
            evidence[at].content = other;
            assert_eq!(essence(&case.ask_with(policy, evidence)), gone, "{}", case.name);
        }
    });
}

#[test]
fn order_never_matters() {
    for case in Case::all() {
        let Ok(policy) = case.policy() else { continue };
        let before = whole(&case.ask_with(&policy, case.evidence.clone()));
        let mut evidence = case.evidence.clone();
        for turn in 0..evidence.len() {
            evidence.rotate_left(1);
            let mut other = evidence.clone();
            if turn % 2 == 1 {
                other.reverse();
            }
            assert_eq!(whole(&case.ask_with(&policy, other)), before, "{}", case.name);
        }
    }
}

#[test]
fn a_second_copy_changes_nothing() {
    for case in Case::all() {
        let Ok(policy) = case.policy() else { continue };
        let before = essence(&case.ask_with(&policy, case.evidence.clone()));
        for name in ["0", "~"] {
            let copies = case.evidence.iter().map(|one| {
                let found = format!("{name}{}", one.found);
                Candidate { found, ..one.clone() }
            });
            let twice: Vec<_> = case.evidence.iter().cloned().chain(copies).collect();
            assert_eq!(essence(&case.ask_with(&policy, twice)), before, "{}", case.name);
        }
    }
}

#[test]
fn no_other_digest_is_allowed() {
    for mut case in Case::all() {
        let Ok(policy) = case.policy() else { continue };
        case.question.image.digest = evidence::Digest::sha256(b"another image");
        case.question.image.shape = chain::Shape::Lone;
        assert!(!allows(&case.ask_with(&policy, case.evidence.clone())), "{}", case.name);
    }
}

#[test]
fn nothing_is_allowed_before_it_was_made() {
    for mut case in Case::all() {
        let Ok(policy) = case.policy() else { continue };
        case.question.now = time::parse("2026-01-01T00:00:00Z").unwrap_or_default();
        assert!(!allows(&case.ask_with(&policy, case.evidence.clone())), "{}", case.name);
    }
}

/// `good until` is a promise, if nothing new is said.
#[test]
fn what_is_good_until_a_moment_is_good_until_then() {
    let mut promised = 0;
    for mut case in Case::all() {
        let Ok(policy) = case.policy() else { continue };
        let Ok(verdict) = case.ask_with(&policy, case.evidence.clone()) else { continue };
        let Some(end) = verdict.good_until.as_ref().and_then(|end| time::parse(&end.time)) else {
            continue;
        };
        promised += 1;
        let second = SignedDuration::from_secs(1);
        case.question.now = end.checked_sub(second).unwrap_or(end).max(case.question.now);
        let then = case.ask_with(&policy, case.evidence.clone());
        assert!(allows(&then), "{}: until {end}", case.name);
        case.question.now = end.checked_add(second).unwrap_or(end);
        let later = case.ask_with(&policy, case.evidence.clone());
        assert!(!allows(&later), "{}: still good after {end}", case.name);
    }
    assert!(promised > 30, "only {promised} promises");
}

fn each_bundle(mut ask: impl FnMut(&Case, &Policy, usize, &Bundle)) {
    for case in Case::all() {
        let Ok(policy) = case.policy() else { continue };
        for (at, candidate) in case.evidence.iter().enumerate() {
            let Content::Bundle(bytes) = &candidate.content else { continue };
            if let Ok(bundle) = Bundle::parse(bytes) {
                ask(&case, &policy, at, &bundle);
            }
        }
    }
}

fn envelope(bytes: &[u8]) -> Content {
    Content::Envelope { bytes: bytes.to_vec(), annotations: std::collections::BTreeMap::new() }
}

fn without(case: &Case, at: usize) -> Vec<Candidate> {
    let mut evidence = case.evidence.clone();
    evidence.remove(at);
    evidence
}

fn replaced(case: &Case, at: usize, bytes: Vec<u8>) -> Vec<Candidate> {
    let mut evidence = case.evidence.clone();
    evidence[at].content = Content::Bundle(bytes);
    evidence
}

/// The bits to flip: at least one.
fn bits(bytes: &[u8]) -> impl Iterator<Item = usize> + use<> {
    let bits = bytes.len() * 8;
    let sum =
        bytes.iter().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
    (sum % bits.clamp(1, STRIDE)..bits).step_by(STRIDE)
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[bit / 8] ^= 1 << (bit % 8);
    changed
}

/// What a stranger can make of an envelope without its signer's key.
fn changes(case: &Case, bundle: &Bundle) -> Vec<(String, Bundle)> {
    let mut changes = Vec::new();
    let envelope = &bundle.envelope;
    let mut payload = |what: String, bytes: Vec<u8>| {
        let mut changed = bundle.clone();
        changed.envelope.payload = bytes;
        changes.push((what, changed));
    };
    for bit in bits(&envelope.payload) {
        payload(format!("bit {bit} of the payload"), flipped(&envelope.payload, bit));
    }
    let text = String::from_utf8_lossy(&envelope.payload);
    let other = "902234f2a6e9dc5d1db6bf8b1bbc2a560c9c6ce0d6b6e3000cd7f32b825f0c75";
    let ours = case.question.image.digest.hex();
    for (from, to) in [
        (ours, other),
        (other, ours),
        ("2026-11-2", "2026-11-1"),
        ("2026-11-1", "2026-11-2"),
        ("FAILED", "PASSED"),
        ("rejected", "approved"),
        ("critical", "low"),
        ("/ledger/", "/payments/"),
        ("staging", "production"),
    ] {
        if text.contains(from) {
            payload(format!("`{from}` to `{to}`"), text.replace(from, to).into_bytes());
        }
    }
    let signature = &envelope.signatures[0].bytes;
    let mut signed = |what: &str, bytes: Vec<u8>| {
        let mut changed = bundle.clone();
        changed.envelope.signatures[0].bytes = bytes;
        changes.push((what.to_owned(), changed));
    };
    for bit in bits(signature) {
        signed(&format!("bit {bit} of the signature"), flipped(signature, bit));
    }
    signed("no signature", vec![]);
    signed("half a signature", signature[..signature.len() / 2].to_vec());
    signed("a longer signature", [&signature[..], &[0]].concat());
    signed("zeros", vec![0; signature.len()]);
    let mut typed = bundle.clone();
    typed.envelope.payload_type = "application/json".to_owned();
    changes.push(("another payload type".to_owned(), typed));
    changes.extend(hints(bundle));
    changes
}

/// The bundle under the hint of every other key of the cases.
fn hints(bundle: &Bundle) -> Vec<(String, Bundle)> {
    let Material::PublicKey { hint: own } = &bundle.material else { return Vec::new() };
    ["alice", "bob", "mallory", "release", "scanner"]
        .into_iter()
        .filter_map(|name| {
            let file = root().join(format!("../keys/cases/{name}.pub"));
            let key = PublicKey::from_pem(&std::fs::read(file).ok()?).ok()?;
            // Whoever did sign may be named.
            let forged =
                !key.verifies(&bundle.envelope.pae(), &bundle.envelope.signatures[0].bytes);
            let hint = Some(key.hint()).filter(|_| forged)?;
            let material = Material::PublicKey { hint: hint.clone() };
            (hint != *own)
                .then(|| (format!("the hint of {name}"), Bundle { material, ..bundle.clone() }))
        })
        .collect()
}
