//! `attest predicate`, `statement`, `attach`, `key` and `whoami` as a user runs them, and what all
//! commands share: streams, formats, exit statuses, secrets.

use crate::place::{BUILD, IMAGE, NAME, Place, digest, parse, testdata, text};
use evidence::json::{Value, json};

#[test]
fn any_predicate_is_attested_under_its_uri_or_alias() {
    let place = Place::new();
    place.write("p.json", r#"{"a": 1}"#);
    let predicate = |kind| ["predicate", "oci:app", "--file", "p.json", "--type", kind];
    let statement = place.statement(&predicate("openvex"));
    assert_eq!(statement.predicate_type, "https://openvex.dev/ns");
    assert_eq!(statement.predicate["a"], 1);
    assert!(statement.predicate["attest_run"]["signedAt"].is_string());
    let own = place.statement(&predicate("https://example.com/review/v1"));
    assert_eq!(own.predicate_type, "https://example.com/review/v1");
    let ended = place.run(&predicate("approval"));
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.contains("slsaprovenance1"), "{}", ended.stderr);
}

#[test]
fn a_predicate_that_verify_could_not_read_is_refused() {
    let place = Place::new();
    let kind = "https://attest-verify.dev/approval/v1";
    for (content, code) in [
        (r#"{"decision": "approved"}"#, "unreadable"),
        (r#"[]"#, "unreadable"),
        (r#"{"a": 1, "a": 2}"#, "unreadable"),
        ("", "unreadable"),
        (r#"{"a": 1"#, "unreadable"),
    ] {
        place.write("p.json", content);
        let words = ["predicate", "oci:app", "--as", NAME, "--file", "p.json", "--type", kind];
        place.fails(1, code, &words);
    }
    place.write(
        "p.json",
        r#"{"decision":"approved","environment":"e","approvedAt":"2026-11-20T09:31:00Z"}"#,
    );
    let words = ["predicate", "oci:app", "--file", "p.json", "--type", kind];
    place.fails(2, "nameless-layout", &words);
    place.done(&[&words[..], &["--as", NAME]].concat());
}

#[test]
fn what_is_called_a_bill_of_materials_is_one() {
    let place = Place::new();
    let predicate = |kind| ["predicate", "oci:app", "--file", "p.json", "--type", kind];
    place.write("p.json", r#"{"components": []}"#);
    for kind in ["cyclonedx", "spdx", "https://spdx.dev/Document/v2.3"] {
        let stderr = place.fails(1, "unknown-format", &predicate(kind));
        assert!(stderr.contains("give SPDX or CycloneDX as JSON"), "{stderr}");
    }
    place.write("p.json", r#"{"bomFormat": "CycloneDX", "specVersion": "1.6"}"#);
    let stderr = place.fails(1, "wrong-type", &predicate("spdx"));
    assert!(stderr.contains("attest sbom IMAGE"), "{stderr}");
    place.done(&predicate("cyclonedx"));
    place.write(
        "p.json",
        r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"component": {"version":
            "sha256:0000000000000000000000000000000000000000000000000000000000000000"}}}"#,
    );
    place.fails(1, "wrong-image", &predicate("cyclonedx"));
    let hex = IMAGE.trim_start_matches("sha256:");
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1", "subject": [{"digest": {"sha256": hex}}],
        "predicateType": "https://cyclonedx.org/bom/v1.6", "predicate": {"a": 1},
    });
    place.write("s.json", statement.to_string());
    place.fails(1, "unknown-format", &["statement", "oci:app", "--file", "s.json"]);
}

#[test]
fn what_is_too_large_or_too_deep_to_be_read_is_not_written() {
    let place = Place::new();
    let kind = "https://example.com/p/v1";
    let predicate = ["predicate", "oci:app", "--file", "p.json", "--type", kind];
    let padded = |bytes: usize| format!(r#"{{"a": "{}"}}"#, "x".repeat(bytes));
    place.write("p.json", padded(12_582_900));
    place.fails(1, "too-large", &predicate);
    place.write("p.json", padded(13 << 20));
    place.fails(1, "too-large", &predicate);
    place.write("p.json", format!(r#"{{"a": {}1{}}}"#, "[".repeat(127), "]".repeat(127)));
    place.fails(1, "unreadable", &predicate);
}

#[test]
fn a_whole_statement_is_signed_byte_for_byte() {
    let place = Place::new();
    let hex = IMAGE.trim_start_matches("sha256:");
    let statement = |hex: &str| {
        format!(
            r#"{{"predicateType":"https://example.com/p/v1", "_type":"https://in-toto.io/Statement/v1",
                "subject":[{{"name":"x","digest":{{"sha256":"{hex}"}}}}],"predicate":{{}}}}"#
        )
    };
    place.write("s.json", statement(hex));
    place.done(&["statement", "oci:app", "--file", "s.json"]);
    assert_eq!(place.hanging("app")[0].0.envelope.payload, statement(hex).into_bytes());
    place.write("other.json", statement(&"0".repeat(64)));
    place.fails(1, "wrong-subject", &["statement", "oci:app", "--file", "other.json"]);
    place.write("none.json", "{}");
    place.fails(1, "unreadable", &["statement", "oci:app", "--file", "none.json"]);
}

#[test]
fn a_person_without_push_rights_signs_and_ci_attaches() {
    let mut place = Place::new();
    let words = [&["build", "oci:app", "--bundle", "b.json", "--no-attach"][..], &BUILD].concat();
    let bundle = place.done(&[&words[..], &["-q"]].concat());
    assert!(place.hanging("app").is_empty());
    let bytes = std::fs::read(place.path("b.json")).unwrap();
    assert_eq!(bundle.trim_end(), digest(&bytes));

    place.set("ATTEST_KEY", "");
    let first = place.done(&["attach", "oci:app", "--bundle", "b.json", "-q"]);
    let again = place.done(&["attach", "oci:app", "--bundle", "b.json", "-q"]);
    assert_eq!(first, again, "the same bundle makes the same manifest");
    assert_eq!(place.hanging("app").len(), 1);
    assert_eq!(place.hanging("app")[0].0.to_bytes(), bytes);
    place.fails(1, "wrong-subject", &["attach", "oci:index", "--bundle", "b.json"]);
    place.write("none.json", "{}");
    place.fails(1, "unreadable", &["attach", "oci:app", "--bundle", "none.json"]);
}

#[test]
fn the_bundle_is_kept_beside_being_attached_and_a_bad_place_stops_before() {
    let place = Place::new();
    place.done(&[&["build", "oci:app", "--bundle", "b.json"][..], &BUILD].concat());
    let bytes = std::fs::read(place.path("b.json")).unwrap();
    assert_eq!(place.hanging("app")[0].0.to_bytes(), bytes);
    let nowhere = [&["build", "oci:app", "--bundle", "no/b.json"][..], &BUILD].concat();
    place.fails(2, "unwritable-file", &nowhere);
    let alone = place.run(&[&["build", "oci:app", "--no-attach"][..], &BUILD].concat());
    assert_eq!(alone.status, 2, "signed and thrown away");
}

/// docs/attest.schema.json lists exactly the members of a document.
pub(crate) fn described(what: &str, document: &Value) {
    let schema = std::fs::read(testdata("../docs/attest.schema.json")).unwrap();
    let schema = parse(schema)["$defs"][what].take();
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&schema["properties"]), names(document), "{what}");
    assert_eq!(schema["additionalProperties"], false, "{what}");
    if what == "error" {
        let inner = &schema["properties"]["error"]["properties"];
        assert_eq!(names(inner), names(&document["error"]));
        // Whoever reads errors of `verify` reads these as well.
        let shared = std::fs::read(testdata("../docs/error.schema.json")).unwrap();
        let shared = parse(shared)["$defs"]["ErrorObject"]["properties"].take();
        assert!(names(&shared).len() > 3);
        assert!(names(&shared).iter().all(|name| document["error"].get(name).is_some()));
    }
}

#[test]
fn a_wrong_command_line_is_json_for_who_asked_for_json() {
    let place = Place::new();
    let wrong = |words: &[&str]| {
        let ended = place.run(words);
        assert_eq!(ended.status, 2, "{words:?}");
        assert!(ended.stderr.starts_with("error: "), "{}", ended.stderr);
        ended.stdout
    };
    for words in [
        &["build", "oci:app", "--format", "json", "--insecure"][..],
        &["build", "oci:app", "--format=json", "--key", "awskms://x"],
        &["build", "oci:app", "--format", "json", "-q"],
        &["copy", "oci:app", "--to", "oci:b", "--format", "json", "--quiet"],
        &["build", "https://registry.example.com/app", "--format", "json"],
    ] {
        let document = parse(wrong(words));
        described("error", &document);
        assert_eq!(
            (&document["error"]["kind"], &document["error"]["exit"]),
            (&json!("usage"), &json!(2))
        );
        assert!(!text(&document["error"]["message"]).starts_with("error:"));
    }
    assert_eq!(wrong(&["build", "oci:app", "--insecure"]), "");
    assert_eq!(
        wrong(&["test", "oci:app", "--insecure", "--", "go", "test", "--format", "json"]),
        ""
    );
    place.done(&[&["build", "oci:app", "--format", "text", "-q"][..], &BUILD].concat());
}

#[test]
fn json_says_what_was_attached_and_what_went_wrong() {
    let place = Place::new();
    let words = [&["build", "oci:app:v1", "--as", NAME, "--format", "json"][..], &BUILD].concat();
    let document = parse(place.done(&words));
    let (bundle, _) = &place.hanging("app")[0];
    assert_eq!(document["version"], 1);
    assert_eq!(document["subject"], IMAGE);
    assert_eq!(document["name"], NAME);
    assert_eq!((&document["tag"], &document["told"]), (&json!("v1"), &json!(true)));
    assert_eq!(document["predicateType"], "https://slsa.dev/provenance/v1");
    assert_eq!(document["id"], json!(bundle.envelope.id()));
    assert_eq!(document["bundle"], digest(&bundle.to_bytes()));
    assert!(text(&document["referrer"]).starts_with("sha256:"));
    assert_eq!(document["key"]["algorithm"], "ecdsa-p256-sha256");

    let ended = place.run(&["build", "oci:app", "--format", "json"]);
    assert_eq!(ended.status, 1);
    let fault = parse(&ended.stdout);
    described("attested", &document);
    described("error", &fault);
    assert_eq!(fault["version"], 1);
    assert_eq!(fault["error"]["kind"], "no-source");
    assert_eq!(fault["error"]["exit"], 1);
    assert!(ended.stderr.contains("[no-source]"), "{}", ended.stderr);
}

#[test]
fn keys_are_opened_before_anything_is_read_and_secrets_are_never_shown() {
    let mut place = Place::new();
    place.set("ATTEST_KEY", "");
    let build = [&["build", "oci:app"][..], &BUILD].concat();
    let stderr = place.fails(2, "no-key", &build);
    assert!(stderr.contains("attest key generate"), "{stderr}");
    place.fails(2, "key-unreadable", &[&build[..], &["--key", "gone.key"]].concat());
    let pem = std::fs::read_to_string(testdata("keys/ed25519.pem")).unwrap();
    place.set("RELEASE_KEY", &pem);
    place.done(&[&build[..], &["--key", "env://RELEASE_KEY"]].concat());
    place.set("RELEASE_KEY", pem.replace("MC4C", "MC4D"));
    let from_variable = [&build[..], &["--key", "env://RELEASE_KEY"]].concat();
    let stderr = place.fails(2, "key-unusable", &from_variable);
    let secret = pem.lines().find(|line| line.len() > 40 && !line.contains(' ')).unwrap();
    assert!(!stderr.contains(secret.get(8..24).unwrap()), "{stderr}");
    // A pasted key is no name of a key, and is not repeated.
    let ended = place.run(&[&build[..], &["--key", "awskms://s3cret"]].concat());
    assert_eq!(ended.status, 2);
    assert!(!ended.stderr.contains("s3cret"), "{}", ended.stderr);
}

#[test]
fn the_status_of_a_command_is_not_ours() {
    let mut place = Place::new();
    let test = |image, command| ["test", image, "--", "sh", "-c", command];
    assert_eq!(place.run(&test("oci:app", "exit 2")).status, 2);
    place.fails(126, "command", &["test", "oci:app", "--", "./app"]);
    place.fails(127, "command", &["test", "oci:app", "--", "./no-such-program"]);
    place.fails(125, "no-layout", &test("oci:nowhere", "exit 2"));
    place.set("ATTEST_KEY", "gone.key");
    let stderr = place.fails(125, "key-unreadable", &test("oci:app", "echo it ran >&2"));
    assert!(!stderr.contains("it ran"), "nothing is run for nothing: {stderr}");
}

#[test]
fn a_wrong_passphrase_is_a_wrong_passphrase() {
    let mut place = Place::new();
    place.set("ATTEST_KEY", testdata("keys/cosign-test.key").display());
    let build = [&["build", "oci:app"][..], &BUILD].concat();
    let stderr = place.fails(2, "no-passphrase", &build);
    assert!(stderr.contains("ATTEST_PASSWORD"), "{stderr}");
    place.set("COSIGN_PASSWORD", "wr0ng-passphrase");
    let stderr = place.fails(2, "wrong-passphrase", &build);
    assert!(!stderr.contains("wr0ng-passphrase"), "{stderr}");
    place.set("ATTEST_PASSWORD", "test");
    place.done(&build);
}

#[test]
fn curves_that_cosign_cannot_verify_are_warned_of() {
    let mut place = Place::new();
    place.set("ATTEST_KEY", testdata("keys/p384.pem").display());
    let ended = place.run(&[&["build", "oci:app"][..], &BUILD].concat());
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("warning: cosign cannot verify"), "{}", ended.stderr);
}

