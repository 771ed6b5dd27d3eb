//! `attest sbom`: a bill of materials, as it is.

use evidence::{json::Value, predicate::Kind};

use super::{environment, resolve};
use crate::{
    collect::sbom::{self, By, Sbom},
    deliver::deliver,
    error::Error,
    file,
    hand::Hand,
    report::{Paragraph, Report},
    request,
    resolve::{Image, config_digest},
    statement::{self, Predicate},
    world::World,
};

/// The largest document that is read; in a bundle it grows by a third, and 16 MiB are read.
const BYTES: u64 = 12 << 20;

pub(super) async fn run(world: &World, request: request::Sbom) -> Result<Report, Error> {
    let request::Sbom { target, signing, file } = request;
    let hand = Hand::open(world, &signing, &target.access).await?;
    let sbom = sbom::read(&file::read(&file, BYTES)?)?;
    let image = resolve(world, target).await?;
    let by = about(&sbom, &image).await?;
    let environment = environment(world, &signing.given, false)?;
    let now = world.now();
    let said = vec![Paragraph { label: "SBOM", lines: sbom.lines(by) }];
    let predicate = Predicate { predicate_type: sbom.predicate_type.clone(), value: sbom.document };
    let prepared =
        statement::make(image.family().reported(), predicate, &environment.run_member(now))?;
    let delivered = deliver(&image, &prepared, hand.as_ref(), &signing.delivery, now).await?;
    Ok(Report::attested(&image, &prepared, said, delivered))
}

/// Whether, and by what, the document names the image; a report about the only platform of an index
/// is about that.
async fn about(sbom: &Sbom, image: &Image) -> Result<By, Error> {
    let alone = image.alone().await?;
    Ok(sbom.about(&alone.digest, image.alone_in(), config_digest(&alone))?)
}

/// Refuses to call a bill of materials what is none, or one of another image: nothing later looks into
/// it, and `verify` takes it for one by its type alone.
pub(super) async fn if_sbom(
    predicate_type: &str,
    value: &Value,
    image: &Image,
) -> Result<(), Error> {
    if Kind::of(predicate_type) != Kind::Sbom {
        return Ok(());
    }
    let sbom = sbom::of(value.clone())?;
    sbom.is_of(predicate_type)?;
    about(&sbom, image).await.map(|_| ())
}
