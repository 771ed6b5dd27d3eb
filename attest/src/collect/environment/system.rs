//! System: which CI system a job runs in, told by the variables that its vendor documents for that.
//!
//! Exactly one, or none. Variables of two systems at once mean that one job was started inside
//! another, or that somebody set some by hand; which of them says what was built is not ours to guess.

use super::{EnvironmentError, Variables};

/// Which system was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    /// Azure Pipelines.
    Azure,
    /// Buildkite.
    Buildkite,
    /// CircleCI.
    CircleCi,
    /// GitHub Actions, github.com or Enterprise Server.
    GitHub,
    /// GitLab CI/CD, gitlab.com or self-managed.
    GitLab,
    /// Jenkins.
    Jenkins,
    /// No CI system that is known.
    Shell,
}

/// Every system that is known.
const KNOWN: [System; 6] = [
    System::Azure,
    System::Buildkite,
    System::CircleCi,
    System::GitHub,
    System::GitLab,
    System::Jenkins,
];

impl System {
    /// Recognises the system.
    pub(super) fn of(variables: &Variables) -> Result<Self, EnvironmentError> {
        let mut here = KNOWN.into_iter().filter(|system| system.is_here(variables));
        let Some(first) = here.next() else { return Ok(Self::Shell) };
        let others: Vec<Self> = here.collect();
        if others.is_empty() {
            return Ok(first);
        }
        Err(EnvironmentError::Several { systems: [vec![first], others].concat() })
    }

    fn is_here(self, variables: &Variables) -> bool {
        let says = |name: &str| variables.get(name).is_some_and(|v| v.eq_ignore_ascii_case("true"));
        match self {
            // Neither is set where the server's address was never configured; a build has a number.
            Self::Jenkins => {
                let known = self.marks().iter().any(|name| variables.get(name).is_some());
                known && variables.get("BUILD_NUMBER").is_some()
            }
            Self::Shell => false,
            _ => self.marks().iter().any(|name| says(name)),
        }
    }

    /// The variables that it is recognised by.
    pub(super) fn marks(self) -> &'static [&'static str] {
        match self {
            Self::Azure => &["TF_BUILD"],
            Self::Buildkite => &["BUILDKITE"],
            Self::CircleCi => &["CIRCLECI"],
            Self::GitHub => &["GITHUB_ACTIONS"],
            Self::GitLab => &["GITLAB_CI"],
            Self::Jenkins => &["JENKINS_URL", "JENKINS_HOME"],
            Self::Shell => &[],
        }
    }

    /// The name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Azure => "Azure Pipelines",
            Self::Buildkite => "Buildkite",
            Self::CircleCi => "CircleCI",
            Self::GitHub => "GitHub Actions",
            Self::GitLab => "GitLab CI/CD",
            Self::Jenkins => "Jenkins",
            Self::Shell => "a plain shell",
        }
    }
}
