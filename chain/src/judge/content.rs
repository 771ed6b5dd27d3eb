//! Content: is what a word says positive for a step?

use evidence::{
    predicate::{
        View,
        approval::Decision,
        deployment::{Deployment, Outcome},
        test_result::{TestResult, Word as Result_},
        vulns::{Fix, Scan, Severity, Vulnerability},
    },
    time::{self, Timestamp},
};

use super::word::Word;
use crate::{
    finding::Code,
    policy::{Accept, Limits, Step},
};

/// What a word says about a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// It is good.
    Positive,
    /// It is not, and vetoes.
    Negative {
        /// The stable word.
        code: Code,
        /// Value and limit.
        message: String,
        /// Lines that show the values.
        details: Vec<String>,
    },
    /// It was good until a moment that has passed.
    Lapsed {
        /// Since when.
        since: Timestamp,
    },
}

/// Judges what a word says. A refused word is negative with its own code.
pub(crate) fn judge(step: &Step, word: &Word<'_>, now: Timestamp) -> Content {
    if let Some((code, reason)) = word.refused() {
        return negative(*code, reason.clone(), vec![]);
    }
    match word.view() {
        None => negative(Code::Unreadable, "it cannot be read".to_owned(), vec![]),
        Some(View::Approval(approval)) => match approval.decision {
            Decision::Rejected => {
                let reason = approval.reason.iter().map(|reason| format!("“{reason}”")).collect();
                negative(Code::NegativeResult, format!("`{}` rejected it", word.signer()), reason)
            }
            Decision::Approved => match approval.expires.filter(|expires| now >= *expires) {
                Some(since) => Content::Lapsed { since },
                None => Content::Positive,
            },
        },
        Some(View::Deployment(deployment)) => deployed(deployment),
        Some(View::Scan(scan)) => scanned(step, scan, now),
        Some(View::Summary(summary)) if !summary.passed => {
            negative(Code::NegativeResult, "the verification result is FAILED".to_owned(), vec![])
        }
        Some(View::Test(test)) => tested(step, test),
        Some(View::Build(_) | View::Exception(_) | View::Other | View::Sbom | View::Summary(_)) => {
            Content::Positive
        }
    }
}

fn negative(code: Code, message: String, details: Vec<String>) -> Content {
    Content::Negative { code, message, details }
}

fn deployed(deployment: &Deployment) -> Content {
    match deployment.result {
        Outcome::Succeeded => Content::Positive,
        other => negative(
            Code::NegativeResult,
            format!("the deployment to {} {}", deployment.environment, other.word()),
            vec![],
        ),
    }
}

/// A test run is good with a word that the step allows and at least one test that ran.
fn tested(step: &Step, test: &TestResult) -> Content {
    let failed = test.counts.map_or(0, |counts| counts.failed);
    let listed = || {
        let more = usize::try_from(failed).unwrap_or(usize::MAX).saturating_sub(DETAILS);
        let mut lines: Vec<String> = test.failed_tests.iter().take(DETAILS).cloned().collect();
        if more > 0 {
            lines.push(format!("and {more} more"));
        }
        lines
    };
    if failed > 0 {
        let executed = test.counts.map_or(0, |counts| counts.executed);
        return negative(
            Code::NegativeResult,
            format!("{failed} of {executed} tests failed, at most 0"),
            listed(),
        );
    }
    if !step.results.contains(&test.result) || test.result == Result_::Failed {
        let message = format!("the result is {}", failed_how(test));
        return negative(Code::NegativeResult, message, listed());
    }
    match test.counts {
        Some(counts) if counts.executed == 0 => {
            negative(Code::NegativeResult, "no test was executed".to_owned(), vec![])
        }
        _ => Content::Positive,
    }
}

/// `FAILED: the command ended with 3`: a green report does not say why its run failed.
fn failed_how(test: &TestResult) -> String {
    match test.exit_code.filter(|code| *code != 0) {
        Some(code) => format!("{}: the command ended with {code}", test.result.word()),
        None => test.result.word().to_owned(),
    }
}

/// Findings shown in a message; the rest is counted.
const DETAILS: usize = 10;

fn scanned(step: &Step, scan: &Scan, now: Timestamp) -> Content {
    let Some(limits) = &step.limits else {
        return Content::Positive;
    };
    let counted: Vec<&Vulnerability> = scan
        .findings
        .iter()
        .filter(|finding| !(limits.only_fixable && finding.fix == Fix::NoneYet))
        .filter(|finding| !accepted(&step.accept, finding, now))
        .collect();
    let mut over = Vec::new();
    let mut shown: Vec<&Vulnerability> = Vec::new();
    for (severity, most) in limits.most.iter().rev() {
        let found: Vec<_> =
            counted.iter().filter(|f| bucket(limits, f) == Some(*severity)).copied().collect();
        let number = u64::try_from(found.len()).unwrap_or(u64::MAX);
        if number > *most {
            let fixable = if limits.only_fixable { " fixable" } else { "" };
            over.push(format!("{number} {}{fixable} findings, at most {most}", severity.word()));
            shown.extend(found);
        }
    }
    if over.is_empty() {
        return Content::Positive;
    }
    let mut details: Vec<String> =
        shown.iter().take(DETAILS).map(|finding| line(finding)).collect();
    if shown.len() > DETAILS {
        details.push(format!("and {} more", shown.len() - DETAILS));
    }
    negative(Code::NegativeResult, over.join("; "), details)
}

