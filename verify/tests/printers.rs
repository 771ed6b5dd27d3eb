//! Every printer over verdicts made by hand: what it looks like, and that no text in it is anything
//! but text, whatever reads the format.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail by panic")]

mod verdicts;

use chain::Record;
use evidence::{json::Value, text::is_inert};
use quick_xml::{Reader, events::Event};
use verify::{
    list::{Entry, Judged, Listing},
    report::{Format, Style, document, listing, text},
};

/// What would do something to a terminal, a log of GitHub or Azure, Markdown, HTML, XML or a shell.
const HOSTILE: &str = "\u{1b}[31mred\u{9b}2J\u{7} \u{202e}gnihtyna\u{2066} \r\n::error \
    title=a::b\r\n::add-mask::c ##[error]d ##vso[task.setvariable variable=e]f \u{a0}::warning::g \
    </script><script>alert(1)</script> --> ]]> &amp; \"quoted\" 'single' |cell| `code` \
    [link](javascript:alert(1)) ![i](https://e.example/i.png) <img src=x onerror=alert(1)> \
    **bold** @acme $x$ [[ATTACHMENT|/etc/passwd]] %0A::error::h \u{fffe} \u{e0041}";

fn styled(verdict: &Record, columns: Option<usize>) -> String {
    text::print(verdict, &Style { columns, colour: false, verbose: false })
}

fn plain(verdict: &Record, format: Format) -> String {
    document(verdict, format, &Style::default()).unwrap()
}

#[test]
fn text_for_people() {
    insta::assert_snapshot!("text-allow", styled(&verdicts::allow(), Some(80)));
    insta::assert_snapshot!("text-ready", styled(&verdicts::ready(), Some(80)));
    insta::assert_snapshot!("text-deny", styled(&verdicts::deny(), Some(80)));
    insta::assert_snapshot!("text-deny-whole", styled(&verdicts::deny_whole(), Some(80)));
    insta::assert_snapshot!("text-deny-no-terminal", styled(&verdicts::deny(), None));
    insta::assert_snapshot!("text-hostile", styled(&verdicts::few(HOSTILE), None));
}

#[test]
fn documents_for_others() {
    for format in [Format::Github, Format::Html, Format::Json, Format::Junit, Format::Markdown] {
        for (name, verdict) in [
            ("allow", verdicts::allow()),
            ("deny", verdicts::deny()),
            ("hostile", verdicts::few(HOSTILE)),
        ] {
            insta::assert_snapshot!(format!("{}-{name}", format.word()), plain(&verdict, format));
        }
    }
}

#[test]
fn lines_fit_a_screen_and_words_stay_whole() {
    for verdict in [verdicts::allow(), verdicts::ready(), verdicts::deny(), verdicts::deny_whole()]
    {
        let text = styled(&verdict, Some(80));
        for line in text.lines() {
            // A reference stands whole on a line, behind its label if it has one.
            let reference = line.ends_with(&verdict.image.reference);
            assert!(line.chars().count() <= 80 || reference, "{line}");
        }
        assert!(text.contains(&verdict.image.reference), "the reference can be copied whole");
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&text), words(&styled(&verdict, None)));
    }
}

#[test]
fn the_last_line_of_a_deny_is_its_score() {
    let last = |verdict| styled(&verdict, None).lines().last().unwrap().to_owned();
    assert_eq!(last(verdicts::deny()), "deny  3 of 6 steps pass; production.yaml revision 14");
    assert!(last(verdicts::deny_whole()).starts_with("deny  6 of 6 steps pass, 1 finding about"));
}

#[test]
fn causes_come_before_what_follows_from_them() {
    for format in Format::ALL {
        let text = plain(&verdicts::deny(), format);
        let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
        if format != Format::Json && format != Format::Junit {
            assert!(at("negative-result") < at("out-of-order"), "{}", format.word());
        }
        at("too-few-signers");
    }
}

#[test]
fn every_printer_tells_all_of_a_finding() {
    let mut verdict = verdicts::deny();
    verdict.findings.truncate(1);
    verdict.findings[0].details = vec!["PART details".into()];
    verdict.findings[0].message = "PART message".into();
    verdict.findings[0].at = Some("PART at".into());
    verdict.findings[0].hint = Some("PART hint".into());
    verdict.findings[0].remedy = Some("PART remedy".into());
    verdict.findings[0].who = Some("PART who".into());
    for format in Format::ALL {
        let text = plain(&verdict, format);
        for part in ["details", "message", "at", "hint", "remedy", "who"] {
            assert!(text.contains(&format!("PART {part}")), "{}: {part}: {text}", format.word());
        }
    }
}

