//! Registries that break off, lie, refuse, or change what they are given.

use testkit::registry::{Answer, Body, Fault, Login};

use super::*;

fn status(status: u16) -> Fault {
    Fault::Answer(Answer::new(status))
}

/// A registry with an image in `FROM`.
fn filled() -> (Places, Digest) {
    let places = Places::new();
    let (content, image) = Content::image("layer");
    places.fill(&content, FROM);
    (places, image.digest)
}

#[tokio::test]
async fn what_fails_for_now_is_tried_again_and_what_lasts_leaves_no_tag() {
    for (method, part) in [
        ("GET", "/blobs/"),
        ("HEAD", "/blobs/"),
        ("POST", "/uploads/"),
        ("PUT", "/uploads/"),
        ("HEAD", "/manifests/"),
        ("PUT", "/manifests/sha256:"),
        ("PUT", "/manifests/latest"),
    ] {
        let (places, _) = filled();
        places.registry.fault(method, part, Some(1), status(503));
        places.copy(FROM, TO).await.unwrap();
        let (places, _) = filled();
        places.registry.fault(method, part, None, status(503));
        let error = places.copy(FROM, TO).await.unwrap_err();
        assert_eq!(error.code(), "unavailable", "{method} {part}: {error}");
        assert_eq!(places.registry.store().tags(TO).len(), 0, "{method} {part}");
        places.registry.mend();
        places.copy(FROM, TO).await.unwrap();
    }
}

#[tokio::test]
async fn content_that_breaks_off_is_sent_anew_and_other_content_never_arrives() {
    let cut = || Answer::new(200).body(Body::Cut(b"lay".to_vec()));
    for to in [TO, "oci:to"] {
        let (places, _) = filled();
        let layer = Digest::sha256(b"layer");
        let part = format!("/staging/app/blobs/{layer}");
        places.registry.fault("GET", &part, Some(2), Fault::Answer(cut()));
        places.copy(FROM, to).await.unwrap();

        let (places, _) = filled();
        places.registry.fault("GET", &part, None, Fault::Answer(cut()));
        let error = places.copy(FROM, to).await.unwrap_err();
        assert_eq!(error.code(), "unavailable", "{to}: {error}");
        for (other, code) in [
            (b"LAYER".as_slice(), "digest-mismatch"),
            (b"layers", "size-mismatch"),
            (b"lay", "size-mismatch"),
        ] {
            let (places, _) = filled();
            let other = Answer::new(200).body(Body::Bytes(other.to_vec()));
            places.registry.fault("GET", &part, None, Fault::Answer(other));
            let error = places.copy(FROM, to).await.unwrap_err();
            assert_eq!(error.code(), code, "{to}: {error}");
            let there = places.place(to).resolve("latest").await.unwrap();
            assert!(there.is_none(), "{to}");
        }
    }
}

#[tokio::test]
async fn what_is_missing_at_the_source_is_named() {
    let (places, _) = filled();
    places.registry.store().remove(FROM, &Digest::sha256(b"layer"));
    let error = places.copy(FROM, TO).await.unwrap_err();
    assert!(error.to_string().contains(&Digest::sha256(b"layer").to_string()), "{error}");
    assert_eq!(error.code(), "unavailable");

    // Evidence that stays behind may be the newer failure.
    let places = Places::new();
    let (mut content, image) = Content::image("layer");
    let referrer = content.referrer(&image, b"{}", false);
    content.index(&fallback_tag(&image.digest), std::slice::from_ref(&referrer));
    places.fill(&content, FROM);
    places.registry.store().remove(FROM, &referrer.digest);
    let error = places.copy(FROM, TO).await.unwrap_err();
    assert!(error.help().unwrap().contains("`attest repair IMAGE`"), "{error}");
    assert_eq!(places.registry.store().tags(TO).len(), 0);
}

#[tokio::test]
async fn a_repository_that_is_not_there_is_said_plainly() {
    let (places, _) = filled();
    let unknown = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"no such repository"}]}"#;
    let unknown = Answer::json(404, unknown);
    places.registry.fault("POST", "/prod/app/", None, Fault::Answer(unknown));
    let error = places.copy(FROM, TO).await.unwrap_err();
    assert_eq!(error.code(), "no-repository", "{error}");
    let text = error.to_string();
    assert!(text.contains("/prod/app refuses blob") && text.contains("NAME_UNKNOWN"), "{text}");
    assert!(error.help().unwrap().contains("made first"));
}

