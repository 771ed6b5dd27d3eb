//! CircleCI: the workflow of the page, its jobs and reusable commands.

use std::{collections::BTreeMap, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use testkit::peers::LOGIN;

use crate::{
    job::{Act, Job, When},
    machine::{Given, System},
    page::{block, list, only, pointed_at, text, variables, yaml},
};

pub(crate) struct CircleCi;

impl System for CircleCi {
    fn jobs(&self, host: &str) -> Vec<Job> {
        let config = yaml(&pointed_at(&block("circleci.md", "yaml"), host));
        only(&config, &["version", "executors", "commands", "jobs", "workflows"]);
        let workflow = &config["workflows"]["release"];
        only(workflow, &["when", "jobs"]);
        let entries = workflow["jobs"].as_array().unwrap();
        entries.iter().map(|entry| job(entry, &config)).collect()
    }

    fn secrets(&self, scope: &str) -> Vec<&'static str> {
        match scope {
            "registry" => vec!["REGISTRY_PASSWORD"],
            "attest-release" => vec!["RELEASE_KEY", "RELEASE_PASSWORD"],
            "attest-scanner" => vec!["SCANNER_KEY", "SCANNER_PASSWORD"],
            "attest-deployer" => vec!["DEPLOYER_KEY", "DEPLOYER_PASSWORD"],
            "attest-approver" => vec!["APPROVER_KEY", "APPROVER_PASSWORD"],
            other => panic!("no context `{other}`"),
        }
    }

    fn shell(&self) -> &'static [&'static str] {
        // circleci.com/docs, "Configuration reference": the default of `shell`.
        &["bash", "-eo", "pipefail"]
    }

    fn expand(&self, text: &str, _: &BTreeMap<String, String>) -> String {
        text.to_owned()
    }

    fn variables(&self, _: &Path, given: &Given<'_>) -> Vec<(String, String)> {
        let mut variables = vec![("REGISTRY_USER".to_owned(), LOGIN.0.to_owned())];
        variables.extend(given.secrets.iter().map(|(name, value)| match name.as_str() {
            "REGISTRY_PASSWORD" => (name.clone(), value.clone()),
            key if key.ends_with("_KEY") => {
                ("ATTEST_KEY_BASE64".to_owned(), STANDARD.encode(value))
            }
            _ => ("ATTEST_PASSWORD".to_owned(), value.clone()),
        }));
        variables
    }
}

fn job(entry: &Value, config: &Value) -> Job {
    let (name, asked) = entry.as_object().unwrap().iter().next().unwrap();
    only(asked, &["context", "requires", "type"]);
    let mut job = Job { name: name.clone(), needs: list(&asked["requires"]), ..Job::default() };
    if asked["type"] == "approval" {
        return job;
    }
    let value = &config["jobs"][name];
    only(value, &["executor", "steps"]);
    let executor = &config["executors"][text(&value["executor"])];
    only(executor, &["docker", "environment"]);
    let steps = value["steps"].as_array().unwrap();
    job.scope = list(&asked["context"]);
    job.has_checkout = steps.iter().any(|step| step == "checkout");
    job.env = variables(&executor["environment"]);
    job.acts = steps.iter().flat_map(|step| acts(step, config)).collect();
    job
}

fn acts(step: &Value, config: &Value) -> Vec<Act> {
    if let Some(name) = step.as_str() {
        return match name {
            "checkout" | "setup_remote_docker" => Vec::new(),
            command => {
                let steps = config["commands"][command]["steps"].as_array();
                let steps = steps.unwrap_or_else(|| panic!("no command `{command}`"));
                steps.iter().flat_map(|step| acts(step, config)).collect()
            }
        };
    }
    let (kind, value) = step.as_object().unwrap().iter().next().unwrap();
    vec![match kind.as_str() {
        "attach_workspace" => {
            assert_eq!(value["at"], ".");
            Act::Bring { name: "workspace".to_owned(), into: "work".to_owned() }
        }
        "persist_to_workspace" => {
            assert_eq!(value["root"], ".");
            Act::Keep { name: "workspace".to_owned(), paths: list(&value["paths"]) }
        }
        "run" if value.is_string() => Act::run(text(value)),
        "run" => {
            only(value, &["when", "command"]);
            assert_eq!(value["when"], "always");
            let script = text(&value["command"]);
            Act::Run { script, env: Vec::new(), id: None, when: When::Always }
        }
        "store_artifacts" => return Vec::new(),
        other => panic!("`{other}` is not run by this test"),
    }]
}
