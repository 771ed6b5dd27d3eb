//! Which services a signer turns to: a row for each branch of the rule, beside one that differs in
//! one thing and is decided another way.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use serde_json::{Value, json};
use trust::{ClientTrustConfig, SigningConfig, SigningConfigError};

const NOW: &str = "2026-11-20T12:00:00Z";

/// A service: its name, which is its host, its version, its operator, and from when until when.
type Row = (&'static str, u32, &'static str, &'static str, Option<&'static str>);

fn service((name, version, operator, start, end): Row) -> Value {
    let mut valid = json!({ "start": start });
    if let Some(end) = end {
        valid["end"] = end.into();
    }
    let url = format!("https://{name}.example.com/");
    json!({"url": url, "majorApiVersion": version, "operator": operator, "validFor": valid})
}

fn config(rows: &[Row], how: Value) -> Value {
    let services: Vec<Value> = rows.iter().copied().map(service).collect();
    json!({
        "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        "rekorTlogUrls": services,
        "rekorTlogConfig": how,
    })
}

fn parse(value: &Value) -> Result<SigningConfig, SigningConfigError> {
    SigningConfig::parse(value.to_string().as_bytes())
}

/// The names of the logs that are chosen, or why there are none.
fn logs(rows: &[Row], how: Value) -> String {
    match parse(&config(rows, how)).unwrap().choose(NOW.parse().unwrap()) {
        Ok(services) => {
            let name = |url: &str| {
                url.strip_prefix("https://").unwrap().split('.').next().unwrap().to_owned()
            };
            let names: Vec<String> =
                services.rekor.iter().map(|s| format!("{}{}", name(&s.url), s.version)).collect();
            names.join(" ")
        }
        Err(error) => error.to_string(),
    }
}

const OLD: &str = "2025-01-01T00:00:00Z";
const NEW: &str = "2026-01-01T00:00:00Z";

#[test]
fn the_choice() {
    let any = || json!({"selector": "ANY"});
    let all = || json!({"selector": "ALL"});
    let exact = |count: u32| json!({"selector": "EXACT", "count": count});
    let a = ("a", 1, "A", OLD, None);
    let a2 = ("a", 2, "A", OLD, None);
    let newer = ("newer", 1, "A", NEW, None);
    let b = ("b", 1, "B", OLD, None);
    let c = ("c", 1, "C", OLD, None);
    let none = "none of `rekorTlogUrls` can be used now: their time is over or has not come, or they \
                speak a version of their interface that is not known here";
    for (what, rows, how, expected) in [
        ("any is one", vec![a, b], any(), "a1"),
        ("the first of equals", vec![b, a], any(), "b1"),
        ("all are all", vec![a, b, c], all(), "a1 b1 c1"),
        ("exactly two", vec![a, b, c], exact(2), "a1 b1"),
        ("exactly as many as there are", vec![a, b], exact(2), "a1 b1"),
        (
            "more than there are",
            vec![a, b],
            exact(3),
            "`rekorTlogUrls` asks for 3 services of different operators; 2 can be used now",
        ),
        (
            "two of one operator are one",
            vec![a, newer],
            exact(2),
            "`rekorTlogUrls` asks for 2 services of different operators; 1 can be used now",
        ),
        ("the newest of an operator", vec![a, newer], all(), "newer1"),
        ("the higher version before the newer", vec![a2, newer], all(), "a2"),
        ("each operator's own highest", vec![a, a2, b], all(), "a2 b1"),
        ("the highest version first", vec![b, a2], any(), "a2"),
        ("an unknown version is no higher one", vec![("x", 3, "A", NEW, None), a], any(), "a1"),
        ("nor is one of 0", vec![("x", 0, "A", NEW, None)], any(), none),
        ("over", vec![("x", 2, "A", OLD, Some("2026-11-20T11:59:59Z")), b], all(), "b1"),
        ("to the last moment", vec![("x", 2, "A", OLD, Some(NOW)), b], all(), "x2 b1"),
        ("from the first moment", vec![("x", 2, "A", NOW, None), b], all(), "x2 b1"),
        ("yet to come", vec![("x", 2, "A", "2026-11-20T12:00:01Z", None), b], all(), "b1"),
        ("none now", vec![("x", 1, "A", OLD, Some(NEW))], any(), none),
        ("none at all", vec![], any(), ""),
        ("nothing said is any", vec![a, b], json!({}), "a1"),
        (
            "exactly, and not how many",
            vec![a],
            json!({"selector": "EXACT"}),
            "`rekorTlogUrls` asks for EXACT services, and `count` is not 1 or more",
        ),
        (
            "exactly none",
            vec![a],
            exact(0),
            "`rekorTlogUrls` asks for EXACT services, and `count` is not 1 or more",
        ),
        (
            "not said how",
            vec![a],
            json!({"selector": "SERVICE_SELECTOR_UNDEFINED"}),
            "`rekorTlogUrls` does not say how services are chosen: ANY, EXACT or ALL",
        ),
        (
            "nobody named is one",
            vec![("a", 1, "", OLD, None), ("b", 1, "", OLD, None)],
            all(),
            "a1",
        ),
    ] {
        assert_eq!(logs(&rows, how), expected, "{what}");
    }
}

