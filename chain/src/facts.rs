//! Facts: what a verified statement says about commit, run, source and ref ([`Origin`]), and what the
//! certificate says, which comes first.
//!
//! The certificate is by an authority, the predicate by the signer alone (SLSA, verifying artifacts).
//! Where two members of one statement disagree, or the statement and its certificate, that is a claim
//! mismatch and no fact.

use std::collections::BTreeSet;

use evidence::{
    predicate::{
        Claim, View,
        origin::{Contradiction, Origin},
    },
    source,
};

use crate::{
    authenticate::Certificate,
    policy::{CertificateFact, Fact},
};

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
    /// Those that the certificate says.
    pub certified: BTreeSet<Fact>,
}

/// Two members of one statement that disagree, or the certificate and the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Which fact.
    pub fact: &'static str,
    /// The two values; the certificate's first.
    pub values: [String; 2],
    /// The first is the certificate's.
    pub certified: bool,
}

impl From<Contradiction> for Mismatch {
    fn from(Contradiction { fact, values }: Contradiction) -> Self {
        Self { fact, values, certified: false }
    }
}

impl Facts {
    /// Reads the facts of a claim.
    pub fn of(claim: &Claim) -> Result<Self, Mismatch> {
        let Origin { commit, git_ref, run, source, attempt } = Origin::of(claim)?;
        let by = &claim.run;
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let own = by.run.as_deref().map(|run| source::without_attempt(run).0);
        Ok(Self {
            // An empty name is a name, and no step has it.
            name: by.name.clone(),
            page: given(&by.url).filter(|page| own != Some(source::without_attempt(page).0)),
            job: given(&by.job),
            leg: given(&by.leg),
            certified: BTreeSet::new(),
            commit,
            git_ref,
            run,
            source,
            attempt,
        })
    }

    /// The same, with what the certificate says.
    pub fn with(mut self, certificate: &Certificate, claim: &Claim) -> Result<Self, Mismatch> {
        let (source, git_ref) =
            (certificate.says(CertificateFact::Source), certificate.says(CertificateFact::Ref));
        let source = source.map(|text| source::normalise(text).unwrap_or_else(|| text.to_owned()));
        let commit = certificate.commit().map(str::to_ascii_lowercase);
        certified("source", source, &mut self.source)?;
        certified("commit", commit, &mut self.commit)?;
        certified("ref", git_ref.map(str::to_owned), &mut self.git_ref)?;
        let (named, job) = match certificate.run() {
            // GitLab names the job; which pipeline it was of is the job's own word.
            Some(run) if run.contains("/-/jobs/") => (None, Some(run)),
            run => (run, None),
        };
        if let Some(run) = named {
            let (run, attempt) = source::without_attempt(run);
            if self.run.as_deref().is_some_and(|claimed| source::is_same_run(run, claimed)) {
                self.run = Some(run.to_owned());
            }
            certified("run", Some(run.to_owned()), &mut self.run)?;
            let spelled = |attempt: Option<u64>| attempt.map(|attempt| attempt.to_string());
            certified("attempt", spelled(attempt), &mut spelled(self.attempt))?;
            self.attempt = attempt.or(self.attempt);
        }
        let page = self.page.clone().filter(|page| page.contains("/-/jobs/"));
        certified("job", job.filter(|_| page.is_some()).map(str::to_owned), &mut page.clone())?;
        builder(certificate, claim)?;
        self.certified = [
            (Fact::Commit, certificate.commit().is_some()),
            (Fact::Ref, git_ref.is_some()),
            (Fact::Run, named.is_some()),
            (Fact::Source, certificate.says(CertificateFact::Source).is_some()),
        ]
        .into_iter()
        .filter_map(|(fact, said)| said.then_some(fact))
        .collect();
        Ok(self)
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

/// What the certificate says stands; a statement that says otherwise does not.
fn certified(
    fact: &'static str,
    says: Option<String>,
    claimed: &mut Option<String>,
) -> Result<(), Mismatch> {
    match (says, &*claimed) {
        (Some(a), Some(b)) if a != *b => {
            Err(Mismatch { fact, values: [a, b.clone()], certified: true })
        }
        (Some(says), _) => {
            *claimed = Some(says);
            Ok(())
        }
        (None, _) => Ok(()),
    }
}

/// A builder that is a workflow is the one whose code ran, or the one that called it: a called workflow
/// knows no other name than its caller's. A builder that is no workflow names a kind of machine.
fn builder(certificate: &Certificate, claim: &Claim) -> Result<(), Mismatch> {
    let View::Build(build) = &claim.view else { return Ok(()) };
    let workflows = [certificate.builder(), certificate.says(CertificateFact::Workflow)];
    let known = workflows.iter().flatten().any(|workflow| *workflow == build.builder);
    match workflows.into_iter().flatten().next() {
        Some(says) if build.builder.contains('@') && !known => Err(Mismatch {
            fact: "builder",
            values: [says.to_owned(), build.builder.clone()],
            certified: true,
        }),
        _ => Ok(()),
    }
}

/// Whether a label repeats a fact: the same text, or for a run its URL, id or number.
pub(crate) fn label_agrees(fact: Fact, label: &str, value: &str) -> bool {
    match fact {
        Fact::Commit => label.eq_ignore_ascii_case(value),
        Fact::Ref => label == value,
        Fact::Run => source::is_same_run(value, label),
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
