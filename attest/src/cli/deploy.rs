//! `attest deploy`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, builder::NonEmptyStringValueParser};
use evidence::{predicate::deployment::Outcome, time::Timestamp};

use super::{
    Invocation,
    arguments::{Breadth, Image, Output, Reach, Sign, timestamp},
};
use crate::request::{self, Request};

/// Attest that an image was deployed to an environment, and how that ended
#[derive(Args)]
pub(super) struct Deploy {
    #[command(flatten)]
    image: Image,

    /// Environment that it was deployed to
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    environment: String,

    /// How it ended
    #[arg(long, value_enum, value_name = "RESULT")]
    result: Ended,

    /// Cluster, host or service
    #[arg(long, value_name = "TARGET", value_parser = NonEmptyStringValueParser::new())]
    target: Option<String>,

    /// When it began
    #[arg(long, value_name = "TIME", value_parser = timestamp)]
    started_at: Option<Timestamp>,

    /// Verdict that was followed: an allow, for this image and environment
    #[arg(long, value_name = "FILE")]
    verdict: Option<PathBuf>,

    #[command(flatten)]
    breadth: Breadth,

    #[command(flatten)]
    sign: Sign,

    #[command(flatten)]
    reach: Reach,

    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum Ended {
    Succeeded,
    Failed,
    RolledBack,
}

impl Deploy {
    pub(super) fn invocation(self) -> Result<Invocation, clap::Error> {
        let Self {
            image,
            environment,
            result,
            target: place,
            started_at: started,
            verdict,
            breadth,
            sign,
            reach,
            output,
        } = self;
        let result = match result {
            Ended::Succeeded => Outcome::Succeeded,
            Ended::Failed => Outcome::Failed,
            Ended::RolledBack => Outcome::RolledBack,
        };
        let (target, signing) = (image.target(reach), sign.signing()?);
        let request = Request::Deploy(request::Deploy {
            target,
            signing,
            platforms: breadth.platforms(),
            environment,
            result,
            place,
            started,
            verdict,
        });
        Ok(Invocation { request, format: output.format()? })
    }
}
