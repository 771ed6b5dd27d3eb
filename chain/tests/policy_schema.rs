//! The schema for editors says of a policy what the reader says, as far as a schema sees.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeSet, fs, path::Path};

use chain::{
    Policy,
    policy::{Wanted, schema},
};
use serde_json::Value;

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn documents(directory: &str) -> Vec<(String, String)> {
    let mut found: Vec<_> = fs::read_dir(root().join(directory))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .filter_map(|path| {
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            Some((stem, fs::read_to_string(path).ok()?))
        })
        .collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

#[test]
fn the_published_schema_is_the_one_that_the_reader_makes() {
    let published = root().join("policies/policy.schema.json");
    let expected = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    #[expect(clippy::disallowed_methods, reason = "a test may be asked to write")]
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&published, &expected).unwrap();
    }
    let found = fs::read_to_string(&published).unwrap_or_default();
    assert!(found == expected, "run this test with UPDATE_SCHEMA=1, and read what changed");
}

#[test]
fn what_the_reader_reads_fits_the_schema() {
    let schema = schema();
    for directory in ["policies", "testdata/documents/policy/valid"] {
        for (name, text) in documents(directory) {
            let value: Value = serde_saphyr::from_str(&text).unwrap();
            assert_eq!(misfit(&schema, &schema, &value, ""), None, "{name}");
        }
    }
}

/// Of the mistakes, those about members and their values; the rest only the reader can see.
#[test]
fn mistakes_that_a_schema_can_see_are_seen() {
    let schema = schema();
    let seen: BTreeSet<String> = documents("testdata/documents/policy/invalid")
        .into_iter()
        .filter_map(|(name, text)| {
            let value: Value = serde_saphyr::from_str(&text).ok()?;
            misfit(&schema, &schema, &value, "").map(|_| name)
        })
        .collect();
    for name in [
        "accept",
        "covers-word",
        "environments-empty",
        "findings",
        "group-with-key",
        "images-empty",
        "images-missing",
        "keyless-and-key",
        "keyless-many",
        "keyless-member-unknown",
        "keyless-without-identity",
        "keyless-without-issuer",
        "list-not-map",
        "many-faults",
        "nothing-for-text",
        "number-for-text",
        "revision-negative",
        "root-repository",
        "same-one-step",
        "schema-2",
        "schema-missing",
        "schema-text",
        "signer-path-alone",
        "signer-without-key",
        "signers-missing",
        "step-empty",
        "step-without-signer",
        "step-without-type",
        "steps-empty",
        "steps-missing",
        "steps-nothing",
        "unknown-clock",
        "unknown-member",
        "unknown-step-member",
    ] {
        assert!(seen.contains(name), "{name}");
    }
}

#[test]
fn every_member_of_the_schema_is_shown_and_explained() {
    let mut names = BTreeSet::new();
    members_of(&schema(), &mut names);
    let shown =
        fs::read_to_string(root().join("testdata/documents/policy/valid/every-member.yaml"))
            .unwrap();
    let explained = fs::read_to_string(root().join("docs/policy.md")).unwrap();
    for name in &names {
        assert!(shown.contains(&format!("{name}:")), "`{name}` is not in every-member.yaml");
        assert!(explained.contains(&format!("`{name}`")), "`{name}` is not in docs/policy.md");
    }
}

/// Whole policies in the documents are policies, and the rest is at least YAML.
#[test]
fn what_the_documents_show_is_read() {
    let text = fs::read_to_string(root().join("docs/policy.md")).unwrap();
    let blocks: Vec<&str> =
        text.split("```yaml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    let whole = blocks.iter().filter(|block| block.starts_with("schema:"));
    for block in whole.clone() {
        let mut read = |wanted: Wanted<'_>| {
            Ok(fs::read(root().join("policies").join(wanted.path()?)).unwrap())
        };
        let policy = Policy::parse("docs/policy.md", block.as_bytes(), &mut read);
        let policy = policy.unwrap_or_else(|faults| panic!("{faults}"));
        let now = evidence::time::parse("2026-01-01T00:00:00Z").unwrap();
        assert_eq!(policy.warnings_at(now).count(), 0);
    }
    assert!(whole.count() >= 1 && blocks.len() > 6, "{}", blocks.len());
    // Every other block is one member of a policy, and fits its place.
    let schema = schema();
    for block in blocks {
        let value: Value = serde_saphyr::from_str(block).unwrap();
        for (name, value) in value.as_object().unwrap() {
            let top = schema.pointer("/properties").unwrap();
            let step = schema.pointer("/$defs/Step/properties").unwrap();
            let member = top.get(name).or(step.get(name)).unwrap();
            assert_eq!(misfit(&schema, member, value, name), None, "{block}");
        }
    }
}

