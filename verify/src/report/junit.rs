//! A JUnit test suite, the form in which most CI systems show results: one case per step.
//!
//! Everything is XML-escaped; characters that XML 1.0 (section 2.2) cannot hold are spelled out.

use std::fmt::Write;

use chain::{Finding, Record, verdict::StepReport};
use evidence::text::escape_short;

use super::words;

/// Prints a verdict.
pub fn print(verdict: &Record) -> String {
    let whole: Vec<&Finding> = verdict.findings.iter().filter(|f| f.step.is_none()).collect();
    let failed = verdict.steps.iter().filter(|step| !step.passes).count() + whole.len().min(1);
    let cases = verdict.steps.len() + whole.len().min(1);
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites tests=\"{cases}\" failures=\"{failed}\" errors=\"0\">\n\
         \x20 <testsuite name=\"verify gate\" tests=\"{cases}\" failures=\"{failed}\" errors=\"0\" \
         skipped=\"0\" timestamp=\"{}\">\n",
        xml(verdict.now.trim_end_matches('Z')),
    );
    text.push_str("    <properties>\n");
    for (name, value) in [
        ("decision", verdict.decision.word()),
        ("image", verdict.image.reference.as_str()),
        ("policy", verdict.policy.digest.as_str()),
    ] {
        line(&mut text, &format!("      <property name=\"{name}\" value=\"{}\"/>", xml(value)));
    }
    text.push_str("    </properties>\n");
    for step in &verdict.steps {
        let findings = words::findings(verdict);
        let own = findings.into_iter().filter(|f| f.step.as_deref() == Some(step.name.as_str()));
        case(&mut text, verdict, &step.name, &own.collect::<Vec<_>>(), Some(step));
    }
    if !whole.is_empty() {
        case(&mut text, verdict, "image", &whole, None);
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

fn case(
    text: &mut String,
    verdict: &Record,
    name: &str,
    findings: &[&Finding],
    step: Option<&StepReport>,
) {
    let class = format!("verify.{}", verdict.policy.name);
    line(text, &format!("    <testcase name=\"{}\" classname=\"{}\">", xml(name), xml(&class)));
    for finding in findings {
        failure(text, finding.code.word(), &finding.message, &lines(finding));
    }
    if let Some(step) = step {
        // A step that fails is never shown as passed, whatever the findings say.
        if !step.passes && findings.is_empty() {
            failure(text, "deny", "the step is not proven", "");
        }
        let mut said: Vec<String> = Vec::new();
        if step.passes {
            let parts = [words::parties(step), words::made(step), words::says(step)];
            said.push(inert(&parts.join(", ")));
        }
        said.extend(step.candidates.iter().map(|c| inert(&words::candidate(c, true))));
        line(text, &format!("      <system-out>{}</system-out>", xml_lines(&said.join("\n"))));
    }
    text.push_str("    </testcase>\n");
}

fn failure(text: &mut String, code: &str, message: &str, more: &str) {
    let message = format!("{code}: {message}");
    line(
        text,
        &format!(
            "      <failure type=\"{code}\" message=\"{}\">{}</failure>",
            xml(&message),
            xml_lines(more)
        ),
    );
}

fn lines(finding: &Finding) -> String {
    let mut lines: Vec<String> = finding.details.iter().map(|line| inert(line)).collect();
    let advice = words::advice(finding);
    lines.extend(advice.iter().map(|(label, text)| format!("{label}: {}", inert(text))));
    lines.join("\n")
}

fn line(text: &mut String, line: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{line}");
}

/// Jenkins and GitLab read `[[ATTACHMENT|path]]` in a case's output as an order to publish a file;
/// U+FFFE and U+FFFF are no controls and yet no characters of XML.
fn inert(text: &str) -> String {
    escape_short(text, 2_000)
        .replace("[[", r"[\u{5b}")
        .replace('\u{fffe}', r"\u{fffe}")
        .replace('\u{ffff}', r"\u{ffff}")
}

fn xml(text: &str) -> String {
    entities(&inert(text))
}

/// Lines that are put together here, each already without a line's end of its own.
fn xml_lines(text: &str) -> String {
    text.lines().map(xml).collect::<Vec<_>>().join("\n")
}

/// The five predefined entities (XML 1.0 section 4.6).
pub(super) fn entities(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
