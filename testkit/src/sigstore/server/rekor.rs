//! Rekor v1 and v2: signatures are verified, taken down once, and proven.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use evidence::{
    Envelope,
    json::{Value, json},
};

use super::{Shared, State, bytes, error, sent, text};
use crate::{
    registry::{Answer, Request},
    sigstore::{
        Rekor,
        entry::{self, Verifier, hex},
        keys::{Public, sha256, unarmoured},
        log::{Entry, TREE, Tree},
        spoil,
    },
};

/// Entries of others, before any of ours.
const OTHERS: usize = 5;

/// What a log took in.
#[derive(Debug)]
pub(super) struct Taken {
    tree: Tree,
    /// The bodies, in order.
    bodies: Vec<Vec<u8>>,
    /// What v1 answers, by its UUID.
    answers: BTreeMap<String, Value>,
}

impl Default for Taken {
    fn default() -> Self {
        Self { tree: Tree::of_others(OTHERS), bodies: Vec::new(), answers: BTreeMap::new() }
    }
}

impl Taken {
    pub(super) fn count(&self) -> usize {
        self.bodies.len()
    }
}

impl State {
    pub(super) fn log(&mut self, kind: Rekor) -> &mut Taken {
        match kind {
            Rekor::V1 => &mut self.v1,
            Rekor::V2 => &mut self.v2,
        }
    }
}

