//! The files of a layout, each whole or not at all: written beside, synced, renamed.
//!
//! Who writes holds the lock on `oci-layout`, which is always there and never replaced. Content that
//! takes long to come is written without it; its unfinished file is locked itself, so that no other
//! writer takes it for one that a killed writer left.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::Path,
    time::Duration,
};

use evidence::{Digest, digest::Hasher};
use registry::layout::LayoutSource;
use tempfile::{Builder, NamedTempFile};
use tokio::time::sleep;

use super::AttachError;

/// What unfinished files begin with; no tool takes that for content.
const UNFINISHED: &str = ".attest-";

/// How long to wait for other writers: as long as for a registry.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often to look whether the lock is free.
const LOOK: Duration = Duration::from_millis(5);

/// How much of a file is read at once.
const PIECE: usize = 256 * 1024;

const EMPTY_INDEX: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;

/// Content of a layout in the making.
#[derive(Debug)]
pub(crate) struct Unfinished {
    file: NamedTempFile,
}

impl Unfinished {
    /// Begins the file of `digest`.
    pub(crate) async fn begin(layout: &LayoutSource, digest: &Digest) -> Result<Self, AttachError> {
        let path = layout.path(digest);
        let fault = |reason| AttachError::Io { path: path.clone(), reason };
        let _lock = lock(layout).await?;
        let file = unfinished(&path).map_err(fault)?;
        match file.as_file().try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::Error(reason)) => Err(fault(reason)),
            Err(TryLockError::WouldBlock) => Err(fault(io::ErrorKind::WouldBlock.into())),
        }
    }

    /// Adds a piece.
    pub(crate) fn add(&mut self, piece: &[u8]) -> Result<(), AttachError> {
        let path = self.file.path().to_owned();
        self.file.write_all(piece).map_err(|reason| AttachError::Io { path, reason })
    }

    /// Puts it in its place; the caller made sure of its digest.
    pub(crate) fn finish(self, layout: &LayoutSource, digest: &Digest) -> Result<(), AttachError> {
        let path = layout.path(digest);
        persist(self.file, &path).map_err(|reason| AttachError::Io { path, reason })
    }
}

/// Whether the content of `digest` is there, whole.
pub(crate) fn holds(layout: &LayoutSource, digest: &Digest, size: u64) -> bool {
    let hashed = || -> io::Result<Digest> {
        let mut file = File::open(layout.path(digest))?;
        let mut hasher = Hasher::new(digest.algorithm());
        let mut piece = vec![0; PIECE];
        loop {
            match file.read(&mut piece)? {
                0 => return Ok(hasher.digest()),
                length => hasher.add(piece.get(..length).unwrap_or_default()),
            }
        }
    };
    let metadata = layout.path(digest).metadata();
    metadata.is_ok_and(|metadata| metadata.is_file() && metadata.len() == size)
        && hashed().is_ok_and(|found| found == *digest)
}

/// Whether a layout may be made in a directory: it is not there, empty, a layout, or one that a killed
/// writer began to make.
pub(crate) fn is_begun(dir: &Path) -> io::Result<bool> {
    if dir.join("oci-layout").is_file() {
        return Ok(true);
    }
    match fs::read_dir(dir) {
        Ok(entries) => {
            for entry in entries {
                let name = entry?.file_name();
                let ours = |name: &str| name == "blobs" || name.starts_with(UNFINISHED);
                if !name.to_str().is_some_and(ours) {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Makes an empty layout, or what is missing of one (image-spec 1.1, image-layout.md). What is there is
/// never replaced: another writer may hold a lock on it.
pub(crate) fn make(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir.join("blobs").join("sha256"))?;
    let files = [
        ("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#.as_slice()),
        ("index.json", EMPTY_INDEX.as_bytes()),
    ];
    for (name, content) in files {
        let path = dir.join(name);
        if path.exists() {
            continue;
        }
        let mut builder = Builder::new();
        builder.prefix(UNFINISHED);
        readable(&mut builder, &path);
        let mut file = builder.tempfile_in(dir)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(&path) {
            Ok(_) => {}
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.error),
        }
    }
    File::open(dir)?.sync_all()
}

/// Waits until nobody else of us writes in the directory. The lock ends when the file is closed, also
/// if this process is killed.
pub(super) async fn lock(layout: &LayoutSource) -> Result<File, AttachError> {
    let path = &layout.dir().join("oci-layout");
    let fault = |reason| AttachError::Io { path: path.to_owned(), reason };
    // Some file systems lock only what is open for writing.
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(fault)?;
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if waited < PATIENCE => {
                sleep(LOOK).await;
                waited += LOOK;
            }
            Err(TryLockError::WouldBlock) => {
                return Err(AttachError::Locked { path: path.to_owned() });
            }
            Err(TryLockError::Error(reason)) => return Err(fault(reason)),
        }
    }
}

/// Writes content unless it is there, whole; says whether it wrote.
pub(super) fn put(path: &Path, content: &[u8]) -> Result<bool, AttachError> {
    let fault = |reason| AttachError::Io { path: path.to_owned(), reason };
    // What has another length is not read: nobody knows how long it is.
    let length = fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|found| found.len());
    let same_length = length.is_some_and(|length| u64::try_from(content.len()) == Ok(length));
    if same_length && fs::read(path).is_ok_and(|found| found == content) {
        return Ok(false);
    }
    prepare(path, content).and_then(|file| persist(file, path)).map_err(fault)?;
    Ok(true)
}

/// Writes a whole file beside `path`, for [`persist`]; it is gone if it is dropped.
pub(super) fn prepare(path: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = unfinished(path)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// A new file beside `path`.
fn unfinished(path: &Path) -> io::Result<NamedTempFile> {
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(dir)?;
    sweep(dir)?;
    let mut builder = Builder::new();
    builder.prefix(UNFINISHED);
    readable(&mut builder, path);
    builder.tempfile_in(dir)
}

/// Puts a prepared file in the place of what was there.
pub(super) fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(dir)?.sync_all()
}

/// Removes what a killed writer left: whoever still writes has the lock of the directory, which is
/// ours, or one on its file.
fn sweep(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(UNFINISHED));
        if ours && !is_locked(&entry.path()) {
            match fs::remove_file(entry.path()) {
                // Its writer finished it in between.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
    }
    Ok(())
}

fn is_locked(path: &Path) -> bool {
    let file = OpenOptions::new().read(true).write(true).open(path);
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Gives a new file the permissions of the one that it replaces, or what the user's mask leaves:
/// temporary files are for their owner alone, evidence is not.
#[cfg(unix)]
fn readable(builder: &mut Builder<'_, '_>, path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = path.metadata().map_or(0o666, |metadata| metadata.permissions().mode() & 0o777);
    builder.permissions(fs::Permissions::from_mode(mode));
}

#[cfg(not(unix))]
fn readable(_builder: &mut Builder<'_, '_>, _path: &Path) {}
