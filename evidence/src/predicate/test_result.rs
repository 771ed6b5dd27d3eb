//! in-toto test-result v0.1, with the extension member `attest_test` (docs/predicates/test-result.md).

use serde::{Deserialize, Serialize};

use super::{Unreadable, View, direct::Written, from_value, optional_instant};
use crate::{json::Value, time::Timestamp};

/// The extension member: counts of the elements in the reports, and when the tests ended.
///
/// `test-result/v0.1` has lists of names and no counts; a report with thousands of passed tests is
/// counted rather than listed.
pub const MEMBER: &str = "attest_test";

crate::words! {
    /// The word of a test run.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Word {
        /// All tests passed.
        Passed = "PASSED",
        /// None failed, some warned.
        Warned = "WARNED",
        /// Some failed.
        Failed = "FAILED",
    }
}

/// Counts of test cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counts {
    /// Cases that ran: passed, warned and failed.
    pub executed: u64,
    /// Cases that passed.
    pub passed: u64,
    /// Cases that warned, flaky ones among them.
    pub warned: u64,
    /// Cases that failed or broke.
    pub failed: u64,
    /// Cases that did not run.
    pub skipped: u64,
}

/// How tests ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    /// The word, as written.
    pub result: Word,
    /// The counts, where the predicate has lists or counts.
    pub counts: Option<Counts>,
    /// The names of failed tests, as far as listed.
    pub failed_tests: Vec<String>,
    /// The status with which the command ended, where it is stated.
    pub exit_code: Option<u64>,
    /// When the tests ended.
    pub finished: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wire {
    result: Word,
    #[serde(default)]
    passed_tests: Option<Vec<String>>,
    #[serde(default)]
    warned_tests: Option<Vec<String>>,
    #[serde(default)]
    failed_tests: Option<Vec<String>>,
    #[serde(rename = "attest_test", default)]
    attest_test: Option<WireMember>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMember {
    executed: u64,
    #[serde(default)]
    passed: u64,
    #[serde(default)]
    warned: u64,
    #[serde(default)]
    failed: u64,
    #[serde(default)]
    skipped: u64,
    #[serde(default)]
    exit_code: Option<Value>,
    #[serde(default)]
    finished_on: Option<String>,
}

pub(super) fn read(predicate: &Value) -> Result<TestResult, Unreadable> {
    test_result(from_value(predicate, "test result")?)
}

impl Written for Wire {
    fn view(self) -> Result<View, Unreadable> {
        test_result(self).map(View::Test)
    }
}

fn test_result(wire: Wire) -> Result<TestResult, Unreadable> {
    let Wire { result, passed_tests, warned_tests, failed_tests, attest_test } = wire;
    let listed = passed_tests.is_some() || warned_tests.is_some() || failed_tests.is_some();
    let count = |list: &Option<Vec<String>>| {
        list.as_ref().map_or(0, |list| u64::try_from(list.len()).unwrap_or(u64::MAX))
    };
    let (passed, warned, failed) =
        (count(&passed_tests), count(&warned_tests), count(&failed_tests));
    let counts = match &attest_test {
        Some(member) => Some(Counts {
            executed: member.executed,
            passed: member.passed,
            warned: member.warned,
            failed: member.failed.max(failed),
            skipped: member.skipped,
        }),
        None if listed => Some(Counts {
            executed: passed.saturating_add(warned).saturating_add(failed),
            passed,
            warned,
            failed,
            skipped: 0,
        }),
        None => None,
    };
    // It is shown and decides nothing: one that is no number is not shown.
    let exit_code = attest_test.as_ref().and_then(|member| member.exit_code.as_ref()?.as_u64());
    let finished = attest_test.as_ref().and_then(|member| member.finished_on.as_deref());
    Ok(TestResult {
        result,
        counts,
        failed_tests: failed_tests.unwrap_or_default(),
        exit_code,
        finished: optional_instant(finished, "attest_test.finishedOn")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_member_is_read_by_its_name() {
        let predicate = crate::json::json!({
            "result": "FAILED",
            "failedTests": ["a"],
            "attest_test": {"executed": 9, "passed": 7, "failed": 2, "skipped": 1},
        });
        let counts = Counts { executed: 9, passed: 7, warned: 0, failed: 2, skipped: 1 };
        assert_eq!(read(&predicate).unwrap().counts, Some(counts));
    }
}
