//! Why a report cannot honestly be attested: one enum for scan and test reports.
//!
//! A refusal ends with exit 1 and nothing written. Each has a stable code, a sentence and a remedy.
//! Text out of a report is escaped and cut here, so that every printer may show the sentence. Codes
//! and remedies are one exhaustive match each, however long: a new refusal has to think of both.

use evidence::{Digest, text};

/// Why a report is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Refused {
    /// The database is newer than the scan that is said to have used it.
    #[error("the vulnerability database was updated after the scan ended ({database} > {scan})")]
    DatabaseAfterScan {
        /// When the database was updated.
        database: String,
        /// When the scan ended.
        scan: String,
    },
    /// `--database-updated` and the version file name two times.
    #[error("`--database-updated` and `{}` name two times", shown(.file))]
    DatabaseTwice {
        /// The version file.
        file: String,
    },
    /// A DTD.
    #[error("`{}` has a document type declaration", shown(.file))]
    Doctype {
        /// The report.
        file: String,
    },
    /// Nothing in it.
    #[error("`{}` is empty", shown(.file))]
    Empty {
        /// The report.
        file: String,
    },
    /// Bytes that are no UTF-8.
    #[error("`{}` is not UTF-8", shown(.file))]
    Encoding {
        /// The report.
        file: String,
    },
    /// An entity that XML does not define.
    #[error("`{}` uses an entity that XML does not define", shown(.file))]
    Entity {
        /// The report.
        file: String,
    },
    /// The work ended after the clock's now.
    #[error("the report says that its work ended at {ended}, which is not yet")]
    Future {
        /// When.
        ended: String,
    },
    /// Not well-formed.
    #[error("`{}` is malformed near byte {at}", shown(.file))]
    Malformed {
        /// The report.
        file: String,
        /// Where, in bytes from the start.
        at: u64,
    },
    /// A version file without a database.
    #[error("`{}` names no vulnerability database", shown(.file))]
    NoDatabase {
        /// The version file.
        file: String,
    },
    /// A directory without reports.
    #[error("no `*.xml` in the directory `{}`", shown(.directory))]
    NoReportInside {
        /// The directory.
        directory: String,
    },
    /// No file for what was asked.
    #[error("no report at `{}`", shown(.wanted))]
    NoReport {
        /// The path or pattern.
        wanted: String,
    },
    /// No vulnerability scan ran.
    #[error("no vulnerability scan ran for `{}`", shown(.file))]
    NoScan {
        /// The report.
        file: String,
    },
    /// No test was executed.
    #[error("no test was executed{}", match skipped {
        0 => String::new(),
        skipped => format!(" ({skipped} skipped)"),
    })]
    NoTest {
        /// How many were skipped.
        skipped: u64,
    },
    /// A scan that does not say when it ended.
    #[error("`{}` does not say when the scan ended", shown(.file))]
    NoTime {
        /// The report.
        file: String,
    },
    /// The version file is of another version than the report.
    #[error("`{}` is of version {}, the report of {}", shown(.file), shown(.version), shown(.report))]
    OtherVersion {
        /// The version file.
        file: String,
        /// Its version.
        version: String,
        /// The version in the report.
        report: String,
    },
    /// More than one report, or none, where one is needed.
    #[error(
        "{reports} scan reports and {versions} version files; one attestation is about one report"
    )]
    ReportCount {
        /// How many reports.
        reports: usize,
        /// How many version files.
        versions: usize,
    },
    /// Not of the run that was watched.
    #[error("`{}` was there before the command, and the command did not write it", shown(.file))]
    Stale {
        /// The report.
        file: String,
    },
    /// The end of the scan is no time.
    #[error("`{}` says that the scan ended at `{}`, which is no RFC 3339 time", shown(.file),
        shown(.time))]
    TimeUnreadable {
        /// The report.
        file: String,
        /// What stands there.
        time: String,
    },
    /// Too deep.
    #[error("`{}` nests deeper than {limit} elements", shown(.file))]
    TooDeep {
        /// The report.
        file: String,
        /// The limit.
        limit: usize,
    },
    /// Too large to be read.
    #[error("`{}` is larger than {limit} bytes", shown(.file))]
    TooLarge {
        /// The report.
        file: String,
        /// The limit.
        limit: u64,
    },
    /// Too much for one attestation.
    #[error("more than {limit} {}", .what.word())]
    TooMany {
        /// Of what.
        what: Counted,
        /// The limit.
        limit: u64,
    },
    /// Cut off.
    #[error("`{}` is cut off", shown(.file))]
    Truncated {
        /// The report.
        file: String,
    },
    /// Nothing in the report says which image it is about.
    #[error("`{}` {}", shown(.file), .why.words())]
    Unbound {
        /// The report.
        file: String,
        /// Why not.
        why: Unnamed,
    },
    /// A format that is not read.
    #[error("`{}` is of no format that is read here{}", shown(.file), .looks.words())]
    UnknownFormat {
        /// The report.
        file: String,
        /// What it looks like.
        looks: Looks,
    },
    /// The format is known, and a member is missing or of the wrong shape.
    #[error("`{}` cannot be read as {format} at line {line}, column {column}", shown(.file))]
    Unreadable {
        /// The report.
        file: String,
        /// The format.
        format: &'static str,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The report names other layers than the image has.
    #[error("`{}` is about another image: its layers are not those of this one", shown(.file))]
    WrongLayers {
        /// The report.
        file: String,
    },
    /// The report names another image.
    #[error("`{}` is about another image: its {member} is {}, this image is {image}", shown(.file),
        shown(.report))]
    WrongImage {
        /// The report.
        file: String,
        /// What names the image.
        member: &'static str,
        /// What stands there.
        report: String,
        /// The image's digest of that kind.
        image: Digest,
    },
}

