//! What the deciding part costs beside the signatures that it verifies: medians of one and the same
//! run. Called by `scripts/bench`; asserts nothing, since a busy machine would decide.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
        ParsedPublicKey,
    },
};
use chain::{Candidate, Content, Image, Policy, Question};
use evidence::{
    Bundle, Digest, Envelope, IN_TOTO, Material, Signature, Statement, Subject,
    bundle::Version,
    json::{Value, json},
    predicate::{PROVENANCE, TEST_RESULT, VULNS},
    time::{self, Timestamp},
};

const NAME: &str = "registry.example.com/acme/app";
const ROUNDS: usize = 31;

/// Makes a predicate of a time.
type Predicate = fn(&str) -> Value;

const POLICY: &str = r#"
schema: 1
images: ["registry.example.com/acme/app"]
trust: {time: [claimed]}
signers: {bench: {key: bench.pub}}
steps:
  build: {type: build, signed-by: bench}
  scan: {type: scan, signed-by: bench, after: build, max-age: 36h, findings: {critical: 0}}
  test: {type: test, signed-by: bench, after: build}
same: {commit: [build, test]}
"#;

fn main() {
    let bench = Bench::new();
    bench.measure("1,000 statements of 2 KiB", &bench.statements(0..1_000, 2 << 10));
    bench.measure("100 scans of 100 KiB", &bench.scans(100, 100 << 10));
}

struct Bench {
    pair: EcdsaKeyPair,
    key: ParsedPublicKey,
    hint: String,
    policy: Policy,
    question: Question,
}

