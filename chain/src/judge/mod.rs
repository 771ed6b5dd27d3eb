//! Judge: which words speak for a step, and is what their speakers say good, new and enough?
//!
//! A step is judged alone here, on one digest of the view after the other: a veto on any of them fails
//! it, and the first on which it stands proves it. What it owes to other steps is related afterwards. One input, one
//! outcome: every word ends as one [`Considered`], and a step without findings has options to choose
//! from.

pub(crate) mod content;
mod fate;
pub(crate) mod freshness;
mod missing;
mod scope;
mod select;
pub(crate) mod speaker;
mod spoiled;
pub(crate) mod word;

use std::collections::BTreeSet;

use evidence::{
    Digest,
    predicate::Kind,
    time::{self, Timestamp},
};

use crate::{
    authenticate::Refusal,
    candidate::Image,
    clock,
    finding::{Code, Finding},
    policy::{Policy, Step},
    remedy,
    verdict::Fate,
    view::View,
};
use content::Content;
use fate::Hearing;
pub(crate) use fate::Reason;
use speaker::{Run, Speaker};
use word::Word;

/// A step, judged alone.
#[derive(Debug)]
pub(crate) struct Judged<'w, 'p> {
    /// The step.
    pub step: &'p Step,
    /// The words that relations may choose among, the newest first; empty where there are findings.
    pub options: Vec<Candidacy<'w, 'p>>,
    /// Why it does not stand.
    pub findings: Vec<Finding>,
    /// Every word and refusal that was looked at.
    pub considered: Vec<Considered<'w, 'p>>,
    /// The words that speak: what is left of the newest run of every speaker that counts.
    pub speaking: Vec<&'w Word<'p>>,
    /// Per signer that counts, until when `max-age` lets its newest word count.
    pub fresh_until: Vec<(&'w str, Timestamp)>,
    /// Whether a speaker vetoes it: then it fails, whatever stands elsewhere.
    vetoed: bool,
}

/// A word that may be chosen.
#[derive(Clone, Copy, Debug)]
pub struct Candidacy<'w, 'p> {
    /// The word.
    pub word: &'w Word<'p>,
    /// It is of its speaker's newest run.
    pub newest: bool,
}

/// What became of a word or a refusal, for one step.
#[derive(Clone, Debug)]
pub(crate) struct Considered<'w, 'p> {
    /// What was looked at.
    pub what: What<'w, 'p>,
    /// What became of it.
    pub fate: Fate,
    /// Why, where there is a reason.
    pub reason: Option<Reason>,
}

/// A word, or a candidate that never became one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What<'w, 'p> {
    /// A word.
    Word(&'w Word<'p>),
    /// A refusal.
    Refusal(&'w Refusal),
}

impl What<'_, '_> {
    /// Tells it from every other of one verdict.
    pub(crate) fn place(self) -> impl Ord + use<> {
        match self {
            Self::Word(word) => (true, word.place()),
            Self::Refusal(refusal) => (false, refusal.place),
        }
    }
}

/// What is judged against: the policy, the image and the view of it, the moment.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The image asked about.
    pub image: &'a Image,
    /// The view of it: one platform, as a rule.
    pub view: &'a View<'a>,
    /// The digest of the view on which a step is judged just now.
    pub on: &'a Digest,
    /// The environment that was asked for.
    pub environment: Option<&'a str>,
    /// The step of which only what comes before it was asked for.
    pub before: Option<&'a str>,
    /// The moment of asking.
    pub now: Timestamp,
}

/// Judges one step on every digest of the view.
pub(crate) fn judge<'w, 'p>(
    step: &'p Step,
    words: &'w [Word<'p>],
    refusals: &'w [Refusal],
    setting: Setting<'_>,
) -> Judged<'w, 'p> {
    let on = |digest: &Digest| judge_on(step, words, refusals, Setting { on: digest, ..setting });
    let mut digests = setting.view.digests.iter();
    // A view has a digest; the one asked for stands in for none.
    let first = on(digests.next().unwrap_or(&&setting.image.digest));
    digests.fold(first, |judged, digest| judged.or(on(digest)))
}

impl Judged<'_, '_> {
    /// Vetoes of both count; of two that are not vetoed the first that stands does.
    fn or(mut self, mut other: Self) -> Self {
        let stands = |judged: &Self| judged.findings.is_empty();
        let take_other = match (self.vetoed, other.vetoed) {
            (true, true) => {
                let new = |finding: &Finding| !self.findings.contains(finding);
                let more: Vec<Finding> =
                    other.findings.iter().filter(|f| new(f)).cloned().collect();
                self.findings.extend(more);
                false
            }
            (true, false) => false,
            (false, true) => true,
            (false, false) => {
                let nearer = self.findings.iter().all(|f| f.code == Code::Missing);
                !stands(&self) && (stands(&other) || nearer)
            }
        };
        let (mut kept, rest) = if take_other {
            std::mem::swap(&mut self, &mut other);
            (self, other)
        } else {
            (self, other)
        };
        let known: BTreeSet<_> = kept.considered.iter().map(|c| c.what.place()).collect();
        let more = rest.considered.into_iter().filter(|c| !known.contains(&c.what.place()));
        let more: Vec<_> = more.collect();
        kept.considered.extend(more);
        kept
    }
}

