//! Times in documents: RFC 3339 in, UTC to the second out.

use jiff::SignedDuration;
pub use jiff::Timestamp;

/// How far the clocks of honest machines may differ.
pub const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// Reads an RFC 3339 time with an offset, as in-toto's Timestamp asks for. `t` and `z` are as good as
/// `T` and `Z` (RFC 3339 section 5.6); a space, an offset without minutes and an annotation behind it
/// are other formats' (ISO 8601, RFC 9557), which another reader may take for another moment.
///
/// The last day of the year 9999, by which people mean never, lies past the last moment that can be
/// told in every zone; it is read as that moment.
pub fn parse(text: &str) -> Option<Timestamp> {
    is_date_time(text).then(|| text.parse().ok().or_else(|| last(text))).flatten()
}

fn last(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked("2026-11-20".len())?;
    let is_last = matches!(date, "9999-12-30" | "9999-12-31");
    // The same time of another day, to know that it is one.
    (is_last && format!("2026-11-20{rest}").parse::<Timestamp>().is_ok()).then_some(Timestamp::MAX)
}

/// Writes a time as `2026-11-20T09:31:00Z`, the form of in-toto's Timestamp.
pub fn write(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `time` moved by a duration; at the end of what a timestamp can hold it stays there, which for a
/// limit means for ever and for an age means too old.
pub fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Whether `time` lies in the future beyond what clocks may differ.
pub fn is_future(time: Timestamp, now: Timestamp) -> bool {
    time > later(now, SKEW)
}

/// Whether a text has the shape of `date-time` (RFC 3339 section 5.6).
fn is_date_time(text: &str) -> bool {
    let Some((moment, rest)) = text.split_at_checked("2026-11-20T09:31:00".len()) else {
        return false;
    };
    let offset = match rest.strip_prefix('.') {
        Some(fraction) => {
            let offset = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if offset.len() == fraction.len() {
                return false;
            }
            offset
        }
        None => rest,
    };
    let is_offset = is_shaped(offset, "Z") || is_shaped(offset, "+00:00");
    is_shaped(moment, "0000-00-00T00:00:00") && is_offset
}

/// Whether a text is like another: `0` is any digit, `+` a sign, a letter itself in either case.
fn is_shaped(text: &str, shape: &str) -> bool {
    let fits = |(c, like): (u8, u8)| match like {
        b'0' => c.is_ascii_digit(),
        b'+' => c == b'+' || c == b'-',
        like => c.eq_ignore_ascii_case(&like),
    };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_is_read() {
        for (text, utc) in [
            ("2026-11-20T09:31:00Z", "2026-11-20T09:31:00Z"),
            ("2026-11-20t09:31:00z", "2026-11-20T09:31:00Z"),
            ("2026-11-20T09:31:00.999999999Z", "2026-11-20T09:31:00Z"),
            ("2026-11-20T09:31:00.1+02:00", "2026-11-20T07:31:00Z"),
            ("2026-11-20T09:31:00-00:30", "2026-11-20T10:01:00Z"),
            ("2024-02-29T23:59:59+00:00", "2024-02-29T23:59:59Z"),
        ] {
            assert_eq!(parse(text).map(write).as_deref(), Some(utc), "{text}");
        }
    }

    #[test]
    fn never_is_the_last_moment() {
        for text in ["9999-12-31T23:59:59Z", "9999-12-31t00:00:00.5z", "9999-12-31T23:59:59-23:00"]
        {
            assert_eq!(parse(text), Some(Timestamp::MAX), "{text}");
        }
        assert_eq!(parse("9999-12-30T21:59:59Z").map(write).unwrap(), "9999-12-30T21:59:59Z");
        for text in ["9999-12-31T24:00:00Z", "9999-12-32T00:00:00Z", "9999-12-31T23:59:59+99:00"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn other_forms_are_not() {
        for text in [
            "",
            "2026-11-20",
            "2026-11-20T09:31:00",
            "2026-11-20T09:31Z",
            "2026-11-20 09:31:00Z",
            "2026-11-20_09:31:00Z",
            " 2026-11-20T09:31:00Z",
            "2026-11-20T09:31:00Z ",
            "2026-11-20T09:31:00Z[UTC]",
            "2026-11-20T09:31:00+01:00[Europe/Paris]",
            "2026-11-20T09:31:00Z[u-ca=iso8601]",
            "2026-11-20T09:31:00+01",
            "2026-11-20T09:31:00+0100",
            "2026-11-20T09:31:00+01:00:00",
            "2026-11-20T09:31:00,5Z",
            "2026-11-20T09:31:00.Z",
            "20261120T093100Z",
            "+002026-11-20T09:31:00Z",
            "-2026-11-20T09:31:00Z",
            "2026-W47-5T09:31:00Z",
            "2026-324T09:31:00Z",
            "2026-11-20T24:00:00Z",
            "2026-02-29T09:31:00Z",
            "2026-13-20T09:31:00Z",
            "2026-11-20T09:61:00Z",
            "２026-11-20T09:31:00Z",
            "2026-11-20T09:31:0０Z",
            "now",
            "1732092000",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
