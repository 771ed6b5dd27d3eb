//! A private Sigstore in memory: a certificate authority with its log, Rekor v1 and v2, two timestamp
//! authorities and an OIDC issuer, able to lie on demand.
//!
//! The same name makes the same keys, and the same deeds the same bytes; the clock is an argument. Its
//! keys are known to whoever knows its name: nothing outside of tests may trust its root. What it says
//! about real services is tried on real ones (`scripts/interop`). [`Server`] is the same over HTTP.

mod certificate;
mod der;
mod entry;
mod identity;
mod keys;
mod lie;
mod log;
mod root;
mod seal;
mod server;
mod sign;
mod spoil;
mod timestamp;

use certificate::Fulcio;
pub use certificate::LIFETIME;
pub use entry::Older;
pub use identity::{Identity, Job, Name};
pub use keys::Key;
pub use lie::{Change, Lie};
use log::Log;
pub use log::Rekor;
pub use server::{AMBIENT_SECRET, Server};
pub use sign::{Legacy, Options};
use timestamp::StampAuthority;

/// One private Sigstore, and a second one under the same names, whom it asks when it lies.
#[derive(Debug)]
pub struct Instance {
    name: String,
    own: Services,
    other: Services,
}

#[derive(Debug)]
struct Services {
    fulcio: Fulcio,
    logs: [Log; 2],
    stamps: [StampAuthority; 2],
}

impl Default for Instance {
    fn default() -> Self {
        Self::new()
    }
}

impl Instance {
    /// The instance of the test data.
    pub fn new() -> Self {
        Self::named("sigstore.test")
    }

    /// An instance with keys of its own.
    pub fn named(name: &str) -> Self {
        let other = Services::of(&format!("{name}, another"));
        Self { name: name.to_owned(), own: Services::of(name), other }
    }
}

impl Services {
    fn of(instance: &str) -> Self {
        Self {
            fulcio: Fulcio::of(instance),
            logs: [Rekor::V1, Rekor::V2].map(|kind| Log::of(instance, kind)),
            stamps: ["tsa", "tsa2"].map(|what| StampAuthority::of(instance, what)),
        }
    }

    fn log(&self, kind: Rekor) -> &Log {
        let [first, second] = &self.logs;
        match kind {
            Rekor::V1 => first,
            Rekor::V2 => second,
        }
    }
}
