//! `attest scan`.

use std::{ffi::OsString, path::PathBuf};

use clap::Args;
use evidence::time::Timestamp;

use super::{
    Invocation,
    arguments::{Image, Output, Reach, Sign, timestamp},
};
use crate::request::{self, Request};

/// Attest what a vulnerability scanner reported about an image
///
/// Reads JSON of Trivy, Grype and OSV-Scanner, and SARIF of any scanner. A report about another image
/// is refused, and so is one that names none, unless --unbound says so aloud. A scanner that is run
/// here cannot hide from the attestation how it was asked to filter.
#[derive(Args)]
pub(super) struct Scan {
    #[command(flatten)]
    image: Image,

    /// Scanner to run, which writes the report; its own exit status is passed on
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,

    /// Report; once more for trivy version --format json, which has the date of Trivy's database
    #[arg(long = "report", value_name = "FILE", required = true)]
    reports: Vec<PathBuf>,

    /// When the scanner's database was last updated
    #[arg(long, value_name = "TIME", value_parser = timestamp)]
    database_updated: Option<Timestamp>,

    /// Take a report that names no image; the attestation says so
    #[arg(long)]
    unbound: bool,

    #[command(flatten)]
    sign: Sign,

    #[command(flatten)]
    reach: Reach,

    #[command(flatten)]
    output: Output,
}

impl Scan {
    pub(super) fn invocation(self) -> Result<Invocation, clap::Error> {
        let Self { image, command, reports, database_updated, unbound, sign, reach, output } = self;
        let request = Request::Scan(request::Scan {
            target: image.target(reach),
            signing: sign.signing()?,
            reports,
            command,
            database_updated,
            unbound,
        });
        Ok(Invocation { request, format: output.format()? })
    }
}