#[test]
fn each_list_by_its_own_rule() {
    let list = |name: &str, version| {
        json!([service((Box::leak(name.to_owned().into_boxed_str()), version, "A", OLD, None))])
    };
    let with = |member: &str, version| {
        let mut value = config(&[], json!({}));
        value[member] = list("s", version);
        let chosen = parse(&value).unwrap().choose(NOW.parse().unwrap());
        chosen.map(|s| {
            let one = |found: Option<trust::Service>| found.map(|s| s.url);
            let many = |found: Vec<trust::Service>| found.into_iter().next().map(|s| s.url);
            [one(s.fulcio), one(s.oidc), many(s.rekor), many(s.tsa)]
        })
    };
    let base = Some("https://s.example.com".to_owned());
    // The whole address of a timestamp authority is asked, the base of any other extended.
    let whole = Some("https://s.example.com/".to_owned());
    assert_eq!(with("caUrls", 1).unwrap(), [base.clone(), None, None, None]);
    assert_eq!(with("oidcUrls", 1).unwrap(), [None, base.clone(), None, None]);
    assert_eq!(with("rekorTlogUrls", 2).unwrap(), [None, None, base, None]);
    assert_eq!(with("tsaUrls", 1).unwrap(), [None, None, None, whole]);
    for member in ["caUrls", "oidcUrls", "tsaUrls"] {
        let found = with(member, 2).unwrap_err();
        assert!(matches!(found, SigningConfigError::NoneNow { .. }), "{member}: {found}");
    }
    // Of authorities of certificates there is one, however many operators there are.
    let mut value = config(&[], json!({}));
    value["caUrls"] = json!([
        service(("a", 1, "A", OLD, None)),
        service(("b", 1, "B", NEW, None)),
        service(("c", 1, "C", NEW, Some(NEW))),
    ]);
    let chosen = parse(&value).unwrap().choose(NOW.parse().unwrap()).unwrap();
    assert_eq!(chosen.fulcio.unwrap().operator, "B");
}

#[test]
fn an_address_is_one() {
    for (url, expected) in [
        ("https://rekor.example.com", true),
        ("http://127.0.0.1:3000/", true),
        ("https://user@rekor.example.com", false),
        ("https://user:secret@rekor.example.com", false),
        ("file:///etc/passwd", false),
        ("rekor.example.com", false),
        ("", false),
    ] {
        let mut value = config(&[("a", 1, "A", OLD, None)], json!({"selector": "ANY"}));
        value["rekorTlogUrls"][0]["url"] = url.into();
        let found = parse(&value).unwrap().choose(NOW.parse().unwrap());
        assert_eq!(found.is_ok(), expected, "{url}: {found:?}");
    }
}

#[test]
fn what_is_read() {
    let good = config(&[("a", 1, "A", OLD, None)], json!({"selector": "ANY"}));
    assert!(parse(&good).is_ok());
    let mut newer = good.clone();
    newer["unknown"] = 1.into();
    assert!(parse(&newer).is_ok(), "a member that nobody knows yet");
    let changed = |from: &str, to: &str| {
        let text = good.to_string();
        assert!(text.contains(from), "{text}");
        SigningConfig::parse(text.replace(from, to).as_bytes()).map(drop)
    };
    for (from, to) in [
        ("signingconfig.v0.2", "signingconfig.v0.1"),
        ("signingconfig.v0.2", "trustedroot.v0.2"),
        ("\"ANY\"", "\"SOME\""),
        ("\"majorApiVersion\":1", "\"majorApiVersion\":-1"),
        ("2025-01-01T00:00:00Z", "yesterday"),
        ("\"operator\":\"A\"", "\"operator\":\"A\",\"operator\":\"B\""),
        ("{", "["),
    ] {
        assert!(changed(from, to).is_err(), "{to}");
    }
    assert!(SigningConfig::parse(b"").is_err());
    let large = format!("{}{}", " ".repeat(1024 * 1024), good);
    assert!(matches!(
        SigningConfig::parse(large.as_bytes()),
        Err(SigningConfigError::Large { most: 1_048_576 })
    ));
}

#[test]
fn two_in_one_file() {
    let signing = config(&[("a", 1, "A", OLD, None)], json!({"selector": "ANY"}));
    // As it stands there: spaces, order and numbers included.
    let root = r#"{ "mediaType":"x",  "a":1.50, "tlogs":[ ] }"#;
    let media = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";
    let text = |media: &str, root: &str| {
        format!(r#"{{"mediaType":"{media}","trustedRoot":{root},"signingConfig":{signing}}}"#)
    };
    let both = ClientTrustConfig::parse(text(media, root).as_bytes()).unwrap();
    assert_eq!(both.trusted_root, root.as_bytes());
    let now = NOW.parse().unwrap();
    let chosen = both.signing_config.choose(now).unwrap();
    let alone = SigningConfig::parse(text(media, root).as_bytes()).unwrap();
    assert_eq!(alone.choose(now).unwrap(), chosen);
    assert_eq!(chosen.rekor.first().unwrap().operator, "A");
    for wrong in [
        text("application/vnd.dev.sigstore.clienttrustconfig.v0.2+json", root),
        text(media, r#"{"a":1,"a":2}"#),
        text(media, root).replace("trustedRoot", "trustedRoots"),
        text(media, root).replace("signingConfig", "signingConfigs"),
        signing.to_string(),
    ] {
        assert!(ClientTrustConfig::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
}
