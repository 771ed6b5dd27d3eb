//! Attach: a finished bundle becomes a referrer of the image that it is about.
//!
//! The only room of this program that writes where others read. It signs nothing and judges nothing:
//! the bundle was verified before. Whatever it writes can be written again: the same bundle makes
//! the same manifest, so a retry adds nothing. It refuses to write what `verify` would not read.

mod each;
mod error;
mod fallback;
mod hang;
mod http;
pub(crate) mod layout;
mod merge;
pub(crate) mod push;
mod referrer;
mod refusal;
mod repair;
mod tags;

use evidence::{Digest, time::Timestamp};
use registry::{AnySource, Descriptor};

pub(crate) use self::{
    each::{OnPlatform, attach_to_each},
    error::{AttachError, Pushed},
    hang::{hang, settle},
    repair::{Repaired, repair},
};
use referrer::Referrer;

/// A bundle that hangs on its image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attached {
    /// The digest of the referrer's manifest.
    pub(crate) referrer: Digest,
    /// The digest of the bundle's bytes.
    pub(crate) bundle: Digest,
    /// How many things were written; none if all was there.
    pub(crate) writes: u32,
    /// Where it hangs besides: on platforms of the image.
    pub(crate) platforms: Vec<OnPlatform>,
}

/// Hangs `bundle` on `subject`, where that was read from. `created` is the time that was signed, so
/// that attaching again pushes the same manifest.
pub(crate) async fn attach(
    target: &AnySource,
    subject: &Descriptor,
    bundle: &[u8],
    predicate_type: &str,
    created: Timestamp,
) -> Result<Attached, AttachError> {
    let referrer = Referrer::new(subject, bundle, predicate_type, created)?;
    match target {
        AnySource::Http(source) => http::attach(source, referrer).await,
        AnySource::Layout(layout) => layout::attach(layout, &referrer).await,
    }
}

#[cfg(test)]
mod tests;
