//! The distinguished encoding of ASN.1 (X.690), as far as certificates and timestamp tokens need it.
//!
//! Written by hand because a liar must be able to write what no library would: a certificate with two
//! names, a purpose that is not critical, a token that says no. It reads only what tests send.

use jiff::Timestamp;

/// A value of tag `tag` that consists of `parts`.
pub(super) fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    [[tag].as_slice(), &length(content.len()), &content].concat()
}

/// X.690, 8.1.3: one byte up to 127, above it the count of the bytes and the bytes.
fn length(length: usize) -> Vec<u8> {
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => vec![short],
        _ => {
            let bytes: Vec<u8> =
                length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
            let count = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
            [[0x80 | count].as_slice(), &bytes].concat()
        }
    }
}

pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    value(0x30, parts)
}

/// A SET OF, its elements in the order that X.690, 11.6 asks for.
pub(super) fn set(parts: &[&[u8]]) -> Vec<u8> {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    value(0x31, &parts)
}

/// `[number]`, explicit.
pub(super) fn explicit(number: u8, parts: &[&[u8]]) -> Vec<u8> {
    value(0xa0 | number, parts)
}

/// `[number]` in place of the tag of a simple value.
pub(super) fn implicit(number: u8, content: &[u8]) -> Vec<u8> {
    value(0x80 | number, &[content])
}

/// A number that is not negative, from its bytes.
pub(super) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let bytes: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    match bytes.first() {
        Some(first) if *first < 0x80 => value(2, &[&bytes]),
        // A leading zero keeps it from being negative, or is all there is.
        _ => value(2, &[&[0], &bytes]),
    }
}

pub(super) fn boolean(truth: bool) -> Vec<u8> {
    value(1, &[&[if truth { 0xff } else { 0 }]])
}

pub(super) fn bits(unused: u8, content: &[u8]) -> Vec<u8> {
    value(3, &[&[unused], content])
}

pub(super) fn octets(content: &[u8]) -> Vec<u8> {
    value(4, &[content])
}

pub(super) fn utf8(text: &str) -> Vec<u8> {
    value(12, &[text.as_bytes()])
}

/// An object identifier from its dotted form (X.690, 8.19).
pub(super) fn object(dotted: &str) -> Vec<u8> {
    let mut arcs = dotted.split('.').filter_map(|arc| arc.parse::<u32>().ok());
    let (first, second) = (arcs.next().unwrap_or_default(), arcs.next().unwrap_or_default());
    let content: Vec<u8> =
        std::iter::once(first * 40 + second).chain(arcs).flat_map(base128).collect();
    value(6, &[&content])
}

fn base128(mut arc: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(arc & 0x7f).unwrap_or_default();
        bytes.push(if bytes.is_empty() { low } else { low | 0x80 });
        arc >>= 7;
        if arc == 0 {
            bytes.reverse();
            return bytes;
        }
    }
}

/// RFC 5280, 4.1.2.5: a UTCTime through 2049.
pub(super) fn utc_time(at: Timestamp) -> Vec<u8> {
    value(23, &[at.strftime("%y%m%d%H%M%SZ").to_string().as_bytes()])
}

pub(super) fn generalized_time(at: Timestamp) -> Vec<u8> {
    value(24, &[at.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes()])
}

/// Values, read one after another.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// What is inside the value that `bytes` are, if it has that tag.
    pub(super) fn within(bytes: &'a [u8], tag: u8) -> Option<Self> {
        Self { rest: bytes }.inside(tag)
    }

    pub(super) fn inside(&mut self, tag: u8) -> Option<Self> {
        self.content(tag).map(|rest| Self { rest })
    }

    pub(super) fn skip(&mut self, tag: u8) -> Option<()> {
        self.content(tag).map(drop)
    }

    /// The content of the next value, if it has that tag; otherwise it stays the next.
    pub(super) fn content(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next(tag).map(|(_, content)| content)
    }

    /// The same with tag and length.
    pub(super) fn whole(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next(tag).map(|(whole, _)| whole)
    }

    fn next(&mut self, tag: u8) -> Option<(&'a [u8], &'a [u8])> {
        let (found, rest) = self.rest.split_first()?;
        let (first, rest) = rest.split_first().filter(|_| *found == tag)?;
        let (length, rest) = match first.checked_sub(0x80) {
            None => (usize::from(*first), rest),
            Some(count) => {
                let (bytes, rest) = rest.split_at_checked(usize::from(count))?;
                let length = bytes.iter().try_fold(0_usize, |length, byte| {
                    length.checked_mul(256)?.checked_add(usize::from(*byte))
                })?;
                (length, rest)
            }
        };
        let (content, after) = rest.split_at_checked(length)?;
        let (whole, _) = self.rest.split_at_checked(self.rest.len() - after.len())?;
        self.rest = after;
        Some((whole, content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_the_standard_has_them() {
        assert_eq!(object("1.2.840.10045.2.1"), [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]);
        assert_eq!(object("2.5.29.17"), [6, 3, 0x55, 0x1d, 0x11]);
        assert_eq!(unsigned(&[0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[0]), [2, 1, 0]);
        let long = octets(&[7; 300]);
        assert_eq!((long.len(), long.get(..4)), (304, Some([4, 0x82, 1, 44].as_slice())));
        assert_eq!(set(&[&[9], &[3]]), [0x31, 2, 3, 9]);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let (long, one) = (octets(&[7; 300]), unsigned(&[1]));
        let both = sequence(&[&long, &one]);
        let mut reader = Reader::within(&both, 0x30).unwrap();
        assert_eq!(reader.content(2), None);
        assert_eq!(reader.whole(4), Some(long.as_slice()));
        assert_eq!((reader.content(2), reader.content(2)), (Some([1].as_slice()), None));
        assert!(Reader::within(both.get(..both.len() - 1).unwrap(), 0x30).is_none());
    }
}
