//! The verdict for a person: passes first in a line each, then causes, then what follows from them,
//! and the answer last.
//!
//! Needs no colour to be understood. Puts no text on a screen but through [`Page`].

use std::collections::BTreeSet;

use chain::{
    Decision, Finding, Record,
    verdict::{CandidateReport, RelationReport, StepReport},
};

use super::{
    Style,
    page::{
        Page,
        Paint::{self, Bad, Bold, Good, Plain},
    },
    words,
};

/// Lines of one list; the JSON has all of them.
const LINES: usize = 20;
/// Where the details of a finding stand.
const INDENT: usize = 12;

/// Prints a verdict.
pub fn print(verdict: &Record, style: &Style) -> String {
    let mut page = Page::new(style.columns, style.colour);
    page.row(0, &[(Bold, &verdict.image.reference)]);
    page.gap();
    passes(&mut page, verdict);
    findings(&mut page, verdict, style);
    uncounted(&mut page, verdict, style);
    remarks(&mut page, verdict);
    answer(&mut page, verdict);
    page.into_text()
}

/// The width of a column: its widest text, within reason.
fn width<'a>(least: usize, texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.chars().count()).filter(|width| *width <= 32).fold(least, usize::max)
}

fn names(verdict: &Record) -> usize {
    let steps = verdict.steps.iter().map(|step| step.name.as_str());
    width(8, steps.chain(verdict.relations.iter().map(|r| r.fact.as_str())))
}

/// The steps that pass, and the facts that hold across steps.
fn passes(page: &mut Page, verdict: &Record) {
    let passing: Vec<&StepReport> = verdict.steps.iter().filter(|step| step.passes).collect();
    let parties: Vec<String> = passing.iter().map(|step| words::parties(step)).collect();
    let clocks: Vec<String> = passing.iter().map(|step| words::clock(step)).collect();
    let name_width = names(verdict);
    let party_width = width(12, parties.iter().map(String::as_str));
    let clock_width = width(3, clocks.iter().map(String::as_str));
    for ((step, party), clock) in passing.iter().zip(&parties).zip(&clocks) {
        let name = format!("{:name_width$}  ", step.name);
        let rest = format!(
            "{party:party_width$}  {:16}  {clock:clock_width$}  {}",
            words::made(step),
            words::says(step),
        );
        page.row(2 + name_width + 2, &[(Plain, "  "), (Bold, &name), (Plain, rest.trim_end())]);
        for identity in words::identities(step) {
            indented(page, 2 + name_width + 2, "as ", &identity);
        }
    }
    for relation in &verdict.relations {
        let name = format!("{:name_width$}  ", relation.fact);
        page.row(
            2 + name_width + 2,
            &[(Plain, "  "), (Bold, &name), (Plain, &agreement(relation))],
        );
    }
    if !passing.is_empty() || !verdict.relations.is_empty() {
        page.gap();
    }
}

fn agreement(relation: &RelationReport) -> String {
    let claimed = if relation.claimed { "  (claimed)" } else { "" };
    format!("{}  {}{claimed}", relation.members.join(" = "), words::short(&relation.value))
}

fn findings(page: &mut Page, verdict: &Record, style: &Style) {
    let mut told = BTreeSet::new();
    let name_width = names(verdict);
    let ordered = words::findings(verdict);
    let code_width = width(12, ordered.iter().map(|finding| finding.code.word()));
    for finding in &ordered {
        let head = format!("{:name_width$}  ", words::about(finding));
        let code = format!("{:code_width$}  ", finding.code.word());
        page.row(INDENT, &[(Bad, "✗ "), (Bold, &head), (Plain, &code), (Plain, &finding.message)]);
        details(page, finding);
        let step = finding.step.as_deref().and_then(|name| {
            verdict.steps.iter().find(|step| step.name == name && told.insert(name))
        });
        if let Some(step) = step {
            candidates(page, &words::untold(step, &ordered), style);
        }
        advice(page, finding);
    }
    if !ordered.is_empty() {
        page.gap();
    }
}

fn details(page: &mut Page, finding: &Finding) {
    for detail in finding.details.iter().take(LINES) {
        indented(page, INDENT, "", detail);
    }
    more(page, INDENT, finding.details.len());
}

fn candidates(page: &mut Page, candidates: &[&CandidateReport], style: &Style) {
    for candidate in candidates.iter().take(LINES) {
        indented(page, INDENT, "", &words::candidate(candidate, style.verbose));
    }
    more(page, INDENT, candidates.len());
}

fn advice(page: &mut Page, finding: &Finding) {
    for (label, text) in words::advice(finding) {
        indented(page, INDENT, &format!("{:6}", format!("{label}:")), text);
    }
}

fn indented(page: &mut Page, indent: usize, label: &str, text: &str) {
    let hang = indent + label.len().max(2);
    page.row(hang, &[(Plain, &" ".repeat(indent)), (Plain, label), (Plain, text)]);
}

fn more(page: &mut Page, indent: usize, all: usize) {
    if let Some(more) = all.checked_sub(LINES).filter(|more| *more > 0) {
        indented(page, indent, "", &format!("and {more} more (--format json has them)"));
    }
}

/// What was found and decided nothing, although it could have been meant to.
fn uncounted(page: &mut Page, verdict: &Record, style: &Style) {
    let mut all = words::uncounted(verdict, style.verbose);
    if verdict.decision == Decision::Deny {
        // What the failed steps have said already.
        let failed = verdict.steps.iter().filter(|step| !step.passes);
        let told: BTreeSet<_> =
            failed.flat_map(|step| &step.candidates).map(|c| (&c.id, &c.found)).collect();
        all.retain(|candidate| !told.contains(&(&candidate.id, &candidate.found)));
    }
    if all.is_empty() {
        return;
    }
    page.line(2, "  not counted");
    for candidate in all.iter().take(LINES) {
        indented(page, 4, "", &words::candidate(candidate, style.verbose));
    }
    more(page, 4, all.len());
    page.gap();
}

fn remarks(page: &mut Page, verdict: &Record) {
    for note in verdict.notes.iter().take(LINES) {
        indented(page, 0, "note   ", note);
    }
    more(page, 7, verdict.notes.len());
    // What ends first stands in the answer.
    let answered = verdict.good_until.as_ref();
    for deadline in verdict.expiring.iter().filter(|deadline| Some(*deadline) != answered) {
        let text = format!("{}  {}", words::minute(&deadline.time), deadline.what);
        indented(page, 0, "soon   ", &text);
    }
}

fn answer(page: &mut Page, verdict: &Record) {
    let word = verdict.decision.word();
    let (paint, follow): (Paint, Option<(&str, &str)>) = match verdict.decision {
        Decision::Allow
        | Decision::AllowByException
        | Decision::AllowAsRollback
        | Decision::AllowNotEnforced => (Good, Some(("deploy ", &verdict.image.reference))),
        Decision::Ready => (Bold, verdict.next.as_deref().map(|next| ("next   ", next))),
        Decision::Deny => (Bad, None),
    };
    // The last line of a deny is its score, so where to find help comes before.
    if verdict.decision == Decision::Deny
        && let Some(contact) = &verdict.policy.contact
    {
        indented(page, 0, "help   ", contact);
    }
    page.row(7, &[(paint, word), (Plain, "  "), (Plain, &words::answer(verdict))]);
    if let Some((label, text)) = follow {
        page.row(7, &[(Bold, label), (Plain, text)]);
    }
}
