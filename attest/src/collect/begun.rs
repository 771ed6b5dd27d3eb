//! A statement that hangs on some of the digests that it names and not on all: what a command leaves
//! that was interrupted, or that a registry refused in the middle. Run again, it goes on with that one.
//!
//! Only what our own key signed within the hour, as its newest of the kind, and that says the same but
//! for its times, is what was begun: a decision that is made anew is a new one, and nothing older may
//! come back over what was said since.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    Digest, Id, Statement,
    json::{Value, json},
    predicate::{self, View, approval::Approval},
    time::Timestamp,
};
use futures_util::future::try_join_all;
use registry::{AnySource, Error};

use super::own::{Own, own};
use crate::{family::Member, hand::Hand, statement::Prepared};

/// How old it may be, in seconds: longer than any command runs, shorter than the pause before somebody
/// means it anew.
const AGE: i64 = 60 * 60;

/// The bundle of what was begun, if `wanted` is what it says.
pub(crate) async fn find(
    source: &AnySource,
    members: &[&Member],
    wanted: &Prepared,
    hand: &Hand<'_>,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, Error> {
    let predicate_type = &wanted.statement.predicate_type;
    let all = members.iter().map(|member| async move {
        let found = own(source, member.digest(), predicate_type, hand).await?;
        Ok::<_, Error>((member.digest(), found))
    });
    let mut hanging: BTreeMap<Id, (Own, BTreeSet<&Digest>)> = BTreeMap::new();
    for (member, found) in try_join_all(all).await? {
        for one in found {
            let entry = hanging.entry(one.id.clone()).or_insert_with(|| (one, BTreeSet::new()));
            entry.1.insert(member);
        }
    }
    let newest = hanging.into_values().max_by_key(|(one, _)| one.claim.time);
    Ok(newest.and_then(|(one, on)| {
        let begun = on.len() < members.len()
            && is_young(one.claim.time, now)
            && says_the_same(&one, wanted);
        begun.then_some(one.bytes)
    }))
}

fn is_young(made: Option<Timestamp>, now: Timestamp) -> bool {
    made.is_some_and(|made| now.as_second().saturating_sub(made.as_second()) < AGE)
}

fn says_the_same(found: &Own, wanted: &Prepared) -> bool {
    found.statement.subjects == wanted.statement.subjects
        && timeless(&found.statement, &found.id) == timeless(&wanted.statement, &found.id)
        && holds_as_long(&found.claim.view, &wanted.claim.view)
}

/// Until the same moment, or for as long.
fn holds_as_long(found: &View, wanted: &View) -> bool {
    let (View::Approval(found), View::Approval(wanted)) = (found, wanted) else { return true };
    let length = |one: &Approval| {
        one.expires.map(|end| end.as_second().saturating_sub(one.approved_at.as_second()))
    };
    found.expires == wanted.expires || length(found) == length(wanted)
}

/// The predicate without what the clock of the command wrote, and without a commitment to `found`
/// itself: whoever is asked again has it before them.
fn timeless(statement: &Statement, found: &Id) -> Value {
    let mut value = statement.predicate.clone();
    let own: &[&str] = match statement.predicate_type.as_str() {
        predicate::APPROVAL => &["/approvedAt", "/expires"],
        predicate::DEPLOYMENT => &["/finishedAt"],
        predicate::PROVENANCE => &["/runDetails/metadata/finishedOn"],
        _ => &[],
    };
    for pointer in own.iter().chain(&["/attest_run/signedAt"]) {
        if let Some(time) = value.pointer_mut(pointer) {
            *time = Value::Null;
        }
    }
    let itself = json!(found);
    if let Some(all) = value.get_mut("inputAttestations").and_then(Value::as_array_mut) {
        all.retain(|one| one.pointer("/annotations/statement") != Some(&itself));
    }
    value
}