#[test]
fn a_candidate_of_which_a_finding_tells_is_not_told_of_again() {
    let mut verdict = verdicts::deny();
    let (text, told) = (styled(&verdict, None), "negative: scanner, 2026-11-23 03:10");
    assert_eq!(text.matches(told).count(), 1, "{text}");
    verdict.findings[1].candidates = vec![verdict.steps[1].candidates[0].id.clone().unwrap()];
    // The same digits elsewhere hide nothing.
    verdict.findings[1].details = vec![verdict.steps[1].candidates[1].id.clone().unwrap()];
    verdict.steps[1].candidates[1].id = Some(format!("sha256:{}", "7".repeat(64)));
    let text = styled(&verdict, None);
    assert!(!text.contains(told) && text.contains("superseded: scanner"), "{text}");
}

#[test]
fn a_deny_never_reads_like_an_allow() {
    for format in Format::ALL {
        let text = plain(&verdicts::deny(), format);
        assert!(!text.to_lowercase().contains("allow"), "{}: {text}", format.word());
        assert!(!plain(&verdicts::ready(), format).contains("deploy "), "{}", format.word());
    }
    let text = styled(&verdicts::ready(), None);
    assert!(text.contains("nothing is allowed yet"));
}

#[test]
fn ready_says_what_comes_next() {
    for format in Format::ALL.into_iter().filter(|format| *format != Format::Junit) {
        let text = plain(&verdicts::ready(), format);
        assert!(text.contains("attest approve registry.example.com"), "{}: {text}", format.word());
    }
}

#[test]
fn nothing_moves_a_terminal() {
    let verdict = verdicts::filled(HOSTILE);
    for format in Format::ALL {
        let text = plain(&verdict, format);
        let loud: Vec<char> = text.chars().filter(|c| !is_inert(*c) && *c != '\n').collect();
        assert!(loud.is_empty(), "{}: {loud:?}", format.word());
    }
}

#[test]
fn no_line_of_a_log_is_a_command_of_anybody_else() {
    let verdict = verdicts::filled(HOSTILE);
    for format in [Format::Text, Format::Json] {
        let text = plain(&verdict, format);
        assert!(!text.contains("##"), "{text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
    }
}

/// The commands that GitHub's runner reads (ActionCommand.TryParseV2): name, properties, content.
fn commands(text: &str) -> Vec<(String, String, String)> {
    text.lines()
        .map(|line| {
            let (head, content) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
            let (name, properties) = head.split_once(' ').unwrap();
            (name.to_owned(), properties.to_owned(), content.to_owned())
        })
        .collect()
}

#[test]
fn github_reads_as_many_commands_as_were_written() {
    let benign = commands(&plain(&verdicts::filled("x"), Format::Github));
    let hostile = commands(&plain(&verdicts::filled(HOSTILE), Format::Github));
    assert_eq!(benign.len(), verdicts::filled("x").findings.len() + 1);
    for ((name, properties, content), other) in benign.iter().zip(&hostile) {
        assert_eq!((name, properties), (&other.0, &other.1));
        // What is text stays text: its own percent signs are not taken for ours.
        assert_eq!(content.matches("%0A").count(), other.2.matches("%0A").count());
    }
    assert_eq!(benign.len(), hostile.len());
}

/// The names of all elements and their attributes, in order.
fn elements(xml: &str) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    let mut names = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => {
                names.push(format!("{:?}", tag.name()));
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap();
                    names.push(format!("{:?}", attribute.key));
                }
            }
            Event::Comment(_) | Event::CData(_) | Event::DocType(_) | Event::PI(_) => {
                names.push("foreign".into());
            }
            Event::Eof => return names,
            _ => {}
        }
    }
}

#[test]
fn junit_is_well_formed_and_of_the_same_shape() {
    let benign = elements(&plain(&verdicts::filled("x"), Format::Junit));
    assert!(!benign.contains(&"foreign".to_owned()) && benign.len() > 50);
    let hostile = plain(&verdicts::filled(HOSTILE), Format::Junit);
    assert_eq!(elements(&hostile), benign);
    assert!(!hostile.contains("[[") && !hostile.contains('\u{fffe}'));
}

#[test]
fn junit_counts_what_it_holds() {
    for verdict in [verdicts::allow(), verdicts::deny(), verdicts::deny_whole()] {
        let text = plain(&verdict, Format::Junit);
        let cases = text.matches("<testcase ").count();
        let failed = text.split("<testcase ").filter(|case| case.contains("<failure ")).count();
        assert!(text.contains(&format!("tests=\"{cases}\" failures=\"{failed}\"")), "{text}");
    }
}

