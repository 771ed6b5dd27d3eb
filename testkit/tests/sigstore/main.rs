//! The private Sigstore against a verifier that is not ours: what it does honestly is accepted, and
//! what it lies about is refused, but for what that verifier leaves open.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod gate;
mod server;

use evidence::{
    Envelope, Signature,
    bundle::Version,
    envelope::IN_TOTO,
    json::{Value, json},
};
use jiff::Timestamp;
use sigstore_trust_root::TrustedRoot;
use sigstore_types::{Bundle, DerPublicKey, Sha256Hash};
use sigstore_verify::{Policy, PublicKeyVerificationPolicy, VerificationPolicy, Verifier};
use testkit::sigstore::{Change, Identity, Instance, Job, Key, Lie, Name, Options, Rekor};

const HEX: &str = "b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";

fn statement() -> Vec<u8> {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "app", "digest": {"sha256": HEX}}],
        "predicateType": "https://example.com/word/v1",
        "predicate": {},
    });
    statement.to_string().into_bytes()
}

fn at() -> Timestamp {
    "2026-11-20T09:31:00Z".parse().unwrap()
}

fn accepts(root: &[u8], bundle: &[u8], policy: &dyn Policy) -> Result<(), String> {
    let root = TrustedRoot::from_json(std::str::from_utf8(root).unwrap()).unwrap();
    let verifier = Verifier::new(&root).map_err(|error| error.to_string())?;
    let bundle = Bundle::from_json(std::str::from_utf8(bundle).unwrap())
        .map_err(|error| error.to_string())?;
    let digest = Sha256Hash::from_hex(HEX).unwrap();
    verifier.verify(digest, &bundle, policy).map(drop).map_err(|error| error.to_string())
}

fn job() -> Identity {
    Identity::github(&Job::default())
}

fn policy(identity: &Identity) -> VerificationPolicy {
    VerificationPolicy::new(identity.name.text(), &identity.issuer)
}

#[test]
fn honest_bundles_of_every_form_are_accepted() {
    let instance = Instance::new();
    let root = instance.trusted_root();
    let people = [
        job(),
        Identity::gitlab(&Job::default()),
        Identity::email("alice@example.com", "https://accounts.example.com"),
        Identity::named(Name::Uri("https://ci.example.com/bot".into()), "https://ci.example.com"),
    ];
    let both = vec![Rekor::V1, Rekor::V2];
    let forms = [
        Options::default(),
        Options { logs: vec![Rekor::V1], ..Options::default() },
        Options { logs: vec![Rekor::V1], timestamps: 0, ..Options::default() },
        Options { logs: both, timestamps: 2, ..Options::default() },
        Options { version: Version::V0_2, logs: vec![Rekor::V1], ..Options::default() },
        Options { version: Version::V0_1, logs: vec![Rekor::V1], ..Options::default() },
    ];
    for identity in &people {
        for form in &forms {
            let bundle = instance.sign(&statement(), identity, at(), form);
            let result = accepts(&root, &bundle, &policy(identity));
            assert_eq!(result, Ok(()), "{identity:?} {form:?}");
            assert_eq!(bundle, Instance::new().sign(&statement(), identity, at(), form));
        }
    }
}

#[test]
fn what_is_signed_by_a_key_is_logged_and_stamped_too() {
    let (instance, key) = (Instance::new(), Key::of("managed"));
    let mut envelope =
        Envelope { payload: statement(), payload_type: IN_TOTO.into(), signatures: vec![] };
    let bytes = key.sign(&envelope.pae());
    envelope.signatures.push(Signature { keyid: None, bytes });
    let policy = PublicKeyVerificationPolicy::new(DerPublicKey::new(key.public()));
    for logs in [vec![Rekor::V1], vec![Rekor::V2]] {
        let options = Options { logs, ..Options::default() };
        let bundle = instance.seal(&envelope, &key.public(), at(), &options);
        assert_eq!(accepts(&instance.trusted_root(), &bundle, &policy), Ok(()), "{options:?}");
        let lie = options.with(Lie::EntryOfAnotherCertificate);
        let bundle = instance.seal(&envelope, &key.public(), at(), &lie);
        assert!(accepts(&instance.trusted_root(), &bundle, &policy).is_err());
    }
}

#[test]
fn every_lie_changes_the_bundle_and_is_refused_or_known_to_be_left_open() {
    let instance = Instance::new();
    let root = instance.trusted_root();
    let mut open = Vec::new();
    for lie in Lie::ALL {
        for options in [vec![lie.options()], lie.other_options()].concat() {
            let honest = instance.sign(&statement(), &job(), at(), &options);
            assert_eq!(accepts(&root, &honest, &policy(&job())), Ok(()), "{options:?}");
            let lying = instance.sign(&statement(), &job(), at(), &options.with(*lie));
            assert_ne!(lying, honest, "{lie:?} {options:?}");
            match accepts(&root, &lying, &policy(&job())) {
                Ok(()) => open.push(*lie),
                Err(reason) => println!("{lie:?} {:?}: {reason}", options.logs),
            }
        }
    }
    open.dedup();
    assert_eq!(open, LEFT_OPEN);
}

/// What that verifier accepts in one form at least, and ours must not.
const LEFT_OPEN: &[Lie] = &[
    Lie::BundleMemberUnknown,
    Lie::BundleMemberUnknownInside,
    Lie::CertificateIssuersDisagree,
    Lie::CertificateWithTwoNames,
    Lie::CheckpointOriginChanged,
    Lie::EntryBodyWithMore,
    Lie::EntryTwice,
    Lie::IntegratedTimeInvented,
    Lie::ProofIndexChanged,
    Lie::ProofRootChanged,
    Lie::ProofSizeChanged,
    Lie::TimestampTwice,
];

#[test]
fn a_changed_trusted_root_verifies_nothing_but_what_is_left_open() {
    let instance = Instance::new();
    let mut open = Vec::new();
    for change in Change::ALL {
        let root = instance.trusted_root_with(*change);
        assert_ne!(root, instance.trusted_root());
        let bundle = instance.sign(&statement(), &job(), at(), &Options::default());
        match accepts(&root, &bundle, &policy(&job())) {
            Ok(()) => open.push(*change),
            Err(reason) => println!("{change:?}: {reason}"),
        }
    }
    let left_open =
        [Change::LogEnded, Change::TimestampPurposeAmong, Change::TimestampPurposeNotCritical];
    assert_eq!(open, left_open);
}

#[test]
fn an_instance_of_another_name_is_another_one() {
    let (one, two) = (Instance::new(), Instance::named("elsewhere"));
    let bundle = two.sign(&statement(), &job(), at(), &Options::default());
    assert_eq!(accepts(&two.trusted_root(), &bundle, &policy(&job())), Ok(()));
    assert!(accepts(&one.trusted_root(), &bundle, &policy(&job())).is_err());
}

#[test]
fn a_legacy_layer_has_its_promise_beside_it() {
    let legacy = Instance::new().sign_legacy(&statement(), &job(), at(), &Options::default());
    let bundle = legacy.annotations.get("dev.sigstore.cosign/bundle").unwrap();
    let bundle: Value = serde_json::from_str(bundle).unwrap();
    assert_eq!(bundle.pointer("/Payload/integratedTime"), Some(&json!(at().as_second() + 1)));
    assert!(legacy.annotations.contains_key("dev.sigstore.cosign/rfc3161timestamp"));
}
