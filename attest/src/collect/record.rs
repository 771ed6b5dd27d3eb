//! The record of a promotion that was made before: so that one that was interrupted and is run again
//! attests nothing twice.
//!
//! Only what our own key signed, about the same image under the same name, and that says the same but
//! for its times, is that record.

use std::collections::BTreeSet;

use evidence::{
    Bundle, Statement, Subject,
    predicate::{self, Claim, View, commitment::Commitment, deployment::Deployment},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use registry::{AnySource, Error, Source};

use super::hanging::{self, Content};
use crate::deliver::Hand;

/// Requests at once; the source bounds them again by the budget.
const AT_ONCE: usize = 16;

/// The bundle of the record, if it hangs on the image.
pub(crate) async fn find(
    source: &AnySource,
    image: &Subject,
    wanted: &Deployment,
    hand: &Hand,
) -> Result<Option<Vec<u8>>, Error> {
    let Some(digest) = image.digests.values().next() else { return Ok(None) };
    let listed = source.referrers(digest).await?;
    let contents = stream::iter(&listed).map(|entry| hanging::content(source, entry));
    let records = contents.buffered(AT_ONCE).try_filter_map(|content| async move {
        Ok(match content {
            Content::Bundle(bytes) if is_record(&bytes, image, wanted, hand) => Some(bytes),
            _ => None,
        })
    });
    std::pin::pin!(records).try_next().await
}

fn is_record(bytes: &[u8], image: &Subject, wanted: &Deployment, hand: &Hand) -> bool {
    let Ok(bundle) = Bundle::parse(bytes) else { return false };
    let Ok(statement) = Statement::parse(&bundle.envelope.payload) else { return false };
    let same =
        statement.predicate_type == predicate::DEPLOYMENT && statement.subjects == [image.clone()];
    let Ok(Claim { view: View::Deployment(found), .. }) = Claim::read(&statement) else {
        return false;
    };
    same && says_the_same(&found, wanted) && hand.made(&bundle)
}

fn says_the_same(found: &Deployment, wanted: &Deployment) -> bool {
    let Deployment { action, result, environment, target, from, to, policy, .. } = wanted;
    let ids = |all: &[Commitment]| all.iter().map(|one| one.id.clone()).collect::<BTreeSet<_>>();
    (found.action, found.result) == (*action, *result)
        && (&found.environment, &found.target) == (environment, target)
        && (&found.from, &found.to, &found.policy) == (from, to, policy)
        && ids(&found.input_attestations) == ids(&wanted.input_attestations)
}
