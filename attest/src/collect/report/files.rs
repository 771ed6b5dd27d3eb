//! Finds and reads report files. This file and no other of `report` does I/O.
//!
//! A word on the command line is a file, a directory (its own `*.xml`, not those below) or a quoted
//! pattern. What it names is sorted and read once, however often it is named, so that no test
//! counts twice.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{REPORT_BYTES, Refused, ReportFile, refused::Counted};
use crate::file;

/// Files per attestation: one ResourceDescriptor each, 10,000 of them are below 2 MiB.
const FILES: usize = 10_000;

/// Why report files could not be read: refused, or a matter of the machine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum FilesError {
    /// The pattern cannot be read.
    #[error("`{}` is no pattern: {source}", evidence::text::escape_short(.pattern, 200))]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Where and why.
        source: glob::PatternError,
    },
    /// The operating system says no.
    #[error("cannot read `{}`", evidence::text::escape_short(.path, 200))]
    Read {
        /// The path.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// Refused.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl FilesError {
    /// What to do.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Pattern { .. } => "write `[*]` for a star that is meant literally",
            Self::Read { .. } => "name files that may be read",
            Self::Refused(refused) => refused.help(),
        }
    }
}

/// Reads one file; one that is not there is refused, since the tool that should have written it may
/// have failed.
pub(crate) fn read(path: &Path) -> Result<ReportFile, FilesError> {
    let shown = path.to_string_lossy().into_owned();
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => Refused::NoReport { wanted: shown.clone() }.into(),
        _ => FilesError::Read { path: shown.clone(), source },
    };
    let file = file::regular(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(REPORT_BYTES.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > REPORT_BYTES {
        return Err(Refused::TooLarge { file: shown, limit: REPORT_BYTES }.into());
    }
    Ok(ReportFile { path: shown, bytes })
}

/// The files that the words name, each once, in the order of their paths.
pub(crate) fn find(words: &[String]) -> Result<Vec<PathBuf>, FilesError> {
    let mut found = BTreeMap::new();
    for word in words {
        let paths = named(word)?;
        if paths.is_empty() {
            let word = word.clone();
            return Err(match Path::new(&word).is_dir() {
                true => Refused::NoReportInside { directory: word },
                false => Refused::NoReport { wanted: word },
            }
            .into());
        }
        for path in paths {
            // The same file by two names counts once; one that cannot be resolved fails on reading.
            let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            found.entry(real).or_insert(path);
            bounded(found.len())?;
        }
    }
    let mut paths: Vec<PathBuf> = found.into_values().collect();
    paths.sort();
    Ok(paths)
}

fn bounded(files: usize) -> Result<(), Refused> {
    if files <= FILES {
        return Ok(());
    }
    let limit = u64::try_from(FILES).unwrap_or(u64::MAX);
    Err(Refused::TooMany { what: Counted::Reports, limit })
}

/// A path that is there is meant literally, brackets and all; anything else is a pattern.
fn named(word: &str) -> Result<Vec<PathBuf>, FilesError> {
    let path = Path::new(word);
    if path.is_dir() {
        return inside(path);
    }
    if path.exists() || !word.contains(['*', '?', '[']) {
        return Ok(vec![path.to_owned()]);
    }
    let matches = glob::glob(word)
        .map_err(|source| FilesError::Pattern { pattern: word.to_owned(), source })?;
    let mut files = Vec::new();
    for one in matches {
        let path = one.map_err(|error| FilesError::Read {
            path: error.path().to_string_lossy().into_owned(),
            source: error.into(),
        })?;
        if !path.is_dir() {
            files.push(path);
            bounded(files.len())?;
        }
    }
    Ok(files)
}

fn inside(directory: &Path) -> Result<Vec<PathBuf>, FilesError> {
    let failed =
        |source| FilesError::Read { path: directory.to_string_lossy().into_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let xml = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xml"));
        if xml && !path.is_dir() {
            files.push(path);
            bounded(files.len())?;
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[PathBuf]) -> Vec<String> {
        paths.iter().map(|p| p.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    fn tree() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for name in ["b.xml", "a.xml", "c.XML", "notes.txt", "x[1].xml", "sub/d.xml"] {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        directory
    }

    fn find_in(directory: &tempfile::TempDir, words: &[&str]) -> Result<Vec<PathBuf>, FilesError> {
        let path = |word: &&str| directory.path().join(word).to_string_lossy().into_owned();
        find(&words.iter().map(path).collect::<Vec<_>>())
    }

    #[test]
    fn a_directory_means_its_own_xml_files() {
        let directory = tree();
        let paths = find_in(&directory, &[""]).unwrap();
        assert_eq!(names(&paths), ["a.xml", "b.xml", "c.XML", "x[1].xml"]);
    }

    #[test]
    fn patterns_cross_directories_only_when_they_say_so() {
        let directory = tree();
        assert_eq!(names(&find_in(&directory, &["?.xml"]).unwrap()), ["a.xml", "b.xml"]);
        let deep = find_in(&directory, &["**/*.xml"]).unwrap();
        assert_eq!(names(&deep), ["a.xml", "b.xml", "d.xml", "x[1].xml"]);
    }

    #[test]
    fn a_path_that_is_there_is_no_pattern() {
        let directory = tree();
        assert_eq!(names(&find_in(&directory, &["x[1].xml"]).unwrap()), ["x[1].xml"]);
    }

    #[test]
    fn a_file_named_twice_counts_once() {
        let directory = tree();
        let words = ["a.xml", "sub/../a.xml", "a*.xml", ""];
        assert_eq!(find_in(&directory, &words).unwrap().len(), 4);
    }

    #[test]
    fn nothing_found_is_refused() {
        let directory = tree();
        fs::create_dir(directory.path().join("none")).unwrap();
        for (word, says) in [("*.json", "no report at"), ("none", "no `*.xml` in the directory")] {
            match find_in(&directory, &["a.xml", word]) {
                Err(FilesError::Refused(refused)) => {
                    assert_eq!(refused.code(), "no-report");
                    assert!(refused.to_string().starts_with(says), "{refused}");
                }
                other => panic!("{word}: {other:?}"),
            }
        }
        let gone = find_in(&directory, &["gone.xml"]).unwrap();
        match read(gone.first().unwrap()) {
            Err(FilesError::Refused(refused)) => assert_eq!(refused.code(), "no-report"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_pipe_that_nobody_writes_is_refused_and_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.xml");
        let status = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(status.success());
        match read(&path) {
            Err(FilesError::Read { source, .. }) => {
                assert_eq!(source.kind(), io::ErrorKind::InvalidInput);
            }
            other => panic!("{:?}", other.map(|file| file.bytes.len())),
        }
        fs::remove_file(&path).unwrap();
        fs::write(&path, "<testsuite/>").unwrap();
        assert_eq!(read(&path).unwrap().bytes, b"<testsuite/>");
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("large.json");
        fs::File::create(&path).unwrap().set_len(REPORT_BYTES + 1).unwrap();
        match read(&path) {
            Err(FilesError::Refused(refused)) => assert_eq!(refused.code(), "too-large"),
            other => panic!("{:?}", other.map(|file| file.bytes.len())),
        }
    }
}
