//! The verdict as one self-contained page for a browser: no script, no link, nothing fetched.
//!
//! The page forbids itself everything but its own style (Content-Security-Policy), so that a text
//! that escaped the escaping would still do nothing.

use chain::{Decision, Finding, Record, verdict::StepReport};
use evidence::text::escape_short;

use super::{junit::entities, words};

const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.4rem}.good{color:#176f2c}.bad{color:#b3261e}.waits{color:#7a5c00}\
code{overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}\
td,th{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #ccc}\
section{margin:1.5rem 0}li{overflow-wrap:anywhere}";

/// Prints a verdict.
pub fn print(verdict: &Record) -> String {
    let class = match verdict.decision {
        Decision::Deny => "bad",
        Decision::Ready => "waits",
        Decision::Allow
        | Decision::AllowByException
        | Decision::AllowAsRollback
        | Decision::AllowNotEnforced => "good",
    };
    let image = inert(&verdict.image.reference);
    let answer = format!("{}: {}", verdict.decision.word(), words::answer(verdict));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{}: {image}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1 class=\"{class}\">{}</h1>\n<p><code>{image}</code></p>\n{}{}{}\
         <p>Decided {} UTC by <code>{}</code>, policy digest <code>{}</code>.</p>\n\
         </body>\n</html>\n",
        verdict.decision.word(),
        inert(&answer),
        steps(verdict),
        words::findings(verdict).into_iter().map(|f| section(verdict, f)).collect::<String>(),
        remarks(verdict),
        inert(&words::minute(&verdict.now)),
        inert(&verdict.policy.file),
        inert(&verdict.policy.digest),
    )
}

fn steps(verdict: &Record) -> String {
    let mut text = String::from(
        "<table>\n<tr><th></th><th>step</th><th>by</th><th>made (UTC)</th><th>clock</th>\
         <th>says</th></tr>\n",
    );
    for step in &verdict.steps {
        let mark = if step.passes { "✓" } else { "✗" };
        let [party, made, clock, says] = words::cells(verdict, step);
        text.push_str(&row(&[mark, &step.name, &party, &made, &clock, &says]));
    }
    for relation in &verdict.relations {
        let members = relation.members.join(" = ");
        let claimed = if relation.claimed { "claimed" } else { "" };
        text.push_str(&row(&["✓", &relation.fact, &members, "", claimed, &relation.value]));
    }
    text + "</table>\n"
}

fn row(cells: &[&str]) -> String {
    let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", inert(cell))).collect();
    format!("<tr>{cells}</tr>\n")
}

fn section(verdict: &Record, finding: &Finding) -> String {
    let step: Option<&StepReport> =
        verdict.steps.iter().find(|step| Some(step.name.as_str()) == finding.step.as_deref());
    let mut items: Vec<String> = finding.details.clone();
    let candidates = step.map(|step| words::untold(step, &[finding])).unwrap_or_default();
    items.extend(candidates.into_iter().map(|c| words::candidate(c, true)));
    items.extend(words::advice(finding).iter().map(|(label, text)| format!("{label}: {text}")));
    format!(
        "<section>\n<h2>✗ {} <code>{}</code></h2>\n<p>{}</p>\n{}</section>\n",
        inert(words::about(finding)),
        finding.code.word(),
        inert(&finding.message),
        list(&items)
    )
}

fn remarks(verdict: &Record) -> String {
    let mut items: Vec<String> = verdict.notes.iter().map(|note| format!("note: {note}")).collect();
    items.extend(words::uncounted(verdict, true).into_iter().map(|c| words::candidate(c, true)));
    for deadline in &verdict.expiring {
        items.push(format!("soon: {}, {}", words::minute(&deadline.time), deadline.what));
    }
    items.extend(verdict.next.iter().map(|next| format!("next: {next}")));
    if verdict.decision == Decision::Deny {
        items.extend(verdict.policy.contact.iter().map(|contact| format!("help: {contact}")));
    }
    list(&items)
}

fn list(items: &[String]) -> String {
    if items.is_empty() {
        return String::new();
    }
    let items: String = items.iter().map(|item| format!("<li>{}</li>\n", inert(item))).collect();
    format!("<ul>\n{items}</ul>\n")
}

fn inert(text: &str) -> String {
    entities(&escape_short(text, 2_000))
}
