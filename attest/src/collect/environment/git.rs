//! The git work tree, asked through the `git` program: HEAD, origin, branch, tracked changes.
//!
//! Only read-only commands, without optional locks. A directory that is no work tree, or a machine
//! without `git`, is no error: the command line can say the same.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// What a work tree says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WorkTree {
    /// HEAD.
    pub(crate) commit: String,
    /// The URL of `origin`.
    pub(crate) origin: Option<String>,
    /// The branch, unless HEAD is detached.
    pub(crate) git_ref: Option<String>,
    /// Whether tracked files differ from HEAD.
    pub(crate) tracked_changes: bool,
}

/// Asks `git` about the work tree that holds `directory`.
pub(crate) fn look(directory: &Path) -> Option<WorkTree> {
    let commit = git(directory, &["rev-parse", "--verify", "HEAD"])?;
    // A status that cannot be had counts as changed: clean is a claim.
    let status = git(directory, &["status", "--porcelain", "--untracked-files=no"]);
    Some(WorkTree {
        commit,
        origin: git(directory, &["config", "--get", "remote.origin.url"]),
        git_ref: git(directory, &["symbolic-ref", "--quiet", "HEAD"]),
        tracked_changes: status.is_none_or(|status| !status.is_empty()),
    })
}

fn git(directory: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        // A file watcher named by the repository would be run by `git status`.
        .args(["-c", "core.fsmonitor=false"])
        .args(arguments)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim_end().to_owned())
}
