//! Attaching in a registry (distribution-spec 1.1, "Push").
//!
//! Blobs first, then the manifest. A registry that answers 404 for its referrers gets the fallback
//! tag, whatever its headers say; one that has the API and does not say that it took the subject is
//! asked whether it lists it.

use evidence::Digest;
use futures_util::future::try_join3;
use registry::{
    Descriptor, Error, Limit, Source,
    error::{Cause, What},
    http::{Access, Client, HttpSource, Request, Response},
    manifest::IMAGE,
};
use reqwest::{
    Method, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderValue, LOCATION},
};

use tokio::time::sleep;

use super::{
    AttachError, Attached,
    error::{Pushed, Words},
    fallback,
    referrer::{EMPTY, Referrer},
};

/// The most that is read of an answer to a push.
const ANSWER: u64 = 64 * 1024;

pub(super) async fn attach(
    source: &HttpSource,
    referrer: Referrer,
) -> Result<Attached, AttachError> {
    let client = source.client();
    let subject = referrer.subject.digest.clone();
    let (listed, config, bundle) = try_join3(
        async { source.api(&subject).await.map_err(AttachError::from) },
        push_blob(client, EMPTY),
        push_blob(client, &referrer.bundle),
    )
    .await?;
    let mut writes = config + bundle;
    let referrer = match listed {
        None => fallback::attach(source, referrer, &mut writes).await?,
        Some(listed) => by_digest(source, referrer, &listed, &mut writes).await?,
    };
    Ok(Attached {
        referrer: referrer.digest().clone(),
        bundle: Digest::sha256(&referrer.bundle),
        writes,
    })
}

/// Pushes to a registry with the referrers API.
async fn by_digest(
    source: &HttpSource,
    referrer: Referrer,
    listed: &[Descriptor],
    writes: &mut u32,
) -> Result<Referrer, AttachError> {
    let here = |list: &[Descriptor], referrer: &Referrer| {
        list.iter().any(|found| found.digest == *referrer.digest())
    };
    if here(listed, &referrer) {
        return Ok(referrer);
    }
    room_for_one_more(listed.len(), source.budget().referrers)?;
    let (referrer, response) = push_referrer(source.client(), referrer, None).await?;
    *writes += 1;
    let said = response.headers.get("OCI-Subject").and_then(|value| value.to_str().ok());
    if said.is_some_and(|said| said == referrer.subject.digest.to_string()) {
        return Ok(referrer);
    }
    let now = source.api(&referrer.subject.digest).await?;
    if now.is_some_and(|list| here(&list, &referrer)) {
        return Ok(referrer);
    }
    fallback::attach(source, referrer, writes).await
}

/// Refuses to hang on more than is read: the gate could not look at any of it.
pub(super) fn room_for_one_more(listed: usize, most: usize) -> Result<(), AttachError> {
    if listed < most {
        return Ok(());
    }
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    Err(Error::Limit { limit: Limit::Referrers, most }.into())
}

/// Pushes the manifest, under `tag` or by its digest; without the bundle inside if the registry
/// refuses it so.
pub(super) async fn push_referrer(
    client: &Client,
    referrer: Referrer,
    tag: Option<&dyn Fn(&Referrer) -> String>,
) -> Result<(Referrer, Response), AttachError> {
    match push_settled(client, &referrer, tag).await {
        Err(AttachError::Refused { status: 400 | 413, words, .. })
            if referrer.embeds && !words.are_about_blobs() =>
        {
            let referrer = referrer.without_data()?;
            let response = push_settled(client, &referrer, tag).await?;
            Ok((referrer, response))
        }
        result => result.map(|response| (referrer, response)),
    }
}

/// Pushes the manifest, again if the registry does not see the blobs yet that were just pushed:
/// docker-registry rewrites the link to a blob that another writer pushes too, and finds it empty
/// in between.
async fn push_settled(
    client: &Client,
    referrer: &Referrer,
    tag: Option<&dyn Fn(&Referrer) -> String>,
) -> Result<Response, AttachError> {
    let mut tries = 1;
    loop {
        let of = tag.map(|tag| tag(referrer));
        match put_manifest(client, &referrer.manifest, of, IMAGE).await {
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

/// Pushes a manifest under `tag`, or by its digest.
pub(super) async fn put_manifest(
    client: &Client,
    bytes: &[u8],
    tag: Option<String>,
    media_type: &'static str,
) -> Result<Response, AttachError> {
    let digest = Digest::sha256(bytes);
    let path = match &tag {
        Some(tag) => format!("manifests/{tag}"),
        None => format!("manifests/{digest}"),
    };
    let mut put = request(Method::PUT, client.url(&path), What::Manifest(digest.clone()));
    put.headers.push((CONTENT_TYPE, HeaderValue::from_static(media_type)));
    put.body = bytes.to_vec();
    let response = client.send(&put).await?;
    let pushed = tag.map_or_else(|| Pushed::Manifest(digest), Pushed::Tag);
    taken(client, pushed, response)
}

/// Pushes a blob unless it is there; says how many writes that took.
async fn push_blob(client: &Client, bytes: &[u8]) -> Result<u32, AttachError> {
    let digest = Digest::sha256(bytes);
    let what = What::Blob(digest.clone());
    let head = request(Method::HEAD, client.url(&format!("blobs/{digest}")), what.clone());
    match client.send(&head).await?.status {
        StatusCode::OK => return Ok(0),
        StatusCode::NOT_FOUND => {}
        status => return Err(client.refused(&what, status).into()),
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
    let what = What::Blob(digest.clone());
    let begin = request(Method::POST, client.url("blobs/uploads/"), what.clone());
    let begun = taken(client, Pushed::Blob(digest.clone()), client.send(&begin).await?)?;
    if begun.status == StatusCode::CREATED {
        return Ok(());
    }
    let mut url = location(client, &begun).ok_or_else(|| Error::Unavailable {
        what: what.clone(),
        place: client.host().to_owned(),
        cause: Cause::Redirect,
        tries: 1,
    })?;
    url.query_pairs_mut().append_pair("digest", &digest.to_string());
    let mut put = request(Method::PUT, url, what);
    put.headers.push((CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")));
    put.body = bytes.to_vec();
    put.again = false;
    taken(client, Pushed::Blob(digest.clone()), client.send(&put).await?).map(drop)
}

/// Where an upload goes on: on the registry, or elsewhere with TLS.
fn location(client: &Client, begun: &Response) -> Option<Url> {
    let url = begun.url.join(begun.headers.get(LOCATION)?.to_str().ok()?).ok()?;
    (client.is_own(&url) || url.scheme() == "https").then_some(url)
}

fn taken(client: &Client, what: Pushed, response: Response) -> Result<Response, AttachError> {
    if response.status.is_success() {
        return Ok(response);
    }
    Err(AttachError::Refused {
        place: client.host().to_owned(),
        what,
        status: response.status.as_u16(),
        words: Words::of(&response.body),
    })
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
