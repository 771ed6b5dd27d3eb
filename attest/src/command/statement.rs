//! `attest statement`: a whole statement, byte for byte.

use evidence::text::escape_short;

use super::{resolve, sbom::if_sbom};
use crate::{
    deliver::deliver,
    error::Error,
    file,
    hand::Hand,
    report::{Paragraph, Report},
    request, statement,
    world::World,
};

/// The largest statement that is read; in a bundle it grows by a third, and 16 MiB are read.
const BYTES: u64 = 12 << 20;

pub(super) async fn run(world: &World, request: request::Statement) -> Result<Report, Error> {
    let request::Statement { target, signing, file } = request;
    let hand = Hand::open(world, &signing, &target.access).await?;
    let payload = file::read(&file, BYTES)?;
    let image = resolve(world, target).await?;
    let prepared = statement::take(payload, &image.family())?;
    let stated = &prepared.statement;
    if_sbom(&stated.predicate_type, &stated.predicate, &image).await?;
    let said = vec![Paragraph::new("Type", escape_short(&prepared.statement.predicate_type, 300))];
    let now = world.now();
    let delivered = deliver(&image, &prepared, hand.as_ref(), &signing.delivery, now).await?;
    Ok(Report::attested(&image, &prepared, said, delivered))
}
