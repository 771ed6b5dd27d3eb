//! `attest sbom`, `predicate`, `statement`, `attach`, `repair` and `whoami`:
//! the commands with few options.

use std::path::PathBuf;

use clap::Args;
use evidence::predicate;

use super::{
    Invocation,
    arguments::{Image, Output, Reach, Run, Services, Shape, Sign, Who},
};
use crate::request::{self, Request};

/// Attest any predicate, as JSON
///
/// A predicate of a type that `verify` judges must be readable as that type.
#[derive(Args)]
pub(super) struct Predicate {
    #[command(flatten)]
    image: Image,

    /// Predicate, a JSON object
    #[arg(long, value_name = "FILE")]
    file: PathBuf,

    /// Type: a URI, or a word of cosign's --type
    #[arg(long = "type", value_name = "TYPE", value_parser = predicate_type)]
    predicate_type: String,

    #[command(flatten)]
    sign: Sign,

    #[command(flatten)]
    reach: Reach,

    #[command(flatten)]
    output: Output,
}

fn predicate_type(text: &str) -> Result<String, String> {
    if let Some((_, uri)) = predicate::ALIASES.iter().find(|(alias, _)| *alias == text) {
        return Ok((*uri).to_owned());
    }
    // A type is a URI (in-toto spec/v1/field_types.md, TypeURI).
    if text.contains(':') && !text.contains(char::is_whitespace) {
        return Ok(text.to_owned());
    }
    let aliases: Vec<_> = predicate::ALIASES.iter().map(|(alias, _)| *alias).collect();
    Err(format!("a type is a URI or one of {}", aliases.join(", ")))
}

impl Predicate {
    pub(super) fn invocation(self) -> Result<Invocation, clap::Error> {
        let Self { image, file, predicate_type, sign, reach, output } = self;
        let (target, signing) = (image.target(reach), sign.signing()?);
        let request =
            Request::Predicate(request::Predicate { target, signing, file, predicate_type });
        Ok(Invocation { request, format: output.format()? })
    }
}

/// Attest a bill of materials
///
/// Takes SPDX and CycloneDX as JSON, whole and of any version. One that names another image is
/// refused; one that names none is taken, and the result says so.
#[derive(Args)]
pub(super) struct Sbom {
    #[command(flatten)]
    image: Image,

    /// Document, JSON
    #[arg(long, value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    sign: Sign,

    #[command(flatten)]
    reach: Reach,

    #[command(flatten)]
    output: Output,
}

impl Sbom {
    pub(super) fn invocation(self) -> Result<Invocation, clap::Error> {
        let Self { image, file, sign, reach, output } = self;
        let (target, signing) = (image.target(reach), sign.signing()?);
        let request = Request::Sbom(request::Sbom { target, signing, file });
        Ok(Invocation { request, format: output.format()? })
    }
}

/// Attest a whole in-toto statement, byte for byte
///
/// Its only subject must be the image.
#[derive(Args)]
pub(super) struct Statement {
    #[command(flatten)]
    image: Image,

    /// Statement, JSON
    #[arg(long, value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    sign: Sign,

    #[command(flatten)]
    reach: Reach,

    #[command(flatten)]
    output: Output,
}

impl Statement {
    pub(super) fn invocation(self) -> Result<Invocation, clap::Error> {
        let Self { image, file, sign, reach, output } = self;
        let (target, signing) = (image.target(reach), sign.signing()?);
        let request = Request::Statement(request::Statement { target, signing, file });
        Ok(Invocation { request, format: output.format()? })
    }
}

/// Attach a bundle that was signed elsewhere
///
/// Needs no key. The bundle's statement must be about the image; its signature is not judged.
#[derive(Args)]
pub(super) struct Attach {
    #[command(flatten)]
    image: Image,

    /// Bundle, as --bundle kept it
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,

    #[command(flatten)]
    reach: Reach,

    #[command(flatten)]
    output: Output,
}

impl Attach {
    pub(super) fn invocation(self) -> Result<Invocation, clap::Error> {
        let Self { image, bundle, reach, output } = self;
        let request = Request::Attach(request::Attach { target: image.target(reach), bundle });
        Ok(Invocation { request, format: output.format()? })
    }
}

/// List anew what hangs on an image, from what is there
///
/// For registries without the referrers API: what has a tag of its own is listed again, what is listed
/// and answers 404 is listed no longer. Needs no key; no evidence is written or deleted.
#[derive(Args)]
pub(super) struct Repair {
    #[command(flatten)]
    image: Image,

    #[command(flatten)]
    reach: Reach,

    #[command(flatten)]
    shape: Shape,
}

impl Repair {
    pub(super) fn invocation(self) -> Result<Invocation, clap::Error> {
        let Self { image, reach, shape } = self;
        let request = Request::Repair(request::Repair { target: image.target(reach) });
        Ok(Invocation { request, format: shape.format() })
    }
}

/// Show which identity would sign here, and where each value comes from
#[derive(Args)]
pub(super) struct Whoami {
    #[command(flatten)]
    who: Who,

    #[command(flatten)]
    services: Services,

    #[command(flatten)]
    run: Run,

    #[command(flatten)]
    shape: Shape,
}

impl Whoami {
    pub(super) fn invocation(self) -> Result<Invocation, clap::Error> {
        let Self { who, services, run, shape } = self;
        let (by, instance) = (who.by()?, services.instance());
        let request = Request::Whoami(request::Whoami { by, instance, given: run.given() });
        Ok(Invocation { request, format: shape.format() })
    }
}
