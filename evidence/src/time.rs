//! Times in documents: RFC 3339 in, UTC to the second out.

pub use jiff::Timestamp;

/// Reads an RFC 3339 time with an offset, as in-toto's Timestamp asks for.
pub fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Writes a time as `2026-11-20T09:31:00Z`, the form of in-toto's Timestamp.
pub fn write(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
