//! The faults, and what each must lead to.

use testkit::registry::{Answer, Body, Fault, Registry, Request};

use crate::world::{Asked, World};

/// What a fault must lead to.
pub(crate) enum Expected {
    /// The fault does not count, or passes: the verdict of a world without it.
    Deny,
    /// No verdict, with one of these kinds of error.
    Error(&'static [&'static str]),
    /// No verdict, or one that denies.
    NoAllow,
}

use Expected::{Deny, Error, NoAllow};

/// Puts the fault into the registry; the second one is another host.
type Inject = fn(&World, Asked, &Registry);

#[derive(Clone)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) inject: Inject,
    pub(crate) expected: fn(Asked) -> Expected,
    pub(crate) applies: fn(Asked) -> bool,
    pub(crate) timeout: &'static str,
}

impl Kind {
    fn new(name: &'static str, inject: Inject, expected: fn(Asked) -> Expected) -> Self {
        Self { name, inject, expected, applies: |_| true, timeout: "60s" }
    }

    fn only(self, applies: fn(Asked) -> bool) -> Self {
        Self { applies, ..self }
    }

    fn within(self, timeout: &'static str) -> Self {
        Self { timeout, ..self }
    }
}

fn always(world: &World, asked: Asked, fault: Fault) {
    world.registry.fault("GET", &world.path(asked), None, fault);
}

fn status(world: &World, asked: Asked, status: u16) {
    always(world, asked, Fault::Answer(Answer::new(status)));
}

fn busy(world: &World, asked: Asked, times: Option<usize>, headers: &[(&str, &str)]) {
    let answer = headers.iter().fold(Answer::new(429), |answer, (n, value)| answer.with(n, value));
    world.registry.fault("GET", &world.path(asked), times, Fault::Answer(answer));
}

fn change(world: &World, asked: Asked, change: fn(&Request, Answer) -> Answer) {
    always(world, asked, Fault::Change(change));
}

fn redirect(world: &World, asked: Asked, to: &str) {
    always(world, asked, Fault::Answer(Answer::new(307).with("Location", to)));
}

fn text(world: &World, asked: Asked, text: &str) {
    let page = Answer::new(200).with("Content-Type", "text/html");
    always(world, asked, Fault::Answer(page.body(Body::Bytes(text.into()))));
}

fn link(world: &World, asked: Asked, link: &str) {
    always(world, asked, Fault::Header("Link".into(), link.into()));
}

/// What is there, and is not what it should be: a list, or a tag, without form; other bytes than the
/// digest's; no token.
fn not_it(asked: Asked) -> Expected {
    match asked {
        Asked::Fallback | Asked::Legacy | Asked::Page | Asked::Referrers | Asked::Tag => {
            Error(&["malformed"])
        }
        Asked::Blob | Asked::Config | Asked::Image | Asked::Manifest => Error(&["digest-mismatch"]),
        Asked::Token => Error(&["unavailable"]),
    }
}

fn unavailable(_: Asked) -> Expected {
    Error(&["unavailable"])
}

fn late(_: Asked) -> Expected {
    Error(&["timeout"])
}

pub(crate) fn all() -> Vec<Kind> {
    [statuses(), bodies(), connections(), elsewhere(), lists(), harmless()].concat()
}

fn statuses() -> Vec<Kind> {
    let absent: fn(Asked) -> Expected = |asked| match asked {
        Asked::Tag | Asked::Image => Error(&["not-found"]),
        _ => Error(&["unavailable"]),
    };
    vec![
        Kind::new("500", |w, a, _| status(w, a, 500), unavailable),
        Kind::new("501", |w, a, _| status(w, a, 501), unavailable),
        Kind::new("503", |w, a, _| status(w, a, 503), unavailable),
        Kind::new("400", |w, a, _| status(w, a, 400), unavailable),
        // Of a list that begins, it says that there is none.
        Kind::new("404", |w, a, _| status(w, a, 404), absent)
            .only(|asked| !matches!(asked, Asked::Fallback | Asked::Legacy | Asked::Referrers)),
        Kind::new("406", |w, a, _| status(w, a, 406), unavailable),
        Kind::new("204", |w, a, _| status(w, a, 204), unavailable),
        Kind::new("304", |w, a, _| status(w, a, 304), unavailable),
        Kind::new("403", |w, a, _| status(w, a, 403), |_| Error(&["unauthorized"])),
        Kind::new("401", |w, a, _| status(w, a, 401), |_| Error(&["unauthorized"])),
        Kind::new("429", |w, a, _| busy(w, a, None, &[]), unavailable),
        Kind::new(
            "429 for an hour",
            |w, a, _| busy(w, a, None, &[("Retry-After", "3600")]),
            unavailable,
        ),
        Kind::new(
            "429 until a date",
            |w, a, _| {
                let date = ("Date", "Wed, 21 Oct 2026 07:28:00 GMT");
                busy(w, a, None, &[date, ("Retry-After", "Wed, 21 Oct 2026 08:28:00 GMT")]);
            },
            unavailable,
        ),
    ]
}

