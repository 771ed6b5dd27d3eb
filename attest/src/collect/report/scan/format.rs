//! Finds out of which format a scanner's report is, by the members that only that format has.
//!
//! Formats that are known and not read here are named in the refusal, so that nobody has to guess.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::error::Category;

use super::super::{Refused, ReportFile, refused::Looks};

/// The schema of Trivy's report that is read (trivy pkg/report/writer.go, `SchemaVersion`).
const TRIVY_SCHEMA: u64 = 2;

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// `grype -o json`.
    Grype,
    /// `osv-scanner --format json`.
    OsvScanner,
    /// SARIF, of any scanner.
    Sarif,
    /// `trivy image --format json`.
    Trivy,
    /// `trivy version --format json`.
    TrivyVersion,
}

/// The members at the top that tell formats apart.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Top {
    #[serde(rename = "SchemaVersion")]
    trivy_schema: Option<u64>,
    #[serde(rename = "Version")]
    trivy_version: Option<IgnoredAny>,
    #[serde(rename = "VulnerabilityDB")]
    trivy_database: Option<IgnoredAny>,
    runs: Option<IgnoredAny>,
    #[serde(rename = "bomFormat")]
    cyclonedx: Option<IgnoredAny>,
    #[serde(rename = "spdxVersion")]
    spdx: Option<IgnoredAny>,
    matches: Option<IgnoredAny>,
    descriptor: Option<IgnoredAny>,
    results: Option<IgnoredAny>,
    experimental_config: Option<IgnoredAny>,
    artifacts: Option<IgnoredAny>,
    scanner: Option<IgnoredAny>,
    #[serde(rename = "_type")]
    statement: Option<IgnoredAny>,
}

/// The format of a file; refuses what is empty, cut off, no JSON, or of another format.
pub(super) fn of(file: &ReportFile) -> Result<Format, Refused> {
    let name = || file.path.clone();
    if file.bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Refused::Empty { file: name() });
    }
    let nothing = || Refused::UnknownFormat { file: name(), looks: Looks::Nothing };
    // serde would read an array as a struct, member by member.
    if !is_object(&file.bytes) {
        return Err(nothing());
    }
    let top: Top = serde_json::from_slice(&file.bytes).map_err(|error| match error.classify() {
        Category::Eof => Refused::Truncated { file: name() },
        Category::Syntax | Category::Io => unreadable(file, "JSON", &error),
        Category::Data => nothing(),
    })?;
    match top {
        Top { trivy_schema: Some(TRIVY_SCHEMA), .. } => Ok(Format::Trivy),
        Top { trivy_schema: Some(other), .. } => {
            Err(Refused::UnknownFormat { file: name(), looks: Looks::Schema(other) })
        }
        Top { trivy_version: Some(_), .. } | Top { trivy_database: Some(_), .. } => {
            Ok(Format::TrivyVersion)
        }
        Top { runs: Some(_), .. } => Ok(Format::Sarif),
        Top { matches: Some(_), descriptor: Some(_), .. } => Ok(Format::Grype),
        // Other linters and scanners have `results` as well.
        Top { results: Some(_), experimental_config: Some(_), .. } => Ok(Format::OsvScanner),
        other => Err(Refused::UnknownFormat { file: name(), looks: other.looks() }),
    }
}

/// The refusal for what serde_json cannot read as `format`.
pub(super) fn unreadable(
    file: &ReportFile,
    format: &'static str,
    error: &serde_json::Error,
) -> Refused {
    let (line, column) = (error.line(), error.column());
    Refused::Unreadable { file: file.path.clone(), format, line, column }
}

fn is_object(bytes: &[u8]) -> bool {
    bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|first| *first == b'{')
}

impl Top {
    fn looks(&self) -> Looks {
        let known = [
            (self.cyclonedx.is_some(), "a CycloneDX bill of materials"),
            (self.spdx.is_some(), "an SPDX bill of materials"),
            (self.matches.is_some(), "Grype JSON without a descriptor"),
            (self.artifacts.is_some(), "Syft JSON"),
            (self.scanner.is_some(), "a predicate"),
            (self.statement.is_some(), "an in-toto statement"),
            (self.results.is_some(), "OSV-Scanner JSON without its configuration"),
        ];
        known.iter().find(|(there, _)| *there).map_or(Looks::Nothing, |(_, name)| Looks::Like(name))
    }
}
