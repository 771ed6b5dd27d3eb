//! A log entry: the signature, and who can verify it, for everybody to see (Rekor).
//!
//! Of what was signed a log gets the hash alone. Version 2 takes the hash of what the signature is
//! over, version 1 the envelope, of which it keeps hashes. What a log answers is written down as
//! bundles hold it; whether its proof holds is asked of the finished bundle.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use evidence::{
    Envelope, Material,
    json::{self, Value, json},
};
use registry::http::{Response, Sender};
use reqwest::{StatusCode, header::LOCATION};
use sigstore_verify::{
    rekor::LogEntry,
    types::{KindVersion, TransparencyLogEntry},
};

use super::{own::TrustedRoot, tiles::Published};
use crate::{
    service::{Question, Service, ServiceError},
    sign::{Algorithm, PublicKey, Signed},
};

/// A log that an entry goes into.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    service: Service,
    version: LogVersion,
}

/// The version of a log's interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogVersion {
    /// Rekor v1: `dsse` 0.0.1; says when it took the entry.
    V1,
    /// Rekor v2: `hashedrekord` 0.0.2; says no time.
    V2,
}

/// An entry that a log took.
#[derive(Clone, Debug)]
pub(crate) struct Entered {
    /// Where.
    pub(crate) log: String,
    /// Its number there.
    pub(crate) index: u64,
    /// As bundles hold it.
    pub(super) value: Value,
}

impl Log {
    pub(crate) fn new(service: Service, version: LogVersion) -> Self {
        Self { service, version }
    }

    /// Where it is.
    pub(crate) fn service(&self) -> &Service {
        &self.service
    }

    /// Whether it says when it took an entry.
    pub(crate) fn says_when(&self) -> bool {
        self.version == LogVersion::V1
    }

    /// Whether it takes signatures of a key. Verifiers of version 2 know P-256 alone.
    pub(crate) fn takes(&self, algorithm: Algorithm) -> bool {
        match self.version {
            LogVersion::V1 => algorithm != Algorithm::EcdsaP521Sha512,
            LogVersion::V2 => algorithm == Algorithm::EcdsaP256Sha256,
        }
    }

    /// Enters a signature.
    pub(super) async fn enter(
        &self,
        sender: &Sender,
        signed: &Signed,
        public: &PublicKey,
        root: Option<&TrustedRoot>,
    ) -> Result<Entered, ServiceError> {
        let entry = match self.version {
            LogVersion::V1 => self.enter_envelope(sender, signed, public).await?,
            LogVersion::V2 => self.enter_hash(sender, signed, public, root).await?,
        };
        let value = serde_json::to_vec(&entry).ok().and_then(|bytes| json::parse(&bytes).ok());
        let value = value.ok_or_else(|| self.no_entry())?;
        Ok(Entered { log: self.service.address(), index: entry.log_index.get(), value })
    }

    /// Version 2 (rekor-tiles, `CreateEntryRequest`). It is told of an entry that it has by 409, with
    /// its number.
    async fn enter_hash(
        &self,
        sender: &Sender,
        signed: &Signed,
        public: &PublicKey,
        root: Option<&TrustedRoot>,
    ) -> Result<TransparencyLogEntry, ServiceError> {
        let mut verifier = match &signed.material {
            Material::Certificates(chain) => {
                let leaf = chain.first().map(|leaf| STANDARD.encode(leaf));
                json!({"x509Certificate": {"rawBytes": leaf}})
            }
            Material::PublicKey { .. } => {
                json!({"publicKey": {"rawBytes": STANDARD.encode(public.spki_der())}})
            }
        };
        if let Some(members) = verifier.as_object_mut() {
            members.insert("keyDetails".to_owned(), json!("PKIX_ECDSA_P256_SHA_256"));
        }
        let body = json!({
            "hashedRekordRequestV002": {
                "digest": STANDARD.encode(digest(&SHA256, &signed.envelope.pae())),
                "signature": {"content": signature(&signed.envelope), "verifier": verifier},
            },
        });
        let question = Question::json("/api/v2/log/entries", body.to_string().into_bytes());
        let response = self.service.ask(sender, question, None).await?;
        if let (StatusCode::CONFLICT, Some(root)) = (response.status, root) {
            let index = entry_number(&response).ok_or_else(|| self.no_entry())?;
            return Published::new(&self.service, sender).entry(index, root).await;
        }
        let answer = self.service.content(response)?;
        let answer = json::parse(&answer).ok().and_then(|value| serde_json::from_value(value).ok());
        answer.ok_or_else(|| self.no_entry())
    }

    /// Version 1 (rekor, `pkg/types/dsse`). It is told of an entry that it has by 409, with where that
    /// is: the answer to a first try that got lost on the way.
    async fn enter_envelope(
        &self,
        sender: &Sender,
        signed: &Signed,
        public: &PublicKey,
    ) -> Result<TransparencyLogEntry, ServiceError> {
        let verifier = match &signed.material {
            Material::Certificates(chain) => {
                let leaf = chain.first().cloned().unwrap_or_default();
                pem::encode(&pem::Pem::new("CERTIFICATE", leaf))
            }
            Material::PublicKey { .. } => public.pem(),
        };
        let body = json!({
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {"proposedContent": {
                "envelope": signed.envelope.to_json(),
                "verifiers": [STANDARD.encode(verifier)],
            }},
        });
        let question = Question::json("/api/v1/log/entries", body.to_string().into_bytes());
        let mut response = self.service.ask(sender, question, None).await?;
        if response.status == StatusCode::CONFLICT {
            let id = entry_id(&response).ok_or_else(|| self.no_entry())?;
            let path = format!("/api/v1/log/entries/{id}");
            response = self.service.ask(sender, Question::get(&path), None).await?;
        }
        let answer = self.service.content(response)?;
        self.first(&answer).ok_or_else(|| self.no_entry())
    }

    /// The one entry of an answer of version 1: a map from its id.
    fn first(&self, answer: &[u8]) -> Option<TransparencyLogEntry> {
        let Value::Object(entries) = json::parse(answer).ok()? else { return None };
        let (1, Some(entry)) = (entries.len(), entries.into_values().next()) else { return None };
        let entry: LogEntry = serde_json::from_value(entry).ok()?;
        entry.to_bundle_entry(KindVersion::DsseV001).ok()
    }

    fn no_entry(&self) -> ServiceError {
        self.service.malformed("a log entry")
    }
}

fn signature(envelope: &Envelope) -> Option<String> {
    envelope.signatures.first().map(|signature| STANDARD.encode(&signature.bytes))
}

/// The number of the entry that is there already: the last word of what the log says.
fn entry_number(response: &Response) -> Option<u64> {
    let answer = json::parse(&response.body).ok()?;
    answer.get("message")?.as_str()?.rsplit(' ').next()?.parse().ok()
}

/// The id of the entry that is there already, from where it is: hexadecimal digits, so that no other
/// path is asked for.
fn entry_id(response: &Response) -> Option<String> {
    let location = response.headers.get(LOCATION)?.to_str().ok()?;
    let id = location.rsplit('/').next()?;
    let is_id = (64..=80).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit());
    is_id.then(|| id.to_owned())
}
