//! The command line. Only this room knows clap; what leaves it is a typed request.
//!
//! Parsing does no I/O, but for one look at whether a source of evidence is a path. No flag weakens
//! what the policy asks for, and no variable of the environment chooses a policy or a source: a CI
//! job's environment is written by whoever writes the job.

mod answer;
mod bundle;
mod roots;
mod usage;
mod variables;

use std::{
    ffi::OsString,
    path::{Component, Path, PathBuf},
    time::Duration,
};

use clap::{
    Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
    error::{ContextKind, ContextValue},
};
use evidence::{Digest, login};
use registry::Reference;

pub use self::{
    answer::Answer,
    bundle::{About, BundleRequest, Whom},
    roots::{Fetch, From, Named, Show, Trust, Whose},
    usage::UsageError,
    variables::Variables,
};
use crate::{
    gather::{Supplied, repository},
    output::Target,
    report::Format,
};

/// Verify the whole chain of one image digest before a deployment is allowed
#[derive(Debug, Parser)]
#[command(name = "verify", version, term_width = 80, disable_help_subcommand = true)]
#[command(after_help = "\
Examples:
  verify gate registry.example.com/payments/api:v1.4.0 --policy production.yaml
  verify list registry.example.com/payments/api:v1.4.0")]
struct Line {
    #[command(subcommand)]
    command: CommandArgs,
}

#[derive(Debug, Subcommand)]
enum CommandArgs {
    /// Decide whether an image may be deployed
    #[command(after_help = "\
Exit codes: 0 allow or ready, 1 deny, 2 command or policy wrong, 3 no verdict.

Examples:
  verify gate registry.example.com/payments/api:v1.4.0 \\
      --policy production.yaml --environment production
  verify gate oci:image:v1 --as registry.example.com/acme/app \\
      --policy policy.yaml --before approve --report json=ready.json")]
    Gate(GateArgs),
    /// Verify a bundle in hand: who signed it, and is it about this
    #[command(after_help = "\
Exit codes: 0 verified, 1 refused, 2 command, policy or trusted root wrong.

Examples:
  verify bundle scan.sigstore.json --artifact report.json --key scanner.pub
  verify bundle build.sigstore.json --artifact app.tar \\
      --policy production.yaml")]
    Bundle(bundle::BundleArgs),
    /// List what hangs on an image
    #[command(after_help = "\
Examples:
  verify list registry.example.com/payments/api:v1.4.0
  verify list oci:image:v1 --format json")]
    List(ListArgs),
    /// Show or fetch who is believed for certificates, logs and timestamps
    #[command(after_help = "\
Examples:
  verify trust show sigstore
  verify trust fetch --out trusted_root.json")]
    Trust(roots::TrustArgs),
}

#[derive(Debug, Args)]
struct GateArgs {
    /// The policy that decides
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// What the image is to be deployed to; may be left out if the policy
    /// has only one
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Ask only for what comes before this step, for those who make it
    #[arg(long, value_name = "STEP")]
    before: Option<String>,
    #[command(flatten)]
    image: ImageArgs,
    /// Keep what was read here for the next time; it is hashed again, and
    /// lists are asked for every time [default: $VERIFY_CACHE]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Write the verdict to a file as well: text, json, github, junit,
    /// markdown or html; `-` is stdout [repeatable]
    #[arg(long = "report", value_name = "FORMAT=PATH")]
    reports: Vec<String>,
    /// Print the pinned reference alone, and only if it may be deployed
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Judge what is listed by this policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// With --policy: for which environment
    #[arg(long, value_name = "NAME", requires = "policy")]
    environment: Option<String>,
    #[command(flatten)]
    image: ImageArgs,
}

#[derive(Debug, Args)]
struct ImageArgs {
    /// The image: HOST/REPOSITORY with :TAG or @DIGEST, oci:DIR[:TAG] for a
    /// layout directory, or oci-archive:FILE[:TAG] for a tar of one
    #[arg(value_name = "IMAGE")]
    image: String,
    /// What an image in a layout directory is named
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    /// The index that the image is a platform of; evidence on it counts, too
    #[arg(long, value_name = "DIGEST")]
    index: Option<String>,
    /// Evidence from elsewhere: a bundle file, a directory of them, or a
    /// repository [repeatable]
    #[arg(long, value_name = "FILE|DIR|REF")]
    evidence: Vec<String>,
    /// Look for evidence in this repository or layout instead of the image's
    #[arg(long, value_name = "REF")]
    evidence_repository: Option<String>,
    /// How to print: text or json [default: $VERIFY_FORMAT, or text]
    #[arg(long, value_name = "FORMAT")]
    format: Option<OutputFormat>,
    /// Show requests, whole ids, and what decided nothing
    #[arg(long, short)]
    verbose: bool,
    /// Speak plain HTTP with other hosts than this one
    #[arg(long)]
    plain_http: bool,
    /// How long the whole answer may take
    #[arg(long, value_name = "DURATION", default_value = "60s")]
    timeout: String,
}

