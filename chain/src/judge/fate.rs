//! Fate: what became of each word of a speaker, for the report.
//!
//! It decides nothing. Whatever a newer run or a later attempt replaced is called superseded, because
//! losing the newer one would bring it back: that is what a reader must be able to see.

use evidence::time::Timestamp;

use super::{
    Considered, What,
    content::Content,
    speaker::{Heard, Speaker},
};
use crate::{clock, finding::Code, verdict::Fate};

/// Why something became what it did.
#[derive(Clone, Debug)]
pub(crate) struct Reason {
    /// The stable word; none, where it is no fault of what was looked at.
    pub code: Option<Code>,
    /// The reason in a sentence.
    pub text: String,
}

impl Reason {
    /// A fault.
    pub(super) fn fault(code: Code, text: &str) -> Self {
        Self { code: Some(code), text: text.to_owned() }
    }

    /// What a reader should know, and nobody has to mend.
    pub(super) fn note(text: String) -> Self {
        Self { code: None, text }
    }
}

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
        let reason = word.refused().map(|(code, text)| Reason::fault(*code, text));
        all.push(considered(word, Fate::Refused, reason));
    }
    let newest = speaker
        .newest()
        .filter_map(|run| Some((run.time?, &run.content)))
        .max_by_key(|(time, _)| *time);
    for run in &speaker.runs {
        all.extend(run.left.iter().map(|heard| {
            let (fate, reason) =
                if run.newest { spoken(heard, hearing) } else { old(heard, newest) };
            considered(heard.word, fate, reason)
        }));
        all.extend(run.superseded.iter().map(|word| considered(word, Fate::Superseded, None)));
    }
    all
}

fn considered<'w, 'p>(
    word: &'w super::Word<'p>,
    fate: Fate,
    reason: Option<Reason>,
) -> Considered<'w, 'p> {
    Considered { what: What::Word(word), fate, reason }
}

/// A word of a run that speaks.
fn spoken(heard: &Heard<'_, '_>, hearing: &Hearing) -> (Fate, Option<Reason>) {
    match (&heard.content, hearing) {
        (Content::Negative { code, message, .. }, _) => {
            (Fate::Negative, Some(Reason::fault(*code, message)))
        }
        (_, Hearing::Counts | Hearing::Vetoes) => (Fate::Stands, None),
        (_, Hearing::Lapsed(code, message)) => (Fate::Lapsed, Some(Reason::fault(*code, message))),
        (_, Hearing::Untimed(message)) if heard.word.age_time().is_none() => {
            (Fate::Refused, Some(Reason::fault(Code::NoTime, message)))
        }
        (_, Hearing::Refused | Hearing::Untimed(_)) => (Fate::Superseded, None),
    }
}

/// A word of a run that a newer one replaced; a joint choice may still take it.
fn old(heard: &Heard<'_, '_>, newest: Option<(Timestamp, &Content)>) -> (Fate, Option<Reason>) {
    match &heard.content {
        Content::Negative { code, message, .. } => {
            (Fate::Superseded, Some(Reason::fault(*code, message)))
        }
        Content::Lapsed { .. } | Content::Positive => {
            (Fate::Superseded, newest.and_then(|newest| ended_before(heard.word, newest)))
        }
    }
}

/// Why a word is not the newest although it was signed last.
fn ended_before(
    word: &super::Word<'_>,
    (newest, content): (Timestamp, &Content),
) -> Option<Reason> {
    let ended = word.age_time().filter(|ended| *ended < newest)?;
    word.made().after.filter(|signed| *signed > newest)?;
    let what = match content {
        Content::Negative { .. } => "that failure",
        Content::Lapsed { .. } | Content::Positive => "what is newest",
    };
    Some(Reason::note(format!("its work ended {}, before {what}", clock::shown(ended))))
}
