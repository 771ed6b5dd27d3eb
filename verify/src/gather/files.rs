//! Bundles in files: one JSON document, or several one behind the other, as in JSON lines.
//!
//! A file that the user named and that holds no bundle is the user's error. In a directory that the
//! user named, such a file is somebody else's, and a note. A file that holds bundles is read whole or
//! not at all: in what is broken a newer failure may stand. Nothing is left out without a word.

use std::{
    ffi::OsStr,
    fmt,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use chain::{Candidate, Content};
use evidence::{json, text::escape_short};
use registry::{Budget, Limit};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Supplied;

/// The endings of files that may hold bundles, as cosign, gh and this project write them.
const ENDINGS: [&str; 4] = ["bundle", "json", "jsonl", "sigstore"];

/// What every bundle's media type begins with (Sigstore's protos/sigstore_bundle.proto).
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";

/// The bundles in all files and directories that were named.
pub(super) fn read(
    supplied: &[Supplied],
    budget: &Budget,
    notes: &mut Vec<String>,
) -> Result<Vec<Candidate>, FileError> {
    let mut reader = Reader { budget, left: budget.total, candidates: Vec::new() };
    for path in supplied.iter().filter_map(Supplied::path) {
        if path.is_dir() {
            let Listed { files, others, directories } = list(path)?;
            if others > 0 {
                let ends = ENDINGS.map(|ending| format!(".{ending}")).join(", ");
                let left_out = format!("{others} with other endings than {ends}");
                notes.push(format!("left out of {}: {left_out}", shown(path)));
            }
            for directory in directories {
                let why = "is a directory in one; left out, name it with another `--evidence`";
                notes.push(format!("{} {why}", shown(&directory)));
            }
            for file in files {
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

/// What lies in a directory.
struct Listed {
    /// The files that may hold bundles, by name.
    files: Vec<PathBuf>,
    /// How many other files there are.
    others: usize,
    /// The directories, by name.
    directories: Vec<PathBuf>,
}

/// Lists a directory; it is not descended into.
fn list(dir: &Path) -> Result<Listed, FileError> {
    let unreadable = |cause| FileError::Unreadable { path: dir.to_owned(), cause };
    let mut listed = Listed { files: Vec::new(), others: 0, directories: Vec::new() };
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        // To the library a file `.json` has a name, and no ending.
        let end = path
            .extension()
            .or_else(|| path.file_name()?.to_str()?.strip_prefix('.').map(OsStr::new));
        let named = end.is_some_and(|end| ENDINGS.iter().any(|known| end == *known));
        // A link that leads nowhere is no directory: it is read, and that is an error.
        match (path.is_dir(), named) {
            (true, _) => listed.directories.push(path),
            (false, true) => listed.files.push(path),
            (false, false) => listed.others += 1,
        }
    }
    listed.files.sort();
    listed.directories.sort();
    Ok(listed)
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
        let broken = |line| FileError::Broken { path: path.to_owned(), line };
        let Some(documents) = documents(&bytes).map_err(broken)? else { return Ok(false) };
        let several = documents.len() > 1;
        for (number, document) in (1_usize..).zip(documents) {
            let place = if several { format!("{}:{number}", shown(path)) } else { shown(path) };
            // In what has no one reading a newer failure may stand.
            if let Err(cause) = json::parse(document.as_bytes()) {
                return Err(FileError::Unclear { place, cause });
            }
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

/// The bundles of a file, each with the bytes that it has there; `None` if there are none. Where some
/// are and something else is, too, the line of that.
fn documents(bytes: &[u8]) -> Result<Option<Vec<&str>>, usize> {
    // RFC 8259, section 8.1: a byte order mark may be ignored.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (mut bundles, mut other) = (Vec::new(), None);
    let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
    while let Some(document) = stream.next() {
        match document.map(RawValue::get) {
            Ok(document) if is_bundle(document) => bundles.push(document),
            Ok(document) => {
                let end = bytes.get(..stream.byte_offset()).unwrap_or(bytes);
                let begins = lines(end).saturating_sub(lines(document.as_bytes()));
                other = other.or(Some(begins + 1));
            }
            // Nobody knows where the next document begins, nor what this one was.
            Err(error) => {
                let meant = !bundles.is_empty() || mentions_bundle(bytes);
                return if meant { Err(other.unwrap_or(error.line())) } else { Ok(None) };
            }
        }
    }
    match other {
        Some(line) if !bundles.is_empty() => Err(line),
        Some(_) => Ok(None),
        None => Ok((!bundles.is_empty()).then_some(bundles)),
    }
}

/// Line feeds in a text.
fn lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

/// Whether a text names the media type, however it escapes it.
fn mentions_bundle(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).replace("\\/", "/");
    // What else may be escaped is a character; a string that holds any is read as a string.
    let strings = text.split('"').filter(|string| string.contains("\\u"));
    let mut unescaped =
        strings.filter_map(|string| serde_json::from_str::<String>(&format!("\"{string}\"")).ok());
    text.contains(BUNDLE) || unescaped.any(|string| string.contains(BUNDLE))
}

/// Whether a document calls itself a bundle, and be it in one of two ways; whether it is one is for
/// `chain` to say.
fn is_bundle(document: &str) -> bool {
    serde_json::from_str(document).is_ok_and(|Meant(meant)| meant)
}

/// Whether any `mediaType` of an object is a bundle's. What else it holds is skipped, to any depth.
struct Meant(bool);

impl<'de> Deserialize<'de> for Meant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Meant;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Meant, A::Error> {
        let mut meant = false;
        while let Some(name) = members.next_key::<String>()? {
            let value: &RawValue = members.next_value()?;
            let text = serde_json::from_str::<String>(value.get());
            meant |= name == "mediaType" && text.is_ok_and(|text| text.starts_with(BUNDLE));
        }
        Ok(Meant(meant))
    }
}

fn shown(path: &Path) -> String {
    escape_short(&path.display().to_string(), 300)
}

/// Why files of evidence cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It holds bundles, and something else.
    #[error("`{}`, line {line}, is no Sigstore bundle, and the file holds such", shown(path))]
    Broken {
        /// The file.
        path: PathBuf,
        /// The line at which the first document begins that is none, or at which it breaks off.
        line: usize,
    },
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
    /// It is meant as a bundle, and is none that everybody reads alike.
    #[error("`{place}` calls itself a Sigstore bundle, and is {cause}")]
    Unclear {
        /// The file, and which document of it.
        place: String,
        /// Why.
        cause: json::JsonError,
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
            Self::Broken { .. } | Self::NoBundle { .. } | Self::Unclear { .. } => "no-bundle",
            Self::Unreadable { .. } => "unreadable-file",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Unclear { .. } => Some("get the file anew, or move it elsewhere"),
            Self::Broken { .. } => Some("get the file anew, or remove what is no bundle from it"),
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
        assert_eq!(documents(pretty.as_bytes()), Ok(Some(vec![pretty.trim_end()])));
        let lines = format!("\u{feff}{ONE}\n{ONE}\n\n");
        assert_eq!(documents(lines.as_bytes()), Ok(Some(vec![ONE, ONE])));
    }

    #[test]
    fn what_calls_itself_a_bundle_in_any_way_is_one() {
        let deep = format!(",\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        for text in [
            ONE.replace('/', "\\/"),
            ONE.replace('/', "\\u002f"),
            ONE.replace("mediaType", "media\\u0054ype"),
            ONE.replace('}', ",\"mediaType\":\"x\"}"),
            ONE.replace('{', "{\"mediaType\":null,"),
            ONE.replace('}', &deep),
        ] {
            assert_eq!(documents(text.as_bytes()), Ok(Some(vec![text.as_str()])));
        }
        let inside = format!("[{ONE},{{\"a\":{ONE}}}]");
        assert_eq!(documents(inside.as_bytes()), Ok(None));
    }

    #[test]
    fn what_is_no_bundle_is_told_apart() {
        for text in ["", "not json", "{}", "[]", r#"{"mediaType":"image/png"}"#, "{}\n{"] {
            assert_eq!(documents(text.as_bytes()), Ok(None), "{text}");
        }
    }

    #[test]
    fn what_is_broken_among_bundles_is_told_by_its_line() {
        for (text, line) in [
            (format!("{ONE}\n{{}}\n{ONE}"), 2),
            (format!("{ONE}\n\n{{\n}}\n{ONE}"), 3),
            (format!("{ONE}\n{ONE}\n{{\"mediaType\":"), 3),
            (format!("<html>\n{ONE}\n"), 1),
            (format!("{{}}\n{ONE}\n"), 1),
            (ONE.replace('}', ""), 1),
            (ONE.replace('}', "").replace('/', "\\/"), 1),
            (ONE.replace('}', "").replace('/', "\\u002f"), 1),
        ] {
            assert_eq!(documents(text.as_bytes()), Err(line), "{text}");
        }
    }
}
