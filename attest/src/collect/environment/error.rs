//! Why an environment cannot be attested.

use super::System;

/// Why an environment cannot be attested.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum EnvironmentError {
    /// The commit is not a full id.
    #[error("the commit `{}` of {from} is not a full id", evidence::text::escape_short(value, 80))]
    Commit {
        /// What was found.
        value: String,
        /// Where.
        from: &'static str,
    },
    /// The ref is not a full ref.
    #[error("the ref `{}` of {from} is not a full ref", evidence::text::escape_short(value, 80))]
    Ref {
        /// What was found.
        value: String,
        /// Where.
        from: &'static str,
    },
    /// The variables are those of several CI systems at once.
    #[error("the variables are those of {} at once", names(systems))]
    Several {
        /// Which, two or more.
        systems: Vec<System>,
    },
    /// The source names no host.
    #[error("the source of {from} names no host and path")]
    Source {
        /// What was found; not shown, for an address may carry a password.
        value: String,
        /// Where.
        from: &'static str,
    },
}

impl EnvironmentError {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Commit { .. } => "commit-not-full",
            Self::Ref { .. } => "ref-not-full",
            Self::Several { .. } => "several-systems",
            Self::Source { .. } => "source-unreadable",
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> String {
        match self {
            Self::Commit { .. } => "give all 40 (or 64) hex digits: git rev-parse HEAD".to_owned(),
            Self::Ref { .. } => "give the whole ref: refs/heads/main, refs/tags/v1.4.0".to_owned(),
            Self::Several { systems } => keep_one(systems),
            Self::Source { .. } => {
                "name the repository: --source https://git.example.com/acme/app".to_owned()
            }
        }
    }

    /// Whether the surroundings are wrong, and not what is to be attested.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::Several { .. })
    }
}

fn names(systems: &[System]) -> String {
    let names: Vec<_> =
        systems.iter().map(|system| format!("a job of {}", system.name())).collect();
    names.join(" and ")
}

/// `attest` cannot know which of them says what was built; whoever wrote the job does.
fn keep_one(systems: &[System]) -> String {
    let unset = |system: &System| {
        let marks: Vec<_> = system.marks().iter().map(|name| format!("-u {name}")).collect();
        format!("env {} attest … where it is none of {}", marks.join(" "), system.name())
    };
    systems.iter().map(unset).collect::<Vec<_>>().join("; ")
}
