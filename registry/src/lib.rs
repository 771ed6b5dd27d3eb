//! Reads images and what hangs on them, from OCI registries and layout directories.
//!
//! Floor 1: a [`Reference`] that a person typed becomes a [`Pinned`] digest, and a [`Source`] hands
//! out manifests, blobs and referrers, every byte hashed and bounded by a [`Budget`]. No request made
//! here writes to a registry: who writes hands requests to the transport, [`http`]. Nothing here
//! judges what it reads. Absent is an answer only where the standard says so (a 404 for the referrers
//! endpoint or a tag); whatever is listed and cannot be had is an error.

pub mod blob;
pub mod budget;
pub mod cache;
pub mod carried;
pub mod descriptor;
pub mod error;
pub mod http;
pub mod layout;
pub mod legacy;
pub mod manifest;
pub mod pinned;
pub mod reference;
pub mod referrers;
pub mod source;

pub use blob::{EmbeddedError, embedded};
pub use budget::{Budget, Limit};
pub use cache::Cache;
pub use carried::{Carried, Part, carried};
pub use descriptor::{Descriptor, Platform};
pub use error::{Error, OpenError};
pub use http::credentials::Credentials;
pub use legacy::{Legacy, legacy};
pub use manifest::{Manifest, ManifestError, ManifestKind};
pub use pinned::{Location, Pinned, pin};
pub use reference::{Reference, ReferenceError};
pub use source::{AnySource, Options, Source, Verbose, open};
