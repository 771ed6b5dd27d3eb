//! Puts an image from an OCI layout directory into a running peer, as a user's `docker push` would
//! have: blobs, then manifests, then the tag. Independent of `registry` and of `attest`, so that a
//! fault of theirs cannot hide in the preparation of their own tests.

use std::{fs, io, path::Path, thread};

use evidence::Digest;
use reqwest::{Certificate, Client, Method, Response, StatusCode, Url, header};
use serde_json::Value;

use super::{LOGIN, Peer};

/// Why an image could not be put into a peer.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The registry answered something else than it should.
    #[error("{request}: {status}: {body}")]
    Answer {
        /// The method and the URL.
        request: String,
        /// The status of the answer.
        status: StatusCode,
        /// The body of the answer.
        body: String,
    },
    /// The layout has no image of that tag, or an unreadable document.
    #[error("not in the layout: {0}")]
    Layout(String),
    /// A file of the layout cannot be read, or no thread or runtime can be had.
    #[error(transparent)]
    Machine(#[from] io::Error),
    /// The registry did not answer.
    #[error(transparent)]
    Transport(#[from] reqwest::Error),
}

impl Peer {
    /// Copies what `tag` names in `layout` (an index with all its platforms, or one image) to
    /// `repository` under the same tag, and returns its digest. May be called from anywhere, async
    /// code included.
    pub fn seed(&self, layout: &Path, repository: &str, tag: &str) -> Result<Digest, SeedError> {
        let authority = self.authority();
        let scheme = if authority.is_some() { "https" } else { "http" };
        let base = format!("{scheme}://{}/v2/{repository}/", self.host());
        let base = Url::parse(&base).map_err(|_| SeedError::Layout(base))?;
        let token = self.tokens().map(|tokens| tokens.mint(repository)).transpose()?;
        // A thread of its own: a runtime must not be started inside another one.
        thread::scope(|scope| {
            let work = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let client = client(authority.as_deref())?;
                runtime.block_on(Seed { client, base, layout, token }.image(tag))
            });
            work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

fn client(authority: Option<&str>) -> Result<Client, reqwest::Error> {
    let trusted = authority.map(|pem| Certificate::from_pem(pem.as_bytes())).transpose()?;
    // A proxy of the machine must not come between a test and loopback.
    Client::builder().no_proxy().tls_certs_only(trusted).build()
}

struct Seed<'a> {
    client: Client,
    base: Url,
    layout: &'a Path,
    token: Option<String>,
}

impl Seed<'_> {
    async fn image(&self, tag: &str) -> Result<Digest, SeedError> {
        let top = self.tagged(tag)?;
        let manifest = self.read(&top)?;
        let document: Value = parse(&manifest)?;
        for child in descriptors(&document, "manifests") {
            let child = digest(child)?;
            let bytes = self.read(&child)?;
            self.blobs(&parse(&bytes)?).await?;
            self.put_manifest(bytes, &child.to_string()).await?;
        }
        self.blobs(&document).await?;
        self.put_manifest(manifest, tag).await?;
        Ok(top)
    }

    async fn blobs(&self, manifest: &Value) -> Result<(), SeedError> {
        for blob in manifest.get("config").into_iter().chain(descriptors(manifest, "layers")) {
            let digest = digest(blob)?;
            let started = self.send(Method::POST, "blobs/uploads/", None, Vec::new()).await?;
            let place =
                started.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let place = place.and_then(|place| started.url().join(place).ok());
            let mut place =
                place.ok_or_else(|| SeedError::Layout("no upload location".to_owned()))?;
            place.query_pairs_mut().append_pair("digest", &digest.to_string());
            let bytes = self.read(&digest)?;
            self.send(Method::PUT, place.as_str(), Some("application/octet-stream"), bytes).await?;
        }
        Ok(())
    }

    async fn put_manifest(&self, bytes: Vec<u8>, name: &str) -> Result<(), SeedError> {
        let document = parse(&bytes)?;
        let kind = document.get("mediaType").and_then(Value::as_str);
        self.send(Method::PUT, &format!("./manifests/{name}"), kind, bytes).await.map(drop)
    }

    /// `place` is absolute, or below the repository.
    async fn send(
        &self,
        method: Method,
        place: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Response, SeedError> {
        let url = self.base.join(place).map_err(|_| SeedError::Layout(place.to_owned()))?;
        let mut request = self.client.request(method.clone(), url.clone()).body(body);
        // Said unasked: a peer without a login ignores it.
        request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request.basic_auth(LOGIN.0, Some(LOGIN.1)),
        };
        if let Some(kind) = content_type {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let answer = request.send().await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let (request, status) = (format!("{method} {url}"), answer.status());
        Err(SeedError::Answer { request, status, body: answer.text().await? })
    }

    fn tagged(&self, tag: &str) -> Result<Digest, SeedError> {
        let index = parse(&fs::read(self.layout.join("index.json"))?)?;
        let named = descriptors(&index, "manifests").find(|entry| {
            let name = entry.pointer("/annotations/org.opencontainers.image.ref.name");
            name.and_then(Value::as_str) == Some(tag)
        });
        digest(named.ok_or_else(|| SeedError::Layout(format!("tag `{tag}`")))?)
    }

    fn read(&self, digest: &Digest) -> Result<Vec<u8>, SeedError> {
        let file = self.layout.join("blobs").join(digest.algorithm().name()).join(digest.hex());
        Ok(fs::read(file)?)
    }
}

fn parse(bytes: &[u8]) -> Result<Value, SeedError> {
    serde_json::from_slice(bytes).map_err(|error| SeedError::Layout(error.to_string()))
}

fn descriptors<'a>(document: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    document.get(member).and_then(Value::as_array).into_iter().flatten()
}

fn digest(descriptor: &Value) -> Result<Digest, SeedError> {
    let digest =
        descriptor.get("digest").and_then(Value::as_str).and_then(|text| text.parse().ok());
    digest.ok_or_else(|| SeedError::Layout(format!("a digest in {descriptor}")))
}
