//! BuildKit's `--metadata-file`: which digest was built, under which names.
//!
//! The file is the builder's word before anything is signed (buildx docs, `buildx_build.md`,
//! `--metadata-file`). A file that contradicts itself, or names no digest, is refused: the signer
//! would have to guess.

use evidence::{
    Digest,
    json::{self, JsonError, Value},
    source,
    time::{self, Timestamp},
};

use super::environment::Environment;

/// The largest file that is read; BuildKit's own provenance inside it is the bulk.
pub(crate) const BYTES: u64 = 16 << 20;

/// Base images that are copied into the provenance at most.
const MATERIALS: usize = 256;

/// What BuildKit says that it built.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Metadata {
    /// The digest of the manifest or index.
    pub(crate) digest: Digest,
    /// The digest of the config, where one image was built.
    pub(crate) config: Option<Digest>,
    /// The names that were pushed.
    pub(crate) names: Vec<String>,
    /// What the build took in and BuildKit hashed: base images.
    pub(crate) materials: Vec<Material>,
    /// When the build ended.
    pub(crate) finished: Option<Timestamp>,
    /// The repository and commit that BuildKit itself fetched, where it did.
    fetched: Option<(String, String)>,
}

/// Something that the build took in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Material {
    /// What: a package URL of an image.
    pub(crate) uri: String,
    /// Its SHA-256.
    pub(crate) sha256: String,
}

impl Metadata {
    /// Reads a metadata file.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, MetadataError> {
        let file = json::parse(bytes).map_err(MetadataError::Json)?;
        let stated = digest_at(&file, "/containerimage.digest")?;
        let described = digest_at(&file, "/containerimage.descriptor/digest")?;
        let digest = match (stated, described) {
            (Some(stated), Some(described)) if stated != described => {
                return Err(MetadataError::Contradiction { stated, described });
            }
            (Some(digest), _) | (None, Some(digest)) => digest,
            (None, None) => return Err(missing(&file)),
        };
        let names = file.get("image.name").and_then(Value::as_str).unwrap_or_default();
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        let provenances = provenances(&file);
        Ok(Self {
            digest,
            config: digest_at(&file, "/containerimage.config.digest")?,
            names: names.map(str::to_owned).collect(),
            materials: materials(&provenances),
            finished: provenances
                .iter()
                .filter_map(|p| p.pointer("/metadata/buildFinishedOn").and_then(Value::as_str))
                .filter_map(time::parse)
                .max(),
            fetched: provenances.iter().find_map(|provenance| fetched(provenance)),
        })
    }

    /// Refuses an environment that names another commit of the repository that BuildKit fetched.
    pub(crate) fn agrees_with(&self, environment: &Environment) -> Result<(), MetadataError> {
        let (Some((repository, commit)), Some(source), Some(here)) =
            (&self.fetched, &environment.source, &environment.commit)
        else {
            return Ok(());
        };
        let head = environment.head.as_ref();
        if *repository != source.value
            || *commit == here.value
            || head.is_some_and(|head| head.value == *commit)
        {
            return Ok(());
        }
        Err(MetadataError::Commit {
            built: commit.clone(),
            here: here.value.clone(),
            from: here.from,
        })
    }
}

fn digest_at(file: &Value, pointer: &'static str) -> Result<Option<Digest>, MetadataError> {
    match file.pointer(pointer) {
        None => Ok(None),
        Some(value) => value
            .as_str()
            .and_then(|text| text.parse().ok())
            .map(Some)
            .ok_or(MetadataError::Digest { member: pointer.trim_start_matches('/') }),
    }
}

/// `bake` writes one object per target instead.
fn missing(file: &Value) -> MetadataError {
    let targets = file.as_object().into_iter().flatten().filter(|(_, value)| {
        value.get("containerimage.digest").or(value.get("containerimage.descriptor")).is_some()
    });
    let targets: Vec<String> = targets.map(|(name, _)| name.clone()).collect();
    if targets.is_empty() { MetadataError::NoDigest } else { MetadataError::Bake { targets } }
}

