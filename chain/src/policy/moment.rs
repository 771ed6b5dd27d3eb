//! Moments as a policy writes them: a date, or an RFC 3339 time.
//!
//! A date in `from` means from the start of that day on, a date as an end means to the end of that
//! day, both in UTC: what is good `until: 2026-12-31` is good on the 31st.

use evidence::time::{self, Timestamp};
use jiff::{civil::Date, tz::TimeZone};

/// Which end of a day a date stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// The first moment of the day.
    Start,
    /// The first moment after the day.
    End,
}

/// Reads a moment; `None` when the text is neither a date nor a time with an offset.
pub(super) fn parse(text: &str, edge: Edge) -> Option<Timestamp> {
    if !is_date(text.get(..10)?) {
        return None;
    }
    if text.len() > 10 {
        let time = text.get(10..)?;
        // RFC 3339 section 5.6, of which the reader accepts more: no week dates, no zone names.
        let plain = |c: char| c.is_ascii_digit() || "T:.Z+-".contains(c);
        return if time.starts_with('T') && time.chars().all(plain) {
            time::parse(text)
        } else {
            None
        };
    }
    let date: Date = text.parse().ok()?;
    let day = match edge {
        Edge::Start => date,
        Edge::End => date.tomorrow().ok()?,
    };
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_ends_with_its_day() {
        let at = |text, edge| parse(text, edge).map(time::write);
        assert_eq!(at("2026-12-31", Edge::Start).as_deref(), Some("2026-12-31T00:00:00Z"));
        assert_eq!(at("2026-12-31", Edge::End).as_deref(), Some("2027-01-01T00:00:00Z"));
        for edge in [Edge::Start, Edge::End] {
            assert_eq!(
                at("2026-12-31T06:00:00+02:00", edge).as_deref(),
                Some("2026-12-31T04:00:00Z")
            );
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "2026",
            "2026-12",
            "2026-13-01",
            "2026-02-30",
            "31.12.2026",
            "2026-12-31T06:00:00",
            "2026-12-31 06:00:00Z",
            "2026-12-31T06:00:00[Europe/Berlin]",
            "tomorrow",
            "2026-12-31T",
            "９９９９-12-31",
            "20261231",
            "9999-12-31x",
        ] {
            assert_eq!(parse(text, Edge::End), None, "{text}");
        }
    }
}
