//! libtest's JSON lines: `cargo nextest run --message-format libtest-json`, and Rust's own
//! `cargo test -- -Z unstable-options --format json`.
//!
//! Each test that ends is a case. No time stands in it, and what tests print is never looked at.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{
    super::{Refused, ReportFile, refused::Counted},
    CASES, Outcome, TestReport, json_lines,
};

/// The name of the format in messages.
const FORMAT: &str = "libtest JSON";

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    event: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

/// Reads one file into `report`.
pub(super) fn read(file: &ReportFile, text: &str, report: &mut TestReport) -> Result<(), Refused> {
    let mut running = BTreeSet::new();
    let mut suites = 0_u64;
    let failed_before = report.counts.failed;
    json_lines::read(file, text, FORMAT, |Event { kind, event, name }| {
        let name = name.unwrap_or_default();
        match (kind.as_str(), event.as_deref()) {
            ("suite", Some("started")) => suites += 1,
            ("suite", Some(word @ ("ok" | "failed"))) => {
                suites = suites.saturating_sub(1);
                // nextest ends a suite that failed only once the run ends.
                if word == "failed" && report.counts.failed == failed_before {
                    report.count("suite", Outcome::Broke)?;
                }
            }
            ("test", Some("started")) => {
                running.insert(name);
                if u64::try_from(running.len()).unwrap_or(u64::MAX) > CASES {
                    return Err(Refused::TooMany { what: Counted::Cases, limit: CASES });
                }
            }
            ("test", Some(word @ ("ok" | "failed" | "ignored"))) => {
                running.remove(&name);
                let outcome = match word {
                    "ok" => Outcome::Passed,
                    "ignored" => Outcome::Skipped,
                    _ => Outcome::Failed,
                };
                report.count(&name, outcome)?;
            }
            // `timeout` only warns that a test takes long.
            _ => {}
        }
        Ok(())
    })?;
    if suites > 0 || !running.is_empty() {
        return Err(Refused::Truncated { file: file.path.clone() });
    }
    Ok(())
}
