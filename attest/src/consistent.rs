//! Consistent: whether a statement can be true by its own words.
//!
//! A pure step. Times that lie ahead and members that name two commits or runs, `verify` answers with
//! `future` and `claim-mismatch` (docs/findings.md); what it is sure to refuse is not signed or attached.

use evidence::{
    predicate::{
        Claim, View,
        origin::{Contradiction, Origin},
    },
    time::{self, Timestamp},
};

/// Why a statement cannot be true.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Inconsistent {
    /// A time that is not yet.
    #[error("the statement says {what} {}, which is not yet", time::write(*time))]
    Future {
        /// What is said to have happened.
        what: &'static str,
        /// When.
        time: Timestamp,
    },
    /// Two members that disagree.
    #[error(transparent)]
    Mismatch(#[from] Contradiction),
}

impl Inconsistent {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Future { .. } => "future",
            Self::Mismatch(_) => "claim-mismatch",
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Future { .. } => "set the clocks of both machines, and make it again",
            Self::Mismatch(_) => {
                "make the statement where the build ran, or leave `attest_run` out"
            }
        }
    }
}

/// Refuses a claim that contradicts the clock or itself.
pub(crate) fn check(claim: &Claim, now: Timestamp) -> Result<(), Inconsistent> {
    for (what, time) in [("it was made", claim.time), ("its work ended", finished(&claim.view))] {
        if let Some(time) = time.filter(|time| time::is_future(*time, now)) {
            return Err(Inconsistent::Future { what, time });
        }
    }
    Origin::of(claim)?;
    Ok(())
}

fn finished(view: &View) -> Option<Timestamp> {
    match view {
        View::Build(build) => build.finished,
        View::Deployment(deployment) => deployment.finished_at,
        View::Scan(scan) => scan.finished,
        View::Test(test) => test.finished,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use evidence::{predicate::provenance::Provenance, run::Run};

    use super::*;

    fn at(text: &str) -> Timestamp {
        time::parse(text).unwrap()
    }

    #[test]
    fn what_lies_ahead_has_not_happened() {
        let now = at("2026-11-23T12:00:00Z");
        let code = |time| {
            let made = Claim { view: View::Other, run: Run::default(), time: Some(at(time)) };
            let build = Provenance { finished: Some(at(time)), ..Provenance::default() };
            let ended = Claim { view: View::Build(build), time: None, ..made.clone() };
            let codes = [made, ended].map(|claim| check(&claim, now).map_err(|why| why.code()));
            assert_eq!(codes[0], codes[1]);
            codes[0]
        };
        assert_eq!(code("2026-11-23T12:01:00Z"), Ok(()));
        assert_eq!(code("2026-11-23T12:01:01Z"), Err("future"));
    }

    #[test]
    fn a_statement_is_from_one_commit() {
        let now = at("2026-11-23T12:00:00Z");
        let code = |commit: &str| {
            let build = Provenance { commit: Some("4f1c".into()), ..Provenance::default() };
            let run = Run { commit: Some(commit.to_owned()), ..Run::default() };
            let claim = Claim { view: View::Build(build), run, time: None };
            check(&claim, now).map_err(|why| why.code())
        };
        assert_eq!(code("4F1C"), Ok(()));
        assert_eq!(code("4f1d"), Err("claim-mismatch"));
    }
}
