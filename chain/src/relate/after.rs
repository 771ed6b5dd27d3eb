//! `X after Y`: X commits to Y, or X was made after Y was made, up to the skew of clocks.

use crate::{
    clock::{SKEW, later},
    judge::word::Word,
};

/// Whether `x` came after `y`. Times that are missing prove nothing.
pub(super) fn holds(x: &Word<'_>, y: &Word<'_>) -> bool {
    if x.commits_to(y.id()) {
        return true;
    }
    match (x.made().after, y.made().before) {
        (Some(after), Some((before, _))) => later(after, SKEW) >= before,
        _ => false,
    }
}
