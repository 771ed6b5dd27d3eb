//! What a person asked for, typed; the command line is one way to say it.
//!
//! A request is complete and consistent by its type: what cannot be combined cannot be written down
//! here. It holds no secret, only where secrets are.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use evidence::{predicate::deployment::Outcome, time::Timestamp};
use registry::Reference;

use crate::{
    collect::environment::Given,
    sign::{KeyReference, KeyType, TokenReference},
};

/// One command.
#[derive(Debug)]
pub(crate) enum Request {
    /// `attest approve`.
    Approve(Approve),
    /// `attest attach`.
    Attach(Attach),
    /// `attest build`.
    Build(Build),
    /// `attest copy`.
    Copy(Copy),
    /// `attest deploy`.
    Deploy(Deploy),
    /// `attest key`.
    Key(Key),
    /// `attest predicate`.
    Predicate(Predicate),
    /// `attest promote`.
    Promote(Promote),
    /// `attest sbom`.
    Sbom(Sbom),
    /// `attest repair`.
    Repair(Repair),
    /// `attest scan`.
    Scan(Scan),
    /// `attest statement`.
    Statement(Statement),
    /// `attest test`.
    Test(Test),
    /// `attest whoami`.
    Whoami(Whoami),
}

/// What every command that signs takes.
#[derive(Debug)]
pub(crate) struct Signing {
    /// Who signs; else the variable `ATTEST_KEY` names a key, or the CI system has a token.
    pub(crate) by: Option<By>,
    /// With which services.
    pub(crate) instance: Instance,
    /// What becomes of the bundle.
    pub(crate) delivery: Delivery,
    /// What overrides the environment.
    pub(crate) given: Given,
    /// Whether questions were answered beforehand.
    pub(crate) yes: bool,
}

/// Who signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// This key.
    Key(KeyReference),
    /// A person who logs in.
    Login,
    /// Whom this identity token is about.
    Token(TokenReference),
}

/// What was said about the instance of Sigstore; else variables say it, or it is the public one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Instance {
    /// Which services.
    pub(crate) signing_config: Option<PathBuf>,
    /// By whom the result is believed.
    pub(crate) trusted_root: Option<PathBuf>,
    /// The timestamp authority, in place of the services'.
    pub(crate) timestamp_url: Option<String>,
}

/// What becomes of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Signed and attached; the bundle is also kept in the file, if one is named.
    Attach {
        /// Where the bundle is kept besides.
        keep: Option<PathBuf>,
    },
    /// Shown, neither signed nor attached.
    DryRun,
    /// Signed and kept in the file, not attached.
    Keep(PathBuf),
}

/// Whether a statement about an index names its platforms besides, and hangs on each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platforms {
    /// It does.
    Named,
    /// It is about the index alone.
    Unnamed,
}

/// Which image, and how to reach it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// What was typed.
    pub(crate) reference: Reference,
    /// How to reach it.
    pub(crate) access: Access,
}

/// How to reach a registry or layout.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// The name that a layout is taken for.
    pub(crate) told: Option<String>,
    /// Where evidence is kept, if not beside the image; else the variable `COSIGN_REPOSITORY` may
    /// name it.
    pub(crate) evidence: Option<Reference>,
    /// Whether plain HTTP is spoken with other hosts than this machine.
    pub(crate) plain_http: bool,
    /// The time for all requests together.
    pub(crate) timeout: Duration,
    /// Whether requests are shown.
    pub(crate) verbose: bool,
}

/// How the result is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// One JSON document.
    Json,
    /// The referrer's digest alone.
    Quiet,
    /// For people.
    #[default]
    Text,
}

/// `attest build`.
#[derive(Debug)]
pub(crate) struct Build {
    /// What was typed; a metadata file can stand in for it.
    pub(crate) image: Option<Reference>,
    /// How to reach it.
    pub(crate) access: Access,
    /// Key, delivery, run.
    pub(crate) signing: Signing,
    /// Whether the platforms of an index are named.
    pub(crate) platforms: Platforms,
    /// Where the claim comes from.
    pub(crate) claim: BuildClaim,
}

/// Where the claim of a build comes from.
#[derive(Debug)]
pub(crate) enum BuildClaim {
    /// The environment, and BuildKit's metadata file if there is one.
    Environment {
        /// The metadata file.
        metadata: Option<PathBuf>,
    },
    /// A ready SLSA predicate.
    Predicate(PathBuf),
}

/// `attest scan`.
#[derive(Debug)]
pub(crate) struct Scan {
    /// The image.
    pub(crate) target: Target,
    /// Key, delivery, run.
    pub(crate) signing: Signing,
    /// The report, and beside it what `trivy version --format json` wrote.
    pub(crate) reports: Vec<PathBuf>,
    /// The scanner that writes the report when it is run now, and its arguments; empty for a report
    /// that is there.
    pub(crate) command: Vec<OsString>,
    /// When the scanner's database was last updated.
    pub(crate) database_updated: Option<Timestamp>,
    /// Whether a report that names no image is taken.
    pub(crate) unbound: bool,
}

/// `attest test`.
#[derive(Debug)]
pub(crate) struct Test {
    /// The image.
    pub(crate) target: Target,
    /// Key, delivery, run.
    pub(crate) signing: Signing,
    /// Where the result comes from.
    pub(crate) source: TestSource,
}