/// Judges one step on one digest.
fn judge_on<'w, 'p>(
    step: &'p Step,
    words: &'w [Word<'p>],
    refusals: &'w [Refusal],
    setting: Setting<'_>,
) -> Judged<'w, 'p> {
    let mut judged = Judged {
        step,
        options: vec![],
        findings: vec![],
        considered: vec![],
        speaking: vec![],
        fresh_until: vec![],
        vetoed: false,
    };
    let mut spoiling = spoiled::judge(&mut judged, refusals, setting);
    let mut selected = Vec::new();
    let here = words.iter().filter(|word| word.bound().is_about(setting.on));
    for word in here.filter(|word| concerns(step, Some(word.predicate_type()))) {
        match select::select(step, word, setting) {
            Ok(()) => selected.push(word),
            Err((fate, reason)) => judged.considered.push(Considered {
                what: What::Word(word),
                fate,
                reason: Some(reason),
            }),
        }
    }
    // What cannot be read may be of any tool.
    spoiling.extend(selected.iter().filter(|word| word.view().is_none()).map(|word| word.party()));
    let mut lapsed = Vec::new();
    for speaker in speaker::speakers(step, &selected, setting.now) {
        hear(&mut judged, &speaker, &spoiling, &mut lapsed, setting);
    }
    judged.vetoed = !judged.findings.is_empty();
    count(&mut judged, lapsed, setting);
    judged.options.sort_by(|a, b| order(a.word).cmp(&order(b.word)));
    if !judged.findings.is_empty() {
        judged.options.clear();
    }
    judged
}

/// Newest first; equal times by id, so that the order of arrival never matters.
fn order<'w>(word: &'w Word<'_>) -> impl Ord + use<'w> {
    (std::cmp::Reverse(word.age_time()), word.id())
}

fn concerns(step: &Step, predicate_type: Option<&str>) -> bool {
    predicate_type.is_some_and(|predicate_type| step.selects.claims.include(predicate_type))
}

/// Hears one speaker: it vetoes, counts, or counts for nothing.
fn hear<'w, 'p>(
    judged: &mut Judged<'w, 'p>,
    speaker: &Speaker<'w, 'p>,
    spoiling: &BTreeSet<&str>,
    lapsed: &mut Vec<(Code, String)>,
    setting: Setting<'_>,
) {
    let step = judged.step;
    let negatives = negatives(step, speaker, setting);
    let stale = freshness::judge(step, speaker, setting.now).err();
    let untimed = stale.as_ref().filter(|stale| stale.code == Code::NoTime);
    if !negatives.is_empty() || untimed.is_some() || spoiling.contains(speaker.party) {
        judged.findings.extend(negatives);
        judged.findings.extend(untimed.zip(newest_word(speaker)).map(|(stale, word)| {
            finding(step, stale.code, stale.message.clone(), vec![], word, setting)
        }));
        let heard = match untimed {
            Some(stale) => Hearing::Untimed(stale.message.clone()),
            None if speaker.refused.is_empty() && !spoiling.contains(speaker.party) => {
                Hearing::Vetoes
            }
            None => Hearing::Refused,
        };
        judged.considered.extend(fate::of(speaker, &heard));
        return;
    }
    let expired = speaker.newest().find_map(|run| match run.content {
        Content::Lapsed { since } => {
            Some((Code::Expired, format!("expired {}", time::write(since))))
        }
        _ => None,
    });
    let lapse = expired.or(stale.map(|stale| (stale.code, stale.message)));
    if let Some((code, message)) = lapse {
        lapsed.push((code, format!("`{}`: {message}", speaker.signer)));
        judged.considered.extend(fate::of(speaker, &Hearing::Lapsed(code, message)));
        return;
    }
    if let (Some(limit), Some(time)) = (step.max_age, speaker.age_time()) {
        judged.fresh_until.push((speaker.signer, clock::later(time, limit)));
    }
    let words = |run: &Run<'w, 'p>| run.left.iter().map(|heard| heard.word).collect::<Vec<_>>();
    judged.speaking.extend(speaker.newest().flat_map(words));
    let good = speaker.runs.iter().filter(|run| run.content == Content::Positive);
    let options = good
        .flat_map(|run| words(run).into_iter().map(|word| Candidacy { word, newest: run.newest }));
    // An approval must itself be within max-age; a scan is renewed by a newer one instead.
    judged.options.extend(options.filter(|option| {
        option.word.kind() != Kind::Approval || within(step, option.word, setting.now)
    }));
    judged.considered.extend(fate::of(speaker, &Hearing::Counts));
}

