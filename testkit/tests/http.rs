//! What only a registry can do wrong: statuses, bodies, pages, redirects, tokens.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

use std::time::Duration;

use registry::{
    AnySource, Budget, Credentials, Descriptor, Error, Limit, Options, Reference, Source,
    error::{Cause, What},
    http::{Access, Request},
    open,
    referrers::fallback_tag,
};
use reqwest::Method;
use testkit::{
    content::Content,
    registry::{Answer, Body, Fault, Registry},
};

const REPOSITORY: &str = "demo/app";

fn seeded() -> (Registry, Descriptor, Descriptor) {
    let (mut content, image) = Content::image("a");
    let referrer = content.referrer(&image, b"{\"bundle\":1}", false);
    let registry = Registry::start().unwrap();
    content.push(&registry, REPOSITORY);
    (registry, image, referrer)
}

fn options() -> Options {
    Options { credentials: Credentials::Anonymous, budget: budget(), ..Options::default() }
}

/// The usual budget, but without long pauses between tries.
fn budget() -> Budget {
    Budget { pause: Duration::from_millis(1), ..Budget::default() }
}

fn source(registry: &Registry, options: &Options) -> AnySource {
    let reference: Reference = format!("{}/{REPOSITORY}", registry.host()).parse().unwrap();
    open(&reference, options).unwrap()
}

fn status(status: u16) -> Fault {
    Fault::Answer(Answer::new(status))
}

