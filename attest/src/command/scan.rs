//! `attest scan`: what a vulnerability scanner reported, or reports when it is run here.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use evidence::{predicate, time::Timestamp};
use registry::Manifest;

use super::{child, environment, options, resolve};
use crate::{
    collect::{
        command::Ran,
        report::{
            ReportFile, files,
            fresh::Before,
            scan::{self as report, ScanReport, asked, bind},
        },
        scan,
    },
    deliver::deliver,
    error::Error,
    hand::Hand,
    report::{Paragraph, Report},
    request::{self, Signing, Target},
    resolve::{Image, config_digest},
    statement::{self, Predicate},
    world::World,
};

/// Which reports are read, and how.
struct Asked {
    reports: Vec<PathBuf>,
    database_updated: Option<Timestamp>,
    unbound: bool,
}

pub(super) async fn run(world: &World, request: request::Scan) -> Result<Report, Error> {
    let request::Scan { target, signing, reports, command, database_updated, unbound } = request;
    let asked = Asked { reports, database_updated, unbound };
    if !command.is_empty() {
        let done = commanded(world, target, &signing, &asked, &command).await;
        return done.map_err(child::around);
    }
    let hand = Hand::open(world, &signing, &target.access).await?;
    let report = read(&asked, |_, _| Ok(()))?;
    let image = resolve(world, target).await?;
    attest(world, &signing, hand, &image, &report, asked.unbound, None).await
}

/// Runs the scanner once all that can be known to fail before has not failed.
async fn commanded(
    world: &World,
    target: Target,
    signing: &Signing,
    asked: &Asked,
    command: &[OsString],
) -> Result<Report, Error> {
    let hand = Hand::open(world, signing, &target.access).await?;
    let access = target.access.clone();
    let image = resolve(world, target).await?;
    let before = Before::look(&asked.reports);
    let (ran, signals) = child::run(world, signing, command, false).await?;
    // What it wrote may be whole or not: unlike a test it cannot have failed, only not be there.
    if let Some(number) = ran.stopped {
        return Err(Error::Stopped { number });
    }
    let image = image.reopen(&options(world, &access))?;
    // A version file beside it may be older than the run: it is about the database.
    let admit = |path: &Path, file: &ReportFile| match report::is_version(file) {
        true => Ok(()),
        false => before.wrote(path, ran.started).map_err(Error::from),
    };
    let mut report = read(asked, admit).inspect_err(|_| {
        if ran.exit_status() != 0 {
            world.say(&format!("warning: {}", ran.words()));
        }
    })?;
    let present = |name: &str| world.directory.join(name).exists();
    asked::complete(&mut report, command, &world.environment, present);
    let attested = attest(world, signing, hand, &image, &report, asked.unbound, Some(&ran));
    child::unless_stopped(signals, attested).await
}

/// Reads the report, and the version file beside it, each once it passed `admit`.
fn read(
    asked: &Asked,
    admit: impl Fn(&Path, &ReportFile) -> Result<(), Error>,
) -> Result<ScanReport, Error> {
    let mut read = Vec::new();
    for path in &asked.reports {
        let file = files::read(path)?;
        admit(path, &file)?;
        read.push(file);
    }
    Ok(report::read(&read, asked.database_updated)?)
}

async fn attest(
    world: &World,
    signing: &Signing,
    hand: Option<Hand<'_>>,
    image: &Image,
    report: &ScanReport,
    unbound: bool,
    ran: Option<&Ran>,
) -> Result<Report, Error> {
    if ran.is_none() {
        report::must_be_dated(report)?;
    }
    let scanned = image.alone().await?;
    let layers = layers(image, &scanned, report).await?;
    let digests = bind::Image {
        manifest: &scanned.digest,
        index: image.alone_in(),
        config: config_digest(&scanned),
        layers: &layers,
    };
    let bound = bind::bind(report, digests, unbound)?;
    let environment = environment(world, &signing.given, false)?;
    let now = world.now();
    super::say_age(world, report.finished, now)?;
    let said = vec![Paragraph { label: "Scan", lines: scan::lines(&bound, now) }];
    let run = environment.run_member(now);
    let value = scan::predicate(&bound, ran, &run)?;
    let predicate = Predicate { predicate_type: predicate::VULNS.to_owned(), value };
    let prepared = statement::make(image.family().reported(), predicate, &run)?;
    let delivered = deliver(image, &prepared, hand.as_ref(), &signing.delivery, now).await?;
    // As with a tested command: `--fail-on` and its like still fail the job.
    let status = ran.map(Ran::exit_status);
    Ok(Report::attested(image, &prepared, said, delivered).closing(None, status))
}

/// The layers of the image, asked for only where a report names layers.
async fn layers(
    image: &Image,
    scanned: &Manifest,
    report: &ScanReport,
) -> Result<Vec<String>, Error> {
    if report.names.layers.is_empty() {
        return Ok(Vec::new());
    }
    let config = image.config_of(scanned).await?;
    Ok(config.map(|(_, config)| bind::layers(&config)).unwrap_or_default())
}
