//! Consistent: whether a statement can be true by its own words.
//!
//! A pure step. Times that lie ahead and members that name two commits or runs, `verify` answers with
//! `future` and `claim-mismatch` (docs/findings.md); what it is sure to refuse is not signed or attached.

use evidence::{
    predicate::{Claim, View, provenance::Provenance},
    run::Run,
    source,
    text::escape_short,
    time::{self, Timestamp},
};

/// How far two clocks may be apart, in seconds, as for every order of two times.
const SKEW: i64 = 60;

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
    #[error(
        "two members of the statement name another {fact}: `{}` and `{}`",
        escape_short(first, 200),
        escape_short(second, 200)
    )]
    Mismatch {
        /// Of what.
        fact: &'static str,
        /// By `attest_run`, or by one member of the provenance.
        first: String,
        /// By the provenance.
        second: String,
    },
}

impl Inconsistent {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Future { .. } => "future",
            Self::Mismatch { .. } => "claim-mismatch",
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Future { .. } => "set the clocks of both machines, and make it again",
            Self::Mismatch { .. } => {
                "make the statement where the build ran, or leave `attest_run` out"
            }
        }
    }
}

/// Refuses a claim that contradicts the clock or itself.
pub(crate) fn check(claim: &Claim, now: Timestamp) -> Result<(), Inconsistent> {
    for (what, time) in [("it was made", claim.time), ("its work ended", finished(&claim.view))] {
        let ahead = |time: &Timestamp| time.as_second() > now.as_second().saturating_add(SKEW);
        if let Some(time) = time.filter(ahead) {
            return Err(Inconsistent::Future { what, time });
        }
    }
    match &claim.view {
        View::Build(build) => agree(&claim.run, build),
        _ => Ok(()),
    }
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

/// The same comparisons as `verify` makes; an empty text says nothing.
fn agree(run: &Run, build: &Provenance) -> Result<(), Inconsistent> {
    let mismatch = |fact, first: &str, second: &str| {
        Err(Inconsistent::Mismatch { fact, first: first.to_owned(), second: second.to_owned() })
    };
    if let Some([first, second]) = &build.contradiction {
        return mismatch("source", first, second);
    }
    let commit = run.commit.as_ref().map(|commit| commit.to_ascii_lowercase());
    let repository =
        run.source.as_ref().map(|text| source::normalise(text).unwrap_or_else(|| text.clone()));
    let spelled = |attempt: Option<u64>| attempt.map(|attempt| attempt.to_string());
    for (fact, ours, theirs) in [
        ("commit", commit, build.commit.clone()),
        ("ref", run.git_ref.clone(), build.git_ref.clone()),
        ("source", repository, build.source.clone()),
        ("run", run.run.clone(), build.run.clone()),
        ("attempt", spelled(run.attempt), spelled(build.attempt)),
    ] {
        let (Some(ours), Some(theirs)) = (ours.filter(|text| !text.is_empty()), theirs) else {
            continue;
        };
        let same_run = fact == "run" && (is_run(&ours, &theirs) || is_run(&theirs, &ours));
        if ours != theirs && !same_run {
            return mismatch(fact, &ours, &theirs);
        }
    }
    Ok(())
}

/// Whether `short` is `long`, or the id or number at its end.
fn is_run(long: &str, short: &str) -> bool {
    let (long, _) = source::without_attempt(long);
    let (short, _) = source::without_attempt(short);
    long == short || source::run_id(long) == short
}

#[cfg(test)]
mod tests {
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
    fn a_run_and_its_provenance_name_the_same() {
        let run = Run {
            commit: Some("4F1C".into()),
            source: Some("https://git.example.com/acme/app.git".into()),
            run: Some("4711".into()),
            attempt: Some(2),
            git_ref: Some(String::new()),
            ..Run::default()
        };
        let build = Provenance {
            commit: Some("4f1c".into()),
            source: Some("https://git.example.com/acme/app".into()),
            run: Some("https://ci.example.com/acme/app/runs/4711".into()),
            attempt: Some(2),
            git_ref: Some("refs/heads/main".into()),
            ..Provenance::default()
        };
        assert_eq!(agree(&run, &build), Ok(()));
        let other = |build: Provenance| agree(&run, &build).unwrap_err().code();
        let word = || Some("other".to_owned());
        let changed = [
            Provenance { commit: word(), ..build.clone() },
            Provenance { source: word(), ..build.clone() },
            Provenance { run: word(), ..build.clone() },
            Provenance { attempt: Some(3), ..build.clone() },
            Provenance { contradiction: Some(["a".into(), "b".into()]), ..build },
        ];
        for build in changed {
            assert_eq!(other(build), "claim-mismatch");
        }
    }
}
