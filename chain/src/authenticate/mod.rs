//! Authenticate: bytes that anybody may have written become a statement that a known signer made.

pub mod key;
