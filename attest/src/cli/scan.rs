//! `attest scan`.

use std::path::PathBuf;

use clap::Args;
use evidence::time::Timestamp;

use super::{
    Invocation,
    arguments::{Image, Output, Reach, Sign, timestamp},
};
use crate::request::{self, Request};

/// Attest what a vulnerability scanner reported about an image
///
/// Reads Trivy's JSON. A report about another image is refused, and so is one that names none,
/// unless --unbound says so aloud.
#[derive(Args)]
pub(super) struct Scan {
    #[command(flatten)]
    image: Image,

    /// Report: trivy image --format json; once more for trivy version --format json, which has the
    /// date of the database
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
        let Self { image, reports, database_updated, unbound, sign, reach, output } = self;
        let request = Request::Scan(request::Scan {
            target: image.target(reach),
            signing: sign.signing()?,
            reports,
            database_updated,
            unbound,
        });
        Ok(Invocation { request, format: output.format() })
    }
}
