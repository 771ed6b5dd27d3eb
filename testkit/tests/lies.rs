//! What a private Sigstore makes is believed under its root, and each of its lies is refused by the check
//! that is there for it: the same without the lie is believed.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use chain::{
    Candidate, Content, Policy,
    authenticate::{Keyring, authenticate},
};
use evidence::{Envelope, IN_TOTO, Signature};
use jiff::Timestamp;
use testkit::sigstore::{Change, Identity, Instance, Job, Lie, Options, Rekor};

const ISSUER: &str = "https://token.actions.githubusercontent.com";
const STATEMENT: &[u8] = br#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"registry.example.com/app","digest":{"sha256":"b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51"}}],"predicateType":"https://example.com/p/v1","predicate":{"a":1}}"#;

fn at() -> Timestamp {
    "2026-11-20T09:00:00Z".parse().unwrap()
}

fn policy(root: &[u8]) -> Policy {
    policy_of(root, "")
}

/// The same with another signer, by this key.
fn policy_of(root: &[u8], key: &str) -> Policy {
    let signer = if key.is_empty() { "" } else { ", other: {key: other.pub}" };
    let text = format!(
        "schema: 1\nimages: [\"registry.example.com/*\"]\n\
         trust: {{roots: {{test: {{root: root.json}}}}}}\n\
         signers: {{release: {{issuer: \"{ISSUER}\", identity: \"https://github.com/acme/payments/.github/workflows/release.yml@refs/heads/main\"}}{signer}}}\n\
         steps: {{it: {{type: \"https://example.com/p/v1\", signed-by: release}}}}\n"
    );
    Policy::parse("policy.yaml", text.as_bytes(), &mut |wanted| match wanted.path()? {
        "root.json" => Ok(root.to_vec()),
        _ => Ok(key.as_bytes().to_vec()),
    })
    .unwrap_or_else(|faults| panic!("{faults}"))
}

fn outcome(policy: &Policy, content: Content) -> String {
    let candidate = Candidate { found: "it".to_owned(), referrer: None, content };
    let outcomes = authenticate(candidate, &Keyring::of(policy));
    match outcomes.into_iter().next().unwrap() {
        Ok(verified) => verified.party().name.clone(),
        Err(refusal) => format!("{}: {}", refusal.code.word(), refusal.reason),
    }
}

fn signed(instance: &Instance, options: &Options) -> Content {
    let identity = Identity::github(&Job::default());
    Content::Bundle(instance.sign(STATEMENT, &identity, at(), options))
}

#[test]
fn each_lie_is_refused_by_the_check_that_is_there_for_it() {
    let instance = Instance::new();
    let policy = policy(&instance.trusted_root());
    let mut table = BTreeMap::new();
    for lie in Lie::ALL {
        let all = std::iter::once(lie.options()).chain(lie.other_options());
        for options in all {
            let honest = outcome(&policy, signed(&instance, &options));
            assert_eq!(honest, "release", "{lie:?} {options:?}");
            let told = outcome(&policy, signed(&instance, &options.with(*lie)));
            let kind = format!("{:?} {:?}", options.logs, options.version);
            // A token twice is no lie about anything; a snapshot is accepted too easily to say so.
            assert_eq!(told == "release", *lie == Lie::TimestampTwice, "{lie:?} {kind}: {told}");
            table.insert(format!("{lie:?} {kind}"), told);
        }
    }
    let text: String = table.iter().map(|(lie, told)| format!("{lie}\n    {told}\n")).collect();
    insta::assert_snapshot!("lies", text);
}

#[test]
fn each_change_of_the_root_shows() {
    let instance = Instance::new();
    let mut text = String::new();
    for change in Change::ALL {
        let root = instance.trusted_root_with(*change);
        let parsed = std::panic::catch_unwind(|| policy(&root));
        let told = match parsed {
            Ok(policy) => outcome(&policy, signed(&instance, &Options::default())),
            Err(_) => "the policy is refused".to_owned(),
        };
        text += &format!("{change:?}\n    {told}\n");
    }
    insta::assert_snapshot!("changes", text);
}

