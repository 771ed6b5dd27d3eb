//! The printer for machines: one document with a `version` member (docs/attest.schema.json).

use evidence::{
    json::{Map, Value, json},
    text::is_inert,
};

use registry::Location;

use super::{Attested, Delivered, Made, Placed};
use crate::attach::{Attached, OnPlatform};

/// The version of the documents.
pub(crate) const VERSION: u64 = 1;

pub(super) fn attested(attested: &Attested) -> Value {
    let mut document = Map::new();
    let mut put = |name: &str, value: Value| {
        document.insert(name.to_owned(), value);
    };
    put("version", json!(VERSION));
    put("image", json!(attested.image.to_string()));
    put("name", json!(attested.image.name()));
    let in_registry = matches!(attested.image.location(), Location::Registry);
    put("told", json!(!in_registry && attested.image.name().is_some()));
    put("tag", json!(attested.tag));
    put("subject", json!(attested.image.digest()));
    put("predicateType", json!(attested.predicate_type));
    if let Delivered::Signed(placed) = &attested.delivered {
        let Placed { id, bundle, made, kept, attached, .. } = &**placed;
        put("id", json!(id));
        put("bundle", json!(bundle));
        put("bundleFile", json!(kept.as_ref().map(|path| path.display().to_string())));
        let elsewhere = attested.evidence_repository.as_ref().map(ToString::to_string);
        put("evidenceRepository", json!(elsewhere));
        put("completed", json!(*made == Made::Before));
        put("referrer", json!(attached.as_ref().map(|attached| &attached.referrer)));
        put("platforms", json!(attached.as_ref().map(platforms).unwrap_or_default()));
    }
    put("commandStatus", json!(attested.command_status));
    if let Delivered::Signed(placed) = &attested.delivered {
        super::put(&mut document, placed.by.as_ref(), &placed.vouched);
    }
    document.into()
}

/// Where a bundle hangs besides.
pub(crate) fn platforms(attached: &Attached) -> Vec<Value> {
    let platforms = attached.platforms.iter();
    platforms
        .map(|OnPlatform { platform, subject, referrer }| {
            json!({"platform": platform, "subject": subject, "referrer": referrer})
        })
        .collect()
}

/// Prints a document.
pub(crate) fn print(document: &Value) -> Vec<u8> {
    inert(&format!("{document:#}\n"))
}

/// Spells out in JSON's own escape what a terminal or a CI system's log would act on; the value
/// stays the same.
pub(super) fn inert(text: &str) -> Vec<u8> {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        // A `#` behind a `#` begins a command of Azure Pipelines and of older GitHub runners.
        if c == '\n' || (is_inert(c) && !(c == '#' && before == '#')) {
            out.push(c);
        } else {
            c.encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
        before = c;
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_change_the_bytes_and_not_the_value() {
        let hostile = json!({"a": "\u{1b}[31m \u{9b}2J \u{202e} \u{e0041} ##[error] ### \n grün"});
        let text = String::from_utf8(print(&hostile)).unwrap();
        assert!(text.lines().all(|line| line.chars().all(is_inert)), "{text}");
        assert!(!text.contains("##") && text.contains("grün"));
        assert_eq!(evidence::json::parse(text.as_bytes()).unwrap(), hostile);
    }
}