fn members_of(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(properties) = object.get("properties").and_then(Value::as_object) {
                names.extend(properties.keys().cloned());
            }
            object.values().for_each(|value| members_of(value, names));
        }
        Value::Array(list) => list.iter().for_each(|value| members_of(value, names)),
        _ => {}
    }
}

/// Where a value does not fit a schema, by those keywords of JSON Schema that our schema uses;
/// patterns are the reader's.
fn misfit(root: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    let Value::Object(keywords) = schema else {
        return (schema == &Value::Bool(false)).then(|| at.into());
    };
    let fits = |schema: &Value| misfit(root, schema, value, at).is_none();
    keywords.iter().find_map(|(keyword, argument)| {
        let wrong = match keyword.as_str() {
            "$ref" => {
                let pointer = argument.as_str().unwrap().strip_prefix('#').unwrap();
                return misfit(root, root.pointer(pointer).unwrap(), value, at);
            }
            "type" => match argument.as_str().unwrap() {
                "array" => !value.is_array(),
                "boolean" => !value.is_boolean(),
                "integer" => !value.is_i64() && !value.is_u64(),
                "object" => !value.is_object(),
                "string" => !value.is_string(),
                other => panic!("{other}"),
            },
            "const" => value != argument,
            "enum" => !argument.as_array().unwrap().contains(value),
            "anyOf" => !argument.as_array().unwrap().iter().any(fits),
            "required" => argument
                .as_array()
                .unwrap()
                .iter()
                .any(|name| value.is_object() && value.get(name.as_str().unwrap()).is_none()),
            "properties" => {
                return argument.as_object().unwrap().iter().find_map(|(name, schema)| {
                    misfit(root, schema, value.get(name)?, &format!("{at}/{name}"))
                });
            }
            "additionalProperties" => {
                let known = keywords.get("properties").and_then(Value::as_object);
                return value.as_object()?.iter().find_map(|(name, value)| {
                    let is_known = known.is_some_and(|known| known.contains_key(name));
                    let at = format!("{at}/{name}");
                    if is_known { None } else { misfit(root, argument, value, &at) }
                });
            }
            "items" => {
                return value
                    .as_array()?
                    .iter()
                    .find_map(|value| misfit(root, argument, value, at));
            }
            "contains" => value.as_array().is_some_and(|list| {
                !list.iter().any(|value| misfit(root, argument, value, at).is_none())
            }),
            "minItems" => value.as_array().is_some_and(|list| list.len() < as_size(argument)),
            "minProperties" => value.as_object().is_some_and(|map| map.len() < as_size(argument)),
            "minLength" => value.as_str().is_some_and(str::is_empty),
            "minimum" => value.as_i64().is_some_and(|number| number < argument.as_i64().unwrap()),
            "uniqueItems" => value.as_array().is_some_and(|list| {
                list.iter()
                    .enumerate()
                    .any(|(index, one)| list.iter().take(index).any(|other| other == one))
            }),
            "$defs" | "$schema" | "description" | "examples" | "format" | "maximum" | "pattern"
            | "propertyNames" | "title" => false,
            other => panic!("the test does not know `{other}`"),
        };
        wrong.then(|| format!("{at}: {keyword}"))
    })
}

fn as_size(argument: &Value) -> usize {
    usize::try_from(argument.as_u64().unwrap()).unwrap()
}