/// One provenance, or one per platform: `buildx.build.provenance/linux/amd64`.
fn provenances(file: &Value) -> Vec<&Value> {
    let members = file.as_object().into_iter().flatten();
    members
        .filter(|(name, _)| {
            name.strip_prefix("buildx.build.provenance")
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
        .map(|(_, value)| value)
        .collect()
}

fn materials(provenances: &[&Value]) -> Vec<Material> {
    let all = provenances
        .iter()
        .filter_map(|provenance| provenance.get("materials").and_then(Value::as_array))
        .flatten();
    let mut materials: Vec<Material> = Vec::new();
    for material in all {
        let (Some(uri), Some(sha256)) = (
            material.get("uri").and_then(Value::as_str),
            material.pointer("/digest/sha256").and_then(Value::as_str),
        ) else {
            continue;
        };
        let material = Material { uri: uri.to_owned(), sha256: sha256.to_owned() };
        let hex = Digest::from_hex(evidence::Algorithm::Sha256, sha256).is_ok();
        if hex && !materials.contains(&material) && materials.len() < MATERIALS {
            materials.push(material);
        }
    }
    materials
}

fn fetched(provenance: &Value) -> Option<(String, String)> {
    let source = provenance.pointer("/invocation/configSource")?;
    let repository = source::normalise(source.get("uri")?.as_str()?)?;
    let commit = source.pointer("/digest/sha1")?.as_str()?.to_owned();
    source::is_commit(&commit).then_some((repository, commit))
}

/// Why a metadata file says nothing that can be signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum MetadataError {
    /// A file of `bake`, with an object per target.
    #[error("the metadata file is of `bake` and has {} targets", targets.len())]
    Bake {
        /// Their names.
        targets: Vec<String>,
    },
    /// BuildKit fetched another commit than the environment names.
    #[error(
        "BuildKit built commit `{}`, {from} says `{}`",
        evidence::text::escape_short(built, 64),
        evidence::text::escape_short(here, 64)
    )]
    Commit {
        /// What BuildKit fetched.
        built: String,
        /// What the environment says.
        here: String,
        /// Where it says so.
        from: &'static str,
    },
    /// Two digests in one file.
    #[error("the metadata file names two digests: {stated} and {described}")]
    Contradiction {
        /// `containerimage.digest`.
        stated: Digest,
        /// The descriptor's.
        described: Digest,
    },
    /// A member is no digest.
    #[error("`{member}` of the metadata file is no digest")]
    Digest {
        /// Which member.
        member: &'static str,
    },
    /// The file is not JSON.
    #[error("the metadata file is unreadable: {0}")]
    Json(JsonError),
    /// No image came out of the build.
    #[error("the metadata file names no digest: the build made no image")]
    NoDigest,
}

impl MetadataError {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Bake { .. } => "metadata-bake",
            Self::Commit { .. } | Self::Contradiction { .. } => "metadata-mismatch",
            Self::Digest { .. } | Self::Json(_) => "metadata-unreadable",
            Self::NoDigest => "metadata-no-digest",
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> String {
        match self {
            Self::Bake { targets } => {
                let target = targets.first().map_or("app", String::as_str);
                let target = evidence::text::escape_short(target, 60);
                format!("give one target's part: jq '.\"{target}\"' bake.json > {target}.json")
            }
            Self::Commit { .. } => "attest in the run that built the image".to_owned(),
            Self::Contradiction { .. } | Self::Digest { .. } | Self::Json(_) => {
                "build again with --metadata-file FILE".to_owned()
            }
            Self::NoDigest => "build with --push or --output type=oci".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::environment::{Found, Given},
        *,
    };

    fn file(name: &str) -> Vec<u8> {
        let path = format!(
            "{}/../testdata/buildkit/synthetic-buildx-{name}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        std::fs::read(path).unwrap()
    }

    const IMAGE: &str = "sha256:b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";
    const INDEX: &str = "sha256:782419d2e04c4377f25a4aaee15e8e753b4f0e45dae61616477e71f75cf447e0";

    #[test]
    fn digest_names_and_base_images_are_read() {
        let single = Metadata::read(&file("metadata-single")).unwrap();
        assert_eq!(single.digest.to_string(), IMAGE);
        assert_eq!(
            single.names,
            ["registry.example.com/acme/app:1.4.0", "registry.example.com/acme/app:latest"]
        );
        assert_eq!(single.materials.len(), 1);
        assert!(single.config.is_some());
        let multi = Metadata::read(&file("metadata-multi")).unwrap();
        assert_eq!(multi.digest.to_string(), INDEX);
        assert_eq!(multi.materials.len(), 2, "one base image per platform");
        let created = Metadata::read(&file("imagetools-create-metadata")).unwrap();
        assert_eq!(created.digest.to_string(), INDEX);
    }

    #[test]
    fn a_file_that_contradicts_itself_or_names_nothing_is_refused() {
        let code = |name| Metadata::read(&file(name)).unwrap_err().code();
        assert_eq!(code("metadata-mismatch"), "metadata-mismatch");
        assert_eq!(code("metadata-no-digest"), "metadata-no-digest");
        assert_eq!(code("bake-metadata"), "metadata-bake");
        assert_eq!(Metadata::read(b"{").unwrap_err().code(), "metadata-unreadable");
        let short = br#"{"containerimage.digest":"sha256:00"}"#;
        assert_eq!(Metadata::read(short).unwrap_err().code(), "metadata-unreadable");
    }

    #[test]
    fn another_commit_of_the_same_repository_is_refused() {
        let metadata = Metadata::read(&file("metadata-single")).unwrap();
        let environment = |source: &str, commit: &str| {
            let given = Given {
                source: Some(source.into()),
                commit: Some(commit.into()),
                ..Given::default()
            };
            Environment::detect(&Found::default(), &given).unwrap()
        };
        let here = "https://git.example.com/acme/app";
        let same = environment(here, "4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c");
        assert!(metadata.agrees_with(&same).is_ok());
        let other = environment(here, "8d02e11f4c55aa0011223344556677889900aabb");
        assert_eq!(metadata.agrees_with(&other).unwrap_err().code(), "metadata-mismatch");
        let elsewhere = environment("https://git.example.com/acme/x", &other.commit.unwrap().value);
        assert!(metadata.agrees_with(&elsewhere).is_ok());
    }
}
