//! Everything that a registry can do wrong, at every request that the gate makes: never an allow,
//! never for ever, and no secret in any output.
//!
//! Where evidence says that a newer test failed, each fault is injected into each kind of request. A
//! registry that cannot be had is no verdict (exit 3), which is not the deny that it would be.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::{
    kinds::{self, Expected, Kind},
    world::{Asked, Ended, World},
};

/// Runs at once: most of them wait.
const AT_ONCE: usize = 16;

/// One fault at one request; what is wrong with the outcome, if anything is.
fn trial(kind: &Kind, asked: Asked) -> Option<String> {
    let world = World::new();
    let elsewhere = testkit::registry::Registry::start().unwrap();
    (kind.inject)(&world, asked, &elsewhere);
    let ended = world.gate(asked, &["--timeout", kind.timeout]);
    let fault = match (kind.expected)(asked) {
        Expected::Deny => ended.status != 1 || ended.word != "deny",
        Expected::Error(words) => ended.status != 3 || !words.contains(&ended.word.as_str()),
        Expected::NoAllow => !matches!(ended.status, 1 | 3),
    };
    let carried = elsewhere.requests().iter().any(|r| r.header("authorization").is_some());
    let wrong = fault || carried || allows(&ended) || ended.tells();
    wrong.then(|| format!("{} at {asked:?}: credentials carried: {carried}; {ended:#?}", kind.name))
}

/// Whether stdout could be taken for an allow.
fn allows(ended: &Ended) -> bool {
    ended.status == 0 || ended.word.starts_with("allow") || ended.stdout.contains("\"allow")
}

#[test]
fn no_fault_of_a_registry_is_an_allow() {
    let trials: Vec<(Kind, Asked)> = kinds::all()
        .into_iter()
        .flat_map(|kind| Asked::ALL.map(|asked| (kind.clone(), asked)))
        .filter(|(kind, asked)| (kind.applies)(*asked))
        .collect();
    assert!(trials.len() > 200, "{}", trials.len());
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((kind, asked)) = trials.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = trial(kind, *asked);
                    wrong.lock().unwrap().extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), trials.len(), wrong.join("\n"));
}

#[test]
fn without_a_fault_a_newer_failure_denies_and_without_it_the_gate_allows() {
    for asked in [Asked::Tag, Asked::Image] {
        World::new().gate(asked, &[]).is(1, "deny");
        World::allowed().gate(asked, &[]).is(0, "allow");
    }
}

#[test]
fn every_request_that_the_gate_makes_is_in_the_table() {
    let world = World::new();
    world.gate(Asked::Tag, &[]);
    world.gate(Asked::Image, &[]);
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    for request in world.registry.take_requests() {
        let asked = Asked::ALL.into_iter().find(|asked| {
            let path = world.path(*asked);
            request.ends_with(&path) || (*asked == Asked::Token && request.contains(&path))
        });
        *met.entry(asked.map_or(request, |asked| format!("{asked:?}"))).or_default() += 1;
    }
    // The manifest and blob of the older test are asked for as those of the newer one are.
    met.retain(|name, _| !name.starts_with("GET /v2/acme/app/"));
    assert_eq!(met.into_keys().collect::<Vec<_>>(), Asked::ALL.map(|asked| format!("{asked:?}")));
}
