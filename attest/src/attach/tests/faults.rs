//! Registries and disks that refuse, break off, or lie.

use registry::Source;
use testkit::registry::{Answer, Body, Fault, Login};

use super::*;

fn status(status: u16) -> Fault {
    Fault::Answer(Answer::new(status))
}

#[tokio::test]
async fn a_refusal_says_the_registrys_words_and_the_remedy() {
    let places = Places::new();
    let words = r#"{"errors":[{"code":"DENIED","message":"no \u001b[31mway"}]}"#;
    let denied = Fault::Answer(Answer::json(403, words));
    places.registry.fault("PUT", "/manifests/", None, denied);
    let error = places.attach(&places.http(), b"1").await.unwrap_err();
    assert_eq!(error.code(), "push-refused");
    assert!(
        error.to_string().ends_with(r"it answered 403 (`DENIED`: `no \u{1b}[31mway`)"),
        "{error}"
    );
    assert_eq!(error.help().unwrap(), "the login needs the right to push");
}

#[tokio::test]
async fn immutable_tags_are_named_with_their_remedy() {
    let places = Places::new();
    places.registry.store().referrers_api = false;
    for code in [400, 403, 409, 412] {
        places.registry.mend();
        let tag = fallback_tag(&places.image.digest);
        places.registry.fault("PUT", &format!("/manifests/{tag}"), None, status(code));
        let error = places.attach(&places.http(), b"1").await.unwrap_err();
        assert_eq!(error.code(), "immutable-tag", "{error}");
        assert!(error.help().unwrap().contains("`sha256-`"), "{code}: {error}");
    }
}

