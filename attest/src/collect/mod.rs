//! Collects what a statement says: from the environment, the image, files and reports.
//!
//! Each file turns one kind of input into a part of a predicate, or refuses it with a code. Parsing
//! is pure; who reads files and runs programs says so in its first line.

pub(crate) mod begun;
pub(crate) mod built;
pub(crate) mod command;
pub(crate) mod committed;
pub(crate) mod environment;
pub(crate) mod hanging;
pub(crate) mod hung;
pub(crate) mod labels;
pub(crate) mod metadata;
pub(crate) mod own;
pub(crate) mod provenance;
pub(crate) mod record;
pub(crate) mod report;
pub(crate) mod sbom;
pub(crate) mod scan;
pub(crate) mod test;
pub(crate) mod verdict;
pub(crate) mod worse;
