//! `attest build`.

use std::path::PathBuf;

use clap::Args;
use registry::Reference;

use super::{
    Invocation,
    arguments::{Breadth, Output, Reach, Sign, reference},
};
use crate::request::{self, BuildClaim, Request};

/// Attest from which source, commit and run an image was built
///
/// Source, commit and run come from the CI environment, from the options below, or from the git work
/// tree; attest whoami shows them. Nothing is signed if an image label says another commit or run.
#[derive(Args)]
pub(super) struct Build {
    /// Image: HOST/REPOSITORY[:TAG][@DIGEST] or oci:DIR[:TAG|@DIGEST]
    #[arg(value_name = "IMAGE", value_parser = reference, required_unless_present = "metadata_file")]
    image: Option<Reference>,

    /// Take digest and name from BuildKit's metadata file
    #[arg(long, value_name = "FILE", conflicts_with = "predicate")]
    metadata_file: Option<PathBuf>,

    /// Sign this SLSA v1 predicate instead of making one
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["source", "commit", "git_ref", "run", "attempt"]
    )]
    predicate: Option<PathBuf>,

    #[command(flatten)]
    breadth: Breadth,

    #[command(flatten)]
    sign: Sign,

    #[command(flatten)]
    reach: Reach,

    #[command(flatten)]
    output: Output,
}

impl Build {
    pub(super) fn invocation(self) -> Result<Invocation, clap::Error> {
        let Self { image, metadata_file, predicate, breadth, sign, reach, output } = self;
        let claim = match predicate {
            Some(file) => BuildClaim::Predicate(file),
            None => BuildClaim::Environment { metadata: metadata_file },
        };
        let signing = sign.signing()?;
        let request = Request::Build(request::Build {
            image,
            access: reach.access(),
            signing,
            platforms: breadth.platforms(),
            claim,
        });
        Ok(Invocation { request, format: output.format()? })
    }
}
