//! Who is given the user's login, and who is not: challenges, tokens, redirects.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use registry::{
    AnySource, Budget, Credentials, Descriptor, Error, Options, Reference, Source,
    error::{Cause, Denial},
    open,
};
use testkit::{
    content::Content,
    registry::{Answer, Fault, Login, Registry},
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

fn cause(error: Error) -> Cause {
    match error {
        Error::Unavailable { cause, .. } => cause,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_redirect_takes_the_bytes_and_leaves_the_token_behind() {
    let (registry, image, referrer) = seeded();
    registry.require(Login::Token(None));
    let elsewhere = Registry::start().unwrap();
    let (content, _) = Content::image("a");
    content.push(&elsewhere, REPOSITORY);
    let to = format!("http://{}/v2/{REPOSITORY}/manifests/{}", elsewhere.host(), image.digest);
    let moved = Answer::new(307).with("Location", &to);
    registry.fault("GET", &format!("/manifests/{}", image.digest), None, Fault::Answer(moved));
    let source = source(&registry, &options());
    // The first request brings the token, the second is redirected.
    assert!(source.listed(&referrer).await.is_ok());
    assert!(source.manifest(&image.digest).await.unwrap().is_some());
    let requests = elsewhere.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].header("authorization"), None);
    assert!(registry.requests().iter().any(|request| request.header("authorization").is_some()));
}

#[tokio::test]
async fn redirects_in_a_circle_to_nowhere_and_off_this_machine_end() {
    let (registry, image, _) = seeded();
    let path = format!("/v2/{REPOSITORY}/manifests/{}", image.digest);
    for to in [
        path.as_str(),
        "http://registry.example.com/v2/a",
        "ftp://127.0.0.1/a",
        "file:///etc/passwd",
        "http://user:pass@127.0.0.1/a",
        "http://[",
    ] {
        registry.mend();
        let moved = Answer::new(302).with("Location", to);
        registry.fault("GET", "/manifests/", None, Fault::Answer(moved));
        let error = source(&registry, &options()).manifest(&image.digest).await.unwrap_err();
        assert!(matches!(cause(error), Cause::Redirect), "{to}");
    }
    assert_eq!(registry.take_requests().len(), 11 + 5);
}

#[tokio::test]
async fn whoever_is_redirected_to_gets_no_answer_to_its_challenge() {
    let (registry, image, _) = seeded();
    let evil = Registry::start().unwrap();
    evil.require(Login::Basic("x".into(), "y".into()));
    let moved =
        Answer::new(302).with("Location", &format!("http://{}/v2/{REPOSITORY}/a", evil.host()));
    registry.fault("GET", "/manifests/", None, Fault::Answer(moved));
    let files = logins(&registry, "alice", "s3cret");
    let options = Options { credentials: files.1, ..options() };
    let error = source(&registry, &options).manifest(&image.digest).await.unwrap_err();
    assert_eq!(error.kind(), "unauthorized");
    assert_eq!(evil.requests().len(), 1);
    assert_eq!(evil.requests()[0].header("authorization"), None);
}

fn logins(registry: &Registry, user: &str, password: &str) -> (tempfile::TempDir, Credentials) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.json");
    let login = format!(
        r#"{{"auths":{{"{}":{{"username":"{user}","password":"{password}"}}}}}}"#,
        registry.host()
    );
    std::fs::write(&file, login).unwrap();
    (dir, Credentials::Files(vec![file]))
}

#[tokio::test]
async fn a_token_is_asked_for_once_however_many_wait() {
    let (registry, image, referrer) = seeded();
    registry.require(Login::Token(None));
    let source = source(&registry, &options());
    let (one, two, three) = tokio::join!(
        source.manifest(&image.digest),
        source.referrers(&image.digest),
        source.listed(&referrer)
    );
    assert!(one.unwrap().is_some() && two.unwrap().len() == 1 && three.is_ok());
    let requests = registry.take_requests();
    let tokens: Vec<_> = requests.iter().filter(|r| r.starts_with("GET /token")).collect();
    assert_eq!(tokens, ["GET /token?service=test&scope=repository%3Ademo%2Fapp%3Apull"]);
    assert_eq!(requests.len(), 9);
}

#[tokio::test]
async fn every_scope_that_a_registry_names_is_asked_for_besides_our_own() {
    let (registry, image, _) = seeded();
    registry.require(Login::Token(None));
    let scopes = "repository:demo/app:pull repository:demo/base:pull registry:catalog:*";
    let realm = format!("http://{}/token", registry.host());
    let challenge = format!("Bearer realm=\"{realm}\",service=\"test\",scope=\"{scopes}\"");
    let asks = Answer::new(401).with("WWW-Authenticate", &challenge);
    registry.fault("GET", "/manifests/", Some(1), Fault::Answer(asks));
    assert!(source(&registry, &options()).manifest(&image.digest).await.unwrap().is_some());
    let token = registry.take_requests().into_iter().find(|r| r.contains("/token")).unwrap();
    let own = "scope=repository%3Ademo%2Fapp%3Apull";
    let others = "scope=repository%3Ademo%2Fbase%3Apull&scope=registry%3Acatalog%3A*";
    assert_eq!(token, format!("GET /token?service=test&{own}&{others}"));
}