/// How stdout is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Text,
    /// For machines.
    Json,
}

/// What was asked.
#[derive(Clone, Debug)]
pub enum Request {
    /// Hear a bundle in hand.
    Bundle(BundleRequest),
    /// Decide.
    Gate(Gate),
    /// List.
    List(List),
    /// About trusted roots.
    Trust(Trust),
}

/// About which image, and how to read and print.
#[derive(Clone, Debug)]
pub struct ImageRequest {
    /// The image.
    pub reference: Reference,
    /// The name that was given to a layout.
    pub told: Option<String>,
    /// The index that the image is a platform of.
    pub index: Option<Digest>,
    /// Evidence from elsewhere.
    pub supplied: Vec<Supplied>,
    /// Where evidence is looked for, if not where the image is.
    pub evidence_repository: Option<Reference>,
    /// Where what was read is kept for the next time.
    pub cache: Option<PathBuf>,
    /// Where trusted roots are kept for the next time.
    pub roots: Option<PathBuf>,
    /// How to print.
    pub format: OutputFormat,
    /// Whether to show more.
    pub verbose: bool,
    /// Whether to speak plain HTTP.
    pub plain_http: bool,
    /// How long it may take.
    pub timeout: Duration,
}

/// A request to decide.
#[derive(Clone, Debug)]
pub struct Gate {
    /// The image.
    pub image: ImageRequest,
    /// Its name, that the policy is held against.
    pub name: String,
    /// The policy.
    pub policy: PathBuf,
    /// The environment.
    pub environment: Option<String>,
    /// Only what comes before this step.
    pub before: Option<String>,
    /// Further reports.
    pub reports: Vec<Target>,
    /// The pinned reference alone.
    pub quiet: bool,
}

/// A request to list.
#[derive(Clone, Debug)]
pub struct List {
    /// The image.
    pub image: ImageRequest,
    /// By which policy to judge what is listed, for which environment, under which name.
    pub judge: Option<Judge>,
}

/// By what a list is judged.
#[derive(Clone, Debug)]
pub struct Judge {
    /// The policy.
    pub policy: PathBuf,
    /// The environment.
    pub environment: Option<String>,
    /// The image's name.
    pub name: String,
}

/// What the command line came to.
#[derive(Debug)]
pub enum Parsed {
    /// A request.
    Request(Box<Request>),
    /// Help or the version, to be printed.
    Text(String),
}

/// Parses the command line.
pub fn parse(arguments: &[OsString], variables: &Variables) -> Result<Parsed, UsageError> {
    let line = Line::command()
        .try_get_matches_from(arguments)
        .and_then(|matches| Line::from_arg_matches(&matches));
    match line {
        Ok(line) => request(line.command, variables).map(Box::new).map(Parsed::Request),
        Err(error) if error.use_stderr() => {
            Err(UsageError::Syntax { text: without_logins(error).render().to_string() })
        }
        Err(error) => Ok(Parsed::Text(error.render().to_string())),
    }
}

/// clap repeats the words that it does not understand; a login among them is not for a job's log.
fn without_logins(mut error: clap::Error) -> clap::Error {
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidSubcommand, ContextKind::InvalidValue]
    {
        if let Some(ContextValue::String(text)) = error.get(kind) {
            let hidden = login::hidden(text).into_owned();
            error.insert(kind, ContextValue::String(hidden));
        }
    }
    error
}

fn request(command: CommandArgs, variables: &Variables) -> Result<Request, UsageError> {
    match command {
        CommandArgs::Gate(args) => {
            let GateArgs { mut image, policy, environment, before, reports, quiet, cache } = args;
            match (quiet, &before, image.format) {
                (true, Some(_), _) => return Err(UsageError::BeforeQuiet),
                (true, None, Some(OutputFormat::Json)) => return Err(UsageError::StdoutTwice),
                // Whatever the job's environment says: the reference alone, and nothing for an error.
                (true, None, _) => image.format = Some(OutputFormat::Text),
                (false, _, _) => {}
            }
            let cache = cache.filter(|dir| !dir.as_os_str().is_empty());
            let cache = cache.or_else(|| variables.cache());
            let image = image_request(image, variables)?;
            let roots = cache.clone().or(image.roots);
            let image = ImageRequest { cache, roots, ..image };
            let stdout_is_taken = quiet || image.format == OutputFormat::Json;
            let reports = self::reports(&reports, stdout_is_taken, &policy)?;
            let name = name(&image)?;
            Ok(Request::Gate(Gate { image, name, policy, environment, before, reports, quiet }))
        }
        CommandArgs::List(ListArgs { image, policy, environment }) => {
            let image = image_request(image, variables)?;
            let judge = match policy {
                Some(policy) => Some(Judge { policy, environment, name: name(&image)? }),
                None => None,
            };
            Ok(Request::List(List { image, judge }))
        }
        CommandArgs::Bundle(args) => args.request(variables).map(Request::Bundle),
        CommandArgs::Trust(args) => args.request(variables).map(Request::Trust),
    }
}

