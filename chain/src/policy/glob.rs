//! Image names with `*`.

/// A pattern for image names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    text: String,
}

impl Glob {
    /// Whether the pattern means this name.
    pub fn matches(&self, name: &str) -> bool {
        self.text == name
    }
}
