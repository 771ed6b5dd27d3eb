//! How a log entry is spelled: every value in the one way in which ProtoJSON writes it.
//!
//! A parser of ProtoJSON takes more than a writer makes: signs, leading zeros, base64 without padding
//! or of another alphabet, even hex. What is signed is the value, and whoever shows the text would
//! show what nobody signed.

use base64::{Engine, engine::general_purpose::STANDARD};
use evidence::json::Value;
use sigstore_verify::types::{Checkpoint, TransparencyLogEntry};

/// The member of an entry that says a value in another way than it would be written, if one does.
pub(super) fn odd(value: &Value, entry: &TransparencyLogEntry) -> Option<String> {
    let written = serde_json::to_value(entry).unwrap_or_default();
    let proof = entry.inclusion_proof.as_ref();
    let unread = || {
        let checkpoint = proof.and_then(|proof| proof.checkpoint.checkpoint());
        let envelope = proof.map(|proof| proof.checkpoint.envelope());
        checkpoint.zip(envelope).is_some_and(|(read, text)| note(read) != text)
    };
    differs("", value, &written).or_else(|| unread().then(|| "envelope".to_owned()))
}

/// The first member below `name` that both have and say in two ways. What is not written is a default.
fn differs(name: &str, said: &Value, written: &Value) -> Option<String> {
    let same = match (said, written) {
        (Value::Object(said), Value::Object(written)) => {
            return said.iter().find_map(|(name, said)| differs(name, said, written.get(name)?));
        }
        (Value::Array(said), Value::Array(written)) => {
            return said
                .iter()
                .zip(written)
                .find_map(|(said, written)| differs(name, said, written));
        }
        // ProtoJSON writes 64 bits as a string, and takes them as a number, too.
        (Value::Number(said), Value::String(written)) => said.to_string() == *written,
        (Value::String(said), Value::String(written)) => said == written,
        _ => true,
    };
    (!same).then(|| name.to_owned())
}

/// A checkpoint as a signed note is written (C2SP signed-note): the text, an empty line, and a line for
/// each signature. Anything else in it was signed by nobody.
fn note(checkpoint: &Checkpoint) -> String {
    let mut note = String::from_utf8_lossy(checkpoint.signed_data()).into_owned();
    note.push('\n');
    for line in checkpoint.signatures() {
        let signature = [line.key_id.as_bytes(), line.signature.as_bytes()].concat();
        note.push_str(&format!("— {} {}\n", line.name, STANDARD.encode(signature)));
    }
    note
}
