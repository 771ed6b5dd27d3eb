//! `attest predicate`: any claim, as JSON.

use evidence::{json, predicate::Kind};

use super::{environment, resolve, sbom::if_sbom};
use crate::{
    deliver::deliver,
    error::Error,
    file,
    hand::Hand,
    report::{Paragraph, Report},
    request::{self, Platforms},
    statement::{self, Predicate, StatementRefused},
    world::World,
};

/// The largest predicate that is read; in a bundle it grows by a third, and 16 MiB are read.
const BYTES: u64 = 12 << 20;

pub(super) async fn run(world: &World, request: request::Predicate) -> Result<Report, Error> {
    let request::Predicate { target, signing, file, predicate_type } = request;
    let hand = Hand::open(world, &signing, &target.access).await?;
    let value = json::parse(&file::read(&file, BYTES)?).map_err(StatementRefused::Json)?;
    let image = resolve(world, target).await?;
    if_sbom(&predicate_type, &value, &image).await?;
    if let Kind::Approval | Kind::Deployment | Kind::Exception = Kind::of(&predicate_type) {
        image.must_be_named()?;
    }
    let environment = environment(world, &signing.given, false)?;
    let now = world.now();
    let said = vec![Paragraph::new("Type", evidence::text::escape_short(&predicate_type, 300))];
    let predicate = Predicate { predicate_type, value };
    let prepared = statement::make(
        image.family().subjects(Platforms::Unnamed),
        predicate,
        &environment.run_member(now),
    )?;
    let delivered = deliver(&image, &prepared, hand.as_ref(), &signing.delivery, now).await?;
    Ok(Report::attested(&image, &prepared, said, delivered))
}
