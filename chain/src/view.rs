//! A view: the digests that one chain is asked about.
//!
//! An image of one platform is one view. An index is one view per real platform: every step is proven
//! on the index, or for every platform by a choice of its own, so every view must hold. Where the
//! policy wants the evidence is `image.evidence-on`.

use std::collections::BTreeMap;

use evidence::Digest;

use crate::{
    candidate::{Image, Shape},
    policy::EvidenceOn,
};

/// What one chain is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View<'q> {
    /// Where evidence for a step may hang; a step is proven on one of them, the first that does.
    pub digests: Vec<&'q Digest>,
    /// The platform: `linux/amd64`; `None` where there is only one view.
    pub platform: Option<&'q str>,
    /// The labels of the config; `None` for an index, which has none of its own.
    pub labels: Option<&'q BTreeMap<String, String>>,
}

impl<'q> View<'q> {
    /// The views of an image, all of which must hold; none for an index without platforms whose
    /// evidence must hang on platforms.
    pub(crate) fn of(image: &'q Image, on: EvidenceOn) -> Vec<Self> {
        let asked = &image.digest;
        let lone = |digests| Self { digests, platform: None, labels: image.labels.as_ref() };
        match &image.shape {
            Shape::Lone => vec![lone(vec![asked])],
            Shape::Listed { index, .. } => match on {
                EvidenceOn::Digest | EvidenceOn::Platforms => vec![lone(vec![asked])],
                EvidenceOn::Either => vec![lone(vec![asked, index])],
            },
            Shape::Index { platforms } if platforms.is_empty() => match on {
                EvidenceOn::Digest | EvidenceOn::Either => vec![lone(vec![asked])],
                EvidenceOn::Platforms => vec![],
            },
            Shape::Index { platforms } => platforms
                .iter()
                .map(|platform| Self {
                    digests: match on {
                        EvidenceOn::Digest => vec![asked],
                        EvidenceOn::Either => vec![asked, &platform.digest],
                        EvidenceOn::Platforms => vec![&platform.digest],
                    },
                    platform: Some(&platform.name),
                    labels: platform.labels.as_ref(),
                })
                .collect(),
        }
    }
}
