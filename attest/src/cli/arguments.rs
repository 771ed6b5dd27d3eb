//! Options that several commands share.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum, builder::NonEmptyStringValueParser};
use evidence::{
    duration,
    time::{self, Timestamp},
};
use registry::{Reference, ReferenceError};

use super::fault;
use crate::{
    collect::environment::Given,
    request::{self, Access, By, Delivery, Format, Instance, Signing, Target},
    sign::KeyReference,
};

/// The one positional of every command that is about an image.
#[derive(Args)]
pub(super) struct Image {
    /// Image: HOST/REPOSITORY[:TAG][@DIGEST] or oci:DIR[:TAG|@DIGEST]
    #[arg(value_name = "IMAGE", value_parser = reference)]
    image: Reference,
}

impl Image {
    pub(super) fn target(self, access: Reach) -> Target {
        Target { reference: self.image, access: access.access() }
    }
}

/// Reads a reference; its help belongs to the message.
pub(super) fn reference(text: &str) -> Result<Reference, String> {
    text.parse().map_err(|error: ReferenceError| format!("{error}; {}", error.help()))
}

/// Reads where evidence is kept: a repository, or a layout.
pub(super) fn repository(text: &str) -> Result<Reference, String> {
    let repository = reference(text)?;
    match (repository.tag(), repository.digest()) {
        (None, None) => Ok(repository),
        _ => Err("a repository is named without tag and digest".to_owned()),
    }
}

/// How to reach the image.
#[derive(Args)]
#[command(next_help_heading = "Registry")]
pub(super) struct Reach {
    /// Take a layout for the image of this repository
    #[arg(long = "as", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    told: Option<String>,

    /// Keep evidence here instead of beside the image [env: COSIGN_REPOSITORY]
    #[arg(long, value_name = "REF", value_parser = repository)]
    evidence_repository: Option<Reference>,

    /// Speak plain HTTP with registries on other machines
    #[arg(long)]
    plain_http: bool,

    /// Give up after this long: 90s, 5m
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    timeout: Duration,

    /// Show requests and where credentials come from, never secrets
    #[arg(short, long)]
    verbose: bool,
}

impl Reach {
    pub(super) fn access(self) -> Access {
        let Self { told, evidence_repository: evidence, plain_http, timeout, verbose } = self;
        Access { told, evidence, plain_http, timeout, verbose }
    }
}

/// Who signs.
#[derive(Args)]
pub(super) struct Who {
    #[command(flatten)]
    key: Key,

    /// Sign without a key, by the identity token in a file or env://NAME [else: the CI system's]
    #[arg(long, value_name = "REF", conflicts_with_all = ["key", "login"])]
    identity_token: Option<String>,

    /// Sign without a key, as a person: log in in the browser
    #[arg(long, conflicts_with = "key")]
    login: bool,
}

impl Who {
    pub(super) fn by(self) -> Result<Option<By>, clap::Error> {
        let Self { key, identity_token, login } = self;
        if login {
            return Ok(Some(By::Login));
        }
        // As with keys, what was typed is not repeated.
        let token = identity_token.map(|text| text.parse()).transpose();
        match token.map_err(|error| fault(format!("--identity-token: {error}")))? {
            Some(token) => Ok(Some(By::Token(token))),
            None => Ok(key.reference()?.map(By::Key)),
        }
    }
}

/// The instance of Sigstore.
#[derive(Args)]
#[command(next_help_heading = "Sigstore (else its public instance, for signatures without a key)")]
pub(super) struct Services {
    /// Services to sign with, signing_config.v0.2.json; with a key: log it [env: ATTEST_SIGNING_CONFIG]
    #[arg(long, value_name = "FILE")]
    signing_config: Option<PathBuf>,

    /// Verify the result against this trusted_root.json [env: ATTEST_TRUSTED_ROOT]
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,

    /// Timestamp authority to ask instead, RFC 3161 [env: ATTEST_TIMESTAMP_URL]
    #[arg(long, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    timestamp_url: Option<String>,
}

impl Services {
    pub(super) fn instance(self) -> Instance {
        let Self { signing_config, trusted_root, timestamp_url } = self;
        Instance { signing_config, trusted_root, timestamp_url }
    }
}

/// The key.
#[derive(Args)]
pub(super) struct Key {
    /// Sign with this key: a file, or env://NAME [env: ATTEST_KEY]
    #[arg(long, value_name = "REF")]
    key: Option<String>,
}

impl Key {
    /// The same, or what was named without the option.
    pub(super) fn or(self, named: Option<String>) -> Self {
        Self { key: self.key.or(named) }
    }

    /// The reference is parsed here and not by clap, which would repeat what was typed: people paste
    /// keys where a name belongs.
    pub(super) fn reference(self) -> Result<Option<KeyReference>, clap::Error> {
        self.key
            .map(|text| text.parse())
            .transpose()
            .map_err(|error| fault(format!("--key: {error}")))
    }
}

