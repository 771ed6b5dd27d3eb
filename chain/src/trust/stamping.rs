//! Whose timestamps can count: authorities whose certificate is for time stamping and nothing else.
//!
//! RFC 3161, section 2.3: the extended key usage is there once, critical, and its only purpose is time
//! stamping. `sigstore-verify` looks for the purpose among others. A key that does something else
//! besides can be made to sign what reads as a timestamp.

use sigstore_verify::trust_root::TimestampAuthority;
use x509_cert::{
    Certificate,
    der::{Decode, oid::ObjectIdentifier},
    ext::pkix::ExtendedKeyUsage,
};

/// id-ce-extKeyUsage and id-kp-timeStamping (RFC 5280, section 4.2.1.12).
const USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");

/// Whether the first certificate, which makes the tokens, may do that and nothing else.
pub(super) fn is_fit(authority: &TimestampAuthority) -> bool {
    let Some(first) = authority.cert_chain.certificates.first() else { return false };
    let Ok(certificate) = Certificate::from_der(first.raw_bytes.as_bytes()) else { return false };
    let extensions = certificate.tbs_certificate.extensions.unwrap_or_default();
    let mut usages = extensions.iter().filter(|extension| extension.extn_id == USAGE);
    let (Some(usage), None) = (usages.next(), usages.next()) else { return false };
    let purposes = ExtendedKeyUsage::from_der(usage.extn_value.as_bytes());
    usage.critical && purposes.is_ok_and(|purposes| purposes.0 == [TIME_STAMPING])
}
