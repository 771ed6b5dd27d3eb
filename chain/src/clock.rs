//! Times of evidence and what they are compared with.
//!
//! *Made after*: the moment at which the certificate begins; by key, the time inside the signed bytes,
//! if there is a *made before*.
//! *Made before*: by a clock that the policy trusts; the signer's own word only where the policy says
//! `claimed`, and no other clock says anything.

use evidence::time::Timestamp;
pub(crate) use evidence::time::{SKEW, is_future, later};
use jiff::SignedDuration;

use crate::{authenticate::Seen, policy::Clocks};

/// Whose clock bounds a statement from above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The signer's own.
    Claimed,
    /// A log's.
    Log,
    /// A timestamp authority's.
    Timestamp,
}

impl Clock {
    /// The word in policies and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Log => "log",
            Self::Timestamp => "timestamp",
        }
    }
}

/// When a statement was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Not before this moment.
    pub after: Option<Timestamp>,
    /// Not after this moment, and whose clock says so.
    pub before: Option<(Timestamp, Clock)>,
}

impl Made {
    /// For people: when, and whose clock says that it was not later.
    pub(crate) fn shown(self) -> Option<String> {
        let clock = self.before.map(|(_, clock)| format!(" ({})", clock.word()));
        self.after.map(|after| shown(after) + &clock.unwrap_or_default())
    }

    /// Whether only the signer says when.
    pub(crate) fn is_claimed(self) -> bool {
        matches!(self.before, Some((_, Clock::Claimed)) | None)
    }

    /// When a statement was made that says `claimed` of itself, was signed with a certificate that began
    /// at `began`, and was `seen`.
    pub(crate) fn of(
        claimed: Option<Timestamp>,
        began: Option<Timestamp>,
        seen: Seen,
        trusted: Clocks,
    ) -> Self {
        let log = seen.log.filter(|_| trusted.log).map(|time| (time, Clock::Log));
        let stamp = seen.timestamp.filter(|_| trusted.timestamp);
        let stamp = stamp.map(|time| (time, Clock::Timestamp));
        let own = claimed.filter(|_| trusted.claimed).map(|time| (time, Clock::Claimed));
        let others = log.into_iter().chain(stamp).min_by_key(|(time, _)| *time);
        let before = others.or(own);
        // The signer's own word alone is no time: somebody believes it, or somebody bounds it.
        Self { after: began.or(claimed.filter(|_| before.is_some())), before }
    }
}

/// A duration in the largest units that say it: `36 h`, `14 d`, `3 min`.
pub(crate) fn spoken(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    match seconds {
        s if s >= 2 * 86_400 => match (s / 86_400, s % 86_400 / 3_600) {
            (days, 0) => format!("{days} d"),
            (days, hours) => format!("{days} d {hours} h"),
        },
        s if s >= 3_600 => match (s / 3_600, s % 3_600 / 60) {
            (hours, 0) => format!("{hours} h"),
            (hours, minutes) => format!("{hours} h {minutes} min"),
        },
        s if s >= 60 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}

/// A time for people: `2026-11-20 09:31`.
pub(crate) fn shown(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}