/// What becomes of the statement.
#[derive(Args)]
#[command(next_help_heading = "Signing")]
pub(super) struct Sign {
    #[command(flatten)]
    who: Who,

    /// Answer questions with yes
    #[arg(short, long)]
    yes: bool,

    /// Print the statement, sign nothing; needs no key
    #[arg(long, conflicts_with_all = ["bundle", "no_attach"])]
    dry_run: bool,

    /// Keep the signed bundle in this file
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,

    /// Attach nothing; somebody else does: attest attach --bundle FILE
    #[arg(long, requires = "bundle")]
    no_attach: bool,

    #[command(flatten)]
    services: Services,

    #[command(flatten)]
    run: Run,
}

impl Sign {
    pub(super) fn signing(self) -> Result<Signing, clap::Error> {
        let Self { who, yes, dry_run, bundle, no_attach, services, run } = self;
        let delivery = match (dry_run, bundle, no_attach) {
            (true, _, _) => Delivery::DryRun,
            (false, Some(file), true) => Delivery::Keep(file),
            (false, keep, _) => Delivery::Attach { keep },
        };
        let (by, instance) = (who.by()?, services.instance());
        Ok(Signing { by, instance, delivery, given: run.given(), yes })
    }
}

/// How much of an index the statement is about.
#[derive(Args)]
pub(super) struct Breadth {
    /// Platforms of an index to name and to hang on besides
    #[arg(long, value_enum, default_value_t = Platforms::All, value_name = "WHICH")]
    platforms: Platforms,
}

#[derive(Clone, Copy, ValueEnum)]
enum Platforms {
    All,
    None,
}

impl Breadth {
    pub(super) fn platforms(self) -> request::Platforms {
        match self.platforms {
            Platforms::All => request::Platforms::Named,
            Platforms::None => request::Platforms::Unnamed,
        }
    }
}

/// What overrides the environment.
#[derive(Args)]
#[command(next_help_heading = "Run (else found in the CI environment)")]
pub(super) struct Run {
    /// Name of the step, where a policy has several of a type: smoke
    #[arg(long, value_name = "STEP", value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,

    /// Leg of a matrix, so that no other leg is superseded
    #[arg(long, value_name = "LEG", value_parser = NonEmptyStringValueParser::new())]
    leg: Option<String>,

    /// Repository: https://git.example.com/acme/app
    #[arg(long, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    source: Option<String>,

    /// Commit, all of it
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    commit: Option<String>,

    /// Full ref: refs/heads/main
    #[arg(long = "ref", value_name = "REF", value_parser = NonEmptyStringValueParser::new())]
    git_ref: Option<String>,

    /// URL or id of the run
    #[arg(long, value_name = "RUN", value_parser = NonEmptyStringValueParser::new())]
    run: Option<String>,

    /// Attempt of the run, from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    attempt: Option<u64>,

    /// Job within the run
    #[arg(long, value_name = "JOB", value_parser = NonEmptyStringValueParser::new())]
    job: Option<String>,
}

impl Run {
    pub(super) fn given(self) -> Given {
        let Self { name, leg, source, commit, git_ref, run, attempt, job } = self;
        Given { source, commit, git_ref, run, attempt, job, name, leg }
    }
}

/// How the result is shown.
#[derive(Args)]
#[command(next_help_heading = "Output")]
pub(super) struct Output {
    #[command(flatten)]
    shape: Shape,

    /// Print the digest of what was attached, nothing else
    #[arg(short, long)]
    quiet: bool,
}

impl Output {
    pub(super) fn format(self) -> Result<Format, clap::Error> {
        let Self { shape, quiet } = self;
        shape.quiet(quiet)
    }
}

/// The shape of the result alone, where nothing is attached.
#[derive(Args)]
pub(super) struct Shape {
    /// Print the result as
    #[arg(long, value_enum, default_value_t = Word::Text, value_name = "FORMAT")]
    format: Word,
}

impl Shape {
    pub(super) fn format(self) -> Format {
        match self.format {
            Word::Json => Format::Json,
            Word::Text => Format::Text,
        }
    }

    /// The same, or one word alone. As for `verify`, two answers are too many for one stdout.
    pub(super) fn quiet(self, quiet: bool) -> Result<Format, clap::Error> {
        match (quiet, self.format()) {
            (true, Format::Json) => {
                Err(fault("stdout holds one answer only: leave out -q, or --format json"))
            }
            (true, Format::Quiet | Format::Text) => Ok(Format::Quiet),
            (false, format) => Ok(format),
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Word {
    Text,
    Json,
}

/// A duration that a person types, as policies have it; at least a second.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let length = duration::parse(text).map_err(|error| error.to_string())?;
    let length = Duration::try_from(length).ok().filter(|length| !length.is_zero());
    length.ok_or_else(|| "it is no time at all".to_owned())
}

/// A time that a person types.
pub(super) fn timestamp(text: &str) -> Result<Timestamp, &'static str> {
    time::parse(text).ok_or("a time is like 2026-11-30T08:15:00Z")
}
