//! The tags that are a referrer's alone: `sha256-<hex>.<16 hex of its own digest>`.
//!
//! No other writer touches such a tag, so what it names is never lost; all of them together are what
//! the fallback tag must list.

use std::collections::BTreeSet;

use evidence::Digest;
use registry::{
    Error, Limit, ManifestError,
    error::What,
    http::{Access, Client, Pages, Request},
    referrers::fallback_tag,
};
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, HeaderValue},
};
use serde::Deserialize;

use super::AttachError;

/// Digits of a referrer's digest in its own tag.
const DIGITS: usize = 16;

/// The tag that is the referrer's alone.
pub(super) fn own_tag(subject: &Digest, referrer: &Digest) -> String {
    let digits: String = referrer.hex().chars().take(DIGITS).collect();
    format!("{}.{digits}", fallback_tag(subject))
}

#[derive(Deserialize)]
struct TagList {
    tags: Option<Vec<String>>,
}

/// All tags that are some referrer's own, over all pages.
pub(super) async fn own_tags(
    client: &Client,
    subject: &Digest,
) -> Result<BTreeSet<String>, AttachError> {
    let prefix = format!("{}.", fallback_tag(subject));
    let own = |tag: &String| {
        tag.strip_prefix(&prefix).is_some_and(|digits| {
            digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_hexdigit())
        })
    };
    let most = client.budget().list;
    let first = client.url("tags/list");
    let mut pages = Pages::new(client.budget().tag_pages, first.clone());
    let (mut next, mut found) = (Some(first), BTreeSet::new());
    while let Some(url) = next {
        let request = Request {
            method: Method::GET,
            url,
            what: What::Tags,
            headers: vec![(ACCEPT, HeaderValue::from_static("application/json"))],
            body: Vec::new(),
            access: Access::Pull,
            most,
            over: Error::Limit { limit: Limit::List, most },
            again: true,
        };
        let response = client.send(&request).await?;
        match response.status {
            StatusCode::OK => {}
            // A repository that holds nothing yet.
            StatusCode::NOT_FOUND if pages.count() == 1 => return Ok(found),
            status => return Err(client.refused(&What::Tags, status).into()),
        }
        next = pages.next(client, &What::Tags, &response)?;
        let list: TagList = serde_json::from_slice(&response.body).map_err(|error| {
            AttachError::Registry(Error::Malformed {
                what: What::Tags,
                place: client.host().to_owned(),
                reason: ManifestError::shape(error),
            })
        })?;
        found.extend(list.tags.unwrap_or_default().into_iter().filter(own));
    }
    Ok(found)
}
