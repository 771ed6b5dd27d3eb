//! GitHub Actions: `GITHUB_*`, and the event for the head commit of a pull request.
//!
//! Names and meaning: docs.github.com, "Variables reference". The build type that the facts are for:
//! <https://actions.github.io/buildtypes/workflow/v1>.

use evidence::json::{self, Value};

use super::{Environment, Known, System, Variables, without_user};

/// What GitHub's build type says beside source, commit and run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Workflow {
    /// The server, without a slash at the end.
    pub(crate) server: String,
    /// The repository's URL on that server.
    pub(crate) repository: String,
    /// The ref that the run was started for.
    pub(crate) git_ref: String,
    /// The workflow file's path in the repository.
    pub(crate) path: String,
    /// `owner/repo/.github/workflows/x.yml@ref`.
    pub(crate) workflow_ref: String,
    /// `GITHUB_EVENT_NAME`.
    pub(crate) event_name: String,
    /// `GITHUB_REPOSITORY_ID`.
    pub(crate) repository_id: String,
    /// `GITHUB_REPOSITORY_OWNER_ID`.
    pub(crate) repository_owner_id: String,
    /// `RUNNER_ENVIRONMENT`: `github-hosted` or `self-hosted`.
    pub(crate) runner_environment: String,
}

pub(super) fn read(variables: &Variables, event: Option<&[u8]>) -> Environment {
    let known = |name| variables.known(name);
    let repository = repository(variables);
    let run = repository.as_ref().zip(variables.get("GITHUB_RUN_ID")).map(|(repository, id)| {
        Known::new(format!("{repository}/actions/runs/{id}"), "GITHUB_RUN_ID")
    });
    let attempt = known("GITHUB_RUN_ATTEMPT").filter(|known| known.value.parse::<u64>().is_ok());
    let url = run.as_ref().map(|run| match &attempt {
        Some(attempt) => {
            Known::new(format!("{}/attempts/{}", run.value, attempt.value), "GITHUB_RUN_ID")
        }
        None => run.clone(),
    });
    Environment {
        source: repository.map(|url| Known::new(url, "GITHUB_REPOSITORY")),
        commit: known("GITHUB_SHA"),
        git_ref: known("GITHUB_REF"),
        run,
        run_number: known("GITHUB_RUN_NUMBER"),
        attempt,
        job: known("GITHUB_JOB"),
        // Who started this attempt; GITHUB_ACTOR stays whoever started the first.
        actor: known("GITHUB_TRIGGERING_ACTOR").or_else(|| known("GITHUB_ACTOR")),
        url,
        head: event.and_then(head),
        workflow: workflow(variables),
        ..Environment::empty(System::GitHub)
    }
}

fn server(variables: &Variables) -> String {
    let stated = variables.get("GITHUB_SERVER_URL").unwrap_or("https://github.com");
    without_user(stated.trim_end_matches('/'))
}

fn repository(variables: &Variables) -> Option<String> {
    Some(format!("{}/{}", server(variables), variables.get("GITHUB_REPOSITORY")?))
}

/// All members or none: half a description would be a wrong one.
fn workflow(variables: &Variables) -> Option<Workflow> {
    let text = |name: &str| variables.get(name).map(str::to_owned);
    let workflow_ref = text("GITHUB_WORKFLOW_REF")?;
    // `owner/repo/PATH@REF`; a path may hold an `@`, a ref of a branch as well: the repository and
    // `@refs/` bound it.
    let path = workflow_ref
        .strip_prefix(variables.get("GITHUB_REPOSITORY")?)?
        .strip_prefix('/')?
        .split_once("@refs/")?
        .0
        .to_owned();
    Some(Workflow {
        server: server(variables),
        repository: repository(variables)?,
        git_ref: text("GITHUB_REF")?,
        path,
        workflow_ref,
        event_name: text("GITHUB_EVENT_NAME")?,
        repository_id: text("GITHUB_REPOSITORY_ID")?,
        repository_owner_id: text("GITHUB_REPOSITORY_OWNER_ID")?,
        runner_environment: text("RUNNER_ENVIRONMENT")?,
    })
}

/// The head commit of a pull request. GITHUB_SHA is then the merge commit, which nobody can name
/// before the run, so images are labelled with the head.
fn head(event: &[u8]) -> Option<Known> {
    let event = json::parse(event).ok()?;
    let sha = event.pointer("/pull_request/head/sha").and_then(Value::as_str)?;
    Some(Known::new(sha, "GITHUB_EVENT_PATH (pull_request.head.sha)"))
}
