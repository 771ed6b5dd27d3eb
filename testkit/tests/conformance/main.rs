//! The verify cases of the Sigstore conformance suite, over the `conformance` program.
//!
//! Every case by path and by digest. What is expected otherwise stands with its reason in
//! `testdata/exceptions.toml`; an exception that is none any more fails, too. The suite is not ours and
//! lies outside; where it is absent, the test says so. `CONFORMANCE_SUITE` names another place.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod suite;

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use suite::{Case, Suite};

/// Runs the program as the suite's protocol has it.
fn conformance(arguments: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_conformance")).args(arguments).output().unwrap()
}

/// Whether a case is verified, by one way of naming the artifact; and what is said if not.
fn verified(case: &Case, artifact: &str) -> Result<(), String> {
    let output = conformance(&case.arguments(artifact));
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    match output.status.code() {
        Some(0) => Ok(()),
        Some(1) => Err(said),
        other => Err(format!("ended with {other:?}: {said}")),
    }
}

#[test]
fn every_case_of_the_suite_is_decided_as_it_must_be() {
    let Some(suite) = Suite::find() else {
        println!("skipped: the Sigstore conformance suite is not here");
        return;
    };
    let mut exceptions = suite::exceptions();
    let (mut right, mut wrong) = (0, Vec::new());
    for case in suite.cases() {
        for artifact in [case.artifact.display().to_string(), case.digest()] {
            let outcome = verified(&case, &artifact);
            let says = outcome.as_ref().err().map_or("verified", String::as_str);
            println!("{}: {says}", case.name);
            let as_expected = outcome.is_ok() == case.must_verify();
            match (as_expected, exceptions.get_mut(&case.name)) {
                (true, None) => right += 1,
                (false, Some(exception)) => exception.used = true,
                (true, Some(exception)) => {
                    wrong.push(format!(
                        "{}: no exception any more: {}",
                        case.name, exception.reason
                    ));
                }
                (false, None) => wrong.push(format!("{}: {says}", case.name)),
            }
        }
    }
    let stale = exceptions.iter().filter(|(_, exception)| !exception.used);
    wrong.extend(stale.map(|(name, _)| format!("{name}: no such case")));
    println!("{right} as expected, {} not", wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(right > 0, "{} holds no case", suite.directory.display());
}

/// What the suite's own runner would find odd: an unknown command is an error, and no verdict.
#[test]
fn what_is_no_command_of_the_protocol_is_an_error() {
    let calls: [&[&str]; 4] =
        [&[], &["verify-bundle"], &["frobnicate"], &["verify-bundle", "--bundle", "x", "--y", "z"]];
    for arguments in calls {
        let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(conformance(&arguments).status.code(), Some(2), "{arguments:?}");
    }
}

/// Where our own files are.
fn testdata(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(path)
}