/// Where a test result comes from.
#[derive(Debug)]
pub(crate) enum TestSource {
    /// A command that is run now.
    Command {
        /// The program and its arguments.
        command: Vec<OsString>,
        /// Whether arguments and output are recorded.
        record: bool,
        /// The reports that it writes; none: the command is the one test.
        reports: Vec<String>,
    },
    /// Reports that are there.
    Reports {
        /// Files, quoted patterns, directories.
        words: Vec<String>,
        /// The status with which the run ended that wrote them, if somebody says.
        exit_code: Option<u8>,
    },
}

/// `attest approve`.
#[derive(Debug)]
pub(crate) struct Approve {
    /// The image.
    pub(crate) target: Target,
    /// Key, delivery, run.
    pub(crate) signing: Signing,
    /// Whether the platforms of an index are named.
    pub(crate) platforms: Platforms,
    /// For which environment.
    pub(crate) environment: String,
    /// What is decided.
    pub(crate) decision: Decision,
    /// A ticket or change URL.
    pub(crate) reference: Option<String>,
    /// The verdict that is approved.
    pub(crate) verdict: Option<PathBuf>,
}

/// What is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It may go there.
    Approve {
        /// Why.
        reason: Option<String>,
        /// Until when.
        expires: Expires,
    },
    /// It may not.
    Reject {
        /// Why; a rejection owes a reason.
        reason: String,
    },
}

/// Until when an approval holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expires {
    /// For so long from now.
    After(Duration),
    /// Until then.
    At(Timestamp),
}

/// `attest deploy`.
#[derive(Debug)]
pub(crate) struct Deploy {
    /// The image.
    pub(crate) target: Target,
    /// Key, delivery, run.
    pub(crate) signing: Signing,
    /// Whether the platforms of an index are named.
    pub(crate) platforms: Platforms,
    /// Where to.
    pub(crate) environment: String,
    /// How it ended.
    pub(crate) result: Outcome,
    /// The cluster, host or service.
    pub(crate) place: Option<String>,
    /// When it began.
    pub(crate) started: Option<Timestamp>,
    /// The verdict that was followed.
    pub(crate) verdict: Option<PathBuf>,
}

/// `attest predicate`.
#[derive(Debug)]
pub(crate) struct Predicate {
    /// The image.
    pub(crate) target: Target,
    /// Key, delivery, run.
    pub(crate) signing: Signing,
    /// The predicate's JSON.
    pub(crate) file: PathBuf,
    /// Its type URI.
    pub(crate) predicate_type: String,
}

/// `attest statement`.
#[derive(Debug)]
pub(crate) struct Statement {
    /// The image.
    pub(crate) target: Target,
    /// Key, delivery, run.
    pub(crate) signing: Signing,
    /// The statement's JSON.
    pub(crate) file: PathBuf,
}

/// `attest sbom`.
#[derive(Debug)]
pub(crate) struct Sbom {
    /// The image.
    pub(crate) target: Target,
    /// Key, delivery, run.
    pub(crate) signing: Signing,
    /// The document.
    pub(crate) file: PathBuf,
}

/// `attest attach`.
#[derive(Debug)]
pub(crate) struct Attach {
    /// The image.
    pub(crate) target: Target,
    /// The bundle.
    pub(crate) bundle: PathBuf,
}

/// `attest copy`.
#[derive(Debug)]
pub(crate) struct Copy {
    /// The image, and how to reach both ends.
    pub(crate) target: Target,
    /// Where it goes.
    pub(crate) destination: Destination,
    /// How much of it.
    pub(crate) extent: Extent,
    /// What is told meanwhile.
    pub(crate) telling: Telling,
}

/// `attest promote`.
#[derive(Debug)]
pub(crate) struct Promote {
    /// The image, and how to reach both ends.
    pub(crate) target: Target,
    /// Where it goes.
    pub(crate) destination: Destination,
    /// Key, delivery, run.
    pub(crate) signing: Signing,
    /// Whether the platforms of an index are named.
    pub(crate) platforms: Platforms,
    /// The environment that takes its images from there.
    pub(crate) environment: String,
    /// The environment that it comes from.
    pub(crate) from_environment: Option<String>,
    /// The verdict that was followed.
    pub(crate) verdict: Option<PathBuf>,
    /// What is told meanwhile.
    pub(crate) telling: Telling,
}

/// Where an image goes.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    /// The repository or layout.
    pub(crate) reference: Reference,
    /// The name that a layout is taken for.
    pub(crate) told: Option<String>,
    /// The tags that it gets, each once.
    pub(crate) tags: Vec<String>,
}

/// How much of an image is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What hangs on it.
    Evidence,
    /// It and what hangs on it.
    Everything,
}

/// What is told while a copy goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// How far it is.
    Progress,
    /// Nothing.
    Silence,
}

/// `attest repair`.
#[derive(Debug)]
pub(crate) struct Repair {
    /// The image.
    pub(crate) target: Target,
}

/// `attest key`.
#[derive(Debug)]
pub(crate) enum Key {
    /// `attest key generate`.
    Generate {
        /// `NAME` of `NAME.key` and `NAME.pub`.
        out: PathBuf,
        /// Which kind of key.
        kind: KeyType,
    },
    /// `attest key public`.
    Public {
        /// The secret key; else the variable `ATTEST_KEY` names one.
        key: Option<KeyReference>,
    },
}

/// `attest whoami`.
#[derive(Debug)]
pub(crate) struct Whoami {
    /// Who signs, if that is given.
    pub(crate) by: Option<By>,
    /// What overrides the environment.
    pub(crate) given: Given,
    /// With which services.
    pub(crate) instance: Instance,
}
