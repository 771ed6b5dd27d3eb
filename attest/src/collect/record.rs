//! The record of a promotion that was made before: so that one that was interrupted and is run again
//! attests nothing twice.
//!
//! Only what our own key signed, about the same image under the same name, and that says the same but
//! for its times, is that record.

use std::collections::BTreeSet;

use evidence::{
    Digest, Subject,
    predicate::{self, View, commitment::Commitment, deployment::Deployment},
};
use registry::{AnySource, Error};

use super::own::own;
use crate::hand::Hand;

/// The bundle of the record, if it hangs on the image.
pub(crate) async fn find(
    source: &AnySource,
    image: &Digest,
    subjects: &[Subject],
    wanted: &Deployment,
    hand: &Hand<'_>,
) -> Result<Option<Vec<u8>>, Error> {
    let all = own(source, image, predicate::DEPLOYMENT, hand).await?;
    let record = all.into_iter().find(|one| match &one.claim.view {
        View::Deployment(found) => {
            one.statement.subjects == subjects && says_the_same(found, wanted)
        }
        _ => false,
    });
    Ok(record.map(|one| one.bytes))
}

fn says_the_same(found: &Deployment, wanted: &Deployment) -> bool {
    let Deployment { action, result, environment, target, from, to, policy, .. } = wanted;
    let ids = |all: &[Commitment]| all.iter().map(|one| one.id.clone()).collect::<BTreeSet<_>>();
    (found.action, found.result) == (*action, *result)
        && (&found.environment, &found.target) == (environment, target)
        && (&found.from, &found.to, &found.policy) == (from, to, policy)
        && ids(&found.input_attestations) == ids(&wanted.input_attestations)
}
