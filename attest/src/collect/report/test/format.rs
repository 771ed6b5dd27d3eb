//! Finds out of which format a test report is, by how it begins.
//!
//! The text is decoded here, once for all formats: what is no UTF-8 or empty is refused before any
//! of them sees it.

use serde::{Deserialize, de::IgnoredAny};

use super::{
    super::{Refused, ReportFile, refused::Looks},
    tap,
};

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// `go test -json`.
    Go,
    /// JUnit XML.
    Junit,
    /// libtest's JSON lines, which nextest writes too.
    Libtest,
    /// The Test Anything Protocol.
    Tap,
}

/// The members by which a line of JSON is known.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "Action", default)]
    action: Option<IgnoredAny>,
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    event: Option<IgnoredAny>,
}

/// The format of a report, and its text without a byte order mark.
pub(super) fn of(file: &ReportFile) -> Result<(Format, &str), Refused> {
    let name = || file.path.clone();
    let text = match str::from_utf8(&file.bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            return Err(Refused::Truncated { file: name() });
        }
        Err(_) => return Err(Refused::Encoding { file: name() }),
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let format = match text.trim_start().chars().next() {
        None => return Err(Refused::Empty { file: name() }),
        Some('<') => Format::Junit,
        Some('{') => json(file, text.trim_start())?,
        Some('[') => return Err(unknown(file, Looks::Like("JSON"))),
        Some(_) if text.lines().map(str::trim_end).find_map(tap::begins) == Some(true) => {
            Format::Tap
        }
        Some(_) => return Err(unknown(file, Looks::Nothing)),
    };
    Ok((format, text))
}

fn unknown(file: &ReportFile, looks: Looks) -> Refused {
    Refused::UnknownFormat { file: file.path.clone(), looks }
}

fn json(file: &ReportFile, text: &str) -> Result<Format, Refused> {
    let (first, more) = text.split_once('\n').unwrap_or((text, ""));
    match serde_json::from_str::<Line>(first) {
        Ok(Line { action: Some(_), .. }) => Ok(Format::Go),
        Ok(Line { kind: Some(kind), event: Some(_), .. })
            if matches!(kind.as_str(), "suite" | "test" | "bench") =>
        {
            Ok(Format::Libtest)
        }
        Err(error) if error.is_eof() && more.trim().is_empty() => {
            Err(Refused::Truncated { file: file.path.clone() })
        }
        Ok(_) | Err(_) => Err(unknown(file, Looks::Like("JSON"))),
    }
}
