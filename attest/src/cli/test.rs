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
/// Reads JUnit XML of any test runner, TAP, and JSON lines of go test and libtest; or runs a command
/// and attests whether it succeeded, by the reports that it writes if --report names them. A failure
/// is attested too; the policy decides what it means.
#[derive(Args)]
pub(super) struct Test {
    #[command(flatten)]
    image: Image,

    /// Command to run; its own exit status is passed on
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,

    /// Report: a file, a directory, or a quoted pattern; repeatable
    #[arg(long, value_name = "FILE", required_unless_present = "command")]
    report: Vec<String>,

    /// Exit status of the run that wrote the report: other than 0, the tests failed whatever it says
    #[arg(long, value_name = "N", requires = "report", conflicts_with = "command")]
    exit_code: Option<u8>,

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
        let Self { image, report, exit_code, record, sign, reach, output, command } = self;
        let source = if command.is_empty() {
            TestSource::Reports { words: report, exit_code }
        } else {
            TestSource::Command { command, record, reports: report }
        };
        let (target, signing) = (image.target(reach), sign.signing()?);
        let request = Request::Test(request::Test { target, signing, source });
        Ok(Invocation { request, format: output.format()? })
    }
}
