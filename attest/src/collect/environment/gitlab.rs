//! GitLab CI/CD: `CI_*`. The pipeline is the run; a job is a part of it.
//!
//! Names and meaning: docs.gitlab.com, "Predefined CI/CD variables reference". A job that is retried
//! keeps its name and its pipeline, and no variable counts the attempts. The jobs of `parallel` have
//! names of their own (`test 1/3`, `test: [arm64]`), so they need no leg.

use super::{Environment, Known, System, Variables};

pub(super) fn read(variables: &Variables) -> Environment {
    let known = |name| variables.known(name);
    Environment {
        source: known("CI_PROJECT_URL"),
        commit: known("CI_COMMIT_SHA"),
        git_ref: git_ref(variables),
        run: known("CI_PIPELINE_URL").or_else(|| known("CI_PIPELINE_ID")),
        run_number: known("CI_PIPELINE_IID"),
        job: known("CI_JOB_NAME"),
        // Who started the pipeline, or a manual job in it.
        actor: known("GITLAB_USER_LOGIN"),
        url: known("CI_JOB_URL").or_else(|| known("CI_PIPELINE_URL")),
        // Empty but in pipelines of merged results, where the commit is the merge.
        head: known("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"),
        builder: known("CI_SERVER_URL"),
        ..Environment::empty(System::GitLab)
    }
}

/// CI_COMMIT_REF_NAME is no answer: in a merge request's pipeline it is a branch of the fork.
fn git_ref(variables: &Variables) -> Option<Known> {
    let under = |prefix: &str, name| variables.known(name).map(|known| known.under(prefix));
    under("refs/tags/", "CI_COMMIT_TAG")
        .or_else(|| merge_request(variables))
        .or_else(|| under("refs/heads/", "CI_COMMIT_BRANCH"))
}

/// CI_MERGE_REQUEST_REF_PATH always ends in `/head` (gitlab: `MergeRequest#ref_path`); a pipeline of
/// merged results builds `/merge`, one of a merge train `/train`.
fn merge_request(variables: &Variables) -> Option<Known> {
    let mut known = variables.known("CI_MERGE_REQUEST_REF_PATH")?;
    let last = match variables.get("CI_MERGE_REQUEST_EVENT_TYPE") {
        Some("merged_result") => "merge",
        Some("merge_train") => "train",
        _ => return Some(known),
    };
    known.value = format!("{}/{last}", known.value.strip_suffix("/head")?);
    Some(known)
}