#[tokio::test]
async fn a_registry_that_changes_what_it_is_given_is_found_out() {
    // It says so itself.
    let (places, image) = filled();
    let other = Digest::sha256(b"recompressed").to_string();
    let says = Fault::Header("Docker-Content-Digest".into(), other.clone());
    places.registry.fault("PUT", "/manifests/sha256:", None, says);
    let error = places.copy(FROM, TO).await.unwrap_err();
    assert_eq!(error.code(), "digest-changed");
    assert!(error.to_string().contains(&other) && error.to_string().contains(image.hex()));
    assert!(error.help().unwrap().contains("compresses or converts"));

    // It takes it and has something else, or nothing.
    for taken in [Answer::json(200, "{}"), Answer::new(404)] {
        let (places, image) = filled();
        let part = format!("/prod/app/manifests/{image}");
        places.registry.fault("GET", &part, None, Fault::Answer(taken));
        let error = places.copy(FROM, TO).await.unwrap_err();
        assert_eq!(error.code(), "digest-changed", "{error}");
        assert_eq!(places.registry.store().tags(TO).len(), 0);
    }

    // The tag names something else in the end.
    let (places, _) = filled();
    let (other, _) = Content::image("other");
    let other = Answer::json(200, other.manifests[0].bytes.clone());
    places.registry.fault("GET", "/prod/app/manifests/latest", None, Fault::Answer(other));
    let error = places.copy(FROM, TO).await.unwrap_err();
    assert_eq!(error.code(), "digest-changed", "{error}");
}

#[tokio::test]
async fn a_tag_that_may_not_move_is_said_plainly() {
    let (places, _) = filled();
    places.fill(&Content::image("other").0, TO);
    places.registry.fault("PUT", "/manifests/latest", None, status(409));
    let error = places.copy(FROM, TO).await.unwrap_err();
    assert_eq!(error.code(), "immutable-tag", "{error}");
    assert!(error.help().unwrap().contains("names another image there"));
}

#[tokio::test]
async fn a_token_for_both_repositories_is_asked_for_to_mount() {
    let (places, _) = filled();
    places.registry.store().mounts = true;
    places.registry.require(Login::Token(None));
    let (image, _) = places.copy(FROM, TO).await.unwrap();
    assert_eq!(image.blobs.mounted, 2);
}

#[tokio::test]
async fn a_directory_with_something_else_in_it_becomes_no_layout() {
    let (places, _) = filled();
    let dir = places.dir.path().join("mine");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("letter.txt"), "dear").unwrap();
    let reference: Reference = format!("oci:{}", dir.display()).parse().unwrap();
    let error = open(&reference, &places.options).unwrap_err();
    assert_eq!(error.code(), "no-layout");
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1);
    // What a killed writer began is gone on with.
    std::fs::remove_file(dir.join("letter.txt")).unwrap();
    std::fs::create_dir(dir.join("blobs")).unwrap();
    std::fs::write(dir.join(".attest-killed"), "{").unwrap();
    open(&reference, &places.options).unwrap();
    places.copy(FROM, "oci:mine").await.unwrap();
    assert!(!dir.join(".attest-killed").exists());
}

#[tokio::test]
async fn an_unfinished_file_of_a_living_writer_is_not_swept_away() {
    let (places, _) = filled();
    let AnySource::Layout(layout) = places.place("oci:to") else { panic!("no layout") };
    let content = b"slow".as_slice();
    let mut slow =
        crate::attach::layout::Unfinished::begin(&layout, &Digest::sha256(content)).await.unwrap();
    slow.add(b"sl").unwrap();
    places.copy(FROM, "oci:to").await.unwrap();
    slow.add(b"ow").unwrap();
    slow.finish(&layout, &Digest::sha256(content)).unwrap();
    assert!(crate::attach::layout::holds(&layout, &Digest::sha256(content), 4));
}
