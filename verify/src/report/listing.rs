//! What hangs on an image, for a person: a table that says in every column whose word it is.

use super::{
    Style,
    page::{
        Page,
        Paint::{Bold, Plain},
    },
    text, words,
};
use chain::verdict::Fate;

use crate::list::{Entry, Judged, Listing};

/// Prints a list, and the verdict if there is one.
pub fn print(listing: &Listing, style: &Style) -> String {
    let mut page = Page::new(style.columns, style.colour);
    let number = match listing.attestations.len() {
        1 => "1 attestation".to_owned(),
        number => format!("{number} attestations"),
    };
    page.row(0, &[(Bold, &listing.reference)]);
    if listing.attestations.is_empty() {
        page.line(0, "no attestation hangs on this digest");
    } else {
        let judged = match listing.verdict {
            Some(_) => "by their own word, and what the policy made of each",
            None => "none verified",
        };
        page.line(0, &format!("{number}, {judged}"));
        page.gap();
        table(&mut page, &listing.attestations, style);
        page.gap();
    }
    for note in &listing.notes {
        page.line(7, &format!("note   {note}"));
    }
    match &listing.verdict {
        None if listing.attestations.is_empty() => page.into_text(),
        None => {
            page.line(
                0,
                "unverified: anyone who may push can have written these; --policy judges them",
            );
            page.into_text()
        }
        Some(verdict) => {
            page.line(0, "Anyone who may push can have written these. The verdict on them:");
            page.gap();
            page.into_text() + &text::print(verdict, style)
        }
    }
}

fn table(page: &mut Page, entries: &[Entry], style: &Style) {
    let rows: Vec<[String; 4]> = entries.iter().map(|entry| cells(entry, style.verbose)).collect();
    let heads =
        ["step", "says it was signed by", "says it was made", "id (sha256)"].map(str::to_owned);
    let [first, second, third] = [0, 1, 2].map(|column| {
        let texts = rows.iter().chain([&heads]).filter_map(|row| row.get(column));
        texts.map(|text| text.chars().count()).filter(|width| *width <= 40).max().unwrap_or(0)
    });
    let line = |page: &mut Page, [a, b, c, d]: &[String; 4]| {
        let text = format!("  {a:first$}  {b:second$}  {c:third$}  {d}");
        page.line(4, text.trim_end());
    };
    line(page, &heads);
    for (row, entry) in rows.iter().zip(entries) {
        line(page, row);
        if let Some(problem) = &entry.problem {
            page.row(6, &[(Plain, "      "), (Plain, problem)]);
        }
        for line in judged(&entry.judged) {
            page.row(6, &[(Plain, "      "), (Plain, &line)]);
        }
    }
}

/// What became of an entry, in a line per fate and reason: `chosen for test`. That it was left out for
/// some steps is said only where it speaks for none.
fn judged(all: &[Judged]) -> Vec<String> {
    let speaks = all.iter().any(|judged| judged.fate != Fate::LeftOut);
    let mut lines: Vec<(String, Vec<&str>, Option<&str>)> = Vec::new();
    for Judged { step, fate, reason } in all {
        if speaks && *fate == Fate::LeftOut {
            continue;
        }
        let reason = reason.as_deref().filter(|_| speaks);
        let fate = fate.word().replace('-', " ");
        match lines.iter_mut().find(|(f, _, r)| *f == fate && *r == reason) {
            // Two who signed one statement are two candidates of one step.
            Some((_, steps, _)) => {
                steps.extend(step.as_deref().filter(|step| !steps.contains(step)));
            }
            None => lines.push((fate, step.as_deref().into_iter().collect(), reason)),
        }
    }
    let line = |(fate, steps, reason): (String, Vec<&str>, Option<&str>)| {
        let steps = match (speaks, steps.as_slice()) {
            (true, [_, ..]) => format!(" for {}", steps.join(", ")),
            _ => String::new(),
        };
        let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("{fate}{steps}{reason}")
    };
    lines.into_iter().map(line).collect()
}

fn cells(entry: &Entry, full: bool) -> [String; 4] {
    let of = entry.name.as_ref().or(entry.environment.as_ref());
    let kind = match entry.kind.as_str() {
        "other" => entry.predicate_type.as_deref().unwrap_or("other"),
        kind => kind,
    };
    let step = match of {
        Some(of) => format!("{kind} ({of})"),
        None => kind.to_owned(),
    };
    // Four columns fit a screen only without the algorithm, which is always the same.
    let bare = |text: &str| words::short(text).replace("sha256:", "");
    let place = |text: &str| if full { text.to_owned() } else { bare(text) };
    let id = match &entry.id {
        Some(id) => place(id),
        None => format!("in {}", place(&entry.found)),
    };
    let signer = place(&entry.says_signed_by);
    [step, signer, entry.says_made.as_deref().map(words::minute).unwrap_or_default(), id]
}