#[test]
fn keys_are_made_shown_and_never_overwritten() {
    let mut place = Place::new();
    place.set("ATTEST_PASSWORD", "x");
    let made = parse(place.done(&["key", "generate", "--out", "k", "--format", "json"]));
    described("generated", &made);
    let json = ["key", "public", "--key", "k.key", "--format", "json"];
    described("public", &parse(place.done(&json)));
    let public = place.done(&["key", "public", "--key", "k.key"]);
    assert_eq!(public, std::fs::read_to_string(place.path("k.pub")).unwrap());
    let whoami = parse(place.done(&["whoami", "--key", "k.key", "--format", "json"]));
    described("whoami", &whoami);
    assert_eq!(whoami["signer"]["key"]["id"], made["key"]["id"]);
    place.fails(2, "key-exists", &["key", "generate", "--out", "k"]);
    assert_eq!(public, std::fs::read_to_string(place.path("k.pub")).unwrap());
}

#[test]
fn whoami_says_where_each_value_was_found() {
    let mut place = Place::new().inside("github.env");
    let stdout = place.done(&["whoami", "--job", "mine"]);
    for part in ["(ATTEST_KEY)", "(GITHUB_SHA)", "mine  (--job)", "GitHub Actions"] {
        assert!(stdout.contains(part), "{part} is not in {stdout}");
    }
    assert!(!stdout.contains("not-a-real"), "{stdout}");
    place.set("ATTEST_KEY", "");
    assert!(place.done(&["whoami"]).contains("nobody"));
}

