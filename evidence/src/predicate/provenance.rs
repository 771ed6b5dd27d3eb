//! SLSA provenance v1 and v0.2 (SLSA spec/build-provenance.md, provenance/v0.2).

use serde::Deserialize;

use super::{Unreadable, View, direct::Written, from_value, optional_instant};
use crate::{json::Value, source, time::Timestamp};

/// How an image was built. Everything is the builder's claim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// `runDetails.builder.id`.
    pub builder: String,
    /// `buildDefinition.buildType`.
    pub build_type: String,
    /// The repository, normalised.
    pub source: Option<String>,
    /// The commit, lowercase hex.
    pub commit: Option<String>,
    /// The full ref.
    pub git_ref: Option<String>,
    /// The run without its attempt.
    pub run: Option<String>,
    /// The attempt of the run.
    pub attempt: Option<u64>,
    /// When the build ended.
    pub finished: Option<Timestamp>,
    /// Two members that name different repositories, if there are any.
    pub contradiction: Option<[String; 2]>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireV1 {
    build_definition: WireDefinition,
    run_details: WireRun,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDefinition {
    build_type: String,
    external_parameters: Value,
    #[serde(default)]
    resolved_dependencies: Vec<WireMaterial>,
}

#[derive(Deserialize)]
struct WireRun {
    builder: WireBuilder,
    #[serde(default)]
    metadata: WireMetadata,
}

#[derive(Deserialize)]
struct WireBuilder {
    id: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireMetadata {
    invocation_id: Option<String>,
    finished_on: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireMaterial {
    uri: Option<String>,
    digest: WireDigest,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireDigest {
    git_commit: Option<String>,
    sha1: Option<String>,
}

pub(super) fn read_v1(predicate: &Value) -> Result<Provenance, Unreadable> {
    provenance_v1(from_value(predicate, "provenance")?)
}

impl Written for WireV1 {
    fn view(self) -> Result<View, Unreadable> {
        provenance_v1(self).map(View::Build)
    }
}

fn provenance_v1(wire: WireV1) -> Result<Provenance, Unreadable> {
    let definition = wire.build_definition;
    let workflow = |member: &str| {
        definition
            .external_parameters
            .pointer(&format!("/workflow/{member}"))
            .and_then(Value::as_str)
    };
    let stated = workflow("repository").and_then(source::normalise);
    let dependency = git_dependency(&definition.resolved_dependencies, stated.as_deref());
    let resolved = dependency.and_then(|d| d.uri.as_deref()).and_then(source::normalise);
    let contradiction = match (&stated, &resolved) {
        (Some(a), Some(b)) if a != b => Some([a.clone(), b.clone()]),
        _ => None,
    };
    let metadata = wire.run_details.metadata;
    let (run, attempt) = run_of(metadata.invocation_id.as_deref());
    Ok(Provenance {
        builder: wire.run_details.builder.id,
        build_type: definition.build_type,
        commit: dependency.and_then(commit_of),
        git_ref: dependency
            .and_then(|d| d.uri.as_deref())
            .and_then(source::git_ref)
            .or(workflow("ref"))
            .map(str::to_owned),
        source: stated.or(resolved),
        run,
        attempt,
        finished: optional_instant(metadata.finished_on.as_deref(), "finishedOn")?,
        contradiction,
    })
}

/// The dependency that is the source: that of the stated repository, else the first with a commit.
fn git_dependency<'a>(
    dependencies: &'a [WireMaterial],
    stated: Option<&str>,
) -> Option<&'a WireMaterial> {
    let of_source = |d: &&WireMaterial| {
        stated.is_some() && d.uri.as_deref().and_then(source::normalise).as_deref() == stated
    };
    let has_commit = |d: &&WireMaterial| commit_of(d).is_some();
    dependencies
        .iter()
        .filter(has_commit)
        .find(of_source)
        .or_else(|| dependencies.iter().find(has_commit))
}

fn commit_of(material: &WireMaterial) -> Option<String> {
    let WireDigest { git_commit, sha1 } = &material.digest;
    git_commit
        .iter()
        .chain(sha1)
        .map(|commit| commit.to_ascii_lowercase())
        .find(|commit| source::is_commit(commit))
}

fn run_of(invocation: Option<&str>) -> (Option<String>, Option<u64>) {
    match invocation.filter(|run| !run.is_empty()).map(source::without_attempt) {
        Some((run, attempt)) => (Some(run.to_owned()), attempt),
        None => (None, None),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireV02 {
    builder: WireBuilder,
    build_type: String,
    #[serde(default)]
    invocation: WireInvocation,
    #[serde(default)]
    metadata: WireMetadataV02,
    #[serde(default)]
    materials: Vec<WireMaterial>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireInvocation {
    config_source: WireMaterial,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireMetadataV02 {
    build_invocation_id: Option<String>,
    build_finished_on: Option<String>,
}

pub(super) fn read_v02(predicate: &Value) -> Result<Provenance, Unreadable> {
    provenance_v02(from_value(predicate, "provenance")?)
}

impl Written for WireV02 {
    fn view(self) -> Result<View, Unreadable> {
        provenance_v02(self).map(View::Build)
    }
}

fn provenance_v02(wire: WireV02) -> Result<Provenance, Unreadable> {
    let config = wire.invocation.config_source;
    let material = if commit_of(&config).is_some() {
        Some(&config)
    } else {
        git_dependency(
            &wire.materials,
            config.uri.as_deref().and_then(source::normalise).as_deref(),
        )
    };
    let uri = material.and_then(|m| m.uri.as_deref());
    let (run, attempt) = run_of(wire.metadata.build_invocation_id.as_deref());
    Ok(Provenance {
        builder: wire.builder.id,
        build_type: wire.build_type,
        source: uri.and_then(source::normalise),
        commit: material.and_then(commit_of),
        git_ref: uri.and_then(source::git_ref).map(str::to_owned),
        run,
        attempt,
        finished: optional_instant(wire.metadata.build_finished_on.as_deref(), "buildFinishedOn")?,
        contradiction: None,
    })
}
