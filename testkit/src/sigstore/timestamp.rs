//! A timestamp authority: RFC 3161 tokens in CMS (RFC 5652).
//!
//! A token is about the bytes of a signature. It holds no certificate unless it was asked for, so that
//! the verifier must take the authority's from its trusted root.

use aws_lc_rs::digest;
use jiff::Timestamp;

use super::{
    certificate::{
        Authority, BEGINS, Body, ECDSA_SHA256, ENDS, TIME_STAMPING, key_ids, name, purpose, serial,
        signs,
    },
    der,
    keys::{Key, sha256},
};

const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";

/// Which of the instance's two authorities.
#[derive(Debug)]
pub(super) struct StampAuthority {
    authority: Authority,
    leaf: Key,
    /// Its name in the trusted root.
    pub(super) what: &'static str,
}

/// What a certificate of a timestamp authority says that it is for; only [`Purpose::Right`] may count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// For time stamping and something else.
    Among,
    /// For signing code.
    Another,
    /// For nothing in particular.
    Missing,
    /// For time stamping, which a verifier may overlook.
    NotCritical,
    /// For time stamping alone, critical (RFC 3161, 2.3).
    Right,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Query {
    /// The hash and its algorithm, an AlgorithmIdentifier.
    pub(super) imprint: Vec<u8>,
    pub(super) algorithm: Vec<u8>,
    pub(super) nonce: Option<Vec<u8>>,
    pub(super) with_certificate: bool,
}

impl Query {
    /// What cosign asks: SHA-256 of the signature, no nonce, no certificate.
    pub(super) fn about(signature: &[u8]) -> Self {
        Self {
            imprint: sha256(&[signature]).to_vec(),
            algorithm: der::sequence(&[&der::object(SHA256)]),
            nonce: None,
            with_certificate: false,
        }
    }

    /// The same with SHA-1, which counts for nothing any more.
    pub(super) fn weak(signature: &[u8]) -> Self {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, signature);
        Self {
            imprint: hash.as_ref().to_vec(),
            algorithm: der::sequence(&[&der::object("1.3.14.3.2.26")]),
            ..Self::about(signature)
        }
    }
}

impl StampAuthority {
    pub(super) fn of(instance: &str, what: &'static str) -> Self {
        Self {
            authority: Authority::of(instance, what, TIME_STAMPING),
            leaf: Key::of(&format!("{instance}: {what} leaf")),
            what,
        }
    }

    /// Leaf, intermediate, root.
    pub(super) fn chain(&self, for_what: Purpose) -> [Vec<u8>; 3] {
        let [middle, root] = self.authority.chain();
        [self.certificate(for_what), middle, root]
    }

    fn serial(&self) -> Vec<u8> {
        serial(&[self.what.as_bytes(), &self.leaf.public()])
    }

    fn certificate(&self, for_what: Purpose) -> Vec<u8> {
        let purpose = match for_what {
            Purpose::Among => purpose(&[TIME_STAMPING, "1.3.6.1.5.5.7.3.3"], true),
            Purpose::Another => purpose(&["1.3.6.1.5.5.7.3.3"], true),
            Purpose::Missing => Vec::new(),
            Purpose::NotCritical => purpose(&[TIME_STAMPING], false),
            Purpose::Right => purpose(&[TIME_STAMPING], true),
        };
        let ids = key_ids(&self.leaf.public(), &self.authority.key.public());
        let body = Body {
            serial: self.serial(),
            issuer: self.authority.issuer(),
            from: BEGINS,
            until: ENDS,
            subject: name(self.what),
            key: self.leaf.public(),
            extensions: [signs(), purpose, ids].concat(),
        };
        body.signed(&self.authority.key)
    }

    /// The answer to `query` at `at`: granted, with a token.
    pub(super) fn answer(&self, query: &Query, at: Timestamp, for_what: Purpose) -> Vec<u8> {
        response(0, &self.stamp(query, (at, at), for_what, &self.leaf))
    }

    /// The token alone.
    pub(super) fn token(&self, query: &Query, at: Timestamp) -> Vec<u8> {
        self.stamp(query, (at, at), Purpose::Right, &self.leaf)
    }

