//! Whether a report was written by the command that was just run.
//!
//! A report of yesterday that still lies there would be attested as the word of a run that never
//! wrote one. So what lay there is looked at before the command runs, and a file counts only if it
//! changed since and is no older than the run. I/O on metadata alone; what it cannot see is a command
//! that copies an old report over a new name, with its time set to now.

use std::{
    collections::BTreeMap,
    fs::{self, Metadata},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use evidence::time::Timestamp;

use super::{Refused, files};

/// How far the time of a file may lie before the start, in seconds: file systems have coarser
/// clocks than the process (FAT's ticks every two seconds).
const COARSE: i64 = 2;

/// What lay there before the command.
#[derive(Debug, Default)]
pub(crate) struct Before {
    seen: BTreeMap<PathBuf, Stamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Self { inode: metadata.ino(), length: metadata.len(), modified }
    }
}

impl Before {
    /// Looks at these files now. What cannot be read now may be readable later.
    pub(crate) fn look(paths: &[PathBuf]) -> Self {
        let stamp = |path: &PathBuf| Some((path.clone(), Stamp::of(&fs::metadata(path).ok()?)));
        Self { seen: paths.iter().filter_map(stamp).collect() }
    }

    /// Looks at what the words name now: files, patterns, directories.
    pub(crate) fn look_for(words: &[String]) -> Self {
        let each = |word| files::find(std::slice::from_ref(word)).unwrap_or_default();
        Self::look(&words.iter().flat_map(each).collect::<Vec<_>>())
    }

    /// Refuses a file that the command, begun at `started`, did not write.
    pub(crate) fn wrote(&self, path: &Path, started: Timestamp) -> Result<(), Refused> {
        // A file that is not there is refused where it is read.
        let Ok(metadata) = fs::metadata(path) else { return Ok(()) };
        let old = metadata.mtime() < started.as_second().saturating_sub(COARSE);
        if old || self.seen.get(path) == Some(&Stamp::of(&metadata)) {
            return Err(Refused::Stale { file: path.to_string_lossy().into_owned() });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        time::{Duration, SystemTime},
    };

    use super::*;

    fn code(before: &Before, path: &Path) -> Result<(), &'static str> {
        before.wrote(path, Timestamp::now()).map_err(|refused| refused.code())
    }

    #[test]
    fn only_what_changed_since_is_of_the_run() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.xml");
        let words = [path.to_string_lossy().into_owned()];
        let nothing = Before::look_for(&words);
        fs::write(&path, "one").unwrap();
        assert_eq!(code(&nothing, &path), Ok(()), "it was not there");
        let before = Before::look_for(&words);
        assert_eq!(code(&before, &path), Err("stale-report"), "it did not change");
        fs::write(&path, "another").unwrap();
        assert_eq!(code(&before, &path), Ok(()), "it was written");
        fs::remove_file(&path).unwrap();
        assert_eq!(code(&before, &path), Ok(()), "reading says that it is not there");
    }

    #[test]
    fn an_old_file_that_is_put_there_is_old() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.xml");
        let file = File::create(&path).unwrap();
        let at = |seconds| SystemTime::now() - Duration::from_secs(seconds);
        file.set_modified(at(60)).unwrap();
        assert_eq!(code(&Before::default(), &path), Err("stale-report"));
        // The clock of the file system is coarser than ours.
        file.set_modified(at(1)).unwrap();
        assert_eq!(code(&Before::default(), &path), Ok(()));
    }
}
