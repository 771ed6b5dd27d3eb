//! Two ways to read a payload come to the same: at once, and through the tree.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{fs, path::Path};

use evidence::{
    Bundle, Reading, Statement,
    predicate::{self, Claim},
};

#[test]
fn every_committed_payload_reads_the_same_both_ways() {
    let mut payloads = Vec::new();
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata"), &mut payloads);
    assert!(payloads.len() > 500, "only {} payloads", payloads.len());
    for payload in &payloads {
        same(payload);
    }
}

/// A byte is another one, or gone, or there twice; members change places and kinds.
#[test]
fn spoiled_payloads_read_the_same_both_ways() {
    let mut payloads = Vec::new();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/cases/_others");
    gather(&cases, &mut payloads);
    payloads.extend(WRITTEN.iter().map(|text| text.as_bytes().to_vec()));
    assert!(payloads.len() > 100);
    for (n, payload) in payloads.iter().enumerate() {
        for at in (n % 23..payload.len()).step_by(23) {
            for byte in *b"\"{}[],:0n\\" {
                let mut spoiled = payload.clone();
                spoiled.splice(at..=at, [byte]);
                same(&spoiled);
            }
            let mut spoiled = payload.clone();
            spoiled.remove(at);
            same(&spoiled);
        }
        let text = String::from_utf8_lossy(payload);
        for (from, to) in SWAPS {
            same(text.replacen(from, to, 1).as_bytes());
        }
    }
}

const SWAPS: [(&str, &str); 14] = [
    ("\"predicate\":", "\"predicate\":{},\"predicate\":"),
    ("\"predicate\":{", "\"predicate\":{\"attest_run\":null,"),
    ("\"predicate\":{", "\"predicate\":{\"attest_run\":{},"),
    ("\"predicate\":{", "\"predicate\":{\"more\":{\"a\":1,\"a\":2},"),
    ("\"predicate\":{", "\"predicate\":{\"more\":{\"a\":1,\"b\":[1.5,-2,true]},"),
    ("\"attest_run\":{", "\"attest_run\":{\"extra\":[{}],"),
    ("\"attest_run\":{", "\"attest_run\":[\"a\"],\"x\":{"),
    ("\"sha256\":", "\"sha1\":\"x\",\"sha256\":"),
    ("\"sha256\":", "\"sha256\":1,\"x\":"),
    ("\"subject\":[{", "\"subject\":[{\"digest\":{}},{"),
    ("\"result\":\"PASSED\"", "\"result\":{\"PASSED\":null}"),
    (
        "\"severity\":[{\"method\":\"trivy\",\"score\":\"critical\"}]",
        "\"severity\":[{\"score\":9.0}]",
    ),
    ("\"metadata\":{", "\"metadata\":[{"),
    ("\"executed\":", "\"executed\":1.0,\"x\":"),
];

/// Statements whose members stand in the order in which `attest` and cosign write them.
const WRITTEN: [&str; 4] = [
    r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"n","digest":{"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}}],"predicateType":"https://in-toto.io/attestation/test-result/v0.1","predicate":{"result":"PASSED","attest_test":{"executed":3,"passed":3},"attest_run":{"run":"7","attempt":1,"signedAt":"2026-11-20T09:44:00Z"}}}"#,
    r#"{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://in-toto.io/attestation/vulns/v0.2","subject":[{"name":"n","digest":{"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}}],"predicate":{"scanner":{"uri":"pkg:x/trivy","result":[{"id":"CVE-1","severity":[{"method":"trivy","score":"critical"}],"annotations":[{"package":"p","fix":"none"}]}]},"metadata":{"scanFinishedOn":"2026-11-20T09:44:00Z"}}}"#,
    r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}}],"predicateType":"https://example.com/any/v1","predicate":[1,{"a":1}]}"#,
    r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}}],"predicateType":"https://spdx.dev/Document/v2.3","predicate":{"spdxVersion":"SPDX-2.3"}}"#,
];

/// serde also reads `{"approved": null}` as the word `approved`, which no schema allows and another
/// reader of the same statement may not take for an approval.
#[test]
fn a_word_is_a_string() {
    let approval = r#"{"decision":"approved","environment":"production","approvedAt":"2026-11-20T09:44:00Z","inputAttestations":[]}"#;
    let deployment = r#"{"action":"deployed","result":"succeeded","environment":"production"}"#;
    let summary = r#"{"verifier":{"id":"v"},"resourceUri":"r","verificationResult":"PASSED"}"#;
    let test = r#"{"result":"PASSED"}"#;
    let scan =
        r#"{"scanner":{"uri":"t","result":[]},"metadata":{},"attest_scan":{"filtered":"no"}}"#;
    for (predicate_type, predicate, word) in [
        (predicate::APPROVAL, approval, "approved"),
        (predicate::DEPLOYMENT, deployment, "deployed"),
        (predicate::DEPLOYMENT, deployment, "succeeded"),
        (predicate::SUMMARY, summary, "PASSED"),
        (predicate::TEST_RESULT, test, "PASSED"),
        (predicate::VULNS, scan, "no"),
    ] {
        let read = |predicate: &str| {
            let payload = format!(
                r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"digest":{{"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}}}}],"predicateType":"{predicate_type}","predicate":{predicate}}}"#
            );
            same(payload.as_bytes());
            Reading::of(payload.as_bytes()).unwrap().claim
        };
        assert!(read(predicate).is_ok(), "{predicate}");
        let quoted = format!("\"{word}\"");
        for other in [format!("{{{quoted}:null}}"), format!("[{quoted}]"), "null".to_owned()] {
            let changed = predicate.replacen(&quoted, &other, 1);
            // A member that may be left out may be null.
            if !(word == "no" && other == "null") {
                assert!(read(&changed).is_err(), "{changed}");
            }
        }
    }
}

fn same(payload: &[u8]) {
    let text = || String::from_utf8_lossy(payload);
    match (Reading::of(payload), Statement::parse(payload)) {
        (Ok(reading), Ok(statement)) => {
            assert_eq!(reading.subjects, statement.subjects, "{}", text());
            assert_eq!(reading.predicate_type, statement.predicate_type, "{}", text());
            assert_eq!(reading.claim, Claim::read(&statement), "{}", text());
        }
        (Err(a), Err(b)) => assert_eq!(a.to_string(), b.to_string(), "{}", text()),
        (reading, statement) => panic!("{}: {reading:?}, {statement:?}", text()),
    }
}

fn gather(directory: &Path, payloads: &mut Vec<Vec<u8>>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, payloads);
        } else if let Ok(bundle) = Bundle::parse(&fs::read(&path).unwrap()) {
            payloads.push(bundle.envelope.payload);
        }
    }
}
