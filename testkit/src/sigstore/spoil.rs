//! The lies that are told about what is finished: changes of the JSON of an entry or a bundle.

use base64::{Engine, engine::general_purpose::STANDARD};
use evidence::json::{Value, json};

use super::lie::Lie;

/// Tells `lie` about an entry; `another` is the body of another one.
pub(super) fn entry(entry: &mut Value, lie: Lie, another: &[u8]) {
    match lie {
        Lie::CheckpointMissing => remove(entry, "/inclusionProof", "checkpoint"),
        Lie::CheckpointSizeChanged => {
            change(entry, "/inclusionProof/checkpoint/envelope", |text| {
                let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
                if let Some(size) = lines.get_mut(1) {
                    *size = one_more(size);
                }
                lines.join("\n")
            })
        }
        Lie::EntryBodyOfAnother => {
            change(entry, "/canonicalizedBody", |_| STANDARD.encode(another));
        }
        Lie::EntryKindChanged => change(entry, "/kindVersion/kind", |kind| match kind {
            "dsse" => "intoto".to_owned(),
            _ => "dsse".to_owned(),
        }),
        Lie::IntegratedTimeChanged => change(entry, "/integratedTime", one_more),
        Lie::IntegratedTimeInvented => set(entry, "", "integratedTime", json!("1763634660")),
        Lie::LogIndexChanged => change(entry, "/logIndex", one_more),
        Lie::ProofHashChanged => change(entry, "/inclusionProof/hashes/0", flipped),
        Lie::ProofHashExtra => hashes(entry, |hashes| {
            let extra = hashes.first().cloned();
            hashes.extend(extra);
        }),
        Lie::ProofHashMissing => hashes(entry, |hashes| drop(hashes.pop())),
        Lie::ProofIndexChanged => change(entry, "/inclusionProof/logIndex", one_more),
        Lie::ProofMissing => remove(entry, "", "inclusionProof"),
        Lie::ProofRootChanged => change(entry, "/inclusionProof/rootHash", flipped),
        Lie::ProofSizeChanged => change(entry, "/inclusionProof/treeSize", one_more),
        Lie::PromiseMissing => remove(entry, "", "inclusionPromise"),
        _ => {}
    }
}

/// Tells `lie` about a bundle; `foreign` is somebody else's certificate, `chain` what certifies both.
pub(super) fn bundle(bundle: &mut Value, lie: Lie, foreign: &[u8], chain: &[Vec<u8>]) {
    let material = "/verificationMaterial";
    let certificate = "/verificationMaterial/certificate/rawBytes";
    let first = "/verificationMaterial/x509CertificateChain/certificates/0/rawBytes";
    let signature = "/dsseEnvelope/signatures/0/sig";
    match lie {
        Lie::BundleMediaTypeUnknown => {
            change(bundle, "/mediaType", |text| text.replace("bundle", "bundel"));
        }
        Lie::BundleMemberUnknown => set(bundle, "", "unknown", json!(true)),
        Lie::BundleMemberUnknownInside => set(bundle, material, "unknown", json!(true)),
        Lie::BundleWithChain => {
            let leaf = bundle.pointer(certificate).cloned().unwrap_or_default();
            let middle = chain.first().map(|der| STANDARD.encode(der));
            let chain = json!({"certificates": [{"rawBytes": leaf}, {"rawBytes": middle}]});
            remove(bundle, material, "certificate");
            set(bundle, material, "x509CertificateChain", chain);
        }
        Lie::CertificateOfAnother => {
            change(bundle, certificate, |_| STANDARD.encode(foreign));
            change(bundle, first, |_| STANDARD.encode(foreign));
        }
        Lie::PayloadChanged => change(bundle, "/dsseEnvelope/payload", |text| {
            let mut payload = STANDARD.decode(text).unwrap_or_default();
            payload.push(b' ');
            STANDARD.encode(payload)
        }),
        Lie::PayloadTypeChanged => {
            change(bundle, "/dsseEnvelope/payloadType", |_| "application/json".to_owned());
        }
        Lie::SignatureChanged => {
            change(bundle, signature, flipped);
            change(bundle, "/messageSignature/signature", flipped);
        }
        Lie::SignatureMissing => set(bundle, "/dsseEnvelope", "signatures", json!([])),
        Lie::SignatureTwice => {
            if let Some(Value::Array(all)) = bundle.pointer_mut("/dsseEnvelope/signatures") {
                all.push(json!({"sig": "bm9ib2R5"}));
            }
        }
        _ => {}
    }
}

fn change(value: &mut Value, pointer: &str, to: impl FnOnce(&str) -> String) {
    if let Some(Value::String(text)) = value.pointer_mut(pointer) {
        *text = to(text);
    }
}

fn remove(value: &mut Value, pointer: &str, member: &str) {
    if let Some(Value::Object(members)) = value.pointer_mut(pointer) {
        members.remove(member);
    }
}

fn set(value: &mut Value, pointer: &str, member: &str, to: Value) {
    if let Some(Value::Object(members)) = value.pointer_mut(pointer) {
        members.insert(member.to_owned(), to);
    }
}

fn hashes(entry: &mut Value, change: impl FnOnce(&mut Vec<Value>)) {
    if let Some(Value::Array(hashes)) = entry.pointer_mut("/inclusionProof/hashes") {
        change(hashes);
    }
}

fn one_more(number: &str) -> String {
    number.parse::<u64>().map(|number| number + 1).unwrap_or_default().to_string()
}

/// The last bit of some base64 is another.
fn flipped(text: &str) -> String {
    let mut bytes = STANDARD.decode(text).unwrap_or_default();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    STANDARD.encode(bytes)
}
