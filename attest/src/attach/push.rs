//! The requests that write to a registry (distribution-spec 1.1, "Push").
//!
//! A room of its own, so that whoever reads what `attest` can change in a registry reads one file:
//! blobs and manifests are added, tags are set, nothing is ever deleted.

use evidence::Digest;
use registry::{
    Error, Limit,
    error::{Cause, What},
    http::{Access, Client, Request, Response},
};
use reqwest::{
    Method, StatusCode, Url,
    header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION},
};
use tokio::time::sleep;

use super::{
    AttachError,
    error::{Pushed, Words},
};

/// The most that is read of an answer to a push.
const ANSWER: u64 = 64 * 1024;

/// What a manifest is pushed as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// Its digest.
    Digest(Digest),
    /// A tag.
    Tag(String),
}

/// Where an upload stands.
#[derive(Debug)]
pub(crate) enum Begun {
    /// The registry took the blob over from another repository.
    Mounted,
    /// The content goes here.
    At(Url),
}

/// Whether the registry has a blob.
pub(crate) async fn has_blob(client: &Client, digest: &Digest) -> Result<bool, AttachError> {
    has(client, &format!("blobs/{digest}"), sent(digest), "*/*").await
}

/// Whether the registry has a manifest of `media_type`.
pub(crate) async fn has_manifest(
    client: &Client,
    digest: &Digest,
    media_type: &str,
) -> Result<bool, AttachError> {
    let what = What::Written(Box::new(What::Manifest(digest.clone())));
    has(client, &format!("manifests/{digest}"), what, media_type).await
}

async fn has(client: &Client, path: &str, what: What, accept: &str) -> Result<bool, AttachError> {
    let mut head = request(Method::HEAD, client.url(path), what.clone());
    head.headers.push(header(ACCEPT, accept));
    match client.send(&head).await?.status {
        StatusCode::OK => Ok(true),
        StatusCode::NOT_FOUND => Ok(false),
        status => Err(client.refused(&what, status).into()),
    }
}

/// Pushes a blob unless it is there; says how many writes that took.
pub(crate) async fn blob(client: &Client, bytes: &[u8]) -> Result<u32, AttachError> {
    let digest = Digest::sha256(bytes);
    if has_blob(client, &digest).await? {
        return Ok(0);
    }
    let mut tries = 1;
    loop {
        match upload(client, &digest, bytes).await {
            // An upload that broke off cannot go on; a new one can begin.
            Err(AttachError::Registry(Error::Unavailable { .. }))
                if tries < client.budget().tries =>
            {
                tries += 1;
            }
            result => return result.map(|()| 1),
        }
    }
}

async fn upload(client: &Client, digest: &Digest, bytes: &[u8]) -> Result<(), AttachError> {
    let Begun::At(url) = begin(client, digest, None).await? else { return Ok(()) };
    let mut put = content(digest, url);
    put.body = bytes.to_vec();
    taken(client, Pushed::Blob(digest.clone()), client.send(&put).await?).map(drop)
}

/// Begins an upload; with `from`, a repository of the same registry, the blob may be taken over from
/// there ("Mounting a blob from another repository").
pub(crate) async fn begin(
    client: &Client,
    digest: &Digest,
    from: Option<&str>,
) -> Result<Begun, AttachError> {
    let what = sent(digest);
    let mut url = client.url("blobs/uploads/");
    if let Some(from) = from {
        let digest = digest.to_string();
        url.query_pairs_mut().append_pair("mount", &digest).append_pair("from", from);
    }
    let begin = request(Method::POST, url, what.clone());
    let begun = taken(client, Pushed::Blob(digest.clone()), client.send(&begin).await?)?;
    if begun.status == StatusCode::CREATED {
        return Ok(Begun::Mounted);
    }
    let mut url = location(client, &begun).ok_or_else(|| Error::Unavailable {
        what,
        place: client.host().to_owned(),
        cause: Cause::Redirect,
        tries: 1,
    })?;
    url.query_pairs_mut().append_pair("digest", &digest.to_string());
    Ok(Begun::At(url))
}

/// Where an upload goes on: on the registry, or elsewhere with TLS.
fn location(client: &Client, begun: &Response) -> Option<Url> {
    let url = begun.url.join(begun.headers.get(LOCATION)?.to_str().ok()?).ok()?;
    (client.is_own(&url) || url.scheme() == "https").then_some(url)
}

/// The request that brings the content of a blob, without the content. It is sent once: what broke
/// off begins anew.
pub(crate) fn content(digest: &Digest, url: Url) -> Request {
    let mut put = request(Method::PUT, url, sent(digest));
    put.headers.push(header(CONTENT_TYPE, "application/octet-stream"));
    put.again = false;
    put
}

/// Pushes a manifest by its digest or under a tag; again if the registry does not see the blobs yet
/// that were just pushed: docker-registry rewrites the link to a blob that another writer pushes too,
/// and finds it empty in between.
pub(crate) async fn manifest(
    client: &Client,
    name: &Name,
    bytes: &[u8],
    media_type: &str,
) -> Result<Response, AttachError> {
    let mut tries = 1;
    loop {
        match manifest_once(client, name, bytes, media_type).await {
            Err(AttachError::Refused { status: 400 | 404, words, .. })
                if words.are_about_blobs() && tries < client.budget().tries =>
            {
                sleep(client.budget().pause.saturating_mul(tries)).await;
                tries += 1;
            }
            result => return result,
        }
    }
}

async fn manifest_once(
    client: &Client,
    name: &Name,
    bytes: &[u8],
    media_type: &str,
) -> Result<Response, AttachError> {
    let (path, what, pushed) = match name {
        Name::Digest(digest) => (
            format!("manifests/{digest}"),
            What::Manifest(digest.clone()),
            Pushed::Manifest(digest.clone()),
        ),
        Name::Tag(tag) => {
            (format!("manifests/{tag}"), What::Tag(tag.clone()), Pushed::Tag(tag.clone()))
        }
    };
    let what = What::Written(Box::new(what));
    let mut put = request(Method::PUT, client.url(&path), what);
    put.headers.push(header(CONTENT_TYPE, media_type));
    put.body = bytes.to_vec();
    taken(client, pushed, client.send(&put).await?)
}

/// Refuses an answer that does not say that something was taken.
pub(crate) fn taken(
    client: &Client,
    what: Pushed,
    response: Response,
) -> Result<Response, AttachError> {
    if response.status.is_success() {
        return Ok(response);
    }
    Err(AttachError::Refused {
        place: format!("{}/{}", client.host(), client.repository()),
        what,
        status: response.status.as_u16(),
        words: Words::of(&response.body),
    })
}

/// A blob that goes there.
pub(crate) fn sent(digest: &Digest) -> What {
    What::Written(Box::new(What::Blob(digest.clone())))
}

/// Media types of manifests are a few constants; any other text makes an empty header.
fn header(name: HeaderName, value: &str) -> (HeaderName, HeaderValue) {
    (name, HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("")))
}

fn request(method: Method, url: Url, what: What) -> Request {
    Request {
        method,
        url,
        what,
        headers: Vec::new(),
        body: Vec::new(),
        access: Access::Push,
        most: ANSWER,
        over: Error::Limit { limit: Limit::List, most: ANSWER },
        again: true,
    }
}
