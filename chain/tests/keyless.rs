//! Evidence of a private Sigstore, each file with the verdict expected of it: who signed and whose
//! clock saw it, or which check refuses it. `testdata/sigstore/README.md` says how the files were made.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use chain::{
    Candidate, Content, Policy,
    authenticate::{Keyring, authenticate},
};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/sigstore")
}

/// A policy that knows everybody who signed there, under one root.
fn policy(root: &str, port: u16, more: &str) -> Policy {
    let issuer = format!("http://127.0.0.1:{port}");
    let workflow = "https://github.com/acme/app/.github/workflows";
    let text = format!(
        "schema: 1\n\
         images: [\"registry.example.com/*\"]\n\
         trust: {{roots: {{test: {{root: {root}{more}}}}}}}\n\
         signers:\n\
         \x20 release: {{issuer: \"{issuer}/ci\", identity: \"{workflow}/release.yml@refs/heads/main\"}}\n\
         \x20 scanner: {{issuer: \"{issuer}/ci\", identity: \"{workflow}/scan.yml@refs/heads/*\"}}\n\
         \x20 alice: {{issuer: \"{issuer}/email\", identity: alice@example.com}}\n\
         \x20 bob: {{issuer: \"{issuer}/email\", identity: bob@example.com}}\n\
         \x20 developer: {{issuer: \"{issuer}/email\", identity: dev@example.com}}\n\
         \x20 deployer: {{issuer: \"{issuer}/uri\", identity: \"{issuer}/bots/deployer\"}}\n\
         steps: {{build: {{type: build, signed-by: release}}}}\n"
    );
    Policy::parse("policy.yaml", text.as_bytes(), &mut |wanted| {
        fs::read(samples().join(wanted.path()?)).map_err(|error| error.to_string())
    })
    .unwrap_or_else(|faults| panic!("{faults}"))
}

/// `release, timestamp`, or `bad-log-entry: its log entry …`.
fn outcome(policy: &Policy, bundle: &str) -> String {
    let bytes = fs::read(samples().join(bundle)).unwrap();
    let found = bundle.to_owned();
    let candidate = Candidate { found, referrer: None, content: Content::Bundle(bytes) };
    let mut outcomes = authenticate(candidate, &Keyring::of(policy));
    assert_eq!(outcomes.len(), 1);
    match outcomes.pop().unwrap() {
        Ok(verified) => {
            let seen = verified.seen();
            let clocks = [("log", seen.log), ("timestamp", seen.timestamp)];
            let clocks = clocks.iter().filter(|(_, time)| time.is_some()).map(|(clock, _)| *clock);
            let said: Vec<&str> =
                std::iter::once(verified.party().name.as_str()).chain(clocks).collect();
            said.join(", ")
        }
        Err(refusal) => format!("{}: {}", refusal.code.word(), refusal.reason),
    }
}

