//! Spoiled: what a known signer signed and nobody can read as a statement.
//!
//! It is refused after its signer matched. If it mentions the image it may be that signer's newest
//! word, so it fails the steps that it may have been meant for; falling back to an older word would let
//! whoever can spoil the newest choose among the rest. Anything else that was refused before is
//! dropped and listed.

use std::collections::BTreeSet;

use super::{Considered, Judged, Reason, Setting, What, concerns};
use crate::{authenticate::Refusal, bind, finding::Finding, policy::Step, remedy, verdict::Fate};

/// Records the refusals that concern a step; returns the parties of which one is the newest word.
pub(super) fn judge<'w>(
    judged: &mut Judged<'w, '_>,
    refusals: &'w [Refusal],
    setting: Setting<'_>,
) -> BTreeSet<&'w str> {
    let step = judged.step;
    let mut parties = BTreeSet::new();
    let mut told = BTreeSet::new();
    for refusal in refusals {
        let party = spoiler(step, refusal, setting);
        let concerned = concerns(step, refusal.predicate_type.as_deref()) && meant(step, refusal);
        if party.is_none() && !concerned {
            continue;
        }
        // Two copies of one such thing are one.
        if let Some(party) = party.filter(|party| told.insert((*party, refusal.id.as_ref()))) {
            judged.findings.push(finding(step, refusal, party, setting));
        }
        parties.extend(party);
        judged.considered.push(Considered {
            what: What::Refusal(refusal),
            fate: if party.is_some() { Fate::Refused } else { Fate::Dropped },
            reason: Some(Reason::fault(refusal.code, &refusal.reason)),
        });
    }
    parties
}

/// Whether what nobody verified says that it is meant for the step; what says nothing may be.
fn meant(step: &Step, refusal: &Refusal) -> bool {
    let selects = &step.selects;
    let wanted = |asked: &Option<String>, says: &Option<String>| asked.is_none() || asked == says;
    refusal.peeked.as_ref().is_none_or(|peeked| {
        peeked.name == selects.name
            && wanted(&selects.environment, &peeked.environment)
            && wanted(&selects.tool, &peeked.tool)
    })
}

/// The allowed party whose newest word for the step a refusal may be.
fn spoiler<'w>(step: &Step, refusal: &'w Refusal, setting: Setting<'_>) -> Option<&'w str> {
    let payload = refusal.spoiled.as_ref()?;
    let party = refusal.signer.as_deref()?;
    // What states no type, or two, may be of any.
    let meant =
        refusal.predicate_type.is_none() || concerns(step, refusal.predicate_type.as_deref());
    let allowed = step.signed_by.parties.contains(party);
    (meant && allowed && bind::mentions(payload, setting.on)).then_some(party)
}

fn finding(step: &Step, refusal: &Refusal, party: &str, setting: Setting<'_>) -> Finding {
    Finding {
        details: vec![format!("{party}, {}", refusal.carrier.found)],
        candidates: refusal.id.iter().map(ToString::to_string).collect(),
        remedy: Some(remedy::for_negative(step, refusal.code, None, setting)),
        who: Some(party.to_owned()),
        ..Finding::of(step, refusal.code, refusal.reason.clone(), setting)
    }
}
