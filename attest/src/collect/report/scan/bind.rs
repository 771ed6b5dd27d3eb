//! Decides whether a scanner's report is about the image, and by what.
//!
//! The config digest decides the platform: where the report has one, it must be the image's. A
//! manifest digest in the report may be that of an index, which vouches for no platform; so it
//! binds only a report without a config digest, and only to a manifest, or to an index that has no
//! other. Layers bind a report that
//! has neither: all of them, in order. A report about another image is refused whatever was asked
//! for; one about no image unless the caller says `unbound`.

use evidence::{
    Digest,
    json::{self, Value},
};

use super::{
    super::{Refused, refused::Unnamed},
    ScanReport,
};

/// The digests of the image that is attested.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Image<'a> {
    /// Of its manifest, or of its index if that has several platforms.
    pub(crate) manifest: &'a Digest,
    /// Of the index that has this platform and no other: a word about it is one about the platform.
    pub(crate) index: Option<&'a Digest>,
    /// Of its config; an index has none.
    pub(crate) config: Option<&'a Digest>,
    /// Of its layers before compression, the lowest first; empty where they are not known.
    pub(crate) layers: &'a [String],
}

/// By what a report is bound to the image: `attest_scan.bound`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// By the digest of the config.
    Config,
    /// By the digests of all layers.
    Layers,
    /// By the digest of the manifest.
    Manifest,
    /// By nothing.
    None,
}

impl By {
    /// The word in `attest_scan.bound`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Layers => "layers",
            Self::Manifest => "manifest",
            Self::None => "none",
        }
    }
}

/// A report of which it was decided that it may stand for the image.
#[derive(Debug)]
pub(crate) struct Bound<'a> {
    report: &'a ScanReport,
    by: By,
}

impl<'a> Bound<'a> {
    /// The report.
    pub(crate) fn report(&self) -> &'a ScanReport {
        self.report
    }

    /// By what it is bound.
    pub(crate) fn by(&self) -> By {
        self.by
    }
}

/// Binds a report to an image; `unbound` takes one that names no image.
pub(crate) fn bind<'a>(
    report: &'a ScanReport,
    image: Image<'_>,
    unbound: bool,
) -> Result<Bound<'a>, Refused> {
    match named(report, image) {
        Ok(by) => Ok(Bound { report, by }),
        Err(Refused::Unbound { .. }) if unbound => Ok(Bound { report, by: By::None }),
        Err(refused) => Err(refused),
    }
}

fn named(report: &ScanReport, image: Image<'_>) -> Result<By, Refused> {
    let names = &report.names;
    let ours = |name: &String| {
        let digest = digest_of(name);
        is(digest, image.manifest) || image.index.is_some_and(|index| is(digest, index))
    };
    let manifest = names.manifests.iter().any(ours);
    let file = || report.file.name.clone();
    let Some(config) = image.config else {
        // An index. Even its own digest in the report says only where the scanner looked.
        let foreign = names.manifests.first().filter(|_| !manifest && names.config.is_none());
        return Err(match foreign {
            Some(other) => wrong(file(), MANIFEST, other, image.manifest),
            None => Refused::Unbound { file: file(), why: Unnamed::Index },
        });
    };
    match (&names.config, names.manifests.first()) {
        (Some(stated), _) if !is(stated, config) => Err(wrong(file(), CONFIG, stated, config)),
        (Some(_), _) if !manifest => Ok(By::Config),
        (Some(_), _) => Ok(By::Manifest),
        (None, Some(_)) if manifest => Ok(By::Manifest),
        (None, Some(other)) => Err(wrong(file(), MANIFEST, other, image.manifest)),
        (None, None) if !names.layers.is_empty() && !image.layers.is_empty() => {
            if names.layers == image.layers {
                return Ok(By::Layers);
            }
            Err(Refused::WrongLayers { file: file() })
        }
        (None, None) => Err(Refused::Unbound { file: file(), why: Unnamed::Silent }),
    }
}

/// The name of a config digest in messages.
const CONFIG: &str = "config digest";
/// The name of a manifest digest in messages.
const MANIFEST: &str = "manifest digest";

/// The layers that an image configuration names (image-spec config.md, `rootfs.diff_ids`).
pub(crate) fn layers(config: &[u8]) -> Vec<String> {
    let config = json::parse(config).unwrap_or_default();
    let layers = config.pointer("/rootfs/diff_ids").and_then(Value::as_array);
    let texts = layers.into_iter().flatten().map(|layer| layer.as_str().map(str::to_owned));
    // One that is no text makes all of them unknown.
    texts.collect::<Option<_>>().unwrap_or_default()
}

fn wrong(file: String, member: &'static str, stated: &str, image: &Digest) -> Refused {
    Refused::WrongImage { file, member, report: stated.to_owned(), image: image.clone() }
}

/// The digest at the end of `repository@sha256:…`.
fn digest_of(name: &str) -> &str {
    name.rsplit_once('@').map_or(name, |(_, digest)| digest)
}

fn is(text: &str, digest: &Digest) -> bool {
    text.parse::<Digest>().is_ok_and(|stated| stated == *digest)
}
