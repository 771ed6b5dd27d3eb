//! The gate and a registry that fails, lies, is full of strangers' evidence, or was asked before.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod cache;
mod elsewhere;
mod faults;
mod kinds;
mod planted;
mod world;