#[tokio::test]
async fn a_full_or_resting_registry_says_so_with_a_way_out() {
    for (method, code, words, expected) in [
        ("POST", 405, r#"{"errors":[{"code":"UNSUPPORTED"}]}"#, "read-only"),
        ("POST", 404, r#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#, "no-repository"),
        ("PUT", 403, r#"{"errors":[{"code":"DENIED","message":"quota exceeded"}]}"#, "quota"),
        ("PUT", 413, "", "quota"),
        ("PUT", 507, "", "quota"),
    ] {
        let places = Places::new();
        places.registry.fault(method, "/", None, Fault::Answer(Answer::json(code, words)));
        let error = places.attach(&places.http(), b"1").await.unwrap_err();
        assert_eq!(error.code(), expected, "{code}: {error}");
        let help = error.help().unwrap();
        let way_out = expected == "no-repository" || help.contains("--evidence-repository");
        assert!(way_out, "{code}: {help}");
    }
}

#[tokio::test]
async fn what_fails_for_now_is_tried_again() {
    let places = Places::new();
    for (method, part) in [
        ("HEAD", "/blobs/"),
        ("POST", "/uploads/"),
        ("PUT", "/uploads/"),
        ("PUT", "/manifests/"),
        ("GET", "/referrers/"),
    ] {
        places.registry.mend();
        places.registry.fault(method, part, Some(1), status(503));
        let bundle = format!("{method}{part}");
        places.attach(&places.http(), bundle.as_bytes()).await.unwrap();
        places.registry.fault(method, part, None, status(503));
        let bundle = format!("{method}{part} again");
        let error = places.attach(&places.http(), bundle.as_bytes()).await.unwrap_err();
        assert_eq!(error.code(), "unavailable", "{method} {part}: {error}");
    }
    places.registry.mend();
    assert_eq!(places.http().referrers(&places.image.digest).await.unwrap().len(), 5);
}

#[tokio::test]
async fn blobs_that_are_not_seen_yet_are_waited_for() {
    let places = Places::new();
    for code in ["DIGEST_INVALID", "MANIFEST_BLOB_UNKNOWN"] {
        let words = format!(r#"{{"errors":[{{"code":"{code}","message":"not yet"}}]}}"#);
        let unseen = Fault::Answer(Answer::json(400, words));
        places.registry.fault("PUT", "/manifests/", Some(2), unseen.clone());
        let target = places.http();
        let attached = places.attach(&target, code.as_bytes()).await.unwrap();
        let manifest = target.manifest(&attached.referrer).await.unwrap().unwrap();
        assert!(layer(&manifest).data.is_some());
        places.registry.fault("PUT", "/manifests/", None, unseen);
        let error = places.attach(&target, b"never").await.unwrap_err();
        assert!(error.to_string().contains(code), "{error}");
        places.registry.mend();
    }
}

#[tokio::test]
async fn nothing_is_pushed_where_the_referrers_cannot_be_had() {
    let places = Places::new();
    for code in [400, 403, 500] {
        places.registry.mend();
        places.registry.take_requests();
        places.registry.fault("GET", "/referrers/", None, status(code));
        let error = places.attach(&places.http(), b"1").await.unwrap_err();
        assert!(matches!(error.code(), "unavailable" | "unauthorized"), "{code}: {error}");
        let requests = places.registry.take_requests();
        assert!(!requests.iter().any(|r| r.starts_with("PUT") && r.contains("/manifests/")));
    }
}

#[tokio::test]
async fn a_lost_write_of_the_fallback_tag_is_noticed() {
    let places = Places::new();
    places.registry.store().referrers_api = false;
    let part = format!("/manifests/{}", fallback_tag(&places.image.digest));
    let one = places.attach(&places.http(), b"1").await.unwrap();
    // The tag of its own is written, the next write is lost.
    places.registry.fault(
        "PUT",
        &format!("{part}."),
        Some(1),
        Fault::Header("X".into(), "1".into()),
    );
    places.registry.fault("PUT", &part, Some(1), status(201));
    let two = places.attach(&places.http(), b"2").await.unwrap();
    let mut both = vec![one.referrer, two.referrer];
    both.sort();
    assert_eq!(places.fallback(), both);
    // One that is lost every time is an error in the end.
    places.registry.fault(
        "PUT",
        &format!("{part}."),
        Some(1),
        Fault::Header("X".into(), "1".into()),
    );
    places.registry.fault("PUT", &part, None, status(201));
    let error = places.attach(&places.http(), b"3").await.unwrap_err();
    assert_eq!(error.code(), "contended");
}

#[tokio::test]
async fn a_tag_that_is_being_written_is_looked_at_again() {
    let places = Places::new();
    places.registry.store().referrers_api = false;
    let part = format!("/manifests/{}", fallback_tag(&places.image.digest));
    places.registry.fault("GET", &part, Some(10), status(500));
    let attached = places.attach(&places.http(), b"1").await.unwrap();
    assert_eq!(places.fallback(), [attached.referrer]);
    places.registry.fault("GET", &part, None, status(500));
    let error = places.attach(&places.http(), b"2").await.unwrap_err();
    assert_eq!(error.code(), "unavailable");
}

#[tokio::test]
async fn what_is_no_referrer_under_such_a_tag_is_left_out() {
    let places = Places::new();
    places.registry.store().referrers_api = false;
    let tag = fallback_tag(&places.image.digest);
    let (content, other) = Content::image("b");
    let other_bytes = content.manifests[0].bytes.clone();
    for (end, bytes) in [
        ("0000000000000000", b"<html>".as_slice()),
        (other.digest.hex().get(..16).unwrap(), &other_bytes),
        ("att", &other_bytes),
    ] {
        let tag = format!("{tag}.{end}");
        places.registry.store().put_manifest(REPOSITORY, Some(&tag), bytes);
    }
    let attached = places.attach(&places.http(), b"1").await.unwrap();
    assert_eq!(places.fallback(), [attached.referrer]);
}

#[tokio::test]
async fn the_tags_of_all_pages_count() {
    let places = Places::new();
    places.registry.store().referrers_api = false;
    places.registry.store().page = 2;
    let mut digests = Vec::new();
    for bundle in [b"1", b"2", b"3", b"4", b"5"] {
        digests.push(places.attach(&places.http(), bundle).await.unwrap().referrer);
    }
    let tag = fallback_tag(&places.image.digest);
    let empty = r#"{"schemaVersion":2,"manifests":[]}"#;
    places.registry.store().put_manifest(REPOSITORY, Some(&tag), empty.as_bytes());
    digests.push(places.attach(&places.http(), b"6").await.unwrap().referrer);
    digests.sort();
    assert_eq!(places.fallback(), digests);
}

#[tokio::test]
async fn a_token_to_write_is_asked_for_only_to_write() {
    let mut places = Places::new();
    places.registry.require(Login::Token(None));
    let target = places.http();
    assert!(target.resolve("latest").await.unwrap().is_some());
    places.attach(&target, b"1").await.unwrap();
    let requests = places.registry.take_requests();
    let tokens: Vec<_> = requests.iter().filter(|r| r.contains("/token")).collect();
    let scope = "service=test&scope=repository%3Ademo%2Fapp%3Apull";
    assert_eq!(tokens, [&format!("GET /token?{scope}"), &format!("GET /token?{scope}%2Cpush")]);

    places.registry.require(Login::Token(Some(("alice".into(), "s3cret".into()))));
    places.options.credentials = Credentials::Anonymous;
    let error = places.attach(&places.http(), b"2").await.unwrap_err();
    assert_eq!(error.code(), "unauthorized");
    assert!(error.help().unwrap().contains("login"));
}

#[tokio::test]
async fn an_upload_goes_on_at_the_registry_or_with_tls_and_elsewhere_without_token() {
    let places = Places::new();
    for location in ["http://registry.example.com/upload", "ftp://127.0.0.1/", "http://["] {
        places.registry.mend();
        let begun = Answer::new(202).with("Location", location);
        places.registry.fault("POST", "/uploads/", None, Fault::Answer(begun));
        let result = places.attach(&places.http(), b"1").await;
        assert!(result.is_err(), "{location}");
    }
    let requests = places.registry.take_requests();
    assert!(!requests.iter().any(|r| r.starts_with("PUT") && r.contains("/manifests/")));
}

#[tokio::test]
async fn endless_answers_to_a_push_stop() {
    let places = Places::new();
    let endless = Fault::Answer(Answer::new(201).body(Body::Endless));
    places.registry.fault("PUT", "/manifests/", None, endless);
    let error = places.attach(&places.http(), b"1").await.unwrap_err();
    assert_eq!(error.code(), "limit");
}

#[tokio::test]
async fn what_a_killed_writer_left_in_a_layout_is_repaired() {
    let places = Places::new();
    let dir = places.dir.path().join("blobs/sha256");
    fs::write(dir.join(".attest-killed"), "{\"ha").unwrap();
    fs::write(places.dir.path().join(".attest-killed"), "{\"ha").unwrap();
    fs::write(dir.join(Digest::sha256(b"{\"n\":1}").hex()), "{\"n").unwrap();
    let target = places.layout();
    // A half written blob is found out by whoever reads it.
    assert_eq!(target.referrers(&places.image.digest).await.unwrap_err().kind(), "digest-mismatch");
    fs::remove_file(dir.join(Digest::sha256(b"{\"n\":1}").hex())).unwrap();
    let attached = places.attach(&target, b"{\"n\":1}").await.unwrap();
    assert_eq!(target.referrers(&places.image.digest).await.unwrap()[0].digest, attached.referrer);
    assert_eq!(unfinished(places.dir.path()), 0);
    // The index alone is missing its entry: everything else is there, and is not written again.
    let (content, _) = Content::image("a");
    content.write_layout(places.dir.path()).unwrap();
    let again = places.attach(&target, b"{\"n\":1}").await.unwrap();
    assert_eq!(again, Attached { writes: 1, ..attached });
}

#[cfg(unix)]
#[tokio::test]
async fn new_files_are_as_readable_as_the_old_ones() {
    use std::os::unix::fs::PermissionsExt;
    let places = Places::new();
    let index = places.dir.path().join("index.json");
    fs::set_permissions(&index, fs::Permissions::from_mode(0o640)).unwrap();
    let attached = places.attach(&places.layout(), b"1").await.unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&index), 0o640);
    let blobs = places.dir.path().join("blobs/sha256");
    assert_eq!(
        mode(&blobs.join(attached.bundle.hex())),
        mode(&blobs.join(places.image.digest.hex()))
    );
}

#[tokio::test]
async fn an_index_that_is_none_is_not_written_over() {
    let places = Places::new();
    let target = places.layout();
    let index = places.dir.path().join("index.json");
    for text in ["", "[]", "{\"manifests\":{}}", "{\"schemaVersion\":2,\"manifests\":[{}]}"] {
        fs::write(&index, text).unwrap();
        assert!(places.attach(&target, b"1").await.is_err(), "{text}");
        assert_eq!(fs::read_to_string(&index).unwrap(), text);
        let bundle = places.dir.path().join("blobs/sha256").join(Digest::sha256(b"1").hex());
        assert!(!bundle.exists(), "no content before the index is ready");
    }
}
