//! Content that is larger than memory: read and sent piece by piece, by the registry's transport.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

use std::time::Duration;

use evidence::Digest;
use registry::{
    AnySource, Budget, Credentials, Error, Limit, Options, Reference,
    error::{Cause, What},
    http::{Access, Client, Request},
    open,
};
use reqwest::{Method, StatusCode, Url};
use testkit::registry::{Answer, Body, Fault, Login, Registry};

const REPOSITORY: &str = "demo/app";

/// More than is read as a whole.
const MANY: usize = 200 * 1024;

fn client(registry: &Registry) -> Client {
    let budget = Budget {
        pause: Duration::from_millis(1),
        request: Duration::from_millis(300),
        total: 1024,
        ..Budget::default()
    };
    let credentials = Credentials::Anonymous;
    let options = Options { credentials, budget, ..Options::default() };
    let reference: Reference = format!("{}/{REPOSITORY}", registry.host()).parse().unwrap();
    match open(&reference, &options).unwrap() {
        AnySource::Http(source) => source.client().clone(),
        AnySource::Layout(_) => panic!("a layout"),
    }
}

fn request(method: Method, url: Url, digest: &Digest) -> Request {
    let access = if method == Method::GET { Access::Pull } else { Access::Push };
    Request {
        method,
        url,
        what: What::Blob(digest.clone()),
        headers: Vec::new(),
        body: Vec::new(),
        access,
        most: 1024,
        over: Error::Limit { limit: Limit::List, most: 1024 },
        again: true,
    }
}

async fn read(client: &Client, digest: &Digest) -> Result<(StatusCode, Vec<u8>), Error> {
    let get = request(Method::GET, client.url(&format!("blobs/{digest}")), digest);
    let mut incoming = client.incoming(&get).await?;
    let mut content = Vec::new();
    while let Some(piece) = incoming.piece().await? {
        content.extend(piece);
    }
    Ok((incoming.status(), content))
}

#[tokio::test]
async fn pieces_are_not_counted_and_make_the_whole() {
    let registry = Registry::start().unwrap();
    registry.require(Login::Token(None));
    let content: Vec<u8> = (0..=u8::MAX).cycle().take(MANY).collect();
    let digest = registry.store().put_blob(REPOSITORY, &content);
    let client = client(&registry);
    assert_eq!(read(&client, &digest).await.unwrap(), (StatusCode::OK, content));
    let absent = read(&client, &Digest::sha256(b"absent")).await.unwrap();
    assert_eq!(absent, (StatusCode::NOT_FOUND, Vec::new()));
}

#[tokio::test]
async fn the_beginning_is_tried_again_and_the_middle_is_not() {
    let registry = Registry::start().unwrap();
    let digest = registry.store().put_blob(REPOSITORY, b"content");
    let client = client(&registry);
    registry.fault("GET", "/blobs/", Some(2), Fault::Answer(Answer::new(503)));
    assert_eq!(read(&client, &digest).await.unwrap().1, b"content");
    let cut = Answer::new(200).body(Body::Cut(b"conten".to_vec()));
    registry.fault("GET", "/blobs/", Some(1), Fault::Answer(cut));
    let error = read(&client, &digest).await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable { cause: Cause::Transport(_), .. }), "{error}");
}

#[tokio::test]
async fn a_peer_that_falls_silent_is_given_up() {
    let registry = Registry::start().unwrap();
    let digest = registry.store().put_blob(REPOSITORY, b"content");
    let slow = Answer::new(200).body(Body::Slow(b"content".to_vec()));
    registry.fault("GET", "/blobs/", None, Fault::Answer(slow));
    let error = read(&client(&registry), &digest).await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable { cause: Cause::TimedOut, .. }), "{error}");
}

#[tokio::test]
async fn a_stream_is_sent_once_with_the_token_that_was_asked_for_before() {
    let registry = Registry::start().unwrap();
    registry.require(Login::Token(None));
    let client = client(&registry);
    let content = vec![7; MANY];
    let digest = Digest::sha256(&content);
    let begun =
        client.send(&request(Method::POST, client.url("blobs/uploads/"), &digest)).await.unwrap();
    let mut url = begun.url.join(begun.headers.get("location").unwrap().to_str().unwrap()).unwrap();
    url.query_pairs_mut().append_pair("digest", &digest.to_string());
    let put = request(Method::PUT, url, &digest);
    let sent = client.send_stream(&put, content.clone().into()).await.unwrap();
    assert_eq!(sent.status, StatusCode::CREATED);
    assert_eq!(read(&client, &digest).await.unwrap().1, content);

    registry.take_requests();
    registry.fault("PUT", "/uploads/", None, Fault::Answer(Answer::new(503)));
    let error = client.send_stream(&put, content.into()).await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable { cause: Cause::Status(503), .. }), "{error}");
    assert_eq!(registry.take_requests().len(), 1);
}
