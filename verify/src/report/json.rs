//! The verdict as JSON, the form that machines read (docs/verdict.schema.json).
//!
//! Also inert on a terminal and in a job's log: JSON has an escape of its own for every character, so
//! what a screen or a CI system would take for a command is spelled out, and the value stays the same.

use chain::Record;
use evidence::text::is_inert;
use serde::Serialize;

/// Prints a verdict.
pub fn print(verdict: &Record) -> serde_json::Result<String> {
    of(verdict)
}

/// Prints any value.
pub(crate) fn of(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|text| inert(&text))
}

fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    let mut before = ' ';
    for c in text.chars() {
        // Outside strings there is neither a second `#` nor a character that is not inert but the
        // line's end, which pretty printing needs and strings cannot hold.
        if c == '\n' || (is_inert(c) && !(c == '#' && before == '#')) {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
        before = c;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_change_the_bytes_and_not_the_value() {
        let hostile = "\u{1b}[31m \u{9b}2J \u{202e} \u{e0041} ##[error] ### \n grün </script>";
        let text = of(&[hostile]).unwrap();
        assert!(text.lines().all(|line| line.chars().all(is_inert)), "{text}");
        assert!(!text.contains("##") && text.contains("grün"));
        assert_eq!(serde_json::from_str::<[String; 1]>(&text).unwrap(), [hostile]);
    }
}
