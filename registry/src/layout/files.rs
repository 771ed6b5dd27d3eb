//! The files of a layout, in a directory or in an archive, by their names within it.
//!
//! Names come from a parsed digest or from us, so none leads out of the layout.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::archive::{self, Archive};

/// What the beginning of a file is read for: to tell what it may be.
const START: u64 = 64;

/// Where the files of a layout are.
#[derive(Debug)]
pub(super) enum Files {
    Archive(PathBuf, Archive),
    Directory(PathBuf),
}

/// A file, or that it is larger than it may be.
pub(super) enum Bounded {
    All(Vec<u8>),
    TooLarge,
}

impl Files {
    /// The directory or archive.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Archive(path, _) | Self::Directory(path) => path,
        }
    }

    /// As a person names it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Archive(file, _) => archive::shown(file),
            Self::Directory(dir) => format!("oci:{}", dir.display()),
        }
    }

    /// Whether there is a file of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::Archive(_, archive) => archive.has(name),
            Self::Directory(dir) => dir.join(name).is_file(),
        }
    }

    /// A file of at most so many bytes.
    pub(super) fn read(&self, name: &str, most: u64) -> io::Result<Bounded> {
        match self {
            Self::Archive(_, archive) => archive.read(name, most),
            Self::Directory(dir) => read_bounded(&dir.join(name), most),
        }
    }

    /// A file of any size, to be read from its beginning.
    pub(super) fn open(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Self::Archive(_, archive) => Ok(Box::new(archive.open_file(name)?)),
            Self::Directory(dir) => Ok(Box::new(open_file(&dir.join(name))?)),
        }
    }

    /// How long a file is, and how it begins; `None` for what is no file.
    pub(super) fn start(&self, name: &str) -> io::Result<Option<(u64, Vec<u8>)>> {
        match self {
            Self::Archive(_, archive) => archive.start(name, START).map(Some),
            Self::Directory(dir) => {
                let path = dir.join(name);
                let metadata = path.metadata()?;
                if !metadata.is_file() {
                    return Ok(None);
                }
                let mut start = Vec::new();
                File::open(path)?.take(START).read_to_end(&mut start)?;
                Ok(Some((metadata.len(), start)))
            }
        }
    }

    /// The names in a directory of the layout; none if there is no such directory. What is no text is
    /// not ours.
    pub(super) fn names(
        &self,
        of: &str,
    ) -> io::Result<Box<dyn Iterator<Item = io::Result<String>> + '_>> {
        let dir = match self {
            Self::Archive(_, archive) => {
                let names: Vec<_> = archive.names(of).map(|name| Ok(name.to_owned())).collect();
                return Ok(Box::new(names.into_iter()));
            }
            Self::Directory(dir) => dir.join(of),
        };
        match fs::read_dir(dir) {
            Ok(entries) => Ok(Box::new(entries.filter_map(|entry| {
                entry.map(|entry| entry.file_name().into_string().ok()).transpose()
            }))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Box::new(std::iter::empty()))
            }
            Err(error) => Err(error),
        }
    }
}

fn open_file(path: &Path) -> io::Result<File> {
    // A pipe or device of that name would never end, or never begin.
    if !path.metadata()?.is_file() {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    File::open(path)
}

fn read_bounded(path: &Path, most: u64) -> io::Result<Bounded> {
    let mut bytes = Vec::new();
    open_file(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    let fits = u64::try_from(bytes.len()).is_ok_and(|length| length <= most);
    Ok(if fits { Bounded::All(bytes) } else { Bounded::TooLarge })
}
