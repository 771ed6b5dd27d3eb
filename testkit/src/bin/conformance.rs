//! Speaks the protocol of the Sigstore conformance suite, for its runner and for our own.
//!
//! Exit 0: verified; 1: not; 2: not asked in the words of the protocol.

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use testkit::conformance::{Question, Subject, Who, verify};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.split_first() {
        Some((&"verify-bundle", rest)) => match question(rest) {
            Some(question) => answered(&verify(&question)),
            None => wrong(),
        },
        _ => wrong(),
    }
}

fn answered(outcome: &Result<(), String>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn wrong() -> ExitCode {
    eprintln!(
        "conformance verify-bundle --bundle FILE (--certificate-identity ID \
         --certificate-oidc-issuer URL | --key FILE) --trusted-root FILE FILE_OR_DIGEST"
    );
    ExitCode::from(2)
}

/// The question, whose arguments come in the order of the protocol. Without a root it is about the
/// public instance, whose root is then beside the program: it is had by `verify trust fetch`.
fn question(arguments: &[&str]) -> Option<Question> {
    let (artifact, mut options) = arguments.split_last()?;
    let mut take = |name: &str| match options {
        [first, value, rest @ ..] if *first == name => {
            options = rest;
            Some((*value).to_owned())
        }
        _ => None,
    };
    let bundle = PathBuf::from(take("--bundle")?);
    let who = match take("--key") {
        Some(key) => Who::Key(key.into()),
        None => {
            let identity = take("--certificate-identity")?;
            Who::Identity(identity, take("--certificate-oidc-issuer")?)
        }
    };
    let usual = || Path::new("trusted_root.json").to_owned();
    let trusted_root = take("--trusted-root").map_or_else(usual, PathBuf::from);
    let artifact = Subject::of(artifact);
    options.is_empty().then_some(Question { bundle, who, trusted_root, artifact })
}