fn within(step: &Step, word: &Word<'_>, now: Timestamp) -> bool {
    match (step.max_age, word.age_time()) {
        (None, _) => true,
        (Some(limit), Some(time)) => now.duration_since(time) <= limit,
        (Some(_), None) => false,
    }
}

/// The word to name where the newest one has no time: one without, if there is one.
fn newest_word<'w, 'p>(speaker: &Speaker<'w, 'p>) -> Option<&'w Word<'p>> {
    let mut words = speaker.newest().flat_map(|run| run.left.iter().map(|heard| heard.word));
    let first = words.next()?;
    Some(
        std::iter::once(first).chain(words).find(|word| word.age_time().is_none()).unwrap_or(first),
    )
}

/// One finding per negative word that speaks, and per refused one.
fn negatives(step: &Step, speaker: &Speaker<'_, '_>, setting: Setting<'_>) -> Vec<Finding> {
    let refused = speaker.refused.iter().filter_map(|word| {
        let (code, reason) = word.refused()?;
        Some(finding(step, *code, reason.clone(), vec![], word, setting))
    });
    let newest = speaker.newest().flat_map(|run| &run.left);
    let negative = newest.filter_map(|heard| match &heard.content {
        Content::Negative { code, message, details } => {
            Some(finding(step, *code, message.clone(), details.clone(), heard.word, setting))
        }
        _ => None,
    });
    refused.chain(negative).collect()
}

/// A finding about one word.
fn finding(
    step: &Step,
    code: Code,
    message: String,
    details: Vec<String>,
    word: &Word<'_>,
    setting: Setting<'_>,
) -> Finding {
    let mut lines = vec![signed(word)];
    lines.extend(details);
    let run = word.facts().run.as_deref().map(|run| format!(", {run}")).unwrap_or_default();
    let place = step.limits.as_ref().map_or(step.at, |limits| limits.at);
    Finding {
        details: lines,
        candidates: vec![word.id().to_string()],
        remedy: Some(remedy_for(step, code, word, setting)),
        who: Some(format!("{}{run}", word.signer())),
        ..Finding::of(step, code, message, setting).at(place, setting)
    }
}

/// A statement about an index names its platforms; who asks about one of these has to name the index,
/// and nobody has to attest anything.
fn remedy_for(step: &Step, code: Code, word: &Word<'_>, setting: Setting<'_>) -> String {
    match word.bound().unasked_index().filter(|_| code == Code::WrongSubject) {
        Some(index) => {
            format!(
                "if that is the index of this image, name it: {}",
                remedy::asked(setting, index)
            )
        }
        None => remedy::for_negative(step, code, Some(word.facts()), setting),
    }
}

/// `scanner (trivy), 2026-11-23 03:10, id sha256:61aa…`.
pub(crate) fn signed(word: &Word<'_>) -> String {
    let tool = word.tool().map(|tool| format!(" ({tool})")).unwrap_or_default();
    let time = word.made().shown().map(|time| format!(", {time}")).unwrap_or_default();
    format!("{}{tool}{time}, id {}", word.signer(), word.id().digest().short())
}

/// Counts distinct parties, once, here.
fn count(judged: &mut Judged<'_, '_>, lapsed: Vec<(Code, String)>, setting: Setting<'_>) {
    let step = judged.step;
    let signers: BTreeSet<&str> = judged.speaking.iter().map(|word| word.signer()).collect();
    let found = u32::try_from(signers.len()).unwrap_or(u32::MAX);
    let enough = found >= step.count && !judged.options.is_empty();
    if enough || !judged.findings.is_empty() {
        return;
    }
    let details: Vec<String> = lapsed.iter().map(|(_, text)| text.clone()).collect();
    let (code, message) = match (found, lapsed.first()) {
        (0, Some((code, _))) => (*code, format!("nothing new enough speaks for `{}`", step.name)),
        (0, None) => missing::why(judged),
        _ => (Code::TooFewSigners, format!("{found} of {} signers", step.count)),
    };
    // Of a party that is many people there is always one more.
    let alone = judged.speaking.iter().map(|word| word.bound().verified().party());
    let have = alone.filter(|party| !party.is_many()).map(|party| party.name.as_str()).collect();
    let who = remedy::who(step, &have, signers.len());
    judged.findings.push(Finding {
        details,
        remedy: Some(remedy::anew(step, setting)),
        who: Some(who),
        ..Finding::of(step, code, message, setting)
    });
}
