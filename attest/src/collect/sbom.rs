//! A bill of materials that is attested as it is: read for its format, its version and the image that
//! it names, and for nothing else.
//!
//! Each format is one file. The document is the predicate, member by member; what it lists is its
//! tool's business. One that names another image is refused. One that names none is taken: most do
//! not (a scan by tag, a file system), and whoever signs says what it is about.

mod cyclonedx;
mod spdx2;
mod spdx3;

use evidence::{
    Digest,
    json::{self, JsonError, Value},
    predicate::{CYCLONEDX, SPDX},
    text,
};

/// A bill of materials.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sbom {
    /// The document.
    pub(crate) document: Value,
    /// `SPDX`, `CycloneDX`.
    format: &'static str,
    /// Its version, as it stands there.
    version: String,
    /// Whether the version is one that was known when this was written.
    known: bool,
    /// The type URI.
    pub(crate) predicate_type: String,
    names: Names,
}

/// What in a document names an image. Text, as it stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Names {
    /// Digests of configs, which are of one platform.
    configs: Vec<String>,
    /// Digests of manifests; of an index where the registry has one.
    manifests: Vec<String>,
}

/// By what a document names the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// By the digest of the config.
    Config,
    /// By the digest of the manifest.
    Manifest,
    /// By nothing.
    Nothing,
}

/// The parts of a document that a format's file finds.
struct Found {
    version: String,
    known: bool,
    predicate_type: String,
    names: Names,
}

/// Reads a document.
pub(crate) fn read(bytes: &[u8]) -> Result<Sbom, SbomRefused> {
    of(json::parse(bytes).map_err(SbomRefused::Json)?)
}

/// The same of what is parsed.
pub(crate) fn of(document: Value) -> Result<Sbom, SbomRefused> {
    type Format = (&'static str, fn(&Value) -> Option<Found>);
    let formats: [Format; 3] =
        [("CycloneDX", cyclonedx::read), ("SPDX", spdx2::read), ("SPDX", spdx3::read)];
    let found = formats.iter().find_map(|(format, read)| Some((*format, read(&document)?)));
    let (format, found) = found.ok_or(SbomRefused::Format)?;
    let Found { version, known, predicate_type, names } = found;
    Ok(Sbom { document, format, version, known, predicate_type, names })
}

impl Sbom {
    /// Refuses a document that names another image than this, by its manifest, by the index that has no
    /// other, or by its config; an index of several has none.
    pub(crate) fn about(
        &self,
        manifest: &Digest,
        index: Option<&Digest>,
        config: Option<&Digest>,
    ) -> Result<By, SbomRefused> {
        let Names { configs, manifests } = &self.names;
        let is = |text: &String, digest: &Digest| {
            text.parse::<Digest>().is_ok_and(|stated| stated == *digest)
        };
        let ours =
            |stated: &String| is(stated, manifest) || index.is_some_and(|index| is(stated, index));
        // The config decides the platform; beside it a manifest may be an index.
        if let Some(config) = config
            && let Some(first) = configs.first()
        {
            return match configs.iter().find(|stated| !is(stated, config)) {
                None => Ok(By::Config),
                Some(_) => Err(wrong("config digest", first, config)),
            };
        }
        match manifests.first() {
            None => Ok(By::Nothing),
            Some(_) if manifests.iter().any(ours) => Ok(By::Manifest),
            Some(other) => Err(wrong("manifest digest", other, manifest)),
        }
    }

    /// Refuses a document of the other format than a predicate type says; its version may differ.
    pub(crate) fn is_of(&self, predicate_type: &str) -> Result<(), SbomRefused> {
        let base = if self.format == "CycloneDX" { CYCLONEDX } else { SPDX };
        match predicate_type.starts_with(base) {
            true => Ok(()),
            false => Err(SbomRefused::Type { format: self.format }),
        }
    }

    /// What a person is told, line by line without a label.
    pub(crate) fn lines(&self, by: By) -> Vec<String> {
        let mut lines = vec![format!("{} {}", self.format, text::escape_short(&self.version, 40))];
        if !self.known {
            lines.push("of a version that is not known here; attested as it is".to_owned());
        }
        lines.push(match by {
            By::Config => "names this image by its config".to_owned(),
            By::Manifest => "names this image by its manifest".to_owned(),
            By::Nothing => "names no image: that it is of this one is the signer's word".to_owned(),
        });
        lines
    }
}

fn wrong(member: &'static str, stated: &str, image: &Digest) -> SbomRefused {
    SbomRefused::WrongImage { member, stated: stated.to_owned(), image: image.clone() }
}

/// The digest at the end of `repository@sha256:…`, or the whole of `sha256:…`.
fn digest(text: &str) -> Option<String> {
    let digest = text.rsplit_once('@').map_or(text, |(_, digest)| digest);
    digest.parse::<Digest>().ok().map(|_| digest.to_owned())
}

/// The digest in the package URL of an image (purl-spec, `oci` and `docker`), where it may be
/// percent-encoded.
fn of_purl(purl: &str) -> Option<String> {
    let rest = purl.strip_prefix("pkg:oci/").or_else(|| purl.strip_prefix("pkg:docker/"))?;
    let path = rest.split(['?', '#']).next()?;
    let (_, version) = path.rsplit_once('@')?;
    digest(&version.replace("%3A", ":").replace("%3a", ":"))
}

/// `v2.3`, from what is a version and nothing else.
fn segment(version: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_digit() || c == '.';
    let short = (1..=16).contains(&version.len());
    (short && version.chars().all(plain)).then(|| format!("/v{version}"))
}

/// A member that is text.
fn text_of<'v>(value: &'v Value, member: &str) -> Option<&'v str> {
    value.get(member).and_then(Value::as_str)
}

/// The items of a member that is a list.
fn list<'v>(value: &'v Value, member: &str) -> impl Iterator<Item = &'v Value> {
    value.get(member).and_then(Value::as_array).into_iter().flatten()
}

/// Why a document is not attested.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SbomRefused {
    /// Neither format.
    #[error("the document is neither SPDX nor CycloneDX")]
    Format,
    /// Not JSON with one reading.
    #[error("the document is {0}")]
    Json(JsonError),
    /// The type says the other format.
    #[error("the document is {format}, and the type says otherwise")]
    Type {
        /// What it is.
        format: &'static str,
    },
    /// It names another image.
    #[error(
        "the document is about another image: its {member} is {}, this image is {image}",
        text::escape_short(.stated, 200)
    )]
    WrongImage {
        /// What names the image.
        member: &'static str,
        /// What stands there.
        stated: String,
        /// The image's digest of that kind.
        image: Digest,
    },
}

impl SbomRefused {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Format => "unknown-format",
            Self::Type { .. } => "wrong-type",
            Self::Json(_) => "unreadable",
            Self::WrongImage { .. } => "wrong-image",
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Format | Self::Json(_) => {
                "give SPDX or CycloneDX as JSON: syft -o spdx-json, trivy --format cyclonedx"
            }
            Self::Type { .. } => "leave the type to: attest sbom IMAGE --file FILE",
            Self::WrongImage { .. } => {
                "make one of this image, by digest; of an index, attest the platform's own digest"
            }
        }
    }
}

#[cfg(test)]
mod tests;
