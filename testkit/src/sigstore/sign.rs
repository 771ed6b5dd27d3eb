//! How something is signed with a private Sigstore: certificate, signature, log entries, timestamps,
//! bundle, in this order, each honest or with its lie.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use evidence::{
    Envelope, Signature,
    bundle::Version,
    envelope::IN_TOTO,
    json::{Value, json},
};
use jiff::Timestamp;

use super::{
    Identity, Instance, Key, Lie, Rekor,
    entry::{self, Older, Verifier, hex},
    keys::{armour, sha256},
    spoil,
};

/// What is done besides signing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The version of the bundle.
    pub version: Version,
    /// The logs that take the signature in.
    pub logs: Vec<Rekor>,
    /// As what else Rekor v1 takes it in: an entry each.
    pub older: Vec<Older>,
    /// How many timestamp authorities stamp it: none, one or two.
    pub timestamps: usize,
    /// Whether entries bring their proofs; bundles v0.1 may do without.
    pub proof: bool,
    /// The lie that is told, if one is.
    pub lie: Option<Lie>,
}

impl Default for Options {
    /// As cosign and gh do today: Rekor v2 and one timestamp, in a bundle v0.3.
    fn default() -> Self {
        Self {
            version: Version::V0_3,
            logs: vec![Rekor::V2],
            older: Vec::new(),
            timestamps: 1,
            proof: true,
            lie: None,
        }
    }
}

impl Options {
    /// The same with a lie.
    #[must_use]
    pub fn with(&self, lie: Lie) -> Self {
        Self { lie: Some(lie), ..self.clone() }
    }
}

/// An envelope and the annotations that cosign v2 put beside it (`.att` tags).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Legacy {
    /// The DSSE envelope.
    pub envelope: Vec<u8>,
    /// The annotations of the layer.
    pub annotations: BTreeMap<String, String>,
}

/// What is signed.
pub(super) enum Content<'a> {
    /// The bytes of an artifact.
    Artifact(&'a [u8]),
    /// An envelope without signature.
    Envelope(Envelope),
}

/// Something signed, on its way into a bundle.
pub(super) struct Draft<'a> {
    pub(super) instance: &'a Instance,
    pub(super) options: &'a Options,
    pub(super) at: Timestamp,
    pub(super) content: Content<'a>,
    pub(super) signature: Vec<u8>,
    /// By what it is verified; and the rest of the chain, where it is a certificate.
    pub(super) by: Verifier,
    pub(super) chain: Vec<Vec<u8>>,
    /// Whoever signed can sign more.
    pub(super) key: Option<Key>,
}

impl Instance {
    /// A bundle of the statement `payload`, signed by `identity` with a certificate that begins at `at`.
    pub fn sign(
        &self,
        payload: &[u8],
        identity: &Identity,
        at: Timestamp,
        options: &Options,
    ) -> Vec<u8> {
        self.draft(Content::statement(payload), identity, at, options).bundle()
    }

    /// A bundle of a signature over `artifact` itself.
    pub fn sign_artifact(
        &self,
        artifact: &[u8],
        identity: &Identity,
        at: Timestamp,
        options: &Options,
    ) -> Vec<u8> {
        self.draft(Content::Artifact(artifact), identity, at, options).bundle()
    }

    /// The statement `payload` as cosign v2 stores it, with Rekor v1's promise.
    pub fn sign_legacy(
        &self,
        payload: &[u8],
        identity: &Identity,
        at: Timestamp,
        options: &Options,
    ) -> Legacy {
        let logs = if options.older.is_empty() { vec![Rekor::V1] } else { Vec::new() };
        let options = Options { logs, ..options.clone() };
        self.draft(Content::statement(payload), identity, at, &options).legacy()
    }

