//! `--report`: each is whole or not there, and takes nothing away.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use evidence::json::Value;

use crate::place::{NAME, Place};

#[test]
fn reports_are_written_whole_and_say_the_same() {
    let place = Place::new();
    fs::write(place.path("r.json"), "an old report, longer than nothing").unwrap();
    place
        .gate(
            "--report json=r.json --report junit=r.xml --report html=r.html --report markdown=r.md \
             --report text=r.txt --report github=r.github",
        )
        .exits(1);
    let verdict: Value = serde_json::from_str(&place.read("r.json")).unwrap();
    assert_eq!(verdict["decision"], "deny");
    for name in ["r.xml", "r.html", "r.md", "r.txt", "r.github"] {
        assert!(place.read(name).contains("missing"), "{name}");
    }
    assert_eq!(place.hidden(), Vec::<String>::new());
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode();
    fs::write(place.path("ordinary"), "").unwrap();
    assert_eq!(mode("r.json"), mode("ordinary"));
}

#[test]
fn a_report_that_cannot_be_written_leaves_nothing_and_takes_nothing_away() {
    let place = Place::new();
    fs::create_dir(place.path("r.json")).unwrap();
    fs::write(place.path(".r.json.partial"), "somebody's").unwrap();
    let run = place.gate("--report json=r.json --evidence passed.json");
    assert_ne!(run.status, 0);
    assert!(
        run.stdout.is_empty() && run.stderr.contains("cannot write `r.json`"),
        "{}",
        run.stderr
    );
    assert_eq!(place.hidden(), [".r.json.partial"]);
}

#[test]
fn a_report_follows_a_link_and_adds_to_a_stream() {
    let place = Place::new();
    fs::write(place.path("real.json"), "old").unwrap();
    std::os::unix::fs::symlink("real.json", place.path("link.json")).unwrap();
    place.gate("--report json=link.json").exits(1);
    assert!(place.path("link.json").is_symlink());
    assert!(place.read("real.json").contains("\"deny\""));

    // stderr is a log that others wrote to, and will.
    let log = place.path("log");
    fs::write(&log, "before\n").unwrap();
    let mut command = place.command();
    let words =
        format!("gate oci:image --as {NAME} --policy policy.yaml --report github=/dev/stderr");
    let stderr = fs::OpenOptions::new().append(true).open(&log).unwrap();
    let status = command.args(words.split(' ')).stderr(stderr).status().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(place.read("log").starts_with("before\n::error "));
    assert!(Path::new("/dev/stderr").is_symlink());
}

#[test]
fn a_report_on_stdout_sends_text_to_stderr_and_nothing_stands_there_twice() {
    let place = Place::new();
    let run = place.gate("--report github=-").exits(1);
    assert!(run.stdout.lines().all(|line| line.starts_with("::error ")), "{}", run.stdout);
    assert!(run.stderr.contains("deny  0 of 1 steps pass"));
    for words in [
        "--report github=- --report json=-",
        "--report github=- --format json",
        "--report json=- -q",
    ] {
        assert!(place.gate(words).exits(2).stderr.contains("stdout holds one answer only"));
    }
}

#[test]
fn a_report_that_cannot_be_written_leaves_no_answer_on_stdout() {
    let place = Place::new();
    let run = place.gate("--evidence passed.json --report json=absent/r.json").exits(2);
    assert_eq!(run.stdout, "");
    fs::create_dir(place.path("taken")).unwrap();
    let run = place.gate("--evidence passed.json --report json=taken").exits(2);
    assert_eq!(run.stdout, "");
    for text in ["json", "json=", "yaml=r.yaml", "=r"] {
        assert!(place.gate(&format!("--report {text}")).exits(2).stderr.contains("FORMAT=PATH"));
    }
}

#[test]
fn nothing_is_written_over_a_report_or_the_policy() {
    let place = Place::new();
    for reports in [
        "json=v.json --report text=v.json",
        "json=./v.json --report text=v.json",
        "json=policy.yaml",
    ] {
        let run = place.gate(&format!("--report {reports}")).exits(2);
        assert!(run.stderr.contains("would be written over"), "{}", run.stderr);
    }
    place.gate("--report json=v.json --report text=w.txt --report github=-").exits(1);
}
