//! Outcome: what all views of an image come to together.
//!
//! Allow is built from proofs: to allow, an [`Outcome`] holds those of every view, and only the one
//! function here puts them in. What no proof can show, that nothing is withheld, is asked beside them.

use super::Seen;
use crate::{finding::Finding, relate::Proofs, verdict::Decision};

/// What all views come to together.
#[derive(Debug)]
pub(crate) struct Outcome<'s, 'w, 'p>(Come<'s, 'w, 'p>);

#[derive(Debug)]
enum Come<'s, 'w, 'p> {
    /// Every view is proven.
    Proven {
        /// The proofs of the first view; there is one.
        #[expect(dead_code, reason = "to hold them is to have them")]
        first: &'s Proofs<'w, 'p>,
        /// Those of the others.
        #[expect(dead_code, reason = "to hold them is to have them")]
        others: Vec<&'s Proofs<'w, 'p>>,
        /// Only what comes before a step was asked.
        before: bool,
    },
    /// A view is not, and why.
    Unproven(Vec<Finding>),
}

impl<'s, 'w, 'p> Outcome<'s, 'w, 'p> {
    /// What the views come to, with all that was found about them; `None` if there is no view.
    pub(super) fn of(
        seen: &'s [Seen<'w, 'p>],
        findings: Vec<Finding>,
        before: bool,
    ) -> Option<Self> {
        let mut proofs = seen.iter().map(Seen::proofs);
        let first = proofs.next()?;
        let others: Option<Vec<_>> = proofs.collect();
        Some(Self(match (first, others) {
            (Some(first), Some(others)) if findings.is_empty() => {
                Come::Proven { first, others, before }
            }
            _ => Come::Unproven(findings),
        }))
    }

    /// The decision.
    pub(crate) fn decision(&self) -> Decision {
        match self.0 {
            Come::Proven { before: true, .. } => Decision::Ready,
            Come::Proven { before: false, .. } => Decision::Allow,
            Come::Unproven(_) => Decision::Deny,
        }
    }

    /// Why not.
    pub(crate) fn findings(&self) -> &[Finding] {
        match &self.0 {
            Come::Proven { .. } => &[],
            Come::Unproven(findings) => findings,
        }
    }

    /// Why not.
    pub(crate) fn into_findings(self) -> Vec<Finding> {
        match self.0 {
            Come::Proven { .. } => vec![],
            Come::Unproven(findings) => findings,
        }
    }
}
