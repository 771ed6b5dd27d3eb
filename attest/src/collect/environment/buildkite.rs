//! Buildkite: `BUILDKITE_*`. The build is the run; a step is a part of it.
//!
//! Names and meaning: buildkite.com/docs, "Environment variables". Each job of a step is retried on
//! its own, and BUILDKITE_RETRY_COUNT counts that.

use evidence::source;

use super::{Environment, Known, System, Variables, WorkTree};

pub(super) fn read(variables: &Variables, work_tree: Option<&WorkTree>) -> Environment {
    let known = |name| variables.known(name);
    let mut environment = Environment {
        source: known("BUILDKITE_REPO"),
        commit: known("BUILDKITE_COMMIT"),
        git_ref: git_ref(variables),
        run: known("BUILDKITE_BUILD_URL").or_else(|| known("BUILDKITE_BUILD_ID")),
        run_number: known("BUILDKITE_BUILD_NUMBER"),
        attempt: attempt(variables),
        // A key is the author's own name for the step and may be missing; the id never is.
        job: known("BUILDKITE_STEP_KEY").or_else(|| known("BUILDKITE_STEP_ID")),
        leg: variables.one_of_several("BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT"),
        actor: actor(variables),
        url: known("BUILDKITE_BUILD_URL"),
        builder: known("BUILDKITE_ORGANIZATION_SLUG")
            .map(|slug| slug.under("https://buildkite.com/")),
        ..Environment::empty(System::Buildkite)
    };
    if asks_git(variables) {
        // A name instead of an id, `HEAD`: the checkout that the agent made knows which commit it is.
        environment.commit =
            work_tree.map(|tree| Known::new(&tree.commit, "git rev-parse HEAD (BUILDKITE_COMMIT)"));
        environment.tracked_changes = work_tree.map(|tree| tree.tracked_changes);
    }
    environment
}

/// Whether the commit is told by a name that only the checkout can resolve.
pub(super) fn asks_git(variables: &Variables) -> bool {
    let commit = variables.get("BUILDKITE_COMMIT").map(str::to_ascii_lowercase);
    commit.is_some_and(|commit| !source::is_commit(&commit))
}

/// BUILDKITE_BRANCH repeats the tag, and for a pull request of a fork it begins with its owner.
fn git_ref(variables: &Variables) -> Option<Known> {
    if let Some(tag) = variables.known("BUILDKITE_TAG") {
        return Some(tag.under("refs/tags/"));
    }
    let pull_request = variables.get("BUILDKITE_PULL_REQUEST").is_some_and(|text| text != "false");
    let branch = variables.known("BUILDKITE_BRANCH").filter(|_| !pull_request)?;
    Some(branch.under("refs/heads/"))
}

fn attempt(variables: &Variables) -> Option<Known> {
    let retries = variables.known("BUILDKITE_RETRY_COUNT")?;
    let attempt = retries.value.parse::<u64>().ok()?.checked_add(1)?;
    Some(Known::new(attempt.to_string(), retries.from))
}

/// For a build that a push started, the creator is whoever the commit says wrote it, unverified.
fn actor(variables: &Variables) -> Option<Known> {
    let pushed = variables.get("BUILDKITE_SOURCE") == Some("webhook");
    variables.known("BUILDKITE_BUILD_CREATOR").filter(|_| !pushed)
}