fn image_request(args: ImageArgs, variables: &Variables) -> Result<ImageRequest, UsageError> {
    let ImageArgs { image, name, index, evidence, evidence_repository, .. } = args;
    let ImageArgs { format, verbose, plain_http, timeout, .. } = args;
    let reference: Reference = image.parse().map_err(UsageError::Image)?;
    let told = name.map(|name| told(&reference, &name)).transpose()?;
    let supplied = evidence.iter().map(|text| Supplied::parse(text));
    let evidence_repository = evidence_repository.map(|text| repository(&text)).transpose();
    Ok(ImageRequest {
        reference,
        told,
        index: index
            .map(|text| text.parse().map_err(|_| UsageError::Index { found: text }))
            .transpose()?,
        supplied: supplied.collect::<Result<_, _>>().map_err(UsageError::Supplied)?,
        evidence_repository: evidence_repository.map_err(UsageError::EvidenceRepository)?,
        cache: None,
        roots: variables.roots(),
        format: match format {
            Some(format) => format,
            None => format_of_variable(variables.format.as_deref())?,
        },
        verbose,
        plain_http,
        timeout: duration(&timeout).ok_or(UsageError::Timeout { found: timeout })?,
    })
}

fn format_of_variable(variable: Option<&str>) -> Result<OutputFormat, UsageError> {
    match variable {
        None | Some("" | "text") => Ok(OutputFormat::Text),
        Some("json") => Ok(OutputFormat::Json),
        Some(found) => Err(UsageError::Format { found: found.to_owned() }),
    }
}

/// The name that the user gives to an image in a layout, in the spelling that signed subjects have.
fn told(image: &Reference, name: &str) -> Result<String, UsageError> {
    if let Some(known) = image.name() {
        return Err(UsageError::AsForRegistry { name: known });
    }
    let fault = || UsageError::AsName { found: login::hidden(name).into_owned() };
    let reference: Reference = name.parse().map_err(|_| fault())?;
    if reference.tag().is_some() || reference.digest().is_some() {
        return Err(fault());
    }
    reference.name().ok_or_else(fault)
}

fn name(image: &ImageRequest) -> Result<String, UsageError> {
    image.told.clone().or_else(|| image.reference.name()).ok_or(UsageError::NoName)
}

/// The reports. Text gives way to one of them on stdout, and goes to stderr then; what a machine
/// reads there does not. Nothing is written over another report, or over the policy.
fn reports(
    texts: &[String],
    stdout_is_taken: bool,
    policy: &Path,
) -> Result<Vec<Target>, UsageError> {
    let targets: Vec<Target> = texts.iter().map(|text| report(text)).collect::<Result<_, _>>()?;
    let on_stdout = targets.iter().filter(|target| target.path.is_none()).count();
    if on_stdout + usize::from(stdout_is_taken) > 1 {
        return Err(UsageError::StdoutTwice);
    }
    let mut paths = std::iter::once(policy).chain(targets.iter().filter_map(|t| t.path.as_deref()));
    while let Some(path) = paths.next() {
        if paths.clone().any(|other| plain(other).eq(plain(path))) {
            return Err(UsageError::SamePath { found: path.display().to_string() });
        }
    }
    Ok(targets)
}

/// A path without what says nothing.
fn plain(path: &Path) -> impl Iterator<Item = Component<'_>> {
    path.components().filter(|part| *part != Component::CurDir)
}

fn report(text: &str) -> Result<Target, UsageError> {
    let fault = || UsageError::Report { found: text.to_owned() };
    let (word, path) = text.split_once('=').ok_or_else(fault)?;
    let format = Format::ALL.into_iter().find(|f| f.word() == word).ok_or_else(fault)?;
    match path {
        "" => Err(fault()),
        "-" => Ok(Target { format, path: None }),
        path => Ok(Target { format, path: Some(PathBuf::from(path)) }),
    }
}

/// A duration as policies write it; at least a second.
fn duration(text: &str) -> Option<Duration> {
    let duration = evidence::duration::parse(text).ok()?;
    u64::try_from(duration.as_secs()).ok().filter(|s| *s > 0).map(Duration::from_secs)
}

/// Whether a command line that cannot be parsed asks for JSON.
pub fn wants_json(arguments: &[OsString], variable: Option<&str>) -> bool {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let told = words.windows(2).rev().find_map(|pair| match pair {
        ["--format", format] => Some(*format),
        [_, word] => word.strip_prefix("--format="),
        _ => None,
    });
    let quiet = words.iter().any(|word| matches!(*word, "-q" | "--quiet"));
    told.or(variable.filter(|_| !quiet)) == Some("json")
}
