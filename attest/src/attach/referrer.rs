//! The manifest that hangs a bundle on an image: the form of cosign v3, which cosign, gh,
//! policy-controller and @sigstore/oci read (cosign `pkg/oci/remote/write.go`, `WriteReferrer`).

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use evidence::{
    Digest,
    bundle::MEDIA_TYPE,
    time::{self, Timestamp},
};
use registry::{Budget, Descriptor, manifest::IMAGE};
use serde::Serialize;

use super::AttachError;

/// The empty configuration (image-spec 1.1, manifest.md "Guidance for an Empty Descriptor"). Its
/// blob is pushed too: not every registry knows it.
pub(super) const EMPTY: &[u8] = b"{}";
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";

/// Bundles up to this size are also embedded in the manifest, so that one request brings both.
const EMBEDDED: usize = 64 * 1024;

/// What is attached: the bundle, and the manifest that names it.
#[derive(Clone, Debug)]
pub(super) struct Referrer {
    /// What it hangs on.
    pub(super) subject: Descriptor,
    /// The bundle.
    pub(super) bundle: Vec<u8>,
    /// The manifest.
    pub(super) manifest: Vec<u8>,
    /// The descriptor that lists the manifest.
    pub(super) descriptor: Descriptor,
    /// Whether the manifest has the bundle inside.
    pub(super) embeds: bool,
    annotations: BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    schema_version: u32,
    media_type: &'a str,
    artifact_type: &'a str,
    config: Descriptor,
    layers: [Descriptor; 1],
    subject: Descriptor,
    annotations: &'a BTreeMap<String, String>,
}

impl Referrer {
    pub(super) fn new(
        subject: &Descriptor,
        bundle: &[u8],
        predicate_type: &str,
        created: Timestamp,
    ) -> Result<Self, AttachError> {
        let most = Budget::default().bundle;
        if u64::try_from(bundle.len()).is_ok_and(|size| size > most) {
            return Err(AttachError::TooLarge { size: bundle.len(), most });
        }
        let annotations = [
            ("dev.sigstore.bundle.content", "dsse-envelope".to_owned()),
            ("dev.sigstore.bundle.predicateType", predicate_type.to_owned()),
            ("org.opencontainers.image.created", time::write(created)),
        ];
        let annotations = annotations.map(|(name, value)| (name.to_owned(), value)).into();
        Self::build(subject.clone(), bundle.to_vec(), annotations, bundle.len() <= EMBEDDED)
    }

    /// The same without the bundle inside, for registries that refuse `data`.
    pub(super) fn without_data(&self) -> Result<Self, AttachError> {
        let Self { subject, bundle, annotations, .. } = self.clone();
        Self::build(subject, bundle, annotations, false)
    }

    fn build(
        subject: Descriptor,
        bundle: Vec<u8>,
        annotations: BTreeMap<String, String>,
        embeds: bool,
    ) -> Result<Self, AttachError> {
        let mut layer = Descriptor::of(MEDIA_TYPE, &bundle);
        layer.data = embeds.then(|| STANDARD.encode(&bundle));
        let wire = Wire {
            schema_version: 2,
            media_type: IMAGE,
            artifact_type: MEDIA_TYPE,
            config: Descriptor::of(EMPTY_TYPE, EMPTY),
            layers: [layer],
            subject: bare(&subject),
            annotations: &annotations,
        };
        let manifest = serde_json::to_vec(&wire).map_err(AttachError::Write)?;
        let descriptor = Descriptor {
            artifact_type: Some(MEDIA_TYPE.to_owned()),
            annotations: annotations.clone(),
            ..Descriptor::of(IMAGE, &manifest)
        };
        Ok(Self { subject, bundle, manifest, descriptor, embeds, annotations })
    }

    /// The digest of the manifest.
    pub(super) fn digest(&self) -> &Digest {
        &self.descriptor.digest
    }
}

/// What is said of the subject: type, digest and size, nothing else that a list said of it.
fn bare(subject: &Descriptor) -> Descriptor {
    Descriptor {
        artifact_type: None,
        annotations: BTreeMap::new(),
        data: None,
        platform: None,
        ..subject.clone()
    }
}
