//! An OCI image layout (image-spec 1.1, image-layout.md), a directory or a tar of one, read as a
//! registry is.
//!
//! Every file is hashed, and none is named by anything but a parsed digest, so no path in an index
//! leads out of the directory. A file that an index lists and that is not there is an error.

mod archive;
mod files;
mod scan;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use evidence::Digest;

pub use self::archive::ArchiveError;
use self::{
    archive::Archive,
    files::{Bounded, Files},
    scan::Known,
};
use crate::{
    Budget, Descriptor, Error, Limit, Manifest, ManifestKind, OpenError, Options, Source, Verbose,
    budget::Meter,
    error::{Cause, What},
    manifest::may_be_manifest,
    referrers::{fallback_tag, is_derived_tag, list},
    source::sized,
};

/// The annotation that holds a tag (image-spec 1.1, annotations.md).
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// What cosign annotates its entries with; an image is [`COSIGN_IMAGE`] or [`COSIGN_INDEX`].
const COSIGN_KIND: &str = "kind";
const COSIGN_IMAGE: &str = "dev.cosignproject.cosign/image";
const COSIGN_INDEX: &str = "dev.cosignproject.cosign/imageIndex";

/// A layout, in a directory or an archive.
pub struct LayoutSource {
    files: Files,
    verbose: Option<Verbose>,
    meter: Arc<Meter>,
    known: Known,
}

impl LayoutSource {
    pub(crate) fn open(
        dir: &Path,
        options: &Options,
        meter: Arc<Meter>,
    ) -> Result<Self, OpenError> {
        if !dir.is_dir() {
            return Err(OpenError::NoLayout { dir: dir.to_owned(), absent: "" });
        }
        Self::of(Files::Directory(dir.to_owned()), options, meter)
    }

    pub(crate) fn open_archive(
        file: &Path,
        options: &Options,
        meter: Arc<Meter>,
    ) -> Result<Self, OpenError> {
        // Directories, and what is beside the layout, are entries too.
        let most = meter.budget.layout_files.saturating_mul(2);
        let archive = Archive::open(file, most).map_err(|cause| OpenError::Archive {
            file: file.to_owned(),
            cause: Arc::new(cause),
        })?;
        Self::of(Files::Archive(file.to_owned(), archive), options, meter)
    }

    fn of(files: Files, options: &Options, meter: Arc<Meter>) -> Result<Self, OpenError> {
        match ["oci-layout", "index.json"].into_iter().find(|name| !files.has(name)) {
            Some(absent) => Err(OpenError::NoLayout { dir: files.path().to_owned(), absent }),
            None => {
                let verbose = options.verbose.clone();
                Ok(Self { files, verbose, meter, known: Known::default() })
            }
        }
    }

    /// The directory; of an archive its file.
    pub fn dir(&self) -> &Path {
        self.files.path()
    }

    /// Whether nothing can be written here.
    pub fn is_archive(&self) -> bool {
        matches!(self.files, Files::Archive(..))
    }

