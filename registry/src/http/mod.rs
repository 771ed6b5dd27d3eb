//! A repository in a registry, over HTTP (distribution-spec 1.1, RFC 9110).
//!
//! [`HttpSource`] reads; [`Client`] is the authenticated, bounded, retrying transport below it, and
//! knows neither manifests nor uploads. Nothing here trusts a header about content: bytes are named
//! by their own hash. Credentials go to the registry and to the token service that it names, to
//! nobody else.

mod challenge;
mod client;
pub mod credentials;
mod exchange;
mod pages;
mod retry;
mod sender;
mod source;
mod stream;
mod token;

pub use client::{Access, Client, Request, Response};
pub use pages::Pages;
pub use sender::Sender;
pub use source::HttpSource;
pub use stream::Incoming;
