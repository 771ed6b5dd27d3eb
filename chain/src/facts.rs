//! Facts: what a verified statement says about commit, run, source and ref, from all its members.
//!
//! Where two members of one statement disagree, that is a claim mismatch and no fact.

use evidence::{
    predicate::{Claim, View},
    source,
};

use crate::policy::Fact;

/// The facts of one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
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
    /// The job within the run.
    pub job: Option<String>,
    /// The leg of a matrix.
    pub leg: Option<String>,
    /// The step's name, when given.
    pub name: Option<String>,
    /// A page that shows the job, where it is not the run's.
    pub page: Option<String>,
}

/// Two members of one statement that disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Which fact.
    pub fact: &'static str,
    /// The two values.
    pub values: [String; 2],
}

impl Facts {
    /// Reads the facts of a claim.
    pub fn of(claim: &Claim) -> Result<Self, Mismatch> {
        let run = &claim.run;
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let mut facts = Self {
            commit: given(&run.commit).map(|commit| commit.to_ascii_lowercase()),
            git_ref: given(&run.git_ref),
            run: given(&run.run).map(|run| source::without_attempt(&run).0.to_owned()),
            source: given(&run.source).map(|text| source::normalise(&text).unwrap_or(text)),
            attempt: run.attempt,
            job: given(&run.job),
            leg: given(&run.leg),
            // An empty name is a name, and no step has it.
            name: run.name.clone(),
            page: given(&run.url),
        };
        let run = facts.run.as_deref();
        facts.page = facts.page.filter(|page| run != Some(source::without_attempt(page).0));
        if let View::Build(build) = &claim.view {
            if let Some(values) = &build.contradiction {
                return Err(Mismatch { fact: "source", values: values.clone() });
            }
            agree("commit", &mut facts.commit, &build.commit)?;
            agree("ref", &mut facts.git_ref, &build.git_ref)?;
            agree("source", &mut facts.source, &build.source)?;
            if !same_run(facts.run.as_deref(), build.run.as_deref()) {
                agree("run", &mut facts.run, &build.run)?;
            }
            let spelled = |attempt: Option<u64>| attempt.map(|attempt| attempt.to_string());
            agree("attempt", &mut spelled(facts.attempt), &spelled(build.attempt))?;
            facts.attempt = facts.attempt.or(build.attempt);
        }
        Ok(facts)
    }

    /// The value of a fact.
    pub fn value(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Commit => self.commit.as_deref(),
            Fact::Ref => self.git_ref.as_deref(),
            Fact::Run => self.run.as_deref(),
            Fact::Source => self.source.as_deref(),
        }
    }
}

fn agree(
    fact: &'static str,
    known: &mut Option<String>,
    other: &Option<String>,
) -> Result<(), Mismatch> {
    match (&*known, other) {
        (Some(a), Some(b)) if a != b => Err(Mismatch { fact, values: [a.clone(), b.clone()] }),
        (None, Some(_)) => {
            known.clone_from(other);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Whether two spellings name one run of one statement: the URL, or the id at its end.
fn same_run(a: Option<&str>, b: Option<&str>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if is_run(a, b) || is_run(b, a))
}

/// Whether `short` is `long`, or the id or number at its end.
fn is_run(long: &str, short: &str) -> bool {
    let (long, _) = source::without_attempt(long);
    let (short, _) = source::without_attempt(short);
    long == short || source::run_id(long) == short
}

/// Whether a label repeats a fact: the same text, or for a run its URL, id or number.
pub(crate) fn label_agrees(fact: Fact, label: &str, value: &str) -> bool {
    match fact {
        Fact::Commit => label.eq_ignore_ascii_case(value),
        Fact::Ref => label == value,
        Fact::Run => is_run(value, label) || is_run(label, value),
        Fact::Source => {
            source::normalise(label).as_deref().unwrap_or(label)
                == source::normalise(value).as_deref().unwrap_or(value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_the_runs_url_id_or_number() {
        let run = "https://ci.example.com/acme/app/runs/4711";
        for label in [run, "4711", "https://ci.example.com/acme/app/runs/4711/attempts/2"] {
            assert!(label_agrees(Fact::Run, label, run), "{label}");
        }
        assert!(label_agrees(Fact::Run, run, "4711"));
        for label in ["", "711", "47110", "https://ci.example.com/acme/app/runs/4712"] {
            assert!(!label_agrees(Fact::Run, label, run), "{label}");
        }
    }
}
