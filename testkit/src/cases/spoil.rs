//! What a stranger does to a bundle after it was signed.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose as engines};
use evidence::json::Value;
use serde::Deserialize;

use super::{compact, keys::Keys, pointer};

/// The payload and the signature inside a bundle.
const PAYLOAD: &str = "/dsseEnvelope/payload";
const SIGNATURE: &str = "/dsseEnvelope/signatures/0/sig";

/// Changes to a finished bundle, made in this order.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub(super) struct Tamper {
    /// Changes of the statement inside, by JSON pointer; the signature stays as it was.
    payload: BTreeMap<String, Value>,
    /// One bit of the signature is another.
    flip_signature: bool,
    /// A signature by this key over something else takes the place of the right one.
    foreign_signature: Option<String>,
    /// The hint names this key instead.
    hint: Option<String>,
    /// Payload and signature in URL-safe base64.
    url_safe: bool,
    /// Changes of the bundle, by JSON pointer.
    bundle: BTreeMap<String, Value>,
    /// Members removed from the bundle.
    bundle_remove: Vec<String>,
    /// The same JSON with other white space.
    spaces: bool,
    /// The first place where the bundle's text reads so is made to read otherwise.
    text: Option<[String; 2]>,
    /// So many bytes are left.
    cut: Option<usize>,
}

/// Spoils a bundle.
pub(super) fn spoil(
    bytes: Vec<u8>,
    tamper: Option<&Tamper>,
    keys: &Keys,
) -> Result<Vec<u8>, String> {
    let Some(tamper) = tamper else { return Ok(bytes) };
    let mut bundle: Value =
        serde_json::from_slice(&bytes).map_err(|error| format!("no bundle: {error}"))?;
    inside(&mut bundle, tamper, keys)?;
    pointer::set(&mut bundle, &tamper.bundle)?;
    pointer::remove(&mut bundle, &tamper.bundle_remove)?;
    let mut bytes = match tamper.spaces {
        true => serde_json::to_vec_pretty(&bundle).map_err(|error| error.to_string())?,
        false => compact(&bundle),
    };
    if let Some([from, to]) = &tamper.text {
        let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
        if !text.contains(from) {
            return Err(format!("`{from}` is not in the bundle"));
        }
        bytes = text.replacen(from, to, 1).into_bytes();
    }
    bytes.truncate(tamper.cut.unwrap_or(usize::MAX));
    Ok(bytes)
}

fn inside(bundle: &mut Value, tamper: &Tamper, keys: &Keys) -> Result<(), String> {
    if !tamper.payload.is_empty() {
        let mut statement: Value = serde_json::from_slice(&decoded(bundle, PAYLOAD)?)
            .map_err(|error| format!("the payload: {error}"))?;
        pointer::set(&mut statement, &tamper.payload)?;
        replace(bundle, PAYLOAD, engines::STANDARD.encode(compact(&statement)))?;
    }
    if tamper.flip_signature {
        let mut signature = decoded(bundle, SIGNATURE)?;
        if let Some(last) = signature.last_mut() {
            *last ^= 1;
        }
        replace(bundle, SIGNATURE, engines::STANDARD.encode(signature))?;
    }
    if let Some(key) = &tamper.foreign_signature {
        let signature = keys.sign(key, b"something else")?;
        replace(bundle, SIGNATURE, engines::STANDARD.encode(signature))?;
    }
    if let Some(key) = &tamper.hint {
        replace(bundle, "/verificationMaterial/publicKey/hint", keys.hint(key)?)?;
    }
    if tamper.url_safe {
        for pointer in [PAYLOAD, SIGNATURE] {
            let bytes = decoded(bundle, pointer)?;
            replace(bundle, pointer, engines::URL_SAFE.encode(bytes))?;
        }
    }
    Ok(())
}

fn decoded(bundle: &Value, pointer: &str) -> Result<Vec<u8>, String> {
    let text = bundle.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    engines::STANDARD.decode(text).map_err(|error| format!("`{pointer}`: {error}"))
}

fn replace(bundle: &mut Value, pointer: &str, text: String) -> Result<(), String> {
    *bundle.pointer_mut(pointer).ok_or_else(|| format!("there is no `{pointer}`"))? = text.into();
    Ok(())
}
