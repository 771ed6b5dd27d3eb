//! The end of every command that attests: sign, seal, attach.
//!
//! A prepared statement goes in, what became of it comes out. The tag is asked for once more before
//! anything is signed, and the bundle is kept, if it is to be, before it is attached: a registry
//! that fails costs no approver a second signature.

use evidence::time::Timestamp;
use registry::AnySource;

use crate::{
    attach::{self, Attached},
    collect::begun,
    consistent,
    error::Error,
    family::Family,
    file,
    hand::Hand,
    report::{Delivered, Made, Placed, Vouched},
    request::Delivery,
    resolve::Image,
    seal::Sealed,
    statement::Prepared,
};

/// Signs, seals and attaches a statement, as far as it was asked for.
pub(crate) async fn deliver(
    image: &Image,
    prepared: &Prepared,
    hand: Option<&Hand<'_>>,
    delivery: &Delivery,
    now: Timestamp,
) -> Result<Delivered, Error> {
    consistent::check(&prepared.claim, now)?;
    let Some(hand) = hand else { return Ok(Delivered::Shown(prepared.payload.clone())) };
    image.unmoved().await?;
    let family = image.family();
    let begun = match delivery {
        Delivery::Attach { .. } => begun(image, &family, prepared, hand, now).await?,
        Delivery::DryRun | Delivery::Keep(_) => None,
    };
    let (sealed, made) = match begun {
        Some(bytes) => (hand.found(bytes, &family)?, Made::Before),
        None => (hand.sign(prepared, &family).await?, Made::Now),
    };
    let attached = match delivery {
        Delivery::DryRun => None,
        Delivery::Keep(path) => {
            file::write(path, sealed.bytes())?;
            None
        }
        Delivery::Attach { keep } => {
            if let Some(path) = keep {
                file::write(path, sealed.bytes())?;
            }
            Some(hang(image, &sealed, now).await?)
        }
    };
    let kept = match delivery {
        Delivery::Attach { keep } => keep.clone(),
        Delivery::DryRun => None,
        Delivery::Keep(path) => Some(path.clone()),
    };
    Ok(Delivered::Signed(Box::new(Placed {
        id: sealed.id(),
        bundle: sealed.digest(),
        by: hand.signed(sealed.confirmed()),
        made,
        vouched: Vouched::of(&sealed),
        kept,
        attached,
    })))
}

/// What an interrupted run of the same command left on some of the digests that it names.
async fn begun(
    image: &Image,
    family: &Family,
    prepared: &Prepared,
    hand: &Hand<'_>,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, Error> {
    let members = family.named_by(&prepared.statement.subjects);
    if members.len() < 2 {
        return Ok(None);
    }
    Ok(begun::find(image.evidence(), &members, prepared, hand, now).await?)
}

/// Attaches a sealed bundle to each digest of the image that it names. The manifest's time is the time
/// inside the signed bytes, so that the same bundle makes the same manifest again.
pub(crate) async fn hang(
    image: &Image,
    sealed: &Sealed,
    now: Timestamp,
) -> Result<Attached, Error> {
    hang_in(image.evidence(), &image.family(), sealed, now).await
}

/// The same in a place of the caller's choosing.
pub(crate) async fn hang_in(
    place: &AnySource,
    image: &Family,
    sealed: &Sealed,
    now: Timestamp,
) -> Result<Attached, Error> {
    let said = sealed.said();
    let created = said.claim.time.unwrap_or(now);
    let members = image.named_by(&said.statement.subjects);
    let predicate_type = &said.statement.predicate_type;
    Ok(attach::attach_to_each(place, &members, sealed.bytes(), predicate_type, created).await?)
}
