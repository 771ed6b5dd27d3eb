//! The pages of `docs/ci`: their fenced blocks, with the test's registry in place of the example's.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use testkit::peers::LOGIN;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The fenced blocks of a language in a page, in order.
pub(crate) fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("docs/ci").join(page)).unwrap();
    let fence = format!("\n```{language}\n");
    let blocks = text.split(&fence).skip(1);
    blocks.map(|block| format!("{}\n", block.split("\n```").next().unwrap())).collect()
}

/// The only one.
pub(crate) fn block(page: &str, language: &str) -> String {
    let mut blocks = blocks(page, language);
    assert_eq!(blocks.len(), 1, "{page} has several blocks of {language}, or none");
    blocks.remove(0)
}

/// The pipeline of a page that has two: by keys, and without.
pub(crate) fn pipeline(page: &str, by: By) -> String {
    let [keys, identities] = <[String; 2]>::try_from(blocks(page, "yaml")).unwrap();
    match by {
        By::Identities => identities,
        By::Keys => keys,
    }
}

/// What the jobs of a pipeline sign by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// By who they are.
    Identities,
    /// By keys.
    Keys,
}

/// The same for a registry that the test has started, and its login.
pub(crate) fn pointed_at(text: &str, host: &str) -> String {
    text.replace("registry.example.com", host)
        .replace("--username ci", &format!("--username {}", LOGIN.0))
}

pub(crate) fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Text, or a number or truth value as YAML spells it.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        other => panic!("no text: {other}"),
    }
}

/// The members of a map as variables.
pub(crate) fn variables(value: &Value) -> Vec<(String, String)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.clone(), text(value))).collect()
}

/// One text, or several.
pub(crate) fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

/// Every member must be one that the reader of this system has read: what a page shows and the test
/// does not run would be untested.
pub(crate) fn only(value: &Value, known: &[&str]) {
    for name in value.as_object().unwrap().keys() {
        assert!(known.contains(&name.as_str()), "`{name}` is not run by this test: {value}");
    }
}
