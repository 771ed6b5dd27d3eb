//! Environment variables, as a map that the caller made.
//!
//! Some of them are secrets, so the map has no `Debug` and no error quotes a value from it unless the
//! variable is known to be public.

use std::collections::BTreeMap;

use super::Known;

/// The environment variables of the process, or of a test.
#[derive(Clone, Default)]
pub(crate) struct Variables(BTreeMap<String, String>);

impl Variables {
    /// The value of a variable; one that is set to nothing counts as unset, as CI systems mean it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a variable that is known to be public, and its name as the place.
    pub(super) fn known(&self, name: &'static str) -> Option<Known> {
        self.get(name).map(|value| Known::new(value, name))
    }

    /// The index of one of several, where there are several: that of a single one tells nothing apart.
    pub(super) fn one_of_several(&self, index: &'static str, total: &str) -> Option<Known> {
        let total: u64 = self.get(total)?.parse().ok()?;
        self.known(index).filter(|_| total > 1)
    }
}

impl FromIterator<(String, String)> for Variables {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}
