//! What a stranger may cost the deciding part.

/// Looks at pairs of words in the search for a joint choice; the release build makes them in half a
/// second. A chain of ten steps with a nightly scan for a year and every relation broken needs under a
/// tenth.
pub(crate) const SEARCH: usize = 50_000_000;

/// A bound of the deciding part was reached: there is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the limit of {limit} {name} was reached")]
pub struct LimitReached {
    /// What is limited.
    pub name: &'static str,
    /// How many are allowed.
    pub limit: usize,
}
