//! Why a verdict is not followed, and what to do.

use evidence::{
    Digest,
    json::JsonError,
    text::escape_short,
    time::{self, Timestamp},
};

use super::VERSION;
use crate::report::attestations;

/// Why a verdict is not followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum VerdictError {
    /// Ready before a step that is no approval.
    #[error(
        "the verdict is ready for `{}`, a step of type {}, not for an approval",
        escape_short(step, 80),
        escape_short(claims, 120)
    )]
    Before {
        /// The step that comes next.
        step: String,
        /// What it takes.
        claims: String,
    },
    /// It says itself why not.
    #[error(
        "the verdict says {}, and `{}` against it",
        escape_short(decision, 40),
        escape_short(what, 80)
    )]
    Contradiction {
        /// What it says.
        decision: String,
        /// The finding or the step that speaks against it.
        what: String,
    },
    /// Another decision.
    #[error("the verdict says `{}`, this takes only `{wanted}`", escape_short(found, 40))]
    Decision {
        /// What it says.
        found: String,
        /// What is taken.
        wanted: &'static str,
    },
    /// Another environment.
    #[error(
        "the verdict is for `{}`, this is for `{}`",
        escape_short(found, 80),
        escape_short(wanted, 80)
    )]
    Environment {
        /// What it says.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// Made later than now.
    #[error("the verdict was made {}, which is not yet", time::write(*made))]
    Future {
        /// When.
        made: Timestamp,
    },
    /// Another image.
    #[error("the verdict is about {found}, this image is {image}")]
    Image {
        /// What it says.
        found: Digest,
        /// The image.
        image: Digest,
    },
    /// Not JSON with one reading.
    #[error("the verdict is {0}")]
    Json(JsonError),
    /// It is good no longer.
    #[error("the verdict was good until {} ({})", time::write(*end), escape_short(what, 80))]
    Lapsed {
        /// Until when it was.
        end: Timestamp,
        /// What ended.
        what: String,
    },
    /// Another repository.
    #[error(
        "the verdict is about `{}`, this is `{}`",
        escape_short(found, 300),
        escape_short(wanted, 300)
    )]
    Name {
        /// What it says.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// Ready for an approval of another name.
    #[error(
        "the verdict is ready for `{}`, which takes approvals {}; this is one {}",
        escape_short(step, 80),
        named(asks.as_deref()),
        named(given.as_deref())
    )]
    Named {
        /// The step.
        step: String,
        /// The name that it asks for.
        asks: Option<String>,
        /// The name that was given.
        given: Option<String>,
    },
    /// Asked before no step.
    #[error("the verdict does not say before which step it was asked")]
    NotBefore,
    /// It commits to what hangs nowhere.
    #[error(
        "the verdict commits to {} ({}), which does not hang on the image",
        escape_short(id, 80),
        escape_short(predicate_type, 120)
    )]
    NotThere {
        /// The statement.
        id: String,
        /// Its predicate type, by the verdict's word.
        predicate_type: String,
    },
    /// What it knew nothing of speaks against the image.
    #[error("{} that this verdict did not judge, and speaks against the image, hangs there", attestations(*number))]
    Overtaken {
        /// How many.
        number: usize,
        /// The first of them, line by line.
        lines: Vec<String>,
    },
    /// Not the JSON of a verdict.
    #[error("this is no verdict of `verify gate --format json`: {0}")]
    Shape(serde_json::Error),
    /// A member that is no time.
    #[error("the verdict's `{member}` is no RFC 3339 time")]
    Time {
        /// Which.
        member: &'static str,
    },
    /// Another version of the format.
    #[error("the verdict is of version {found}, {VERSION} is read")]
    Version {
        /// What it says.
        found: u64,
    },
}

fn named(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("named `{}`", escape_short(name, 80)),
        None => "without a name".to_owned(),
    }
}

impl VerdictError {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Before { .. } | Self::Named { .. } | Self::NotBefore => "verdict-before",
            Self::Contradiction { .. } => "verdict-contradiction",
            Self::Decision { .. } => "verdict-decision",
            Self::Environment { .. } => "verdict-environment",
            Self::Future { .. } => "verdict-future",
            Self::Image { .. } | Self::Name { .. } => "verdict-image",
            Self::Json(_) | Self::Shape(_) | Self::Time { .. } | Self::Version { .. } => {
                "verdict-unreadable"
            }
            Self::Lapsed { .. } => "verdict-lapsed",
            Self::NotThere { .. } => "verdict-withheld",
            Self::Overtaken { .. } => "verdict-overtaken",
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Before { .. } | Self::NotBefore => {
                "name the approval's own step: verify gate IMAGE --policy FILE --before STEP"
            }
            Self::Decision { wanted: "ready", .. } => {
                "make one: verify gate IMAGE --policy FILE --before STEP --report json=ready.json"
            }
            Self::Decision { .. } => {
                "verify gate IMAGE --policy FILE --environment E --report json=FILE must say allow first"
            }
            Self::Environment { .. } | Self::Image { .. } | Self::Name { .. } => {
                "judge this image for this environment: verify gate IMAGE --environment …"
            }
            Self::Future { .. } => "set the clocks of both machines, and judge it anew",
            Self::Contradiction { .. } | Self::Lapsed { .. } => {
                "judge it anew: verify gate IMAGE --policy FILE …"
            }
            Self::Named { asks: Some(_), .. } => "give that name: --name NAME",
            Self::Named { asks: None, .. } => "leave --name away",
            Self::NotThere { .. } => {
                "hang it there (attest attach IMAGE --bundle FILE), or judge anew what does"
            }
            Self::Overtaken { .. } => {
                "make a new verdict, which judges that too: verify gate IMAGE --policy FILE …"
            }
            Self::Json(_) | Self::Shape(_) | Self::Time { .. } | Self::Version { .. } => {
                "write it with: verify gate IMAGE --policy FILE --report json=verdict.json"
            }
        }
    }
}
