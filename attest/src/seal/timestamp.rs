//! A timestamp over a signature (RFC 3161): an authority's word that the signature was there then.

use aws_lc_rs::digest::{SHA256, digest};
use registry::http::Sender;

use crate::service::{Question, Service, ServiceError};

/// A request up to the hash: version 1, SHA-256, no policy, no nonce, no certificate wanted (RFC 3161,
/// 2.4.1). The hash is of a signature that nobody has seen before, so no older answer fits it, and
/// verifiers take the authority's certificate from the trusted root.
const REQUEST: [u8; 24] = [
    0x30, 0x36, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
    0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];

/// Asks an authority; gives its whole answer, as bundles hold it.
pub(super) async fn timestamp(
    authority: &Service,
    sender: &Sender,
    signature: &[u8],
) -> Result<Vec<u8>, ServiceError> {
    let body = [&REQUEST, digest(&SHA256, signature).as_ref()].concat();
    let question = Question {
        content_type: "application/timestamp-query",
        accept: "application/timestamp-reply",
        ..Question::json("", body)
    };
    let response = authority.ask(sender, question, None).await?;
    let answer = authority.content(response)?;
    // A refusal comes with a good status as well; whether a token holds is asked of the finished bundle.
    if is_granted(&answer) { Ok(answer) } else { Err(authority.malformed("a timestamp")) }
}

/// Whether the answer begins as a response whose status is granted, with or without changes (RFC 3161,
/// 2.4.2): `SEQUENCE { SEQUENCE { INTEGER 0 or 1, …`.
fn is_granted(answer: &[u8]) -> bool {
    let Some((0x30, rest)) = answer.split_first().map(|(tag, rest)| (*tag, rest)) else {
        return false;
    };
    // The length of the whole, in one byte or, as X.690 8.1.3.5 has it, in as many as the first says.
    let Some((first, rest)) = rest.split_first() else { return false };
    let more = if *first < 0x80 { 0 } else { usize::from(*first & 0x7f) };
    matches!(rest.get(more..), Some([0x30, _, 0x02, 0x01, 0x00 | 0x01, ..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_no_timestamp() {
        let long =
            |status| [&[0x30, 0x82, 0x02, 0xa0, 0x30, 0x03, 0x02, 0x01, status][..]].concat();
        assert!(is_granted(&long(0)) && is_granted(&long(1)));
        assert!(!is_granted(&long(2)));
        assert!(is_granted(&[0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00]));
        assert!(!is_granted(&[0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x05]));
        for wrong in [&b""[..], b"0", b"<html>", &[0x30, 0xff, 0x30]] {
            assert!(!is_granted(wrong), "{wrong:?}");
        }
    }
}
