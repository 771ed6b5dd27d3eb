//! `https://attest-verify.dev/exception/v1`: dated leave to skip steps (docs/predicates/exception.md).

use serde::Deserialize;

use super::{Unreadable, View, direct::Written, from_value, instant};
use crate::{json::Value, time::Timestamp};

/// Leave to skip steps of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The steps that may be skipped.
    pub skips: Vec<String>,
    /// In which environment.
    pub environment: String,
    /// Why.
    pub reason: String,
    /// A ticket or incident URL.
    pub reference: Option<String>,
    /// Until when.
    pub expires: Timestamp,
}

#[derive(Deserialize)]
pub(super) struct Wire {
    skips: Vec<String>,
    environment: String,
    reason: String,
    #[serde(default)]
    reference: Option<String>,
    expires: String,
}

impl Written for Wire {
    fn view(self) -> Result<View, Unreadable> {
        Exception::of(self).map(View::Exception)
    }
}

impl Exception {
    pub(super) fn read(predicate: &Value) -> Result<Self, Unreadable> {
        Self::of(from_value(predicate, "exception")?)
    }

    fn of(wire: Wire) -> Result<Self, Unreadable> {
        Ok(Self {
            skips: wire.skips,
            environment: wire.environment,
            reason: wire.reason,
            reference: wire.reference,
            expires: instant(&wire.expires, "expires")?,
        })
    }
}