impl Shared {
    /// `POST /api/v1/log/entries` of a `dsse` or `hashedrekord` 0.0.1.
    pub(super) fn take_v1(&self, request: &Request) -> Answer {
        let Some(entry) = sent(request).as_ref().and_then(proposed) else {
            return Answer::json(400, r#"{"code":400,"message":"error processing entry"}"#);
        };
        let uuid = uuid(&entry.body);
        if self.state().v1.answers.contains_key(&uuid) {
            let place = format!("/api/v1/log/entries/{uuid}");
            let message = "an equivalent entry already exists in the transparency log with UUID";
            let body = json!({"code": 409, "message": format!("{message} {uuid}")});
            return Answer::json(409, body.to_string()).with("Location", &place);
        }
        let proven = self.take(Rekor::V1, &entry);
        let answer = json!({&uuid: answer_v1(&proven)});
        self.state().v1.answers.insert(uuid.clone(), answer.clone());
        Answer::json(201, answer.to_string())
            .with("ETag", &uuid)
            .with("Location", &format!("/api/v1/log/entries/{uuid}"))
    }

    /// `GET /api/v1/log/entries/UUID`.
    pub(super) fn entry_v1(&self, path: &str) -> Answer {
        let uuid = path.rsplit('/').next().unwrap_or_default();
        match self.state().v1.answers.get(uuid) {
            Some(answer) => Answer::json(200, answer.to_string()),
            None => Answer::json(404, r#"{"code":404,"message":"entry not found"}"#),
        }
    }

    /// `POST /api/v2/log/entries` of a `hashedrekord` 0.0.2.
    pub(super) fn take_v2(&self, request: &Request) -> Answer {
        let sent = sent(request).unwrap_or_default();
        let Some(wanted) = sent.pointer("/hashedRekordRequestV002") else {
            return error(400, 3, "invalid type, must be hashedrekord");
        };
        let Some(entry) = hashed(wanted) else {
            return error(400, 3, "invalid hashedrekord request");
        };
        let known = self.state().v2.bodies.iter().position(|body| *body == entry.body);
        if let Some(index) = known {
            let message = "an equivalent entry already exists in the transparency log with index";
            return error(409, 6, &format!("{message} {}", index + OTHERS));
        }
        Answer::json(201, self.take(Rekor::V2, &entry).to_string())
    }

    /// `GET /api/v2/checkpoint`.
    pub(super) fn checkpoint(&self) -> Answer {
        let note = self.instance.own.log(Rekor::V2).note(&self.state().v2.tree);
        bytes("text/plain", note.into_bytes())
    }

    /// `GET /api/v2/tile/…` of a log that fits into one tile (C2SP, tlog-tiles).
    pub(super) fn tile(&self, path: &str) -> Answer {
        let state = self.state();
        let asked = path.strip_prefix("/api/v2/tile/").unwrap_or_default();
        let (tile, width) = asked.split_once(".p/").unwrap_or((asked, "256"));
        let width = width.parse::<usize>().unwrap_or_default();
        if width > state.v2.tree.size() {
            return error(404, 5, "Not Found");
        }
        match tile {
            "0/000" => bytes("application/octet-stream", state.v2.tree.hashes(width)),
            "entries/000" => {
                let others = (0..OTHERS).map(|index| Tree::of_another(index).into_bytes());
                let all = others.chain(state.v2.bodies.iter().cloned()).take(width);
                let counted = all.map(|body| {
                    let length = u16::try_from(body.len()).unwrap_or_default();
                    [&length.to_be_bytes(), body.as_slice()].concat()
                });
                bytes("application/octet-stream", counted.collect::<Vec<_>>().concat())
            }
            _ => error(404, 5, "Not Found"),
        }
    }

    /// Takes an entry in, and proves it, honestly or not.
    fn take(&self, kind: Rekor, entry: &Entry) -> Value {
        let (own, other) = (self.instance.own.log(kind), self.instance.other.log(kind));
        let at = self.now();
        let mut state = self.state();
        let lie = state.lie;
        let log = state.log(kind);
        let index = log.tree.append(&entry.body);
        log.bodies.push(entry.body.clone());
        let mut proven = own.prove(entry, &log.tree, index, at, lie, other);
        if let Some(lie) = lie {
            spoil::entry(&mut proven, lie, b"{}");
        }
        proven
    }
}

/// The entry that v1 makes of a proposal, if its signature is right.
fn proposed(sent: &Value) -> Option<Entry> {
    match text(sent, "/kind") {
        "dsse" => {
            let envelope = text(sent, "/spec/proposedContent/envelope");
            let verifier = verifier_v1(text(sent, "/spec/proposedContent/verifiers/0"))?;
            let parsed = Envelope::parse(envelope.as_bytes()).ok()?;
            let signature = parsed.signatures.first()?.bytes.clone();
            let right = Public(&verifier.key()?).verifies(&parsed.pae(), &signature);
            right.then(|| entry::dsse(&parsed, envelope, &signature, &verifier))
        }
        "hashedrekord" => {
            let digest = unhex(text(sent, "/spec/data/hash/value"))?;
            let signature = STANDARD.decode(text(sent, "/spec/signature/content")).ok()?;
            let verifier = verifier_v1(text(sent, "/spec/signature/publicKey/content"))?;
            let right = Public(&verifier.key()?).verifies_digest(&digest, &signature);
            right.then(|| entry::of_artifact(&digest, &signature, &verifier, Rekor::V1))
        }
        _ => None,
    }
}

fn verifier_v1(encoded: &str) -> Option<Verifier> {
    let pem = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let der = unarmoured(&pem)?;
    Some(if pem.contains("CERTIFICATE") { Verifier::Certificate(der) } else { Verifier::Key(der) })
}

/// The entry that v2 makes of a request, if its signature is right.
fn hashed(wanted: &Value) -> Option<Entry> {
    let decoded = |pointer: &str| STANDARD.decode(text(wanted, pointer)).ok();
    let digest: [u8; 32] = decoded("/digest")?.try_into().ok()?;
    let signature = decoded("/signature/content")?;
    let of = |member: &str| {
        let der = decoded(&format!("/signature/verifier/{member}/rawBytes"))?;
        (!der.is_empty()).then_some(der)
    };
    let verifier = match (of("x509Certificate"), of("publicKey")) {
        (Some(certificate), None) => Verifier::Certificate(certificate),
        (None, Some(key)) => Verifier::Key(key),
        _ => return None,
    };
    let details = text(wanted, "/signature/verifier/keyDetails");
    let right = details == "PKIX_ECDSA_P256_SHA_256"
        && Public(&verifier.key()?).verifies_digest(&digest, &signature);
    right.then(|| entry::of_artifact(&digest, &signature, &verifier, Rekor::V2))
}

/// What v1 says of an entry: hashes in hexadecimal, numbers as numbers.
fn answer_v1(proven: &Value) -> Value {
    let bare = |encoded: &Value| {
        hex(&STANDARD.decode(encoded.as_str().unwrap_or_default()).unwrap_or_default())
    };
    let at = |pointer: &str| proven.pointer(pointer).cloned().unwrap_or_default();
    let number = |pointer: &str| text(proven, pointer).parse::<u64>().unwrap_or_default();
    let hashes: Vec<String> = at("/inclusionProof/hashes")
        .as_array()
        .map(|hashes| hashes.iter().map(bare).collect())
        .unwrap_or_default();
    json!({
        "body": at("/canonicalizedBody"),
        "integratedTime": number("/integratedTime"),
        "logID": bare(&at("/logId/keyId")),
        "logIndex": number("/logIndex"),
        "verification": {
            "inclusionProof": {
                "checkpoint": at("/inclusionProof/checkpoint/envelope"),
                "hashes": hashes,
                "logIndex": number("/inclusionProof/logIndex"),
                "rootHash": bare(&at("/inclusionProof/rootHash")),
                "treeSize": number("/inclusionProof/treeSize"),
            },
            "signedEntryTimestamp": at("/inclusionPromise/signedEntryTimestamp"),
        },
    })
}

/// v1's name of an entry: the tree and the leaf.
fn uuid(body: &[u8]) -> String {
    let tree = TREE.parse::<u64>().unwrap_or_default();
    format!("{tree:016x}{}", hex(&sha256(&[&[0], body])))
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let pairs = text.as_bytes().chunks(2).map(|pair| {
        std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
    });
    pairs.collect::<Option<Vec<u8>>>()?.try_into().ok()
}
