//! What is trusted of an instance and where its services are: `trusted_root.json` and
//! `signing_config.v0.2.json` (protobuf-specs, sigstore_trustroot.proto).

use base64::{Engine, engine::general_purpose::STANDARD};
use evidence::json::{Value, json};
use jiff::Timestamp;

use super::{
    Instance, Rekor, Services,
    certificate::BEGINS,
    lie::Change,
    log::Log,
    timestamp::{Purpose, StampAuthority},
};

/// From when to when something is trusted.
type Window = (Timestamp, Option<Timestamp>);

/// Before anything was signed with a private Sigstore, and after.
const BEFORE: Timestamp = Timestamp::constant(1_609_459_200, 0); // 2021-01-01
const LATER: Timestamp = Timestamp::constant(2_461_449_600, 0); // 2048-01-01

impl Instance {
    /// The trusted root.
    pub fn trusted_root(&self) -> Vec<u8> {
        self.root(None)
    }

    /// The trusted root with one thing changed.
    pub fn trusted_root_with(&self, change: Change) -> Vec<u8> {
        self.root(Some(change))
    }

    fn root(&self, change: Option<Change>) -> Vec<u8> {
        let whose = |foreign: Change| {
            if change == Some(foreign) { &self.other } else { &self.own }
        };
        let ended = |ends: Change| (BEGINS, (change == Some(ends)).then_some(BEFORE));
        let unless = |missing: Change, of: Vec<Value>| {
            if change == Some(missing) { Vec::new() } else { of }
        };
        let logs = [Rekor::V1, Rekor::V2]
            .map(|kind| log(whose(Change::LogForeign).log(kind), ended(Change::LogEnded)));
        let root = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": unless(Change::LogMissing, logs.to_vec()),
            "certificateAuthorities": unless(
                Change::AuthorityMissing,
                vec![authority(whose(Change::AuthorityForeign), change)],
            ),
            "ctlogs": unless(
                Change::CtLogMissing,
                vec![ct_log(whose(Change::CtLogForeign), ended(Change::CtLogEnded))],
            ),
            "timestampAuthorities": unless(
                Change::TimestampMissing,
                stamp_authorities(whose(Change::TimestampForeign), change),
            ),
        });
        root.to_string().into_bytes()
    }

    /// Where the services are: all at `base`, with the log of that kind.
    pub fn signing_config(&self, base: &str, log: Rekor) -> Vec<u8> {
        let version = match log {
            Rekor::V1 => 1,
            Rekor::V2 => 2,
        };
        let service = |url: String, version: u32| {
            json!([{
                "url": url, "majorApiVersion": version,
                "validFor": {"start": BEGINS.to_string()}, "operator": "sigstore.test",
            }])
        };
        let config = json!({
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": service(base.to_owned(), 1),
            "oidcUrls": service(format!("{base}/oidc"), 1),
            "rekorTlogUrls": service(base.to_owned(), version),
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaUrls": service(format!("{base}/api/v1/timestamp"), 1),
            "tsaConfig": {"selector": "ANY"},
        });
        config.to_string().into_bytes()
    }
}

fn window((start, end): Window) -> Value {
    match end {
        Some(end) => json!({"start": start.to_string(), "end": end.to_string()}),
        None => json!({"start": start.to_string()}),
    }
}

fn public_key((key, details): (Vec<u8>, &str), valid: Window) -> Value {
    let key = STANDARD.encode(key);
    json!({"rawBytes": key, "keyDetails": details, "validFor": window(valid)})
}

fn log(log: &Log, valid: Window) -> Value {
    json!({
        "baseUrl": format!("https://{}", log.host()),
        "hashAlgorithm": "SHA2_256",
        "publicKey": public_key(log.public(), valid),
        "logId": {"keyId": STANDARD.encode(log.id())},
    })
}

fn ct_log(services: &Services, valid: Window) -> Value {
    let key = &services.fulcio.log;
    json!({
        "baseUrl": "https://ctlog.sigstore.test",
        "hashAlgorithm": "SHA2_256",
        "publicKey": public_key((key.public(), "PKIX_ECDSA_P256_SHA_256"), valid),
        "logId": {"keyId": STANDARD.encode(key.id())},
    })
}

fn authority(services: &Services, change: Option<Change>) -> Value {
    let valid = match change {
        Some(Change::AuthorityEnded) => (BEGINS, Some(BEFORE)),
        Some(Change::AuthorityLater) => (LATER, None),
        _ => (BEGINS, None),
    };
    let chain = services.fulcio.authority.chain();
    let skipped = usize::from(change == Some(Change::AuthorityWithoutIntermediate));
    chained("https://fulcio.sigstore.test", "fulcio", chain.iter().skip(skipped), valid)
}

fn stamp_authorities(services: &Services, change: Option<Change>) -> Vec<Value> {
    let purpose = match change {
        Some(Change::TimestampPurposeAmong) => Purpose::Among,
        Some(Change::TimestampPurposeAnother) => Purpose::Another,
        Some(Change::TimestampPurposeMissing) => Purpose::Missing,
        Some(Change::TimestampPurposeNotCritical) => Purpose::NotCritical,
        _ => Purpose::Right,
    };
    let one = |(index, stamps): (usize, &StampAuthority)| {
        let ended = match change {
            Some(Change::TimestampEnded) => true,
            Some(Change::TimestampWindowOfAnother) => index == 0,
            _ => false,
        };
        let skipped = usize::from(change == Some(Change::TimestampWithoutLeaf));
        let url = format!("https://{}.sigstore.test/api/v1/timestamp", stamps.what);
        let chain = stamps.chain(purpose);
        chained(&url, stamps.what, chain.iter().skip(skipped), (BEGINS, ended.then_some(BEFORE)))
    };
    services.stamps.iter().enumerate().map(one).collect()
}

fn chained<'a>(
    uri: &str,
    what: &str,
    chain: impl Iterator<Item = &'a Vec<u8>>,
    valid: Window,
) -> Value {
    let chain: Vec<Value> =
        chain.map(|certificate| json!({"rawBytes": STANDARD.encode(certificate)})).collect();
    json!({
        "subject": {"organization": "sigstore.test", "commonName": format!("{what} root")},
        "uri": uri,
        "certChain": {"certificates": chain},
        "validFor": window(valid),
    })
}
