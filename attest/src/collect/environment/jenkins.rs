//! Jenkins: variables of its core, of the git plugin and of multibranch projects.
//!
//! Names and meaning: the `buildEnv` pages of Jenkins, git-plugin and branch-api-plugin. A build is
//! the run; one that is started again has a number of its own, so there are no attempts. JOB_NAME
//! names the project, not a part of the build, so no job is told apart in it: then no word of a build
//! takes the place of another.

use super::{Environment, Known, System, Variables};

pub(super) fn read(variables: &Variables) -> Environment {
    let known = |name| variables.known(name);
    Environment {
        source: known("GIT_URL"),
        commit: known("GIT_COMMIT"),
        git_ref: git_ref(variables),
        run: known("BUILD_URL"),
        // The author of a change request; who starts other builds stands in no variable of these.
        actor: known("CHANGE_AUTHOR"),
        url: known("BUILD_URL"),
        builder: known("JENKINS_URL"),
        ..Environment::empty(System::Jenkins)
    }
}

/// For a change request BRANCH_NAME is no branch (`PR-7`), and which ref it is depends on the forge.
fn git_ref(variables: &Variables) -> Option<Known> {
    let known = |name| variables.known(name);
    if let Some(tag) = known("TAG_NAME") {
        return Some(tag.under("refs/tags/"));
    }
    if variables.get("CHANGE_ID").is_some() {
        return None;
    }
    if let Some(branch) = known("BRANCH_NAME") {
        return Some(branch.under("refs/heads/"));
    }
    // Outside multibranch projects: `origin/main` as the git plugin names remote branches, or
    // whatever the job says, `detached` among it.
    let branch = known("GIT_BRANCH")?;
    let name = branch.value.strip_prefix("origin/")?;
    Some(Known::new(name, branch.from).under("refs/heads/"))
}
