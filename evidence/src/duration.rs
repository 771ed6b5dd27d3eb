//! Durations as people write them, in a policy and on a command line: `36h`, `14d`, `1d12h`.
//!
//! Units are fixed lengths: a day is 24 hours, a week seven days. There are no months and no years,
//! whose lengths a reader would have to guess.

use jiff::SignedDuration;

/// The units, longest first, each at most once, in seconds.
const UNITS: [(char, i64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Reads a duration of whole units, longest first: `36h`, `14d`, `1d12h`.
pub fn parse(text: &str) -> Result<SignedDuration, DurationError> {
    let mut seconds: i64 = 0;
    let mut units = UNITS.iter();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(DurationError::NoUnit)?;
        let (number, after) = rest.split_at_checked(digits).ok_or(DurationError::Malformed)?;
        let mut characters = after.chars();
        let unit = characters.next().ok_or(DurationError::NoUnit)?;
        rest = characters.as_str();
        if number.is_empty() || !UNITS.iter().any(|(name, _)| *name == unit) {
            return Err(DurationError::Malformed);
        }
        let (_, length) = units.find(|(name, _)| *name == unit).ok_or(DurationError::Order)?;
        let number: i64 = number.parse().map_err(|_| DurationError::TooLong)?;
        seconds = number
            .checked_mul(*length)
            .and_then(|part| seconds.checked_add(part))
            .ok_or(DurationError::TooLong)?;
    }
    if text.is_empty() {
        return Err(DurationError::Malformed);
    }
    Ok(SignedDuration::from_secs(seconds))
}

/// Why text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// Not numbers and units.
    #[error("a duration is whole numbers with the units w, d, h, m, s, such as `36h`")]
    Malformed,
    /// A number without a unit.
    #[error("the unit is missing; `36h` are 36 hours, `14d` 14 days")]
    NoUnit,
    /// Units out of order, or one twice.
    #[error("units go from long to short, each once, such as `1d12h`")]
    Order,
    /// More seconds than can be counted.
    #[error("that is longer than can be counted")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up() {
        let seconds = |text| parse(text).map(|duration| duration.as_secs());
        assert_eq!(seconds("36h"), Ok(36 * 3_600));
        assert_eq!(seconds("14d"), Ok(14 * 86_400));
        assert_eq!(seconds("90m"), Ok(5_400));
        assert_eq!(seconds("2w"), Ok(14 * 86_400));
        assert_eq!(seconds("30s"), Ok(30));
        assert_eq!(seconds("1d12h"), Ok(36 * 3_600));
        assert_eq!(seconds("1w2d3h4m5s"), Ok(788_645));
        assert_eq!(seconds("0s"), Ok(0));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for (text, error) in [
            ("", DurationError::Malformed),
            ("36", DurationError::NoUnit),
            ("h", DurationError::Malformed),
            ("-1h", DurationError::Malformed),
            ("1.5h", DurationError::Malformed),
            ("36 h", DurationError::Malformed),
            ("36H", DurationError::Malformed),
            ("1y", DurationError::Malformed),
            ("12h1d", DurationError::Order),
            ("1d1d", DurationError::Order),
            ("１h", DurationError::Malformed),
            ("99999999999999999999h", DurationError::TooLong),
            ("9223372036854775807w", DurationError::TooLong),
            ("15250284452471w604800s", DurationError::TooLong),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
