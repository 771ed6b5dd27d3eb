//! The first byte chooses a predicate type; the rest is read as its predicate.

#![no_main]

use evidence::{
    Reading, Statement, Subject,
    predicate::{
        APPROVAL, COSIGN_VULN, Claim, DEPLOYMENT, EXCEPTION, PROVENANCE, PROVENANCE_V02, SPDX,
        SUMMARY, TEST_RESULT, VULNS,
    },
};

const TYPES: [&str; 11] = [
    PROVENANCE,
    PROVENANCE_V02,
    VULNS,
    COSIGN_VULN,
    TEST_RESULT,
    APPROVAL,
    DEPLOYMENT,
    EXCEPTION,
    SUMMARY,
    SPDX,
    "https://example.com/other/v1",
];
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let Ok(predicate) = evidence::json::parse(rest) else { return };
    let digest = evidence::Digest::sha256(b"");
    let statement = Statement {
        subjects: vec![Subject::new("name", digest)],
        predicate_type: TYPES[usize::from(*first) % TYPES.len()].to_owned(),
        predicate,
    };
    let read = Reading::of(&statement.to_bytes()).unwrap();
    assert_eq!(read.claim, Claim::read(&statement));
});
