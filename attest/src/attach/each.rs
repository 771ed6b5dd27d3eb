//! One bundle on each digest that it is about: on the one that was asked for, then on the platforms.
//!
//! The first brings the content, so the others, which go out at once, find it there. One that fails
//! keeps no other from being tried, and is told apart by its name: what hangs on some may stay, and the
//! same command completes it.

use evidence::{Digest, time::Timestamp};
use futures_util::{StreamExt, stream};
use registry::AnySource;

use super::{AttachError, Attached, attach};
use crate::family::Member;

/// Platforms that are attached to at once; the source bounds requests again by the budget.
const AT_ONCE: usize = 4;

/// A referrer of one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OnPlatform {
    /// `linux/arm64/v8`.
    pub(crate) platform: String,
    /// The platform's digest.
    pub(crate) subject: Digest,
    /// The digest of the referrer's manifest.
    pub(crate) referrer: Digest,
}

/// Hangs `bundle` on each of `members`, the digest that was asked for first.
pub(crate) async fn attach_to_each(
    target: &AnySource,
    members: &[&Member],
    bundle: &[u8],
    predicate_type: &str,
    created: Timestamp,
) -> Result<Attached, AttachError> {
    let [first, others @ ..] = members else { return Err(AttachError::Nowhere) };
    let one = |member: &Member| attach_one(target, member.clone(), bundle, predicate_type, created);
    let (_, attached) = one(first).await;
    let mut attached = attached?;
    let mut done = vec![name(first)];
    let (mut left, mut cause) = (Vec::new(), None);
    let mut ended = stream::iter(others).map(|member| one(member)).buffered(AT_ONCE);
    while let Some((member, result)) = ended.next().await {
        let platform = name(&member);
        match result {
            Ok(Attached { referrer, writes, .. }) => {
                done.push(platform.clone());
                attached.writes += writes;
                let subject = member.descriptor.digest;
                attached.platforms.push(OnPlatform { platform, subject, referrer });
            }
            Err(error) => {
                left.push(platform);
                cause.get_or_insert(error);
            }
        }
    }
    match cause {
        None => Ok(attached),
        Some(cause) => Err(AttachError::Partly { done, left, cause: Box::new(cause) }),
    }
}

async fn attach_one(
    target: &AnySource,
    member: Member,
    bundle: &[u8],
    predicate_type: &str,
    created: Timestamp,
) -> (Member, Result<Attached, AttachError>) {
    let result = attach(target, &member.descriptor, bundle, predicate_type, created).await;
    (member, result)
}

fn name(member: &Member) -> String {
    member.platform.clone().unwrap_or_else(|| "the index".to_owned())
}