/// What there are too many of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Bytes of the predicate.
    Bytes,
    /// Test cases.
    Cases,
    /// Findings.
    Findings,
    /// Report files.
    Reports,
}

impl Counted {
    fn word(self) -> &'static str {
        match self {
            Self::Bytes => "bytes for one attestation",
            Self::Cases => "test cases",
            Self::Findings => "findings",
            Self::Reports => "report files",
        }
    }
}

/// Why a report is unbound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unnamed {
    /// It says nothing of an image.
    Silent,
    /// The image is an index, and the report is about one platform.
    Index,
}

impl Unnamed {
    fn words(self) -> &'static str {
        match self {
            Self::Silent => "names no image",
            Self::Index => "is about one platform at most, and this image is an index",
        }
    }
}

/// What a file of an unknown format looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Looks {
    /// Like this format.
    Like(&'static str),
    /// Like nothing that has a name here.
    Nothing,
    /// Like XML with this root element.
    Root(String),
    /// Like Trivy's JSON with another schema version.
    Schema(u64),
}

impl Looks {
    fn words(&self) -> String {
        match self {
            Self::Like(format) => format!("; it looks like {format}"),
            Self::Nothing => String::new(),
            Self::Root(name) => format!("; its root element is `{}`", shown(name)),
            Self::Schema(version) => format!("; it looks like Trivy JSON of schema {version}"),
        }
    }
}

