//! Ends: every moment at which a verdict may stop being good.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    predicate::{Kind, View},
    time::{self, Timestamp},
};

use super::Seen;
use crate::{clock, judge::Judged, verdict::Deadline};

/// Every moment at which one view of this verdict may stop being good, the first first.
pub(super) fn of(seen: &Seen<'_, '_>) -> BTreeSet<Deadline> {
    let (setting, judged) = (seen.setting, &seen.judged);
    let mut ends: Vec<(Timestamp, String)> = Vec::new();
    ends.extend(setting.policy.expires.map(|expires| (expires, "policy expires".to_owned())));
    for judged in judged {
        let name = &judged.step.name;
        // Of an approval the very word that is chosen must stay within it.
        let chosen = seen.chosen().iter().filter(|choice| choice.step.name == *name);
        let mut chosen = chosen.flat_map(|choice| &choice.words);
        if !chosen.any(|option| option.word.kind() == Kind::Approval) {
            ends.extend(last_enough(judged).map(|until| (until, format!("{name} max-age"))));
        }
        let accepts = judged.step.accept.iter().filter(|accept| setting.now < accept.until);
        ends.extend(accepts.map(|accept| (accept.until, format!("{name} accepts {}", accept.id))));
    }
    for choice in seen.chosen() {
        for option in &choice.words {
            let word = option.word;
            if let Some(View::Approval(approval)) = word.view() {
                let by = format!("{} by {}", choice.step.name, word.signer());
                let expires = approval.expires.map(|expires| (expires, format!("{by} expires")));
                ends.extend(expires);
                let limit = choice.step.max_age.zip(word.age_time());
                ends.extend(
                    limit.map(|(limit, time)| (clock::later(time, limit), format!("{by} max-age"))),
                );
            }
            // What somebody else's clock saw in time stays good.
            let until = word.bound().verified().credential().until;
            let until = until.filter(|_| word.made().is_claimed());
            ends.extend(until.map(|until| (until, format!("a key of {} ends", word.signer()))));
        }
    }
    ends.into_iter()
        // An age reaches its limit at this very moment and is good still.
        .filter(|(time, _)| *time >= setting.now)
        .map(|(time, what)| Deadline { time: time::write(time), what })
        .collect()
}

/// Until when enough parties stay within `max-age`: the count-th last of their ends.
fn last_enough(judged: &Judged<'_, '_>) -> Option<Timestamp> {
    let mut by_party: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for (party, until) in &judged.fresh_until {
        let known = by_party.entry(party).or_insert(*until);
        *known = (*known).max(*until);
    }
    let mut ends: Vec<Timestamp> = by_party.into_values().collect();
    ends.sort_by(|a, b| b.cmp(a));
    let nth = usize::try_from(judged.step.count).unwrap_or(usize::MAX).saturating_sub(1);
    ends.get(nth).copied()
}
