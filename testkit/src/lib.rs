//! What only tests need: registries to test against, the evidence of the cases, a private Sigstore. Never
//! published, and no floor below it knows it.

pub mod archive;
pub mod authority;
pub mod cases;
pub mod commands;
pub mod conformance;
pub mod content;
pub mod ended;
pub mod forward;
mod listening;
pub mod peers;
pub mod proxy;
pub mod registry;
pub mod sigstore;
pub mod tokens;
pub mod tuf;
