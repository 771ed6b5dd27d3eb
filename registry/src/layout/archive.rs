//! An OCI image layout in a tar (`oci-archive:FILE`; POSIX.1-2024 pax, "ustar Interchange Format").
//!
//! Nothing is unpacked: names lead to places within the one file, and a blob is hashed when it is read.
//! What two readers of tar could take differently is refused: a name twice, a name that is not in its
//! plain form, a long name or size kept apart, a link. Never writes.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use super::files::Bounded;

/// One file of an archive, read on.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    at: u64,
    left: u64,
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let length = self.file.read_at(buffer.get_mut(..most).unwrap_or_default(), self.at)?;
        let moved = u64::try_from(length).unwrap_or_default();
        self.at = self.at.saturating_add(moved);
        self.left = self.left.saturating_sub(moved);
        Ok(length)
    }
}

/// Everything in a tar is a multiple of this.
const BLOCK: u64 = 512;

/// What an extended header may tell of the next file that we need not know.
const HARMLESS: [&str; 9] = [
    "atime",
    "ctime",
    "mtime",
    "comment",
    "gid",
    "gname",
    "uid",
    "uname",
    "LIBARCHIVE.creationtime",
];

/// An archive, and where in it each file of the layout lies.
#[derive(Debug)]
pub(super) struct Archive {
    file: File,
    /// Begin and length.
    places: BTreeMap<String, (u64, u64)>,
}

impl Archive {
    /// Reads where everything is; of at most so many entries.
    pub(super) fn open(path: &Path, entries: usize) -> Result<Self, ArchiveError> {
        // A pipe cannot be read twice, and a device has no end.
        if !path.metadata()?.is_file() {
            return Err(io::Error::from(io::ErrorKind::InvalidInput).into());
        }
        let file = File::open(path)?;
        let end = file.metadata()?.len();
        let mut archive = Self { file, places: BTreeMap::new() };
        let mut at = 0;
        let mut count = 0;
        while let Some(header) = archive.header(at, end)? {
            count += 1;
            if count > entries {
                return Err(ArchiveError::TooMany { most: entries });
            }
            let begin = at.saturating_add(BLOCK);
            let after = begin.saturating_add(header.size);
            if after > end {
                return Err(ArchiveError::Cut);
            }
            archive.take(header, begin)?;
            at = after.next_multiple_of(BLOCK);
        }
        Ok(archive)
    }

    /// The bytes of a file.
    pub(super) fn read(&self, name: &str, most: u64) -> io::Result<Bounded> {
        let (begin, size) = self.place(name)?;
        if size > most {
            return Ok(Bounded::TooLarge);
        }
        self.bytes(begin, size).map(Bounded::All)
    }

    /// A file of any size, to be read from its beginning.
    pub(super) fn open_file(&self, name: &str) -> io::Result<Part> {
        let (at, left) = self.place(name)?;
        Ok(Part { file: self.file.try_clone()?, at, left })
    }

    /// How long a file is, and its first bytes.
    pub(super) fn start(&self, name: &str, count: u64) -> io::Result<(u64, Vec<u8>)> {
        let (begin, size) = self.place(name)?;
        Ok((size, self.bytes(begin, size.min(count))?))
    }

