//! What came of a bundle in hand, for a person.

use super::{
    Style,
    page::{
        Page,
        Paint::{Bad, Bold, Good, Plain},
    },
    words,
};
use crate::bundle::Hearing;

/// Prints what came of a bundle.
pub fn print(hearing: &Hearing, style: &Style) -> String {
    let mut page = Page::new(style.columns, style.colour);
    let row = |page: &mut Page, label: &str, text: &str| {
        page.row(13, &[(Plain, &format!("  {label:9}  ")), (Plain, text)]);
    };
    let (paint, word) = if hearing.verified { (Good, "verified") } else { (Bad, "refused") };
    page.row(2, &[(paint, word), (Plain, "  "), (Bold, &hearing.file)]);
    if let (Some(code), Some(reason)) = (hearing.code, &hearing.reason) {
        row(&mut page, "because", &format!("{}: {reason}", code.word()));
    }
    let by = if hearing.verified { "signed by" } else { "says by" };
    let certified = hearing.identity.as_ref().zip(hearing.issuer.as_ref());
    let certified = certified.map(|(identity, issuer)| format!("{identity} (by {issuer})"));
    match (&hearing.signer, certified) {
        (Some(signer), Some(certified)) if *signer != certified => {
            row(&mut page, by, &format!("{signer}: {certified}"));
        }
        (Some(signer), _) => row(&mut page, by, signer),
        (None, _) => {}
    }
    let names = hearing.names.join(", ");
    let asked = if names.is_empty() {
        hearing.digest.clone()
    } else {
        format!("{}, as {names}", hearing.digest)
    };
    row(&mut page, if hearing.verified { "about" } else { "asked" }, &asked);
    if let Some(says) = &hearing.says {
        row(&mut page, "says", says);
    }
    if let Some(predicate_type) = &hearing.predicate_type {
        row(&mut page, "type", predicate_type);
    }
    if let Some(time) = made(hearing) {
        row(&mut page, "made", &time);
    }
    if let Some(id) = &hearing.id {
        row(&mut page, "id", id);
    }
    if hearing.verified {
        page.line(0, "what it says is not judged: only a gate allows a deployment");
    }
    page.into_text()
}

fn made(hearing: &Hearing) -> Option<String> {
    let after = hearing.made_after.as_deref().map(words::minute);
    let before = hearing.made_before.as_deref().map(words::minute);
    let clock = hearing.clock.as_deref().map(|clock| format!(" ({clock})")).unwrap_or_default();
    match (after, before) {
        (Some(after), Some(before)) if after != before => {
            Some(format!("{after} to {before}{clock}"))
        }
        (Some(time), _) | (None, Some(time)) => Some(format!("{time}{clock}")),
        (None, None) => None,
    }
}
