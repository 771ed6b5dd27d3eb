//! What was asked for does not fit the circumstances: faults that only show once the key, the clock
//! or the terminal are looked at.

/// What does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum UsageError {
    /// `--expires` lies in the past.
    #[error("`--expires` lies in the past")]
    Expired,
    /// The name of a key is none.
    #[error("`ATTEST_KEY`: {0}")]
    KeyReference(crate::sign::KeyReferenceError),
    /// `--to-as` was given for a target that has a name.
    #[error("`--to-as` is for layouts; a repository in a registry has its name")]
    NamedTarget,
    /// The target is a layout without a name.
    #[error("neither layout has a name, and a promotion is to one repository")]
    NamelessTarget,
    /// There is no key.
    #[error("there is no key to sign with")]
    NoKey,
    /// The deployment is said to have begun after it ended.
    #[error("`--started-at` lies in the future")]
    StartedLater,
    /// There is nobody to answer the question.
    #[error("this asks before it signs, and there is no terminal to ask on")]
    Unanswered,
}

impl UsageError {
    /// The stable code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::KeyReference(_) => "key",
            Self::NamedTarget => "as",
            Self::NamelessTarget => "nameless-layout",
            Self::NoKey => "no-key",
            Self::StartedLater => "time",
            Self::Unanswered => "unanswered",
        }
    }

    /// What to do.
    pub(crate) fn help(self) -> &'static str {
        match self {
            Self::Expired => "give a time to come, or a duration: --expires 7d",
            Self::KeyReference(_) => "it names a file, or env://NAME",
            Self::NamedTarget => "leave it out",
            Self::NamelessTarget => "say which: --to-as registry.example.com/payments/api",
            Self::NoKey => {
                "give --key FILE or --key env://NAME, or set ATTEST_KEY; \
                 attest key generate --out NAME makes one"
            }
            Self::StartedLater => "give the time at which it began",
            Self::Unanswered => "look at it with --dry-run, then say --yes",
        }
    }
}
