//! Buildkite: the steps of the page. Secrets, meta-data and artifacts are the agent's, which a job
//! calls itself (`stand_ins`).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    job::{Act, Job},
    machine::{SECRETS, System},
    page::{block, list, only, pointed_at, text, variables, yaml},
};

pub(crate) struct Buildkite;

impl System for Buildkite {
    fn jobs(&self, host: &str) -> Vec<Job> {
        let pipeline = yaml(&pointed_at(&block("buildkite.md", "yaml"), host));
        only(&pipeline, &["env", "steps"]);
        let steps = pipeline["steps"].as_array().unwrap();
        steps.iter().map(|step| job(step, &pipeline["env"])).collect()
    }

    fn secrets(&self, _: &str) -> Vec<&'static str> {
        SECRETS.to_vec()
    }

    fn shell(&self) -> &'static [&'static str] {
        // The agent's default `shell`: `/bin/bash -e -c`.
        &["bash", "-e"]
    }

    fn expand(&self, text: &str, _: &BTreeMap<String, String>) -> String {
        text.to_owned()
    }
}

fn job(step: &Value, env: &Value) -> Job {
    only(
        step,
        &[
            "key",
            "label",
            "depends_on",
            "command",
            "concurrency",
            "concurrency_group",
            "block",
            "allowed_teams",
        ],
    );
    let command = step["command"].as_str();
    assert!(command.is_some() != step["block"].is_string());
    Job {
        name: text(&step["key"]),
        needs: list(&step["depends_on"]),
        scope: vec!["cluster".to_owned()],
        has_checkout: true,
        env: variables(env),
        acts: command.map(Act::run).into_iter().collect(),
        outputs: Vec::new(),
        keeps_workspace: false,
    }
}