impl Refused {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::DatabaseAfterScan { .. } => "database-after-scan",
            Self::DatabaseTwice { .. } => "database-twice",
            Self::Doctype { .. } => "doctype",
            Self::Empty { .. } => "empty",
            Self::Encoding { .. } => "encoding",
            Self::Entity { .. } => "entity",
            Self::Future { .. } => "future",
            Self::Malformed { .. } => "malformed",
            Self::NoDatabase { .. } => "no-database",
            Self::NoReport { .. } | Self::NoReportInside { .. } => "no-report",
            Self::NoScan { .. } => "no-scan",
            Self::NoTest { .. } => "no-test",
            Self::NoTime { .. } => "no-time",
            Self::OtherVersion { .. } => "other-version",
            Self::ReportCount { .. } => "report-count",
            Self::Stale { .. } => "stale-report",
            Self::TimeUnreadable { .. } => "time-unreadable",
            Self::TooDeep { .. } => "too-deep",
            Self::TooLarge { .. } => "too-large",
            Self::TooMany { .. } => "too-many",
            Self::Truncated { .. } => "truncated",
            Self::Unbound { .. } => "unbound",
            Self::UnknownFormat { .. } => "unknown-format",
            Self::Unreadable { .. } => "unreadable",
            Self::WrongImage { .. } | Self::WrongLayers { .. } => "wrong-image",
        }
    }

    /// What to do about it.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::DatabaseAfterScan { .. } => {
                "give the database that the scan used: run `trivy version --format json` beside the scan"
            }
            Self::DatabaseTwice { .. } => "give one of the two",
            Self::Doctype { .. } | Self::Entity { .. } => {
                "test runners write none; if yours does, ask it for plain JUnit XML"
            }
            Self::Empty { .. } | Self::Truncated { .. } => {
                "did the tool end before it wrote the report? keep its exit status, and run it again"
            }
            Self::Encoding { .. } => "write the report as UTF-8",
            Self::Future { .. } => "set the clocks of both machines, and run the tool again",
            Self::Malformed { .. } | Self::TimeUnreadable { .. } | Self::Unreadable { .. } => {
                "give the file as the tool wrote it; run the tool again if it was edited"
            }
            Self::NoDatabase { .. } => {
                "run `trivy version --format json` with the cache of the scan; or give \
                 --database-updated"
            }
            Self::NoReport { .. } => "check the path; quote a pattern, so that the shell leaves it",
            Self::NoReportInside { .. } => {
                "a directory means its own *.xml, not those below: name the files, or quote a pattern \
                 (\"DIR/**/*.xml\")"
            }
            Self::NoScan { .. } => {
                "run the scanner for vulnerabilities (trivy: `--scanners vuln`) on an image that has \
                 packages"
            }
            Self::NoTest { .. } => {
                "an attestation says that tests ran; check the filter, and that the report is of \
                 this run"
            }
            Self::NoTime { .. } => {
                "let attest run the scanner (attest scan IMAGE --report FILE -- SCANNER …), or use a \
                 version that writes the time"
            }
            Self::OtherVersion { .. } => "give the version file of the trivy that made the report",
            Self::ReportCount { .. } => {
                "run `attest scan` once for each report, with one version file beside it at most"
            }
            Self::Stale { .. } => {
                "give the path that the command writes, and remove old reports before it runs"
            }
            Self::TooDeep { .. } | Self::TooLarge { .. } => {
                "split the report; nothing that a person can read is this large"
            }
            Self::TooMany { .. } => {
                "split the report: what is larger than this `verify` would not read"
            }
            Self::Unbound { why: Unnamed::Index, .. } => {
                "attest the platform's own digest; or say --unbound, which the attestation repeats"
            }
            Self::Unbound { why: Unnamed::Silent, .. } => {
                "scan the image in its registry or layout; or say --unbound, which the \
                 attestation repeats"
            }
            Self::UnknownFormat { .. } => {
                "`attest scan` reads JSON of Trivy, Grype and OSV-Scanner, and SARIF; `attest test` \
                 JUnit XML, TAP, and JSON lines of `go test -json` and libtest"
            }
            Self::WrongImage { .. } | Self::WrongLayers { .. } => {
                "scan this image, by digest, and attest that report"
            }
        }
    }
}

/// Text out of a file name or a report: made inert, and at most 200 characters of it.
fn shown(untrusted: &str) -> String {
    text::escape_short(untrusted, 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_report_says_cannot_move_the_cursor() {
        let refused = Refused::UnknownFormat {
            file: "a\u{1b}[2J.xml".into(),
            looks: Looks::Root("\r".into()),
        };
        let sentence = refused.to_string();
        assert!(!sentence.contains(char::is_control), "{sentence:?}");
        assert!(sentence.contains(r"a\u{1b}[2J.xml"), "{sentence}");
    }

    #[test]
    fn a_long_word_is_cut() {
        let refused = Refused::Empty { file: "x".repeat(5000) };
        assert!(refused.to_string().len() < 300);
    }
}
