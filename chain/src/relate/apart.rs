//! `not-signed-by`: separation of duties, on verified parties and never on members of a predicate.

use crate::judge::word::Word;

/// Whether different parties signed.
pub(super) fn holds(x: &Word<'_>, y: &Word<'_>) -> bool {
    x.signer() != y.signer()
}
