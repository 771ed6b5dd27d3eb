//! The same over HTTP: what a client makes of the answers verifies, and what is wrong is said so.

use base64::{Engine, engine::general_purpose::STANDARD};
use evidence::{
    Envelope, Signature,
    bundle::MEDIA_TYPE,
    envelope::IN_TOTO,
    json::{Value, json},
};
use reqwest::{Client, RequestBuilder, StatusCode};
use testkit::{
    registry::{Answer, Fault},
    sigstore::{AMBIENT_SECRET, Identity, Instance, Key, Lie, Rekor, Server},
};

use super::{accepts, at, job, policy, statement};

/// A client of all services.
struct Signer {
    server: Server,
    client: Client,
    key: Key,
}

impl Signer {
    fn new() -> Self {
        let server = Instance::new().serve_at(at()).unwrap();
        Self { server, client: Client::new(), key: Key::of("ephemeral") }
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let url = format!("{}{path}", self.server.url());
        answer(self.client.post(url).body(body.to_string())).await
    }

    async fn certificate(&self, identity: &Identity) -> (StatusCode, Value) {
        let token = self.server.token(identity);
        let content = pem::encode(&pem::Pem::new("PUBLIC KEY", self.key.public()));
        let proof = STANDARD.encode(self.key.sign(identity.challenge().as_bytes()));
        let request = json!({
            "publicKeyRequest": {
                "publicKey": {"algorithm": "ECDSA", "content": content},
                "proofOfPossession": proof,
            },
        });
        let url = format!("{}/api/v2/signingCert", self.server.url());
        answer(self.client.post(url).bearer_auth(token).body(request.to_string())).await
    }

    /// A query without nonce for a token without certificate, as cosign asks.
    async fn timestamp(&self, signature: &[u8]) -> Vec<u8> {
        let hash = evidence::Digest::sha256(signature);
        let head = "30360201013031300d060960864801650304020105000420";
        let query = unhex(&format!("{head}{}", hash.hex()));
        let request = self.client.post(self.server.timestamp_url()).body(query);
        request.send().await.unwrap().bytes().await.unwrap().to_vec()
    }

    async fn log(&self, envelope: &Envelope, leaf: &[u8], kind: Rekor) -> (StatusCode, Value) {
        let signature = &envelope.signatures.first().unwrap().bytes;
        let (path, body) = match kind {
            Rekor::V1 => {
                let written = json!({
                    "payload": STANDARD.encode(&envelope.payload),
                    "payloadType": envelope.payload_type,
                    "signatures": [{"sig": STANDARD.encode(signature)}],
                });
                let verifier = pem::encode(&pem::Pem::new("CERTIFICATE", leaf));
                let proposed = json!({
                    "envelope": written.to_string(), "verifiers": [STANDARD.encode(verifier)],
                });
                let spec = json!({"proposedContent": proposed});
                let body = json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec});
                ("/api/v1/log/entries", body)
            }
            Rekor::V2 => {
                let digest = unhex(evidence::Digest::sha256(&envelope.pae()).hex());
                let request = json!({
                    "digest": STANDARD.encode(digest),
                    "signature": {
                        "content": STANDARD.encode(signature),
                        "verifier": {
                            "x509Certificate": {"rawBytes": STANDARD.encode(leaf)},
                            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                        },
                    },
                });
                ("/api/v2/log/entries", json!({"hashedRekordRequestV002": request}))
            }
        };
        self.post(path, body).await
    }

    fn envelope(&self) -> Envelope {
        let mut envelope =
            Envelope { payload: statement(), payload_type: IN_TOTO.into(), signatures: vec![] };
        let bytes = self.key.sign(&envelope.pae());
        envelope.signatures.push(Signature { keyid: None, bytes });
        envelope
    }

    /// Signs as a client would, and asks whether it verifies.
    async fn sign(&self, kind: Rekor) -> Result<(), String> {
        let (_, answer) = self.certificate(&job()).await;
        let leaf = answer.pointer("/signedCertificateEmbeddedSct/chain/certificates/0").unwrap();
        let leaf = pem::parse(leaf.as_str().unwrap()).unwrap().into_contents();
        let envelope = self.envelope();
        let signature = &envelope.signatures.first().unwrap().bytes;
        let token = self.timestamp(signature).await;
        let (status, entry) = self.log(&envelope, &leaf, kind).await;
        assert_eq!(status, StatusCode::CREATED, "{entry}");
        let entry = if kind == Rekor::V1 { of_v1(&entry) } else { entry };
        let bundle = json!({
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": {
                "certificate": {"rawBytes": STANDARD.encode(leaf)},
                "tlogEntries": [entry],
                "timestampVerificationData": {
                    "rfc3161Timestamps": [{"signedTimestamp": STANDARD.encode(token)}],
                },
            },
            "dsseEnvelope": {
                "payload": STANDARD.encode(&envelope.payload), "payloadType": IN_TOTO,
                "signatures": [{"sig": STANDARD.encode(signature)}],
            },
        });
        let bundle = bundle.to_string().into_bytes();
        accepts(&self.server.trusted_root(), &bundle, &policy(&job()))
    }
}

