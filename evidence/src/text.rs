//! Untrusted text, made inert before anybody sees it.
//!
//! Every printer goes through [`escape`]; a printer for a format of its own (Markdown, HTML, workflow
//! commands) escapes further on top of it.

use std::fmt::Write;

/// Escapes what could move a terminal's cursor, recolour it, reorder the line or break it: control
/// characters (C0, C1, DEL), line separators, bidirectional and invisible formatting characters.
pub fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if is_inert(c) {
            out.push(c);
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        out
    })
}

/// Escapes a line so that a CI system's log does not read a command in it either: GitHub's `::error::`
/// and `##[error]`, Azure's `##vso[…]`.
pub fn escape_line(text: &str) -> String {
    let escaped = escape(text).replace("##", r"#\u{23}");
    // GitHub's runner skips any white space before the colons (ActionCommand.TryParseV2).
    let words: Vec<_> = escaped
        .split(' ')
        .map(|word| match word.trim_start().strip_prefix("::") {
            Some(rest) => format!(r"\u{{3a}}:{rest}"),
            None => word.to_owned(),
        })
        .collect();
    words.join(" ")
}

/// Escapes `text` and cuts it to `most` characters, so that a stranger cannot flood a screen.
pub fn escape_short(text: &str, most: usize) -> String {
    let cut: String = text.chars().take(most).collect();
    let ellipsis = if cut.len() < text.len() { "…" } else { "" };
    escape(&cut) + ellipsis
}

/// Whether a character is shown as it is: not a control, line separator, bidirectional or invisible one.
pub fn is_inert(c: char) -> bool {
    !(c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_and_readers_are_not_fooled() {
        assert_eq!(
            escape("a\u{1b}[31mb\r\n\u{202e}c\u{9b}d"),
            r"a\u{1b}[31mb\u{d}\u{a}\u{202e}c\u{9b}d"
        );
        assert_eq!(escape("grün ✓"), "grün ✓");
        assert_eq!(escape_short("abcdef", 3), "abc…");
    }

    #[test]
    fn no_log_reads_a_command() {
        assert_eq!(
            escape_line("  ::add-mask::x a::b ##[error]x ##vso[task.x] ###\n::error::y"),
            r"  \u{3a}:add-mask::x a::b #\u{23}[error]x #\u{23}vso[task.x] #\u{23}#\u{a}::error::y"
        );
        assert_eq!(escape_line("\u{3000}::error::x"), r"\u{3a}:error::x");
    }
}