    /// A bundle of an envelope that somebody signed with the key `public` (SubjectPublicKeyInfo) shortly
    /// before `at`; Rekor v2 takes P-256 keys alone.
    pub fn seal(
        &self,
        envelope: &Envelope,
        public: &[u8],
        at: Timestamp,
        options: &Options,
    ) -> Vec<u8> {
        self.sealed(envelope, (Verifier::Key(public.to_vec()), Vec::new()), at, options)
    }

    /// The same where `identity` has a certificate for the key `public`.
    pub fn certify(
        &self,
        envelope: &Envelope,
        (identity, public): (&Identity, &[u8]),
        at: Timestamp,
        options: &Options,
    ) -> Vec<u8> {
        let fulcio = &self.own.fulcio;
        let leaf = fulcio.certify(identity, public, at, options.lie, &self.other.fulcio);
        let by = (Verifier::Certificate(leaf), fulcio.authority.chain().to_vec());
        self.sealed(envelope, by, at, options)
    }

    fn sealed(
        &self,
        envelope: &Envelope,
        (by, chain): (Verifier, Vec<Vec<u8>>),
        at: Timestamp,
        options: &Options,
    ) -> Vec<u8> {
        let signature = envelope.signatures.first().map(|one| one.bytes.clone());
        let content = Envelope { signatures: Vec::new(), ..envelope.clone() };
        let draft = Draft {
            instance: self,
            options,
            at,
            content: Content::Envelope(content),
            signature: signature.unwrap_or_default(),
            by,
            chain,
            key: None,
        };
        draft.bundle()
    }

    fn draft<'a>(
        &'a self,
        content: Content<'a>,
        identity: &Identity,
        at: Timestamp,
        options: &'a Options,
    ) -> Draft<'a> {
        let what = hex(&sha256(&[&content.signed()]));
        let key = Key::of(&format!("{}: {} {at} {what}", self.name, identity.name.text()));
        let fulcio = &self.own.fulcio;
        let leaf = fulcio.certify(identity, &key.public(), at, options.lie, &self.other.fulcio);
        let issuer = match options.lie {
            Some(Lie::CertificateByAnotherAuthority) => &self.other.fulcio,
            _ => fulcio,
        };
        let signer = match options.lie {
            Some(Lie::SignatureByAnotherKey) => &self.other.fulcio.log,
            _ => &key,
        };
        Draft {
            instance: self,
            options,
            at,
            signature: signer.sign(&content.signed()),
            content,
            by: Verifier::Certificate(leaf),
            chain: issuer.authority.chain().to_vec(),
            key: Some(key),
        }
    }

    /// A second honest certificate, for somebody else's key.
    pub(super) fn foreign_certificate(&self, at: Timestamp) -> Vec<u8> {
        let mallory = Identity::email("mallory@example.com", "https://issuer.example.com");
        let key = Key::of("mallory").public();
        self.own.fulcio.certify(&mallory, &key, at, None, &self.other.fulcio)
    }
}

impl Content<'_> {
    pub(super) fn statement(payload: &[u8]) -> Self {
        Self::Envelope(Envelope {
            payload: payload.to_vec(),
            payload_type: IN_TOTO.to_owned(),
            signatures: Vec::new(),
        })
    }

    /// The bytes that the signature is over.
    pub(super) fn signed(&self) -> Vec<u8> {
        match self {
            Self::Artifact(bytes) => bytes.to_vec(),
            Self::Envelope(envelope) => envelope.pae(),
        }
    }

    pub(super) fn with(&self, signature: &[u8]) -> Envelope {
        let signature = Signature { keyid: None, bytes: signature.to_vec() };
        match self {
            Self::Artifact(_) => Envelope {
                payload: Vec::new(),
                payload_type: String::new(),
                signatures: vec![signature],
            },
            Self::Envelope(envelope) => {
                Envelope { signatures: vec![signature], ..envelope.clone() }
            }
        }
    }
}

