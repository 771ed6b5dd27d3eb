//! A speaker: an allowed party (for scans: a party and a tool) with all its words for one step.
//!
//! A speaker speaks with its newest run. Within a run a word is superseded only by a later attempt of
//! the same job and leg; all that is left must be positive.

use std::collections::BTreeMap;

use evidence::time::Timestamp;

use super::{
    content::{self, Content},
    word::Word,
};
use crate::policy::Step;

/// A word and what it says about the step.
#[derive(Clone, Debug)]
pub(crate) struct Heard<'w, 'p> {
    /// The word.
    pub word: &'w Word<'p>,
    /// What it says.
    pub content: Content,
}

/// The words of one run of one speaker.
#[derive(Clone, Debug)]
pub(crate) struct Run<'w, 'p> {
    /// The words that stand.
    pub left: Vec<Heard<'w, 'p>>,
    /// The words that a later attempt replaced.
    pub superseded: Vec<&'w Word<'p>>,
    /// The time by which runs are ordered; `None` where a word has none.
    pub time: Option<Timestamp>,
    /// The newest time of the words that stand, by which the run's age is told.
    pub age_time: Option<Timestamp>,
    /// It holds the speaker's newest word, or may: its order is unproven.
    pub newest: bool,
    /// What the words that stand say, taken together.
    pub content: Content,
}

/// A speaker and its runs, the newest ones first.
#[derive(Clone, Debug)]
pub(crate) struct Speaker<'w, 'p> {
    /// The party.
    pub party: &'p str,
    /// The party, or the one of its people who signed.
    pub signer: &'w str,
    /// Its runs, the newest first.
    pub runs: Vec<Run<'w, 'p>>,
    /// Words that were refused after their signer matched.
    pub refused: Vec<&'w Word<'p>>,
}

impl<'w, 'p> Speaker<'w, 'p> {
    /// The runs that speak: the newest, and all whose order is unproven.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Run<'w, 'p>> {
        self.runs.iter().filter(|run| run.newest)
    }

    /// The time by which the age of what it says is told.
    pub(crate) fn age_time(&self) -> Option<Timestamp> {
        self.newest().filter_map(|run| run.age_time).max()
    }
}

/// Groups the words that a step selected into speakers.
pub(crate) fn speakers<'w, 'p>(
    step: &Step,
    words: &[&'w Word<'p>],
    now: Timestamp,
) -> Vec<Speaker<'w, 'p>> {
    let mut by_speaker: BTreeMap<_, Vec<&'w Word<'p>>> = BTreeMap::new();
    for word in words {
        by_speaker.entry((word.party(), word.signer(), word.tool())).or_default().push(word);
    }
    by_speaker
        .into_iter()
        .map(|((party, signer, _), words)| {
            let (refused, heard) = words.into_iter().partition(|word| word.refused().is_some());
            Speaker { party, signer, runs: runs(step, heard, now), refused }
        })
        .collect()
}

fn runs<'w, 'p>(step: &Step, words: Vec<&'w Word<'p>>, now: Timestamp) -> Vec<Run<'w, 'p>> {
    let mut by_run: BTreeMap<String, Vec<&'w Word<'p>>> = BTreeMap::new();
    for word in words {
        // A word without a run is a run of its own. Where it does not say of which repository it is,
        // it is of the run all the same: leaving that out must not hide the run's other words.
        let key = match &word.facts().run {
            Some(run) => format!("run {run}"),
            None => format!("word {}", word.id()),
        };
        by_run.entry(key).or_default().push(word);
    }
    let mut runs: Vec<Run<'w, 'p>> =
        by_run.into_values().map(|words| run(step, &words, now)).collect();
    let newest = runs.iter().filter_map(|run| run.time).max();
    for run in &mut runs {
        // Equal or missing times prove no order: then all of them speak.
        run.newest = run.time.is_none() || run.time == newest;
    }
    runs.sort_by(|a, b| b.newest.cmp(&a.newest).then(b.time.cmp(&a.time)));
    runs
}

fn run<'w, 'p>(step: &Step, words: &[&'w Word<'p>], now: Timestamp) -> Run<'w, 'p> {
    let (superseded, left): (Vec<_>, Vec<_>) =
        words.iter().copied().partition(|word| words.iter().any(|other| supersedes(other, word)));
    let heard = |word| Heard { word, content: content::judge(step, word, now) };
    let left: Vec<Heard<'_, '_>> = left.into_iter().map(heard).collect();
    let content = together(left.iter().map(|heard| &heard.content));
    let untimed = words.iter().any(|word| word.age_time().is_none());
    let age_time = left.iter().filter_map(|heard| heard.word.age_time()).max();
    let time = match content {
        // The end of the work is the signer's own word. A failure that states an early one must not
        // sink below an older pass (docs/design/order-of-words.md).
        Content::Negative { .. } => words.iter().filter_map(|word| word.made().after).max(),
        Content::Lapsed { .. } | Content::Positive => age_time,
    };
    Run { left, superseded, time: time.filter(|_| !untimed), age_time, newest: false, content }
}

/// Whether `later` replaces `earlier`: a later attempt of the same job and leg; where the CI counts no
/// attempts, a later *made after*, unless both name the same page of the job: then they are two words
/// of one attempt, and a failure among them would be hidden.
fn supersedes(later: &Word<'_>, earlier: &Word<'_>) -> bool {
    let (a, b) = (later.facts(), earlier.facts());
    let same_job = a.job.is_some() && a.job == b.job && a.leg == b.leg && a.source == b.source;
    if !same_job {
        return false;
    }
    match (a.attempt, b.attempt) {
        (Some(later), Some(earlier)) => later > earlier,
        (None, None) if a.page.is_some() && a.page == b.page => false,
        (None, None) => match (later.made().after, earlier.made().after) {
            (Some(later), Some(earlier)) => later > earlier,
            _ => false,
        },
        _ => false,
    }
}

/// All that is left must be positive: one negative word makes the run negative.
fn together<'c>(contents: impl Iterator<Item = &'c Content>) -> Content {
    let mut lapsed = &Content::Positive;
    for content in contents {
        match content {
            Content::Negative { .. } => return content.clone(),
            Content::Lapsed { .. } => lapsed = content,
            Content::Positive => {}
        }
    }
    lapsed.clone()
}
