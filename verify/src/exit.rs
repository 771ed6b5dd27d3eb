//! Exit: what the caller's shell sees. Only 0 deploys, so every other outcome is closed.
//!
//! The one place that maps outcomes to numbers, with every match exhaustive: a new kind of error has
//! to be given its number here before the crate builds.

use std::process::{ExitCode, Termination};

use chain::{Decision, Undecided, Verdict};

use crate::{
    cli::UsageError,
    error::Error,
    gather::{FileError, GatherError},
};

/// How the command ended (docs/exit-codes.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// 0: allowed, ready, verified, listed, shown or fetched.
    Done,
    /// 1: denied or refused.
    Denied,
    /// 2: the command or the policy is wrong.
    Usage,
    /// 3: no verdict, because evidence cannot be had.
    Unavailable,
}

impl ExitStatus {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Denied => 1,
            Self::Usage => 2,
            Self::Unavailable => 3,
        }
    }
}

impl Termination for ExitStatus {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}

impl From<&Verdict> for ExitStatus {
    fn from(verdict: &Verdict) -> Self {
        match verdict.decision {
            Decision::Allow
            | Decision::AllowByException
            | Decision::AllowAsRollback
            | Decision::AllowNotEnforced
            | Decision::Ready => Self::Done,
            Decision::Deny => Self::Denied,
        }
    }
}

impl From<&Error> for ExitStatus {
    fn from(error: &Error) -> Self {
        match error {
            Error::Usage(error) => error.into(),
            Error::Policy(_)
            | Error::PolicyFile { .. }
            | Error::Report(_)
            | Error::Repository(_)
            | Error::RootFile(_)
            | Error::Signer(_) => Self::Usage,
            Error::Trust(error) if error.may_pass() => Self::Unavailable,
            Error::Trust(_) => Self::Usage,
            Error::Gather(error) => error.into(),
            Error::Undecided { why, .. } => why.into(),
            Error::Output(_) | Error::Runtime(_) | Error::Timeout { .. } => Self::Unavailable,
        }
    }
}

impl From<&UsageError> for ExitStatus {
    fn from(error: &UsageError) -> Self {
        match error {
            UsageError::AsForRegistry { .. }
            | UsageError::AsName { .. }
            | UsageError::BeforeQuiet
            | UsageError::BundleIncomplete
            | UsageError::Digest { .. }
            | UsageError::EvidenceRepository(_)
            | UsageError::Format { .. }
            | UsageError::Image(_)
            | UsageError::Index { .. }
            | UsageError::NoName
            | UsageError::NoRoot { .. }
            | UsageError::Report { .. }
            | UsageError::RootForNamed { .. }
            | UsageError::SamePath { .. }
            | UsageError::StdoutTwice
            | UsageError::Supplied(_)
            | UsageError::Syntax { .. }
            | UsageError::Timeout { .. } => Self::Usage,
        }
    }
}

impl From<&Undecided> for ExitStatus {
    fn from(undecided: &Undecided) -> Self {
        match undecided {
            Undecided::Limit(_) => Self::Unavailable,
            Undecided::NoEnvironment { .. }
            | Undecided::NotForImage { .. }
            | Undecided::NoPlatform
            | Undecided::NothingBefore { .. }
            | Undecided::PolicyExpired { .. }
            | Undecided::UnknownEnvironment { .. }
            | Undecided::UnknownStep { .. } => Self::Usage,
        }
    }
}

impl From<&GatherError> for ExitStatus {
    fn from(error: &GatherError) -> Self {
        match error {
            GatherError::NotListed { .. } | GatherError::OtherDigest { .. } => Self::Usage,
            GatherError::NoIndex { .. } => Self::Unavailable,
            GatherError::File(FileError::Limit { .. }) => Self::Unavailable,
            GatherError::File(
                FileError::Broken { .. }
                | FileError::NoBundle { .. }
                | FileError::Unclear { .. }
                | FileError::Unreadable { .. },
            ) => Self::Usage,
            // What cannot even be opened was named wrongly; everything else may be there next time.
            GatherError::Registry(registry::Error::Open(_)) => Self::Usage,
            GatherError::Registry(_) => Self::Unavailable,
        }
    }
}