impl Draft<'_> {
    fn bundle(&self) -> Vec<u8> {
        let certified = |der: &[u8]| json!({"rawBytes": STANDARD.encode(der)});
        let mut material = match (&self.by, self.options.version) {
            (Verifier::Key(public), _) => {
                json!({"publicKey": {"hint": STANDARD.encode(sha256(&[public]))}})
            }
            (Verifier::Certificate(leaf), Version::V0_3) => json!({"certificate": certified(leaf)}),
            (Verifier::Certificate(leaf), _) => {
                // Without the root, as sigstore-js wrote it.
                let middle = self.chain.first().into_iter();
                let chain: Vec<Value> =
                    std::iter::once(leaf).chain(middle).map(|der| certified(der)).collect();
                json!({"x509CertificateChain": {"certificates": chain}})
            }
        };
        if let Some(members) = material.as_object_mut() {
            members.insert("tlogEntries".to_owned(), self.entries().into());
            let stamps: Vec<Value> = self
                .stamps()
                .iter()
                .map(|token| json!({"signedTimestamp": STANDARD.encode(token)}))
                .collect();
            members.insert(
                "timestampVerificationData".to_owned(),
                json!({"rfc3161Timestamps": stamps}),
            );
        }
        let mut bundle = json!({
            "mediaType": media_type(self.options.version),
            "verificationMaterial": material,
        });
        let (member, content) = match &self.content {
            Content::Artifact(bytes) => (
                "messageSignature",
                json!({
                    "messageDigest": {
                        "algorithm": "SHA2_256", "digest": STANDARD.encode(sha256(&[bytes])),
                    },
                    "signature": STANDARD.encode(&self.signature),
                }),
            ),
            Content::Envelope(_) => ("dsseEnvelope", self.envelope()),
        };
        if let Some(members) = bundle.as_object_mut() {
            members.insert(member.to_owned(), content);
        }
        if let Some(lie) = self.options.lie {
            let foreign = self.instance.foreign_certificate(self.at);
            spoil::bundle(&mut bundle, lie, &foreign, &self.chain);
        }
        bundle.to_string().into_bytes()
    }

    fn envelope(&self) -> Value {
        entry::json_of(&self.content.with(&self.signature))
    }

    fn legacy(&self) -> Legacy {
        let entry = self.entries().into_iter().next().unwrap_or_default();
        let text =
            |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let number = |pointer: &str| text(pointer).parse::<u64>().unwrap_or_default();
        let id = STANDARD.decode(text("/logId/keyId")).unwrap_or_default();
        let bundle = json!({
            "SignedEntryTimestamp": text("/inclusionPromise/signedEntryTimestamp"),
            "Payload": {
                "body": text("/canonicalizedBody"), "integratedTime": number("/integratedTime"),
                "logIndex": number("/logIndex"), "logID": hex(&id),
            },
        });
        let leaf = match &self.by {
            Verifier::Certificate(leaf) => armour("CERTIFICATE", leaf),
            Verifier::Key(_) => String::new(),
        };
        let chain = self.chain.iter().map(|der| armour("CERTIFICATE", der)).collect::<String>();
        let mut annotations = BTreeMap::from([
            ("dev.cosignproject.cosign/signature".to_owned(), String::new()),
            ("dev.sigstore.cosign/bundle".to_owned(), bundle.to_string()),
            ("dev.sigstore.cosign/certificate".to_owned(), leaf),
            ("dev.sigstore.cosign/chain".to_owned(), chain),
        ]);
        if let Some(token) = self.stamps().first() {
            let stamp = json!({"SignedRFC3161Timestamp": STANDARD.encode(token)});
            let name = "dev.sigstore.cosign/rfc3161timestamp".to_owned();
            annotations.insert(name, stamp.to_string());
        }
        Legacy { envelope: self.envelope().to_string().into_bytes(), annotations }
    }
}

fn media_type(version: Version) -> &'static str {
    match version {
        Version::V0_1 => "application/vnd.dev.sigstore.bundle+json;version=0.1",
        Version::V0_2 => "application/vnd.dev.sigstore.bundle+json;version=0.2",
        Version::V0_3 => evidence::bundle::MEDIA_TYPE,
    }
}
