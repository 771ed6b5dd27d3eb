//! Scope: is an approval, a deployment or an exception about an image of this policy?
//!
//! By the names that were signed. The same bytes are another decision in another repository, so a name
//! may deny; it never grants. What is no name of a repository leaves open where the decision was made:
//! it is refused, and not passed over for an older word.

use evidence::{predicate::Kind, repository, text::escape_short};

use crate::{bind::Bound, policy::Policy};

/// Where the names of a statement lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Under names that the policy is about and under this one, which it is not: for which of them
    /// it was decided cannot hang on the order of a list.
    Both(String),
    /// Under names that the policy is about, or the kind of claim has no scope.
    Inside,
    /// Under names that the policy is not about; the first of them.
    Outside(String),
    /// Under something that is no name of a repository.
    Nowhere(String),
}

impl Scope {
    pub(super) fn of(bound: &Bound<'_>, policy: &Policy) -> Self {
        if !matches!(bound.kind(), Kind::Approval | Kind::Deployment | Kind::Exception) {
            return Self::Inside;
        }
        if let Some(none) = bound.names().iter().find(|name| !repository::is_name(name)) {
            return Self::Nowhere(escape_short(none, 200));
        }
        let fits = |name: &String| policy.is_for(name);
        let outside = bound.names().iter().find(|name| !fits(name));
        let inside = bound.names().iter().any(fits);
        match outside.map(|name| escape_short(name, 200)) {
            Some(name) if inside => Self::Both(name),
            Some(name) => Self::Outside(name),
            None => Self::Inside,
        }
    }
}