#[tokio::test]
async fn a_login_opens_what_is_closed_and_is_not_shown() {
    let pair = |password: &str| ("alice".to_owned(), password.to_owned());
    let basic = Login::Basic("alice".into(), "s3cret".into());
    for login in [basic, Login::Token(Some(pair("s3cret")))] {
        let (registry, image, _) = seeded();
        registry.require(login.clone());
        let error = source(&registry, &options()).manifest(&image.digest).await.unwrap_err();
        let denial = Denial::Status { status: 401, with_credentials: false };
        assert!(matches!(&error, Error::Unauthorized { cause, .. } if *cause == denial), "{error}");

        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let (_dir, credentials) = logins(&registry, "alice", "s3cret");
        let with_login = Options {
            credentials,
            verbose: Some(Arc::new(move |line: &str| sink.lock().unwrap().push(line.to_owned()))),
            ..options()
        };
        assert!(source(&registry, &with_login).manifest(&image.digest).await.unwrap().is_some());
        let lines = lines.lock().unwrap().join("\n");
        assert!(lines.contains("config.json") && lines.contains(" 401") && lines.contains(" 200"));
        assert!(!lines.contains("s3cret") && !lines.contains("YWxp"), "{lines}");

        let (_dir, credentials) = logins(&registry, "alice", "wr0ng");
        let wrong = Options { credentials, ..options() };
        let error = source(&registry, &wrong).manifest(&image.digest).await.unwrap_err();
        let denial = Denial::Status { status: 401, with_credentials: true };
        assert!(matches!(&error, Error::Unauthorized { cause, .. } if *cause == denial), "{error}");
        assert!(!error.to_string().contains("wr0ng"));
    }
}

#[tokio::test]
async fn a_token_that_ran_out_is_renewed_once() {
    let (registry, image, referrer) = seeded();
    registry.require(Login::Token(None));
    let source = source(&registry, &options());
    assert!(source.manifest(&image.digest).await.unwrap().is_some());
    let host = registry.host();
    let challenge = format!("Bearer realm=\"http://{host}/token?again=1\",service=\"test\"");
    let expired = Answer::new(401).with("WWW-Authenticate", &challenge);
    registry.fault("GET", "/manifests/", Some(1), Fault::Answer(expired.clone()));
    assert!(source.listed(&referrer).await.is_ok());
    registry.fault("GET", "/manifests/", Some(2), Fault::Answer(expired));
    let error = source.listed(&referrer).await.unwrap_err();
    assert_eq!(error.kind(), "unauthorized");
}

#[tokio::test]
async fn a_token_service_that_fails_is_an_error_for_all_and_asked_once() {
    for (answer, kind) in [
        (Answer::new(500), "unavailable"),
        (Answer::new(404), "unavailable"),
        (Answer::new(403), "unauthorized"),
        (Answer::json(200, "{}"), "unavailable"),
        (Answer::json(200, r#"{"token":""}"#), "unavailable"),
        (Answer::json(200, "{\"token\":\"a\\nb\"}"), "unavailable"),
        (Answer::json(200, "<html>"), "unavailable"),
    ] {
        let (registry, image, _) = seeded();
        registry.require(Login::Token(None));
        registry.fault("GET", "/token", None, Fault::Answer(answer.clone()));
        let source = source(&registry, &options());
        let (one, two) = tokio::join!(source.manifest(&image.digest), source.resolve("latest"));
        for error in [one.unwrap_err(), two.unwrap_err()] {
            assert_eq!(error.kind(), kind, "{error}");
        }
        let requests = registry.take_requests();
        let tokens = requests.iter().filter(|request| request.contains("/token")).count();
        assert_eq!(tokens, if answer.status == 500 { 3 } else { 1 }, "{}", answer.status);
    }
}

#[tokio::test]
async fn a_password_goes_to_no_token_service_without_tls_on_another_host() {
    let (registry, image, _) = seeded();
    for (challenge, kind) in [
        ("Bearer realm=\"http://auth.example.com/token\"", "unauthorized"),
        ("Bearer realm=\"not a url\"", "unavailable"),
        ("Bearer realm=\"file:///etc/passwd\"", "unauthorized"),
        ("Negotiate", "unauthorized"),
    ] {
        registry.mend();
        let asked = Answer::new(401).with("WWW-Authenticate", challenge);
        registry.fault("GET", "/manifests/", None, Fault::Answer(asked));
        let (_dir, credentials) = logins(&registry, "alice", "s3cret");
        let options = Options { credentials, ..options() };
        let error = source(&registry, &options).manifest(&image.digest).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{challenge}: {error}");
        assert_eq!(registry.take_requests().len(), 1);
    }
}
