//! Exit: who has to act, as a number.
//!
//! The one mapping from what happened to the process's status, exhaustive on purpose: a new error
//! does not compile until somebody says whose it is.

use std::process::{ExitCode, Termination};

use crate::{
    attach::AttachError, collect::command::of_signal, copy::CopyError, error::Error,
    report::Report, resolve::ResolveError, seal::SealError,
};

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Attested.
    Done,
    /// What was given cannot honestly be attested; the owner of the artifact acts.
    Refused,
    /// The command or its configuration is wrong; whoever wrote it acts.
    Usage,
    /// A registry or key is unavailable; retry, then operations.
    Unavailable,
    /// `attest test -- CMD`: the command's own status, or what a shell would say of it.
    Command(u8),
}

/// `attest test -- CMD`: attesting failed. As with `docker run`, no other status of ours could be told
/// from the command's.
const ATTESTING_FAILED: u8 = 125;

impl Exit {
    /// The status.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::Unavailable => 3,
            Self::Command(status) => status,
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}

impl From<&Result<Report, Error>> for Exit {
    fn from(result: &Result<Report, Error>) -> Self {
        match result {
            Ok(report) => report.command_status().map_or(Self::Done, Self::Command),
            Err(error) => Self::from(error),
        }
    }
}

impl From<&Error> for Exit {
    fn from(error: &Error) -> Self {
        match error {
            Error::AroundCommand(_) => Self::Command(ATTESTING_FAILED),
            Error::Stopped { number } => Self::Command(of_signal(*number)),
            Error::Command(error) => Self::Command(error.exit_status()),
            Error::Config(_)
            | Error::Declined
            | Error::Inconsistent(_)
            | Error::Label(_)
            | Error::Metadata(_)
            | Error::Provenance(_)
            | Error::Report(_)
            | Error::Sbom(_)
            | Error::Statement(_)
            | Error::Verdict(_) => Self::Refused,
            Error::GenerateKey(_) | Error::OpenKey(_) | Error::ReportFiles(_) | Error::Usage(_) => {
                Self::Usage
            }
            Error::Attach(error) => attach(error),
            Error::Print(_) | Error::Sign(_) | Error::Signals(_) => Self::Unavailable,
            Error::Certify(error) if error.is_usage() => Self::Usage,
            Error::IdentityToken(error) if error.is_usage() => Self::Usage,
            Error::Instance(error) if !error.is_unavailable() => Self::Usage,
            Error::Certify(_) | Error::IdentityToken(_) | Error::Instance(_) => Self::Unavailable,
            Error::Copy(error) => copy(error),
            Error::Built(error) if error.is_usage() => Self::Usage,
            Error::Built(_) => Self::Refused,
            Error::Environment(error) if error.is_usage() => Self::Usage,
            Error::Environment(_) => Self::Refused,
            Error::File(error) if error.is_too_large() => Self::Refused,
            Error::File(_) => Self::Usage,
            Error::Resolve(error) => resolve(error),
            Error::Seal(error) => seal(error),
        }
    }
}

fn attach(error: &AttachError) -> Exit {
    match error {
        AttachError::Nowhere | AttachError::TooLarge { .. } => Exit::Refused,
        AttachError::Registry(error) => source(error),
        AttachError::Contended { .. }
        | AttachError::Index { .. }
        | AttachError::Io { .. }
        | AttachError::Locked { .. }
        | AttachError::NotThere { .. }
        | AttachError::Partly { .. }
        | AttachError::Refused { .. }
        | AttachError::Write(_) => Exit::Unavailable,
    }
}

fn copy(error: &CopyError) -> Exit {
    match error {
        CopyError::Attach(error) => attach(error),
        CopyError::NoLayout { .. } => Exit::Usage,
        CopyError::Source(error) => source(error),
        CopyError::Changed { .. }
        | CopyError::Contended { .. }
        | CopyError::Many { .. }
        | CopyError::NoSignatures { .. } => Exit::Unavailable,
    }
}

/// A bundle that a trusted root does not bear out was made with services of another instance, and one
/// that its own key does not with a key that is damaged.
fn seal(error: &SealError) -> Exit {
    match error {
        SealError::Confirm(_) | SealError::Own(_) | SealError::Rootless => Exit::Usage,
        SealError::Service(error) if error.is_usage() => Exit::Usage,
        SealError::Service(_) => Exit::Unavailable,
        SealError::Bundle(_)
        | SealError::PayloadType { .. }
        | SealError::Size { .. }
        | SealError::Statement(_) => Exit::Refused,
    }
}

fn resolve(error: &ResolveError) -> Exit {
    match error {
        ResolveError::Moved { .. } => Exit::Refused,
        ResolveError::As
        | ResolveError::Evidence(_)
        | ResolveError::NoRepository { .. }
        | ResolveError::Named
        | ResolveError::Nameless
        | ResolveError::Reference(_) => Exit::Usage,
        ResolveError::Source(error) => source(error),
    }
}

/// What cannot even be opened was named wrongly; everything else may be there next time.
fn source(error: &registry::Error) -> Exit {
    match error {
        registry::Error::Open(_) => Exit::Usage,
        _ => Exit::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use evidence::Digest;

    use super::*;
    use crate::{sign::SignError, usage::UsageError};

    /// The statuses that docs/exit-codes.md gives a kind.
    fn documented(kind: &str) -> Vec<u8> {
        let page = include_str!("../../docs/exit-codes.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix(&format!("| `{kind}` | ")));
        rows.filter_map(|row| row.split(' ').next()?.parse().ok()).collect()
    }

    #[test]
    fn a_kind_ends_with_its_documented_status_wherever_it_comes_from() {
        let large = || AttachError::TooLarge { size: 2, most: 1 };
        let open = || {
            let (dir, absent) = (PathBuf::from("nowhere"), "oci-layout");
            registry::Error::Open(registry::OpenError::NoLayout { dir, absent })
        };
        let contended = || AttachError::Contended { subject: Digest::sha256(b""), rounds: 1 };
        let errors: [Error; 11] = [
            large().into(),
            CopyError::Attach(large()).into(),
            SealError::Size { found: 2, most: 1 }.into(),
            AttachError::Registry(open()).into(),
            CopyError::Source(open()).into(),
            open().into(),
            contended().into(),
            CopyError::Attach(contended()).into(),
            CopyError::Many { most: 1 }.into(),
            SealError::Own(SignError::Changed).into(),
            UsageError::NamedTarget.into(),
        ];
        for error in errors {
            let rows = documented(error.code());
            assert!(!rows.is_empty(), "{} has no row", error.code());
            let status = Exit::from(&error).code();
            assert!(rows.iter().all(|row| *row == status), "{}: {status}, {rows:?}", error.code());
        }
    }
}
