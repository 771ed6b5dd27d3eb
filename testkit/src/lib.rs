//! What only tests need: registries to test against. Never published, and no floor below it knows it.

pub mod content;
pub mod peers;
pub mod registry;
