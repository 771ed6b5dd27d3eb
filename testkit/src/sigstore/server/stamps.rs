//! The timestamp authority: `POST` of a TimeStampReq (RFC 3161, 3.4).

use evidence::json::json;
use jiff::SignedDuration;

use super::{Shared, bytes};
use crate::{
    registry::{Answer, Request},
    sigstore::{
        Lie,
        certificate::LIFETIME,
        der::Reader,
        timestamp::{Purpose, Query, response},
    },
};

impl Shared {
    pub(super) fn stamp(&self, request: &Request) -> Answer {
        let Some(query) = read(&request.body) else {
            // The real one says so, under the type of what it did not write.
            let message = "Error generating timestamp response";
            let body = json!({"code": 400, "message": message}).to_string();
            return Answer::json(400, body).with("Content-Type", "application/timestamp-reply");
        };
        let lie = self.state().lie;
        let ([own, _], [other, _]) = (&self.instance.own.stamps, &self.instance.other.stamps);
        let now = self.now();
        let ended = LIFETIME.saturating_add(SignedDuration::from_secs(40));
        let late = now.saturating_add(ended).unwrap_or(now);
        let reply = match lie {
            Some(Lie::TimestampByAnotherAuthority) => other.answer(&query, now, Purpose::Right),
            Some(Lie::TimestampForged) => own.forged(&query, now, other),
            Some(Lie::TimestampChanged) => own.changed(&query, now, late),
            Some(Lie::TimestampLate) => own.answer(&query, late, Purpose::Right),
            Some(Lie::TimestampOfAnotherSignature) => {
                let another = Query { imprint: vec![0; query.imprint.len()], ..query };
                own.answer(&another, now, Purpose::Right)
            }
            Some(Lie::TimestampRejected) => response(2, &[]),
            _ => own.answer(&query, now, Purpose::Right),
        };
        bytes("application/timestamp-reply", reply)
    }
}

/// What a TimeStampReq asks for (RFC 3161, 2.4.1).
fn read(request: &[u8]) -> Option<Query> {
    let mut request = Reader::within(request, 0x30)?;
    request.skip(2)?;
    let mut imprint = request.inside(0x30)?;
    let algorithm = imprint.whole(0x30)?;
    let hash = imprint.content(4)?;
    let _policy = request.content(6);
    let nonce = request.content(2);
    let with_certificate = request.content(1).is_some_and(|truth| truth != [0]);
    Some(Query {
        imprint: hash.to_vec(),
        algorithm: algorithm.to_vec(),
        nonce: nonce.map(<[u8]>::to_vec),
        with_certificate,
    })
}
