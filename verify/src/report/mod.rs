//! Report: one verdict, several printers.
//!
//! Every printer shows the same value and decides nothing. Names, reasons, labels and ids come from
//! strangers, so each printer makes them inert in its own format; none of them trusts another to have
//! done so.

pub mod bundle;
pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod listing;
pub mod markdown;
pub mod page;
pub mod roots;
pub mod text;
mod words;

use chain::Record;

/// The formats of `--report FORMAT=PATH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Workflow commands that annotate a GitHub Actions run.
    Github,
    /// One page for a browser.
    Html,
    /// The verdict itself (docs/verdict.schema.json).
    Json,
    /// A test suite with one case per step.
    Junit,
    /// A job's summary page.
    Markdown,
    /// What a person reads.
    Text,
}

impl Format {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 6] =
        [Self::Text, Self::Json, Self::Github, Self::Junit, Self::Markdown, Self::Html];

    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Html => "html",
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Markdown => "markdown",
            Self::Text => "text",
        }
    }
}

/// How to show a verdict.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Break lines at this column; never inside a word.
    pub columns: Option<usize>,
    /// Colour the answer.
    pub colour: bool,
    /// Show ids in full, and what decided nothing.
    pub verbose: bool,
}

/// Prints a verdict as a document of its own: without colour, without a width.
pub fn document(verdict: &Record, format: Format, style: &Style) -> serde_json::Result<String> {
    Ok(match format {
        Format::Github => github::print(verdict),
        Format::Html => html::print(verdict),
        Format::Json => json::print(verdict)?,
        Format::Junit => junit::print(verdict),
        Format::Markdown => markdown::print(verdict),
        Format::Text => text::print(verdict, &Style { columns: None, colour: false, ..*style }),
    })
}