fn bodies() -> Vec<Kind> {
    fn half(_: &Request, answer: Answer) -> Answer {
        let bytes = answer.body.clone().into_bytes();
        let half = bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec();
        answer.body(Body::Cut(half))
    }
    /// Changes a byte in the middle, which in a list is one of a digest.
    fn flipped(_: &Request, answer: Answer) -> Answer {
        let mut bytes = answer.body.clone().into_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let at = text.rfind("sha256:").map_or(text.len() / 2, |at| at + 20);
        if let Some(byte) = bytes.get_mut(at) {
            *byte = if *byte == b'0' { b'1' } else { b'0' };
        }
        answer.body(Body::Bytes(bytes))
    }
    fn longer(_: &Request, answer: Answer) -> Answer {
        let mut bytes = answer.body.clone().into_bytes();
        bytes.push(b' ');
        answer.body(Body::Bytes(bytes))
    }
    fn slow(_: &Request, answer: Answer) -> Answer {
        let bytes = answer.body.clone().into_bytes();
        answer.body(Body::Slow(bytes))
    }
    let covered: fn(Asked) -> bool =
        |asked| matches!(asked, Asked::Blob | Asked::Config | Asked::Image | Asked::Manifest);
    vec![
        Kind::new("cut", |w, a, _| change(w, a, half), unavailable),
        Kind::new(
            "endless",
            |w, a, _| always(w, a, Fault::Answer(Answer::new(200).body(Body::Endless))),
            |_| Error(&["limit"]),
        ),
        Kind::new(
            "endless, of a failure",
            |w, a, _| always(w, a, Fault::Answer(Answer::new(500).body(Body::Endless))),
            unavailable,
        ),
        Kind::new(
            "endless, slowly",
            |w, a, _| always(w, a, Fault::Answer(Answer::new(200).body(Body::Drip))),
            late,
        )
        .within("2s"),
        Kind::new("a byte a second", |w, a, _| change(w, a, slow), late).within("2s"),
        Kind::new("silence", |w, a, _| always(w, a, Fault::Silent), late).within("2s"),
        Kind::new("HTML", |w, a, _| text(w, a, "<html>Please sign in</html>"), not_it),
        Kind::new("nothing", |w, a, _| text(w, a, ""), not_it),
        Kind::new("another object", |w, a, _| text(w, a, "{}"), not_it),
        Kind::new(
            "an empty list",
            |w, a, _| text(w, a, r#"{"schemaVersion":2,"manifests":[]}"#),
            |asked| match asked {
                // The registry's own word: a tag that has moved, nothing under another.
                Asked::Legacy | Asked::Tag => NoAllow,
                asked => not_it(asked),
            },
        )
        // Whoever answers for the registry can withhold: an empty list is one.
        .only(|asked| !asked.is_list()),
        Kind::new(
            "another byte",
            |w, a, _| change(w, a, flipped),
            |asked| match asked {
                asked if asked.is_list() => unavailable(asked),
                // The token is refused.
                Asked::Token => Error(&["unauthorized", "unavailable"]),
                // There is none, which no body says.
                Asked::Legacy => Deny,
                Asked::Tag => NoAllow,
                _ => Error(&["digest-mismatch"]),
            },
        ),
        Kind::new("a byte more", |w, a, _| change(w, a, longer), |_| Error(&["digest-mismatch"]))
            .only(covered),
    ]
}

fn connections() -> Vec<Kind> {
    vec![
        Kind::new("closed", |w, a, _| always(w, a, Fault::Close), unavailable),
        Kind::new(
            "no HTTP",
            |w, a, _| always(w, a, Fault::Raw(b"SSH-2.0-x\r\n".to_vec())),
            unavailable,
        ),
        Kind::new(
            "headers without end",
            |w, a, _| {
                let lines = b"X-Again: and again\r\n".repeat(100_000);
                always(w, a, Fault::Raw([b"HTTP/1.1 200 OK\r\n".to_vec(), lines].concat()));
            },
            unavailable,
        ),
        Kind::new(
            "chunks that are none",
            |w, a, _| {
                let raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}".to_vec();
                always(w, a, Fault::Raw(raw));
            },
            unavailable,
        ),
    ]
}

