//! `attest build`: from which source, commit and run an image was built.

use std::path::Path;

use evidence::{
    Statement,
    json::{self, Value},
    predicate::{self, Claim, View, provenance::Provenance},
    text::escape_short,
};
use registry::Manifest;

use super::{at, environment};
use crate::{
    collect::{
        built::Built,
        environment::{Environment, Given, Known, System},
        labels::{Comparison, Labels, Outcome},
        metadata::{self, Metadata},
        provenance::{ProvenanceError, provenance},
    },
    deliver::deliver,
    error::Error,
    family::Member,
    file,
    hand::Hand,
    report::{Paragraph, Report},
    request::{self, BuildClaim, Platforms},
    resolve::Image,
    statement::{self, Predicate, StatementRefused},
    world::World,
};

/// The largest predicate that is read; in a bundle it grows by a third, and 16 MiB are read.
const PREDICATE_BYTES: u64 = 12 << 20;

pub(super) async fn run(world: &World, request: request::Build) -> Result<Report, Error> {
    let request::Build { image, mut access, signing, platforms, claim } = request;
    let hand = Hand::open(world, &signing, &access).await?;
    let (reference, metadata, ready) = match claim {
        BuildClaim::Environment { metadata: Some(path) } => {
            let metadata = Metadata::read(&file::read(&path, metadata::BYTES)?)?;
            let Built { reference, told } = Built::find(&metadata, image, access.told.take())?;
            access.told = told;
            (Some(reference), Some(metadata), None)
        }
        BuildClaim::Environment { metadata: None } => (image, None, None),
        BuildClaim::Predicate(path) => (image, None, Some(ready(&path)?)),
    };
    // The command line demands an image or a metadata file.
    let reference = reference.ok_or(crate::collect::built::BuiltError::Nameless)?;
    let image = at(world, reference, &access).await?;
    let given = match &ready {
        Some(ready) => ready.overrides(signing.given)?,
        None => signing.given,
    };
    let environment = environment(world, &given, ready.is_none())?;
    if let Some(metadata) = &metadata {
        Built::is(metadata, image.digest(), image.config_digest())?;
        metadata.agrees_with(&environment)?;
    }
    let mut said = vec![Paragraph { label: "Build", lines: built(&environment) }];
    said.push(Paragraph { label: "Labels", lines: labels(&image, platforms, &environment).await? });
    let now = world.now();
    let value = match ready {
        Some(ready) => ready.value,
        None => provenance(&environment, metadata.as_ref(), now)?,
    };
    let predicate = Predicate { predicate_type: predicate::PROVENANCE.to_owned(), value };
    let prepared = statement::make(
        image.family().subjects(platforms),
        predicate,
        &environment.run_member(now),
    )?;
    let delivered = deliver(&image, &prepared, hand.as_ref(), &signing.delivery, now).await?;
    Ok(Report::attested(&image, &prepared, said, delivered))
}

/// A predicate that was made elsewhere.
struct Ready {
    value: Value,
    view: Provenance,
}

fn ready(path: &Path) -> Result<Ready, Error> {
    let bytes = file::read(path, PREDICATE_BYTES)?;
    let value = json::parse(&bytes).map_err(StatementRefused::Json)?;
    let statement = Statement {
        subjects: Vec::new(),
        predicate_type: predicate::PROVENANCE.to_owned(),
        predicate: value.clone(),
    };
    match Claim::read(&statement).map_err(StatementRefused::Unreadable)?.view {
        View::Build(view) => Ok(Ready { value, view }),
        _ => Err(StatementRefused::NoObject.into()),
    }
}

impl Ready {
    /// What the predicate says is what the run says: two words for one fact in one statement would
    /// contradict each other.
    fn overrides(&self, given: Given) -> Result<Given, ProvenanceError> {
        let Provenance { source, commit, git_ref, run, attempt, .. } = &self.view;
        // What no predicate of any system would say.
        let system = System::Shell;
        Ok(Given {
            source: Some(source.clone().ok_or(ProvenanceError::Source { system })?),
            commit: Some(commit.clone().ok_or(ProvenanceError::Commit { system })?),
            git_ref: git_ref.clone().filter(|name| name.starts_with("refs/")),
            run: run.clone(),
            attempt: *attempt,
            ..given
        })
    }
}

/// `github.com/acme/payments @ 4f1c2a9e7b3d  run 4711 attempt 1`.
fn built(environment: &Environment) -> Vec<String> {
    let value = |known: &Option<Known>| known.as_ref().map(|known| known.value.clone());
    let source = value(&environment.source).unwrap_or_default();
    let commit: String = value(&environment.commit).unwrap_or_default().chars().take(12).collect();
    let source = escape_short(source.strip_prefix("https://").unwrap_or(&source), 200);
    let mut line = format!("{source} @ {commit}");
    if let Some(run) = value(&environment.run) {
        line.push_str(&format!("  run {}", escape_short(evidence::source::run_id(&run), 40)));
    }
    if let Some(attempt) = value(&environment.attempt) {
        line.push_str(&format!(" attempt {}", escape_short(&attempt, 10)));
    }
    let mut lines = vec![line];
    if environment.tracked_changes == Some(true) {
        lines.push("with changes that are not committed; the predicate says so".to_owned());
    }
    lines
}

/// Compares the labels of each image that is named, and says what came of it.
async fn labels(
    image: &Image,
    platforms: Platforms,
    environment: &Environment,
) -> Result<Vec<String>, Error> {
    let family = image.family();
    let named: &[Member] = match platforms {
        Platforms::Named => family.platforms(),
        Platforms::Unnamed => &[],
    };
    let mut lines = Vec::new();
    if let Some(compared) = compared(image, image.manifest(), environment).await? {
        lines.extend(outcomes(&compared));
    }
    for member in named {
        let manifest = image.platform(member).await?;
        let compared = compared(image, &manifest, environment).await?.unwrap_or_default();
        let platform = member.platform.as_deref().unwrap_or_default();
        lines.extend(outcomes(&compared).iter().map(|line| format!("{platform}: {line}")));
    }
    if lines.is_empty() {
        lines.push("none to compare: an index has no labels of its own".to_owned());
    }
    Ok(lines)
}

/// The labels of one image beside the environment; `None` for what has none.
async fn compared(
    image: &Image,
    manifest: &Manifest,
    environment: &Environment,
) -> Result<Option<Vec<Comparison>>, Error> {
    let Some((digest, config)) = image.config_of(manifest).await? else { return Ok(None) };
    let labels = Labels::read(&config).map_err(Error::Config)?;
    Ok(Some(labels.compare(environment, &digest)?))
}

/// What came of comparing, line by line.
fn outcomes(compared: &[Comparison]) -> Vec<String> {
    let with = |wanted: Outcome| {
        let those = compared.iter().filter(|one| one.outcome == wanted);
        let names: Vec<_> = those.map(|Comparison { label, .. }| *label).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let mut lines = Vec::new();
    lines.extend(with(Outcome::Agrees).map(|names| format!("{names} agree")));
    lines.extend(
        with(Outcome::Head).map(|names| format!("{names} agree with the head of the pull request")),
    );
    lines.extend(
        with(Outcome::Abbreviated)
            .map(|names| format!("{names} agree, abbreviated; label with the full id")),
    );
    lines.extend(
        with(Outcome::Number)
            .map(|names| format!("{names} agree, by number; label with the id or URL of the run")),
    );
    lines.extend(
        with(Outcome::Uncompared)
            .map(|names| format!("{names} not compared: nothing here says the same")),
    );
    if lines.is_empty() {
        lines.push("none that names a commit or run".to_owned());
    }
    lines
}
