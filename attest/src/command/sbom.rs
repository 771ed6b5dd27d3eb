//! `attest sbom`: a bill of materials, as it is.

use super::{environment, resolve};
use crate::{
    collect::sbom,
    deliver::{Hand, deliver},
    error::Error,
    file,
    report::{Paragraph, Report},
    request,
    resolve::config_digest,
    statement::{self, Predicate},
    world::World,
};

/// The largest document that is read; in a bundle it grows by a third, and 16 MiB are read.
const BYTES: u64 = 12 << 20;

pub(super) async fn run(world: &World, request: request::Sbom) -> Result<Report, Error> {
    let request::Sbom { target, signing, file } = request;
    let hand = Hand::open(world, &signing)?;
    let sbom = sbom::read(&file::read(&file, BYTES)?)?;
    let image = resolve(world, target).await?;
    let alone = image.alone().await?;
    let by = sbom.about(&alone.digest, image.alone_in(), config_digest(&alone))?;
    let environment = environment(world, &signing.given, false)?;
    let now = world.now();
    let said = vec![Paragraph { label: "SBOM", lines: sbom.lines(by) }];
    let predicate = Predicate { predicate_type: sbom.predicate_type.clone(), value: sbom.document };
    let prepared =
        statement::make(image.family().reported(), predicate, &environment.run_member(now))?;
    let delivered = deliver(&image, &prepared, hand.as_ref(), &signing.delivery, now).await?;
    Ok(Report::attested(&image, &prepared, said, delivered))
}
