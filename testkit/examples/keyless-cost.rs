//! What a bundle with a certificate, a log entry and a timestamp costs, beside the signatures that have
//! to be verified for it and beside `sigstore-verify` alone: medians of one and the same run, on one
//! core. Called by `scripts/bench`; asserts nothing of time, since a busy machine would decide.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair, ParsedPublicKey,
    },
};
use chain::{
    Candidate, Content, Policy,
    authenticate::{Keyring, authenticate},
    policy::Wanted,
};
use evidence::{
    Digest, Statement, Subject,
    json::json,
    predicate::TEST_RESULT,
    time::{self, Timestamp},
};
use sigstore_verify::{
    VerificationPolicy, Verifier,
    trust_root::TrustedRoot,
    types::{Artifact, Bundle, Sha256Hash},
};
use testkit::sigstore::{Identity, Instance, Options};

const ISSUER: &str = "https://issuer.example.com";
const WHO: &str = "ci@example.com";
const BUNDLES: u32 = 200;
const ROUNDS: usize = 15;

/// What one bundle needs: the statement, the certificate and its authority's, the certificate's place
/// in a log, the timestamp, its authority's certificate and that one's. And one Ed25519 signature, of
/// the log's checkpoint.
const P256: usize = 7;

const POLICY: &str = r#"
schema: 1
images: ["registry.example.com/acme/app"]
trust: {roots: {test: {root: trusted_root.json}}}
signers: {ci: {issuer: "https://issuer.example.com", identity: ci@example.com}}
steps: {test: {type: test, signed-by: ci}}
"#;

fn main() {
    let instance = Instance::new();
    let digest = Digest::sha256(b"the image");
    let at = time::parse("2026-11-23T12:00:00Z").unwrap();
    let bundles: Vec<Vec<u8>> = (0..BUNDLES).map(|n| signed(&instance, &digest, at, n)).collect();
    let bare = Bare::new();
    let root = instance.trusted_root();
    let policy = Policy::parse("policy.yaml", POLICY.as_bytes(), &mut |wanted: Wanted<'_>| {
        wanted.path().map(|_| root.clone())
    });
    let policy = policy.unwrap();
    let alone = TrustedRoot::from_json(std::str::from_utf8(&root).unwrap()).unwrap();
    let verifier = Verifier::new(&alone).unwrap();
    let expected = VerificationPolicy::any_identity();
    let hash = Sha256Hash::from_hex(digest.hex()).unwrap();

    let rounds: Vec<[Duration; 3]> = (0..ROUNDS)
        .map(|_| {
            let signatures = timed(|| (0..BUNDLES).for_each(|_| bare.verify()));
            let crate_alone = timed(|| {
                for bytes in &bundles {
                    let bundle = Bundle::from_json(std::str::from_utf8(bytes).unwrap()).unwrap();
                    verifier.verify(Artifact::from(hash), &bundle, &expected).unwrap();
                }
            });
            let candidates: Vec<Candidate> = bundles.iter().map(|b| candidate(b)).collect();
            let ours = timed(|| {
                let keyring = Keyring::of(&policy);
                for candidate in candidates {
                    assert!(authenticate(candidate, &keyring).iter().all(Result::is_ok));
                }
            });
            [signatures, crate_alone, ours]
        })
        .collect();
    let of = |column: usize| {
        let column = rounds.iter().filter_map(|round| round.get(column)).copied();
        median(column.map(|time| time.as_secs_f64()).collect())
    };
    let ratio = |below: usize| {
        let each = rounds.iter().map(|round| match (round.get(2), round.get(below)) {
            (Some(ours), Some(other)) => ours.div_duration_f64(*other),
            _ => 0.0,
        });
        median(each.collect())
    };
    let each_second = f64::from(BUNDLES) / of(2);
    println!("{each_second:.0}\t{:.2}\t{:.2}", ratio(0), ratio(1));
}

fn signed(instance: &Instance, digest: &Digest, at: Timestamp, n: u32) -> Vec<u8> {
    let statement = Statement {
        subjects: vec![Subject::new("registry.example.com/acme/app", digest.clone())],
        predicate_type: TEST_RESULT.to_owned(),
        predicate: json!({
            "result": "PASSED",
            "configuration": [{"name": "tests", "digest": {"sha256": digest.hex()}}],
            "passedTests": (0..30).map(|test| format!("suite {n} / case {test}")).collect::<Vec<_>>(),
        }),
    };
    let who = Identity::email(WHO, ISSUER);
    instance.sign(&statement.to_bytes(), &who, at, &Options::default())
}

fn candidate(bundle: &[u8]) -> Candidate {
    let content = Content::Bundle(bundle.to_vec());
    Candidate { found: String::new(), referrer: None, content }
}

/// The signatures alone, by keys that are ready.
struct Bare {
    message: Vec<u8>,
    p256: (ParsedPublicKey, Vec<u8>),
    ed25519: (ParsedPublicKey, Vec<u8>),
}

impl Bare {
    fn new() -> Self {
        // As long as what is signed in a bundle, on average.
        let message = vec![7; 600];
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, spki.as_ref()).unwrap();
        let signature = pair.sign(&SystemRandom::new(), &message).unwrap();
        let other = Ed25519KeyPair::generate().unwrap();
        let other_key = ParsedPublicKey::new(&ED25519, other.public_key().as_ref()).unwrap();
        let other_signature = other.sign(&message);
        Self {
            p256: (key, signature.as_ref().to_vec()),
            ed25519: (other_key, other_signature.as_ref().to_vec()),
            message,
        }
    }

    fn verify(&self) {
        for _ in 0..P256 {
            let (key, signature) = black_box(&self.p256);
            key.verify_sig(&self.message, signature).unwrap();
        }
        let (key, signature) = black_box(&self.ed25519);
        key.verify_sig(&self.message, signature).unwrap();
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}
