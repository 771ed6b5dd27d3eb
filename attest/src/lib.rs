//! To be written.

pub mod key_file;
pub mod sign;