async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
}

fn unhex(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// What v1 answers, as a bundle has it.
fn of_v1(answer: &Value) -> Value {
    let (_, entry) = answer.as_object().unwrap().iter().next().unwrap();
    let at = |pointer: &str| entry.pointer(pointer).cloned().unwrap();
    let encoded = |hex: &Value| Value::from(STANDARD.encode(unhex(hex.as_str().unwrap())));
    let hashes = at("/verification/inclusionProof/hashes");
    let hashes: Vec<Value> = hashes.as_array().unwrap().iter().map(encoded).collect();
    json!({
        "logIndex": at("/logIndex").to_string(),
        "logId": {"keyId": encoded(&at("/logID"))},
        "kindVersion": {"kind": "dsse", "version": "0.0.1"},
        "integratedTime": at("/integratedTime").to_string(),
        "inclusionPromise": {"signedEntryTimestamp": at("/verification/signedEntryTimestamp")},
        "inclusionProof": {
            "logIndex": at("/verification/inclusionProof/logIndex").to_string(),
            "rootHash": encoded(&at("/verification/inclusionProof/rootHash")),
            "treeSize": at("/verification/inclusionProof/treeSize").to_string(),
            "hashes": hashes,
            "checkpoint": {"envelope": at("/verification/inclusionProof/checkpoint")},
        },
        "canonicalizedBody": at("/body"),
    })
}

#[tokio::test]
async fn what_a_client_makes_of_the_answers_verifies() {
    for kind in [Rekor::V1, Rekor::V2] {
        assert_eq!(Signer::new().sign(kind).await, Ok(()), "{kind:?}");
    }
}

#[tokio::test]
async fn a_lying_service_makes_what_does_not() {
    let lies = [
        Lie::CertificateForged,
        Lie::SctForged,
        Lie::SctMissing,
        Lie::CheckpointForged,
        Lie::ProofHashChanged,
        Lie::EntryForged,
        Lie::TimestampByAnotherAuthority,
        Lie::TimestampLate,
        Lie::TimestampOfAnotherSignature,
        Lie::TimestampRejected,
    ];
    for lie in lies {
        // Each has a log of its own, which takes nothing twice.
        let signer = Signer::new();
        signer.server.lie(Some(lie));
        assert!(signer.sign(Rekor::V2).await.is_err(), "{lie:?}");
    }
}

#[tokio::test]
async fn the_same_entry_twice_is_a_conflict_that_names_the_first() {
    let signer = Signer::new();
    let (_, answer) = signer.certificate(&job()).await;
    let leaf = answer.pointer("/signedCertificateEmbeddedSct/chain/certificates/0").unwrap();
    let leaf = pem::parse(leaf.as_str().unwrap()).unwrap().into_contents();
    let envelope = signer.envelope();

    let (_, first) = signer.log(&envelope, &leaf, Rekor::V1).await;
    let (status, conflict) = signer.log(&envelope, &leaf, Rekor::V1).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let message = conflict.get("message").and_then(Value::as_str).unwrap();
    let uuid = message.rsplit(' ').next().unwrap();
    let url = format!("{}/api/v1/log/entries/{uuid}", signer.server.url());
    assert_eq!(self::answer(signer.client.get(url)).await, (StatusCode::OK, first));

    let (_, first) = signer.log(&envelope, &leaf, Rekor::V2).await;
    let (status, conflict) = signer.log(&envelope, &leaf, Rekor::V2).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let index = first.get("logIndex").and_then(Value::as_str).unwrap();
    let message = conflict.get("message").and_then(Value::as_str).unwrap();
    assert!(message.ends_with(&format!("with index {index}")), "{message}");
    // The tiles hold it.
    let get = async |path: &str| {
        let url = format!("{}/api/v2/{path}", signer.server.url());
        signer.client.get(url).send().await.unwrap().bytes().await.unwrap()
    };
    let size = String::from_utf8(get("checkpoint").await.to_vec()).unwrap();
    let size = size.lines().nth(1).unwrap().to_owned();
    let entries = get(&format!("tile/entries/000.p/{size}")).await;
    let body = first.get("canonicalizedBody").and_then(Value::as_str).unwrap();
    assert!(entries.ends_with(&STANDARD.decode(body).unwrap()));
    assert_eq!(get(&format!("tile/0/000.p/{size}")).await.len(), 32 * 6);
    assert_eq!(signer.server.entries(Rekor::V2), 1);
}

#[tokio::test]
async fn what_is_not_right_is_refused() {
    let signer = Signer::new();
    let (status, _) = signer.post("/api/v2/signingCert", json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    // Another's token: the proof is over somebody else's name.
    let alice = Identity::email("alice@example.com", "https://accounts.example.com");
    let (status, _) = signer.certificate(&alice).await;
    assert_eq!(status, StatusCode::OK);
    let other = Identity { claims: [(24, "somebody else".to_owned())].into(), ..job() };
    let proof = STANDARD.encode(signer.key.sign(job().challenge().as_bytes()));
    let content = pem::encode(&pem::Pem::new("PUBLIC KEY", signer.key.public()));
    let request = json!({
        "credentials": {"oidcIdentityToken": signer.server.token(&other)},
        "publicKeyRequest": {"publicKey": {"content": content}, "proofOfPossession": proof},
    });
    let (status, answer) = signer.post("/api/v2/signingCert", request).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(answer.to_string().contains("signature supplied"), "{answer}");
    // A signature that is none is not logged.
    let mut envelope = signer.envelope();
    let (_, answer) = signer.certificate(&alice).await;
    let leaf = answer.pointer("/signedCertificateEmbeddedSct/chain/certificates/0").unwrap();
    let leaf = pem::parse(leaf.as_str().unwrap()).unwrap().into_contents();
    envelope.payload.push(b' ');
    for kind in [Rekor::V1, Rekor::V2] {
        let (status, _) = signer.log(&envelope, &leaf, kind).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{kind:?}");
    }
    assert!(signer.timestamp(b"").await.starts_with(&[0x30]));
    let url = signer.server.timestamp_url();
    let (status, _) = self::answer(signer.client.post(url).body("garbage")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_fault_ends_when_it_is_mended() {
    let signer = Signer::new();
    signer.server.fault("POST", "/signingCert", Some(1), Fault::Answer(Answer::json(503, "{}")));
    let (status, _) = signer.certificate(&job()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let (status, _) = signer.certificate(&job()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(signer.server.take_requests(), ["POST /api/v2/signingCert"; 2]);
}

#[tokio::test]
async fn jobs_and_people_are_given_tokens() {
    let signer = Signer::new();
    let [(_, url), (_, secret)] = signer.server.ambient(&job());
    assert_eq!(secret, AMBIENT_SECRET);
    let url = format!("{url}&audience=sigstore");
    let (status, _) = answer(signer.client.get(&url).bearer_auth("wrong")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (_, given) = answer(signer.client.get(&url).bearer_auth(secret)).await;
    assert_eq!(given.get("value").unwrap().as_str().unwrap().split('.').count(), 3);

    let alice = Identity::email("alice@example.com", "https://accounts.example.com");
    signer.server.person(&alice);
    let back = "urn:ietf:wg:oauth:2.0:oob";
    let base = signer.server.url();
    let asked = format!("{base}/oidc/auth?redirect_uri={back}&code_challenge=wrong&state=1");
    let (_, code) = answer(signer.client.get(asked)).await;
    let code = code.get("code").unwrap().as_str().unwrap().to_owned();
    let form = format!(
        "grant_type=authorization_code&code={code}&redirect_uri={back}&code_verifier=right"
    );
    let exchange = signer.client.post(format!("{base}/oidc/token")).body(form);
    let (status, _) = answer(exchange).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "the verifier is not what the challenge is of");
}
