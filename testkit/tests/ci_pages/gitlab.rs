//! GitLab CI/CD: the jobs of the page, stage by stage, and what a runner does with them.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;
use testkit::peers::LOGIN;

use crate::{
    job::{Act, Job},
    machine::{Given, System, Told},
    page::{By, list, only, pipeline, pointed_at, root, text, yaml},
};

pub(crate) struct GitLab(pub(crate) By);

const KEYWORDS: [&str; 4] = ["include", "default", "stages", "workflow"];

/// The identity token that a job with `id_tokens:` is given.
const TOKEN: &str = "SIGSTORE_ID_TOKEN";

impl System for GitLab {
    fn jobs(&self, host: &str) -> Vec<Job> {
        let file = yaml(&pointed_at(&pipeline("gitlab.md", self.0), host));
        let stages = list(&file["stages"]);
        let included = file["include"][0].as_object().unwrap();
        let component = text(&included["component"]);
        let commit = text(&included["inputs"]["commit"]);
        assert!(component.ends_with(&format!("/attest-verify@{commit}")), "{component}");
        let jobs = file.as_object().unwrap().iter();
        let jobs = jobs.filter(|(name, _)| !KEYWORDS.contains(&name.as_str()));
        let stage_of = |value: &Value| {
            let stage = text(&value["stage"]);
            stages.iter().position(|known| *known == stage).expect("no such stage")
        };
        let all: Vec<(&String, &Value)> = jobs.collect();
        all.iter()
            .map(|(name, value)| {
                let earlier = all.iter().filter(|(_, other)| stage_of(other) < stage_of(value));
                let earlier: Vec<_> = earlier.map(|(name, _)| (*name).clone()).collect();
                job(name, value, earlier)
            })
            .collect()
    }

    fn secrets(&self, scope: &str) -> Vec<&'static str> {
        match scope {
            "project" => vec!["REGISTRY_PASSWORD"],
            TOKEN => vec![TOKEN],
            "release" => vec!["RELEASE_KEY", "RELEASE_PASSWORD"],
            "scanner" => vec!["SCANNER_KEY", "SCANNER_PASSWORD"],
            "staging" | "production" => vec!["DEPLOYER_KEY", "DEPLOYER_PASSWORD"],
            "approval" => vec!["APPROVER_KEY", "APPROVER_PASSWORD"],
            other => panic!("no environment `{other}`"),
        }
    }

    fn shell(&self) -> &'static [&'static str] {
        // gitlab-runner, shells/bash.go.
        &["bash", "-eo", "pipefail"]
    }

    fn expand(&self, text: &str, _: &BTreeMap<String, String>) -> String {
        text.to_owned()
    }

    /// The variables of `artifacts:reports:dotenv`, for every later job.
    fn harvest(&self, told: &Told<'_>, values: &mut BTreeMap<String, String>) {
        let text = fs::read_to_string(told.directory.join("image.env")).unwrap_or_default();
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        values.extend(pairs.map(|(name, value)| (format!("dotenv.{name}"), value.to_owned())));
    }

    fn variables(&self, home: &Path, given: &Given<'_>) -> Vec<(String, String)> {
        let mut variables = vec![
            ("CI_REGISTRY".to_owned(), given.host.to_owned()),
            ("CI_REGISTRY_IMAGE".to_owned(), format!("{}/acme/app", given.host)),
            ("CI_REGISTRY_USER".to_owned(), LOGIN.0.to_owned()),
        ];
        for (name, value) in given.secrets {
            if name == "REGISTRY_PASSWORD" {
                variables.push(("CI_REGISTRY_PASSWORD".to_owned(), value.clone()));
            } else if name == TOKEN {
                variables.push((name.clone(), value.clone()));
            } else if name.ends_with("_KEY") {
                // A variable of type File is the path of a file with its value.
                let file = home.join("ATTEST_KEY");
                fs::write(&file, value).unwrap();
                variables.push(("ATTEST_KEY".to_owned(), file.display().to_string()));
            } else {
                variables.push(("ATTEST_PASSWORD".to_owned(), value.clone()));
            }
        }
        let kept = given.values.iter();
        variables.extend(kept.filter_map(|(name, value)| {
            Some((name.strip_prefix("dotenv.")?.to_owned(), value.clone()))
        }));
        variables
    }
}

fn job(name: &str, value: &Value, needs: Vec<String>) -> Job {
    only(
        value,
        &[
            "extends",
            "stage",
            "environment",
            "id_tokens",
            "resource_group",
            "when",
            "allow_failure",
            "script",
            "artifacts",
        ],
    );
    assert_eq!(value["extends"], ".attest-verify", "{name}");
    let mut scope = vec!["project".to_owned()];
    scope.extend(list(&value["environment"]["name"]));
    if let Some(tokens) = value.get("id_tokens") {
        only(tokens, &[TOKEN]);
        assert_eq!(tokens[TOKEN]["aud"], "sigstore");
        scope.push(TOKEN.to_owned());
    }
    let artifacts = &value["artifacts"];
    // Jobs download what all jobs of earlier stages kept.
    let mut acts: Vec<Act> = needs
        .iter()
        .map(|name| Act::Bring { name: name.clone(), into: "work".to_owned() })
        .collect();
    // The lines of a script are run by one shell.
    let path = before_script().join("\n");
    acts.push(Act::run(format!("{path}\n{}\n", list(&value["script"]).join("\n"))));
    acts.push(Act::Keep { name: name.to_owned(), paths: list(&artifacts["paths"]) });
    Job { name: name.to_owned(), needs, scope, has_checkout: true, acts, ..Job::default() }
}

/// What the component does before a script.
fn before_script() -> Vec<String> {
    let file = fs::read_to_string(root().join("templates/attest-verify/template.yml")).unwrap();
    let (_, content) = file.split_once("\n---\n").unwrap();
    let lines = list(&yaml(content)[".attest-verify"]["before_script"]);
    assert!(!lines.is_empty());
    lines
}
