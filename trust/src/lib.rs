//! Fetches and keeps trusted roots and signing configurations, and believes no copy of them.
//!
//! Floor 1: a [`Repository`] is read by the rules of The Update Framework from a root that is built
//! in or that the user named; what it publishes is kept in the user's cache and verified again from
//! that same root on every load, so whoever writes into the cache can at most make us ask again. A
//! [`SigningConfig`] says which services a signer turns to. Nothing here reads what a trusted root
//! says, and the clock is an argument: what is expired stops, whatever is kept.

mod cache;
mod client;
mod error;
mod remote;
mod repository;
pub mod signing_config;

pub use cache::directory;
pub use client::{Ask, Options, Target, Verbose, fetch};
pub use error::{RepositoryError, TrustError};
pub use repository::Repository;
pub use signing_config::{ClientTrustConfig, Service, Services, SigningConfig, SigningConfigError};
