//! Content that a descriptor carries itself (`data`, image-spec 1.1 descriptor.md).
//!
//! Content that lies elsewhere is read by [`crate::Source::blob`]. A caller that finds `data` never
//! looks at the blob besides: of two different contents an attacker would show each reader one.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{Budget, Descriptor};

/// The content that `layer` carries, if it carries any. An error makes what hangs on it unreadable.
pub fn embedded(layer: &Descriptor, budget: &Budget) -> Option<Result<Vec<u8>, EmbeddedError>> {
    layer.data.as_deref().map(|data| decode(layer, data, budget))
}

fn decode(layer: &Descriptor, data: &str, budget: &Budget) -> Result<Vec<u8>, EmbeddedError> {
    // The size first: what is too large is not decoded at all.
    let encoded = u64::try_from(data.len()).unwrap_or(u64::MAX);
    if layer.size > budget.bundle || encoded / 4 > budget.bundle / 3 + 1 {
        return Err(EmbeddedError::TooLarge { most: budget.bundle });
    }
    let bytes = STANDARD.decode(data).map_err(|_| EmbeddedError::Base64)?;
    if u64::try_from(bytes.len()) != Ok(layer.size) {
        return Err(EmbeddedError::Size { stated: layer.size, found: bytes.len() });
    }
    if !layer.digest.matches(&bytes) {
        return Err(EmbeddedError::Digest);
    }
    Ok(bytes)
}

/// Why embedded content cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// Not base64 as RFC 4648 section 4 writes it, padding included.
    #[error("the embedded content is not strict base64")]
    Base64,
    /// It hashes to another digest than the descriptor's.
    #[error("the embedded content does not hash to its descriptor's digest")]
    Digest,
    /// It has another size than the descriptor's.
    #[error("the embedded content has {found} bytes, its descriptor says {stated}")]
    Size {
        /// What the descriptor says.
        stated: u64,
        /// How many there are.
        found: usize,
    },
    /// More than [`Budget::bundle`].
    #[error("the embedded content is larger than {most} bytes")]
    TooLarge {
        /// The most that is read.
        most: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(content: &[u8], data: &str) -> Descriptor {
        Descriptor { data: Some(data.to_owned()), ..Descriptor::of("m", content) }
    }

    #[test]
    fn what_matches_is_taken_and_what_is_not_there_is_none() {
        let budget = Budget::default();
        assert_eq!(embedded(&layer(b"{}", "e30="), &budget), Some(Ok(b"{}".to_vec())));
        assert_eq!(embedded(&Descriptor::of("m", b"{}"), &budget), None);
    }

    #[test]
    fn every_mismatch_is_an_error_of_its_own() {
        let budget = Budget::default();
        let take = |layer: &Descriptor| embedded(layer, &budget).unwrap().unwrap_err();
        assert_eq!(take(&layer(b"[]", "e30=")), EmbeddedError::Digest);
        assert_eq!(take(&layer(b"{} ", "e30=")), EmbeddedError::Size { stated: 3, found: 2 });
        for lax in ["e30", "e30=\n", " e30=", "e31=", "e3 0=", "e30==", "%", ""] {
            let error = take(&layer(b"{}", lax));
            assert!(!matches!(error, EmbeddedError::Digest), "{lax:?} was decoded");
        }
        let mut large = layer(b"{}", "e30=");
        large.size = budget.bundle + 1;
        assert!(matches!(take(&large), EmbeddedError::TooLarge { .. }));
        let small = Budget { bundle: 9, ..budget };
        let bytes = layer(b"{}", &STANDARD.encode([0; 40]));
        assert!(matches!(embedded(&bytes, &small), Some(Err(EmbeddedError::TooLarge { .. }))));
    }
}
