//! Withheld: a word that counts commits to a statement that no source returns any more.
//!
//! A statement is there if a party that may sign for a step of its type made it, or if the very bytes
//! that were committed to are there; a copy of the statement signed by somebody else is neither, or
//! whoever takes a bad scan away could answer for it. A commitment that states no type may be to one
//! that a step reads. What was committed to and is of a type that no step reads is a note.

use std::{cell::LazyCell, collections::BTreeSet};

use evidence::{Digest, Id, predicate::commitment::Commitment};

use crate::{
    authenticate::Refusal,
    finding::{Code, Finding},
    judge::{Judged, Setting, signed, word::Word},
    policy::{Policy, Step},
    relate::Choice,
    remedy,
};

/// What is withheld, and notes on what is merely gone.
#[derive(Debug, Default)]
pub(crate) struct Withheld {
    /// Per commitment that a step reads and that is gone.
    pub(crate) findings: Vec<Finding>,
    /// Per commitment that no step reads and that is gone.
    pub(crate) notes: Vec<String>,
}

/// Looks up every commitment of the words that speak and of those that prove.
pub(crate) fn findings(
    judged: &[Judged<'_, '_>],
    chosen: &[Choice<'_, '_>],
    words: &[Word<'_>],
    refusals: &[Refusal],
    setting: Setting<'_>,
) -> Withheld {
    // Most evidence commits to nothing, and then nobody asks what is there.
    let there = LazyCell::new(|| There::of(words, refusals, setting.policy));
    let mut withheld = Withheld::default();
    for judged in judged {
        let proving = chosen.iter().filter(|choice| choice.step.name == judged.step.name);
        let proving = proving.flat_map(|choice| choice.words.iter().map(|option| option.word));
        let mut seen = BTreeSet::new();
        for word in judged.speaking.iter().copied().chain(proving) {
            for commitment in word.view().map_or(&[][..], |view| view.commitments()) {
                let Some(id) = commitment.id.as_ref().filter(|id| seen.insert((*id).clone()))
                else {
                    continue;
                };
                if there.holds(id, commitment) {
                    continue;
                }
                match reads(setting.policy, commitment) {
                    Some(what) => {
                        withheld.findings.push(finding(judged.step, word, id, what, setting));
                    }
                    None => withheld.notes.push(format!(
                        "`{}` commits to {id}, which is not there; no step reads its type",
                        judged.step.name
                    )),
                }
            }
        }
    }
    withheld
}

/// What the sources returned.
struct There<'a, 'p> {
    words: &'a [Word<'p>],
    refusals: &'a [Refusal],
    said: BTreeSet<&'a Id>,
}

impl<'a, 'p> There<'a, 'p> {
    fn of(words: &'a [Word<'p>], refusals: &'a [Refusal], policy: &Policy) -> Self {
        let may = |party: &str, predicate_type: &str| {
            policy.steps.iter().any(|step| {
                step.signed_by.parties.contains(party)
                    && step.selects.claims.include(predicate_type)
            })
        };
        let words_said = words.iter().filter(|w| may(w.party(), w.predicate_type())).map(Word::id);
        // Refused after its signer was known: it is about something else, or cannot be read.
        let elsewhere = refusals.iter().filter_map(|refusal| {
            let party = refusal.signer.as_deref().filter(|_| refusal.code == Code::WrongSubject)?;
            let may = may(party, refusal.predicate_type.as_deref()?);
            refusal.id.as_ref().filter(|_| may)
        });
        Self { words, refusals, said: words_said.chain(elsewhere).collect() }
    }

    fn holds(&self, id: &Id, commitment: &Commitment) -> bool {
        self.said.contains(id)
            || commitment.bundle.as_ref().is_some_and(|bundle| self.carried(id, bundle))
    }

    /// Whether the very bytes are there, and say this. Bytes that were read as something else than
    /// what was committed to say nothing.
    fn carried(&self, id: &Id, bundle: &Digest) -> bool {
        let by_word = |word: &Word<'_>| word.id() == id && word.bundles().any(|b| b == bundle);
        let refused = |refusal: &Refusal| {
            let carried = refusal.carrier.bundle.as_ref();
            refusal.id.as_ref() == Some(id) && carried.is_some_and(|b| b.digest() == bundle)
        };
        self.words.iter().any(by_word) || self.refusals.iter().any(refused)
    }
}

/// The word for what was committed to, where a step of the policy reads it.
fn reads<'p>(policy: &'p Policy, commitment: &Commitment) -> Option<&'p str> {
    let Some(predicate_type) = commitment.predicate_type.as_deref() else {
        return Some("untyped");
    };
    let reader = policy.steps.iter().find(|step| step.selects.claims.include(predicate_type));
    reader.map(|step| step.selects.claims.word())
}

fn finding(step: &Step, word: &Word<'_>, id: &Id, what: &str, setting: Setting<'_>) -> Finding {
    let message = format!(
        "it commits to {}, a {what} attestation that no source returns",
        id.digest().short()
    );
    Finding {
        details: vec![signed(word), format!("gone: id {id}")],
        candidates: vec![word.id().to_string()],
        remedy: Some(format!(
            "put the attestation back: {}; or make this step anew",
            remedy::attach(setting.image)
        )),
        who: Some(format!("{}, and whoever may delete from the registry", word.signer())),
        ..Finding::of(step, Code::Withheld, message, setting)
    }
}
