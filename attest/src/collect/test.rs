//! The predicate of a test run: in-toto test-result v0.1 with the extension member `attest_test`.
//!
//! Described in docs/predicates/test-result.md; read back by `evidence::predicate::test_result`. The
//! result follows the counts, and the counts the cases: nothing that a report says of its own sums
//! is repeated. A run that did not end with 0 has failed, however green its report is. Properties
//! and output of tests never get here.

use evidence::{
    json::{Map, Value, json},
    predicate::test_result::{Counts, MEMBER, Word},
    run::{self, Run},
    time,
};

use super::{
    command::{Ended, Ran},
    report::test::{Names, TestReport},
};

/// What says how the tests went.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tested<'a> {
    /// A command that was run here, and is the one test.
    Command {
        /// How it ended.
        ran: &'a Ran,
        /// Why its report is not read, if it failed and owes one: the code of the refusal.
        unread: Option<&'static str>,
    },
    /// Reports, and how the run ended that wrote them, if that is known.
    Reports {
        /// What they say.
        report: &'a TestReport,
        /// How the run ended.
        end: Option<End<'a>>,
    },
}

/// How a run ended that wrote reports.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End<'a> {
    /// It was run here.
    Here(&'a Ran),
    /// It ran before, and ended with this status by somebody's word.
    Said(u8),
}

impl End<'_> {
    /// The status, as a shell has it.
    pub(crate) fn status(self) -> u8 {
        match self {
            Self::Here(ran) => ran.exit_status(),
            Self::Said(status) => status,
        }
    }
}

/// The predicate.
pub(crate) fn predicate(tested: Tested<'_>, run: &Run) -> Value {
    let mut predicate = Map::new();
    predicate.insert("result".to_owned(), tested.word().word().into());
    predicate.insert("configuration".to_owned(), configuration(tested, run).into());
    if let Some(url) = &run.url {
        predicate.insert("url".to_owned(), url.as_str().into());
    }
    if let Tested::Reports { report, .. } = tested {
        // The first names of very many tests say nothing; all of a few do.
        if report.passed.more == 0 {
            predicate.insert("passedTests".to_owned(), json!(report.passed.listed));
        }
        predicate.insert("warnedTests".to_owned(), json!(report.warned.listed));
        predicate.insert("failedTests".to_owned(), json!(report.failed.listed));
    }
    predicate.insert(MEMBER.to_owned(), member(tested));
    predicate.insert(run::MEMBER.to_owned(), json!(run));
    predicate.into()
}

impl<'a> Tested<'a> {
    /// The result.
    pub(crate) fn word(self) -> Word {
        match self {
            Self::Command { ran, .. } if ran.exit_status() == 0 => Word::Passed,
            Self::Command { .. } => Word::Failed,
            Self::Reports { end: Some(end), .. } if end.status() != 0 => Word::Failed,
            Self::Reports { report, .. } => report.word(),
        }
    }

    /// The status with which the run ended, as a shell has it.
    pub(crate) fn status(self) -> Option<u8> {
        match self {
            Self::Command { ran, .. } => Some(ran.exit_status()),
            Self::Reports { end, .. } => end.map(End::status),
        }
    }

    /// The command that was run here.
    pub(crate) fn ran(self) -> Option<&'a Ran> {
        match self {
            Self::Command { ran, .. } | Self::Reports { end: Some(End::Here(ran)), .. } => {
                Some(ran)
            }
            Self::Reports { .. } => None,
        }
    }

    fn counts(self) -> Counts {
        let passed = u64::from(self.word() == Word::Passed);
        match self {
            // The command is the one test.
            Self::Command { .. } => {
                Counts { executed: 1, passed, failed: 1 - passed, ..Counts::default() }
            }
            Self::Reports { report, .. } => report.counts,
        }
    }
}

/// What the run was configured by (required by the standard): the source, and each report.
fn configuration(tested: Tested<'_>, run: &Run) -> Vec<Value> {
    let mut configuration = Vec::new();
    if let (Some(source), Some(commit)) = (&run.source, &run.commit) {
        let at = run.git_ref.as_ref().map(|name| format!("@{name}")).unwrap_or_default();
        configuration
            .push(json!({"uri": format!("git+{source}{at}"), "digest": {"gitCommit": commit}}));
    }
    if let Tested::Reports { report, .. } = tested {
        configuration.extend(report.files.iter().map(super::report::Described::to_value));
    }
    configuration
}

fn member(tested: Tested<'_>) -> Value {
    let counts = tested.counts();
    let mut member = Map::new();
    for (name, number) in [
        ("executed", counts.executed),
        ("passed", counts.passed),
        ("warned", counts.warned),
        ("failed", counts.failed),
        ("skipped", counts.skipped),
    ] {
        member.insert(name.to_owned(), number.into());
    }
    let (started, finished) = match (tested, tested.ran()) {
        // What was seen outweighs what is stated.
        (_, Some(ran)) => (Some(ran.started), Some(ran.finished)),
        (Tested::Reports { report, .. }, None) => (report.span.started, report.span.finished),
        (Tested::Command { .. }, None) => (None, None),
    };
    for (name, time) in [("startedOn", started), ("finishedOn", finished)] {
        if let Some(time) = time {
            member.insert(name.to_owned(), time::write(time).into());
        }
    }
    if let Some(status) = tested.status() {
        member.insert("exitCode".to_owned(), status.into());
    }
    if let Some(ran) = tested.ran() {
        let unread = match tested {
            Tested::Command { unread, .. } => unread,
            Tested::Reports { .. } => None,
        };
        member.insert("command".to_owned(), command(ran, unread));
    }
    if let Tested::Reports { report, .. } = tested {
        unlisted(&mut member, report);
    }
    member.into()
}

/// How many names were left out of the lists.
fn unlisted(member: &mut Map<String, Value>, report: &TestReport) {
    let more = |names: &Names| names.more;
    let passed = if more(&report.passed) > 0 { report.counts.passed } else { 0 };
    let left =
        [("passed", passed), ("warned", more(&report.warned)), ("failed", more(&report.failed))];
    let left: Map<String, Value> = left
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .map(|(name, number)| (name.to_owned(), number.into()))
        .collect();
    if !left.is_empty() {
        member.insert("unlisted".to_owned(), left.into());
    }
}

fn command(ran: &Ran, unread: Option<&'static str>) -> Value {
    let mut command = Map::new();
    match ran.ended {
        Ended::Exit(status) => command.insert("exitStatus".to_owned(), status.into()),
        Ended::Signal(number) => command.insert("signal".to_owned(), number.into()),
    };
    if let Some(number) = ran.stopped {
        command.insert("stopped".to_owned(), number.into());
    }
    if let Some(code) = unread {
        command.insert("unreadReport".to_owned(), code.into());
    }
    if let Some(recorded) = &ran.recorded {
        command.insert("arguments".to_owned(), json!(recorded.arguments));
        command.insert("output".to_owned(), recorded.output.as_str().into());
        command.insert("outputCut".to_owned(), recorded.cut.into());
    }
    command.into()
}

#[cfg(test)]
mod tests;
