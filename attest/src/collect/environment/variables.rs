//! Environment variables, as a map that the caller made.
//!
//! Some of them are secrets, so the map has no `Debug` and no error quotes a value from it unless the
//! variable is known to be public.

use std::collections::BTreeMap;

/// The environment variables of the process, or of a test.
#[derive(Clone, Default)]
pub(crate) struct Variables(BTreeMap<String, String>);

impl Variables {
    /// The value of a variable; one that is set to nothing counts as unset, as CI systems mean it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl FromIterator<(String, String)> for Variables {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}
