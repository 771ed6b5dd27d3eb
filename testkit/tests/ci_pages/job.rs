//! What a pipeline is, whichever system it is written for: jobs in an order, each a list of acts.

/// A job.
#[derive(Clone, Debug, Default)]
pub(crate) struct Job {
    pub(crate) name: String,
    /// Every one of these must have passed.
    pub(crate) needs: Vec<String>,
    /// Whose secrets it is given: an environment, a context, a group.
    pub(crate) scope: Vec<String>,
    /// Whether the files of the repository are there.
    pub(crate) has_checkout: bool,
    /// Variables of the whole job, not yet expanded.
    pub(crate) env: Vec<(String, String)>,
    pub(crate) acts: Vec<Act>,
    /// What later jobs may ask it for, not yet expanded.
    pub(crate) outputs: Vec<(String, String)>,
    /// Whether it works where the job before it worked.
    pub(crate) keeps_workspace: bool,
}

/// One thing that a job does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Brings files that an earlier job kept into a directory beside or at the one of the job, `work`.
    Bring { name: String, into: String },
    /// Keeps files for later jobs.
    Keep { name: String, paths: Vec<String> },
    /// Runs a script.
    Run { script: String, env: Vec<(String, String)>, id: Option<String>, when: When },
}

/// After what an act is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// All before it succeeded.
    Success,
    /// Whatever came before.
    Always,
}

impl Act {
    /// A script that runs if all before it succeeded.
    pub(crate) fn run(script: impl Into<String>) -> Self {
        Self::Run { script: script.into(), env: Vec::new(), id: None, when: When::Success }
    }
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Passed,
    Failed,
    /// A job that it needs did not pass.
    Skipped,
}

/// Puts jobs behind those that they need; the order of the rest stays.
pub(crate) fn sorted(mut jobs: Vec<Job>) -> Vec<Job> {
    let mut done: Vec<Job> = Vec::new();
    while !jobs.is_empty() {
        let has_all = |job: &Job| job.needs.iter().all(|need| done.iter().any(|d| d.name == *need));
        let next = jobs.iter().position(has_all).expect("a job needs one that is not there");
        done.push(jobs.remove(next));
    }
    done
}
