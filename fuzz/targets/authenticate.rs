//! Evidence that a stranger changed is never allowed, whatever the bytes, unless it says the very same
//! under the very same signature.

#![no_main]

use std::sync::LazyLock;

use chain::{Candidate, Content, Image, Policy, Question, Shape};
use evidence::Bundle;
use libfuzzer_sys::fuzz_target;

const SCAN: &[u8] =
    include_bytes!("../../testdata/cases/authenticate-known-key/evidence/scan.sigstore.json");

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let text = "schema: 1\nimages: [\"registry.example.com/payments/*\"]\ntrust: {time: [claimed]}\nsigners: {scanner: {key: scanner.pub}}\nsteps: {scan: {type: scan, signed-by: scanner}}\n";
    let key = include_bytes!("../../testdata/keys/cases/scanner.pub");
    Policy::parse("policy.yaml", text.as_bytes(), &mut |_| Ok(key.to_vec())).unwrap()
});

static QUESTION: LazyLock<Question> = LazyLock::new(|| {
    let digest = "sha256:b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";
    let name = "registry.example.com/payments/api";
    Question {
        image: Image {
            reference: format!("{name}@{digest}"),
            name: name.to_owned(),
            told: false,
            evidence_repository: None,
            digest: digest.parse().unwrap(),
            same_bytes: vec![],
            shape: Shape::Lone,
            labels: None,
        },
        environment: None,
        before: None,
        now: evidence::time::parse("2026-11-23T12:00:00Z").unwrap(),
    }
});

fuzz_target!(|bytes: &[u8]| {
    let contents = [
        Content::Bundle(bytes.to_vec()),
        Content::Envelope { bytes: bytes.to_vec(), annotations: std::collections::BTreeMap::new() },
        Content::Unsigned(bytes.to_vec()),
    ];
    let signed = Bundle::parse(SCAN).unwrap().envelope;
    for content in contents {
        let candidate = Candidate { found: "found".to_owned(), referrer: None, content };
        let verdict = chain::gate(&POLICY, &QUESTION, vec![candidate]).unwrap();
        if verdict.decision.word() == "allow" {
            let envelope = Bundle::parse(bytes).map(|bundle| bundle.envelope);
            let envelope = envelope.ok().or_else(|| evidence::Envelope::parse(bytes).ok()).unwrap();
            assert_eq!(envelope.payload, signed.payload);
            let signature = &signed.signatures[0].bytes;
            assert!(envelope.signatures.iter().any(|s| s.bytes == *signature));
        }
    }
});