#[test]
fn what_cosign_wrote_beside_an_envelope_is_believed_and_its_lies_are_not() {
    let instance = Instance::new();
    let policy = policy(&instance.trusted_root());
    let identity = Identity::github(&Job::default());
    let mut text = String::new();
    let mut options = vec![("honest".to_owned(), Options::default())];
    for lie in [
        Lie::CertificateForged,
        Lie::IntegratedTimeChanged,
        Lie::PromiseForged,
        Lie::SctMissing,
        Lie::SignatureByAnotherKey,
        Lie::EntryOfAnotherStatement,
        Lie::EntryMissing,
    ] {
        options
            .push((format!("{lie:?}"), Options { timestamps: 0, ..Options::default() }.with(lie)));
    }
    for (name, options) in options {
        let legacy = instance.sign_legacy(STATEMENT, &identity, at(), &options);
        let content = Content::Envelope { bytes: legacy.envelope, annotations: legacy.annotations };
        text += &format!("{name}\n    {}\n", outcome(&policy, content));
    }
    insta::assert_snapshot!("legacy", text);
}

/// Signatures over the statement, by openssl with keys of `testdata/keys`: `openssl dgst -HASH -sign KEY`.
const ON_CURVES: [(&str, &str, &str); 3] = [
    (
        "p384",
        "sha256",
        "MGQCMEmoIhT77v1R/a8bVQAKtSuobP+Sw2/MBoYAnZ8L//wvOmgVaxqCVX/oh0V7G40bJwIwVipaNddLRh4LtiYKzsT93It8kHd6tVPk5Y/TNmEheS1OgGWFR1n9+3Aot0n41BcH",
    ),
    (
        "p384",
        "sha384",
        "MGUCMQDpWDCxnS3WwQ21y4X/Q2wZVa/goIfG2EpyfSsTq7pDEYRVOf1vaezw+YUY18euUqYCMEIlg6HLdiqnDCfeUWNCZfrkeJoLjjkZyxpd8jNwGR+GK+bCaza6iET5p9pzl+DK2A==",
    ),
    (
        "p521",
        "sha512",
        "MIGIAkIA+ayA2eQXVpzsrGUwMBBGbn/Tm2AvU1MXfCQPqCAZjthJolZ5y9KG3pBeXr6gZGe1zW+pkAYPZ1fi+AH+/GkO/dgCQgC7NIyWV8TtggS5D2/fcRp/3VbtHKYGpg91Nwk9Nj8Krg1BYQJfmukmGbkHB+lw9b/PzK0yxNPM4NpTNfN6uXegRw==",
    ),
];

/// What the field signed and the verifier of the field does not read is refused by its name; the key that
/// signed as the specification says is believed, by itself and in a certificate.
#[test]
fn a_good_signature_of_a_kind_that_is_not_read_is_called_by_its_name() {
    let instance = Instance::new();
    let identity = Identity::github(&Job::default());
    let options = Options { logs: vec![Rekor::V1], ..Options::default() };
    let mut text = String::new();
    for (curve, hash, signature) in ON_CURVES {
        let file = format!("{}/../testdata/keys/import-{curve}.pub", env!("CARGO_MANIFEST_DIR"));
        let armoured = std::fs::read_to_string(file).unwrap();
        let public = pem::parse(&armoured).unwrap().into_contents();
        let policy = policy_of(&instance.trusted_root(), &armoured);
        let envelope = |bytes: Vec<u8>| Envelope {
            payload: STATEMENT.to_vec(),
            payload_type: IN_TOTO.to_owned(),
            signatures: vec![Signature { keyid: None, bytes }],
        };
        let good = STANDARD.decode(signature).unwrap();
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        for (what, bytes) in [("", good), (", a bit of it changed", bad)] {
            let envelope = envelope(bytes);
            let by_key = instance.seal(&envelope, &public, at(), &options);
            let certified = instance.certify(&envelope, (&identity, &public), at(), &options);
            for (who, bundle) in [("key", by_key), ("certificate", certified)] {
                let told = outcome(&policy, Content::Bundle(bundle));
                text += &format!("{curve} {hash}, {who}{what}\n    {told}\n");
            }
        }
    }
    insta::assert_snapshot!("curves", text);
}
