//! `attest test`.

use std::ffi::OsString;

use clap::Args;

use super::{
    Invocation,
    arguments::{Image, Output, Reach, Sign},
};
use crate::request::{self, Request, TestSource};

/// Attest how the tests of an image ended
///
/// Reads JUnit XML of pytest, nextest and Surefire, or runs a command and attests whether it
/// succeeded. A failure is attested too; the policy decides what it means.
#[derive(Args)]
pub(super) struct Test {
    #[command(flatten)]
    image: Image,

    /// Command to run; its own exit status is passed on
    #[arg(last = true, value_name = "CMD", conflicts_with = "report")]
    command: Vec<OsString>,

    /// Report: a file, a directory, or a quoted pattern; repeatable
    #[arg(long, value_name = "FILE", required_unless_present = "command")]
    report: Vec<String>,

    /// Record the command's arguments and output, secrets in them included
    #[arg(long, requires = "command")]
    record: bool,

    #[command(flatten)]
    sign: Sign,

    #[command(flatten)]
    reach: Reach,

    #[command(flatten)]
    output: Output,
}

impl Test {
    pub(super) fn invocation(self) -> Result<Invocation, clap::Error> {
        let Self { image, report, record, sign, reach, output, command } = self;
        let source = if command.is_empty() {
            TestSource::Reports(report)
        } else {
            TestSource::Command { command, record }
        };
        let (target, signing) = (image.target(reach), sign.signing()?);
        let request = Request::Test(request::Test { target, signing, source });
        Ok(Invocation { request, format: output.format() })
    }
}
