//! Bundles in files: one JSON document, or several one behind the other, as in JSON lines.
//!
//! A file that the user named and that holds no bundle is the user's error. In a directory that the
//! user named, such a file is somebody else's, and a note.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use chain::{Candidate, Content};
use evidence::{json, text::escape_short};
use registry::{Budget, Limit};
use serde_json::value::RawValue;

use super::Supplied;

/// The bundles in all files and directories that were named.
pub(super) fn read(
    supplied: &[Supplied],
    budget: &Budget,
    notes: &mut Vec<String>,
) -> Result<Vec<Candidate>, FileError> {
    let mut reader = Reader { budget, left: budget.total, candidates: Vec::new() };
    for path in supplied.iter().filter_map(Supplied::path) {
        if path.is_dir() {
            for file in bundle_files(path)? {
                if !reader.file(&file)? {
                    notes.push(format!("{} holds no Sigstore bundle; left out", shown(&file)));
                }
            }
        } else if !reader.file(path)? {
            return Err(FileError::NoBundle { path: path.to_owned() });
        }
    }
    Ok(reader.candidates)
}

/// The files of a directory that may hold bundles, by name; it is not descended into.
fn bundle_files(dir: &Path) -> Result<Vec<PathBuf>, FileError> {
    let unreadable = |cause| FileError::Unreadable { path: dir.to_owned(), cause };
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let named = path.extension().is_some_and(|end| end == "json" || end == "jsonl");
        if named && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

struct Reader<'a> {
    budget: &'a Budget,
    left: u64,
    candidates: Vec<Candidate>,
}

impl Reader<'_> {
    /// Takes the bundles of one file; whether it holds any.
    fn file(&mut self, path: &Path) -> Result<bool, FileError> {
        let bytes = self.bytes(path)?;
        let Some(documents) = documents(&bytes) else { return Ok(false) };
        let several = documents.len() > 1;
        for (number, document) in (1_usize..).zip(documents) {
            let place = if several { format!("{}:{number}", shown(path)) } else { shown(path) };
            self.candidates.push(Candidate {
                found: place,
                referrer: None,
                content: self.content(document),
            });
        }
        if self.candidates.len() > self.budget.referrers {
            return Err(FileError::Limit { limit: Limit::Referrers });
        }
        Ok(true)
    }

    fn content(&self, document: &str) -> Content {
        let most = self.budget.bundle;
        if u64::try_from(document.len()).is_ok_and(|length| length <= most) {
            return Content::Bundle(document.as_bytes().to_vec());
        }
        Content::Unreadable(format!("the bundle is larger than {most} bytes"))
    }

    fn bytes(&mut self, path: &Path) -> Result<Vec<u8>, FileError> {
        let unreadable = |cause| FileError::Unreadable { path: path.to_owned(), cause };
        let mut bytes = Vec::new();
        let most = self.left.saturating_add(1);
        File::open(path)
            .and_then(|file| file.take(most).read_to_end(&mut bytes))
            .map_err(unreadable)?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.left =
            self.left.checked_sub(length).ok_or(FileError::Limit { limit: Limit::Total })?;
        Ok(bytes)
    }
}

/// The JSON documents of a file, each with the bytes that it has there; `None` if one of them is not
/// JSON or calls itself no bundle.
fn documents(bytes: &[u8]) -> Option<Vec<&str>> {
    let stream = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
    let documents: Vec<&str> =
        stream.map(|d| d.map(RawValue::get)).collect::<Result<_, _>>().ok()?;
    let all = !documents.is_empty() && documents.iter().all(|document| is_bundle(document));
    all.then_some(documents)
}

/// Whether a document calls itself a bundle; whether it is one is for `chain` to say.
fn is_bundle(document: &str) -> bool {
    // A bundle with a member twice is still meant as one, and is refused with its reason later.
    let value: json::Value = serde_json::from_str(document).unwrap_or_default();
    let media_type = value.get("mediaType").and_then(json::Value::as_str);
    media_type.is_some_and(|text| text.starts_with("application/vnd.dev.sigstore.bundle"))
}

fn shown(path: &Path) -> String {
    escape_short(&path.display().to_string(), 300)
}

/// Why files of evidence cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// They are too many or too large.
    #[error("the limit `{}` was reached by the files of evidence", limit.name())]
    Limit {
        /// Which limit.
        limit: Limit,
    },
    /// The file holds something else.
    #[error("`{}` holds no Sigstore bundle", shown(path))]
    NoBundle {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("cannot read `{}`: {cause}", shown(path))]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

impl FileError {
    /// The kind, as `error.kind` in JSON spells it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Limit { .. } => "limit",
            Self::NoBundle { .. } => "no-bundle",
            Self::Unreadable { .. } => "unreadable-file",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoBundle { .. } => Some(
                "a bundle is what `attest … --bundle FILE` keeps: JSON with a `mediaType` of Sigstore",
            ),
            Self::Limit { .. } | Self::Unreadable { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}"#;

    #[test]
    fn documents_keep_their_bytes_whether_pretty_or_in_lines() {
        let pretty = "{\n \"mediaType\": \"application/vnd.dev.sigstore.bundle.v0.3+json\"\n}\n";
        assert_eq!(documents(pretty.as_bytes()), Some(vec![pretty.trim_end()]));
        let lines = format!("{ONE}\n{ONE}\n\n");
        assert_eq!(documents(lines.as_bytes()), Some(vec![ONE, ONE]));
    }

    #[test]
    fn what_is_no_bundle_is_told_apart() {
        for text in ["", "not json", "{}", "[]", r#"{"mediaType":"image/png"}"#] {
            assert_eq!(documents(text.as_bytes()), None, "{text}");
        }
        assert_eq!(documents(format!("{ONE}\n{{}}").as_bytes()), None);
    }
}
