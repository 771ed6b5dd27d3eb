//! Signing without a key, and keys that are logged and timestamped, against a private Sigstore over
//! HTTP: what is asked of whom, what hangs on the image afterwards, and that nothing hangs there when a
//! service is down or lies.

use evidence::{Bundle, Material};
use testkit::{
    registry::{Answer, Fault},
    sigstore::{AMBIENT_SECRET, Identity, Instance, Job, Lie, Rekor, Server},
};

use crate::{
    documents::described,
    place::{IMAGE, NAME, Place, parse},
};

const WORD: [&str; 8] = [
    "predicate",
    "oci:app",
    "--as",
    NAME,
    "--file",
    "p.json",
    "--type",
    "https://example.com/word/v1",
];

/// A place whose environment names the services of a private Sigstore, and no key.
fn place(server: &Server, log: Rekor) -> Place {
    let mut place = Place::new();
    place.write("p.json", "{}");
    place.write("services.json", server.signing_config(log));
    place.write("root.json", server.trusted_root());
    place.set("ATTEST_KEY", "");
    place.set("ATTEST_SIGNING_CONFIG", "services.json");
    place.set("ATTEST_TRUSTED_ROOT", "root.json");
    place
}

fn server() -> Server {
    Instance::new().serve().unwrap()
}

fn job() -> Identity {
    Identity::github(&Job::default())
}

fn alice() -> Identity {
    Identity::email("alice@example.com", "https://accounts.example.com")
}

fn github(place: &mut Place, server: &Server) {
    place.set("GITHUB_ACTIONS", "true");
    for (name, value) in server.ambient(&job()) {
        place.set(name, value);
    }
}

fn bundle(place: &Place) -> Bundle {
    place.hanging("app").pop().unwrap().0
}

#[test]
fn a_job_on_github_signs_by_its_own_identity() {
    let server = server();
    let mut place = place(&server, Rekor::V2);
    github(&mut place, &server);
    let report = parse(place.done(&[&WORD[..], &["--format", "json"]].concat()));
    let bundle = bundle(&place);
    assert!(matches!(&bundle.material, Material::Certificates(all) if all.len() == 1));
    assert_eq!((bundle.log_entries.len(), bundle.timestamps.len()), (1, 1));
    assert_eq!(bundle.log_entries[0]["kindVersion"]["version"], "0.0.2");
    assert_eq!(report["key"], evidence::json::Value::Null);
    assert_eq!(report["identity"]["identity"], job().name.text());
    assert_eq!(report["identity"]["issuer"], job().issuer);
    assert_eq!(report["logEntries"][0]["log"], server.url());
    assert!(report["madeBefore"].is_string());
    described("attested", &report);
    let mut asked = server.take_requests();
    // The last two at once.
    asked[2..].sort();
    assert_eq!(
        asked,
        [
            "GET /ambient?api-version=2.0&audience=sigstore",
            "POST /api/v2/signingCert",
            "POST /api/v1/timestamp",
            "POST /api/v2/log/entries",
        ]
    );
}

#[test]
fn a_log_of_version_1_says_when() {
    let server = server();
    let mut place = place(&server, Rekor::V1);
    place.write("token", server.token(&job()));
    place.done(&[&WORD[..], &["--identity-token", "token"]].concat());
    assert_eq!(bundle(&place).log_entries[0]["kindVersion"]["kind"], "dsse");
    // GitLab's variable, on whatever system.
    place.set("SIGSTORE_ID_TOKEN", server.token(&Identity::gitlab(&Job::default())));
    place.done(&WORD);
    assert_eq!(place.hanging("app").len(), 2);
}

#[test]
fn a_token_of_a_file_or_variable_is_preferred_to_a_key_in_the_environment() {
    let server = server();
    let mut place = place(&server, Rekor::V2);
    place.set("ATTEST_KEY", "release.key");
    place.set("TOKEN", server.token(&job()));
    place.done(&[&WORD[..], &["--identity-token", "env://TOKEN"]].concat());
    assert!(matches!(bundle(&place).material, Material::Certificates(_)));
    // Without the option it is the key that signs, logged all the same.
    place.set("SIGSTORE_ID_TOKEN", server.token(&job()));
    place.write("q.json", "{}");
    place.done(&WORD);
    let all = place.hanging("app");
    assert!(all.iter().any(|(one, _)| matches!(one.material, Material::PublicKey { .. })));
}

