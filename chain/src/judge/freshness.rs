//! Freshness: is the newest word of a speaker new enough?

use evidence::{predicate::View, time::Timestamp};

use super::speaker::Speaker;
use crate::{
    clock::{self, spoken},
    finding::Code,
    policy::Step,
};

/// Why a speaker that says good things counts for nothing, or fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Staleness {
    /// The stable word.
    pub code: Code,
    /// Value and limit.
    pub message: String,
}

/// Holds a speaker's newest runs against the step's `max-age` and `database-max-age`.
pub(crate) fn judge(
    step: &Step,
    speaker: &Speaker<'_, '_>,
    now: Timestamp,
) -> Result<(), Staleness> {
    if let Some(limit) = step.max_age {
        let untimed = speaker.newest().any(|run| run.time.is_none());
        let time = speaker.age_time().filter(|_| !untimed).ok_or_else(|| Staleness {
            code: Code::NoTime,
            message:
                "no clock that the policy trusts says when it was made, and `max-age` asks for that"
                    .to_owned(),
        })?;
        let age = now.duration_since(time);
        if age > limit {
            let message = format!("{} old, at most {}", spoken(age), spoken(limit));
            return Err(Staleness { code: Code::Stale, message });
        }
    }
    let Some(limit) = step.database_max_age else {
        return Ok(());
    };
    for heard in speaker.newest().flat_map(|run| &run.left) {
        let Some(View::Scan(scan)) = heard.word.view() else { continue };
        let Some(database) = scan.database.filter(|time| !clock::is_future(*time, now)) else {
            let message = "nothing credible says how old the scanner's database is".to_owned();
            return Err(Staleness { code: Code::NoTime, message });
        };
        let age = now.duration_since(database);
        if age > limit {
            let message =
                format!("the scanner's database is {} old, at most {}", spoken(age), spoken(limit));
            return Err(Staleness { code: Code::Stale, message });
        }
    }
    Ok(())
}
