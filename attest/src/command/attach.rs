//! `attest attach`: a bundle that was signed elsewhere.

use evidence::text::escape_short;

use super::resolve;
use crate::{
    consistent,
    deliver::hang,
    error::Error,
    file,
    report::{Delivered, Made, Paragraph, Placed, Report, Vouched},
    request,
    resolve::Image,
    seal::{self, Sealed},
    world::World,
};

pub(super) async fn run(world: &World, request: request::Attach) -> Result<Report, Error> {
    let request::Attach { target, bundle } = request;
    let bytes = file::read(&bundle, registry::Budget::default().bundle)?;
    let image = resolve(world, target).await?;
    let sealed = seal::taken(bytes, &image.family())?;
    consistent::check(&sealed.said().claim, world.now())?;
    other_name(world, &image, &sealed);
    image.unmoved().await?;
    let attached = hang(&image, &sealed, world.now()).await?;
    let prepared = sealed.said();
    let said = vec![Paragraph::new("Type", escape_short(&prepared.statement.predicate_type, 300))];
    let delivered = Delivered::Signed(Box::new(Placed {
        id: sealed.id(),
        bundle: sealed.digest(),
        by: None,
        made: Made::Now,
        vouched: Vouched::default(),
        kept: None,
        attached: Some(attached),
    }));
    Ok(Report::attested(&image, prepared, said, delivered))
}

/// An approval of `payments` does not approve the same digest in `ledger`: it may hang there, and
/// whoever attaches it should know.
fn other_name(world: &World, image: &Image, sealed: &Sealed) {
    let Some(here) = image.pinned().name() else { return };
    let signed = sealed.said().statement.subjects.iter().map(|subject| &subject.name);
    for name in signed.filter(|name| !name.is_empty() && *name != here) {
        world.say(&format!(
            "note: it was signed for `{}`, this is `{}`",
            escape_short(name, 300),
            escape_short(here, 300)
        ));
    }
}