#[test]
fn what_a_stranger_chose_cannot_move_the_cursor() {
    let place = Place::new();
    let evil = "a\u{1b}[2J\u{202e}";
    let ended = place.run(&["whoami", "--job", evil, "--name", evil]);
    let refused = place.run(&["build", "oci:app", "--source", BUILD[1], "--commit", evil]);
    let wrong = place.run(&["build", "oci:app", "--attempt", evil, evil]);
    for text in [&ended.stdout, &ended.stderr, &refused.stderr, &wrong.stderr] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }
    assert!(ended.stdout.contains(r"a\u{1b}[2J\u{202e}"), "{}", ended.stdout);
    let words = [&["build", "oci:app", "--dry-run", "--job", evil][..], &BUILD].concat();
    let shown = place.done(&words);
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
    assert_eq!(parse(&shown)["predicate"]["attest_run"]["job"], evil);
}

#[test]
fn what_verify_would_refuse_as_untrue_is_not_signed() {
    let place = Place::new();
    place.write("future.json", r#"{"attest_run": {"signedAt": "2099-01-01T00:00:00Z"}}"#);
    let words = ["predicate", "oci:app", "--type", "https://example.com/p/v1", "--file"];
    place.fails(1, "future", &[&words[..], &["future.json"]].concat());
    let build = place.statement(&[&["build", "oci:app"][..], &BUILD].concat());
    let mut predicate = build.predicate;
    predicate["attest_run"]["commit"] = "0".repeat(40).into();
    place.write("other.json", predicate.to_string());
    let words = ["predicate", "oci:app", "--type", &build.predicate_type, "--file", "other.json"];
    place.fails(1, "claim-mismatch", &words);
    assert_eq!(place.hanging("app").len(), 0);
}

#[test]
fn no_printed_line_is_a_command_of_a_ci_system() {
    let place = Place::new();
    place.write("p.json", "{}");
    for word in ["::error::x", "##vso[task.setvariable]x:y"] {
        let ended = place.run(&["predicate", "oci:app", "--type", word, "--file", "p.json"]);
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        let decision = ["approve", "oci:app", "--as", "h.example/a", "--environment", word];
        let asked = place.run(&[&decision[..], &["--yes"]].concat());
        assert_eq!(asked.status, 0, "{}", asked.stderr);
        for text in [ended.stdout, ended.stderr, asked.stdout, asked.stderr] {
            assert!(!text.contains("##"), "{text}");
            assert!(text.split_whitespace().all(|word| !word.starts_with("::")), "{text}");
        }
    }
}
