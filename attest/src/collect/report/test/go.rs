//! `go test -json`: one event per line (go doc test2json).
//!
//! Each test that ends is a case, subtests and the tests around them alike, as gotestsum counts. A
//! package that fails though no test of it did, because it was not built or its `TestMain` exited,
//! is a failure of its own. What tests print is never looked at: it may say `--- FAIL` or `PASS`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    super::{Refused, ReportFile, ended, refused::Counted},
    CASES, Outcome, Span, TestReport, json_lines,
};

/// The name of the format in messages.
const FORMAT: &str = "go test -json";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    action: String,
    #[serde(default)]
    package: Option<String>,
    #[serde(default)]
    test: Option<String>,
    #[serde(default)]
    time: Option<String>,
}

/// A package that has begun and not ended.
#[derive(Default)]
struct Package {
    /// Its tests that have begun and not ended; with `-count`, several times.
    open: BTreeMap<String, u64>,
    /// Whether a test of it failed.
    failed: bool,
}

/// The walk through one report.
struct Walk<'a> {
    report: &'a mut TestReport,
    open: BTreeMap<String, Package>,
    /// Tests that have begun and not ended.
    running: u64,
    span: Span,
}

/// Reads one file into `report`, and gives the time that it states.
pub(super) fn read(
    file: &ReportFile,
    text: &str,
    report: &mut TestReport,
) -> Result<Span, Refused> {
    let mut walk = Walk { report, open: BTreeMap::new(), running: 0, span: Span::default() };
    json_lines::read(file, text, FORMAT, |event| walk.event(event))?;
    // Every package that begins also ends, whatever becomes of it; what the last lines would have
    // said is not known.
    if !walk.open.is_empty() {
        return Err(Refused::Truncated { file: file.path.clone() });
    }
    Ok(walk.span)
}

impl Walk<'_> {
    fn event(&mut self, event: Event) -> Result<(), Refused> {
        let Event { action, package, test, time } = event;
        if let Some(time) = time.as_deref().and_then(ended::stated) {
            self.span.started = Some(self.span.started.map_or(time, |earlier| earlier.min(time)));
            self.span.finished = self.span.finished.max(Some(time));
        }
        // Building is told of without a package, and its failure once more with one.
        let Some(package) = package else { return Ok(()) };
        let outcome = match action.as_str() {
            "start" => {
                self.open.entry(package).or_default();
                return Ok(());
            }
            "run" => return self.run(package, test),
            "pass" | "bench" => Outcome::Passed,
            "skip" => Outcome::Skipped,
            "fail" => Outcome::Failed,
            _ => return Ok(()),
        };
        match test {
            Some(test) => self.end_test(&package, &test, outcome),
            None => self.end_package(&package, outcome),
        }
    }

    fn run(&mut self, package: String, test: Option<String>) -> Result<(), Refused> {
        if self.running >= CASES {
            return Err(Refused::TooMany { what: Counted::Cases, limit: CASES });
        }
        self.running += 1;
        let open = &mut self.open.entry(package).or_default().open;
        *open.entry(test.unwrap_or_default()).or_default() += 1;
        Ok(())
    }

    fn end_test(&mut self, package: &str, test: &str, outcome: Outcome) -> Result<(), Refused> {
        if let Some(package) = self.open.get_mut(package) {
            package.failed |= outcome == Outcome::Failed;
            if let Some(number) = package.open.get_mut(test).filter(|number| **number > 0) {
                *number -= 1;
                self.running = self.running.saturating_sub(1);
            }
        }
        self.report.count(&format!("{package}.{test}"), outcome)
    }

    fn end_package(&mut self, package: &str, outcome: Outcome) -> Result<(), Refused> {
        let Package { open, mut failed } = self.open.remove(package).unwrap_or_default();
        for (test, number) in open {
            for _ in 0..number {
                // Its process went away under it.
                failed = true;
                self.running = self.running.saturating_sub(1);
                self.report.count(&format!("{package}.{test}"), Outcome::Broke)?;
            }
        }
        if outcome == Outcome::Failed && !failed {
            self.report.count(package, Outcome::Broke)?;
        }
        Ok(())
    }
}
