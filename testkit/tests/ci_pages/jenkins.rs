//! Jenkins: the stages of the page's Jenkinsfile. Groovy is not read here; the file is written in a
//! form that lines tell, and a line that none of the rules knows fails the test.

use std::{collections::BTreeMap, fs, path::Path};

use testkit::peers::LOGIN;

use crate::{
    job::{Act, Job, When},
    machine::{Given, SECRETS, System, Told},
    page::{block, pointed_at},
};

pub(crate) struct Jenkins;

impl System for Jenkins {
    fn jobs(&self, host: &str) -> Vec<Job> {
        let file = pointed_at(&block("jenkins.md", "groovy"), host);
        let mut stages: Vec<Job> = Vec::new();
        let mut env = Vec::new();
        let mut credentials: Vec<(String, String)> = Vec::new();
        let mut lines = file.lines().map(str::trim);
        while let Some(line) = lines.next() {
            if let Some(name) = quoted(line, "stage('", "') {") {
                stages.push(stage(name, stages.last()));
            } else if line == "sh '''" {
                let script: Vec<&str> = lines.by_ref().take_while(|line| *line != "'''").collect();
                let script = groovy(&script.join("\n"));
                let act =
                    Act::Run { script, env: credentials.clone(), id: None, when: When::Success };
                stages.last_mut().unwrap().acts.push(act);
            } else if let Some(bound) = quoted(line, "withCredentials([", "]) {") {
                credentials = bindings(bound);
            } else if let Some((name, value)) = line.split_once(" = '") {
                env.push((name.to_owned(), value.trim_end_matches('\'').to_owned()));
            } else {
                assert!(is_known(line), "`{line}` is not run by this test");
                // In a block with credentials there is nothing but scripts.
                if line == "}" {
                    credentials.clear();
                }
            }
        }
        for stage in &mut stages {
            stage.env.clone_from(&env);
        }
        stages
    }

    fn secrets(&self, _: &str) -> Vec<&'static str> {
        SECRETS.to_vec()
    }

    fn shell(&self) -> &'static [&'static str] {
        // workflow-durable-task-step: `sh -xe`.
        &["sh", "-xe"]
    }

    /// A binding's value names the credential.
    fn expand(&self, text: &str, values: &BTreeMap<String, String>) -> String {
        match text.strip_prefix("credential ") {
            Some(name) => values[&format!("file.{name}")].clone(),
            None => text.to_owned(),
        }
    }

    /// `env.IMAGE = readFile('image').trim()`.
    fn harvest(&self, told: &Told<'_>, values: &mut BTreeMap<String, String>) {
        if let Ok(image) = fs::read_to_string(told.directory.join("image")) {
            values.insert("env.IMAGE".to_owned(), image.trim().to_owned());
        }
    }

    fn variables(&self, _: &Path, given: &Given<'_>) -> Vec<(String, String)> {
        let image = given.values.get("env.IMAGE").cloned();
        image.map(|image| ("IMAGE".to_owned(), image)).into_iter().collect()
    }

    fn before(&self, home: &Path, given: &Given<'_>) -> Vec<(String, String)> {
        // Secret files are files on the agent while their block runs; here, while the job does.
        let mut values = vec![("file.REGISTRY_USER".to_owned(), LOGIN.0.to_owned())];
        for (name, value) in given.secrets {
            let value = if name.ends_with("_KEY") {
                let file = home.join(name);
                fs::write(&file, value).unwrap();
                file.display().to_string()
            } else {
                value.clone()
            };
            values.push((format!("file.{name}"), value));
        }
        values
    }
}

/// A stage of the one job that a build is: its workspace stays, and the stage before must have passed.
fn stage(name: &str, before: Option<&Job>) -> Job {
    Job {
        name: name.to_owned(),
        needs: before.map(|job| job.name.clone()).into_iter().collect(),
        scope: vec!["folder".to_owned()],
        has_checkout: true,
        keeps_workspace: true,
        ..Job::default()
    }
}

fn quoted<'a>(line: &'a str, before: &str, after: &str) -> Option<&'a str> {
    line.strip_prefix(before)?.strip_suffix(after)
}

/// A text in three quotes: a backslash before a line's end joins lines, and any other is an escape.
fn groovy(text: &str) -> String {
    let joined = text.replace("\\\n", "");
    assert!(!joined.contains('\\'), "a backslash is an escape in Groovy: {joined}");
    joined
}

/// `file(credentialsId: 'release-key', variable: 'ATTEST_KEY'), …`: variable and credential.
fn bindings(bound: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for binding in bound.split("),") {
        let value = |member: &str| {
            let (_, rest) = binding.split_once(&format!("{member}: '"))?;
            rest.split_once('\'').map(|(value, _)| value.to_owned())
        };
        let id = value("credentialsId").unwrap();
        let secret = id.to_uppercase().replace('-', "_");
        if let Some(user) = value("usernameVariable") {
            all.push((user, "credential REGISTRY_USER".to_owned()));
            let password = value("passwordVariable").unwrap();
            all.push((password, format!("credential {secret}_PASSWORD")));
        } else {
            all.push((value("variable").unwrap(), format!("credential {secret}")));
        }
    }
    all
}

fn is_known(line: &str) -> bool {
    const KNOWN: [&str; 13] = [
        "pipeline {",
        "agent any",
        "options {",
        "disableConcurrentBuilds()",
        "environment {",
        "stages {",
        "steps {",
        "script { env.IMAGE = readFile('image').trim() }",
        "archiveArtifacts 'ready.json'",
        "input {",
        "submitter 'release-managers'",
        "}",
        "",
    ];
    KNOWN.contains(&line) || line.starts_with("message '")
}
