//! The certificate authority (RFC 5280, as Fulcio fills it in) and its transparency log (RFC 6962).
//!
//! A root, an intermediate and leaves of ten minutes; the intermediate's key never signs anything but
//! leaves. The log promises over the precertificate and keeps no tree, for nobody asks it for proofs.

use jiff::{SignedDuration, Timestamp};

use super::{
    der,
    identity::{Identity, Name, fulcio},
    keys::{Key, sha256},
    lie::Lie,
};

/// ecdsa-with-SHA256 (RFC 5758, 3.2).
pub(super) const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
/// What a certificate is for (RFC 5280, 4.2.1.12).
pub(super) const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
pub(super) const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
/// How long a certificate lives, as Fulcio has it.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// Since when everything of a private Sigstore is trusted, and until when its certificates last.
pub(super) const BEGINS: Timestamp = Timestamp::constant(1_577_836_800, 0); // 2020-01-01
pub(super) const ENDS: Timestamp = Timestamp::constant(2_493_071_999, 0); // 2048-12-31T23:59:59Z

/// A root and the intermediate that it certified.
#[derive(Debug)]
pub(super) struct Authority {
    /// The intermediate's key.
    pub(super) key: Key,
    root: Key,
    what: &'static str,
    purpose: &'static str,
}

impl Authority {
    /// The authority `what` of an instance; all its certificates are for `purpose`.
    pub(super) fn of(instance: &str, what: &'static str, purpose: &'static str) -> Self {
        let key = |which: &str| Key::of(&format!("{instance}: {what} {which}"));
        Self { key: key("intermediate"), root: key("root"), what, purpose }
    }

    /// The intermediate and the root.
    pub(super) fn chain(&self) -> [Vec<u8>; 2] {
        let (root, middle) = (self.name("root"), self.name("intermediate"));
        let authority = |depth: Option<u8>| {
            let depth = depth.map(|depth| der::unsigned(&[depth])).unwrap_or_default();
            let may_sign = der::sequence(&[&der::boolean(true), &depth]);
            [
                extension("2.5.29.15", true, &der::bits(1, &[0x06])),
                extension("2.5.29.19", true, &may_sign),
            ]
            .concat()
        };
        let purpose = purpose(&[self.purpose], false);
        let body = |subject: &[u8], key: &Key, extensions: Vec<u8>| Body {
            serial: serial(&[subject, &key.public()]),
            issuer: root.clone(),
            from: BEGINS,
            until: ENDS,
            subject: subject.to_vec(),
            key: key.public(),
            extensions: [extensions, key_ids(&key.public(), &self.root.public())].concat(),
        };
        let middle = body(&middle, &self.key, [authority(Some(0)), purpose].concat());
        let root = body(&root, &self.root, authority(None));
        [middle.signed(&self.root), root.signed(&self.root)]
    }

    /// Who is the issuer in the leaves.
    pub(super) fn issuer(&self) -> Vec<u8> {
        self.name("intermediate")
    }

    fn name(&self, which: &str) -> Vec<u8> {
        name(&format!("{} {which}", self.what))
    }
}

/// The name of somebody of a private Sigstore.
pub(super) fn name(common: &str) -> Vec<u8> {
    let part = |kind: &str, text: &str| {
        der::set(&[&der::sequence(&[&der::object(kind), &der::utf8(text)])])
    };
    der::sequence(&[&part("2.5.4.10", "sigstore.test"), &part("2.5.4.3", common)])
}

/// A certificate before it is signed.
pub(super) struct Body {
    pub(super) serial: Vec<u8>,
    pub(super) issuer: Vec<u8>,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) subject: Vec<u8>,
    pub(super) key: Vec<u8>,
    pub(super) extensions: Vec<u8>,
}

