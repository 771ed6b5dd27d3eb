//! Committed: whether what a verdict commits to hangs where the gate will look for it.
//!
//! The verdict is a file that anybody may have written, and what it names may be gone since: a gate
//! answers `withheld` to an approval of it, and nothing but a new approval helps. So each id is computed
//! from bytes that hang on the image, and what is signed is what was found, not what the file says.

use evidence::predicate::commitment::Commitment;

use super::{
    hanging::Hanging,
    verdict::{Verdict, VerdictError},
};

/// The commitments of a verdict, as they hang on the image, its index or its platforms.
pub(crate) fn find(hanging: &Hanging, verdict: &Verdict) -> Result<Vec<Commitment>, VerdictError> {
    let there = |one: &Commitment| chosen(hanging, one).ok_or_else(|| not_there(one));
    verdict.commitments.iter().map(there).collect()
}

fn not_there(one: &Commitment) -> VerdictError {
    VerdictError::NotThere {
        id: one.id.as_ref().map(ToString::to_string).unwrap_or_default(),
        predicate_type: one.predicate_type.clone().unwrap_or_default(),
    }
}

/// The very bundle that was judged; else another wrapping of the same statement.
fn chosen(hanging: &Hanging, one: &Commitment) -> Option<Commitment> {
    let id = one.id.as_ref()?;
    let same = || hanging.statements.iter().filter(|hung| hung.id == *id);
    let judged = same().find(|hung| hung.bundle == one.bundle);
    Some(judged.or(same().next())?.commitment())
}
