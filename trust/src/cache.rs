//! What is kept of a repository between two commands.
//!
//! One file for all of one repository, written whole beside its place and then renamed: however many
//! processes use one directory, each sees the files of one moment, and none that only half fit. What
//! is read here is a stranger's text until the client has verified it again. Nothing that goes wrong
//! here is an error: a cache that cannot be used is a line for whoever wants to see requests.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use evidence::time::Timestamp;
use serde::{Deserialize, Serialize};
use sigstore_tuf::{MetadataStore, Repository, transport::FetchFuture};

/// Bytes of what is kept of one repository: Sigstore's is 0.2 MB after fifteen root rotations.
const MOST: u64 = 16 * 1024 * 1024;

/// How long a repository that was asked is not asked again: as long as `gh` and `sigstore-go` wait.
/// What was withdrawn from a root is believed no longer than that, unless somebody else writes here: no
/// signature says when we asked. By nobody is it believed longer than until its timestamp expires.
const CURRENT: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// Where a user's caches are, by the XDG base directory specification.
pub fn directory(cache_home: Option<&OsStr>, home: Option<&OsStr>) -> Option<PathBuf> {
    let absolute = |text: &OsStr| Some(PathBuf::from(text)).filter(|path| path.is_absolute());
    let base = cache_home
        .and_then(absolute)
        .or_else(|| home.and_then(absolute).map(|home| home.join(".cache")))?;
    Some(base.join("attest-verify"))
}

/// The files of one repository, as they were read or verified. Clones are the same files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept(Arc<Mutex<Files>>);

/// What stands in the file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Files {
    /// When the repository was asked last.
    asked: Timestamp,
    /// By name.
    files: BTreeMap<String, String>,
}

impl Kept {
    /// What is kept in `path`; nothing, if that is no such file.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let files = match bytes(path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Files::default(),
            Err(error) => return Err(error),
        };
        Ok(Self(Arc::new(Mutex::new(files))))
    }

    /// Whether the repository was asked so lately that it need not be asked again. A time that has
    /// yet to come was written by another clock.
    pub(crate) fn is_current(&self, now: Timestamp) -> bool {
        let asked = self.files().asked;
        asked <= now && now.duration_since(asked).unsigned_abs() < CURRENT
    }

    /// Keeps it in `path`.
    pub(crate) fn write(&self, path: &Path, asked: Timestamp) -> io::Result<()> {
        let files = Files { asked, ..self.files().clone() };
        let bytes = serde_json::to_vec(&files)?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MOST {
            // It would not be read again.
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let dir = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(dir)?;
        let mut beside = tempfile::NamedTempFile::new_in(dir)?;
        beside.write_all(&bytes)?;
        beside.persist(path).map(drop).map_err(|error| error.error)
    }

    /// A lock that is poisoned belongs to somebody who panicked with whole files in hand.
    fn files(&self) -> MutexGuard<'_, Files> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.files().files.get(name).map(|text| text.clone().into_bytes())
    }
}

/// The bytes of a file: no link, whose end somebody else chose; no pipe, which would block.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let wrong = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
    if !path.symlink_metadata()?.is_file() {
        return Err(wrong("there is something that is no file"));
    }
    let mut bytes = Vec::new();
    let read = File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > MOST {
        return Err(wrong("it is larger than anything that was kept"));
    }
    Ok(bytes)
}

/// What the client keeps, once it has verified it.
impl MetadataStore for Kept {
    fn load(&self, name: &str) -> sigstore_tuf::Result<Option<Vec<u8>>> {
        Ok(self.get(name))
    }

    fn store(&self, name: &str, bytes: &[u8]) -> sigstore_tuf::Result<()> {
        // Every file comes under its plain name as well; those with a version would only pile up.
        let is_numbered = unnumbered(name) != name;
        if let (false, Ok(text)) = (is_numbered, std::str::from_utf8(bytes)) {
            self.files().files.insert(name.to_owned(), text.to_owned());
        }
        Ok(())
    }
}

/// The same files in the place of the repository, for whoever may or need not ask it.
impl Repository for Kept {
    fn fetch_metadata<'a>(&'a self, name: &'a str, _: u64) -> FetchFuture<'a> {
        // Roots are kept apart, and the client has followed them before it asks.
        let kept = if name.ends_with(".root.json") { None } else { self.get(unnumbered(name)) };
        Box::pin(std::future::ready(Ok(kept)))
    }

    fn fetch_target<'a>(&'a self, _: &'a str, _: u64) -> FetchFuture<'a> {
        // The client has looked under its name already.
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// `snapshot.json` of `165.snapshot.json`.
fn unnumbered(name: &str) -> &str {
    match name.split_once('.') {
        Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_caches_are() {
        let place = |cache: Option<&str>, home: Option<&str>| {
            directory(cache.map(OsStr::new), home.map(OsStr::new))
                .map(|path| path.display().to_string())
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(place(Some("/c"), Some("/h")), some("/c/attest-verify"));
        assert_eq!(place(None, Some("/h")), some("/h/.cache/attest-verify"));
        // The specification says of a relative one that it is to be ignored.
        assert_eq!(place(Some("c"), Some("/h")), some("/h/.cache/attest-verify"));
        assert_eq!(place(Some(""), None), None);
        assert_eq!(place(None, Some("h")), None);
    }

    #[test]
    fn what_is_kept_is_read_again_and_anything_else_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/kept.json");
        let kept = Kept::read(&path).unwrap();
        kept.store("timestamp.json", b"{}").unwrap();
        kept.store("7.snapshot.json", b"{}").unwrap();
        kept.store("root_history/2.root.json", b"{}").unwrap();
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        assert!(!kept.is_current(now));
        kept.write(&path, now).unwrap();
        let again = Kept::read(&path).unwrap();
        let names: Vec<String> = again.files().files.keys().cloned().collect();
        assert_eq!(names, ["root_history/2.root.json", "timestamp.json"]);
        for (moment, expected) in [
            ("2026-11-20T11:59:59Z", false),
            ("2026-11-20T12:00:00Z", true),
            ("2026-11-21T11:59:59Z", true),
            ("2026-11-21T12:00:00Z", false),
        ] {
            assert_eq!(again.is_current(moment.parse().unwrap()), expected, "{moment}");
        }
        for text in ["", "{}", "[]", r#"{"asked":"soon","files":{}}"#] {
            fs::write(&path, text).unwrap();
            assert!(Kept::read(&path).is_err(), "{text}");
        }
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(Kept::read(&path).is_err());
        // Writing puts a file in the place of the link.
        kept.write(&path, now).unwrap();
        assert!(Kept::read(&path).is_ok());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
