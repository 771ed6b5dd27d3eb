//! Fold: lines of text broken at the column where a screen ends.
//!
//! A word is never broken, so that a reference or a command can be copied whole. What is no screen has
//! no column, and gets whole lines.

/// Columns of a screen.
pub const COLUMNS: usize = 80;

/// One line, as far as it is written.
#[derive(Debug)]
pub struct Fold {
    columns: Option<usize>,
    hang: usize,
    column: usize,
    space: String,
}

impl Fold {
    /// An empty line, broken at `columns` if there are any; what is too long goes on in the next,
    /// indented by `hang`.
    pub fn new(columns: Option<usize>, hang: usize) -> Self {
        Self { columns, hang, column: 0, space: String::new() }
    }

    /// Hands over each word of a text with what stands before it: spaces, or a new line.
    pub fn words<'t>(&mut self, text: &'t str, mut put: impl FnMut(&str, &'t str)) {
        for piece in text.split_inclusive(' ') {
            let word = piece.trim_end_matches(' ');
            if !word.is_empty() {
                let width = word.chars().count();
                if self.is_full(self.space.len() + width) {
                    self.column = self.hang;
                    self.space = format!("\n{}", " ".repeat(self.hang));
                } else {
                    self.column += self.space.len();
                }
                put(&self.space, word);
                self.space.clear();
                self.column += width;
            }
            self.space.push_str(piece.get(word.len()..).unwrap_or_default());
        }
    }

    fn is_full(&self, more: usize) -> bool {
        self.columns.is_some_and(|most| self.column > self.hang && self.column + more > most)
    }
}

/// A line folded, without its end.
pub fn fold(line: &str, columns: Option<usize>, hang: usize) -> String {
    let mut folded = String::with_capacity(line.len());
    Fold::new(columns, hang).words(line, |before, word| {
        folded.push_str(before);
        folded.push_str(word);
    });
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_goes_on_below_and_a_word_is_never_broken() {
        let line = "ab  one two three four five";
        assert_eq!(fold(line, Some(20), 4), "ab  one two three\n    four five");
        assert_eq!(fold(line, None, 4), line);
        assert_eq!(
            fold("0123456789012345678901234 x", Some(20), 4),
            "0123456789012345678901234\n    x"
        );
        // What stands in the margin keeps its word.
        assert_eq!(fold("ab      012345678901234", Some(20), 8), "ab      012345678901234");
    }
}
