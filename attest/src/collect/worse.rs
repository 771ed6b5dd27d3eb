//! Worse: what speaks against an image and was not before the gate when it made a verdict.
//!
//! Nobody verified here who says so. A verdict that is made anew does, and knows it from then on: so
//! whoever may push costs an approver one more verdict, and no approval is given on what a newer failure
//! or a veto took the place of. Pure.

use std::collections::BTreeSet;

use evidence::predicate::{
    View,
    approval::Decision,
    deployment::Outcome,
    test_result::Word,
    vulns::{Fix, Severity, Vulnerability},
};

use super::{hanging::Hanging, hung::Hung, verdict::Verdict};

/// What speaks against the image, and a verdict knew nothing of.
pub(crate) struct Worse<'h> {
    /// What was not before the gate.
    pub(crate) unjudged: Vec<&'h Hung>,
    /// What was, by the verdict's word, and is younger than the verdict by its own.
    pub(crate) younger: Vec<&'h Hung>,
}

/// What got worse since a verdict.
pub(crate) fn since<'h>(hanging: &'h Hanging, verdict: &Verdict) -> Worse<'h> {
    let judged =
        |hung: &Hung| verdict.commitments.iter().any(|one| one.id.as_ref() == Some(&hung.id));
    let all = hanging.once();
    let known = all.iter().filter(|hung| judged(hung)).filter_map(|hung| match &hung.claim.view {
        View::Scan(scan) => Some(&scan.findings),
        _ => None,
    });
    let known: BTreeSet<Finding<'_>> = known.flatten().map(finding).collect();
    let against = all.into_iter().filter(|hung| !judged(hung) && speaks_against(hung, &known));
    let (seen, unjudged): (Vec<_>, Vec<_>) =
        against.partition(|hung| verdict.seen.contains(&hung.id));
    let is_younger = |hung: &&Hung| hung.made().is_some_and(|made| made > verdict.made);
    Worse { unjudged, younger: seen.into_iter().filter(is_younger).collect() }
}

/// Whether it says that something is not as it should be; a scan, that it found what no scan found
/// that was judged: no policy is known here that says how much is too much.
fn speaks_against(hung: &Hung, known: &BTreeSet<Finding<'_>>) -> bool {
    match &hung.claim.view {
        View::Approval(approval) => approval.decision == Decision::Rejected,
        View::Deployment(deployment) => deployment.result != Outcome::Succeeded,
        View::Scan(scan) => !scan.findings.iter().map(finding).all(|one| known.contains(&one)),
        View::Test(test) => test.result != Word::Passed,
        View::Build(_) | View::Exception(_) | View::Sbom | View::Summary(_) | View::Other => false,
    }
}

/// All of a finding by which a policy may tell it from another.
type Finding<'f> = (&'f str, Option<&'f str>, Severity, bool, bool);

fn finding(one: &Vulnerability) -> Finding<'_> {
    (&one.id, one.package.as_deref(), one.severity, one.unsure, one.fix == Fix::NoneYet)
}