    /// A token that was signed with one time in it and says another.
    pub(super) fn changed(&self, query: &Query, at: Timestamp, says: Timestamp) -> Vec<u8> {
        response(0, &self.stamp(query, (at, says), Purpose::Right, &self.leaf))
    }

    /// A token in this authority's name by the key of another one.
    pub(super) fn forged(&self, query: &Query, at: Timestamp, other: &Self) -> Vec<u8> {
        response(0, &self.stamp(query, (at, at), Purpose::Right, &other.leaf))
    }

    fn stamp(
        &self,
        query: &Query,
        (at, says): (Timestamp, Timestamp),
        for_what: Purpose,
        by: &Key,
    ) -> Vec<u8> {
        let certificate = self.certificate(for_what);
        let attributes = self.attributes(&self.info(query, at), at, &certificate);
        let signature = by.sign(&der::set(&slices(&attributes)));
        let attributes = attributes.concat();
        let hash = der::sequence(&[&der::object(SHA256)]);
        let signer = der::sequence(&[
            &der::unsigned(&[1]),
            &der::sequence(&[&self.authority.issuer(), &der::unsigned(&self.serial())]),
            &hash,
            &der::explicit(0, &[&attributes]),
            &der::sequence(&[&der::object(ECDSA_SHA256)]),
            &der::octets(&signature),
        ]);
        let info = der::octets(&self.info(query, says));
        let certificates = match query.with_certificate {
            true => der::explicit(0, &[&certificate]),
            false => Vec::new(),
        };
        let signed = der::sequence(&[
            &der::unsigned(&[3]),
            &der::set(&[&hash]),
            &der::sequence(&[&der::object(TST_INFO), &der::explicit(0, &[&info])]),
            &certificates,
            &der::set(&[&signer]),
        ]);
        der::sequence(&[&der::object("1.2.840.113549.1.7.2"), &der::explicit(0, &[&signed])])
    }

    /// TSTInfo (RFC 3161, 2.4.2).
    fn info(&self, query: &Query, at: Timestamp) -> Vec<u8> {
        let nonce = query.nonce.as_deref().map(der::unsigned).unwrap_or_default();
        let number = serial(&[&query.imprint, at.to_string().as_bytes()]);
        der::sequence(&[
            &der::unsigned(&[1]),
            // The policy of Sigstore's own authority (Fulcio, docs/oid-info.md).
            &der::object("1.3.6.1.4.1.57264.2"),
            &der::sequence(&[&query.algorithm, &der::octets(&query.imprint)]),
            &der::unsigned(&number),
            &der::generalized_time(at),
            &der::sequence(&[&der::unsigned(&[1])]),
            &nonce,
        ])
    }

    /// The signed attributes, in the order of a SET OF.
    fn attributes(&self, info: &[u8], at: Timestamp, certificate: &[u8]) -> Vec<Vec<u8>> {
        let attribute =
            |kind: &str, value: Vec<u8>| der::sequence(&[&der::object(kind), &der::set(&[&value])]);
        // ESSCertIDv2, whose hash is SHA-256 unless it says otherwise (RFC 5035, section 4).
        let certified = der::sequence(&[&der::octets(&sha256(&[certificate]))]);
        let mut attributes = vec![
            attribute("1.2.840.113549.1.9.3", der::object(TST_INFO)),
            attribute("1.2.840.113549.1.9.5", der::utc_time(at)),
            attribute("1.2.840.113549.1.9.4", der::octets(&sha256(&[info]))),
            attribute(
                "1.2.840.113549.1.9.16.2.47",
                der::sequence(&[&der::sequence(&[&certified])]),
            ),
        ];
        attributes.sort_unstable();
        attributes
    }
}

/// TimeStampResp with a status (RFC 3161, 2.4.2) and whatever token.
pub(super) fn response(status: u8, token: &[u8]) -> Vec<u8> {
    der::sequence(&[&der::sequence(&[&der::unsigned(&[status])]), token])
}

fn slices(of: &[Vec<u8>]) -> Vec<&[u8]> {
    of.iter().map(Vec::as_slice).collect()
}