    /// The names of the files in a directory.
    pub(super) fn names(&self, dir: &str) -> impl Iterator<Item = &str> {
        self.places.keys().filter_map(move |name| name.strip_prefix(dir)?.strip_prefix('/'))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    fn place(&self, name: &str) -> io::Result<(u64, u64)> {
        self.places.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn bytes(&self, begin: u64, size: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        self.file.read_exact_at(&mut bytes, begin)?;
        Ok(bytes)
    }

    /// The header at a place; `None` at the end, which is two blocks of zeros, or of the file.
    fn header(&self, at: u64, end: u64) -> Result<Option<Header>, ArchiveError> {
        if at == end && at > 0 {
            return Ok(None);
        }
        let block = |at| self.bytes(at, BLOCK).map_err(|_| ArchiveError::Cut);
        let first = block(at)?;
        if first.starts_with(&[0x1f, 0x8b]) || first.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            return Err(ArchiveError::Compressed);
        }
        let is_zero = |block: &[u8]| block.iter().all(|byte| *byte == 0);
        if is_zero(&first) {
            let next = at.saturating_add(BLOCK);
            let ends = next == end || is_zero(&block(next)?);
            return if ends { Ok(None) } else { Err(ArchiveError::Header) };
        }
        Header::parse(&first).map(Some)
    }

    fn take(&mut self, header: Header, begin: u64) -> Result<(), ArchiveError> {
        match header.kind {
            // What it says is about the next file.
            b'x' | b'g' => {
                let most = 64 * 1024;
                let text = self.bytes(begin, header.size.min(most))?;
                if header.size > most || !is_harmless(&text) {
                    return Err(ArchiveError::Extended);
                }
                return Ok(());
            }
            // GNU's long names and links.
            b'L' | b'K' | b'S' | b'M' | b'V' => return Err(ArchiveError::Extended),
            _ => {}
        }
        let name = plain(&header.name)?;
        if !is_ours(name) {
            return Ok(());
        }
        match header.kind {
            b'0' | 0 => {}
            b'5' => return Ok(()),
            _ => return Err(ArchiveError::Link { name: name.to_owned() }),
        }
        let before = self.places.insert(name.to_owned(), (begin, header.size));
        before.map_or(Ok(()), |_| Err(ArchiveError::Twice { name: name.to_owned() }))
    }
}

struct Header {
    name: String,
    size: u64,
    kind: u8,
}

impl Header {
    fn parse(block: &[u8]) -> Result<Self, ArchiveError> {
        let field = |from, to| block.get(from..to).ok_or(ArchiveError::Header);
        // The sum of all bytes, with spaces in the place of the sum itself.
        let stated = octal(field(148, 156)?).ok_or(ArchiveError::Header)?;
        let sum = |part: &[u8]| part.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        if sum(block) - sum(field(148, 156)?) + 8 * 32 != stated {
            return Err(ArchiveError::Header);
        }
        let mut name = text(field(0, 100)?).ok_or(ArchiveError::Name)?;
        let prefix = text(field(345, 500)?).ok_or(ArchiveError::Name)?;
        // GNU's own form has other fields there.
        if field(257, 263)? == b"ustar\0" && !prefix.is_empty() {
            name = format!("{prefix}/{name}");
        }
        let size = octal(field(124, 136)?).ok_or(ArchiveError::Extended)?;
        let kind = field(156, 157)?.first().copied().unwrap_or(0);
        // Links and directories have no content, whatever they say.
        let size = if matches!(kind, b'1'..=b'6') { 0 } else { size };
        Ok(Self { name, size, kind })
    }
}

/// A number as tar writes it; larger ones have a form of their own, which is not read.
fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

fn text(field: &[u8]) -> Option<String> {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8(field.get(..end)?.to_vec()).ok()
}

/// The name in its plain form. Whoever unpacks `a/../index.json` gets another file than who reads
/// names.
fn plain(name: &str) -> Result<&str, ArchiveError> {
    let name = name.strip_prefix("./").unwrap_or(name);
    let name = name.strip_suffix('/').unwrap_or(name);
    let is_plain = name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if is_plain || matches!(name, "" | ".") { Ok(name) } else { Err(ArchiveError::Name) }
}

fn is_ours(name: &str) -> bool {
    matches!(name, "index.json" | "oci-layout") || name.starts_with("blobs/")
}

/// Whether the records of an extended header (`LENGTH NAME=VALUE\n`) change no name, size or content.
fn is_harmless(records: &[u8]) -> bool {
    let Ok(mut rest) = std::str::from_utf8(records) else { return false };
    while !rest.is_empty() {
        let Some((length, _)) = rest.split_once(' ') else { return false };
        let end: Option<usize> = length.parse().ok();
        let Some((record, after)) = end.and_then(|end| rest.split_at_checked(end)) else {
            return false;
        };
        let name = record.split_once(' ').and_then(|(_, pair)| pair.split_once('='));
        match name {
            Some((name, _)) if HARMLESS.contains(&name) && record.ends_with('\n') => rest = after,
            _ => return false,
        }
    }
    true
}

/// Why a file is no archive that is read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// gzip or zstd.
    #[error("it is compressed")]
    Compressed,
    /// It ends before it should.
    #[error("it ends in the middle")]
    Cut,
    /// A name, a size or the content of a file is told in a form that not every reader knows.
    #[error("it has long names, large files or other extensions of tar")]
    Extended,
    /// A block that should be a header is none.
    #[error("it is no tar")]
    Header,
    /// It cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A file of the layout is a link or a device.
    #[error("`{}` in it is no file", evidence::text::escape_short(name, 200))]
    Link {
        /// The file.
        name: String,
    },
    /// A name that is no text, or leads elsewhere when it is unpacked.
    #[error("it has a name that leads elsewhere")]
    Name,
    /// More entries than are read.
    #[error("it has more than {most} entries")]
    TooMany {
        /// The most.
        most: usize,
    },
    /// A file of the layout is there twice.
    #[error("it holds `{}` twice", evidence::text::escape_short(name, 200))]
    Twice {
        /// The file.
        name: String,
    },
}

/// Where an archive lies, for messages.
pub(super) fn shown(file: &Path) -> String {
    format!("oci-archive:{}", PathBuf::from(file).display())
}
