//! Azure Pipelines: the stages of the page, and what its agent does with them.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

use crate::{
    job::{Act, Job, When},
    machine::{Given, System, Told},
    page::{block, list, only, pointed_at, text, variables, yaml},
};

pub(crate) struct Azure;

impl System for Azure {
    fn jobs(&self, host: &str) -> Vec<Job> {
        let file = yaml(&pointed_at(&block("azure.md", "yaml"), host));
        only(&file, &["trigger", "pr", "pool", "variables", "stages"]);
        let stages = file["stages"].as_array().unwrap();
        stages.iter().map(|stage| job(stage, &file["variables"])).collect()
    }

    fn secrets(&self, scope: &str) -> Vec<&'static str> {
        match scope {
            "registry" => vec!["REGISTRY_PASSWORD"],
            "attest-release" => vec!["RELEASE_PASSWORD"],
            "attest-scanner" => vec!["SCANNER_PASSWORD"],
            "attest-deployer" => vec!["DEPLOYER_PASSWORD"],
            "attest-approver" => vec!["APPROVER_PASSWORD"],
            "release.key" => vec!["RELEASE_KEY"],
            "scanner.key" => vec!["SCANNER_KEY"],
            "deployer.key" => vec!["DEPLOYER_KEY"],
            "approver.key" => vec!["APPROVER_KEY"],
            other => panic!("no variable group or secure file `{other}`"),
        }
    }

    fn shell(&self) -> &'static [&'static str] {
        // azure-pipelines-tasks, Bash@3: no `-e`.
        &["bash", "--noprofile", "--norc"]
    }

    /// Macros `$(NAME)` of what is defined, and the one runtime expression.
    fn expand(&self, text: &str, values: &BTreeMap<String, String>) -> String {
        let expression = text.strip_prefix("$[ ").and_then(|text| text.strip_suffix(" ]"));
        if let Some(expression) = expression {
            return values[expression].clone();
        }
        let mut out = text.to_owned();
        for (name, value) in values {
            out = out.replace(&format!("$({})", name.trim_start_matches("macro.")), value);
        }
        out
    }

    fn harvest(&self, told: &Told<'_>, values: &mut BTreeMap<String, String>) {
        const SET: &str = "##vso[task.setvariable variable=";
        for line in told.stdout.lines().filter_map(|line| line.strip_prefix(SET)) {
            let (name, value) = line.split_once(";isOutput=true]").unwrap();
            let (id, job) = (told.id.unwrap(), &told.job.name);
            values.insert(format!("macro.{id}.{name}"), value.to_owned());
            let place = format!("stageDependencies.{job}.{job}.outputs['{id}.{name}']");
            values.insert(place, value.to_owned());
        }
    }

    fn before(&self, home: &Path, given: &Given<'_>) -> Vec<(String, String)> {
        let mut values = Vec::new();
        for (name, value) in given.secrets {
            if name.ends_with("_KEY") {
                let file = home.join("secure-file");
                fs::write(&file, value).unwrap();
                values.push(("macro.key.secureFilePath".to_owned(), file.display().to_string()));
            } else if name == "REGISTRY_PASSWORD" {
                values.push((format!("macro.{name}"), value.clone()));
            } else {
                values.push(("macro.ATTEST_PASSWORD".to_owned(), value.clone()));
            }
        }
        values
    }
}

fn job(stage: &Value, everywhere: &Value) -> Job {
    only(stage, &["stage", "dependsOn", "variables", "jobs"]);
    let (mut scope, mut env) = (Vec::new(), Vec::new());
    let entries = [everywhere, &stage["variables"]].map(|list| list.as_array().unwrap());
    for entry in entries.into_iter().flatten() {
        only(entry, &["group", "name", "value"]);
        match entry["group"].as_str() {
            Some(group) => scope.push(group.to_owned()),
            None => env.push((text(&entry["name"]), text(&entry["value"]))),
        }
    }
    let jobs = stage["jobs"].as_array().unwrap();
    assert_eq!(jobs.len(), 1, "the job is named as its stage");
    let job = &jobs[0];
    only(job, &["job", "deployment", "environment", "steps", "strategy"]);
    let steps = match job["deployment"].is_string() {
        true => &job["strategy"]["runOnce"]["deploy"]["steps"],
        false => &job["steps"],
    };
    let steps = steps.as_array().unwrap();
    let files = steps.iter().filter_map(|step| step["inputs"]["secureFile"].as_str());
    scope.extend(files.map(str::to_owned));
    Job {
        name: text(&stage["stage"]),
        needs: list(&stage["dependsOn"]),
        scope,
        has_checkout: steps.iter().any(|step| step["checkout"] == "self"),
        env,
        acts: steps.iter().filter_map(act).collect(),
        ..Job::default()
    }
}

fn act(step: &Value) -> Option<Act> {
    only(
        step,
        &[
            "checkout",
            "task",
            "inputs",
            "bash",
            "name",
            "env",
            "condition",
            "publish",
            "download",
            "artifact",
        ],
    );
    let artifact = || text(&step["artifact"]);
    if step["publish"].is_string() {
        return Some(Act::Keep { name: artifact(), paths: list(&step["publish"]) });
    }
    if step["download"].is_string() {
        // Into `$(Pipeline.Workspace)/<artifact>`.
        return Some(Act::Bring { name: artifact(), into: artifact() });
    }
    if step["task"].is_string() || step["checkout"].is_string() {
        assert!(step["task"].is_null() || step["task"] == "DownloadSecureFile@1");
        return None;
    }
    let when = match step["condition"].as_str() {
        None => When::Success,
        Some("succeededOrFailed()") => When::Always,
        Some(other) => panic!("`{other}` is not read by this test"),
    };
    let id = step["name"].as_str().map(str::to_owned);
    Some(Act::Run { script: text(&step["bash"]), env: variables(&step["env"]), id, when })
}
