//! The end of every command that attests: sign, seal, attach.
//!
//! A prepared statement goes in, what became of it comes out. The tag is asked for once more before
//! anything is signed, and the bundle is kept, if it is to be, before it is attached: a registry
//! that fails costs no approver a second signature.

use evidence::{Bundle, IN_TOTO, time::Timestamp};
use registry::AnySource;

use crate::{
    attach::{self, Attached},
    collect::begun,
    consistent,
    error::Error,
    family::Family,
    file,
    report::{Delivered, Key, Made, Placed},
    request::{Delivery, Signing},
    resolve::Image,
    seal::{self, Sealed},
    sign::{KeyReference, Signer, VariableOrTerminal},
    statement::Prepared,
    usage::UsageError,
    world::World,
};

/// The variable that names the key where no option does.
pub(crate) const KEY: &str = "ATTEST_KEY";

/// Who signs, opened before anything else is done: a command that cannot end well does not begin.
pub(crate) struct Hand {
    signer: Signer,
    key: KeyReference,
}

impl Hand {
    /// Opens the key; `None` for a dry run, which needs none.
    pub(crate) fn open(world: &World, signing: &Signing) -> Result<Option<Self>, Error> {
        if signing.delivery == Delivery::DryRun {
            return Ok(None);
        }
        let key = key(world, signing.key.clone())?.ok_or(UsageError::NoKey)?;
        let hand = Self::of(world, key)?;
        if let Some(warning) = hand.signer.warning() {
            world.say(&format!("warning: {warning}"));
        }
        Ok(Some(hand))
    }

    /// Opens this key.
    pub(crate) fn of(world: &World, key: KeyReference) -> Result<Self, Error> {
        let lookup = |name: &str| world.variable(name);
        let mut passphrase = VariableOrTerminal::new(&lookup);
        let signer = Signer::open(&key, &lookup, &mut passphrase)?;
        Ok(Self { signer, key })
    }

    /// Whether a bundle is this hand's own, by its signature.
    pub(crate) fn made(&self, bundle: &Bundle) -> bool {
        self.signer.verify_own(bundle).is_ok()
    }

    /// The key, as reports name it.
    pub(crate) fn shown(&self) -> Key {
        let public = self.signer.public();
        Key {
            id: public.id().clone(),
            algorithm: public.algorithm().name(),
            reference: self.key.to_string(),
        }
    }
}

/// The key that is named: by the option, else by the variable.
pub(crate) fn key(
    world: &World,
    option: Option<KeyReference>,
) -> Result<Option<KeyReference>, Error> {
    if option.is_some() {
        return Ok(option);
    }
    let named = world.variable(KEY).filter(|text| !text.is_empty());
    let key = named.map(|text| text.parse()).transpose();
    key.map_err(|error| UsageError::KeyReference(error).into())
}

/// Signs, seals and attaches a statement, as far as it was asked for.
pub(crate) async fn deliver(
    image: &Image,
    prepared: &Prepared,
    hand: Option<&Hand>,
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
        Some(bytes) => (seal::taken(bytes, &family)?, Made::Before),
        None => (sign(hand, prepared, &family)?, Made::Now),
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
        key: Some(hand.shown()),
        made,
        kept,
        attached,
    })))
}

/// What an interrupted run of the same command left on some of the digests that it names.
async fn begun(
    image: &Image,
    family: &Family,
    prepared: &Prepared,
    hand: &Hand,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, Error> {
    let members = family.named_by(&prepared.statement.subjects);
    if members.len() < 2 {
        return Ok(None);
    }
    Ok(begun::find(image.evidence(), &members, prepared, hand, now).await?)
}

/// Signs and seals a statement.
pub(crate) fn sign(hand: &Hand, prepared: &Prepared, image: &Family) -> Result<Sealed, Error> {
    let signed = hand.signer.sign(IN_TOTO, &prepared.payload)?;
    Ok(seal::seal(signed, &hand.signer, image)?)
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
