//! The files of a layout, each whole or not at all: written beside, synced, renamed.
//!
//! Who writes holds the lock on `oci-layout`, which is always there and never replaced. Content that
//! takes long to come is written without it; its unfinished file is locked itself, so that no other
//! writer takes it for one that a killed writer left.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::Path,
    time::Duration,
};

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
    if fs::read(path).is_ok_and(|found| found == content) {
        return Ok(false);
    }
    write(path, content).map_err(fault)?;
    Ok(true)
}

/// Puts a whole file in the place of what was there.
pub(super) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = unfinished(path)?;
    file.write_all(content)?;
    persist(file, path)
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

fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    file.as_file().sync_all()?;
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