impl Body {
    /// TBSCertificate.
    pub(super) fn der(&self) -> Vec<u8> {
        der::sequence(&[
            &der::explicit(0, &[&der::unsigned(&[2])]),
            &der::unsigned(&self.serial),
            &der::sequence(&[&der::object(ECDSA_SHA256)]),
            &self.issuer,
            &der::sequence(&[&der::utc_time(self.from), &der::utc_time(self.until)]),
            &self.subject,
            &self.key,
            &der::explicit(3, &[&der::sequence(&[&self.extensions])]),
        ])
    }

    pub(super) fn signed(&self, by: &Key) -> Vec<u8> {
        let body = self.der();
        certificate(&body, &by.sign(&body))
    }
}

fn certificate(body: &[u8], signature: &[u8]) -> Vec<u8> {
    let algorithm = der::sequence(&[&der::object(ECDSA_SHA256)]);
    der::sequence(&[body, &algorithm, &der::bits(0, signature)])
}

/// Fifteen bytes that nobody else's certificate has.
pub(super) fn serial(of: &[&[u8]]) -> Vec<u8> {
    let hash = sha256(of);
    [[1].as_slice(), hash.get(..15).unwrap_or_default()].concat()
}

pub(super) fn extension(kind: &str, critical: bool, content: &[u8]) -> Vec<u8> {
    let critical = if critical { der::boolean(true) } else { Vec::new() };
    der::sequence(&[&der::object(kind), &critical, &der::octets(content)])
}

/// What a certificate is for.
pub(super) fn purpose(kinds: &[&str], critical: bool) -> Vec<u8> {
    let kinds: Vec<u8> = kinds.iter().flat_map(|kind| der::object(kind)).collect();
    extension("2.5.29.37", critical, &der::sequence(&[&kinds]))
}

/// Whose key this is, and who certifies it: the first method of RFC 7093, section 2.
pub(super) fn key_ids(own: &[u8], issuer: &[u8]) -> Vec<u8> {
    let id = |key: &[u8]| sha256(&[key]).get(..20).unwrap_or_default().to_vec();
    let issuer = der::sequence(&[&der::implicit(0, &id(issuer))]);
    [extension("2.5.29.14", false, &der::octets(&id(own))), extension("2.5.29.35", false, &issuer)]
        .concat()
}

/// May sign, and nothing else.
pub(super) fn signs() -> Vec<u8> {
    extension("2.5.29.15", true, &der::bits(7, &[0x80]))
}

/// Fulcio: the authority that certifies who signs, and the log that saw the certificate.
#[derive(Debug)]
pub(super) struct Fulcio {
    pub(super) authority: Authority,
    pub(super) log: Key,
}

impl Fulcio {
    pub(super) fn of(instance: &str) -> Self {
        let authority = Authority::of(instance, "fulcio", CODE_SIGNING);
        Self { authority, log: Key::of(&format!("{instance}: ctlog")) }
    }

    /// A certificate for `key` (SubjectPublicKeyInfo) from `from` on; `other` is whom a liar asks.
    pub(super) fn certify(
        &self,
        identity: &Identity,
        key: &[u8],
        from: Timestamp,
        lie: Option<Lie>,
        other: &Self,
    ) -> Vec<u8> {
        let by = match lie {
            Some(Lie::CertificateByAnotherAuthority) => &other.authority,
            _ => &self.authority,
        };
        let mut body = self.body(by, identity, key, from, lie);
        if lie != Some(Lie::SctMissing) {
            let promise = self.promise(&body, by, lie, other);
            body.extensions.extend(promise);
        }
        match lie {
            Some(Lie::CertificateForged) => {
                let der = body.der();
                certificate(&der, &other.authority.key.sign(&der))
            }
            Some(Lie::CertificateNameChanged) => {
                let signature = by.key.sign(&body.der());
                let mallory = Identity::email("mallory@example.com", &identity.issuer);
                let changed = self.body(by, &mallory, key, from, lie);
                certificate(&changed.der(), &signature)
            }
            _ => body.signed(&by.key),
        }
    }