impl Bench {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, spki.as_ref()).unwrap();
        let pem = pem::encode(&pem::Pem::new("PUBLIC KEY", spki.as_ref()));
        let hint = chain::authenticate::key::PublicKey::from_spki(spki.as_ref()).unwrap().hint();
        let policy =
            Policy::parse("policy.yaml", POLICY.as_bytes(), &mut |_| Ok(pem.clone().into_bytes()));
        let digest = Digest::sha256(b"the image");
        let image = Image {
            reference: format!("{NAME}@{digest}"),
            name: NAME.to_owned(),
            told: false,
            evidence_repository: None,
            shape: chain::Shape::Lone,
            digest,
            same_bytes: vec![],
            labels: None,
        };
        let now = time::parse("2026-11-23T12:00:00Z").unwrap();
        let question = Question { image, environment: None, before: None, now };
        Self { pair, key, hint, policy: policy.unwrap(), question }
    }

    /// Builds, scans and tests by turns, each of a run of its own.
    fn statements(&self, numbers: Range<u32>, size: usize) -> Vec<Vec<u8>> {
        let kinds: [(&str, Predicate); 3] =
            [(TEST_RESULT, test), (VULNS, scan), (PROVENANCE, build)];
        numbers
            .zip(kinds.into_iter().cycle())
            .map(|(n, (kind, make))| self.signed(kind, make(&at(self.question.now, n)), n, size))
            .collect()
    }

    /// A build and a test, and for the rest scans.
    fn scans(&self, count: u32, size: usize) -> Vec<Vec<u8>> {
        let mut all = self.statements(count..count + 3, 2 << 10);
        all.extend((0..count).map(|n| {
            let finding = json!({
                "id": "CVE-2099-31337",
                "severity": [{"method": "trivy", "score": "high"}],
                "annotations": [{"package": "openssl", "installedVersion": "3.0.15", "fixedVersion": "3.0.17"}],
            });
            let mut predicate = scan(&at(self.question.now, n));
            let findings = size / finding.to_string().len();
            if let Some(result) = predicate.pointer_mut("/scanner/result") {
                *result = vec![finding; findings].into();
            }
            self.signed(VULNS, predicate, n, size)
        }));
        all
    }

    /// The bundle of a predicate, its statement filled up to `size`.
    fn signed(&self, predicate_type: &str, mut predicate: Value, n: u32, size: usize) -> Vec<u8> {
        let run = json!({
            "source": "https://git.example.com/acme/app",
            "commit": "4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c",
            "ref": "refs/heads/main",
            "run": format!("https://ci.example.com/acme/app/runs/{n}"),
            "attempt": 1,
            "job": "job",
            "signedAt": at(self.question.now, n),
        });
        let subject = Subject::new(NAME, self.question.image.digest.clone());
        let members = predicate.as_object_mut().unwrap();
        members.insert("attest_run".to_owned(), run);
        let statement = |predicate: &Value| Statement {
            subjects: vec![subject.clone()],
            predicate_type: predicate_type.to_owned(),
            predicate: predicate.clone(),
        };
        let room = size.saturating_sub(statement(&predicate).to_bytes().len());
        // As reports are filled: members that no view reads, small ones and many.
        let lines: Vec<Value> = (0..room / 48)
            .map(|line| format!("line {line:4} of what nobody here reads").into())
            .collect();
        if let (Some(members), false) = (predicate.as_object_mut(), lines.is_empty()) {
            members.insert("filling".to_owned(), lines.into());
        }
        let envelope = Envelope {
            payload: statement(&predicate).to_bytes(),
            payload_type: IN_TOTO.to_owned(),
            signatures: vec![],
        };
        let signature = self.pair.sign(&SystemRandom::new(), &envelope.pae()).unwrap();
        let signature = Signature { keyid: None, bytes: signature.as_ref().to_vec() };
        let bundle = Bundle {
            version: Version::V0_3,
            material: Material::PublicKey { hint: self.hint.clone() },
            log_entries: vec![],
            timestamps: vec![],
            envelope: Envelope { signatures: vec![signature], ..envelope },
        };
        bundle.to_bytes()
    }

    fn measure(&self, what: &str, bundles: &[Vec<u8>]) {
        let ready: Vec<(Vec<u8>, Vec<u8>)> = bundles
            .iter()
            .map(|bytes| {
                let envelope = Bundle::parse(bytes).unwrap().envelope;
                (envelope.pae(), envelope.signatures.first().unwrap().bytes.clone())
            })
            .collect();
        let candidates: Vec<Candidate> = bundles
            .iter()
            .enumerate()
            .map(|(n, bytes)| Candidate {
                found: format!("sha256:{n:064}"),
                referrer: None,
                content: Content::Bundle(bytes.clone()),
            })
            .collect();
        let (mut bare, mut whole) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let started = Instant::now();
            for (pae, signature) in &ready {
                self.key.verify_sig(pae, signature).unwrap();
            }
            bare.push(started.elapsed());
            let given = candidates.clone();
            let started = Instant::now();
            let verdict = chain::gate(&self.policy, &self.question, given).unwrap();
            whole.push(started.elapsed());
            assert_eq!(verdict.decision.word(), "allow", "{:#?}", verdict.findings);
        }
        // Round by round: what else the machine does weighs on both alike.
        let ratios = bare.iter().zip(&whole).map(|(bare, whole)| whole.div_duration_f64(*bare));
        let mut ratios: Vec<f64> = ratios.collect();
        ratios.sort_by(f64::total_cmp);
        let ratio = ratios.get(ratios.len() / 2).copied().unwrap_or_default();
        println!("{what}: {}\t{}\t{ratio:.2}", shown(median(bare)), shown(median(whole)));
    }
}

fn shown(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// A minute apart each, the first one the newest.
fn at(now: Timestamp, n: u32) -> String {
    time::write(now.checked_sub(jiff::SignedDuration::from_mins(n.into())).unwrap())
}

fn build(at: &str) -> Value {
    json!({
        "buildDefinition": {
            "buildType": "https://attest-verify.dev/build/v1",
            "externalParameters": {"workflow": {
                "repository": "https://git.example.com/acme/app", "ref": "refs/heads/main",
            }},
            "resolvedDependencies": [{
                "uri": "git+https://git.example.com/acme/app@refs/heads/main",
                "digest": {"gitCommit": "4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c"},
            }],
        },
        "runDetails": {"builder": {"id": "https://ci.example.com"}, "metadata": {"finishedOn": at}},
    })
}

fn scan(at: &str) -> Value {
    json!({
        "scanner": {"uri": "pkg:github/aquasecurity/trivy@0.76.0", "version": "0.76.0", "result": [
            {"id": "CVE-2099-0001", "severity": [{"method": "trivy", "score": "high"}], "annotations": [
                {"package": "openssl", "installedVersion": "3.0.15", "fixedVersion": "3.0.17"},
            ]},
        ]},
        "metadata": {"scanStartedOn": at, "scanFinishedOn": at},
    })
}

fn test(at: &str) -> Value {
    json!({
        "result": "PASSED", "configuration": [], "passedTests": ["works"],
        "attest_test": {"executed": 1, "passed": 1, "failed": 0, "finishedOn": at},
    })
}
