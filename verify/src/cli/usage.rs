//! What is wrong with a command line, and what to type instead. Whoever wrote it is told: exit 2.

use evidence::text::escape_short;
use registry::ReferenceError;

use crate::gather::SuppliedError;

/// Why the command line is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// `--as` for an image that has a name.
    #[error("--as is for layout directories; this image is named `{name}`")]
    AsForRegistry {
        /// Its name.
        name: String,
    },
    /// `--as` without a name.
    #[error("--as `{}` is no repository name", escape_short(found, 300))]
    AsName {
        /// What was typed.
        found: String,
    },
    /// `-q` with `--before`.
    #[error("-q prints what may be deployed, and --before allows nothing yet")]
    BeforeQuiet,
    /// A bundle, and not what about or by whom.
    #[error("what the bundle is about and who may have signed it are both needed")]
    BundleIncomplete,
    /// `--digest` is none.
    #[error("--digest `{}` is no digest, sha256:<64 lowercase hex>", escape_short(found, 200))]
    Digest {
        /// What was typed.
        found: String,
    },
    /// `--evidence-repository` names none.
    #[error("--evidence-repository: {0}")]
    EvidenceRepository(SuppliedError),
    /// `VERIFY_FORMAT` has another value.
    #[error("VERIFY_FORMAT is `{}`, not text or json", escape_short(found, 100))]
    Format {
        /// What it is.
        found: String,
    },
    /// The image is misspelled.
    #[error("{0}")]
    Image(ReferenceError),
    /// `--index` is no digest.
    #[error("--index `{}` is no digest, sha256:<64 lowercase hex>", escape_short(found, 200))]
    Index {
        /// What was typed.
        found: String,
    },
    /// A layout without a name.
    #[error("an image in a layout directory has no name, and the policy is held against one")]
    NoName,
    /// A repository of one's own, and nothing from which it is believed.
    #[error("--repository `{}` is none whose root is built in", escape_short(found, 300))]
    NoRoot {
        /// What was typed.
        found: String,
    },
    /// `--report` without a format or path.
    #[error("--report `{}` is not FORMAT=PATH", escape_short(found, 300))]
    Report {
        /// What was typed.
        found: String,
    },
    /// A root for a repository whose root is built in.
    #[error("--root is for an organisation's own repository; the root of {name} is built in")]
    RootForNamed {
        /// Which.
        name: String,
    },
    /// Two files under one path.
    #[error("`{}` would be written over", escape_short(found, 300))]
    SamePath {
        /// The path.
        found: String,
    },
    /// Two answers on stdout.
    #[error("stdout holds one answer only")]
    StdoutTwice,
    /// `--evidence` names nothing.
    #[error("{0}")]
    Supplied(SuppliedError),
    /// clap's own message.
    #[error("{}", text.trim_start_matches("error: ").trim_end())]
    Syntax {
        /// The message, with the usage.
        text: String,
    },
    /// `--timeout` is no duration.
    #[error("--timeout `{}` is no duration of at least a second", escape_short(found, 100))]
    Timeout {
        /// What was typed.
        found: String,
    },
}

impl UsageError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let text = match self {
            Self::AsForRegistry { .. } => "leave --as out",
            Self::AsName { .. } => {
                "a name has neither tag nor digest: `registry.example.com/payments/api`"
            }
            Self::BeforeQuiet => "leave -q out, or use --report json=ready.json",
            Self::BundleIncomplete => "see verify bundle --help",
            Self::Digest { .. } => "or name the file itself: --artifact FILE",
            Self::EvidenceRepository(error) | Self::Supplied(error) => error.help(),
            Self::Format { .. } => "use --format, or unset it",
            Self::Image(error) => error.help(),
            Self::Index { .. } => "the index's digest is what its tag resolves to",
            Self::NoName => "say what it is: --as registry.example.com/payments/api",
            Self::NoRoot { .. } => {
                "say from what it is believed: --root root.json, as whoever runs it hands it out"
            }
            Self::Report { .. } => {
                "the formats are text, json, github, junit, markdown and html: \
                 --report junit=verdict.xml"
            }
            Self::RootForNamed { .. } => "leave --root out",
            Self::SamePath { .. } => "give each report a file of its own",
            Self::StdoutTwice => "give the other reports a file",
            Self::Syntax { .. } => return None,
            Self::Timeout { .. } => "write it like `30s`, `2m` or `1m30s`",
        };
        Some(text.to_owned())
    }
}
