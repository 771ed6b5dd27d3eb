//! The printer for machines: one document with a `version` member (docs/attest.schema.json).

use evidence::json::{Map, Value, json};

use super::{Attested, Delivered, Key, Placed};

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
    put("tag", json!(attested.tag));
    put("subject", json!(attested.image.digest()));
    put("predicateType", json!(attested.predicate_type));
    if let Delivered::Signed(placed) = &attested.delivered {
        let Placed { id, bundle, key, kept, attached } = &**placed;
        put("id", json!(id));
        put("bundle", json!(bundle));
        let key = key.as_ref().map(
            |Key { id, algorithm, reference }| json!({"id": id, "algorithm": algorithm, "reference": reference}),
        );
        put("key", json!(key));
        put("bundleFile", json!(kept.as_ref().map(|path| path.display().to_string())));
        put("referrer", json!(attached.as_ref().map(|attached| &attached.referrer)));
    }
    put("commandStatus", json!(attested.command_status));
    document.into()
}

pub(super) fn print(document: &Value) -> Vec<u8> {
    format!("{document:#}\n").into_bytes()
}