    /// Where the content of `digest` lies in a directory.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.dir().join(name(digest))
    }

    /// The content of `digest`, of any size, to be read from its beginning and hashed by the caller.
    pub fn content(&self, digest: &Digest) -> io::Result<Box<dyn io::Read + Send>> {
        self.files.open(&name(digest))
    }

    /// The only image that is there: no referrer, no fallback tag, nothing that cosign saved beside.
    pub fn only(&self) -> Result<Manifest, Error> {
        let mut images: Vec<(Descriptor, Manifest)> = Vec::new();
        for entry in self.index()? {
            if !may_be_image(&entry) || images.iter().any(|(_, m)| m.digest == entry.digest) {
                continue;
            }
            let manifest = self.entry(&entry)?;
            if manifest.subject.is_none() {
                images.push((entry, manifest));
            }
        }
        if images.len() > 1 {
            let tags = images.into_iter().map(|(entry, _)| shown(entry)).collect();
            return Err(OpenError::Ambiguous { dir: self.dir().to_owned(), tags }.into());
        }
        let (_, manifest) = images
            .pop()
            .ok_or_else(|| OpenError::Ambiguous { dir: self.dir().to_owned(), tags: vec![] })?;
        Ok(manifest)
    }

    /// What `index.json` lists.
    fn index(&self) -> Result<Vec<Descriptor>, Error> {
        let limit = Error::limit(Limit::List, self.meter.budget.list);
        let bytes = self
            .read("index.json", || What::Index, self.meter.budget.list, limit)?
            .ok_or_else(|| Error::unavailable(What::Index, self.place(), Cause::Missing))?;
        list(bytes).map_err(|reason| self.malformed(What::Index, reason))
    }

    /// The entry of the index with that tag. Two of one name and different digests are an error: each
    /// reader could take another.
    fn tagged(&self, index: Vec<Descriptor>, tag: &str) -> Result<Option<Descriptor>, Error> {
        let is_named =
            |entry: &Descriptor| entry.annotations.get(REF_NAME).is_some_and(|n| n == tag);
        let mut found: Vec<Descriptor> = index.into_iter().filter(is_named).collect();
        found.dedup_by(|one, other| one.digest == other.digest);
        if found.len() > 1 {
            let tags = found.iter().map(|entry| entry.digest.to_string()).collect();
            return Err(OpenError::Ambiguous { dir: self.dir().to_owned(), tags }.into());
        }
        Ok(found.pop())
    }

    /// A manifest that a list names; it has to be there.
    fn entry(&self, entry: &Descriptor) -> Result<Manifest, Error> {
        let what = || What::Manifest(entry.digest.clone());
        let manifest = self
            .file(&entry.digest)?
            .ok_or_else(|| Error::unavailable(what(), self.place(), Cause::Missing))?;
        sized(what, &self.place(), entry.size, &manifest.bytes)?;
        Ok(manifest)
    }

    /// The manifest of a digest, hashed.
    fn file(&self, digest: &Digest) -> Result<Option<Manifest>, Error> {
        let what = || What::Manifest(digest.clone());
        let most = self.meter.budget.manifest;
        let limit = Error::limit(Limit::Manifest, most);
        let Some(bytes) = self.read(&name(digest), what, most, limit)? else {
            return Ok(None);
        };
        self.hashed(what, digest, &bytes)?;
        Manifest::parse_hashed(digest.clone(), bytes)
            .map(Some)
            .map_err(|reason| self.malformed(what(), reason))
    }

    /// What the fallback tag in the index lists; an image under it lists nothing.
    fn fallback(&self, index: Vec<Descriptor>, subject: &Digest) -> Result<Vec<Descriptor>, Error> {
        let tagged = self.tagged(index, &fallback_tag(subject))?;
        let Some(entry) = tagged else { return Ok(Vec::new()) };
        match self.entry(&entry)?.kind {
            ManifestKind::Index { manifests } => Ok(manifests),
            ManifestKind::Image { .. } => {
                if let Some(verbose) = &self.verbose {
                    verbose(&format!(
                        "the fallback tag of {subject} is no index; nothing is listed"
                    ));
                }
                Ok(Vec::new())
            }
        }
    }

    fn hashed(
        &self,
        what: impl FnOnce() -> What,
        digest: &Digest,
        bytes: &[u8],
    ) -> Result<(), Error> {
        if digest.matches(bytes) {
            return Ok(());
        }
        let found = Digest::of(digest.algorithm(), bytes);
        Err(Error::DigestMismatch { what: what(), place: self.place(), found })
    }

    fn malformed(&self, what: What, reason: crate::ManifestError) -> Error {
        Error::Malformed { what, place: self.place(), reason }
    }

    fn spend(&self, bytes: &[u8]) -> Result<(), Error> {
        self.meter.spend(bytes.len()).map_err(|limit| Error::limit(limit, self.meter.budget.total))
    }

    /// Reads a file of at most `most` bytes, and counts it; `None` if there is none.
    fn read(
        &self,
        name: &str,
        what: impl FnOnce() -> What,
        most: u64,
        limit: Error,
    ) -> Result<Option<Vec<u8>>, Error> {
        match self.files.read(name, most) {
            Ok(Bounded::All(bytes)) => {
                self.spend(&bytes)?;
                Ok(Some(bytes))
            }
            Ok(Bounded::TooLarge) => Err(limit),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::unavailable(what(), self.place(), Cause::Io(Arc::new(error)))),
        }
    }
}

impl fmt::Debug for LayoutSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LayoutSource({})", self.files.shown())
    }
}

impl Source for LayoutSource {
    async fn resolve(&self, tag: &str) -> Result<Option<Manifest>, Error> {
        self.tagged(self.index()?, tag)?.map(|entry| self.entry(&entry)).transpose()
    }

    async fn manifest(&self, digest: &Digest) -> Result<Option<Manifest>, Error> {
        self.file(digest)
    }

    async fn blob(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        let what = || What::Blob(descriptor.digest.clone());
        let most = self.meter.budget.bundle;
        let limit = Error::limit(Limit::Bundle, most);
        if descriptor.size > most {
            return Err(limit);
        }
        let bytes = self
            .read(&name(&descriptor.digest), what, most, limit)?
            .ok_or_else(|| Error::unavailable(what(), self.place(), Cause::Missing))?;
        self.hashed(what, &descriptor.digest, &bytes)?;
        sized(what, &self.place(), descriptor.size, &bytes)?;
        Ok(bytes)
    }

    async fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, Error> {
        scan::referrers(self, subject)
    }

    fn budget(&self) -> &Budget {
        &self.meter.budget
    }

    fn place(&self) -> String {
        self.files.shown()
    }
}

/// Whether an entry of `index.json` may be an image by its annotations.
fn may_be_image(entry: &Descriptor) -> bool {
    let named = entry.annotations.get(REF_NAME).is_none_or(|tag| !is_derived_tag(tag));
    let kind = entry.annotations.get(COSIGN_KIND);
    may_be_manifest(&entry.media_type)
        && named
        && kind.is_none_or(|kind| kind == COSIGN_IMAGE || kind == COSIGN_INDEX)
}

fn shown(mut entry: Descriptor) -> String {
    entry.annotations.remove(REF_NAME).unwrap_or_else(|| entry.digest.to_string())
}

/// The name of a file within a layout.
fn name(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}
