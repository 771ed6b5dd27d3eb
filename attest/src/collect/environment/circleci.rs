//! CircleCI: `CIRCLE_*`. The workflow is the run; a job is a part of it.
//!
//! Names and meaning: circleci.com/docs, "Project values and variables". A workflow that is rerun,
//! from its start or from what failed, is another workflow with an id of its own, and in it every job
//! runs once: so the attempt is always the first.

use super::{Environment, Known, System, Variables};

/// There is no variable for the service itself, and CIRCLE_BUILD_URL has several hosts.
const BUILDER: &str = "https://circleci.com";

pub(super) fn read(variables: &Variables) -> Environment {
    let known = |name| variables.known(name);
    let run = known("CIRCLE_WORKFLOW_ID");
    Environment {
        // Not set for GitHub App and GitLab projects: nothing else names the repository.
        source: known("CIRCLE_REPOSITORY_URL"),
        commit: known("CIRCLE_SHA1"),
        git_ref: git_ref(variables),
        attempt: run.as_ref().map(|run| Known::new("1", run.from)),
        run,
        job: known("CIRCLE_JOB"),
        leg: variables.one_of_several("CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL"),
        actor: known("CIRCLE_USERNAME"),
        url: known("CIRCLE_BUILD_URL"),
        builder: Some(Known::new(BUILDER, "CIRCLECI")),
        ..Environment::empty(System::CircleCi)
    }
}

/// For a pull request of a fork CIRCLE_BRANCH is no branch: `pull/7`.
fn git_ref(variables: &Variables) -> Option<Known> {
    if let Some(tag) = variables.known("CIRCLE_TAG") {
        return Some(tag.under("refs/tags/"));
    }
    let branch = variables.known("CIRCLE_BRANCH")?;
    let forked = variables.get("CIRCLE_PR_NUMBER").is_some() || branch.value.starts_with("pull/");
    (!forked).then(|| branch.under("refs/heads/"))
}
