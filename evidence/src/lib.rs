//! The documents that pass between `attest`, a registry and `verify`: digest, subject, statement,
//! predicates, envelope, bundle.
//!
//! Floor 0: nothing here reads a file, a clock or the network, nothing here decides, and nothing
//! here signs. Parsing is strict where a difference between two readers could be used (duplicate
//! members are refused) and tolerant where the standards ask for it (unknown members are ignored).

pub mod bundle;
pub mod digest;
pub mod duration;
pub mod envelope;
pub mod fold;
pub mod id;
pub mod json;
pub mod login;
pub mod predicate;
pub mod reading;
pub mod repository;
pub mod run;
pub mod source;
pub mod statement;
mod strict;
pub mod text;
pub mod time;
mod words;

pub use bundle::{Bundle, Material};
pub use digest::{Algorithm, Digest};
pub use envelope::{Envelope, IN_TOTO, Signature};
pub use id::Id;
pub use reading::Reading;
pub use statement::{Statement, Subject};
