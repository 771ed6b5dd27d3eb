//! `covers`: X commits to the chosen attestation of Y, by its id.

use crate::judge::{Candidacy, word::Word};

/// Whether `x` commits to `y`; with `newest` only a word of the newest run will do.
pub(super) fn holds(x: &Word<'_>, y: Candidacy<'_, '_>, newest: bool) -> bool {
    (y.newest || !newest) && x.commits_to(y.word.id())
}
