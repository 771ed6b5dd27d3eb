//! `verify gate`: a policy, an image and what hangs on it become a verdict.
//!
//! The order is the argument: the policy is complete, and the question fits it, before anything is
//! asked of a registry; the tag is resolved once; and what decides (`chain`) reads nothing.

use std::{path::Path, sync::Arc};

use chain::{Image, Policy, Question, Shape, Undecided, Verdict, ask};
use evidence::{Digest, time::Timestamp};
use registry::{Cache, Options, Verbose};

use crate::{
    cli::{Gate, ImageRequest},
    error::Error,
    gather::{self, Gathered, gather},
    output::{self, Target},
    policy,
    report::Format,
};

/// Decides on an image.
pub async fn gate(request: &Gate, now: Timestamp) -> Result<Verdict, Error> {
    output::look_at(&request.reports)?;
    let policy = policy::parse(&request.policy, &request.image.roots(), now).await?;
    let asked = Asked {
        policy: &policy,
        image: &request.image,
        name: &request.name,
        environment: request.environment.as_deref(),
        before: request.before.as_deref(),
        now,
    };
    let gathered = asked.gather().await?;
    let verdict = asked.decide(gathered)?;
    Ok(match kept_in(&request.reports) {
        Some(file) => verdict.kept_in(&file.display().to_string()),
        None => verdict,
    })
}

/// The file that holds the verdict for whoever follows it.
fn kept_in(reports: &[Target]) -> Option<&Path> {
    reports.iter().find(|target| target.format == Format::Json)?.path.as_deref()
}

/// What is asked, of which policy, about which image.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The image.
    pub image: &'a ImageRequest,
    /// Its name.
    pub name: &'a str,
    /// The environment.
    pub environment: Option<&'a str>,
    /// Only what comes before this step.
    pub before: Option<&'a str>,
    /// The moment of asking.
    pub now: Timestamp,
}

impl Asked<'_> {
    /// Gathers what there is, if the question fits the policy: that it does not is the asker's error,
    /// whatever a registry would say.
    pub async fn gather(&self) -> Result<Gathered, Error> {
        // What is asked for does not depend on the digest, which nobody knows yet.
        let image = Image {
            reference: String::new(),
            name: self.name.to_owned(),
            told: self.image.told.is_some(),
            evidence_repository: self.image.evidence_repository.as_ref().map(ToString::to_string),
            digest: Digest::sha256(b""),
            same_bytes: vec![],
            shape: Shape::Lone,
            labels: None,
        };
        ask(self.policy, &self.question(image)).map_err(|why| self.undecided(why))?;
        gathered(self.image, !self.policy.labels.is_empty()).await
    }

    /// Decides on what was gathered.
    pub fn decide(&self, gathered: Gathered) -> Result<Verdict, Error> {
        let Gathered { pinned, same_bytes, shape, labels, candidates, notes } = gathered;
        let question = self.question(Image {
            reference: pinned.to_string(),
            name: self.name.to_owned(),
            told: self.image.told.is_some(),
            evidence_repository: self.image.evidence_repository.as_ref().map(ToString::to_string),
            digest: pinned.digest().clone(),
            same_bytes,
            shape,
            labels,
        });
        let verdict = chain::gate(self.policy, &question, candidates);
        Ok(verdict.map_err(|why| self.undecided(why))?.with_notes(notes))
    }

    fn question(&self, image: Image) -> Question {
        Question {
            image,
            environment: self.environment.map(str::to_owned),
            before: self.before.map(str::to_owned),
            now: self.now,
        }
    }

    fn undecided(&self, why: Undecided) -> Error {
        Error::Undecided { why, policy: self.policy.file.clone() }
    }
}

/// Tells of each request, if that is wanted.
pub(crate) fn verbose(wanted: bool) -> Option<Verbose> {
    wanted.then(|| -> Verbose {
        Arc::new(|line: &str| output::print_error(&output::lines(&format!("# {line}"))))
    })
}

impl ImageRequest {
    /// How trusted roots are fetched: in half of the time, so that there is some for the evidence.
    pub(crate) fn roots(&self) -> trust::Options {
        trust::Options {
            cache: self.roots.clone(),
            timeout: self.timeout / 2,
            verbose: verbose(self.verbose),
            ..trust::Options::default()
        }
    }
}

/// Gathers what there is for an image, as the command line says.
pub async fn gathered(image: &ImageRequest, labels: bool) -> Result<Gathered, Error> {
    let verbose = verbose(image.verbose);
    let options = Options {
        plain_http: image.plain_http,
        cache: image.cache.as_deref().map(|dir| Arc::new(Cache::new(dir, verbose.clone()))),
        verbose,
        timeout: image.timeout,
        ..Options::default()
    };
    let request = gather::Request {
        image: &image.reference,
        told: image.told.as_deref(),
        supplied: &image.supplied,
        evidence_repository: image.evidence_repository.as_ref(),
        labels,
        index: image.index.as_ref(),
        options: &options,
    };
    let gathered = gather(&request).await;
    let Some(cache) = &options.cache else { return Ok(gathered?) };
    cache.settle().await;
    let mut gathered = gathered?;
    if cache.is_lamented() {
        let dir = cache.dir().display();
        gathered.notes.push(format!("the cache `{dir}` cannot be used; -v says why"));
    }
    Ok(gathered)
}
