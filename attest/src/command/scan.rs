//! `attest scan`: what a vulnerability scanner reported.

use evidence::predicate;

use super::{environment, resolve};
use crate::{
    collect::{
        report::{
            files,
            scan::{self as report, bind},
        },
        scan,
    },
    deliver::{Hand, deliver},
    error::Error,
    report::{Paragraph, Report},
    request,
    statement::{self, Predicate},
    world::World,
};

pub(super) async fn run(world: &World, request: request::Scan) -> Result<Report, Error> {
    let request::Scan { target, signing, reports, database_updated, unbound } = request;
    let hand = Hand::open(world, &signing)?;
    let files = reports.iter().map(|path| files::read(path)).collect::<Result<Vec<_>, _>>()?;
    let report = report::read(&files, database_updated)?;
    let image = resolve(world, target).await?;
    let digests = bind::Image { manifest: image.digest(), config: image.config_digest() };
    let bound = bind::bind(&report, digests, unbound)?;
    let environment = environment(world, &signing.given, false)?;
    let now = world.now();
    super::say_age(world, report.finished, now)?;
    let said = vec![Paragraph { label: "Scan", lines: scan::lines(&bound, now) }];
    let run = environment.run_member(now);
    let value = scan::predicate(&bound, &run)?;
    let predicate = Predicate { predicate_type: predicate::VULNS.to_owned(), value };
    let prepared = statement::make(image.subject(), predicate, &run)?;
    let delivered = deliver(&image, &prepared, hand.as_ref(), &signing.delivery, now).await?;
    Ok(Report::attested(&image, &prepared, said, delivered))
}