#[test]
fn a_person_is_asked_before_a_log_shows_who_they_are() {
    let server = server();
    let place = place(&server, Rekor::V2);
    place.write("token", server.token(&alice()));
    let words = [&WORD[..], &["--identity-token", "token"]].concat();
    place.fails(2, "unanswered", &words);
    assert_eq!(server.entries(Rekor::V2), 0);
    let report = parse(place.done(&[&words[..], &["--yes", "--format", "json"]].concat()));
    assert_eq!(report["identity"]["identity"], "alice@example.com");
    // A job has nobody to ask, and shows no person.
    place.write("token", server.token(&job()));
    place.done(&words);
}

#[test]
fn keys_are_logged_and_timestamped() {
    for log in [Rekor::V1, Rekor::V2] {
        let server = server();
        let place = place(&server, log);
        place.done(&[&WORD[..], &["--key", "release.key"]].concat());
        let bundle = bundle(&place);
        assert!(matches!(bundle.material, Material::PublicKey { .. }));
        assert_eq!((bundle.log_entries.len(), bundle.timestamps.len()), (1, 1), "{log:?}");
    }
    let server = server();
    let mut place = place(&server, Rekor::V2);
    place.set("ATTEST_SIGNING_CONFIG", "");
    let url = server.timestamp_url();
    let words = [&WORD[..], &["--key", "release.key", "--timestamp-url", &url]].concat();
    place.done(&words);
    assert_eq!((bundle(&place).log_entries.len(), bundle(&place).timestamps.len()), (0, 1));
    // Nobody would know whether such a timestamp is worth anything.
    place.set("ATTEST_TRUSTED_ROOT", "");
    place.fails(2, "no-trusted-root", &words);
    // Without services a key signs alone, as ever.
    place.done(&[&WORD[..], &["--key", "release.key"]].concat());
    // The kinds of key that a log or its readers do not take are refused before anything is logged.
    let configured = ["--signing-config", "services.json", "--trusted-root", "root.json"];
    for (key, log) in [("ed25519.pem", Rekor::V2), ("p521.pem", Rekor::V1)] {
        place.set_file("other.key", &format!("keys/{key}"));
        place.write("services.json", server.signing_config(log));
        let words = [&WORD[..], &["--key", "other.key"], &configured].concat();
        place.fails(2, "key-not-taken", &words);
        assert_eq!(server.entries(log), 0);
    }
}

#[test]
fn a_service_that_is_down_is_named_and_nothing_is_attached() {
    let server = server();
    let mut place = place(&server, Rekor::V2);
    github(&mut place, &server);
    let down = || Fault::Answer(Answer::new(503).with("Retry-After", "0"));
    for (method, part, named) in [
        ("GET", "/ambient", "issuer of identity tokens"),
        ("POST", "/signingCert", "certificate authority"),
        ("POST", "/timestamp", "timestamp authority"),
        ("POST", "/log/entries", "log"),
    ] {
        server.fault(method, part, None, down());
        let words = place.fails(3, "service-unavailable", &WORD);
        let expected = format!("the {named} {}", server.url());
        assert!(words.contains(&expected) && words.contains("tried 3 times"), "{words}");
        server.mend();
        // One failure is no reason to give up.
        server.fault(method, part, Some(1), down());
        place.done(&WORD);
        server.mend();
    }
}

#[test]
fn what_is_no_answer_is_no_success() {
    let server = server();
    let mut place = place(&server, Rekor::V2);
    github(&mut place, &server);
    for (method, part) in [
        ("GET", "/ambient"),
        ("POST", "/signingCert"),
        ("POST", "/timestamp"),
        ("POST", "/log/entries"),
    ] {
        for body in ["{}", "[]", "<html>", ""] {
            server.fault(method, part, None, Fault::Answer(Answer::json(200, body)));
            place.fails(3, "service-unavailable", &WORD);
            server.mend();
        }
        let endless = Answer::json(200, "x".repeat(2 << 20));
        server.fault(method, part, None, Fault::Answer(endless));
        place.fails(3, "service-unavailable", &WORD);
        server.mend();
    }
}

#[test]
fn a_token_that_the_authority_does_not_take_is_a_fault_of_the_command() {
    let server = server();
    let place = place(&server, Rekor::V2);
    let words = [&WORD[..], &["--identity-token", "token"]].concat();
    place.fails(2, "identity-token", &words);
    place.write("token", "no token");
    place.fails(2, "identity-token", &words);
    // Another instance's.
    place.write("token", Instance::named("elsewhere").serve().unwrap().token(&job()));
    let said = place.fails(2, "token-refused", &words);
    assert!(said.contains("processing the identity token"), "{said}");
    assert_eq!(server.entries(Rekor::V2), 0);
}

