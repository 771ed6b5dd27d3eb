//! Small images and what hangs on them, written the same into a layout directory and a registry, so
//! that one test asks both.

use std::{fs, io, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use evidence::{
    Digest,
    bundle::MEDIA_TYPE,
    json::{Value, json},
};
use registry::{
    Descriptor,
    manifest::{IMAGE, INDEX},
};

use crate::registry::Registry;

/// Blobs and manifests, in the order in which they would be pushed.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// The blobs.
    pub blobs: Vec<Vec<u8>>,
    /// The manifests.
    pub manifests: Vec<Stored>,
}

/// A manifest, and how it is to be found.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its tag.
    pub tag: Option<String>,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether a layout's `index.json` lists it; a registry lists by subject alone.
    pub listed: bool,
}

impl Content {
    /// An image `latest` of one layer, whose content is `name`.
    pub fn image(name: &str) -> (Self, Descriptor) {
        let mut content = Self::default();
        let layer = content.blob("application/vnd.oci.image.layer.v1.tar", name.as_bytes());
        let config = br#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}"#;
        let config = content.blob("application/vnd.oci.image.config.v1+json", config);
        let manifest =
            json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [layer]});
        let descriptor = content.manifest(Some("latest"), &manifest);
        (content, descriptor)
    }

    /// Adds a blob.
    pub fn blob(&mut self, media_type: &str, bytes: &[u8]) -> Descriptor {
        self.blobs.push(bytes.to_vec());
        Descriptor::of(media_type, bytes)
    }

    /// Adds a manifest, which is listed.
    pub fn manifest(&mut self, tag: Option<&str>, manifest: &Value) -> Descriptor {
        let bytes = manifest.to_string().into_bytes();
        let media_type = manifest.get("mediaType").and_then(Value::as_str).unwrap_or(IMAGE);
        let descriptor = Descriptor::of(media_type, &bytes);
        self.manifests.push(Stored { tag: tag.map(str::to_owned), bytes, listed: true });
        descriptor
    }

    /// Hangs `bundle` on `subject`, as cosign does, or with the bundle inside.
    pub fn referrer(&mut self, subject: &Descriptor, bundle: &[u8], embed: bool) -> Descriptor {
        let config = self.blob("application/vnd.oci.empty.v1+json", b"{}");
        let mut layer = self.blob(MEDIA_TYPE, bundle);
        layer.data = embed.then(|| STANDARD.encode(bundle));
        self.manifest(
            None,
            &json!({
                "schemaVersion": 2, "mediaType": IMAGE, "artifactType": MEDIA_TYPE,
                "config": config, "layers": [layer], "subject": subject,
                "annotations": {"dev.sigstore.bundle.content": "dsse-envelope"},
            }),
        )
    }

    /// Makes `tag` an index of `manifests`.
    pub fn index(&mut self, tag: &str, manifests: &[Descriptor]) -> Descriptor {
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
        self.manifest(Some(tag), &index)
    }

    /// Writes all into a layout directory, which is made.
    pub fn write_layout(&self, dir: &Path) -> io::Result<()> {
        let blobs = dir.join("blobs/sha256");
        fs::create_dir_all(&blobs)?;
        for bytes in self.blobs.iter().chain(self.manifests.iter().map(|stored| &stored.bytes)) {
            fs::write(blobs.join(Digest::sha256(bytes).hex()), bytes)?;
        }
        let entries: Vec<Value> = self.manifests.iter().filter(|s| s.listed).map(entry).collect();
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
        fs::write(dir.join("index.json"), index.to_string())?;
        fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)
    }

    /// Stores all in a repository.
    pub fn push(&self, registry: &Registry, repository: &str) {
        let mut store = registry.store();
        for bytes in &self.blobs {
            store.put_blob(repository, bytes);
        }
        for stored in &self.manifests {
            store.put_manifest(repository, stored.tag.as_deref(), &stored.bytes);
        }
    }
}

fn entry(stored: &Stored) -> Value {
    let stated: Value = serde_json::from_slice(&stored.bytes).unwrap_or_default();
    let media_type = stated.get("mediaType").and_then(Value::as_str).unwrap_or(IMAGE);
    let mut descriptor = Descriptor::of(media_type, &stored.bytes);
    if let Some(tag) = &stored.tag {
        descriptor.annotations.insert("org.opencontainers.image.ref.name".into(), tag.clone());
    }
    json!(descriptor)
}
