//! The same before our own gate: every honest form is allowed, and every lie in every form is not.
//!
//! The cases in `testdata/cases` have each lie once, with its code. Here each is told in every form of
//! bundle in which it can be told.

use chain::{Candidate, Content, Image, Policy, Question, Shape, policy::Wanted};
use evidence::{bundle::Version, json::json, time};
use testkit::sigstore::{Change, Instance, Lie, Older, Options, Rekor};

use super::{HEX, at, job};

const NAME: &str = "registry.example.com/acme/app";

/// A policy with one step by the job, and a root with members of its own.
fn policy(root: &[u8], members: &str) -> Policy {
    let identity = job();
    let text = format!(
        "schema: 1\nname: lies\nimages: [registry.example.com/acme/*]\n\
         trust: {{roots: {{test: {{root: root.json{members}}}}}}}\n\
         signers: {{job: {{issuer: '{}', identity: '{}'}}}}\n\
         steps: {{word: {{type: 'https://example.com/word/v1', signed-by: job}}}}\n",
        identity.issuer,
        identity.name.text(),
    );
    let mut reader = |wanted: Wanted<'_>| match wanted {
        Wanted::File("root.json") => Ok(root.to_vec()),
        _ => Err("there is no such file".to_owned()),
    };
    Policy::parse("policy.yaml", text.as_bytes(), &mut reader).unwrap()
}

fn statement() -> Vec<u8> {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": NAME, "digest": {"sha256": HEX}}],
        "predicateType": "https://example.com/word/v1",
        "predicate": {},
    });
    statement.to_string().into_bytes()
}

/// The decision about a bundle, and the code of the first finding.
fn decided(policy: &Policy, bundle: Vec<u8>) -> (String, Option<&'static str>) {
    let digest = format!("sha256:{HEX}");
    let question = Question {
        image: Image {
            reference: format!("{NAME}@{digest}"),
            name: NAME.to_owned(),
            told: false,
            shape: Shape::Lone,
            digest: digest.parse().unwrap(),
            same_bytes: vec![],
            labels: None,
            evidence_repository: None,
        },
        environment: None,
        before: None,
        now: time::parse("2026-11-23T12:00:00Z").unwrap(),
    };
    let content = Content::Bundle(bundle);
    let candidate = Candidate { found: "bundle".to_owned(), referrer: None, content };
    let verdict = chain::gate(policy, &question, vec![candidate]).unwrap();
    let code = verdict.findings.first().map(|finding| finding.code.word());
    (verdict.decision.word().to_owned(), code)
}

fn forms() -> Vec<Options> {
    let v1 = Options { logs: vec![Rekor::V1], ..Options::default() };
    vec![
        Options::default(),
        Options { logs: vec![Rekor::V1, Rekor::V2], timestamps: 2, ..Options::default() },
        Options { timestamps: 0, ..v1.clone() },
        Options { version: Version::V0_2, ..v1.clone() },
        Options { version: Version::V0_1, ..v1.clone() },
        Options { version: Version::V0_1, proof: false, timestamps: 0, ..v1.clone() },
        Options { logs: vec![], older: vec![Older::Intoto002], ..v1.clone() },
        v1,
    ]
}

/// What cannot be told in a form, or is no lie in it.
fn is_idle(lie: Lie, form: &Options) -> bool {
    let v1 = form.logs.contains(&Rekor::V1) || !form.older.is_empty();
    match lie {
        // A second copy of a token is superfluous, and proves no less: an authority counts once.
        Lie::TimestampTwice => true,
        Lie::BundleWithChain => form.version != Version::V0_3,
        Lie::EntryAlgorithmConfused | Lie::EntryBodyWithMore => !form.logs.contains(&Rekor::V2),
        // It is there beside the entry of a log that the form asks.
        Lie::EntryAndForeign => form.logs.is_empty(),
        Lie::IntegratedTimeInvented => v1,
        Lie::IntegratedTimeChanged
        | Lie::IntegratedTimeEarly
        | Lie::IntegratedTimeLate
        | Lie::PromiseForged => !v1,
        // Where a timestamp tells the time, nobody has to promise it; v0.1 asks for it.
        Lie::PromiseMissing => !v1 || (form.timestamps > 0 && form.version != Version::V0_1),
        Lie::TimestampMissing => v1,
        Lie::CheckpointForged
        | Lie::CheckpointOfAnotherSize
        | Lie::CheckpointOriginChanged
        | Lie::CheckpointSizeChanged
        | Lie::ProofHashChanged
        | Lie::ProofHashExtra
        | Lie::ProofHashMissing
        | Lie::ProofIndexChanged
        | Lie::ProofRootChanged
        | Lie::ProofSizeChanged => !form.proof,
        // v0.1 may do without, or bring a proof that leads nowhere: the promise counts.
        Lie::CheckpointMissing | Lie::ProofMissing => form.version == Version::V0_1,
        _ => form.timestamps == 0 && format!("{lie:?}").starts_with("Timestamp"),
    }
}

#[test]
fn every_lie_is_refused_in_every_form_of_bundle() {
    let instance = Instance::new();
    let policy = policy(&instance.trusted_root(), "");
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for form in forms() {
        let honest = instance.sign(&statement(), &job(), at(), &form);
        let decision = decided(&policy, honest);
        if decision.0 != "allow" {
            wrong.push(format!("{form:?}: {decision:?}"));
        }
        for lie in Lie::ALL.iter().filter(|lie| !is_idle(**lie, &form)) {
            let lying = instance.sign(&statement(), &job(), at(), &form.with(*lie));
            match decided(&policy, lying) {
                (decision, Some(_)) if decision == "deny" => refused += 1,
                other => wrong.push(format!("{lie:?} in {form:?}: {other:?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(refused > 300, "only {refused} lies were told");
}

#[test]
fn a_changed_root_believes_nothing_that_it_should_not() {
    let instance = Instance::new();
    let bundle = instance.sign(&statement(), &job(), at(), &Options::default());
    for change in Change::ALL {
        let root = instance.trusted_root_with(*change);
        let policy = match change {
            // The policy is refused, for it asks for what the root has not.
            Change::AuthorityMissing | Change::LogMissing => continue,
            _ => policy(&root, ""),
        };
        let (decision, code) = decided(&policy, bundle.clone());
        assert_eq!(decision, "deny", "{change:?}");
        println!("{change:?}: {code:?}");
    }
}
