//! Azure Pipelines: `BUILD_*` and `SYSTEM_*`. The build is the run; a job of a stage is a part of it.
//!
//! Names and meaning: learn.microsoft.com, "Use predefined variables". There is no variable with the
//! run's address; it is made of the collection, the project and the build.

use super::{Environment, Known, System, Variables};

pub(super) fn read(variables: &Variables) -> Environment {
    let known = |name| variables.known(name);
    let run = run(variables);
    Environment {
        source: known("BUILD_REPOSITORY_URI"),
        commit: known("BUILD_SOURCEVERSION"),
        // Version control other than git has branches that are no refs.
        git_ref: known("BUILD_SOURCEBRANCH").filter(|known| known.value.starts_with("refs/")),
        run_number: known("BUILD_BUILDNUMBER"),
        attempt: attempt(variables),
        job: job(variables),
        actor: known("BUILD_REQUESTEDFOR"),
        url: run.clone(),
        run,
        head: known("SYSTEM_PULLREQUEST_SOURCECOMMITID"),
        builder: known("SYSTEM_COLLECTIONURI"),
        ..Environment::empty(System::Azure)
    }
}

fn run(variables: &Variables) -> Option<Known> {
    let collection = variables.get("SYSTEM_COLLECTIONURI")?.trim_end_matches('/');
    let project = segment(variables.get("SYSTEM_TEAMPROJECT")?);
    let build = variables.known("BUILD_BUILDID")?;
    let url = format!("{collection}/{project}/_build/results?buildId={}", build.value);
    Some(Known::new(url, build.from))
}

/// RFC 3986, 2.3: all but unreserved characters is percent-encoded in a segment of a path.
fn segment(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// A stage that is retried counts as one more attempt of each job that it runs again; a job that is
/// retried by itself counts on its own.
fn attempt(variables: &Variables) -> Option<Known> {
    ["SYSTEM_JOBATTEMPT", "SYSTEM_STAGEATTEMPT"]
        .into_iter()
        .filter_map(|name| variables.known(name))
        .filter_map(|known| Some((known.value.parse::<u64>().ok()?, known)))
        .max_by_key(|(attempt, _)| *attempt)
        .map(|(_, known)| known)
}

/// The identifier holds stage, job and the leg of a matrix; a job's name alone is unique to its stage.
fn job(variables: &Variables) -> Option<Known> {
    variables.known("SYSTEM_JOBIDENTIFIER").or_else(|| {
        let job = variables.known("SYSTEM_JOBNAME")?;
        let stage = variables.get("SYSTEM_STAGENAME");
        Some(stage.map_or_else(|| job.clone(), |stage| job.clone().under(&format!("{stage}."))))
    })
}
