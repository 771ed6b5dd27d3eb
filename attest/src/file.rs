//! Files that the user names: read whole and bounded, written whole or not at all.

use std::{
    fs::File,
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use evidence::text::escape_short;

/// Reads a file of at most `most` bytes.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    let fault = |why| FileError { path: path.to_owned(), why };
    let file = File::open(path).map_err(|error| fault(Fault::Read(error)))?;
    bounded(file, most).map_err(fault)
}

/// Reads a file of at most `most` bytes that a command of somebody else may have made.
pub(crate) fn read_regular(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    let fault = |why| FileError { path: path.to_owned(), why };
    let file = regular(path).map_err(|error| fault(Fault::Read(error)))?;
    bounded(file, most).map_err(fault)
}

/// Opens a regular file, and nothing else: the command that was tested may have left a pipe that
/// nobody writes to. What was opened is asked, and opening does not wait (`O_NONBLOCK`, open(2)).
pub(crate) fn regular(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    let why = "it is no regular file; let the tool write its report to one";
    Err(io::Error::new(io::ErrorKind::InvalidInput, why))
}

fn bounded(file: File, most: u64) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that fits from one that does not.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(Fault::Read)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(Fault::Size { most });
    }
    Ok(bytes)
}

/// Writes a file; who reads it sees the old one or the new one, never a part.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_whole(path, bytes)
        .map_err(|error| FileError { path: path.to_owned(), why: Fault::Write(error) })
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = public(tempfile::Builder::new().prefix(".attest-")).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The name is durable only once the folder is.
    File::open(folder).and_then(|folder| folder.sync_all())
}

/// What is written here is meant to be read by others; the umask still applies.
fn public<'a, 'p, 's>(
    builder: &'a mut tempfile::Builder<'p, 's>,
) -> &'a mut tempfile::Builder<'p, 's> {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};
    builder.permissions(Permissions::from_mode(0o666))
}

/// Why a file that the user named cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{why} `{}`{}", escape_short(&path.display().to_string(), 300), why.cause())]
pub(crate) struct FileError {
    path: PathBuf,
    why: Fault,
}

#[derive(Debug)]
enum Fault {
    Read(io::Error),
    Size { most: u64 },
    Write(io::Error),
}

impl FileError {
    /// Whether it is the content that is at fault, not the name.
    pub(crate) fn is_too_large(&self) -> bool {
        matches!(self.why, Fault::Size { .. })
    }

    /// What to do.
    pub(crate) fn help(&self) -> &'static str {
        match self.why {
            Fault::Read(_) => "name a file that is there and may be read",
            Fault::Size { .. } => "was another file meant? what is larger is not read here",
            Fault::Write(_) => "name a file in a directory that is there and may be written",
        }
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self.why {
            Fault::Read(_) => "unreadable-file",
            Fault::Size { .. } => "too-large",
            Fault::Write(_) => "unwritable-file",
        }
    }
}

impl Fault {
    fn cause(&self) -> String {
        match self {
            Self::Read(error) | Self::Write(error) => format!(": {error}"),
            Self::Size { most } => format!(": it is larger than {} MiB", most >> 20),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Read(_) | Self::Size { .. } => "cannot read",
            Self::Write(_) => "cannot write",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_written_whole_and_read_within_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle.json");
        write(&path, b"one").unwrap();
        write(&path, b"other").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"other");
        assert!(read(&path, 4).unwrap_err().is_too_large());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
        assert_eq!(read(folder.path(), 4).unwrap_err().code(), "unreadable-file");
        assert_eq!(write(&path.join("x"), b"").unwrap_err().code(), "unwritable-file");
    }
}
