//! What our own key signed among all that hangs on a digest: where a command that is run again finds
//! what it made the first time.

use evidence::{Bundle, Digest, Id, Statement, predicate::Claim};
use futures_util::{StreamExt, TryStreamExt, stream};
use registry::{AnySource, Error, Source};

use super::hanging::{self, Content};
use crate::hand::Hand;

/// Requests at once; the source bounds them again by the budget.
const AT_ONCE: usize = 16;

/// A statement that our own key signed.
pub(crate) struct Own {
    /// The bundle.
    pub(crate) bytes: Vec<u8>,
    /// Its id.
    pub(crate) id: Id,
    /// What it says.
    pub(crate) statement: Statement,
    /// What it claims.
    pub(crate) claim: Claim,
}

/// What hangs on `subject`, is of this predicate type, and was signed by `hand`.
pub(crate) async fn own(
    source: &AnySource,
    subject: &Digest,
    predicate_type: &str,
    hand: &Hand<'_>,
) -> Result<Vec<Own>, Error> {
    let listed = source.referrers(subject).await?;
    let contents = stream::iter(&listed).map(|entry| hanging::content(source, entry));
    contents
        .buffered(AT_ONCE)
        .try_filter_map(|content| async move {
            Ok(match content {
                Content::Bundle(bytes) => read(bytes, predicate_type, hand),
                Content::Foreign | Content::Unreadable(_) => None,
            })
        })
        .try_collect()
        .await
}

fn read(bytes: Vec<u8>, predicate_type: &str, hand: &Hand<'_>) -> Option<Own> {
    let bundle = Bundle::parse(&bytes).ok()?;
    let statement = Statement::parse(&bundle.envelope.payload).ok()?;
    if statement.predicate_type != predicate_type
        || !hand.made(&bundle, &bytes, &statement.subjects)
    {
        return None;
    }
    let claim = Claim::read(&statement).ok()?;
    Some(Own { id: bundle.envelope.id(), bytes, statement, claim })
}