#[test]
fn what_does_not_verify_against_the_trusted_root_is_not_attached() {
    let server = server();
    let place = place(&server, Rekor::V2);
    place.write("token", server.token(&job()));
    let words = [&WORD[..], &["--identity-token", "token"]].concat();
    for lie in [
        Lie::CertificateByAnotherAuthority,
        Lie::CertificateForged,
        Lie::SctMissing,
        Lie::SctForged,
        Lie::SctByAnotherLog,
        Lie::CheckpointForged,
        Lie::EntryByAnotherLog,
        Lie::ProofHashChanged,
        Lie::TimestampByAnotherAuthority,
        Lie::TimestampForged,
        Lie::TimestampOfAnotherSignature,
    ] {
        server.lie(Some(lie));
        place.fails(2, "own-signature", &words);
    }
    server.lie(Some(Lie::TimestampRejected));
    place.fails(3, "service-unavailable", &words);
    server.lie(None);
    place.done(&words);
    // The services of one instance, the root of another.
    place.write("root.json", Instance::named("elsewhere").trusted_root());
    place.fails(2, "own-signature", &words);
}

#[test]
fn services_without_a_trusted_root_are_not_even_asked() {
    let server = server();
    let mut place = place(&server, Rekor::V2);
    github(&mut place, &server);
    place.set("ATTEST_TRUSTED_ROOT", "");
    place.fails(2, "no-trusted-root", &WORD);
    place.set("ATTEST_TRUSTED_ROOT", "p.json");
    place.fails(2, "trusted-root", &WORD);
    assert_eq!(server.take_requests(), [""; 0]);
}

#[test]
fn an_entry_that_the_log_has_already_is_the_entry() {
    let lost = || Fault::AnswerAfter(Answer::new(503).with("Retry-After", "0"));
    for (log, path) in [(Rekor::V1, "/api/v1/log/entries"), (Rekor::V2, "/api/v2/log/entries")] {
        let server = server();
        let mut place = place(&server, log);
        github(&mut place, &server);
        // Neighbours, so that the proof has more than one hash.
        for _ in 0..3 {
            place.done(&WORD);
        }
        server.fault("POST", path, Some(1), lost());
        let report = parse(place.done(&[&WORD[..], &["--format", "json"]].concat()));
        assert_eq!(server.entries(log), 4, "{log:?}");
        assert!(report["logEntries"][0]["index"].as_u64().unwrap() >= 3, "{report}");
    }
}

#[test]
fn no_secret_is_shown_however_much_is_asked_for() {
    let server = server();
    let mut place = place(&server, Rekor::V2);
    github(&mut place, &server);
    let token = server.token(&job());
    place.set("TOKEN", &token);
    for words in [&["-v"][..], &["-v", "--identity-token", "env://TOKEN"]] {
        for fault in [None, Some(Fault::Answer(Answer::json(400, "{}")))] {
            if let Some(fault) = fault {
                server.fault("POST", "/signingCert", None, fault);
            }
            let ended = place.run(&[&WORD[..], words].concat());
            let shown = format!("{}{}", ended.stdout, ended.stderr);
            assert!(shown.contains("/api/v2/signingCert"), "{shown}");
            for secret in [AMBIENT_SECRET, &token, token.rsplit('.').next().unwrap()] {
                assert!(!shown.contains(secret), "{shown}");
            }
            server.mend();
        }
    }
    let pasted = place.run(&[&WORD[..], &["--identity-token", &format!("x://{token}")]].concat());
    assert_eq!(pasted.status, 2);
    assert!(!pasted.stderr.contains(&token), "{}", pasted.stderr);
    // The command that is tested must not be able to sign.
    let line = "attest test oci:app --as registry.example.com/acme/app \
                --identity-token env://TOKEN -- env";
    let ended = place.shell(line);
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert!(!ended.stderr.contains(&token) && !ended.stderr.contains(AMBIENT_SECRET));
}

