//! Withheld: a word that speaks commits to a statement that no source returns any more.
//!
//! A statement is there if a signer that the policy knows made it, or if the very bytes that were
//! committed to are there; a copy of the statement signed by somebody else is neither. What was
//! committed to and is of a type that no step reads is a note.

use std::collections::BTreeSet;

use evidence::{Digest, Id, predicate::commitment::Commitment};

use crate::{
    authenticate::Refusal,
    finding::{Code, Finding},
    judge::{Judged, Setting, signed, word::Word},
    policy::{Policy, Step},
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

/// Looks up every commitment of the words that speak.
pub(crate) fn findings(
    judged: &[Judged<'_, '_>],
    words: &[Word<'_>],
    refusals: &[Refusal],
    setting: Setting<'_>,
) -> Withheld {
    let known: BTreeSet<&Id> = words.iter().map(Word::id).collect();
    let carriers: BTreeSet<&Digest> =
        refusals.iter().filter_map(|refusal| refusal.carrier.bundle.as_ref()).collect();
    let mut withheld = Withheld::default();
    let mut seen = BTreeSet::new();
    for judged in judged {
        for word in &judged.speaking {
            let commitments = word.view().map_or(&[][..], |view| view.commitments());
            for commitment in commitments {
                let there = |id: &Id| {
                    known.contains(id)
                        || commitment.bundle.as_ref().is_some_and(|b| carriers.contains(b))
                };
                let Some(id) = commitment.id.as_ref().filter(|id| !there(id)) else { continue };
                if !seen.insert((judged.step.name.clone(), id.clone())) {
                    continue;
                }
                match reads(setting.policy, commitment) {
                    Some(step) => {
                        withheld.findings.push(finding(judged.step, word, id, step, setting));
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

/// The step of the policy that reads what was committed to.
fn reads<'p>(policy: &'p Policy, commitment: &Commitment) -> Option<&'p Step> {
    let predicate_type = commitment.predicate_type.as_deref()?;
    policy.steps.iter().find(|step| step.selects.claims.include(predicate_type))
}

fn finding(step: &Step, word: &Word<'_>, id: &Id, reader: &Step, setting: Setting<'_>) -> Finding {
    Finding {
        step: Some(step.name.clone()),
        code: Code::Withheld,
        message: format!(
            "it commits to {}, a {} attestation that no source returns",
            id.digest().short(),
            reader.selects.claims.word()
        ),
        details: vec![signed(word), format!("gone: id {id}")],
        at: Some(remedy::place(setting.policy, step.at)),
        remedy: Some(
            "put the attestation back: attest attach IMAGE --bundle FILE; or make this step anew"
                .to_owned(),
        ),
        who: Some(format!("{}, and whoever may delete from the registry", word.party())),
        follows: false,
    }
}
