//! GitHub Actions: the workflow of the page, and what its runner does with it.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

use crate::{
    job::{Act, Job, When},
    machine::{Given, System, Told},
    page::{By, list, only, pipeline, pointed_at, text, variables, yaml},
};

pub(crate) struct GitHub(pub(crate) By);

/// The permission to ask for an identity token, and the variables that come with it.
const ID_TOKEN: &str = "id-token";
const TOKEN_VARIABLES: [&str; 2] =
    ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"];

impl System for GitHub {
    fn jobs(&self, host: &str) -> Vec<Job> {
        let workflow = yaml(&pointed_at(&pipeline("github.md", self.0), host));
        only(&workflow, &["name", "on", "permissions", "concurrency", "defaults", "env", "jobs"]);
        assert_eq!(workflow["defaults"]["run"]["shell"], "bash");
        let jobs = workflow["jobs"].as_object().unwrap();
        jobs.iter().map(|(name, value)| job(name, value, &workflow["env"])).collect()
    }

    fn secrets(&self, scope: &str) -> Vec<&'static str> {
        match scope {
            "repository" => vec!["REGISTRY_PASSWORD"],
            ID_TOKEN => TOKEN_VARIABLES.to_vec(),
            "release" => vec!["RELEASE_KEY", "RELEASE_PASSWORD"],
            "scanner" => vec!["SCANNER_KEY", "SCANNER_PASSWORD"],
            "staging" | "production" => vec!["DEPLOYER_KEY", "DEPLOYER_PASSWORD"],
            "approval" => vec!["APPROVER_KEY", "APPROVER_PASSWORD"],
            other => panic!("no environment `{other}`"),
        }
    }

    fn shell(&self) -> &'static [&'static str] {
        // docs.github.com, "Workflow syntax": what `shell: bash` stands for.
        &["bash", "--noprofile", "--norc", "-eo", "pipefail"]
    }

    /// `${{ NAME }}`; an output that no step wrote is empty.
    fn expand(&self, text: &str, values: &BTreeMap<String, String>) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (name, after) = after.split_once("}}").unwrap();
            let value = values.get(name.trim());
            assert!(value.is_some() || name.contains(".outputs."), "no value for `{name}`");
            out.push_str(before);
            out.push_str(value.map_or("", String::as_str));
            rest = after;
        }
        out + rest
    }

    fn harvest(&self, told: &Told<'_>, values: &mut BTreeMap<String, String>) {
        let file = told.home.join("output");
        let text = fs::read_to_string(&file).unwrap_or_default();
        let _ = fs::remove_file(file);
        for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
            let id = told.id.expect("a step that tells outputs has an id");
            values.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
        }
    }

    fn variables(&self, home: &Path, given: &Given<'_>) -> Vec<(String, String)> {
        let place = |name: &str| home.join(name).display().to_string();
        // Without the permission a job has neither.
        let token = TOKEN_VARIABLES
            .map(|name| (name.to_owned(), given.secrets.get(name).cloned().unwrap_or_default()));
        let mut variables = vec![
            ("GITHUB_OUTPUT".to_owned(), place("output")),
            ("GITHUB_STEP_SUMMARY".to_owned(), place("summary")),
            ("GITHUB_EVENT_PATH".to_owned(), place("event.json")),
        ];
        variables.extend(token);
        variables
    }
}

fn job(name: &str, value: &Value, everywhere: &Value) -> Job {
    only(value, &["needs", "runs-on", "permissions", "environment", "outputs", "env", "steps"]);
    let steps = value["steps"].as_array().unwrap();
    let uses = |action: &str| steps.iter().any(|step| is(step, action));
    assert!(uses("acme/attest-verify@") || name.is_empty(), "{name} has no attest");
    let mut scope = vec!["repository".to_owned()];
    scope.extend(list(&value["environment"]));
    if let Some(permissions) = value.get("permissions") {
        only(permissions, &["contents", ID_TOKEN]);
        if permissions[ID_TOKEN] == "write" {
            scope.push(ID_TOKEN.to_owned());
        }
    }
    let mut env = variables(everywhere);
    env.extend(variables(&value["env"]));
    Job {
        name: name.to_owned(),
        needs: list(&value["needs"]),
        scope,
        has_checkout: uses("actions/checkout@"),
        env,
        acts: steps.iter().filter_map(act).collect(),
        outputs: variables(&value["outputs"]),
        keeps_workspace: false,
    }
}

fn is(step: &Value, action: &str) -> bool {
    step["uses"].as_str().is_some_and(|used| {
        let commit = used.strip_prefix(action);
        let pinned =
            |commit: &str| commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
        assert!(commit.is_none_or(pinned), "{used} is not pinned to a commit");
        commit.is_some()
    })
}

fn act(step: &Value) -> Option<Act> {
    only(step, &["id", "if", "uses", "with", "run", "env"]);
    let with = &step["with"];
    if is(step, "actions/upload-artifact@") {
        only(with, &["name", "path"]);
        let paths = list(&with["path"]);
        return Some(Act::Keep { name: text(&with["name"]), paths });
    }
    if is(step, "actions/download-artifact@") {
        only(with, &["name"]);
        return Some(Act::Bring { name: text(&with["name"]), into: "work".to_owned() });
    }
    if is(step, "actions/checkout@") || is(step, "acme/attest-verify@") {
        return None;
    }
    let when = match step["if"].as_str() {
        None => When::Success,
        Some("${{ !cancelled() }}") => When::Always,
        Some(other) => panic!("`{other}` is not read by this test"),
    };
    let id = step["id"].as_str().map(str::to_owned);
    Some(Act::Run { script: text(&step["run"]), env: variables(&step["env"]), id, when })
}