    fn body(
        &self,
        by: &Authority,
        identity: &Identity,
        key: &[u8],
        from: Timestamp,
        lie: Option<Lie>,
    ) -> Body {
        let name = identity.name.der();
        let second = Name::Email("mallory@example.com".to_owned()).der();
        let names: Vec<&[u8]> = match lie {
            Some(Lie::CertificateWithoutName) => Vec::new(),
            Some(Lie::CertificateWithTwoNames) => vec![&name, &second],
            _ => vec![&name],
        };
        let names = match names.is_empty() {
            true => Vec::new(),
            false => extension("2.5.29.17", true, &der::sequence(&names)),
        };
        let purpose = match lie {
            Some(Lie::CertificateForAnotherPurpose) => purpose(&["1.3.6.1.5.5.7.3.1"], false),
            _ => purpose(&[CODE_SIGNING], false),
        };
        let mut said = identity.extensions();
        match lie {
            Some(Lie::CertificateWithoutIssuer) => {
                let issuer = [fulcio(1, &identity.issuer), fulcio(8, &identity.issuer)];
                said.retain(|extension| !issuer.contains(extension));
            }
            Some(Lie::CertificateIssuersDisagree) => {
                let first = fulcio(1, &identity.issuer);
                said.retain(|extension| *extension != first);
                said.insert(0, fulcio(1, "https://issuer.invalid"));
            }
            _ => {}
        }
        let ids = key_ids(key, &by.key.public());
        let serial = serial(&[key, from.to_string().as_bytes()]);
        Body {
            serial,
            issuer: by.issuer(),
            from,
            until: from.saturating_add(LIFETIME).unwrap_or(from),
            subject: der::sequence(&[]),
            key: key.to_vec(),
            extensions: [signs(), purpose, ids, names, said.concat()].concat(),
        }
    }

    /// The extension with the log's promise over the precertificate (RFC 6962, 3.2 and 3.3).
    fn promise(&self, body: &Body, by: &Authority, lie: Option<Lie>, other: &Self) -> Vec<u8> {
        let at = u64::try_from(body.from.as_millisecond()).unwrap_or_default().to_be_bytes();
        let precertificate = match lie {
            Some(Lie::SctOfAnotherCertificate) => {
                let serial = serial(&[&body.serial]);
                let [key, extensions] = [&body.key, &body.extensions].map(Clone::clone);
                let [issuer, subject] = [&body.issuer, &body.subject].map(Clone::clone);
                Body { serial, issuer, subject, key, extensions, ..*body }.der()
            }
            _ => body.der(),
        };
        let length = u32::try_from(precertificate.len()).unwrap_or_default().to_be_bytes();
        let signed = [
            &[0, 0][..],
            &at,
            &[0, 1],
            &by.key.id(),
            length.get(1..).unwrap_or_default(),
            &precertificate,
            &[0, 0],
        ]
        .concat();
        let (id, key) = match lie {
            Some(Lie::SctByAnotherLog) => (other.log.id(), &other.log),
            Some(Lie::SctForged) => (self.log.id(), &other.log),
            _ => (self.log.id(), &self.log),
        };
        let signature = key.sign(&signed);
        let promise = [&[0][..], &id, &at, &[0, 0, 4, 3], &counted(&signature)].concat();
        let list = counted(&counted(&promise));
        extension("1.3.6.1.4.1.11129.2.4.2", false, &der::octets(&list))
    }
}

/// The key in a certificate: SubjectPublicKeyInfo (RFC 5280, 4.1).
pub(super) fn public_key(certificate: &[u8]) -> Option<Vec<u8>> {
    let mut body = der::Reader::within(certificate, 0x30)?.inside(0x30)?;
    // Version, number, algorithm, issuer, times, subject.
    [0xa0, 2, 0x30, 0x30, 0x30, 0x30].into_iter().try_for_each(|tag| body.skip(tag))?;
    body.whole(0x30).map(<[u8]>::to_vec)
}

/// Bytes with their length before them, in two bytes.
fn counted(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or_default();
    [&length.to_be_bytes(), bytes].concat()
}
