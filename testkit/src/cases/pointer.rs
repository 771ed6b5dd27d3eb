//! Edits of JSON by pointer (RFC 6901): what a recipe changes after the shorthand is spelled out.

use std::collections::BTreeMap;

use evidence::json::Value;

/// Sets each pointer to its value; the last name of a pointer may be new in an object, and `-` adds
/// to a list.
pub(super) fn set(target: &mut Value, edits: &BTreeMap<String, Value>) -> Result<(), String> {
    for (pointer, value) in edits {
        if pointer.is_empty() {
            target.clone_from(value);
            continue;
        }
        let (parent, name) = parent(target, pointer)?;
        match parent {
            Value::Object(members) => {
                members.insert(name, value.clone());
            }
            Value::Array(items) if name == "-" => items.push(value.clone()),
            Value::Array(items) => {
                let item = name.parse().ok().and_then(|n: usize| items.get_mut(n));
                *item.ok_or_else(|| format!("there is no `{pointer}`"))? = value.clone();
            }
            _ => return Err(format!("there is no `{pointer}`")),
        }
    }
    Ok(())
}

/// Removes each pointer; one that is not there is a mistake of the recipe.
pub(super) fn remove(target: &mut Value, pointers: &[String]) -> Result<(), String> {
    for pointer in pointers {
        let (parent, name) = parent(target, pointer)?;
        let there = match parent {
            Value::Object(members) => members.remove(&name).is_some(),
            Value::Array(items) => match name.parse() {
                Ok(n) if n < items.len() => {
                    items.remove(n);
                    true
                }
                _ => false,
            },
            _ => false,
        };
        if !there {
            return Err(format!("there is no `{pointer}`"));
        }
    }
    Ok(())
}

fn parent<'v>(target: &'v mut Value, pointer: &str) -> Result<(&'v mut Value, String), String> {
    let (path, name) = pointer.rsplit_once('/').ok_or_else(|| format!("`{pointer}`: no `/`"))?;
    let parent = target.pointer_mut(path).ok_or_else(|| format!("there is no `{path}`"))?;
    Ok((parent, name.replace("~1", "/").replace("~0", "~")))
}
