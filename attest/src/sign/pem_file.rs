//! Reads the textual encoding (PEM, RFC 7468) of key files.
//!
//! The `pem` crate writes what is public; what is secret is read here, because that crate leaves a
//! copy of the base64 in memory that nobody clears, and quotes lines of the file in its errors.
//! Text around the blocks is skipped, as RFC 7468 §5.2 asks: comments stand there, and what
//! `openssl -text` prints.

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

/// One block of a file.
pub(super) struct Block {
    /// What stands behind `BEGIN`: upper case letters, digits and spaces only.
    pub(super) label: String,
    /// What it holds.
    pub(super) body: Body,
}

/// The content of a block.
pub(super) enum Body {
    /// The bytes behind the base64.
    Bytes(Zeroizing<Vec<u8>>),
    /// Headers (RFC 1421) precede the base64: OpenSSL's old way to encrypt.
    Headers,
}

/// Reads every block of `bytes`, in order.
pub(super) fn blocks(bytes: &[u8]) -> Result<Vec<Block>, PemError> {
    // PowerShell writes a byte order mark in front of text.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(label) = label(line, BEGIN) {
            found.push(Block { label: label.to_owned(), body: body(label, &mut lines, bytes)? });
        } else if line.windows(BEGIN.len()).any(|window| window == BEGIN) {
            return Err(PemError::Line);
        }
    }
    if found.is_empty() { Err(PemError::Absent) } else { Ok(found) }
}

fn body<'a>(
    begin: &str,
    lines: &mut impl Iterator<Item = &'a [u8]>,
    whole: &[u8],
) -> Result<Body, PemError> {
    // Room for all of it: a buffer that grows leaves copies of the secret behind.
    let mut text = Zeroizing::new(Vec::with_capacity(whole.len()));
    let mut headers = false;
    for line in lines {
        if let Some(end) = label(line, END) {
            return match (end == begin, headers) {
                (false, _) => Err(PemError::End),
                (true, true) => Ok(Body::Headers),
                (true, false) => decode(&text).map(Body::Bytes),
            };
        }
        if line.starts_with(b"-----") {
            return Err(PemError::Line);
        }
        headers |= line.contains(&b':');
        text.extend_from_slice(line);
    }
    Err(PemError::End)
}

fn decode(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, PemError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    // The cause names a byte of the secret and where it stands.
    STANDARD.decode_vec(text, &mut bytes).map_err(|_| PemError::Base64)?;
    Ok(bytes)
}

/// The label of a line. So narrow a set of characters, since it is quoted in errors: a key squeezed
/// into one line must not pass for a label.
fn label<'a>(line: &'a [u8], mark: &[u8]) -> Option<&'a str> {
    let label = line.strip_prefix(mark)?.strip_suffix(b"-----")?;
    let plain = label.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b' ');
    (plain && (1..=40).contains(&label.len())).then(|| str::from_utf8(label).ok()).flatten()
}

/// Why a file is not PEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// No block at all.
    #[error("it holds no PEM block (`-----BEGIN …-----`)")]
    Absent,
    /// The text between the marks is not base64.
    #[error("what stands between `BEGIN` and `END` is not base64")]
    Base64,
    /// The block does not end, or ends as another.
    #[error("its PEM block has no `END` line that matches its `BEGIN` line")]
    End,
    /// A mark does not stand alone on its line.
    #[error("a `BEGIN` or `END` of its PEM block does not stand alone on a line, as it must")]
    Line,
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = (String, Option<Vec<u8>>);

    fn read(text: &str) -> Result<Vec<Read>, PemError> {
        let parts = |block: Block| match block.body {
            Body::Bytes(bytes) => (block.label, Some(bytes.to_vec())),
            Body::Headers => (block.label, None),
        };
        Ok(blocks(text.as_bytes())?.into_iter().map(parts).collect())
    }

    #[test]
    fn text_around_blocks_line_ends_and_a_byte_order_mark_are_skipped() {
        let text = "\u{feff}-----BEGIN A-----\r\nAQID\r\nBA==  \r\n-----END A-----\r\nwords: 1\r\n\
                    -----BEGIN B 2-----\r\n-----END B 2-----";
        let a = ("A".to_owned(), Some(vec![1, 2, 3, 4]));
        assert_eq!(read(text), Ok(vec![a, ("B 2".to_owned(), Some(vec![]))]));
    }

    #[test]
    fn headers_are_told_and_not_read_as_base64() {
        let text = "-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nAQID\n-----END A-----\n";
        assert_eq!(read(text), Ok(vec![("A".to_owned(), None)]));
    }

    #[test]
    fn faults_are_named() {
        assert_eq!(read(""), Err(PemError::Absent));
        assert_eq!(read("-----BEGIN A-----\nAQID\n"), Err(PemError::End));
        assert_eq!(read("-----BEGIN A-----\nAQID\n-----END B-----"), Err(PemError::End));
        assert_eq!(read("-----BEGIN A-----\nA\n-----END A-----"), Err(PemError::Base64));
        assert_eq!(read("-----BEGIN A-----\n-----BEGIN A-----\n"), Err(PemError::Line));
        assert_eq!(read("{\"key\":\"-----BEGIN A-----\\nAQID"), Err(PemError::Line));
    }

    #[test]
    fn a_key_squeezed_into_one_line_is_no_label() {
        let one = "-----BEGIN PRIVATE KEY-----AQID-----END PRIVATE KEY-----";
        assert_eq!(read(one), Err(PemError::Line));
        assert_eq!(
            read("-----BEGIN AQID AQID AQID AQID AQID AQID AQID AQID AQ-----"),
            Err(PemError::Line)
        );
    }
}
