//! The environment: which source, commit and run a statement is made from, and where each word of
//! that was found.
//!
//! Detection is a pure function of [`Found`]: variables, a GitHub event and a git work tree that the
//! caller read. Each CI system is one file that turns its variables into [`Environment`]; `shell` is
//! what is left when none of them is recognised. Nothing here is authenticated: with a key the
//! environment is the signer's own word.

mod azure;
mod buildkite;
mod circleci;
mod error;
pub(crate) mod git;
mod github;
mod gitlab;
mod jenkins;
mod shell;
mod system;
mod variables;

use evidence::{
    run::Run,
    source,
    time::{self, Timestamp},
};

pub(crate) use self::{
    error::EnvironmentError, git::WorkTree, github::Workflow, system::System, variables::Variables,
};

/// The largest GitHub event that is read. GitHub caps webhook payloads at 25 MB.
pub(crate) const EVENT_BYTES: u64 = 25 << 20;

/// A value and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// The value.
    pub(crate) value: String,
    /// Where it was found, as a person would look it up: `GITHUB_SHA`, `--commit`.
    pub(crate) from: &'static str,
}

impl Known {
    fn new(value: impl Into<String>, from: &'static str) -> Self {
        Self { value: value.into(), from }
    }

    /// The same behind a prefix: `main` is the branch `refs/heads/main`.
    fn under(mut self, prefix: &str) -> Self {
        self.value.insert_str(0, prefix);
        self
    }
}

/// What the caller found outside, for [`Environment::detect`] to read.
#[derive(Default)]
pub(crate) struct Found {
    /// The environment variables.
    pub(crate) variables: Variables,
    /// The bytes of the file that `GITHUB_EVENT_PATH` names, where it could be read.
    pub(crate) event: Option<Vec<u8>>,
    /// The git work tree, where there is one and it was asked for.
    pub(crate) work_tree: Option<WorkTree>,
}

/// What the command line says about the run; it overrides what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Given {
    /// `--source`.
    pub(crate) source: Option<String>,
    /// `--commit`.
    pub(crate) commit: Option<String>,
    /// `--ref`.
    pub(crate) git_ref: Option<String>,
    /// `--run`.
    pub(crate) run: Option<String>,
    /// `--attempt`.
    pub(crate) attempt: Option<u64>,
    /// `--job`.
    pub(crate) job: Option<String>,
    /// `--name`.
    pub(crate) name: Option<String>,
    /// `--leg`.
    pub(crate) leg: Option<String>,
}

/// Where a statement is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Environment {
    /// The system recognised.
    pub(crate) system: System,
    /// The repository, normalised.
    pub(crate) source: Option<Known>,
    /// The commit, full and lowercase.
    pub(crate) commit: Option<Known>,
    /// The full ref.
    pub(crate) git_ref: Option<Known>,
    /// The run without its attempt: its URL where there is one.
    pub(crate) run: Option<Known>,
    /// The number of the run within its workflow, which some label `ci.run` with.
    pub(crate) run_number: Option<Known>,
    /// Which attempt, from 1.
    pub(crate) attempt: Option<Known>,
    /// The job within the run.
    pub(crate) job: Option<Known>,
    /// Which of several that the system runs of one job.
    pub(crate) leg: Option<Known>,
    /// Who started it.
    pub(crate) actor: Option<Known>,
    /// A page that shows the run, or the job in it.
    pub(crate) url: Option<Known>,
    /// The head commit of a pull request, where `commit` is the merge of it.
    pub(crate) head: Option<Known>,
    /// Whether tracked files of the work tree differ from the commit; `None` where nobody looked.
    pub(crate) tracked_changes: Option<bool>,
    /// The workflow, as GitHub's build type describes it; `None` where an option overrode a part.
    pub(crate) workflow: Option<Workflow>,
    /// The installation of the system: who it is that builds there.
    pub(crate) builder: Option<Known>,
    name: Option<String>,
}

impl Environment {
    /// Reads what was found; what was given overrides it.
    pub(crate) fn detect(found: &Found, given: &Given) -> Result<Self, EnvironmentError> {
        let Found { variables, event, work_tree } = found;
        let mut environment = match System::of(variables)? {
            System::Azure => azure::read(variables),
            System::Buildkite => buildkite::read(variables, work_tree.as_ref()),
            System::CircleCi => circleci::read(variables),
            System::GitHub => github::read(variables, event.as_deref()),
            System::GitLab => gitlab::read(variables),
            System::Jenkins => jenkins::read(variables),
            System::Shell => shell::read(work_tree.as_ref()),
        };
        environment.override_with(given);
        environment.normalise()?;
        Ok(environment)
    }

    fn empty(system: System) -> Self {
        Self {
            system,
            source: None,
            commit: None,
            git_ref: None,
            run: None,
            run_number: None,
            attempt: None,
            job: None,
            leg: None,
            actor: None,
            url: None,
            head: None,
            tracked_changes: None,
            workflow: None,
            builder: None,
            name: None,
        }
    }

