//! SLSA provenance v1 of a build: the shape that `attest build` writes (docs/predicates/provenance.md).
//!
//! In GitHub Actions it is the workflow build type as GitHub's own attestations have it, so that
//! every reader of those reads it; elsewhere it is a build type of this project. Source and commit
//! are mandatory: provenance without them proves nothing about where an image comes from.

use evidence::{
    json::{Map, Value, json},
    predicate,
    time::{self, Timestamp},
};

use super::{
    environment::{Environment, Known, System, Workflow},
    metadata::Metadata,
};

/// GitHub's workflow build type.
const GITHUB_BUILD: &str = "https://actions.github.io/buildtypes/workflow/v1";

/// The predicate of a build that ended by `now`.
pub(crate) fn provenance(
    environment: &Environment,
    metadata: Option<&Metadata>,
    now: Timestamp,
) -> Result<Value, ProvenanceError> {
    let system = environment.system;
    let source = environment.source.as_ref().ok_or(ProvenanceError::Source { system })?;
    let commit = environment.commit.as_ref().ok_or(ProvenanceError::Commit { system })?;
    let git_ref = environment.git_ref.as_ref();
    let (build_type, external, mut internal, builder) = match &environment.workflow {
        Some(workflow) => github(workflow),
        None => plain(environment, source),
    };
    if let (Some(members), Some(code)) = (internal.as_object_mut(), source_notes(environment)) {
        members.insert("attest_source".to_owned(), code);
    }
    let mut dependencies = vec![dependency(source, git_ref, commit)];
    dependencies.extend(
        metadata
            .map(|metadata| &*metadata.materials)
            .unwrap_or_default()
            .iter()
            .map(|material| json!({"uri": material.uri, "digest": {"sha256": material.sha256}})),
    );
    let stated = metadata.and_then(|metadata| metadata.finished).filter(|end| *end <= now);
    let mut run = Map::new();
    if let Some(known) = environment.invocation() {
        run.insert("invocationId".to_owned(), json!(known.value));
    }
    run.insert("finishedOn".to_owned(), json!(time::write(stated.unwrap_or(now))));
    Ok(json!({
        "buildDefinition": {
            "buildType": build_type,
            "externalParameters": external,
            "internalParameters": internal,
            "resolvedDependencies": dependencies,
        },
        "runDetails": {"builder": {"id": builder}, "metadata": run},
    }))
}

fn github(workflow: &Workflow) -> (String, Value, Value, String) {
    let Workflow {
        server,
        repository,
        git_ref,
        path,
        workflow_ref,
        event_name,
        repository_id,
        repository_owner_id,
        runner_environment,
    } = workflow;
    let external = json!({"workflow": {"ref": git_ref, "repository": repository, "path": path}});
    let internal = json!({"github": {
        "event_name": event_name,
        "repository_id": repository_id,
        "repository_owner_id": repository_owner_id,
        "runner_environment": runner_environment,
    }});
    (GITHUB_BUILD.to_owned(), external, internal, format!("{server}/{workflow_ref}"))
}

fn plain(environment: &Environment, source: &Known) -> (String, Value, Value, String) {
    let mut external = json!({"source": source.value});
    if let (Some(members), Some(known)) = (external.as_object_mut(), &environment.git_ref) {
        members.insert("ref".to_owned(), json!(known.value));
    }
    let base = predicate::BASE;
    let builder = environment.builder.as_ref().map(|known| known.value.clone());
    let builder = builder.unwrap_or_else(|| format!("{base}builder/shell"));
    (format!("{base}build/v1"), external, json!({}), builder)
}

fn dependency(source: &Known, git_ref: Option<&Known>, commit: &Known) -> Value {
    let git_ref = git_ref.map(|known| format!("@{}", known.value)).unwrap_or_default();
    json!({"uri": format!("git+{}{git_ref}", source.value), "digest": {"gitCommit": commit.value}})
}

/// What is known of the code beside its commit.
fn source_notes(environment: &Environment) -> Option<Value> {
    let mut notes = Map::new();
    if let Some(changed) = environment.tracked_changes {
        notes.insert("trackedChanges".to_owned(), json!(changed));
    }
    if let Some(head) = &environment.head {
        notes.insert("headCommit".to_owned(), json!(head.value));
    }
    (!notes.is_empty()).then_some(Value::Object(notes))
}

/// Why a build cannot be attested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ProvenanceError {
    /// Nothing says which commit was built.
    #[error("nothing here says which commit was built")]
    Commit {
        /// Where nothing says so.
        system: System,
    },
    /// Nothing says which repository was built.
    #[error("nothing here says which repository was built")]
    Source {
        /// Where nothing says so.
        system: System,
    },
}

impl ProvenanceError {
    /// The stable code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Commit { .. } => "no-commit",
            Self::Source { .. } => "no-source",
        }
    }

    /// What to do.
    pub(crate) fn help(self) -> &'static str {
        match self {
            Self::Source { system: System::CircleCi } => {
                "CircleCI names the repository of GitHub OAuth and Bitbucket Cloud projects alone: \
                 give --source https://git.example.com/acme/app"
            }
            Self::Commit { system: System::Jenkins } | Self::Source { system: System::Jenkins } => {
                "Jenkins sets GIT_URL and GIT_COMMIT in freestyle jobs and where a declarative pipeline \
                 checks out by itself: give --source and --commit \"$(git rev-parse HEAD)\""
            }
            Self::Commit { system: System::Buildkite } => {
                "BUILDKITE_COMMIT is a name and no id: run it in the checkout, or give --commit \
                 \"$(git rev-parse HEAD)\""
            }
            Self::Commit { .. } => {
                "run it in the git work tree, or give --commit \"$(git rev-parse HEAD)\""
            }
            Self::Source { .. } => "give --source https://git.example.com/acme/app",
        }
    }
}

