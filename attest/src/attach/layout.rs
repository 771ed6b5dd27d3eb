//! Attaching in a layout directory (image-spec 1.1, image-layout.md).
//!
//! One writer at a time, by a lock on `oci-layout`, which is always there and never replaced.
//! Content comes before the index that names it, each file whole or not at all: written beside,
//! synced, renamed. So a writer that is killed leaves what was there before, and a file that nobody
//! reads.

mod index;

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::Path,
    time::Duration,
};

use evidence::Digest;
use registry::layout::LayoutSource;
use tempfile::Builder;
use tokio::time::sleep;

use super::{
    AttachError, Attached,
    http::room_for_one_more,
    referrer::{EMPTY, Referrer},
};
use index::Index;

/// What unfinished files begin with; no tool takes that for content.
const UNFINISHED: &str = ".attest-";

/// How long to wait for other writers: as long as for a registry.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often to look whether the lock is free.
const LOOK: Duration = Duration::from_millis(5);

pub(super) async fn attach(
    layout: &LayoutSource,
    referrer: &Referrer,
) -> Result<Attached, AttachError> {
    use registry::Source;
    let listed = layout.referrers(&referrer.subject.digest).await?;
    if !listed.iter().any(|found| found.digest == *referrer.digest()) {
        room_for_one_more(listed.len(), layout.budget().referrers)?;
    }
    // The lock ends when the file is closed, also if this process is killed.
    let _lock = lock(&layout.dir().join("oci-layout")).await?;
    let path = layout.dir().join("index.json");
    let mut writes = 0;
    for content in [EMPTY, &referrer.bundle, &referrer.manifest] {
        writes += u32::from(put(&layout.path(&Digest::sha256(content)), content)?);
    }
    let before =
        fs::read(&path).map_err(|reason| AttachError::Io { path: path.clone(), reason })?;
    let fault = |reason| AttachError::Index { path: path.clone(), reason };
    let mut index = Index::parse(&before).map_err(fault)?;
    if index.add(&referrer.descriptor).map_err(fault)? {
        let bytes = index.to_bytes().map_err(fault)?;
        write(&path, &bytes).map_err(|reason| AttachError::Io { path: path.clone(), reason })?;
        writes += 1;
    }
    Ok(Attached {
        referrer: referrer.digest().clone(),
        bundle: Digest::sha256(&referrer.bundle),
        writes,
    })
}

/// Waits until nobody else of us writes in the directory.
async fn lock(path: &Path) -> Result<File, AttachError> {
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
fn put(path: &Path, content: &[u8]) -> Result<bool, AttachError> {
    let fault = |reason| AttachError::Io { path: path.to_owned(), reason };
    if fs::read(path).is_ok_and(|found| found == content) {
        return Ok(false);
    }
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(fault)?;
    }
    write(path, content).map_err(fault)?;
    Ok(true)
}

/// Puts a whole file in the place of what was there.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    sweep(dir)?;
    let mut builder = Builder::new();
    builder.prefix(UNFINISHED);
    readable(&mut builder, path);
    let mut file = builder.tempfile_in(dir)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(dir)?.sync_all()
}

/// Removes what a killed writer left; whoever holds the lock is the only one who writes.
fn sweep(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(UNFINISHED)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
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
