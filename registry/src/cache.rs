//! What was read before, kept by its digest (`--cache DIR`).
//!
//! Only what a digest names is kept, manifests and blobs; a tag or a list is asked for every time.
//! Whatever lies here is hashed again before it is believed, so whoever writes into the directory can
//! make us fetch once more, and nothing else. Nothing that goes wrong here is an error: a cache that
//! cannot be used is a line for whoever wants to see requests.
//!
//! Many processes may use one directory at once: a file gets its name only when it is whole, and one
//! that is removed while it is read stays readable.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use evidence::{Algorithm, Digest};

use crate::Verbose;

/// What all files together may have, after a gate has ended: some 20,000 attestations.
pub const BYTES: u64 = 256 * 1024 * 1024;

/// How many files there may be: as many as can be looked at in a few hundredths of a second.
pub const FILES: usize = 16_384;

/// How many entries of a directory are looked at. Only who writes there of his own accord makes more.
const ENTRIES: usize = 16 * FILES;

/// How old a file is that somebody began to write and never will end.
const ABANDONED: Duration = Duration::from_secs(3600);

/// How the name of a file begins that is being written.
const PART: &str = ".part-";

/// A directory of what was read before.
pub struct Cache {
    dir: PathBuf,
    verbose: Option<Verbose>,
    written: AtomicU64,
    is_lamented: AtomicBool,
}

impl Cache {
    /// Uses `dir`, which is made once there is something to keep.
    pub fn new(dir: &Path, verbose: Option<Verbose>) -> Self {
        Self {
            dir: dir.to_owned(),
            verbose,
            written: AtomicU64::new(0),
            is_lamented: AtomicBool::new(false),
        }
    }

    /// The content of `digest`, if it is here and has at most so many bytes. Done beside the runtime:
    /// a file that is no file could block.
    pub(crate) async fn get(self: &Arc<Self>, digest: &Digest, most: u64) -> Option<Vec<u8>> {
        let (this, digest) = (Arc::clone(self), digest.clone());
        let found = tokio::task::spawn_blocking(move || this.read(&digest, most)).await;
        found.ok().flatten()
    }

    /// Keeps the content of `digest`, of which the caller made sure.
    pub(crate) async fn put(self: &Arc<Self>, digest: &Digest, bytes: &[u8]) {
        let (this, digest, bytes) = (Arc::clone(self), digest.clone(), bytes.to_vec());
        // A write that panicked wrote nothing that would be believed.
        let _ = tokio::task::spawn_blocking(move || this.keep(&digest, &bytes)).await;
    }

    fn read(&self, digest: &Digest, most: u64) -> Option<Vec<u8>> {
        let path = self.path(digest);
        match looked_at(&path, most) {
            // The limit is the registry's to reach.
            Ok(bytes) if u64::try_from(bytes.len()).is_ok_and(|length| length > most) => None,
            Ok(bytes) if digest.matches(&bytes) => {
                self.note(&format!("{digest} from the cache"));
                Some(bytes)
            }
            Ok(_) => {
                self.note(&format!("{digest} in the cache is something else; removed"));
                // Where it cannot be removed, it will not be believed the next time either.
                let _ = fs::remove_file(&path);
                None
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                self.lament(&error);
                None
            }
        }
    }

    fn keep(&self, digest: &Digest, bytes: &[u8]) {
        match write_whole(&self.path(digest), bytes) {
            Ok(()) => {
                let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                self.written.fetch_add(count.max(1), Ordering::Relaxed);
            }
            Err(error) => self.lament(&error),
        }
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether it could not be used as it was asked to be.
    pub fn is_lamented(&self) -> bool {
        self.is_lamented.load(Ordering::Relaxed)
    }

    /// Keeps to the limits, if anything was written: what was not used for longest goes first.
    pub async fn settle(self: &Arc<Self>) {
        if self.written.swap(0, Ordering::Relaxed) > 0 {
            let this = Arc::clone(self);
            let _ = tokio::task::spawn_blocking(move || this.sweep(BYTES, FILES)).await;
        }
    }

    fn sweep(&self, bytes: u64, files: usize) {
        let mut kept = Vec::new();
        for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
            match found(&self.dir.join(algorithm.name()), algorithm) {
                Ok(found) => kept.extend(found),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => self.lament(&error),
            }
        }
        let mut total: u64 = kept.iter().map(|entry| entry.bytes).sum();
        let mut count = kept.len();
        if total <= bytes && count <= files {
            return;
        }
        // A quarter below, so that not every gate has to remove something.
        kept.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
        for entry in kept {
            if total <= bytes / 4 * 3 && count <= files / 4 * 3 {
                break;
            }
            // Another process may have removed it.
            if fs::remove_file(&entry.path).is_ok() {
                self.note(&format!("{} removed from the cache", entry.path.display()));
            }
            total = total.saturating_sub(entry.bytes);
            count = count.saturating_sub(1);
        }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.dir.join(digest.algorithm().name()).join(digest.hex())
    }

    fn note(&self, line: &str) {
        if let Some(verbose) = &self.verbose {
            verbose(line);
        }
    }

    /// Says once what is wrong with the directory.
    fn lament(&self, error: &io::Error) {
        if !self.is_lamented.swap(true, Ordering::Relaxed) {
            self.note(&format!("the cache {} cannot be used: {error}", self.dir.display()));
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cache({})", self.dir.display())
    }
}

/// The bytes of a file, which is marked as used; of one that has too many, one more than `most`.
fn looked_at(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // No link, whose end somebody else chose; no pipe, which would block.
    if !path.symlink_metadata()?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "there is something that is no file",
        ));
    }
    let file = File::open(path)?;
    let mut bytes = Vec::new();
    (&file).take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    // Without it the file is only older than it is.
    let _ = file.set_modified(SystemTime::now());
    Ok(bytes)
}