#[cfg(test)]
mod tests {
    use evidence::{
        Digest, Statement, Subject,
        predicate::{Claim, View, provenance::Provenance},
    };

    use super::{
        super::environment::{Found, Given},
        *,
    };

    const NOW: &str = "2026-11-20T09:31:00Z";

    fn read(environment: &Environment, metadata: Option<&Metadata>) -> (Value, Provenance) {
        let predicate = provenance(environment, metadata, NOW.parse().unwrap()).unwrap();
        let statement = Statement {
            subjects: vec![Subject::new("app", Digest::sha256(b""))],
            predicate_type: predicate::PROVENANCE.to_owned(),
            predicate: predicate.clone(),
        };
        match Claim::read(&statement).unwrap().view {
            View::Build(view) => (predicate, view),
            other => panic!("{other:?}"),
        }
    }

    fn inside(name: &str) -> Environment {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/env");
        let text = std::fs::read_to_string(directory.join(name)).unwrap();
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let variables = pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        Environment::detect(&Found { variables, ..Found::default() }, &Given::default()).unwrap()
    }

    fn github() -> Environment {
        inside("github.env")
    }

    #[test]
    fn github_writes_the_workflow_build_type() {
        let (predicate, view) = read(&github(), None);
        assert_eq!(
            predicate["buildDefinition"]["externalParameters"],
            json!({"workflow": {
                "ref": "refs/heads/main",
                "repository": "https://github.com/acme/app",
                "path": ".github/workflows/release.yml",
            }})
        );
        assert_eq!(
            view.builder,
            "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main"
        );
        assert_eq!(view.source.as_deref(), Some("https://github.com/acme/app"));
        assert_eq!(view.commit.as_deref(), Some("4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c"));
        assert_eq!(
            view.run.as_deref(),
            Some("https://github.com/acme/app/actions/runs/16588214931")
        );
        assert_eq!((view.attempt, view.contradiction), (Some(1), None));
    }

    #[test]
    fn a_shell_says_source_ref_and_tracked_changes() {
        let given = Given {
            source: Some("https://git.example.com/acme/app".into()),
            commit: Some("4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c".into()),
            git_ref: Some("refs/heads/main".into()),
            ..Given::default()
        };
        let mut environment = Environment::detect(&Found::default(), &given).unwrap();
        environment.tracked_changes = Some(true);
        let (predicate, view) = read(&environment, None);
        assert_eq!(view.build_type, "https://attest-verify.dev/build/v1");
        assert_eq!(view.git_ref.as_deref(), Some("refs/heads/main"));
        assert_eq!(
            predicate["buildDefinition"]["internalParameters"],
            json!({"attest_source": {"trackedChanges": true}})
        );
        assert_eq!(view.run, None);
    }

    #[test]
    fn other_systems_are_named_as_the_builder_of_our_own_build_type() {
        for (name, builder) in [
            ("azure.env", "https://dev.azure.com/acme"),
            ("buildkite.env", "https://buildkite.com/acme"),
            ("circleci.env", "https://circleci.com"),
            ("gitlab.env", "https://gitlab.example.com"),
            ("jenkins.env", "https://jenkins.example.com"),
        ] {
            let environment = inside(name);
            let (predicate, view) = read(&environment, None);
            assert_eq!(view.build_type, "https://attest-verify.dev/build/v1", "{name}");
            assert_eq!(view.builder, builder, "{name}");
            assert_eq!(view.source, environment.source.map(|known| known.value), "{name}");
            assert_eq!(view.git_ref.as_deref(), Some("refs/heads/main"), "{name}");
            assert_eq!(view.run, environment.run.map(|known| known.value), "{name}");
            let internal = &predicate["buildDefinition"]["internalParameters"];
            assert_eq!(*internal, json!({}), "{name}");
        }
    }

    #[test]
    fn what_is_missing_is_told_in_the_words_of_the_system() {
        let now = NOW.parse().unwrap();
        let refused = |name: &str| provenance(&inside(name), None, now).unwrap_err();
        let source = refused("circleci-github-app.env");
        assert_eq!(source.code(), "no-source");
        assert!(source.help().contains("CircleCI") && source.help().contains("--source"));
        let commit = refused("buildkite-head.env");
        assert_eq!(commit.code(), "no-commit");
        assert!(commit.help().contains("BUILDKITE_COMMIT") && commit.help().contains("--commit"));
        let mut jenkins = inside("jenkins.env");
        jenkins.source = None;
        let source = provenance(&jenkins, None, now).unwrap_err();
        assert!(source.help().contains("GIT_URL"), "{}", source.help());
    }

    #[test]
    fn base_images_follow_the_source() {
        let file =
            include_bytes!("../../../testdata/buildkit/synthetic-buildx-metadata-multi.json");
        let metadata = Metadata::read(file).unwrap();
        let (predicate, view) = read(&github(), Some(&metadata));
        let dependencies = predicate["buildDefinition"]["resolvedDependencies"].as_array().unwrap();
        assert_eq!(dependencies.len(), 3);
        assert_eq!(view.source.as_deref(), Some("https://github.com/acme/app"));
    }

    #[test]
    fn without_commit_or_source_nothing_is_attested() {
        let now = NOW.parse().unwrap();
        let mut environment = github();
        environment.source = None;
        let system = System::GitHub;
        assert_eq!(provenance(&environment, None, now), Err(ProvenanceError::Source { system }));
        let mut environment = github();
        environment.commit = None;
        assert_eq!(provenance(&environment, None, now), Err(ProvenanceError::Commit { system }));
    }
}