/// The bucket in which a finding counts: its own severity where that is limited, and the strictest
/// named where a severity of it is unknown and has no limit of its own; of two, the stricter.
fn bucket(limits: &Limits, finding: &Vulnerability) -> Option<Severity> {
    let named = |severity| limits.most.get_key_value(&severity);
    let strictness = |(severity, most): &(&Severity, &u64)| (**most, std::cmp::Reverse(**severity));
    let strictest = || limits.most.iter().min_by_key(strictness);
    // What cannot be read may be the worst: a known lower severity beside it vouches for nothing.
    let unsure = finding.unsure.then(|| named(Severity::Unknown).or_else(strictest)).flatten();
    let bucket = named(finding.severity).into_iter().chain(unsure).min_by_key(strictness);
    bucket.map(|(severity, _)| *severity)
}

fn accepted(accept: &[Accept], finding: &Vulnerability, now: Timestamp) -> bool {
    accept.iter().any(|accept| accepts(accept, finding, now))
}

fn accepts(accept: &Accept, finding: &Vulnerability, now: Timestamp) -> bool {
    accept.id == finding.id && now < accept.until
}

/// What a step accepts of what a scan found.
pub(crate) fn accepted_of<'s>(step: &'s Step, word: &Word<'_>, now: Timestamp) -> Vec<&'s Accept> {
    let Some(View::Scan(scan)) = word.view() else { return vec![] };
    let found = |accept: &&Accept| scan.findings.iter().any(|f| accepts(accept, f, now));
    step.accept.iter().filter(found).collect()
}

fn line(finding: &Vulnerability) -> String {
    let package = finding.package.as_deref().unwrap_or("-");
    let fix = match &finding.fix {
        Fix::In(version) => format!("fixed in {version}"),
        Fix::NoneYet => "no fix yet".to_owned(),
        Fix::Unsaid => "no word on a fix".to_owned(),
    };
    let unsure = finding.unsure && finding.severity != Severity::Unknown;
    let unsure = if unsure { " or unknown" } else { "" };
    format!("{}  {package}  {}{unsure}  {fix}", finding.id, finding.severity.word())
}

/// What a word says, in a few words for a person.
pub(crate) fn says(word: &Word<'_>) -> String {
    let facts = word.facts();
    match word.view() {
        None => "unreadable".to_owned(),
        Some(View::Approval(approval)) => match approval.decision {
            Decision::Approved => format!("approved for {}", approval.environment),
            Decision::Rejected => format!("rejected for {}", approval.environment),
        },
        Some(View::Build(_)) => {
            let commit = facts.commit.as_deref().map(|commit| commit.get(..12).unwrap_or(commit));
            let run =
                facts.run.as_deref().map(|run| format!("run {}", evidence::source::run_id(run)));
            let parts: Vec<String> = commit.map(str::to_owned).into_iter().chain(run).collect();
            parts.join(", ")
        }
        Some(View::Deployment(deployment)) => {
            format!("{} ({})", deployment.result.word(), deployment.environment)
        }
        Some(View::Exception(exception)) => format!("skips {}", exception.skips.join(", ")),
        Some(View::Other | View::Sbom) => word.predicate_type().to_owned(),
        Some(View::Scan(scan)) => counts(scan),
        Some(View::Summary(summary)) => {
            format!("{} by {}", if summary.passed { "PASSED" } else { "FAILED" }, summary.verifier)
        }
        Some(View::Test(test)) => match (test.counts, test.result) {
            (Some(counts), Result_::Passed) => format!("{} passed", counts.passed),
            (Some(counts), Result_::Failed) if counts.failed == 0 => failed_how(test),
            (Some(counts), word) => {
                format!("{}: {} of {} failed", word.word(), counts.failed, counts.executed)
            }
            (None, word) => word.word().to_owned(),
        },
    }
}

fn counts(scan: &Scan) -> String {
    let of = |severity| scan.findings.iter().filter(|f| f.severity == severity).count();
    let mut text = format!("{} critical, {} high", of(Severity::Critical), of(Severity::High));
    let unknown = of(Severity::Unknown);
    if unknown > 0 {
        text += &format!(", {unknown} unknown");
    }
    if let Some(database) = scan.database {
        text += &format!(", database of {}", time::write(database).get(..10).unwrap_or_default());
    }
    text
}
