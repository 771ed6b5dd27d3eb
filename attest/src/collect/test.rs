//! The predicate of a test run: in-toto test-result v0.1 with the extension member `attest_test`.
//!
//! Described in docs/predicates/test-result.md; read back by `evidence::predicate::test_result`. The
//! result follows the counts, and the counts the cases: nothing that a report says of its own sums
//! is repeated. Properties and output of tests never get here.

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
    /// A command that was run here.
    Command(&'a Ran),
    /// Reports of a run that ended before.
    Reports(&'a TestReport),
}

/// The predicate.
pub(crate) fn predicate(tested: Tested<'_>, run: &Run) -> Value {
    let mut predicate = Map::new();
    predicate.insert("result".to_owned(), tested.word().word().into());
    predicate.insert("configuration".to_owned(), configuration(tested, run).into());
    if let Some(url) = &run.url {
        predicate.insert("url".to_owned(), url.as_str().into());
    }
    if let Tested::Reports(report) = tested {
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

impl Tested<'_> {
    /// The result.
    pub(crate) fn word(self) -> Word {
        match self {
            Self::Command(Ran { ended: Ended::Exit(0), .. }) => Word::Passed,
            Self::Command(_) => Word::Failed,
            Self::Reports(report) => report.word(),
        }
    }

    fn counts(self) -> Counts {
        let passed = u64::from(self.word() == Word::Passed);
        match self {
            // The command is the one test.
            Self::Command(_) => {
                Counts { executed: 1, passed, failed: 1 - passed, ..Counts::default() }
            }
            Self::Reports(report) => report.counts,
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
    if let Tested::Reports(report) = tested {
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
    let (started, finished) = match tested {
        Tested::Command(ran) => (Some(ran.started), Some(ran.finished)),
        Tested::Reports(report) => (report.span.started, report.span.finished),
    };
    for (name, time) in [("startedOn", started), ("finishedOn", finished)] {
        if let Some(time) = time {
            member.insert(name.to_owned(), time::write(time).into());
        }
    }
    match tested {
        Tested::Command(ran) => {
            member.insert("command".to_owned(), command(ran));
        }
        Tested::Reports(report) => unlisted(&mut member, report),
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

fn command(ran: &Ran) -> Value {
    let mut command = Map::new();
    match ran.ended {
        Ended::Exit(status) => command.insert("exitStatus".to_owned(), status.into()),
        Ended::Signal(number) => command.insert("signal".to_owned(), number.into()),
    };
    if let Some(recorded) = &ran.recorded {
        command.insert("arguments".to_owned(), json!(recorded.arguments));
        command.insert("output".to_owned(), recorded.output.as_str().into());
        command.insert("outputCut".to_owned(), recorded.cut.into());
    }
    command.into()
}

#[cfg(test)]
mod tests;
