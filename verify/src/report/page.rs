//! A page of text: the only place where text for a person's screen is put together.
//!
//! Whatever is written here is made inert, so no printer can forget to: control, bidirectional and
//! invisible characters are spelled out, and so is what a CI system would take for a command if it
//! stood in a job's log (`::error` at the start of a line for GitHub Actions, `##[…]` and `##vso[…]`
//! anywhere for it and for Azure Pipelines).

use anstyle::{AnsiColor, Style};
use evidence::{
    fold::Fold,
    text::{escape_line, escape_short},
};

/// Characters of one text: enough for any honest message, too few to flood a screen.
const MOST: usize = 2_000;

/// How a text is painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Red: a deny.
    Bad,
    /// A name.
    Bold,
    /// Green: an allow.
    Good,
    /// The rest.
    Plain,
}

impl Paint {
    fn style(self) -> Style {
        match self {
            Self::Bad => Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
            Self::Bold => Style::new().bold(),
            Self::Good => Style::new().bold().fg_color(Some(AnsiColor::Green.into())),
            Self::Plain => Style::new(),
        }
    }
}

/// Lines of text, broken at a column if there is one.
#[derive(Debug)]
pub struct Page {
    columns: Option<usize>,
    colour: bool,
    text: String,
}

impl Page {
    /// An empty page.
    pub fn new(columns: Option<usize>, colour: bool) -> Self {
        Self { columns, colour, text: String::new() }
    }

    /// The text, each line ended.
    pub fn into_text(self) -> String {
        self.text
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A line in one paint.
    pub fn line(&mut self, hang: usize, text: &str) {
        self.row(hang, &[(Paint::Plain, text)]);
    }

    /// A line of several texts. Where it is too long it goes on in the next, indented by `hang`; a
    /// word is never broken, so that a reference can be copied whole.
    pub fn row(&mut self, hang: usize, texts: &[(Paint, &str)]) {
        let mut fold = Fold::new(self.columns, hang);
        for (paint, text) in texts {
            fold.words(&inert(text), |before, word| {
                self.text.push_str(before);
                self.paint(*paint, word);
            });
        }
        self.text.push('\n');
    }

    fn paint(&mut self, paint: Paint, word: &str) {
        if self.colour && paint != Paint::Plain {
            let style = paint.style();
            self.text.push_str(&format!("{style}{word}{style:#}"));
        } else {
            self.text.push_str(word);
        }
    }
}

/// A text that neither a terminal nor a CI system's log reads as anything but text.
pub fn inert(text: &str) -> String {
    escape_line(&escape_short(text, MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_goes_on_below_and_a_word_is_never_broken() {
        let mut page = Page::new(Some(20), false);
        page.row(4, &[(Paint::Bold, "ab  "), (Paint::Plain, "one two three four five")]);
        page.line(4, "0123456789012345678901234 x");
        assert_eq!(
            page.into_text(),
            "ab  one two three\n    four five\n0123456789012345678901234\n    x\n"
        );
        let mut page = Page::new(None, false);
        page.line(0, "one two three four five six");
        assert_eq!(page.into_text(), "one two three four five six\n");
    }

    #[test]
    fn no_log_takes_a_text_for_a_command() {
        let mut page = Page::new(None, false);
        page.line(2, "  ::add-mask::x a::b ##[error]x ##vso[task.x] ###\n::error::y");
        assert_eq!(
            page.into_text(),
            "  \\u{3a}:add-mask::x a::b #\\u{23}[error]x #\\u{23}vso[task.x] #\\u{23}#\\u{a}::error::y\n"
        );
    }

    #[test]
    fn only_the_page_itself_colours() {
        let mut page = Page::new(None, true);
        page.row(0, &[(Paint::Good, "allow"), (Paint::Plain, "  \u{1b}[31mx")]);
        assert_eq!(page.into_text(), "\u{1b}[1m\u{1b}[32mallow\u{1b}[0m  \\u{1b}[31mx\n");
    }
}
