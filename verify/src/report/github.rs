//! Workflow commands for GitHub Actions: one annotation per finding, one notice for an allow.
//!
//! What a command carries is escaped as the runner unescapes it
//! (actions/toolkit packages/core/src/command.ts), on top of making it inert, so that no text ends
//! its command and begins another.

use chain::{Decision, Record};

use super::{page::inert, words};

/// Prints a verdict.
pub fn print(verdict: &Record) -> String {
    let mut text = String::new();
    for finding in words::findings(verdict) {
        let title = format!("verify: {} {}", words::about(finding), finding.code.word());
        let mut lines = vec![finding.message.clone()];
        lines.extend(finding.details.iter().cloned());
        lines.extend(words::advice(finding).iter().map(|(label, text)| format!("{label}: {text}")));
        text.push_str(&command("error", &title, &lines));
    }
    let level = if verdict.decision == Decision::Deny { "error" } else { "notice" };
    let title = format!("verify: {}", verdict.decision.word());
    let mut lines = vec![words::answer(verdict), verdict.image.reference.clone()];
    lines.extend(verdict.next.iter().map(|next| format!("next: {next}")));
    text.push_str(&command(level, &title, &lines));
    text
}

fn command(level: &str, title: &str, lines: &[String]) -> String {
    let inert: Vec<String> = lines.iter().map(|line| content(&inert(line))).collect();
    format!("::{level} title={}::{}\n", property(title), inert.join("%0A"))
}

fn content(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    content(&inert(text)).replace(':', "%3A").replace(',', "%2C")
}