fn cause(error: Error) -> Cause {
    match error {
        Error::Unavailable { cause, .. } => cause,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn by_digest_three_requests_say_all_and_nothing_is_asked_twice() {
    let (registry, image, referrer) = seeded();
    let source = source(&registry, &options());
    let (manifest, referrers) =
        tokio::join!(source.manifest(&image.digest), source.referrers(&image.digest));
    assert!(manifest.unwrap().is_some());
    assert_eq!(referrers.unwrap()[0].digest, referrer.digest);
    let mut requests = registry.take_requests();
    requests.sort();
    assert_eq!(
        requests,
        [
            format!("GET /v2/{REPOSITORY}/manifests/{}", fallback_tag(&image.digest)),
            format!("GET /v2/{REPOSITORY}/manifests/{}", image.digest),
            format!("GET /v2/{REPOSITORY}/referrers/{}", image.digest),
        ]
    );
}

#[tokio::test]
async fn only_404_means_that_there_is_no_referrers_api() {
    let (registry, image, _) = seeded();
    registry.fault("GET", "/referrers/", None, status(404));
    assert!(source(&registry, &options()).referrers(&image.digest).await.unwrap().is_empty());
    for code in [400, 403, 405, 406, 500, 501, 503, 429, 204, 304] {
        registry.mend();
        registry.fault("GET", "/referrers/", None, status(code));
        let error = source(&registry, &options()).referrers(&image.digest).await.unwrap_err();
        assert!(matches!(error.kind(), "unavailable" | "unauthorized"), "{code}: {error}");
        assert!(error.to_string().contains(&code.to_string()), "{code}: {error}");
    }
    for text in ["<html>sign in</html>", "{}", "[]", "", "null", r#"{"schemaVersion":2}"#] {
        registry.mend();
        let page = Answer::json(200, text).with("Content-Type", "text/html");
        registry.fault("GET", "/referrers/", None, Fault::Answer(page));
        let error = source(&registry, &options()).referrers(&image.digest).await.unwrap_err();
        assert_eq!(error.kind(), "malformed", "{text:?}: {error}");
    }
}

#[tokio::test]
async fn a_fault_of_the_fallback_tag_is_an_error_too() {
    let (registry, image, _) = seeded();
    for code in [400, 403, 500, 429] {
        registry.mend();
        registry.fault("GET", "/manifests/sha256-", None, status(code));
        let error = source(&registry, &options()).referrers(&image.digest).await.unwrap_err();
        assert!(matches!(error.kind(), "unavailable" | "unauthorized"), "{code}: {error}");
    }
}

/// registry.k8s.io sends every request on to a registry near the client; that one's 404 is an answer,
/// where it was asked the same thing and is a registry.
#[tokio::test]
async fn a_404_elsewhere_counts_from_a_registry_that_was_asked_the_same() {
    let (registry, image, _) = seeded();
    let other = Registry::start().unwrap();
    let page = Answer::new(404).body(Body::Bytes(b"<Error><Code>NoSuchKey</Code></Error>".into()));
    let header = page.clone().with("Docker-Distribution-Api-Version", "registry/2.0");
    let errors = Answer::json(404, r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#);
    let (digest, tag) = (image.digest.clone(), fallback_tag(&image.digest));
    let here = format!("http://{}/v2/{REPOSITORY}", registry.host());
    let there = format!("http://{}/v2/mirror/of/app", other.host());
    let same = format!("/referrers/{digest}");
    let handed_on = Answer::new(307).with("Location", &format!("{there}/manifests/{tag}"));
    registry.fault("GET", "/manifests/sha256-", None, Fault::Answer(handed_on));
    for (to, answer, is_answer) in [
        (format!("{there}{same}"), &errors, true),
        (format!("{there}{same}"), &header, true),
        (format!("{there}{same}"), &page, false),
        (format!("{there}{same}?n=1"), &errors, false),
        (format!("{there}/referrers/sha256:0"), &errors, false),
        (format!("{there}/manifests/{digest}"), &errors, false),
        (format!("http://{}/login{same}", other.host()), &errors, false),
        (format!("{here}/referrers/x{same}"), &errors, true),
    ] {
        other.mend();
        other.fault("GET", "/manifests/", None, Fault::Answer(errors.clone()));
        other.fault("GET", "/", None, Fault::Answer(answer.clone()));
        let moved = Answer::new(307).with("Location", &to);
        registry.fault("GET", &format!("{REPOSITORY}{same}"), Some(1), Fault::Answer(moved));
        let found = source(&registry, &options()).referrers(&digest).await;
        match found {
            Ok(list) => assert!(is_answer && list.is_empty(), "{to}"),
            Err(error) => assert!(!is_answer && matches!(cause(error), Cause::Elsewhere), "{to}"),
        }
    }
}

#[tokio::test]
async fn every_page_is_read_and_none_twice() {
    let (registry, image, _) = seeded();
    let (mut content, same) = Content::image("a");
    assert_eq!(same, image);
    for number in 0..6 {
        content.referrer(&image, format!("{{\"n\":{number}}}").as_bytes(), false);
    }
    content.push(&registry, REPOSITORY);
    registry.store().page = 2;
    let source = source(&registry, &options());
    assert_eq!(source.referrers(&image.digest).await.unwrap().len(), 7);
    let pages = registry.take_requests();
    assert_eq!(pages.iter().filter(|request| request.contains("/referrers/")).count(), 4);
}

#[tokio::test]
async fn a_link_that_circles_leaves_or_cannot_be_read_is_an_error() {
    let (registry, image, _) = seeded();
    let path = format!("/v2/{REPOSITORY}/referrers/{}", image.digest);
    for link in [
        format!("<{path}>; rel=\"next\""),
        "<http://127.0.0.1:1/v2/x>; rel=\"next\"".to_owned(),
        "<https://evil.example.com/v2/x>; rel=next".to_owned(),
        "<//evil.example.com/x>; rel=next".to_owned(),
        "next".to_owned(),
        "<http://[::>; rel=next".to_owned(),
    ] {
        registry.mend();
        registry.fault("GET", "/referrers/", None, Fault::Header("Link".into(), link.clone()));
        let error = source(&registry, &options()).referrers(&image.digest).await.unwrap_err();
        assert!(matches!(cause(error), Cause::Link), "{link}");
    }
    // Two pages that name each other.
    registry.mend();
    for (part, link) in [("page=1", path.clone()), ("/referrers/", format!("{path}?page=1"))] {
        let link = format!("<{link}>; rel=\"next\"");
        registry.fault("GET", part, None, Fault::Header("Link".into(), link));
    }
    let error = source(&registry, &options()).referrers(&image.digest).await.unwrap_err();
    assert!(matches!(cause(error), Cause::Link));
}

#[tokio::test]
async fn pages_without_end_reach_a_limit() {
    let (registry, image, _) = seeded();
    let path = format!("/v2/{REPOSITORY}/referrers/{}", image.digest);
    for page in 0..6 {
        let link = format!("<{path}?page={}>; rel=\"next\"", page + 1);
        let part = if page == 0 { image.digest.to_string() } else { format!("?page={page}") };
        registry.fault("GET", &part, Some(1), Fault::Header("Link".into(), link));
    }
    let budget = Budget { pages: 5, ..budget() };
    let options = Options { budget, ..options() };
    let error = source(&registry, &options).referrers(&image.digest).await.unwrap_err();
    assert!(matches!(error, Error::Limit { limit: Limit::Pages, most: 5 }), "{error}");
}

#[tokio::test]
async fn a_page_that_is_gone_is_not_the_end() {
    let (registry, image, _) = seeded();
    let (mut content, _) = Content::image("a");
    content.referrer(&image, b"{\"n\":2}", false);
    content.push(&registry, REPOSITORY);
    registry.store().page = 1;
    registry.fault("GET", "page=1", None, status(404));
    let error = source(&registry, &options()).referrers(&image.digest).await.unwrap_err();
    assert!(matches!(cause(error), Cause::Status(404)));
}

#[tokio::test]
async fn not_now_is_asked_again_and_three_times_at_most() {
    for code in [429, 500, 502, 503, 504] {
        let (registry, image, _) = seeded();
        registry.fault("GET", "/manifests/", Some(2), status(code));
        let found = source(&registry, &options()).manifest(&image.digest).await.unwrap();
        assert!(found.is_some());
        assert_eq!(registry.take_requests().len(), 3);
    }
    let (registry, image, _) = seeded();
    registry.fault("GET", "/manifests/", None, status(503));
    let error = source(&registry, &options()).manifest(&image.digest).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "manifest {} cannot be had from {} after 3 tries: it answered 503",
            image.digest,
            registry.host()
        )
    );
    assert_eq!(registry.take_requests().len(), 3);
}

#[tokio::test]
async fn broken_connections_are_tried_again_and_what_lasts_is_not() {
    let (registry, image, _) = seeded();
    registry.fault("GET", "/manifests/", Some(1), Fault::Close);
    let cut = Answer::new(200).body(Body::Cut(b"{".to_vec()));
    registry.fault("GET", "/manifests/", Some(1), Fault::Answer(cut));
    assert!(source(&registry, &options()).manifest(&image.digest).await.unwrap().is_some());
    assert_eq!(registry.take_requests().len(), 3);
    registry.fault("GET", "/manifests/", None, status(501));
    let error = source(&registry, &options()).manifest(&image.digest).await.unwrap_err();
    assert!(matches!(cause(error), Cause::Status(501)));
    assert_eq!(registry.take_requests().len(), 1);
}

#[tokio::test]
async fn a_time_to_wait_beyond_ours_is_not_waited_for() {
    let (registry, image, _) = seeded();
    for time in ["3600", "18446744073709551615"] {
        registry.mend();
        let busy = Answer::new(429).with("Retry-After", time);
        registry.fault("GET", "/manifests/", None, Fault::Answer(busy));
        let error = source(&registry, &options()).manifest(&image.digest).await.unwrap_err();
        assert!(matches!(cause(error), Cause::Status(429)));
        assert_eq!(registry.take_requests().len(), 1);
    }
    registry.mend();
    let busy = Answer::new(429).with("Retry-After", "0");
    registry.fault("GET", "/manifests/", Some(2), Fault::Answer(busy));
    assert!(source(&registry, &options()).manifest(&image.digest).await.unwrap().is_some());
}

#[tokio::test]
async fn nobody_answers() {
    let (registry, image, _) = seeded();
    let host = registry.host();
    drop(registry);
    let reference: Reference = format!("{host}/{REPOSITORY}").parse().unwrap();
    let source = open(&reference, &options()).unwrap();
    let error = source.manifest(&image.digest).await.unwrap_err();
    assert_eq!(error.kind(), "unavailable");
    assert!(error.to_string().contains("after 3 tries"), "{error}");
}

#[tokio::test]
async fn bodies_without_end_stop_at_their_limit() {
    let (registry, image, referrer) = seeded();
    let endless = Fault::Answer(Answer::new(200).body(Body::Endless));
    registry.fault("GET", "/v2/", None, endless);
    let source = source(&registry, &options());
    let limit = |error: Error| match error {
        Error::Limit { limit, .. } => limit,
        other => panic!("{other}"),
    };
    assert_eq!(limit(source.manifest(&image.digest).await.unwrap_err()), Limit::Manifest);
    assert_eq!(limit(source.resolve("latest").await.unwrap_err()), Limit::Manifest);
    assert_eq!(limit(source.blob(&referrer).await.unwrap_err()), Limit::Bundle);
    assert_eq!(limit(source.referrers(&image.digest).await.unwrap_err()), Limit::List);
    registry.take_requests();
    let huge = Descriptor { size: 1 << 30, ..referrer };
    assert_eq!(limit(source.blob(&huge).await.unwrap_err()), Limit::Bundle);
    assert_eq!(registry.take_requests().len(), 0);
}

#[tokio::test]
async fn all_bodies_together_stop_at_the_total() {
    let (registry, image, _) = seeded();
    registry.fault("GET", "/v2/", None, Fault::Answer(Answer::new(200).body(Body::Endless)));
    let options = Options { budget: Budget { total: 1 << 20, ..budget() }, ..options() };
    let error = source(&registry, &options).manifest(&image.digest).await.unwrap_err();
    assert!(matches!(error, Error::Limit { limit: Limit::Total, .. }), "{error}");
}

#[tokio::test]
async fn slow_answers_end_with_the_request_or_with_the_whole() {
    let (registry, image, _) = seeded();
    registry.fault("GET", "/manifests/", None, Fault::Answer(Answer::new(200).body(Body::Drip)));
    let budget = Budget { request: Duration::from_millis(100), tries: 2, ..budget() };
    let options = Options { budget, ..options() };
    let error = source(&registry, &options).manifest(&image.digest).await.unwrap_err();
    assert!(matches!(cause(error), Cause::TimedOut));
    assert_eq!(registry.take_requests().len(), 2);
    let options = Options { timeout: Duration::from_millis(100), ..options };
    let options = Options { budget: Budget::default(), ..options };
    let error = source(&registry, &options).manifest(&image.digest).await.unwrap_err();
    assert!(matches!(error, Error::Limit { limit: Limit::Timeout, .. }), "{error}");
}

#[tokio::test]
async fn headers_about_content_are_not_believed() {
    let (registry, image, _) = seeded();
    let lie = format!("sha256:{}", "0".repeat(64));
    registry.fault("GET", "/manifests/", None, Fault::Header("Docker-Content-Digest".into(), lie));
    let source = source(&registry, &options());
    assert_eq!(source.resolve("latest").await.unwrap().unwrap().digest, image.digest);
}

#[tokio::test]
async fn a_registry_on_this_machine_that_wants_tls_gets_it() {
    let (registry, image, _) = seeded();
    let words = b"Client sent an HTTP request to an HTTPS server.\n".to_vec();
    let wants_tls = Answer::new(400).body(Body::Bytes(words));
    registry.fault("GET", "/manifests/", Some(1), Fault::Answer(wants_tls));
    let source = source(&registry, &options());
    // This one does not speak it after all, and plain HTTP is not tried a second time.
    let error = source.manifest(&image.digest).await.unwrap_err();
    assert!(matches!(cause(error), Cause::Transport(_)));
    assert_eq!(registry.take_requests().iter().filter(|r| r.contains("/v2/")).count(), 1);
}

#[tokio::test]
async fn requests_at_once_all_find_out_that_a_registry_on_this_machine_wants_tls() {
    let (registry, image, _) = seeded();
    let words = b"Client sent an HTTP request to an HTTPS server.\n".to_vec();
    let wants_tls = Answer::new(400).body(Body::Bytes(words));
    registry.fault("GET", "/v2/", None, Fault::Answer(wants_tls));
    let source = source(&registry, &options());
    let (manifest, referrers) =
        tokio::join!(source.manifest(&image.digest), source.referrers(&image.digest));
    for error in [manifest.unwrap_err(), referrers.unwrap_err()] {
        assert!(matches!(cause(error), Cause::Transport(_)), "both tried TLS");
    }
}

#[tokio::test]
async fn a_registry_on_this_machine_says_that_it_wants_tls_also_where_the_answer_has_no_content() {
    let (registry, image, _) = seeded();
    let AnySource::Http(source) = source(&registry, &options()) else { panic!("no registry") };
    let head = Request {
        method: Method::HEAD,
        url: source.client().url(&format!("blobs/{}", image.digest)),
        what: What::Blob(image.digest.clone()),
        headers: Vec::new(),
        body: Vec::new(),
        access: Access::Pull,
        most: 0,
        over: Error::Limit { limit: Limit::List, most: 0 },
        again: true,
    };
    registry.fault("HEAD", "/blobs/", None, status(400));
    registry.fault("GET", "/blobs/", Some(1), status(400));
    // A 400 of another kind stays one.
    assert_eq!(source.client().send(&head).await.unwrap().status.as_u16(), 400);
    let words = b"Client sent an HTTP request to an HTTPS server.\n".to_vec();
    registry.fault(
        "GET",
        "/blobs/",
        Some(1),
        Fault::Answer(Answer::new(400).body(Body::Bytes(words))),
    );
    let error = source.client().send(&head).await.unwrap_err();
    assert!(matches!(cause(error), Cause::Transport(_)));
}
