//! `attest copy` and `attest promote`.

use std::path::PathBuf;

use clap::{Args, builder::NonEmptyStringValueParser};
use registry::{Reference, referrers::is_derived_tag};

use super::{
    Invocation,
    arguments::{Breadth, Reach, Shape, Sign, reference},
};
use crate::request::{self, Destination, Extent, Format, Request, Target, Telling};

/// How long a copy may take. Layers are large; a peer that falls silent is given up long before.
pub(super) const TIMEOUT: &str = "1h";

/// What is copied.
#[derive(Args)]
struct Source {
    /// Image: HOST/REPOSITORY[:TAG][@DIGEST] or oci:DIR[:TAG|@DIGEST]
    #[arg(value_name = "SRC", value_parser = reference)]
    image: Reference,
}

/// Where it goes.
#[derive(Args)]
struct To {
    /// Target: HOST/REPOSITORY[:TAG] or oci:DIR[:TAG]; a directory that is not there is made
    #[arg(long, value_name = "DST", value_parser = target)]
    to: Reference,

    /// Tag at the target, as often as there are tags; the default is the tag of SRC
    #[arg(long = "tag", value_name = "TAG", value_parser = tag)]
    tags: Vec<String>,

    /// Take a target layout for the image of this repository; the default is the name of SRC
    #[arg(long = "to-as", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    to_told: Option<String>,
}

impl To {
    /// The tags that were named; where none was, that of the source.
    fn destination(self, source: &Reference) -> Destination {
        let Self { to, tags, to_told: told } = self;
        let mut all: Vec<String> = to.tag().map(str::to_owned).into_iter().chain(tags).collect();
        if all.is_empty() {
            all.extend(source.tag().map(str::to_owned));
        }
        let mut named = Vec::new();
        all.retain(|tag| {
            let new = !named.contains(tag);
            named.push(tag.clone());
            new
        });
        Destination { reference: to, told, tags: all }
    }
}

/// How the result is shown.
#[derive(Args)]
#[command(next_help_heading = "Output")]
struct Shown {
    #[command(flatten)]
    shape: Shape,

    /// Print the pinned target, nothing else
    #[arg(short, long)]
    quiet: bool,
}

impl Shown {
    fn format(self) -> Result<(Format, Telling), clap::Error> {
        let Self { shape, quiet } = self;
        let telling = if quiet { Telling::Silence } else { Telling::Progress };
        Ok((shape.quiet(quiet)?, telling))
    }
}

fn target(text: &str) -> Result<Reference, String> {
    let target = reference(text)?;
    match (target.digest(), &target) {
        (_, Reference::Archive { .. }) => {
            Err("an archive is only read: copy to oci:DIR, then tar it".to_owned())
        }
        (None, _) => Ok(target),
        (Some(_), _) => Err("a target has no digest: it gets that of the image".to_owned()),
    }
}

fn tag(text: &str) -> Result<String, String> {
    let whole = format!("localhost/a:{text}").parse::<Reference>();
    let fits = whole.is_ok_and(|reference| reference.tag() == Some(text));
    if !fits || is_derived_tag(text) {
        return Err(
            "a tag is letters, digits, `_`, `.` and `-`, and none that lists evidence".into()
        );
    }
    Ok(text.to_owned())
}

/// Copy an image with all that hangs on it
///
/// By digest, byte for byte, index and platforms included, between registries and layouts in any
/// direction: the evidence too, and what hangs on that, and what cosign keeps under tags. What is at
/// the target stays there. Interrupted, it can be run again.
#[derive(Args)]
pub(super) struct Copy {
    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    to: To,

    /// Copy the evidence alone; the image is there, or somewhere else
    #[arg(long, conflicts_with = "tags")]
    evidence_only: bool,

    #[command(flatten)]
    reach: Reach,

    #[command(flatten)]
    shown: Shown,
}

impl Copy {
    pub(super) fn invocation(self) -> Result<Invocation, clap::Error> {
        let Self { source: Source { image }, to, evidence_only, reach, shown } = self;
        let extent = if evidence_only { Extent::Evidence } else { Extent::Everything };
        let (format, telling) = shown.format()?;
        let request = Request::Copy(request::Copy {
            destination: to.destination(&image),
            target: Target { reference: image, access: reach.access() },
            extent,
            telling,
        });
        Ok(Invocation { request, format })
    }
}

/// Copy an image with its evidence to where an environment takes its images from, and attest that
///
/// Copies as attest copy does. The promotion is attested once, at both ends; tags come last.
/// Interrupted, it can be run again: what was attested is found and not attested twice.
#[derive(Args)]
pub(super) struct Promote {
    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    to: To,

    /// Environment that takes its images from the target
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    environment: String,

    /// Environment that takes its images from the source
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    from_environment: Option<String>,

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
    shown: Shown,
}

impl Promote {
    pub(super) fn invocation(self) -> Result<Invocation, clap::Error> {
        let Self {
            source: Source { image },
            to,
            environment,
            from_environment,
            verdict,
            breadth,
            sign,
            reach,
            shown,
        } = self;
        let (format, telling) = shown.format()?;
        let request = Request::Promote(request::Promote {
            destination: to.destination(&image),
            target: Target { reference: image, access: reach.access() },
            signing: sign.signing()?,
            platforms: breadth.platforms(),
            environment,
            from_environment,
            verdict,
            telling,
        });
        Ok(Invocation { request, format })
    }
}
