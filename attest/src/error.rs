//! Why nothing was attested: one variant per step, so that the step is in the type.
//!
//! What a person reads of it is made here from each step's own words; whose it is to mend is
//! decided in `exit`.

use std::io;

use evidence::json::JsonError;

use crate::{
    attach::AttachError,
    collect::{
        built::BuiltError,
        command::CommandError,
        environment::EnvironmentError,
        labels::LabelMismatch,
        metadata::MetadataError,
        provenance::ProvenanceError,
        report::{Refused, files::FilesError},
        sbom::SbomRefused,
        verdict::VerdictError,
    },
    consistent::Inconsistent,
    copy::CopyError,
    file::FileError,
    instance::InstanceError,
    key_file::GenerateError,
    resolve::ResolveError,
    seal::SealError,
    sign::{CertifyError, OpenError, SignError, SourceError},
    statement::StatementRefused,
    usage::UsageError,
};

/// Why nothing was attested.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Attesting failed around the command of `attest test`, before or after it ran.
    #[error("{0}")]
    AroundCommand(Box<Error>),
    /// The bundle could not be attached.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// A metadata file and what was typed do not go together.
    #[error(transparent)]
    Built(#[from] BuiltError),
    /// The command of `attest test` did not run.
    #[error("{0}")]
    Command(CommandError),
    /// The image configuration cannot be read.
    #[error("the image configuration is {0}")]
    Config(JsonError),
    /// The image could not be copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// A statement that contradicts itself or the clock.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistent),
    /// The answer was no.
    #[error("the answer was not yes")]
    Declined,
    /// The environment.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// A file that the user named.
    #[error(transparent)]
    File(#[from] FileError),
    /// No key was made.
    #[error(transparent)]
    GenerateKey(#[from] GenerateError),
    /// A label names another build.
    #[error(transparent)]
    Label(#[from] LabelMismatch),
    /// A metadata file.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The key cannot be opened.
    #[error(transparent)]
    OpenKey(#[from] OpenError),
    /// What to sign with.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// There is no certificate.
    #[error(transparent)]
    Certify(#[from] CertifyError),
    /// There is no identity token.
    #[error(transparent)]
    IdentityToken(#[from] SourceError),
    /// The result could not be printed.
    #[error("cannot print the result: {0}")]
    Print(io::Error),
    /// A build without source or commit.
    #[error(transparent)]
    Provenance(#[from] ProvenanceError),
    /// A report of a scanner or test runner.
    #[error(transparent)]
    Report(#[from] Refused),
    /// The files of reports.
    #[error(transparent)]
    ReportFiles(FilesError),
    /// The image.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A bill of materials.
    #[error(transparent)]
    Sbom(#[from] SbomRefused),
    /// The finished bundle may not leave.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Signals cannot be listened to.
    #[error("cannot listen to signals: {0}")]
    Signals(io::Error),
    /// There is no signature.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The statement.
    #[error(transparent)]
    Statement(#[from] StatementRefused),
    /// A signal came before the result was attested.
    #[error("stopped by signal {number} before the result was attested")]
    Stopped {
        /// Which.
        number: i32,
    },
    /// What was asked for does not fit the circumstances.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// A verdict.
    #[error(transparent)]
    Verdict(#[from] VerdictError),
}

impl From<registry::Error> for Error {
    fn from(error: registry::Error) -> Self {
        Self::Resolve(ResolveError::Source(error))
    }
}

impl From<FilesError> for Error {
    fn from(error: FilesError) -> Self {
        match error {
            FilesError::Refused(refused) => Self::Report(refused),
            other => Self::ReportFiles(other),
        }
    }
}

impl Error {
    /// The stable code, `error.kind` in JSON.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::AroundCommand(error) => error.code(),
            Self::Attach(error) => error.code(),
            Self::Built(error) => error.code(),
            Self::Command(_) => "command",
            Self::Certify(error) => error.code(),
            Self::Config(_) => "config-unreadable",
            Self::Copy(error) => error.code(),
            Self::Declined => "declined",
            Self::Inconsistent(error) => error.code(),
            Self::Environment(error) => error.code(),
            Self::IdentityToken(error) => error.code(),
            Self::Instance(error) => error.code(),
            Self::File(error) => error.code(),
            Self::GenerateKey(error) => error.code(),
            Self::Label(error) => error.code(),
            Self::Metadata(error) => error.code(),
            Self::OpenKey(error) => error.code(),
            Self::Print(_) => "output",
            Self::Provenance(error) => error.code(),
            Self::Report(error) => error.code(),
            Self::ReportFiles(_) => "unreadable-file",
            Self::Resolve(error) => error.code(),
            Self::Sbom(error) => error.code(),
            Self::Seal(error) => error.code(),
            Self::Sign(_) => "sign",
            Self::Signals(_) => "signals",
            Self::Stopped { .. } => "stopped",
            Self::Statement(error) => error.code(),
            Self::Usage(error) => error.code(),
            Self::Verdict(error) => error.code(),
        }
    }

    /// What each side says, line by line.
    pub(crate) fn details(&self) -> Vec<String> {
        match self {
            Self::AroundCommand(error) => error.details(),
            Self::Label(error) => error.details(),
            Self::ReportFiles(error) => causes(error),
            Self::Command(error) => causes(error),
            Self::Verdict(VerdictError::Overtaken { lines, .. }) => lines.clone(),
            _ => Vec::new(),
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> Option<String> {
        let owned = |text: &'static str| Some(text.to_owned());
        match self {
            Self::AroundCommand(error) => error.help(),
            Self::Attach(error) => error.help(),
            Self::Built(error) => owned(error.help()),
            Self::Certify(error) => error.help().map(str::to_owned),
            Self::Copy(error) => error.help(),
            Self::Environment(error) => Some(error.help()),
            Self::File(error) => owned(error.help()),
            Self::GenerateKey(error) => error.help().map(str::to_owned),
            Self::IdentityToken(error) => error.help().map(str::to_owned),
            Self::Inconsistent(error) => owned(error.help()),
            Self::Instance(error) => owned(error.help()),
            Self::Metadata(error) => Some(error.help()),
            Self::OpenKey(error) => error.help().map(str::to_owned),
            Self::Provenance(error) => owned(error.help()),
            Self::Report(error) => owned(error.help()),
            Self::ReportFiles(error) => owned(error.help()),
            Self::Resolve(error) => error.help(),
            Self::Sbom(error) => owned(error.help()),
            Self::Seal(error) => error.help().map(str::to_owned),
            Self::Statement(error) => error.help().map(str::to_owned),
            Self::Usage(error) => error.help().map(str::to_owned),
            Self::Verdict(error) => owned(error.help()),
            Self::Command(_)
            | Self::Config(_)
            | Self::Declined
            | Self::Label(_)
            | Self::Print(_)
            | Self::Sign(_)
            | Self::Signals(_)
            | Self::Stopped { .. } => None,
        }
    }
}

/// What an error does not say itself.
fn causes(error: &dyn std::error::Error) -> Vec<String> {
    std::iter::successors(error.source(), |cause| cause.source())
        .map(|cause| evidence::text::escape_short(&cause.to_string(), 300))
        .collect()
}
