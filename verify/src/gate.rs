//! `verify gate`: a policy, an image and what hangs on it become a verdict.
//!
//! The order is the argument: the policy is complete, and the question fits it, before anything is
//! asked of a registry; the tag is resolved once; and what decides (`chain`) reads nothing.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use chain::{Image, Policy, Question, Verdict, ask};
use evidence::{Digest, predicate::Kind, time::Timestamp};
use registry::{Options, Verbose};

use crate::{
    cli::{Gate, ImageRequest},
    error::Error,
    gather::{self, Gathered, gather},
    output,
};

/// Bytes of the policy, and of each file that it names, that are looked at; `chain` has the real
/// limits and says which was passed.
const READ: u64 = 2 * 1024 * 1024;

/// Decides on an image.
pub async fn gate(request: &Gate, now: Timestamp) -> Result<(Verdict, Policy), Error> {
    output::look_at(&request.reports)?;
    let policy = parse(&request.policy)?;
    let asked = Asked {
        policy: &policy,
        name: &request.name,
        environment: request.environment.as_deref(),
        before: request.before.as_deref(),
        now,
    };
    let (_, verdict) = decide(&request.image, &asked).await?;
    Ok((verdict, policy))
}

/// What is asked of a policy.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The image's name.
    pub name: &'a str,
    /// The environment.
    pub environment: Option<&'a str>,
    /// Only what comes before this step.
    pub before: Option<&'a str>,
    /// The moment of asking.
    pub now: Timestamp,
}

/// Gathers and decides.
pub async fn decide(image: &ImageRequest, asked: &Asked<'_>) -> Result<(Gathered, Verdict), Error> {
    // A question that does not fit the policy is the asker's error, whatever a registry would say.
    // What is asked does not depend on the digest, which nobody knows yet.
    let undecided = |why| Error::Undecided { why, policy: asked.policy.file.clone() };
    ask::ask(asked.policy, &asked.question(Digest::sha256(b""), image, None)).map_err(undecided)?;
    let labels = !asked.policy.labels.is_empty();
    let gathered = gather_within(image, labels).await?;
    let question = asked.question(gathered.pinned.digest().clone(), image, Some(&gathered));
    let candidates = gathered.candidates.clone();
    let mut verdict = chain::gate(asked.policy, &question, candidates).map_err(undecided)?;
    verdict.notes.extend(gathered.notes.iter().cloned());
    verdict.notes.sort();
    Ok((gathered, verdict))
}

impl Asked<'_> {
    fn question(
        &self,
        digest: Digest,
        image: &ImageRequest,
        gathered: Option<&Gathered>,
    ) -> Question {
        Question {
            image: Image {
                reference: gathered.map(|g| g.pinned.to_string()).unwrap_or_default(),
                name: self.name.to_owned(),
                told: image.told.is_some(),
                family: gathered.map_or_else(|| vec![digest.clone()], |g| g.family.clone()),
                labels: gathered.and_then(|g| g.labels.clone()),
                digest,
            },
            environment: self.environment.map(str::to_owned),
            before: self.before.map(str::to_owned),
            now: self.now,
        }
    }
}

/// Gathers, within the time that the whole answer may take.
pub async fn gather_within(image: &ImageRequest, labels: bool) -> Result<Gathered, Error> {
    let verbose = image.verbose.then(|| -> Verbose {
        Arc::new(|line: &str| output::print_error(&output::lines(&format!("# {line}"))))
    });
    let options = Options {
        plain_http: image.plain_http,
        verbose,
        timeout: image.timeout,
        ..Options::default()
    };
    let request = gather::Request {
        image: &image.reference,
        told: image.told.as_deref(),
        supplied: &image.supplied,
        labels,
        options: &options,
    };
    // Each source bounds its own requests; this bounds all of them together.
    match tokio::time::timeout(image.timeout, gather(&request)).await {
        Ok(gathered) => Ok(gathered?),
        Err(_) => Err(Error::Timeout { seconds: image.timeout.as_secs() }),
    }
}

/// Reads the policy and the files that it names, which lie beside it.
pub fn parse(path: &Path) -> Result<Policy, Error> {
    let text = read(path).map_err(|cause| Error::PolicyFile { path: path.to_owned(), cause })?;
    let beside = path.parent().unwrap_or(Path::new(""));
    let mut named = |name: &str| read(&beside.join(name)).map_err(|cause| cause.to_string());
    let policy =
        Policy::parse(&path.display().to_string(), &text, &mut named).map_err(Error::Policy)?;
    for warning in &policy.warnings {
        output::print_error(&output::lines(&warning.render()));
    }
    Ok(policy)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(READ).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The command that comes next, once all before it is proven.
pub fn next(verdict: &Verdict, policy: &Policy, verdict_file: Option<&Path>) -> Option<String> {
    let step = policy.step(verdict.before.as_deref()?)?;
    let told =
        if verdict.image.told { format!(" --as {}", verdict.image.name) } else { String::new() };
    let image = format!("{}{told}", verdict.image.reference);
    let environment = step.selects.environment.as_deref().unwrap_or_default();
    let file = verdict_file.map_or_else(|| "FILE".to_owned(), |path| path.display().to_string());
    let name = step.selects.name.as_ref().map(|name| format!(" --name {name}")).unwrap_or_default();
    let word = step.selects.claims.word();
    Some(match word {
        _ if word == Kind::Approval.word() => {
            format!("attest approve {image} --environment {environment}{name} --verdict {file}")
        }
        _ if word == Kind::Deployment.word() => {
            format!(
                "attest deploy {image} --environment {environment}{name} --result succeeded --verdict {file}"
            )
        }
        word => format!("attest {word} {image}{name}"),
    })
}
