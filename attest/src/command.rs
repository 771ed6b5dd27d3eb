//! The commands: each collects its claim and hands it to the same end, [`crate::deliver`].

mod approve;
mod attach;
mod build;
mod child;
mod copy;
mod decided;
mod deploy;
mod key;
mod predicate;
mod promote;
mod repair;
mod sbom;
mod scan;
mod statement;
mod test;
mod whoami;

use evidence::time::Timestamp;
use registry::{Options, Reference};

use crate::{
    collect::{
        environment::{self, Environment, Found, Given, git},
        report::{Refused, ended},
    },
    error::Error,
    file,
    report::Report,
    request::{Access, Request, Target},
    resolve::{Image, ResolveError},
    world::World,
};

/// Does what was asked for.
pub(crate) async fn run(world: &World, request: Request) -> Result<Report, Error> {
    match request {
        Request::Approve(request) => approve::run(world, request).await,
        Request::Attach(request) => attach::run(world, request).await,
        Request::Build(request) => build::run(world, request).await,
        Request::Copy(request) => copy::run(world, request).await,
        Request::Deploy(request) => deploy::run(world, request).await,
        Request::Key(request) => key::run(world, request),
        Request::Predicate(request) => predicate::run(world, request).await,
        Request::Promote(request) => promote::run(world, request).await,
        Request::Sbom(request) => sbom::run(world, request).await,
        Request::Repair(request) => repair::run(world, request).await,
        Request::Scan(request) => scan::run(world, request).await,
        Request::Statement(request) => statement::run(world, request).await,
        Request::Test(request) => test::run(world, request).await,
        Request::Whoami(request) => whoami::run(world, request).await,
    }
}

/// The variable that names where evidence is kept, where no option does.
const EVIDENCE: &str = "COSIGN_REPOSITORY";

/// Resolves the image of a command.
async fn resolve(world: &World, target: Target) -> Result<Image, ResolveError> {
    let Target { reference, access } = target;
    at(world, reference, &access).await
}

async fn at(world: &World, reference: Reference, access: &Access) -> Result<Image, ResolveError> {
    let evidence = evidence_repository(world, access)?;
    Image::resolve(reference, access.told.as_deref(), evidence, &options(world, access)).await
}

/// Where evidence is kept instead of beside the image: what the option says, else what cosign's
/// variable says, so that both programs find each other's.
fn evidence_repository(world: &World, access: &Access) -> Result<Option<Reference>, ResolveError> {
    if access.evidence.is_some() {
        return Ok(access.evidence.clone());
    }
    let named = world.variable(EVIDENCE).filter(|text| !text.is_empty());
    let reference = named.map(|text| text.parse::<Reference>()).transpose();
    match reference.map_err(ResolveError::Evidence)? {
        Some(named) if named.tag().is_some() || named.digest().is_some() => {
            Err(ResolveError::NoRepository { reference: named.to_string() })
        }
        named => Ok(named),
    }
}

/// How a command reaches registries and services.
pub(crate) fn options(world: &World, access: &Access) -> Options {
    Options {
        plain_http: access.plain_http,
        verbose: access.verbose.then(|| world.teller()),
        timeout: access.timeout,
        ..Options::default()
    }
}

/// Finds out where this runs. Only what `builds` asks the git work tree of its own accord: for every
/// other claim the work tree that somebody happens to stand in says nothing.
fn environment(world: &World, given: &Given, builds: bool) -> Result<Environment, Error> {
    let variables = world.variables();
    // An event that cannot be read is one that says nothing; GitHub's own tools take it so. A command
    // that was tested may have put something else there.
    let event = environment::event_path(&variables)
        .and_then(|path| file::read_regular(path.as_ref(), environment::EVENT_BYTES).ok());
    let work_tree = environment::asks_git(&variables, given, builds)
        .then(|| git::look(&world.directory))
        .flatten();
    let found = Found { variables, event, work_tree };
    let environment = Environment::detect(&found, given)?;
    if given.run.is_some() && environment.job.is_none() {
        // Whose later word replaces an earlier one is told by run and job together.
        world.say(
            "warning: --run without --job: if this fails, no later result of this run can replace \
             it; give --job NAME",
        );
    }
    Ok(environment)
}

/// `2026-11-20 09:31`, in UTC.
fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

/// Says that work and signing differ by an hour or more, and refuses work that has not ended yet.
fn say_age(world: &World, ended: Option<Timestamp>, now: Timestamp) -> Result<(), Refused> {
    if let Some(age) = ended::age(ended, now)? {
        world.say(&format!(
            "warning: the report is {} old; attesting it makes it no younger",
            ended::words(age)
        ));
    }
    Ok(())
}
