//! What a JUnit report states of itself in attributes: how a case ended, and the totals of a suite.
//!
//! Both are only ever taken against a success: a total never stands in for a case, and a word that is
//! not known for a success is none. Pure, and no text of it is kept.

use super::Outcome;

/// Attributes of a suite that count what went wrong in it.
pub(super) const WRONG: [&str; 6] = ["failures", "failure", "failed", "errors", "error", "errored"];
/// Attributes of a suite that count what did not run.
pub(super) const IDLE: [&str; 3] = ["skipped", "disabled", "ignored"];
/// Attributes of a case that say how it ended.
pub(super) const WORDS: [&str; 3] = ["status", "result", "outcome"];
/// Attributes of a case that say whether it succeeded.
pub(super) const SUCCESS: [&str; 2] = ["success", "passed"];

/// A suite that is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Suite {
    pub(super) name: String,
    /// Whether it states failures or errors.
    pub(super) states_failure: bool,
    /// How many tests it states.
    pub(super) tests: u64,
    /// How many of them it states as skipped. Not every reporter writes an element for them
    /// (mocha-junit-reporter).
    pub(super) idle: u64,
    /// The cases in it.
    pub(super) cases: u64,
    /// Those of them that were skipped.
    pub(super) skipped: u64,
    /// Whether something in it failed.
    pub(super) failed: bool,
    /// The tests without an element in the suites inside: stated as skipped, and without a reason.
    pub(super) inside: Missing,
}

/// Tests that are stated and have no element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Missing {
    /// Those that are stated as skipped.
    known: u64,
    /// The others.
    pub(super) unknown: u64,
}

impl Suite {
    /// Counts one case, or a failure of the suite itself.
    pub(super) fn count(&mut self, outcome: Outcome) {
        self.cases = self.cases.saturating_add(1);
        self.skipped = self.skipped.saturating_add(u64::from(outcome == Outcome::Skipped));
        self.failed |= matches!(outcome, Outcome::Failed | Outcome::Broke);
    }

    /// What it states and does not hold. Its own skipped tests are a reason for what is missing in it
    /// and in the suites inside, if it does not state more of them than tests.
    pub(super) fn missing(&self) -> Missing {
        let Missing { known, unknown } = self.inside;
        let short = self.tests.saturating_sub(self.cases).saturating_sub(known).max(unknown);
        let idle = if self.idle > self.tests { 0 } else { self.idle };
        let reason = idle.saturating_sub(self.skipped).saturating_sub(known).min(short);
        Missing { known: known.saturating_add(reason), unknown: short.saturating_sub(reason) }
    }

    /// Takes what is missing in a suite inside.
    pub(super) fn holds(&mut self, inside: Missing) {
        self.inside.known = self.inside.known.saturating_add(inside.known);
        self.inside.unknown = self.inside.unknown.saturating_add(inside.unknown);
    }
}

/// A total: ASCII digits, with blanks around them; nothing at all states nothing.
pub(super) fn total(text: &str) -> Option<u64> {
    match text.trim() {
        "" => Some(0),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    }
}

/// How a case ended by one word of it. A word that is not known is no success: who made it up would
/// otherwise have passed.
pub(super) fn word(text: &str) -> Outcome {
    match text.trim().to_ascii_lowercase().as_str() {
        "" | "completed" | "ok" | "pass" | "passed" | "run" | "succeeded" | "success"
        | "successful" => Outcome::Passed,
        "flaky" => Outcome::Flaky,
        "disabled" | "ignore" | "ignored" | "not_run" | "notexecuted" | "notrun" | "pending"
        | "skip" | "skipped" | "suppressed" | "todo" => Outcome::Skipped,
        "fail" | "failed" | "failure" | "timeout" => Outcome::Failed,
        _ => Outcome::Broke,
    }
}

/// How a case ended by an element in it that is no outcome of any tool: those that only carry text,
/// files and names say nothing, any other is a word like those of attributes. So one that nobody knows
/// has not passed.
pub(super) fn element(name: &str) -> Outcome {
    match name {
        "attachment" | "attachments" | "properties" | "property" | "system-err" | "system-out" => {
            Outcome::Passed
        }
        name => word(name),
    }
}

/// How a case ended that says whether it succeeded.
pub(super) fn success(text: &str) -> Outcome {
    match text.trim().to_ascii_lowercase().as_str() {
        "" | "1" | "true" | "yes" => Outcome::Passed,
        "0" | "false" | "no" => Outcome::Failed,
        _ => Outcome::Broke,
    }
}
