//! Trusted roots, for a person: a table of who is believed for what and until when.

use super::{
    Style,
    page::{Page, Paint::Bold, Paint::Plain},
    words,
};
use crate::roots::{Demand, Shown, ShownBelieved, ShownRoot, State};

/// Prints trusted roots.
pub fn print(shown: &Shown, style: &Style) -> String {
    let mut page = Page::new(style.columns, style.colour);
    if shown.roots.is_empty() {
        page.line(0, "the policy names no trusted root: it believes keys alone");
    }
    for (number, root) in shown.roots.iter().enumerate() {
        if number > 0 {
            page.gap();
        }
        one(&mut page, root, style);
    }
    page.into_text()
}

fn one(page: &mut Page, root: &ShownRoot, style: &Style) {
    match (&root.out, &root.name) {
        (Some(out), _) => page.row(2, &[(Bold, out), (Plain, "  from "), (Plain, &root.source)]),
        (None, Some(name)) => {
            page.row(2, &[(Bold, name), (Plain, "  from "), (Plain, &root.source)]);
        }
        (None, None) => page.row(2, &[(Bold, &root.source)]),
    }
    page.line(0, &root.digest);
    if let Some(asked) = &root.asked {
        page.line(2, &demand(asked));
    }
    page.gap();
    let role = |one: &ShownBelieved| one.role.word().len();
    let width = root.believed.iter().map(role).max().unwrap_or(0);
    page.line(0, &format!("  {:width$}  {:10}  {:10}  who", "believed for", "from", "until"));
    for believed in &root.believed {
        let [from, until] = [&believed.from, &believed.until].map(|time| match time {
            Some(time) => words::day(time),
            None => String::new(),
        });
        let line = format!("  {:width$}  {from:10}  {until:10}  ", believed.role.word());
        let who = match &believed.name {
            Some(name) => format!("{} ({name})", believed.url),
            None => believed.url.clone(),
        };
        let state = match believed.state {
            State::Current => "",
            State::Over => ", over",
            State::ToCome => ", yet to come",
        };
        page.row(width + 28, &[(Plain, &line), (Plain, &who), (Plain, state)]);
        if style.verbose {
            page.line(0, &format!("{:1$}{2}", "", width + 28, believed.id));
        }
    }
}

fn demand(asked: &Demand) -> String {
    let logs = match asked.log {
        0 => "in no log".to_owned(),
        1 => "in 1 log".to_owned(),
        number => format!("in {number} logs"),
    };
    let clocks = match asked.timestamps {
        1 => "seen by 1 clock".to_owned(),
        number => format!("seen by {number} clocks"),
    };
    let issuers = match &asked.issuers {
        Some(issuers) => format!("; vouches for identities of {} alone", issuers.join(", ")),
        None => String::new(),
    };
    format!("a signature must be {logs} and {clocks}{issuers}")
}
