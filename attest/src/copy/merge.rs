//! Two of cosign's manifests as one: the layers of both, and a configuration that lists them.
//!
//! Nothing here reads or writes. What the target has stays as it is, word for word; only what it lacks
//! is added behind.

use evidence::{
    Digest,
    json::{self, Map, Value, json},
};

/// The two as one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct United {
    /// The manifest.
    pub(super) manifest: Vec<u8>,
    /// The configuration that it names.
    pub(super) config: Vec<u8>,
    /// How many layers it has.
    pub(super) layers: usize,
    /// How many of them the target lacked.
    pub(super) added: usize,
}

/// One of the two is no list of signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotSignatures;

/// What the target has, united with what the source has; each a manifest and its configuration. `None`
/// if the target lacks nothing.
pub(super) fn unite(
    (there, there_config): (&[u8], Option<&[u8]>),
    (here, here_config): (&[u8], Option<&[u8]>),
) -> Result<Option<United>, NotSignatures> {
    let mut manifest = object(there).ok_or(NotSignatures)?;
    let mut layers = list(&manifest, "layers")?;
    let ours = list(&object(here).ok_or(NotSignatures)?, "layers")?;
    let known = layers.clone();
    let is_new = |layer: &Value| !known.iter().any(|one| is_same(one, layer));
    let new = ours.into_iter().enumerate().filter(|(_, layer)| is_new(layer));
    let mut config = there_config.and_then(object).unwrap_or_default();
    let others = here_config.and_then(object).unwrap_or_default();
    for (at, layer) in new {
        describe(&mut config, &others, at, &layer);
        layers.push(layer);
    }
    let (count, added) = (layers.len(), layers.len() - known.len());
    if added == 0 {
        return Ok(None);
    }
    let config = Value::Object(config).to_string().into_bytes();
    let descriptor = manifest.get_mut("config").and_then(Value::as_object_mut);
    let descriptor = descriptor.ok_or(NotSignatures)?;
    descriptor.remove("data");
    descriptor.insert("digest".into(), json!(Digest::sha256(&config)));
    descriptor.insert("size".into(), json!(config.len()));
    manifest.insert("layers".into(), layers.into());
    let manifest = Value::Object(manifest).to_string().into_bytes();
    Ok(Some(United { manifest, config, layers: count, added }))
}

/// Whether two layers are the same signature. All signatures of one image sign the same text, so the
/// digest alone does not tell them apart; their annotations hold the signature itself.
fn is_same(one: &Value, other: &Value) -> bool {
    one.get("digest") == other.get("digest") && one.get("annotations") == other.get("annotations")
}

/// Adds a layer to a configuration, with what the other configuration says about it
/// (image-spec 1.1, config.md).
fn describe(config: &mut Map<String, Value>, other: &Map<String, Value>, at: usize, layer: &Value) {
    let said = |pointer: &str| {
        Value::Object(other.clone()).pointer(pointer).and_then(|list| list.get(at)).cloned()
    };
    let diff_id = said("/rootfs/diff_ids").or_else(|| layer.get("digest").cloned());
    let rootfs = config.entry("rootfs").or_insert_with(|| json!({"type": "layers"}));
    push(rootfs, "diff_ids", diff_id);
    if let Some(history) = config.get_mut("history").and_then(Value::as_array_mut) {
        let nobody = || json!({"created": "0001-01-01T00:00:00Z"});
        history.push(said("/history").unwrap_or_else(nobody));
    }
}

fn push(object: &mut Value, member: &str, value: Option<Value>) {
    let Some(members) = object.as_object_mut() else { return };
    let list = members.entry(member).or_insert_with(|| json!([]));
    if let Some(list) = list.as_array_mut() {
        list.extend(value);
    }
}

fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    match json::parse(bytes).ok()? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

fn list(object: &Map<String, Value>, member: &str) -> Result<Vec<Value>, NotSignatures> {
    object.get(member).and_then(Value::as_array).cloned().ok_or(NotSignatures)
}
