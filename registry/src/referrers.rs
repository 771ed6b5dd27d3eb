//! The lists that say what hangs on a digest: the referrers API's pages and the fallback tag
//! (distribution-spec 1.1, "Listing Referrers").
//!
//! A list is a claim of the registry, nothing more: it is never selected from by type or annotation,
//! because registries and clients write both wrongly.

use std::collections::BTreeSet;

use evidence::Digest;

use crate::{Descriptor, Error, Limit, Manifest, ManifestError, ManifestKind};

/// The tag that lists the referrers of `subject` where there is no referrers API.
pub fn fallback_tag(subject: &Digest) -> String {
    let hex: String = subject.hex().chars().take(64).collect();
    format!("{}-{hex}", subject.algorithm().name())
}

/// Whether `tag` is a fallback tag or one that is derived from it, and so names no image.
pub fn is_derived_tag(tag: &str) -> bool {
    let Some(rest) = tag.strip_prefix("sha256-").or_else(|| tag.strip_prefix("sha512-")) else {
        return false;
    };
    let hex: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
    hex.len() == 64
        && rest.strip_prefix(&hex).is_some_and(|end| end.is_empty() || end.starts_with('.'))
}

/// Reads one list, which must be an index.
pub(crate) fn list(bytes: Vec<u8>) -> Result<Vec<Descriptor>, ManifestError> {
    match Manifest::parse(bytes)?.kind {
        ManifestKind::Image { .. } => Err(ManifestError::NotIndex),
        ManifestKind::Index { manifests } => Ok(manifests),
    }
}

/// Lists as one: each digest once, in the order met.
#[derive(Debug)]
pub(crate) struct Union {
    most: usize,
    met: BTreeSet<Digest>,
    list: Vec<Descriptor>,
}

impl Union {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, met: BTreeSet::new(), list: Vec::new() }
    }

    /// Adds what was not met before; more than the budget is an error, never a shorter list: the one
    /// left out could be the newer failure.
    pub(crate) fn add(
        &mut self,
        descriptors: impl IntoIterator<Item = Descriptor>,
    ) -> Result<(), Error> {
        for descriptor in descriptors {
            if self.met.insert(descriptor.digest.clone()) {
                self.list.push(descriptor);
            }
            if self.list.len() > self.most {
                return Err(Error::limit(Limit::Referrers, self.most));
            }
        }
        Ok(())
    }

    pub(crate) fn into_list(self) -> Vec<Descriptor> {
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fallback_tag_is_the_standards() {
        let digest = Digest::sha256(b"abc");
        let tag = fallback_tag(&digest);
        assert_eq!(tag, format!("sha256-{}", digest.hex()));
        assert!(is_derived_tag(&tag) && is_derived_tag(&format!("{tag}.att")));
        assert!(!is_derived_tag("sha256-ab") && !is_derived_tag(&format!("{tag}0")));
        assert!(!is_derived_tag("v1"));
    }

    #[test]
    fn a_union_counts_each_digest_once_and_is_never_cut() {
        let one = Descriptor::of("m", b"1");
        let two = Descriptor::of("m", b"2");
        let mut union = Union::new(2);
        union.add([one.clone(), two.clone()]).unwrap();
        union.add([two.clone(), one.clone()]).unwrap();
        assert!(matches!(
            union.add([Descriptor::of("m", b"3")]),
            Err(Error::Limit { limit: Limit::Referrers, most: 2 })
        ));
        let mut union = Union::new(2);
        union.add([one.clone(), one.clone(), two.clone()]).unwrap();
        assert_eq!(union.into_list(), [one, two]);
    }
}
