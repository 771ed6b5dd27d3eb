//! `attest approve`.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, builder::NonEmptyStringValueParser};

use super::{
    Invocation,
    arguments::{Breadth, Image, Output, Reach, Sign, duration, timestamp},
};
use crate::request::{self, Decision, Expires, Request};

/// Approve an image for an environment, or reject it
///
/// Shows what the approval commits to and asks. Better with a verdict, made by
/// verify gate IMAGE --policy FILE --before STEP --report json=FILE: then it commits to what was
/// judged, and names the policy.
#[derive(Args)]
pub(super) struct Approve {
    #[command(flatten)]
    image: Image,

    /// Environment to approve it for
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    environment: String,

    /// Verdict to approve: `ready`, for this image and environment
    #[arg(long, value_name = "FILE")]
    verdict: Option<PathBuf>,

    /// Reject instead; owes a reason
    #[arg(long, requires = "reason", conflicts_with = "expires")]
    reject: bool,

    /// Why
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    reason: Option<String>,

    /// Ticket or change URL
    #[arg(long, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    reference: Option<String>,

    /// Until when it holds: 7d, or a time
    #[arg(long, value_name = "DURATION", default_value = "7d")]
    expires: Until,

    #[command(flatten)]
    breadth: Breadth,

    #[command(flatten)]
    sign: Sign,

    #[command(flatten)]
    reach: Reach,

    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy)]
struct Until(Expires);

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Every RFC 3339 time has a `T` or a space inside; no duration has.
        if text.contains(['T', 't', ' ']) {
            return Ok(Self(Expires::At(timestamp(text)?)));
        }
        duration(text).map(|length| Self(Expires::After(length)))
    }
}

impl Approve {
    pub(super) fn invocation(self) -> Result<Invocation, clap::Error> {
        let Self {
            image,
            environment,
            verdict,
            reject,
            reason,
            reference,
            expires: Until(expires),
            breadth,
            sign,
            reach,
            output,
        } = self;
        let decision = match (reject, reason) {
            (true, Some(reason)) => Decision::Reject { reason },
            (_, reason) => Decision::Approve { reason, expires },
        };
        let request = Request::Approve(request::Approve {
            target: image.target(reach),
            signing: sign.signing()?,
            platforms: breadth.platforms(),
            environment,
            decision,
            reference,
            verdict,
        });
        Ok(Invocation { request, format: output.format()? })
    }
}