/// Root, port of its issuers, bundle, and how the outcome begins.
const EXPECTED: [(&str, u16, &str, &str); 52] = [
    ("trusted_root.json", 38204, "good/approval-alice.sigstore.json", "alice, timestamp"),
    ("trusted_root.json", 38204, "good/approval-bob.sigstore.json", "bob, timestamp"),
    (
        "trusted_root.json",
        38204,
        "good/approval-other-issuer.sigstore.json",
        "wrong-signer: its certificate is `alice@example.com`",
    ),
    ("trusted_root.json", 38204, "good/build.sigstore.json", "release, timestamp"),
    ("trusted_root.json", 38204, "good/deploy-uri.sigstore.json", "deployer, timestamp"),
    ("trusted_root.json", 38204, "good/scan.sigstore.json", "scanner, timestamp"),
    ("trusted_root.json", 38204, "good-v1/approval-alice.sigstore.json", "alice, timestamp"),
    ("trusted_root.json", 38204, "good-v1/approval-bob.sigstore.json", "bob, timestamp"),
    (
        "trusted_root.json",
        38204,
        "good-v1/approval-other-issuer.sigstore.json",
        "wrong-signer: its certificate is `alice@example.com`",
    ),
    ("trusted_root.json", 38204, "good-v1/build.sigstore.json", "release, timestamp"),
    ("trusted_root.json", 38204, "good-v1/deploy-uri.sigstore.json", "deployer, timestamp"),
    ("trusted_root.json", 38204, "good-v1/scan.sigstore.json", "scanner, timestamp"),
    (
        "trusted_root.json",
        38204,
        "other-signers/sigstore-python.sigstore.json",
        "developer, timestamp",
    ),
    ("trusted_root.json", 38204, "other-signers/sigstore-rust.sigstore.json", "release, timestamp"),
    ("rekor1/trusted_root.json", 38304, "rekor1/build-a.sigstore.json", "release, log, timestamp"),
    ("rekor1/trusted_root.json", 38304, "rekor1/build-b.sigstore.json", "release, log, timestamp"),
    ("rekor1/trusted_root.json", 38304, "rekor1/build-c.sigstore.json", "release, log, timestamp"),
    (
        "rekor1/trusted_root.json",
        38304,
        "rekor1/sigstore-rust.sigstore.json",
        "release, log, timestamp",
    ),
    ("rekor1/trusted_root.json", 38304, "rekor1/build-no-tsa.sigstore.json", "release, log"),
    ("rekor1/trusted_root.json", 38304, "ctfe/build-rekor2.sigstore.json", "release, timestamp"),
    (
        "trusted_root.json",
        38204,
        "hostile/01-tlog-entry-of-another-artifact.sigstore.json",
        "bad-log-entry: its log entry is about something else",
    ),
    (
        "trusted_root.json",
        38204,
        "hostile/03-no-tlog-entry.sigstore.json",
        "bad-log-entry: it is in 0 logs",
    ),
    (
        "trusted_root.json",
        38204,
        "hostile/05-no-timestamp-but-integratedTime.sigstore.json",
        "bad-log-entry: its log entry states a time",
    ),
    (
        "trusted_root.json",
        38204,
        "hostile/07-tsa-of-another-authority.sigstore.json",
        "bad-timestamp",
    ),
    (
        "trusted_root.json",
        38204,
        "hostile/09-timestamp-after-certificate-expiry.sigstore.json",
        "bad-certificate: its certificate lived",
    ),
    (
        "trusted_root.json",
        38204,
        "hostile/11-timestamps-good-then-foreign.sigstore.json",
        "bad-timestamp",
    ),
    (
        "trusted_root.json",
        38204,
        "hostile/13-certificate-without-sct.sigstore.json",
        "bad-certificate: no log of certificates",
    ),
    (
        "trusted_root.json",
        38204,
        "hostile/15-foreign-certificate-and-signature-good-log.sigstore.json",
        "bad-timestamp: its timestamp does not hold",
    ),
    ("trusted_root.json", 38204, "hostile/17-payload-changed.sigstore.json", "bad-"),
    ("trusted_root.json", 38204, "hostile/19-payloadType-changed.sigstore.json", "unreadable"),
    (
        "trusted_root.json",
        38204,
        "hostile/21-two-signatures-good-then-bad.sigstore.json",
        "unreadable",
    ),
    (
        "trusted_root.json",
        38204,
        "hostile/23-checkpoint-of-another-size.sigstore.json",
        "bad-log-entry",
    ),
    (
        "trusted_root.json",
        38204,
        "hostile/25-proof-hash-flipped.sigstore.json",
        "bad-log-entry: its log entry is not in the log",
    ),
    (
        "trusted_root.json",
        38204,
        "hostile/27-proof-index-wrong.sigstore.json",
        "bad-log-entry: its log entry contradicts",
    ),
    (
        "trusted_root.json",
        38204,
        "hostile/29-canonicalized-body-of-another.sigstore.json",
        "bad-log-entry",
    ),
    ("trusted_root.json", 38204, "hostile/31-entry-kind-changed.sigstore.json", "bad-log-entry"),
    ("trusted_root.json", 38204, "hostile/33-media-type-v0.1.sigstore.json", "unreadable"),
    (
        "trusted_root.json",
        38204,
        "hostile/35-tlog-entry-twice.sigstore.json",
        "bad-log-entry: it has the same",
    ),
    ("trusted_root.json", 38204, "hostile/37-unknown-field.sigstore.json", "unreadable"),
    ("roots/ca-root-only.json", 38204, "good-v1/build.sigstore.json", "bad-certificate"),
    ("roots/ca-starts-after.json", 38204, "good-v1/build.sigstore.json", "bad-certificate"),
    (
        "roots/ctlog-ended-before.json",
        38204,
        "good-v1/build.sigstore.json",
        "bad-certificate: no log of certificates",
    ),
    (
        "roots/no-ctlogs.json",
        38204,
        "good-v1/build.sigstore.json",
        "bad-certificate: no log of cert",
    ),
    ("roots/no-tsa.json", 38204, "good-v1/build.sigstore.json", "bad-timestamp"),
    (
        "roots/rekor-baseurl-empty.json",
        38204,
        "good-v1/build.sigstore.json",
        "bad-log-entry: its log entry contradicts",
    ),
    (
        "roots/tlog-ended-before.json",
        38204,
        "good-v1/build.sigstore.json",
        "bad-log-entry: the log",
    ),
    ("roots/tsa-without-leaf.json", 38204, "good-v1/build.sigstore.json", "bad-timestamp"),
    ("trusted_root.json", 38204, "raw/no-sct.json", "bad-certificate: no log of certificates"),
    (
        "trusted_root.json",
        38204,
        "raw/foreign-instance.json",
        "bad-log-entry: its log entry is of a log that root",
    ),
    ("raw/foreign_trusted_root.json", 38204, "raw/foreign-instance.json", "release, timestamp"),
    (
        "raw/foreign_trusted_root.json",
        38204,
        "good-v1/build.sigstore.json",
        "bad-log-entry: its log entry is of a log",
    ),
    ("trust_config.json", 38204, "good-v1/build.sigstore.json", "release, timestamp"),
];

#[test]
fn each_file_has_the_verdict_that_is_expected_of_it() {
    let mut wrong = Vec::new();
    for (root, port, bundle, expected) in EXPECTED {
        let found = outcome(&policy(root, port, ""), bundle);
        let right = match expected.contains(": ") || expected.starts_with("bad-") {
            true => found.starts_with(expected),
            false => found == expected || found.starts_with(&format!("{expected}: ")),
        };
        if !right {
            wrong.push(format!("{root} {bundle}\n  {found}\n  and not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_forgotten() {
    let named: BTreeSet<&str> =
        EXPECTED.iter().flat_map(|(root, _, bundle, _)| [*root, *bundle]).collect();
    let apart = ["image-manifest.json", "roots/no-ca.json"];
    for directory in
        ["", "good", "good-v1", "hostile", "rekor1", "ctfe", "other-signers", "roots", "raw"]
    {
        for entry in fs::read_dir(samples().join(directory)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(samples()).unwrap().to_str().unwrap().to_owned();
            let known = named.contains(name.as_str()) || apart.contains(&name.as_str());
            assert!(known || !name.ends_with(".json"), "{name}");
        }
    }
}
