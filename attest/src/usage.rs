//! What was asked for is no command, or does not fit the circumstances: the key, the clock, the
//! terminal.

/// What does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum UsageError {
    /// `--expires` lies past the end of the calendar.
    #[error("`--expires` lies past the year 9999")]
    Endless,
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
    /// A log or verifier does not take signatures of this key.
    #[error("a log or verifier of this instance does not take signatures of {algorithm} keys")]
    KeyNotTaken {
        /// How the key signs.
        algorithm: crate::sign::Algorithm,
    },
    /// There is no key.
    #[error("there is no key")]
    NoKey,
    /// There is nothing to sign with.
    #[error("there is no key to sign with, and no identity token to sign without one")]
    NoSigner,
    /// The bundle would take the place of what is read: of a key, say, that nobody has twice.
    #[error("--bundle would be written over the file of --{option}")]
    Overwritten {
        /// Which option names the file.
        option: &'static str,
    },
    /// The deployment is said to have begun after it ended.
    #[error("`--started-at` lies in the future")]
    StartedLater,
    /// clap's own message, with the usage.
    #[error("{}", text.trim_start_matches("error: ").trim_end())]
    Syntax {
        /// The message, over several lines.
        text: String,
    },
    /// There is nobody to answer the question.
    #[error("this asks before it signs, and there is no terminal to ask on")]
    Unanswered,
}

impl UsageError {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Endless | Self::Expired => "expired",
            Self::KeyReference(_) => "key",
            Self::NamedTarget => "as",
            Self::NamelessTarget => "nameless-layout",
            Self::KeyNotTaken { .. } => "key-not-taken",
            Self::NoKey | Self::NoSigner => "no-key",
            Self::Overwritten { .. } => "same-path",
            Self::StartedLater => "time",
            Self::Syntax { .. } => "usage",
            Self::Unanswered => "unanswered",
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::Endless | Self::Expired => "give a time to come, or a duration: --expires 7d",
            Self::KeyReference(_) => "it names a file, or env://NAME",
            Self::NamedTarget => "leave it out",
            Self::NamelessTarget => "say which: --to-as registry.example.com/payments/api",
            Self::KeyNotTaken { .. } => {
                "sign with a p256 key, or without --signing-config and --timestamp-url"
            }
            Self::NoKey => "give --key FILE or --key env://NAME, or set ATTEST_KEY",
            Self::NoSigner => {
                "give --key FILE or env://NAME, or set ATTEST_KEY; attest key generate --out NAME makes \
                 one; or let the job have an identity token (docs/keyless.md), or say --login"
            }
            Self::Overwritten { .. } => "give the bundle a file of its own",
            Self::StartedLater => "give the time at which it began",
            Self::Syntax { .. } => return None,
            Self::Unanswered => "look at it with --dry-run, then say --yes",
        })
    }
}
