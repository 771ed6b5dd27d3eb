//! A signing certificate, read: whom it names, by whose word, when it lived, and what else it says.
//!
//! Reading proves nothing: anybody can write a certificate. What is read here chooses a credential and
//! a root; the root's verifier then says whether the certificate is what it claims to be.

use std::collections::BTreeMap;

use evidence::time::Timestamp;
use x509_cert::{
    der::{Decode, asn1::Utf8StringRef, oid::ObjectIdentifier},
    ext::{
        Extension,
        pkix::{SubjectAltName, name::GeneralName},
    },
};

use crate::policy::CertificateFact;

/// The arc of Fulcio's extensions (Fulcio docs/oid-info.md).
const FULCIO: [u32; 8] = [1, 3, 6, 1, 4, 1, 57264, 1];

/// The type of a name that is neither an address nor a URI (the same page, .1.7).
const OTHER_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");

/// The subject's alternative name (RFC 5280 section 4.2.1.6).
const ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// A certificate, read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Certificate {
    /// Whom it names: an address, a URI, or another name.
    pub identity: String,
    /// Who told the authority so.
    pub issuer: String,
    /// The moment at which it begins: nothing was signed with it before.
    pub from: Timestamp,
    /// The moment at which it ends.
    pub until: Timestamp,
    claims: BTreeMap<u32, String>,
}

impl Certificate {
    /// Reads a certificate in DER.
    pub(crate) fn read(der: &[u8]) -> Result<Self, CertificateError> {
        let certificate =
            x509_cert::Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        let signed = certificate.tbs_certificate;
        let moment = |time: x509_cert::time::Time| {
            let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok();
            seconds.and_then(|seconds| Timestamp::from_second(seconds).ok())
        };
        let window = (moment(signed.validity.not_before), moment(signed.validity.not_after));
        let (Some(from), Some(until)) = window else { return Err(CertificateError::Malformed) };
        let extensions = signed.extensions.unwrap_or_default();
        let identity = identity(&extensions)?;
        let mut claims = BTreeMap::new();
        for extension in &extensions {
            let Some(number) = fulcio(&extension.extn_id) else { continue };
            let value = claim(number, extension.extn_value.as_bytes())?;
            if claims.insert(number, value).is_some() {
                return Err(CertificateError::ClaimTwice { number });
            }
        }
        let issuer = issuer(&claims)?;
        Ok(Self { identity, issuer, from, until, claims })
    }

    /// All that it says of whoever asked for it, and nothing of when.
    pub(crate) fn subject(&self) -> impl Ord + use<'_> {
        (&self.identity, &self.issuer, &self.claims)
    }

    /// What it says of a job that asked for it.
    pub(crate) fn says(&self, fact: CertificateFact) -> Option<&str> {
        let number = match fact {
            CertificateFact::Runner => 11,
            CertificateFact::Source => 12,
            CertificateFact::Ref => 14,
            CertificateFact::Workflow => 18,
            CertificateFact::Trigger => 20,
            CertificateFact::Environment => 23,
        };
        self.claim(number)
    }

    /// The workflow whose code ran, with its ref.
    pub(crate) fn builder(&self) -> Option<&str> {
        self.claim(9)
    }

    /// The commit.
    pub(crate) fn commit(&self) -> Option<&str> {
        self.claim(13)
    }

    /// The run, or at GitLab the job.
    pub(crate) fn run(&self) -> Option<&str> {
        self.claim(21)
    }

    fn claim(&self, number: u32) -> Option<&str> {
        self.claims.get(&number).map(String::as_str)
    }
}

/// The number of one of Fulcio's extensions.
fn fulcio(id: &ObjectIdentifier) -> Option<u32> {
    let arcs: Vec<u32> = id.arcs().collect();
    let (number, arc) = arcs.split_last()?;
    (arc == FULCIO).then_some(*number)
}

/// Up to .6 the bare text, from .8 on a UTF8String in DER. A claim of a kind to come may be of any form.
fn claim(number: u32, value: &[u8]) -> Result<String, CertificateError> {
    let text = match number {
        0..=7 => std::str::from_utf8(value).ok().map(str::to_owned),
        _ => Utf8StringRef::from_der(value).ok().map(|text| text.as_str().to_owned()),
    };
    match text {
        Some(text) => Ok(text),
        None if number > 24 => Ok(String::new()),
        None => Err(CertificateError::Claim { number }),
    }
}

/// The issuer: .8, and .1 in older certificates; where both are there they agree.
fn issuer(claims: &BTreeMap<u32, String>) -> Result<String, CertificateError> {
    match (claims.get(&8), claims.get(&1)) {
        (Some(issuer), Some(older)) if issuer != older => Err(CertificateError::TwoIssuers),
        (Some(issuer), _) | (None, Some(issuer)) if !issuer.is_empty() => Ok(issuer.clone()),
        _ => Err(CertificateError::NoIssuer),
    }
}

/// The one name: a second one would be a second person.
fn identity(extensions: &[Extension]) -> Result<String, CertificateError> {
    let mut names = extensions.iter().filter(|extension| extension.extn_id == ALTERNATIVE_NAME);
    let (Some(extension), None) = (names.next(), names.next()) else {
        return Err(CertificateError::Names);
    };
    let names = SubjectAltName::from_der(extension.extn_value.as_bytes())
        .map_err(|_| CertificateError::Malformed)?;
    let [name] = names.0.as_slice() else { return Err(CertificateError::Names) };
    let text = match name {
        GeneralName::Rfc822Name(address) => Some(address.to_string()),
        GeneralName::UniformResourceIdentifier(uri) => Some(uri.to_string()),
        GeneralName::OtherName(other) if other.type_id == OTHER_NAME => {
            let text = other.value.decode_as::<Utf8StringRef<'_>>().ok();
            text.map(|text| text.as_str().to_owned())
        }
        _ => None,
    };
    text.filter(|text| !text.is_empty()).ok_or(CertificateError::Names)
}

/// Why a certificate names nobody whom a policy could mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A claim is not text of the form that its number asks for.
    #[error("its claim 1.3.6.1.4.1.57264.1.{number} is malformed")]
    Claim {
        /// The number.
        number: u32,
    },
    /// The same claim twice.
    #[error("it makes the claim 1.3.6.1.4.1.57264.1.{number} twice")]
    ClaimTwice {
        /// The number.
        number: u32,
    },
    /// Not a certificate.
    #[error("it is no X.509 certificate")]
    Malformed,
    /// Nobody told whose identity it is.
    #[error("it does not say by whose word, so it is nobody's")]
    NoIssuer,
    /// Not exactly one name of a kind that is known.
    #[error("it does not name exactly one identity")]
    Names,
    /// Two issuers.
    #[error("its two extensions for the issuer disagree")]
    TwoIssuers,
}