/// Writes a file that has its name only once it is whole.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let dir = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir)?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let beside = dir.join(format!("{PART}{}-{number}", std::process::id()));
    let written = File::create_new(&beside)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // Nobody will look for it; the next sweep removes what this could not.
        let _ = fs::remove_file(&beside);
    }
    written
}

struct Kept {
    used: SystemTime,
    bytes: u64,
    path: PathBuf,
}

/// What a directory holds that is ours; what was never finished is removed, and what is somebody
/// else's is left alone.
fn found(dir: &Path, algorithm: Algorithm) -> io::Result<Vec<Kept>> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(dir)?.take(ENTRIES) {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // Gone since, or nobody's business.
        let Ok(metadata) = entry.metadata() else { continue };
        let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        if name.starts_with(PART) {
            if used.elapsed().is_ok_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(entry.path());
            }
        } else if Digest::from_hex(algorithm, &name).is_ok() {
            kept.push(Kept { used, bytes: metadata.len(), path: entry.path() });
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir.join("sha256")).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_kept_is_found_and_what_is_not_itself_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(&dir.path().join("a/b"), None);
        let digest = Digest::sha256(b"content");
        assert_eq!(cache.read(&digest, 100), None);
        cache.keep(&digest, b"content");
        assert_eq!(cache.read(&digest, 7), Some(b"content".to_vec()));
        assert_eq!(names(&dir.path().join("a/b")), [digest.hex()]);
        for other in ["", "Content", "content and more"] {
            fs::write(cache.path(&digest), other).unwrap();
            assert_eq!(cache.read(&digest, 100), None, "{other}");
            assert!(!cache.path(&digest).exists());
        }
        // More than is asked for is not what was asked for.
        cache.keep(&digest, b"content");
        assert_eq!(cache.read(&digest, 6), None);
    }

    #[test]
    fn links_pipes_and_directories_are_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path(), None);
        let digest = Digest::sha256(b"content");
        fs::create_dir(dir.path().join("sha256")).unwrap();
        fs::write(dir.path().join("elsewhere"), "content").unwrap();
        std::os::unix::fs::symlink(dir.path().join("elsewhere"), cache.path(&digest)).unwrap();
        assert_eq!(cache.read(&digest, 100), None);
        // Keeping puts a file in the place of the link, and writes nothing through it.
        fs::write(dir.path().join("elsewhere"), "mine").unwrap();
        cache.keep(&digest, b"content");
        assert_eq!(cache.read(&digest, 100), Some(b"content".to_vec()));
        assert_eq!(fs::read_to_string(dir.path().join("elsewhere")).unwrap(), "mine");
        fs::remove_file(cache.path(&digest)).unwrap();
        fs::create_dir(cache.path(&digest)).unwrap();
        assert_eq!(cache.read(&digest, 100), None);
        let mut mkfifo = std::process::Command::new("mkfifo");
        assert!(mkfifo.arg(cache.path(&Digest::sha256(b"p"))).status().unwrap().success());
        assert_eq!(cache.read(&Digest::sha256(b"p"), 100), None);
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first_and_what_is_not_ours_stays() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path(), None);
        let digests: Vec<Digest> = (0..8_u8).map(|n| Digest::sha256(&[n; 100])).collect();
        let age = |name: &Path, seconds: u64| {
            let then = SystemTime::now() - Duration::from_secs(seconds);
            File::options().write(true).open(name).unwrap().set_modified(then).unwrap();
        };
        for (n, digest) in (0..8_u8).zip(&digests) {
            cache.keep(digest, &[n; 100]);
            age(&cache.path(digest), 1000 - u64::from(n));
        }
        let ours = dir.path().join("sha256");
        for name in ["README", ".part-1-1", ".part-2-1"] {
            fs::write(ours.join(name), [0; 5000]).unwrap();
        }
        age(&ours.join(".part-1-1"), 7200);
        age(&ours.join("README"), 7200);

        cache.sweep(800, 8);
        assert_eq!(names(dir.path()).len(), 8 + 2, "only the abandoned file goes");
        // The oldest is used once more.
        assert!(cache.read(&digests[0], 100).is_some());
        cache.sweep(799, 8);
        let left = names(dir.path());
        let kept: Vec<bool> = digests.iter().map(|d| left.contains(&d.hex().to_owned())).collect();
        assert_eq!(kept, [true, false, false, false, true, true, true, true]);
        cache.sweep(8000, 4);
        assert_eq!(names(dir.path()).len(), 3 + 2);
        assert!(left.contains(&"README".to_owned()) && left.contains(&".part-2-1".to_owned()));
    }

    #[test]
    fn a_directory_that_cannot_be_used_is_said_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let lines = Arc::new(std::sync::Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let verbose: Verbose = Arc::new(move |line| sink.lock().unwrap().push(line.to_owned()));
        for place in [file.join("below"), PathBuf::from("/proc/none")] {
            let cache = Cache::new(&place, Some(Arc::clone(&verbose)));
            let digest = Digest::sha256(b"content");
            cache.keep(&digest, b"content");
            assert_eq!(cache.read(&digest, 100), None);
            cache.sweep(1, 1);
            let said = std::mem::take(&mut *lines.lock().unwrap());
            assert!(
                matches!(said.as_slice(), [line] if line.contains("cannot be used")),
                "{said:?}"
            );
        }
    }
}
