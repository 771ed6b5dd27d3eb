//! Durations that a person types: `90s`, `15m`, `36h`, `7d`, `2w`.

use std::{str::FromStr, time::Duration};

/// A length of time, at least a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(Duration);

impl Span {
    /// As the standard library has it.
    pub(crate) fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let (number, unit) = match text.char_indices().next_back() {
            Some((at, unit)) => (text.get(..at).unwrap_or_default(), unit),
            None => return Err(SpanError),
        };
        let seconds: u64 = match unit {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            'w' => 7 * 24 * 60 * 60,
            _ => return Err(SpanError),
        };
        // `parse` alone would take `+7`.
        let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        let number: u64 = number.parse().ok().filter(|n| digits && *n > 0).ok_or(SpanError)?;
        number.checked_mul(seconds).map(Duration::from_secs).map(Self).ok_or(SpanError)
    }
}

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a duration is a number and a unit: 90s, 15m, 36h, 7d, 2w")]
pub(crate) struct SpanError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_make_a_duration() {
        let seconds = |text: &str| text.parse::<Span>().map(|span| span.duration().as_secs());
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("7d"), Ok(604_800));
        assert_eq!(seconds("2w"), Ok(1_209_600));
        for text in ["", "7", "d", "-1d", "+1d", "0s", "1.5h", "1 d", "1µ", "99999999999999999999w"]
        {
            assert_eq!(seconds(text), Err(SpanError), "{text}");
        }
    }
}
