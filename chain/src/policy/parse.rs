//! From bytes to a complete policy.

use super::{Faults, Policy};

impl Policy {
    /// Reads a policy and, through `read`, the files that it names.
    pub fn parse(
        _file: &str,
        _text: &[u8],
        _read: &mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Policy, Faults> {
        Err(Faults { all: Vec::new() })
    }
}