#[test]
fn a_programs_token_and_one_that_it_refuses() {
    let server = server();
    let mut place = place(&server, Rekor::V2);
    let path = format!("{}:/usr/bin:/bin", place.path("").display());
    place.set("PATH", path);
    place.set("BUILDKITE_AGENT_ACCESS_TOKEN", "an-agents-s3cret");
    for (system, program, asked) in [
        ("BUILDKITE", "buildkite-agent", "oidc request-token --audience sigstore"),
        ("CIRCLECI", "circleci", r#"run oidc get --root-issuer --claims {"aud":"sigstore"}"#),
    ] {
        place.set(system, "true");
        let agent = |status: u8| {
            let token = server.token(&job());
            format!("#!/bin/sh\n[ \"$*\" = '{asked}' ] || exit 9\necho {token}\nexit {status}\n")
        };
        place.program(program, &agent(1));
        place.fails(3, "no-identity-token", &WORD);
        place.program(program, &agent(0));
        place.done(&WORD);
        let attest = env!("CARGO_BIN_EXE_attest");
        let tested = format!("{attest} test oci:app --as {NAME} -- env");
        let ended = place.shell(&tested);
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        // Whoever sees it can ask for the same token.
        let is_seen = ended.stderr.contains("an-agents-s3cret");
        assert_eq!(is_seen, system == "CIRCLECI", "{}", ended.stderr);
        place.set(system, "");
    }
}

#[test]
fn whoami_says_what_a_policy_has_to_say() {
    let server = server();
    let mut place = place(&server, Rekor::V2);
    github(&mut place, &server);
    let text = place.done(&["whoami"]);
    let expected =
        format!("Policy   issuer: {}\n         identity: {}\n", job().issuer, job().name.text());
    assert!(text.contains(&expected), "{text}");
    let document = parse(place.done(&["whoami", "--format", "json"]));
    assert_eq!(document["signer"]["identity"]["identity"], job().name.text());
    described("whoami", &document);
    // A certificate was never asked for: a log would show it.
    assert!(server.take_requests().iter().all(|asked| asked.starts_with("GET /ambient")));
    place.write("token", server.token(&alice()));
    let text = place.done(&["whoami", "--identity-token", "token"]);
    assert!(text.contains("identity: alice@example.com"), "{text}");
    server.fault("GET", "/ambient", None, Fault::Answer(Answer::new(500)));
    assert!(place.done(&["whoami"]).contains("gave no identity token"));
}

#[test]
fn a_promotion_that_is_run_again_finds_the_record_of_the_same_identity() {
    let server = server();
    let mut place = place(&server, Rekor::V2);
    github(&mut place, &server);
    let words = [
        "promote",
        "oci:app",
        "--as",
        NAME,
        "--to",
        "oci:prod",
        "--to-as",
        "prod.example.com/acme/app",
        "--environment",
        "production",
        "--format",
        "json",
    ];
    let first = parse(place.done(&words));
    let again = parse(place.done(&words));
    assert_eq!(
        (&first["record"]["found"], &again["record"]["found"]),
        (&false.into(), &true.into())
    );
    assert_eq!(first["record"]["id"], again["record"]["id"]);
    assert_eq!(first["subject"], IMAGE);
    // Somebody else's word is not ours.
    place.write("token", server.token(&alice()));
    let other = [&words[..], &["--identity-token", "token", "--yes"]].concat();
    assert_eq!(parse(place.done(&other))["record"]["found"], false);
}

/// A browser that follows where the issuer's page leads, and shows nothing.
const BROWSER: &str = r#"#!/bin/bash
get() {
  rest=${1#http://} host=${rest%%/*}
  exec 3<>"/dev/tcp/${host%:*}/${host#*:}"
  printf 'GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "${rest#*/}" "$host" >&3
  # The head of the answer: who answers may keep the connection.
  while read -r line <&3 && [ "$line" != $'\r' ]; do echo "$line"; done
}
get "$(get "$1" | sed -n 's/^Location: \(.*\)\r$/\1/p')" >/dev/null 2>&1 &
"#;

#[test]
fn a_person_logs_in_in_the_browser_once_the_question_is_answered() {
    let server = server();
    server.person(&alice());
    let mut place = place(&server, Rekor::V2);
    place.program("xdg-open", BROWSER);
    place.set("PATH", format!("{}:/usr/bin:/bin", place.path("").display()));
    let words = [&WORD[..], &["--login"]].concat().join(" ");
    let line = |answer: &str| {
        let attest = env!("CARGO_BIN_EXE_attest");
        format!("printf '{answer}\\n' | script -qefc '{attest} {words}' /dev/null")
    };
    // Who says no is not even led to the browser.
    let ended = place.shell(&line("n"));
    assert_eq!(ended.status, 1, "{}", ended.stdout);
    assert_eq!(server.take_requests(), [""; 0]);
    let ended = place.shell(&line("y"));
    assert_eq!(ended.status, 0, "{}", ended.stdout);
    let shown =
        [&format!("the log {} will see for ever who", server.url()), "by alice@example.com"];
    assert!(shown.iter().all(|words| ended.stdout.contains(*words)), "{}", ended.stdout);
    assert_eq!(place.hanging("app").len(), 1);
    // Nobody sits before a pipe.
    place.fails(2, "login", &[&WORD[..], &["--login"]].concat());
}
