//! Fate: what became of each word of a speaker, for the report.
//!
//! It decides nothing. Whatever a newer run or a later attempt replaced is called superseded, because
//! losing the newer one would bring it back: that is what a reader must be able to see.

use super::{
    Considered, What,
    content::Content,
    speaker::{Heard, Speaker},
};
use crate::{finding::Code, verdict::Fate};

/// How a speaker was heard.
#[derive(Clone, Debug)]
pub(super) enum Hearing {
    /// It counts.
    Counts,
    /// It counts for nothing: its newest word is too old or has expired.
    Lapsed(Code, String),
    /// A word of it was refused after its signer matched, and is its newest word.
    Refused,
    /// Its newest word may be one that has no time, and something asks for that.
    Untimed(String),
    /// Its newest run is negative.
    Vetoes,
}

/// What became of each word of a speaker.
pub(super) fn of<'w, 'p>(speaker: &Speaker<'w, 'p>, hearing: &Hearing) -> Vec<Considered<'w, 'p>> {
    let mut all: Vec<Considered<'w, 'p>> = Vec::new();
    for word in &speaker.refused {
        all.push(considered(word, Fate::Refused, word.refused().cloned()));
    }
    for run in &speaker.runs {
        all.extend(run.left.iter().map(|heard| {
            let (fate, reason) = if run.newest { spoken(heard, hearing) } else { old(heard) };
            considered(heard.word, fate, reason)
        }));
        all.extend(run.superseded.iter().map(|word| considered(word, Fate::Superseded, None)));
    }
    all
}

fn considered<'w, 'p>(
    word: &'w super::Word<'p>,
    fate: Fate,
    reason: Option<(Code, String)>,
) -> Considered<'w, 'p> {
    Considered { what: What::Word(word), fate, reason }
}

/// A word of a run that speaks.
fn spoken(heard: &Heard<'_, '_>, hearing: &Hearing) -> (Fate, Option<(Code, String)>) {
    match (&heard.content, hearing) {
        (Content::Negative { code, message, .. }, _) => {
            (Fate::Negative, Some((*code, message.clone())))
        }
        (_, Hearing::Counts | Hearing::Vetoes) => (Fate::Stands, None),
        (_, Hearing::Lapsed(code, message)) => (Fate::Lapsed, Some((*code, message.clone()))),
        (_, Hearing::Untimed(message)) if heard.word.age_time().is_none() => {
            (Fate::Refused, Some((Code::NoTime, message.clone())))
        }
        (_, Hearing::Refused | Hearing::Untimed(_)) => (Fate::Superseded, None),
    }
}

/// A word of a run that a newer one replaced; a joint choice may still take it.
fn old(heard: &Heard<'_, '_>) -> (Fate, Option<(Code, String)>) {
    match &heard.content {
        Content::Negative { code, message, .. } => {
            (Fate::Superseded, Some((*code, message.clone())))
        }
        Content::Lapsed { .. } | Content::Positive => (Fate::Superseded, None),
    }
}
