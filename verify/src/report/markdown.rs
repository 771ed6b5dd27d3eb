//! The verdict in GitHub-flavoured Markdown, for a job's summary page.
//!
//! Every punctuation mark that means something in Markdown or in HTML is escaped, so that no text
//! makes a link, an image, a row of a table or a line of its own.

use std::fmt::Write;

use chain::{Decision, Finding, Record, verdict::StepReport};
use evidence::text::escape_short;

use super::words;

/// Lines of one list; the JSON has all of them.
const LINES: usize = 20;

/// Prints a verdict.
pub fn print(verdict: &Record) -> String {
    let mark = if verdict.decision == Decision::Deny { "❌" } else { "✅" };
    let mark = if verdict.decision == Decision::Ready { "⏳" } else { mark };
    let mut text = String::new();
    put(
        &mut text,
        &format!("### {mark} {}: {}", verdict.decision.word(), inert(&words::answer(verdict))),
    );
    put(&mut text, "");
    put(&mut text, &format!("Image: {}", inert(&verdict.image.reference)));
    put(&mut text, "");
    steps(&mut text, verdict);
    findings(&mut text, verdict);
    for note in verdict.notes.iter().take(LINES) {
        put(&mut text, &format!("Note: {}", inert(note)));
        put(&mut text, "");
    }
    if let Some(next) = &verdict.next {
        put(&mut text, &format!("Next: {}", inert(next)));
    }
    if let Some(contact) = verdict.policy.contact.as_ref().filter(|_| !verdict.findings.is_empty())
    {
        put(&mut text, &format!("Help: {}", inert(contact)));
    }
    text
}

fn steps(text: &mut String, verdict: &Record) {
    put(text, "| | step | by | made (UTC) | clock | says |");
    put(text, "|---|---|---|---|---|---|");
    for step in &verdict.steps {
        let cells = words::cells(verdict, step).map(|cell| inert(&cell));
        let mark = if step.passes { "✓" } else { "✗" };
        put(text, &format!("| {mark} | {} | {} |", inert(&step.name), cells.join(" | ")));
    }
    for relation in &verdict.relations {
        let members = relation.members.join(" = ");
        let claimed = if relation.claimed { "claimed" } else { "" };
        let cells =
            [&relation.fact, &members, "", claimed, &words::short(&relation.value)].map(inert);
        put(text, &format!("| ✓ | {} |", cells.join(" | ")));
    }
    put(text, "");
}

fn findings(text: &mut String, verdict: &Record) {
    for finding in words::findings(verdict) {
        let step = verdict.steps.iter().find(|s| Some(s.name.as_str()) == finding.step.as_deref());
        put(
            text,
            &format!(
                "**✗ {}** `{}` {}",
                inert(words::about(finding)),
                finding.code.word(),
                inert(&finding.message)
            ),
        );
        put(text, "");
        lines(text, finding, step);
        put(text, "");
    }
}

fn lines(text: &mut String, finding: &Finding, step: Option<&StepReport>) {
    for detail in finding.details.iter().take(LINES) {
        put(text, &format!("- {}", inert(detail)));
    }
    let candidates = step.map(|step| words::untold(step, &[finding])).unwrap_or_default();
    for candidate in candidates.into_iter().take(LINES) {
        put(text, &format!("- {}", inert(&words::candidate(candidate, false))));
    }
    for (label, value) in words::advice(finding) {
        put(text, &format!("- {label}: {}", inert(value)));
    }
}

fn put(text: &mut String, line: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{line}");
}

/// Backslashes before the marks that start something inside a line (CommonMark 0.31 section 2.4;
/// `|` and `~` are GitHub's, `$` starts its formulas, `:` its emoji and its bare links), entities for
/// those that start HTML. Nothing untrusted ever stands at the start of a line.
fn inert(text: &str) -> String {
    let mut out = String::new();
    for c in escape_short(text, 2_000).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '$' => out.push_str("&#36;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '|' | '~' | ':' | '!' | '#' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_starts_a_link_a_cell_or_a_tag() {
        assert_eq!(
            inert("[x](https://e.example) a|b `c` <script>&amp; ![i] **b**\n# h"),
            "\\[x\\]\\(https\\://e.example\\) a\\|b \\`c\\` &lt;script&gt;&amp;amp; \\!\\[i\\] \
             \\*\\*b\\*\\*\\\\u{a}\\# h"
        );
    }
}