/// Everything between `<` and `>`, in order.
fn tags(html: &str) -> Vec<String> {
    html.split('<').skip(1).map(|part| part.split('>').next().unwrap().to_owned()).collect()
}

#[test]
fn html_has_the_same_tags_and_no_script() {
    let hostile = plain(&verdicts::filled(HOSTILE), Format::Html);
    assert_eq!(tags(&hostile), tags(&plain(&verdicts::filled("x"), Format::Html)));
    assert!(tags(&hostile).iter().all(|tag| !tag.starts_with("script") && !tag.starts_with("a ")));
    assert!(hostile.contains("default-src 'none'"));
}

#[test]
fn markdown_has_the_same_lines_and_cells() {
    let shape = |text: &str| -> Vec<(usize, String)> {
        let cells = |line: &str| line.replace("\\|", "").matches('|').count();
        text.lines().map(|line| (cells(line), line.chars().take(2).collect())).collect()
    };
    let hostile = plain(&verdicts::filled(HOSTILE), Format::Markdown);
    let benign = plain(&verdicts::filled("x"), Format::Markdown);
    // Whatever stands at the start of a line is ours.
    assert_eq!(shape(&hostile), shape(&benign));
    for mark in ['<', '>', '`'] {
        let of = |text: &str| text.replace("\\`", "").matches(mark).count();
        assert_eq!(of(&hostile), of(&benign), "{mark}");
    }
}

#[test]
fn json_is_the_verdict_itself() {
    for verdict in [verdicts::allow(), verdicts::deny(), verdicts::filled(HOSTILE)] {
        let text = plain(&verdict, Format::Json);
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read, serde_json::to_value(&verdict).unwrap());
    }
}

#[test]
fn a_list_is_inert_too() {
    let some = || Some(HOSTILE.to_owned());
    let entry = Entry {
        kind: "other".into(),
        name: some(),
        environment: some(),
        predicate_type: some(),
        says_signed_by: HOSTILE.into(),
        says_made: some(),
        id: None,
        found: HOSTILE.into(),
        problem: some(),
        judged: vec![Judged { step: some(), fate: chain::verdict::Fate::Dropped, reason: some() }],
    };
    let listing = Listing {
        version: 1,
        reference: HOSTILE.into(),
        digest: verdicts::DIGEST.into(),
        verified: false,
        attestations: vec![entry],
        verdict: Some(verdicts::few(HOSTILE)),
        notes: vec![HOSTILE.into()],
    };
    for columns in [None, Some(80)] {
        let text = listing::print(&listing, &Style { columns, ..Style::default() });
        assert!(text.chars().all(|c| is_inert(c) || c == '\n'), "{text}");
        assert!(!text.contains("##") && !text.lines().any(|l| l.trim_start().starts_with("::")));
        assert!(text.contains("by their own word") && text.contains("\n      dropped for "));
        let unjudged = Listing { verdict: None, ..listing.clone() };
        let text = listing::print(&unjudged, &Style { columns, ..Style::default() });
        assert!(text.contains("none verified") && text.contains("unverified: anyone"));
    }
}

#[test]
fn every_member_of_a_verdict_is_in_its_schema() {
    let schema = serde_json::to_value(schemars::schema_for!(Record)).unwrap();
    for verdict in [verdicts::allow(), verdicts::deny(), verdicts::filled("x")] {
        covered(&schema, &schema, &serde_json::to_value(&verdict).unwrap(), "verdict");
    }
}

/// Fails if `value` has a member that its schema does not name.
fn covered(root: &Value, schema: &Value, value: &Value, at: &str) {
    let schema = match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => root.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    // An optional member is "this or null".
    if let Some(either) = schema.get("anyOf").and_then(Value::as_array) {
        let some = either.iter().find(|s| s.get("type") != Some(&"null".into())).unwrap();
        if !value.is_null() {
            covered(root, some, value, at);
        }
        return;
    }
    match value {
        Value::Object(members) => {
            let Some(known) = schema.get("properties") else { return };
            for (name, value) in members {
                let member = known.get(name);
                assert!(member.is_some(), "{at}.{name} is not in the schema");
                covered(root, member.unwrap(), value, &format!("{at}.{name}"));
            }
        }
        Value::Array(items) => {
            let Some(schema) = schema.get("items") else { return };
            items.iter().for_each(|item| covered(root, schema, item, &format!("{at}[]")));
        }
        _ => {}
    }
}
