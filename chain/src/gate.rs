//! The central function: a policy, a question and what was gathered become a verdict.

use crate::{
    Candidate, Policy, Question, Verdict,
    ask::{Undecided, ask, beside},
    authenticate::{Keyring, authenticate},
    bind::bind,
    conclude::{Seen, conclude},
    judge::{Setting, judge, word},
    policy::Step,
    relate::relate,
    view::View,
    withheld,
};

/// Decides on one image.
///
/// Pure: the same inputs give the same verdict, whatever the order of the candidates. One exception:
/// `sigstore-verify` drops evidence by certificate that is of the future by the machine's own clock, so
/// a machine that is late may decide otherwise (docs/design/sigstore.md, what is left open).
/// An [`Undecided`] says that there is no verdict; it never stands for a deny.
pub fn gate<'p>(
    policy: &'p Policy,
    question: &Question,
    candidates: Vec<Candidate>,
) -> Result<Verdict, Undecided> {
    let steps = ask(policy, question)?;
    let beside = beside(policy, question)?;
    let views = View::of(&question.image, policy.evidence_on);
    let keyring = Keyring::of(policy);

    let (mut bound, mut refusals) = (Vec::new(), Vec::new());
    for candidate in candidates {
        for verified in authenticate(candidate, &keyring) {
            match verified.and_then(|verified| bind(verified, &question.image)) {
                Ok(word) => bound.push(word),
                Err(refusal) => refusals.push(refusal),
            }
        }
    }
    refusals.sort_by(|a, b| a.order().cmp(&b.order()));
    refusals.iter_mut().enumerate().for_each(|(place, refusal)| refusal.place = place);
    let words = word::read_all(bound.into_iter(), policy, question.now);
    let mut seen = Vec::new();
    for view in &views {
        let on = &question.image.digest;
        let setting = Setting {
            policy,
            image: &question.image,
            view,
            on,
            environment: question.environment.as_deref(),
            before: question.before.as_deref(),
            now: question.now,
        };
        let judged = |steps: &[&'p Step]| -> Vec<_> {
            steps.iter().map(|step| judge(step, &words, &refusals, setting)).collect()
        };
        let ahead = relate(&judged(&beside), setting)?.best;
        let judged = judged(&steps);
        let related = relate(&judged, setting)?;
        let withheld = withheld::findings(&judged, &related.best, &words, &refusals, setting);
        seen.push(Seen { setting, judged, related, ahead, withheld });
    }
    conclude(question, policy, &seen, &words, &refusals).ok_or(Undecided::NoPlatform)
}