    fn override_with(&mut self, given: &Given) {
        let Given { source, commit, git_ref, run, attempt, job, name, leg } = given;
        // The workflow build type says that the workflow's own repository was built. Where an
        // option names other code, it would be a contradiction in the predicate.
        let mut other_code = false;
        for (slot, option, from) in [
            (&mut self.source, source, "--source"),
            (&mut self.commit, commit, "--commit"),
            (&mut self.git_ref, git_ref, "--ref"),
        ] {
            if let Some(value) = option {
                other_code |= slot.as_ref().is_none_or(|known| known.value != *value);
                *slot = Some(Known::new(value, from));
            }
        }
        if other_code {
            self.workflow = None;
            self.head = None;
        }
        if let Some(value) = run {
            self.run = Some(Known::new(value, "--run"));
            self.url = value.contains("://").then(|| Known::new(value, "--run"));
            self.run_number = None;
            self.attempt = None;
        }
        if let Some(number) = attempt {
            self.attempt = Some(Known::new(number.to_string(), "--attempt"));
        }
        if let Some(value) = job {
            self.job = Some(Known::new(value, "--job"));
        }
        if let Some(value) = leg {
            self.leg = Some(Known::new(value, "--leg"));
        }
        self.name.clone_from(name);
    }

    fn normalise(&mut self) -> Result<(), EnvironmentError> {
        for known in [&mut self.run, &mut self.url, &mut self.builder].into_iter().flatten() {
            known.value = without_user(&known.value);
        }
        if let Some(known) = &mut self.source {
            known.value = source::normalise(&known.value).ok_or_else(|| {
                EnvironmentError::Source { value: known.value.clone(), from: known.from }
            })?;
        }
        for known in self.commit.iter_mut().chain(&mut self.head) {
            known.value.make_ascii_lowercase();
            if !source::is_commit(&known.value) {
                let (value, from) = (known.value.clone(), known.from);
                return Err(EnvironmentError::Commit { value, from });
            }
        }
        if let Some(known) = self.git_ref.as_ref().filter(|known| !is_full_ref(&known.value)) {
            let (value, from) = (known.value.clone(), known.from);
            return Err(EnvironmentError::Ref { value, from });
        }
        if let Some(known) = &mut self.run {
            let (run, attempt) = source::without_attempt(&known.value);
            if self.attempt.is_none() {
                self.attempt = attempt.map(|n| Known::new(n.to_string(), known.from));
            }
            known.value = run.to_owned();
        }
        if let Some(known) = &mut self.builder {
            known.value.truncate(known.value.trim_end_matches('/').len());
        }
        Ok(())
    }

    /// The run with its attempt where one address names both, else the run alone: a statement that
    /// names two runs, or two attempts, contradicts itself.
    pub(crate) fn invocation(&self) -> Option<&Known> {
        let run = self.run.as_ref()?;
        let names_it = |url: &&Known| {
            let (address, attempt) = source::without_attempt(&url.value);
            let stated = self.attempt.as_ref().and_then(|known| known.value.parse().ok());
            address == run.value && (attempt.is_none() || attempt == stated)
        };
        Some(self.url.as_ref().filter(names_it).unwrap_or(run))
    }

    /// The `attest_run` member of a statement signed at `now`.
    pub(crate) fn run_member(&self, now: Timestamp) -> Run {
        let value = |known: &Option<Known>| known.as_ref().map(|known| known.value.clone());
        Run {
            name: self.name.clone(),
            source: value(&self.source),
            commit: value(&self.commit),
            git_ref: value(&self.git_ref),
            run: value(&self.run),
            attempt: self.attempt.as_ref().and_then(|known| known.value.parse().ok()),
            job: value(&self.job),
            leg: value(&self.leg),
            actor: value(&self.actor),
            url: value(&self.url),
            signed_at: Some(time::write(now)),
        }
    }
}

/// Which event file to read, where this system has one.
pub(crate) fn event_path(variables: &Variables) -> Option<&str> {
    let here = System::of(variables) == Ok(System::GitHub);
    here.then(|| variables.get("GITHUB_EVENT_PATH")).flatten()
}

/// Whether the git work tree is asked: by a build where no CI says what was built, and by any command
/// where the CI says that the checkout knows the commit. Not where a commit is given, for a work tree
/// says nothing about another commit than its own.
pub(crate) fn asks_git(variables: &Variables, given: &Given, builds: bool) -> bool {
    let wanted = match System::of(variables) {
        Ok(System::Shell) => builds,
        Ok(System::Buildkite) => buildkite::asks_git(variables),
        _ => false,
    };
    wanted && given.commit.is_none()
}

/// An address without its user information: RFC 3986, 3.2.1, where passwords and tokens stand.
fn without_user(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// gitrevisions(7): a full ref begins with `refs/`; git-check-ref-format(1) forbids spaces and
/// controls in it.
fn is_full_ref(text: &str) -> bool {
    text.strip_prefix("refs/").is_some_and(|rest| !rest.is_empty())
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests;
