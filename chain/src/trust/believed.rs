//! Who a trusted root believes, for whoever looks at it.

use evidence::{Digest, time::Timestamp};
use sigstore_verify::{
    trust_root::TrustedRoot,
    types::{LogId, TimeRange},
};

evidence::words! {
    /// What somebody is believed for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
    pub enum Role {
        /// Issues certificates.
        CertificateAuthority = "certificate-authority",
        /// Keeps a log of certificates.
        CertificateLog = "certificate-log",
        /// Keeps a log of signatures.
        Log = "log",
        /// Issues timestamps.
        TimestampAuthority = "timestamp-authority",
    }
}

/// Somebody whom a trusted root believes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Believed {
    /// For what.
    pub role: Role,
    /// Its address, by the root's word.
    pub url: String,
    /// The organisation and name of an authority, by the root's word.
    pub name: Option<String>,
    /// The id of a log, or the SHA-256 of an authority's topmost certificate.
    pub id: String,
    /// From when on.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
}

pub(super) fn of(root: &TrustedRoot) -> Vec<Believed> {
    let logs = root
        .tlogs
        .iter()
        .map(|log| of_log(Role::Log, &log.base_url, &log.log_id, log.public_key.valid_for));
    let certificate_logs = root.ctlogs.iter().map(|log| {
        of_log(Role::CertificateLog, &log.base_url, &log.log_id, log.public_key.valid_for)
    });
    let authorities = root.certificate_authorities.iter().map(|authority| {
        let top = authority.cert_chain.certificates.last().map(|c| c.raw_bytes.as_bytes());
        let role = Role::CertificateAuthority;
        of_authority(
            role,
            &authority.uri,
            [&authority.subject.organization, &authority.subject.common_name],
            top,
            authority.valid_for,
        )
    });
    let timestamps = root.timestamp_authorities.iter().map(|authority| {
        let top = authority.cert_chain.certificates.last().map(|c| c.raw_bytes.as_bytes());
        let url = authority.uri.as_deref().unwrap_or_default();
        of_authority(
            Role::TimestampAuthority,
            url,
            [&authority.subject.organization, &authority.subject.common_name],
            top,
            authority.valid_for,
        )
    });
    authorities.chain(certificate_logs).chain(logs).chain(timestamps).collect()
}

fn of_log(role: Role, url: &str, id: &LogId, valid_for: Option<TimeRange>) -> Believed {
    let id = id.key_id.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let (from, until) = window(valid_for);
    Believed { role, url: url.to_owned(), name: None, id, from, until }
}

fn of_authority(
    role: Role,
    url: &str,
    subject: [&Option<String>; 2],
    top: Option<&[u8]>,
    valid_for: Option<TimeRange>,
) -> Believed {
    let parts: Vec<&str> = subject.into_iter().flatten().map(String::as_str).collect();
    let name = (!parts.is_empty()).then(|| parts.join(", "));
    let id = Digest::sha256(top.unwrap_or_default()).hex().to_owned();
    let (from, until) = window(valid_for);
    Believed { role, url: url.to_owned(), name, id, from, until }
}

fn window(range: Option<TimeRange>) -> (Option<Timestamp>, Option<Timestamp>) {
    (range.map(|range| range.start), range.and_then(|range| range.end))
}
