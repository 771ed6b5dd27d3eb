//! Errors: no verdict was reached. They speak to whoever runs the command, on stderr, and with
//! `--format json` on stdout as well, so that a machine always gets JSON.

use std::{io, path::PathBuf};

use chain::{Undecided, policy::Faults};
use evidence::text::escape_short;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{cli::UsageError, exit::ExitStatus, gather::GatherError, output::ReportError, roots};

/// Why there is no verdict; a variant per stage.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Gathering failed.
    #[error(transparent)]
    Gather(#[from] GatherError),
    /// The answer could not be written to stdout.
    #[error("cannot write to stdout: {0}")]
    Output(io::Error),
    /// The policy has faults.
    #[error("the policy has faults")]
    Policy(Faults),
    /// The policy cannot be read.
    #[error("cannot read policy `{}`: {cause}", escape_short(&path.display().to_string(), 300))]
    PolicyFile {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A report cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A policy wants a trusted root from what is no repository.
    #[error(transparent)]
    Repository(#[from] trust::RepositoryError),
    /// A file is named for a trusted root.
    #[error(transparent)]
    RootFile(#[from] roots::FileError),
    /// The runtime that waits for answers could not be started.
    #[error("cannot wait for answers: {0}")]
    Runtime(io::Error),
    /// The whole answer took longer than it may.
    #[error("the limit `timeout` was reached: {seconds} s for the whole answer")]
    Timeout {
        /// How long it may take.
        seconds: u64,
    },
    /// Who is named on the command line is nobody that a policy could name.
    #[error("{}", titles(.0))]
    Signer(Faults),
    /// A trusted root cannot be had.
    #[error(transparent)]
    Trust(#[from] trust::TrustError),
    /// The question does not fit the policy, or a bound was reached.
    #[error("{why}")]
    Undecided {
        /// Why.
        why: Undecided,
        /// The policy file.
        policy: String,
    },
    /// The command line is wrong.
    #[error(transparent)]
    Usage(#[from] UsageError),
}

impl Error {
    /// The kind, as `error.kind` in JSON spells it; stable.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Gather(error) => error.kind(),
            Self::Output(_) => "output",
            Self::Policy(_) => "policy",
            Self::PolicyFile { .. } => "policy-file",
            Self::Report(_) => "report",
            Self::Repository(_) => "repository",
            Self::RootFile(error) => error.kind(),
            Self::Runtime(_) => "runtime",
            Self::Timeout { .. } => "timeout",
            Self::Signer(_) => "signer",
            Self::Trust(error) => error.kind(),
            Self::Undecided { why, .. } => why.kind(),
            Self::Usage(_) => "usage",
        }
    }

    /// What to do about it, where there is something.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Gather(error) => {
                let unavailable = ExitStatus::from(error) == ExitStatus::Unavailable;
                error.help().or(unavailable.then_some(TRY_AGAIN)).map(str::to_owned)
            }
            Self::Timeout { .. } => Some("try again; or give it longer with --timeout".to_owned()),
            Self::RootFile(error) => error.help().map(str::to_owned),
            Self::Signer(faults) => faults.iter().find_map(|fault| fault.help.first().cloned()),
            Self::Trust(error) => Some(error.help().to_owned()),
            Self::Undecided { why, policy } => undecided_help(why, policy),
            Self::Usage(error) => error.help(),
            Self::PolicyFile { cause, .. } => Some(match cause.kind() {
                io::ErrorKind::NotFound => {
                    "paths are relative to where the command runs".to_owned()
                }
                _ => "let whoever runs the gate read it; a policy is one file of YAML".to_owned(),
            }),
            Self::Output(_)
            | Self::Policy(_)
            | Self::Report(_)
            | Self::Repository(_)
            | Self::Runtime(_) => None,
        }
    }
}

fn titles(faults: &Faults) -> String {
    let titles: Vec<&str> = faults.iter().map(|fault| fault.title.as_str()).collect();
    titles.join("; ")
}

/// What to do where nobody did anything wrong.
const TRY_AGAIN: &str = "evidence that cannot be read is not evidence that is missing; try again";

fn undecided_help(why: &Undecided, policy: &str) -> Option<String> {
    match why {
        Undecided::NoEnvironment { known } => {
            Some(format!("say which: --environment {}", known.join(" or --environment ")))
        }
        Undecided::NotForImage { .. } => Some(format!(
            "`images` in {policy} lists what it is for; use the policy of this image, or add it there"
        )),
        Undecided::PolicyExpired { .. } => {
            Some(format!("renew it: set a later `expires` in {policy}, and a higher `revision`"))
        }
        Undecided::Limit(_) => Some(
            "somebody hung more on this digest than is judged; remove what is not yours".to_owned(),
        ),
        Undecided::NoPlatform => Some(format!("use another `evidence-on` in {policy}")),
        Undecided::UnknownEnvironment { asked, known }
        | Undecided::UnknownStep { asked, known } => chain::policy::meant(asked, known),
        Undecided::NothingBefore { .. } => {
            Some("ask without --before: there is nothing to wait for".to_owned())
        }
    }
}

/// The version of the error's JSON.
const VERSION: u32 = 1;

/// An error as JSON (docs/error.schema.json).
#[derive(Debug, Serialize, JsonSchema)]
pub struct ErrorReport {
    /// The version of this JSON.
    pub version: u32,
    /// The error.
    pub error: ErrorObject,
}

/// What went wrong.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ErrorObject {
    /// A stable kebab-case word.
    pub kind: String,
    /// A sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The exit code.
    pub exit: u8,
}

impl From<&Error> for ErrorReport {
    fn from(error: &Error) -> Self {
        let message = match error {
            Error::Policy(faults) => titles(faults),
            error => error.to_string(),
        };
        let error = ErrorObject {
            kind: error.kind().to_owned(),
            message,
            help: error.help(),
            exit: ExitStatus::from(error).code(),
        };
        Self { version: VERSION, error }
    }
}
