//! How an answer is given, where it is about no image.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::{OutputFormat, UsageError, Variables, duration, format_of_variable};
use crate::gate;

#[derive(Debug, Args)]
pub(super) struct AnswerArgs {
    /// How to print: text or json [default: $VERIFY_FORMAT, or text]
    #[arg(long, value_name = "FORMAT")]
    format: Option<OutputFormat>,
    /// Show requests and whole ids
    #[arg(long, short)]
    verbose: bool,
    /// How long the whole answer may take
    #[arg(long, value_name = "DURATION", default_value = "60s")]
    timeout: String,
}

/// How an answer is given.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How to print.
    pub format: OutputFormat,
    /// Whether to show more.
    pub verbose: bool,
    /// How long it may take.
    pub timeout: Duration,
    /// Where trusted roots are kept for the next time.
    pub roots: Option<PathBuf>,
}

impl AnswerArgs {
    pub(super) fn request(self, variables: &Variables) -> Result<Answer, UsageError> {
        let Self { format, verbose, timeout } = self;
        Ok(Answer {
            format: match format {
                Some(format) => format,
                None => format_of_variable(variables.format.as_deref())?,
            },
            verbose,
            timeout: duration(&timeout).ok_or(UsageError::Timeout { found: timeout })?,
            roots: variables.roots(),
        })
    }
}

impl Answer {
    /// How trusted roots are fetched.
    pub(crate) fn roots(&self, ask: trust::Ask) -> trust::Options {
        trust::Options {
            cache: self.roots.clone(),
            ask,
            timeout: self.timeout,
            verbose: gate::verbose(self.verbose),
        }
    }
}
