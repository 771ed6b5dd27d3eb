//! Origin: which commit, ref, repository and run a statement is from, by all its members together.
//!
//! A claim, as all that the signer says alone. Members that name two of them are no origin: whoever
//! reads one and whoever reads the other would take the statement for two different ones.

use super::{Claim, View};
use crate::{run::Run, source, text::escape_short};

/// Where a statement is from, by its own word; an empty text says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The commit, lowercase hex.
    pub commit: Option<String>,
    /// The full ref.
    pub git_ref: Option<String>,
    /// The run without its attempt.
    pub run: Option<String>,
    /// The repository, normalised.
    pub source: Option<String>,
    /// The attempt of the run.
    pub attempt: Option<u64>,
}

/// Two members of one statement that disagree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "two members of the statement name another {fact}: `{}` and `{}`",
    escape_short(&values[0], 200),
    escape_short(&values[1], 200)
)]
pub struct Contradiction {
    /// About what.
    pub fact: &'static str,
    /// The two values.
    pub values: [String; 2],
}

impl Origin {
    /// Reads where a claim is from.
    pub fn of(claim: &Claim) -> Result<Self, Contradiction> {
        let mut origin = Self::of_run(&claim.run);
        if let View::Build(build) = &claim.view {
            if let Some(values) = &build.contradiction {
                return Err(Contradiction { fact: "source", values: values.clone() });
            }
            agree("commit", &mut origin.commit, &build.commit)?;
            agree("ref", &mut origin.git_ref, &build.git_ref)?;
            agree("source", &mut origin.source, &build.source)?;
            if !is_same_run(origin.run.as_deref(), build.run.as_deref()) {
                agree("run", &mut origin.run, &build.run)?;
            }
            let spelled = |attempt: Option<u64>| attempt.map(|attempt| attempt.to_string());
            agree("attempt", &mut spelled(origin.attempt), &spelled(build.attempt))?;
            origin.attempt = origin.attempt.or(build.attempt);
        }
        Ok(origin)
    }

    fn of_run(run: &Run) -> Self {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Self {
            commit: given(&run.commit).map(|commit| commit.to_ascii_lowercase()),
            git_ref: given(&run.git_ref),
            run: given(&run.run).map(|run| source::without_attempt(&run).0.to_owned()),
            source: given(&run.source).map(|text| source::normalise(&text).unwrap_or(text)),
            attempt: run.attempt,
        }
    }
}

fn is_same_run(a: Option<&str>, b: Option<&str>) -> bool {
    a.zip(b).is_some_and(|(a, b)| source::is_same_run(a, b))
}

fn agree(
    fact: &'static str,
    known: &mut Option<String>,
    other: &Option<String>,
) -> Result<(), Contradiction> {
    match (&*known, other) {
        (Some(a), Some(b)) if a != b => Err(Contradiction { fact, values: [a.clone(), b.clone()] }),
        (None, Some(_)) => {
            known.clone_from(other);
            Ok(())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predicate::provenance::Provenance;

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
        let of = |build: Provenance| {
            Origin::of(&Claim { view: View::Build(build), run: run.clone(), time: None })
        };
        let origin = of(build.clone()).unwrap();
        assert_eq!(origin.commit.as_deref(), Some("4f1c"));
        assert_eq!(origin.git_ref.as_deref(), Some("refs/heads/main"));
        let word = || Some("other".to_owned());
        for (fact, build) in [
            ("commit", Provenance { commit: word(), ..build.clone() }),
            ("source", Provenance { source: word(), ..build.clone() }),
            ("run", Provenance { run: word(), ..build.clone() }),
            ("attempt", Provenance { attempt: Some(3), ..build.clone() }),
            ("source", Provenance { contradiction: Some(["a".into(), "b".into()]), ..build }),
        ] {
            assert_eq!(of(build).unwrap_err().fact, fact);
        }
    }
}
