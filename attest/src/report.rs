//! Report: what was done, as one value that both printers show.
//!
//! stdout carries the result and nothing else. Every text in here that a stranger could have chosen
//! was escaped by whoever put it here, or is escaped by the printer.

mod fault;
mod json;
mod signed;
mod text;

use std::path::PathBuf;

use evidence::{Digest, Id, fold::fold, json::Value, text::escape_line};
use registry::{Pinned, Reference};

pub(crate) use self::{
    fault::fault,
    json::{platforms, print as document},
    signed::{By, Vouched, paragraphs as signed, put},
    text::{attestations, on_platforms, paragraphs, place, plural},
};
use crate::{attach::Attached, request::Format, resolve::Image, statement::Prepared};

/// What was done.
pub(crate) enum Report {
    /// A statement was made about an image.
    Attested(Box<Attested>),
    /// An image was copied.
    Copied {
        /// For people.
        text: String,
        /// For machines; it has a `version` member.
        json: Value,
        /// The pinned target.
        quiet: String,
    },
    /// Something else was asked for: a key, an identity.
    Told {
        /// For people.
        text: String,
        /// For machines; it has a `version` member.
        json: Value,
    },
}

/// A statement about an image, and what became of it.
pub(crate) struct Attested {
    /// The image.
    pub(crate) image: Pinned,
    /// The tag that was typed.
    pub(crate) tag: Option<String>,
    /// Where evidence is kept, if not beside the image.
    pub(crate) evidence_repository: Option<Reference>,
    /// The predicate type.
    pub(crate) predicate_type: String,
    /// What is claimed, for people.
    pub(crate) said: Vec<Paragraph>,
    /// What became of it.
    pub(crate) delivered: Delivered,
    /// The last word, for stderr.
    pub(crate) closing: Option<String>,
    /// The status that the command of `attest test` ended with.
    pub(crate) command_status: Option<u8>,
}

/// Lines under one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paragraph {
    /// The word in the margin.
    pub(crate) label: &'static str,
    /// The lines.
    pub(crate) lines: Vec<String>,
}

impl Paragraph {
    /// One line under one word.
    pub(crate) fn new(label: &'static str, line: impl Into<String>) -> Self {
        Self { label, lines: vec![line.into()] }
    }
}

/// What became of a statement.
pub(crate) enum Delivered {
    /// It is only shown.
    Shown(Vec<u8>),
    /// It was signed.
    Signed(Box<Placed>),
}

/// A signed statement, and where it is.
pub(crate) struct Placed {
    /// The id of what was said.
    pub(crate) id: Id,
    /// The SHA-256 of the bundle.
    pub(crate) bundle: Digest,
    /// Who signed; `None` for a bundle that was signed elsewhere.
    pub(crate) by: Option<By>,
    /// Whether it was signed now.
    pub(crate) made: Made,
    /// Who vouches for it.
    pub(crate) vouched: Vouched,
    /// The file that holds the bundle.
    pub(crate) kept: Option<PathBuf>,
    /// Where it hangs, unless nothing was to be attached.
    pub(crate) attached: Option<Attached>,
}

/// When a statement was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// Before, by a run that did not get it onto all that it names.
    Before,
    /// Now.
    Now,
}

/// A key, as reports name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The SHA-256 of the public key.
    pub(crate) id: Digest,
    /// How it signs.
    pub(crate) algorithm: &'static str,
    /// What was opened.
    pub(crate) reference: String,
}

impl Report {
    /// A statement about `image`, and what became of it.
    pub(crate) fn attested(
        image: &Image,
        prepared: &Prepared,
        said: Vec<Paragraph>,
        delivered: Delivered,
    ) -> Self {
        Self::Attested(Box::new(Attested {
            image: image.pinned().clone(),
            tag: image.reference().tag().map(str::to_owned),
            evidence_repository: image.evidence_repository().cloned(),
            predicate_type: prepared.statement.predicate_type.clone(),
            said,
            delivered,
            closing: None,
            command_status: None,
        }))
    }

    /// The same with a last word for stderr, and the status of a command that ran.
    pub(crate) fn closing(mut self, words: Option<String>, status: Option<u8>) -> Self {
        if let Self::Attested(attested) = &mut self {
            attested.closing = words;
            attested.command_status = status;
        }
        self
    }

    /// The last word, for stderr.
    pub(crate) fn last_word(&self) -> Option<&str> {
        match self {
            Self::Attested(attested) => attested.closing.as_deref(),
            Self::Copied { .. } | Self::Told { .. } => None,
        }
    }

    /// The status that the command of `attest test` ended with.
    pub(crate) fn command_status(&self) -> Option<u8> {
        match self {
            Self::Attested(attested) => attested.command_status,
            Self::Copied { .. } | Self::Told { .. } => None,
        }
    }

    /// What stdout carries, its last line end included; text for people is broken at a column if
    /// there is one.
    pub(crate) fn print(&self, format: Format, columns: Option<usize>) -> Vec<u8> {
        match self {
            Self::Attested(attested) => match &attested.delivered {
                // What is shown says what would be signed, whatever the format.
                Delivered::Shown(payload) => {
                    [json::inert(&String::from_utf8_lossy(payload)), b"\n".to_vec()].concat()
                }
                Delivered::Signed(_) => match format {
                    Format::Json => json::print(&json::attested(attested)),
                    Format::Quiet => text::quiet(attested).into_bytes(),
                    Format::Text => inert(&text::attested(attested), columns),
                },
            },
            Self::Copied { text, json, quiet } => match format {
                Format::Json => json::print(json),
                Format::Quiet => inert(quiet, None),
                Format::Text => inert(text, columns),
            },
            Self::Told { text, json } => match format {
                Format::Json => json::print(json),
                Format::Quiet | Format::Text => inert(text, columns),
            },
        }
    }
}

/// Lines that neither a terminal nor a CI system's log takes for anything but text.
fn inert(text: &str, columns: Option<usize>) -> Vec<u8> {
    let line = |line| fold(&escape_line(line), columns, text::MARGIN) + "\n";
    text.lines().flat_map(|text| line(text).into_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_result_is_a_command_of_a_ci_system() {
        let text = "Type     ::error::x\n##vso[task.setvariable]\n  ::add-mask::y\n".to_owned();
        let report = Report::Told { text, json: Value::Null };
        let printed = String::from_utf8(report.print(Format::Text, None)).unwrap();
        assert_eq!(
            printed,
            "Type     \\u{3a}:error::x\n#\\u{23}vso[task.setvariable]\n  \\u{3a}:add-mask::y\n"
        );
    }

    #[test]
    fn a_screen_gets_lines_that_fit_and_a_file_whole_ones() {
        let line = format!("Reason   {}", ["of course"; 10].join(" "));
        let report = || Report::Copied {
            text: line.clone(),
            json: line.clone().into(),
            quiet: line.clone(),
        };
        let printed = |format, columns| String::from_utf8(report().print(format, columns)).unwrap();
        let broken = printed(Format::Text, Some(80));
        assert!(broken.lines().count() == 2 && broken.lines().all(|line| line.len() <= 80));
        assert!(broken.contains("\n         of course"), "{broken}");
        assert_eq!(printed(Format::Text, None), format!("{line}\n"));
        assert_eq!(printed(Format::Quiet, Some(80)), format!("{line}\n"));
        assert_eq!(printed(Format::Json, Some(80)), printed(Format::Json, None));
    }
}