fn elsewhere() -> Vec<Kind> {
    vec![
        Kind::new(
            "to a host that has it not",
            |w, a, other| redirect(w, a, &format!("http://{}/v2/acme/app/blobs/x", other.host())),
            unavailable,
        ),
        Kind::new(
            "to another path of its own that has it not",
            |w, a, _| redirect(w, a, "/v2/acme/app/manifests/login"),
            unavailable,
        )
        .only(|asked| asked != Asked::Token),
        Kind::new(
            "to a host with other bytes",
            |w, a, other| {
                redirect(w, a, &format!("http://{}/v2/acme/app/blobs/x", other.host()));
                let bytes = Answer::new(200).body(Body::Bytes(b"<html>".to_vec()));
                other.fault("GET", "/v2/", None, Fault::Answer(bytes));
            },
            not_it,
        ),
        Kind::new(
            "to a host that asks for a login",
            |w, a, other| {
                redirect(w, a, &format!("http://{}/v2/acme/app/blobs/x", other.host()));
                let realm = format!("Bearer realm=\"http://{}/token\"", other.host());
                let asks = Answer::new(401).with("WWW-Authenticate", &realm);
                other.fault("GET", "/v2/", None, Fault::Answer(asks));
            },
            |_| Error(&["unauthorized"]),
        ),
        Kind::new(
            "in a circle",
            |w, a, _| redirect(w, a, &format!("/v2/acme/app{}", w.path(a))),
            |asked| match asked {
                Asked::Token => NoAllow,
                _ => Error(&["unavailable"]),
            },
        ),
        Kind::new("to a file", |w, a, _| redirect(w, a, "file:///etc/passwd"), unavailable),
        Kind::new("to plain HTTP", |w, a, _| redirect(w, a, "http://192.0.2.1/v2/"), unavailable),
        Kind::new("to nowhere", |w, a, _| status(w, a, 302), unavailable),
        Kind::new(
            "a login asked for again",
            |w, a, _| {
                let realm = format!("Bearer realm=\"http://{}/token\"", w.registry.host());
                let asks = Answer::new(401).with("WWW-Authenticate", &realm);
                always(w, a, Fault::Answer(asks));
            },
            |_| Error(&["unauthorized"]),
        ),
        Kind::new(
            "a token service of others",
            |w, a, _| {
                let realm = "Bearer realm=\"http://auth.example.com/token\"";
                always(w, a, Fault::Answer(Answer::new(401).with("WWW-Authenticate", realm)));
            },
            |_| Error(&["unauthorized"]),
        ),
    ]
}

fn lists() -> Vec<Kind> {
    fn endless(request: &Request, answer: Answer) -> Answer {
        let page = request.query().strip_prefix("page=").and_then(|n| n.parse::<u64>().ok());
        let next = format!("<{}?page={}>; rel=\"next\"", request.path(), page.unwrap_or(0) + 1);
        let mut headers = answer.headers.clone();
        headers.retain(|(name, _)| name != "Link");
        Answer { headers, ..answer }.with("Link", &next)
    }
    fn sized(answer: Answer, size: fn(u64) -> u64) -> Answer {
        let bytes = answer.body.clone().into_bytes();
        let mut list: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let entries = list.get_mut("manifests").and_then(serde_json::Value::as_array_mut);
        for stated in entries.into_iter().flatten().filter_map(|entry| entry.get_mut("size")) {
            *stated = size(stated.as_u64().unwrap_or(0)).into();
        }
        answer.body(Body::Bytes(list.to_string().into_bytes()))
    }
    let api: fn(Asked) -> bool = |asked| matches!(asked, Asked::Page | Asked::Referrers);
    vec![
        Kind::new(
            "pages without end",
            |w, _, _| w.registry.fault("GET", "/referrers/", None, Fault::Change(endless)),
            |_| Error(&["limit"]),
        )
        .only(|asked| asked == Asked::Referrers),
        Kind::new(
            "pages in a circle",
            |w, a, _| {
                let first = format!("/v2/acme/app{}", w.path(Asked::Referrers));
                let link = format!("<{first}?page=1>; rel=\"next\"");
                always(w, a, Fault::Header("Link".into(), link));
            },
            unavailable,
        )
        .only(|asked| asked == Asked::Page),
        Kind::new(
            "a page on another host",
            |w, _, other| {
                let link = format!("<http://{}/v2/acme/app/x>; rel=\"next\"", other.host());
                always(w, Asked::Page, Fault::Header("Link".into(), link));
            },
            unavailable,
        )
        .only(|asked| asked == Asked::Page),
        Kind::new("a link that is none", |w, a, _| link(w, a, "next"), unavailable)
            .only(|asked| asked == Asked::Page),
        Kind::new(
            "sizes too large by one",
            |w, a, _| change(w, a, |_, answer| sized(answer, |size| size + 1)),
            |_| Error(&["size-mismatch"]),
        )
        .only(api),
        Kind::new(
            "sizes of nothing",
            |w, a, _| change(w, a, |_, answer| sized(answer, |_| 0)),
            |_| Error(&["size-mismatch"]),
        )
        .only(api),
        Kind::new(
            "sizes beyond every limit",
            |w, a, _| change(w, a, |_, answer| sized(answer, |_| u64::MAX)),
            |_| Error(&["limit"]),
        )
        .only(api),
    ]
}

fn harmless() -> Vec<Kind> {
    vec![
        Kind::new(
            "busy, then not",
            |w, a, _| busy(w, a, Some(2), &[("Retry-After", "0")]),
            |_| Deny,
        ),
        Kind::new(
            "a header about other bytes",
            |w, a, _| {
                let lie = format!("sha256:{}", "0".repeat(64));
                always(w, a, Fault::Header("Docker-Content-Digest".into(), lie));
            },
            |_| Deny,
        ),
        Kind::new(
            "a header about another type",
            |w, a, _| always(w, a, Fault::Header("Content-Type".into(), "text/html".into())),
            |_| Deny,
        ),
    ]
}
