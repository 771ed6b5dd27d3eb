//! A plain shell: what the git work tree says; a run only if one is given.

use super::{Environment, Known, System, WorkTree};

pub(super) fn read(work_tree: Option<&WorkTree>) -> Environment {
    let Some(WorkTree { commit, origin, git_ref, tracked_changes }) = work_tree else {
        return Environment::empty(System::Shell);
    };
    let known = |value: &Option<String>, from| value.as_ref().map(|v| Known::new(v, from));
    Environment {
        commit: Some(Known::new(commit, "git rev-parse HEAD")),
        source: known(origin, "git config remote.origin.url"),
        git_ref: known(git_ref, "git symbolic-ref HEAD"),
        tracked_changes: Some(*tracked_changes),
        ..Environment::empty(System::Shell)
    }
}
