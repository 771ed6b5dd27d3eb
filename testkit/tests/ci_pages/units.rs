//! What puts the commands on the path of a job: the action for GitHub, the component for GitLab. Each is
//! read as its system reads it, holds nothing else, and is run with a stand-in for cargo.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use serde_json::{Value, json};

use crate::page::{list, only, root, text, yaml};

/// Writes down how it was called, and where.
const CARGO: &str = "#!/bin/sh\necho \"$PWD: cargo $*\" >>\"$CALLS\"\n";

const COMMIT: &str = "4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c";

/// Runs a script in `directory`; the calls of cargo, and what it appended to `GITHUB_PATH`.
fn run(script: &str, directory: &str) -> (String, String) {
    let place = tempfile::tempdir().unwrap();
    let cargo = place.path().join("cargo");
    fs::write(&cargo, CARGO).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let file = |name: &str| place.path().join(name);
    let path = format!("{}:{}", place.path().display(), std::env::var("PATH").unwrap());
    let status = Command::new("bash")
        .args(["-eo", "pipefail", "-c", script])
        .current_dir(directory)
        .env("PATH", path)
        .env("CALLS", file("calls"))
        .env("GITHUB_PATH", file("path"))
        .env("GITHUB_ACTION_PATH", "/action")
        .env("RUNNER_TEMP", "/temp")
        .status()
        .unwrap();
    assert!(status.success());
    let read = |name: &str| fs::read_to_string(file(name)).unwrap_or_default();
    (read("calls"), read("path"))
}

#[test]
fn the_action_puts_both_commands_on_the_path_and_nothing_else() {
    let action = yaml(&fs::read_to_string(root().join("action.yml")).unwrap());
    only(&action, &["name", "description", "runs"]);
    only(&action["runs"], &["using", "steps"]);
    assert_eq!(action["runs"]["using"], "composite");
    let steps = action["runs"]["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 1, "no step of anybody else");
    only(&steps[0], &["name", "shell", "working-directory", "run"]);
    assert_eq!(steps[0]["working-directory"], "${{ github.action_path }}");
    assert_eq!(steps[0]["shell"], "bash");
    let (calls, path) = run(&text(&steps[0]["run"]), "/");
    assert_eq!(
        calls,
        "/: cargo install --locked --path /action/attest --root /temp/attest-verify\n\
         /: cargo install --locked --path /action/verify --root /temp/attest-verify\n"
    );
    assert_eq!(path, "/temp/attest-verify/bin\n");
    assert!(root().join("rust-toolchain.toml").is_file(), "the compiler is pinned beside it");
}

#[test]
fn the_component_puts_both_commands_on_the_path_and_nothing_else() {
    let file = fs::read_to_string(root().join("templates/attest-verify/template.yml")).unwrap();
    let (header, content) = file.split_once("\n---\n").unwrap();
    let inputs = &yaml(header)["spec"]["inputs"];
    only(inputs, &["repository", "commit", "image", "stage"]);
    for (name, input) in inputs.as_object().unwrap() {
        only(input, &["description", "default", "regex"]);
        assert_eq!(input["default"].is_null(), matches!(name.as_str(), "repository" | "commit"));
    }
    assert_eq!(inputs["commit"]["regex"], "^[0-9a-f]{40}$");
    let toolchain = fs::read_to_string(root().join("rust-toolchain.toml")).unwrap();
    let image = text(&inputs["image"]["default"]);
    let version = image.strip_prefix("rust:").unwrap().split('-').next().unwrap();
    assert!(toolchain.contains(&format!("\"{version}\"")), "{image} is not of {toolchain}");

    let mut content = content.to_owned();
    for (name, value) in [
        ("repository", "https://gitlab.example.com/acme/attest-verify.git"),
        ("commit", COMMIT),
        ("image", "rust"),
        ("stage", ".pre"),
    ] {
        content = content.replace(&format!("$[[ inputs.{name} ]]"), value);
    }
    assert!(!content.contains("$[["), "{content}");
    let jobs = yaml(&content);
    // docs.gitlab.com, "CI/CD components": no `default`, no `variables`, no `stages`.
    only(&jobs, &["attest-verify", ".attest-verify"]);
    assert_eq!(
        jobs[".attest-verify"],
        json!({"before_script": ["export PATH=\"$CI_PROJECT_DIR/.attest-verify/bin:$PATH\""]})
    );
    let job = &jobs["attest-verify"];
    only(job, &["stage", "image", "script", "artifacts"]);
    assert_eq!(job["artifacts"]["paths"], json!([".attest-verify/bin"]));
    let (calls, _) = run(&list(&job["script"]).join("\n"), "/");
    let install = format!(
        "/: cargo install --locked --git https://gitlab.example.com/acme/attest-verify.git \
         --rev {COMMIT} --root .attest-verify"
    );
    assert_eq!(calls, format!("{install} attest\n{install} verify\n"));
}

#[test]
fn the_page_gives_the_component_what_it_asks_for() {
    let page = yaml(&crate::page::pipeline("gitlab.md", crate::page::By::Keys));
    let included: &Value = &page["include"][0];
    only(included, &["component", "inputs"]);
    only(&included["inputs"], &["repository", "commit"]);
}
