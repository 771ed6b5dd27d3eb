//! Test reports, read: how many cases there were and how they ended, by the elements themselves.
//!
//! Each dialect is one file that makes a [`TestReport`]. Totals that a report states of itself are
//! never taken: after reruns pytest's says 2 of three cases, and Surefire's 1 of four. Output,
//! properties and messages of tests are never taken either: they may hold secrets.

mod format;
mod go;
mod json_lines;
mod junit;
mod libtest;
mod stated;
mod tap;

use evidence::{
    predicate::test_result::{Counts, Word},
    text,
    time::Timestamp,
};

use self::format::Format;
use super::{Described, Refused, ReportFile, refused::Counted};

/// Test cases per attestation.
const CASES: u64 = 1_000_000;
/// Names of failed or warned tests that are listed.
const LISTED: usize = 1000;
/// Names of passed tests that are listed; of more, none is.
const PASSED_LISTED: usize = 200;
/// Characters of a name.
const NAME: usize = 300;

/// How one test case ended, better first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// It passed.
    Passed,
    /// It failed and then passed.
    Flaky,
    /// It did not run.
    Skipped,
    /// It failed.
    Failed,
    /// It broke.
    Broke,
}

/// What test reports say together.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestReport {
    /// The files.
    pub(crate) files: Vec<Described>,
    /// How many cases ended how.
    pub(crate) counts: Counts,
    /// How many of the failed broke rather than failed.
    pub(crate) broke: u64,
    /// The names of passed tests, if there are at most 200.
    pub(crate) passed: Names,
    /// The names of warned tests, the first 1,000.
    pub(crate) warned: Names,
    /// The names of failed tests, the first 1,000.
    pub(crate) failed: Names,
    /// The time that all files state.
    pub(crate) span: Span,
    /// The first file that states more tests than it holds.
    pub(crate) stated: Option<Stated>,
}

/// A report that states more tests than it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stated {
    /// The file.
    pub(crate) file: String,
    /// How many it states, without the skipped.
    pub(crate) states: u64,
    /// How many it holds.
    pub(crate) cases: u64,
}

/// Names, and whether there were more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// The names, in the order of the report.
    pub(crate) listed: Vec<String>,
    /// How many more there were.
    pub(crate) more: u64,
}

/// From when to when, as far as it is stated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    /// The earliest start.
    pub(crate) started: Option<Timestamp>,
    /// The latest end.
    pub(crate) finished: Option<Timestamp>,
}

/// Reads reports one after another, so that only one of them is in memory.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    report: TestReport,
}

impl Reader {
    /// Reads one more file.
    pub(crate) fn add(&mut self, file: &ReportFile) -> Result<(), Refused> {
        let (format, text) = format::of(file)?;
        let report = &mut self.report;
        let span = match format {
            Format::Go => go::read(file, text, report)?,
            Format::Junit => junit::read(file, text, report)?,
            Format::Libtest => {
                libtest::read(file, text, report)?;
                Span::default()
            }
            Format::Tap => {
                tap::read(file, text, report)?;
                Span::default()
            }
        };
        let so_far = self.report.span;
        self.report.span = if self.report.files.is_empty() { span } else { so_far.with(span) };
        self.report.files.push(file.described());
        Ok(())
    }

    /// What the files say together; refuses to attest that tests ran where none did.
    pub(crate) fn finish(self) -> Result<TestReport, Refused> {
        match self.report.counts {
            Counts { executed: 0, skipped, .. } => Err(Refused::NoTest { skipped }),
            _ => Ok(self.report),
        }
    }
}

impl TestReport {
    /// The word for it: one failure is a failure, one flaky test a warning.
    pub(crate) fn word(&self) -> Word {
        match self.counts {
            Counts { failed: 1.., .. } => Word::Failed,
            Counts { warned: 1.., .. } => Word::Warned,
            _ => Word::Passed,
        }
    }

    /// All cases, skipped ones too.
    pub(crate) fn total(&self) -> u64 {
        self.counts.executed.saturating_add(self.counts.skipped)
    }

    /// Counts one case.
    fn count(&mut self, name: &str, outcome: Outcome) -> Result<(), Refused> {
        if self.total() >= CASES {
            return Err(Refused::TooMany { what: Counted::Cases, limit: CASES });
        }
        let counts = &mut self.counts;
        let (number, list) = match outcome {
            Outcome::Skipped => {
                counts.skipped += 1;
                return Ok(());
            }
            Outcome::Passed => (&mut counts.passed, Some((&mut self.passed, PASSED_LISTED))),
            Outcome::Flaky => (&mut counts.warned, Some((&mut self.warned, LISTED))),
            Outcome::Failed | Outcome::Broke => {
                self.broke += u64::from(outcome == Outcome::Broke);
                (&mut counts.failed, Some((&mut self.failed, LISTED)))
            }
        };
        *number += 1;
        counts.executed += 1;
        if let Some((names, most)) = list {
            names.add(name, most);
        }
        Ok(())
    }
}

impl Names {
    fn add(&mut self, name: &str, most: usize) {
        if self.listed.len() < most {
            self.listed.push(cut(name));
        } else {
            self.more += 1;
        }
    }
}

/// The first characters of a name; what is cut shows that it is.
fn cut(name: &str) -> String {
    match name.char_indices().nth(NAME) {
        Some((end, _)) => name.get(..end).unwrap_or_default().to_owned() + "…",
        None => name.to_owned(),
    }
}

impl Span {
    /// Both together; what one of them does not say, both do not say.
    fn with(self, other: Self) -> Self {
        Self {
            started: self.started.zip(other.started).map(|(a, b)| a.min(b)),
            finished: self.finished.zip(other.finished).map(|(a, b)| a.max(b)),
        }
    }
}

/// A word and the counts for people: `FAILED   3 failed, 841 passed, 3 skipped   (12 files, unit)`.
pub(crate) fn line(report: &TestReport, word: Word, name: Option<&str>) -> String {
    let counts = &report.counts;
    let words: Vec<String> = [
        (counts.failed, "failed"),
        (counts.warned, "flaky"),
        (counts.passed, "passed"),
        (counts.skipped, "skipped"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, word)| format!("{number} {word}"))
    .collect();
    let files = match report.files.len() {
        1 => "1 file".to_owned(),
        several => format!("{several} files"),
    };
    let name = name.map(|name| format!(", {}", text::escape_short(name, 60))).unwrap_or_default();
    format!("{}   {}   ({files}{name})", word.word(), words.join(", "))
}

/// The last word on stderr where not all is well: `attested FAILED (3 of 847)`.
pub(crate) fn verdict(report: &TestReport) -> Option<String> {
    let number = match report.word() {
        Word::Passed => return None,
        Word::Warned => report.counts.warned,
        Word::Failed => report.counts.failed,
    };
    Some(format!("attested {} ({number} of {})", report.word().word(), report.total()))
}

#[cfg(test)]
mod tests;
