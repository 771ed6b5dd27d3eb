//! The policy's text and places in it, for messages that point into the file.
//!
//! Spans are byte ranges of the text; a person sees lines and columns, counted from 1. What is shown
//! of the text is made inert first, since a terminal must not obey a file.

use std::sync::Arc;

use evidence::text::escape;

use super::Place;

/// A policy file as the user named it, and its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Source {
    /// The file.
    pub(super) file: String,
    /// The text; empty where the file is not UTF-8.
    pub(super) text: String,
}

impl Source {
    pub(super) fn new(file: &str, text: &str) -> Arc<Self> {
        Arc::new(Self { file: file.to_owned(), text: text.to_owned() })
    }

    /// The line and column of a byte offset.
    pub(super) fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..self.floor(offset)).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Place { line: before.matches('\n').count() + 1, column }
    }

    /// The byte offset of a line and column, both counted from 1.
    pub(super) fn offset(&self, line: usize, column: usize) -> usize {
        let start: usize =
            self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let rest = self.text.get(start..).unwrap_or_default();
        start + rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum::<usize>()
    }

    /// The text of a span, its ends moved to whole characters.
    pub(super) fn slice(&self, span: Span) -> &str {
        self.text.get(self.floor(span.start)..self.floor(span.end)).unwrap_or_default()
    }

    /// The whole lines that hold all of `spans`: where they start, and the number of the first.
    pub(super) fn lines_around(&self, spans: &[Span]) -> Lines {
        let first = self.floor(spans.iter().map(|span| span.start).min().unwrap_or_default());
        let last = self.floor(spans.iter().map(|span| span.end).max().unwrap_or_default());
        let start = self.text.get(..first).and_then(|text| text.rfind('\n')).map_or(0, |at| at + 1);
        let rest = self.text.get(last..).unwrap_or_default();
        let end = last + rest.find('\n').unwrap_or(rest.len());
        let lines = self.text.get(start..end.max(start)).unwrap_or_default();
        let text = inert(lines.strip_suffix('\r').unwrap_or(lines));
        Lines { start, number: self.place(start).line, text }
    }

    /// The nearest start of a character at or before `offset`.
    pub(super) fn floor(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset)
    }

    /// The nearest start of a character at or after `offset`, or the end.
    pub(super) fn ceiling(&self, offset: usize) -> usize {
        self.text.ceil_char_boundary(offset)
    }
}

/// Whole lines of a file, inert, of the same length in bytes as in the file.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    /// The byte offset in the file.
    pub(super) start: usize,
    /// The number of the first line.
    pub(super) number: usize,
    /// The text.
    pub(super) text: String,
}

/// A byte range of the policy's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    /// The first byte.
    pub(super) start: usize,
    /// The byte after the last.
    pub(super) end: usize,
}

/// Replaces what is not inert by question marks of the same length, so that spans stay right.
fn inert(text: &str) -> String {
    let mut characters = text.chars().peekable();
    let mut out = String::with_capacity(text.len());
    while let Some(c) = characters.next() {
        let mut bytes = [0; 4];
        let same = c.encode_utf8(&mut bytes);
        let ends_line = c == '\n' || c == '\r' && characters.peek() == Some(&'\n');
        if ends_line || c == '\t' || escape(same) == *same {
            out.push(c);
        } else {
            out.extend(std::iter::repeat_n('?', c.len_utf8()));
        }
    }
    out
}
