//! Whether the end of the work that a report states fits the clock: the same rule for scans and
//! tests.
//!
//! `verify` judges the freshness of a scan or test by the earlier of signing and the stated end, so
//! an old report is not made young by attesting it; here the person at the keyboard is told so.

use evidence::time::{self, Timestamp};

use super::Refused;

/// The age, in seconds, from which on a report is spoken of.
const OLD: i64 = 3600;

/// Refuses work that ended in the future, and gives the seconds since its end where that is an hour
/// or more.
pub(crate) fn age(ended: Option<Timestamp>, now: Timestamp) -> Result<Option<i64>, Refused> {
    let Some(ended) = ended else { return Ok(None) };
    if time::is_future(ended, now) {
        return Err(Refused::Future { ended: time::write(ended) });
    }
    let age = now.as_second().saturating_sub(ended.as_second());
    Ok((age >= OLD).then_some(age))
}

/// An age in words: `4 h`, `3 d`.
pub(crate) fn words(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{} s", seconds.max(0)),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Reads a time out of a report; Go's zero time (`0001-01-01T00:00:00Z`) says nothing.
pub(crate) fn stated(text: &str) -> Option<Timestamp> {
    time::parse(text).filter(|time| time.as_second() > 0)
}

/// The same where the format has a place for the end: what stands there and is no time is refused,
/// for a scan whose age nobody can tell would count as made when it was signed.
pub(crate) fn stated_in(file: &str, text: Option<&str>) -> Result<Option<Timestamp>, Refused> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if time::parse(text).is_none() {
        return Err(Refused::TimeUnreadable { file: file.to_owned(), time: text.to_owned() });
    }
    Ok(stated(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        time::parse(text).unwrap()
    }

    #[test]
    fn old_work_is_spoken_of_and_future_work_refused() {
        let now = at("2026-11-23T12:00:00Z");
        assert_eq!(age(None, now), Ok(None));
        assert_eq!(age(Some(at("2026-11-23T11:00:01Z")), now), Ok(None));
        assert_eq!(age(Some(at("2026-11-23T11:00:00Z")), now), Ok(Some(3600)));
        assert_eq!(age(Some(at("2026-11-23T12:01:00Z")), now), Ok(None));
        assert_eq!(age(Some(at("2026-11-23T12:01:01Z")), now).unwrap_err().code(), "future");
    }

    #[test]
    fn ages_are_words() {
        for (seconds, words_) in
            [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (14_400, "4 h"), (259_200, "3 d")]
        {
            assert_eq!(words(seconds), words_);
        }
    }

    #[test]
    fn the_zero_time_of_go_says_nothing() {
        assert_eq!(stated("0001-01-01T00:00:00Z"), None);
        assert_eq!(stated("2026-11-23T12:00:00"), None, "no zone");
        assert!(stated("2026-11-23T12:00:00.5+01:00").is_some());
    }
}
