//! Adding evidence by those that no step names for it never changes a verdict.

use std::collections::BTreeMap;

use chain::{Candidate, Content, Policy};
use evidence::{Bundle, Statement};

use crate::{
    alike::essence,
    case::{Case, evidence, root},
};

#[test]
fn strangers_change_nothing() {
    let strangers = evidence(&root().join("_strangers"));
    assert!(strangers.len() > 50, "the strangers are gone");
    for case in Case::all() {
        let Ok(policy) = case.policy() else { continue };
        unchanged(&case, &policy, &strangers);
    }
}

#[test]
fn known_signers_change_nothing_where_no_step_names_them() {
    let others = evidence(&root().join("_others"));
    let types: BTreeMap<String, String> =
        others.iter().map(|other| (other.found.clone(), predicate_type(other))).collect();
    let mut added = 0;
    for case in Case::all() {
        let Ok(policy) = case.policy() else { continue };
        let unheard = |other: &&Candidate| !named(&policy, &other.found, &types[&other.found]);
        let unheard: Vec<Candidate> = others.iter().filter(unheard).cloned().collect();
        added += unheard.len();
        unchanged(&case, &policy, &unheard);
    }
    assert!(added > 10_000, "only {added} were tried");
}

/// Adds them all at once, and one by one a few that differ from case to case.
fn unchanged(case: &Case, policy: &Policy, more: &[Candidate]) {
    let before = essence(&case.ask_with(policy, case.evidence.clone()));
    let with = |more: &[Candidate]| [&case.evidence, more].concat();
    let after = essence(&case.ask_with(policy, with(more)));
    assert_eq!(after, before, "{}: all at once", case.name);
    for one in more.iter().skip(case.name.len() % 23).step_by(23) {
        let after = essence(&case.ask_with(policy, with(std::slice::from_ref(one))));
        assert_eq!(after, before, "{}: {}", case.name, one.found);
    }
}

/// Whether a step names the signer of `<signer>-<kind>` for its type. A signer is a party by the name
/// of its key's file.
fn named(policy: &Policy, found: &str, predicate_type: &str) -> bool {
    policy.steps.iter().filter(|step| step.selects.claims.include(predicate_type)).any(|step| {
        step.signed_by.parties.iter().filter_map(|party| policy.parties.get(party)).any(|party| {
            party.credentials.iter().any(|credential| {
                let chain::policy::CredentialKind::Key { file, .. } = &credential.kind else {
                    return false;
                };
                let key = file.rsplit('/').next().and_then(|name| name.strip_suffix(".pub"));
                key.is_some_and(|key| found.starts_with(&format!("{key}-")))
            })
        })
    })
}

fn predicate_type(candidate: &Candidate) -> String {
    let Content::Bundle(bytes) = &candidate.content else { return String::new() };
    let bundle = Bundle::parse(bytes).map(|bundle| bundle.envelope.payload).unwrap_or_default();
    Statement::parse(&bundle).map(|statement| statement.predicate_type).unwrap_or_default()
}
