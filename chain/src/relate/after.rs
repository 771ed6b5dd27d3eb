//! `X after Y`: X commits to Y, or X was made after Y was made, up to the skew of clocks.

use evidence::time::Timestamp;

use crate::{
    clock::{SKEW, later},
    judge::word::Word,
};

/// Whether `x` came after `y`. Times that are missing prove nothing.
pub(super) fn holds(x: &Word<'_>, y: &Word<'_>) -> bool {
    let by_time = match (x.made().after, y.made().before) {
        (Some(after), Some((before, _))) => is_after(after, before),
        _ => false,
    };
    by_time || x.commits_to(y.id())
}

fn is_after(after: Timestamp, before: Timestamp) -> bool {
    // A year of nights against a year of builds: whole seconds tell almost all of them apart.
    let apart = before.as_second().saturating_sub(after.as_second());
    apart <= SKEW.as_secs().saturating_add(1) && later(after, SKEW) >= before
}
