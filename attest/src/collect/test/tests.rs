use evidence::{
    Digest, Statement, Subject,
    predicate::{Claim, TEST_RESULT, View, test_result},
    time::Timestamp,
};

use super::{
    super::{
        command::Recorded,
        report::{
            test::Reader,
            testing::{made, sample},
        },
    },
    *,
};

fn report(names: &[&str]) -> TestReport {
    let mut reader = Reader::default();
    for name in names {
        reader.add(&sample(&format!("test/{name}"))).unwrap();
    }
    reader.finish().unwrap()
}

fn run() -> Run {
    Run {
        source: Some("https://git.example.com/acme/app".into()),
        commit: Some("4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c".into()),
        git_ref: Some("refs/heads/main".into()),
        url: Some("https://ci.example.com/acme/app/runs/4711".into()),
        signed_at: Some("2026-11-23T18:00:00Z".into()),
        ..Run::default()
    }
}

/// Through the bytes that are signed, as `verify` reads them.
fn read_back(predicate: Value) -> test_result::TestResult {
    let statement = Statement {
        subjects: vec![Subject::new("registry.example.com/acme/app", Digest::sha256(b""))],
        predicate_type: TEST_RESULT.to_owned(),
        predicate,
    };
    let statement = Statement::parse(&statement.to_bytes()).unwrap();
    match Claim::read(&statement).unwrap().view {
        View::Test(result) => result,
        other => panic!("{other:?}"),
    }
}

fn ran(ended: Ended) -> Ran {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    Ran {
        ended,
        stopped: None,
        started: at("2026-11-23T17:00:00Z"),
        finished: at("2026-11-23T17:00:09.9Z"),
        recorded: None,
    }
}

#[test]
fn verify_reads_back_what_the_reports_say() {
    for names in [
        &["pytest-pass.xml"][..],
        &["pytest-mixed.xml", "nextest-mixed.xml"],
        &["nextest-flaky.xml"],
        &["surefire-rerun/TEST-com.example.shop.FlakyTest.xml"],
    ] {
        let report = report(names);
        let result = read_back(predicate(Tested::Reports { report: &report, end: None }, &run()));
        assert_eq!(result.result, report.word(), "{names:?}");
        assert_eq!(result.counts, Some(report.counts), "{names:?}");
        assert_eq!(result.failed_tests, report.failed.listed);
        let seconds = |time: Option<Timestamp>| time.map(Timestamp::as_second);
        assert_eq!(seconds(result.finished), seconds(report.span.finished));
    }
}

#[test]
fn the_predicate_has_these_members() {
    let report = report(&["nextest-flaky.xml"]);
    let digest = Digest::sha256(&sample("test/nextest-flaky.xml").bytes);
    assert_eq!(
        predicate(Tested::Reports { report: &report, end: None }, &run()),
        json!({
            "result": "WARNED",
            "configuration": [
                {
                    "uri": "git+https://git.example.com/acme/app@refs/heads/main",
                    "digest": {"gitCommit": "4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c"},
                },
                {"name": "nextest-flaky.xml", "digest": {"sha256": digest.hex()}},
            ],
            "url": "https://ci.example.com/acme/app/runs/4711",
            "passedTests": ["shop.t::passes", "shop::it.works"],
            "warnedTests": ["shop.t::second_time_lucky"],
            "failedTests": [],
            "attest_test": {
                "executed": 3, "passed": 2, "warned": 1, "failed": 0, "skipped": 0,
                "startedOn": "2026-11-23T17:39:12Z",
                "finishedOn": "2026-11-23T17:39:12Z",
            },
            "attest_run": run(),
        })
    );
}

#[test]
fn properties_and_output_are_never_copied() {
    let secret = "hunter2-in-the-environment";
    let xml = format!(
        "<testsuite><properties><property name='env.TOKEN' value='{secret}'/></properties>\
         <testcase name='a'><failure message='{secret}'>{secret}</failure>\
         <system-out>{secret}</system-out><system-err>{secret}</system-err></testcase>\
         <system-out>{secret}</system-out></testsuite>"
    );
    let mut reader = Reader::default();
    reader.add(&made("leaky.xml", xml)).unwrap();
    let report = reader.finish().unwrap();
    let written = predicate(Tested::Reports { report: &report, end: None }, &run()).to_string();
    assert!(written.contains("failedTests") && !written.contains(secret), "{written}");
    let surefire = report_of_surefire();
    assert!(!surefire.contains("java.version") && !surefire.contains("/home/ci"), "{surefire}");
}

fn report_of_surefire() -> String {
    let name = "surefire-mixed/TEST-com.example.shop.MixedTest$Inner.xml";
    let text = String::from_utf8(sample(&format!("test/{name}")).bytes).unwrap();
    assert!(
        text.contains("java.version") && text.contains("/home/ci"),
        "the sample has properties"
    );
    predicate(Tested::Reports { report: &report(&[name]), end: None }, &run()).to_string()
}

#[test]
fn many_passed_tests_are_counted_and_not_listed() {
    let cases = |count: usize| "<testcase name='a'/>".repeat(count);
    let written = |count: usize| {
        let mut reader = Reader::default();
        reader.add(&made("many.xml", format!("<testsuite>{}</testsuite>", cases(count)))).unwrap();
        predicate(Tested::Reports { report: &reader.finish().unwrap(), end: None }, &Run::default())
    };
    assert_eq!(written(200)["passedTests"].as_array().unwrap().len(), 200);
    let many = written(201);
    assert!(many.get("passedTests").is_none());
    assert_eq!(many["attest_test"]["unlisted"], json!({"passed": 201}));
    assert_eq!(read_back(many).counts.unwrap().passed, 201);
}

#[test]
fn a_command_is_one_test() {
    let passed = predicate(Tested::Command { ran: &ran(Ended::Exit(0)), unread: None }, &run());
    assert_eq!(
        passed["attest_test"],
        json!({
            "executed": 1, "passed": 1, "warned": 0, "failed": 0, "skipped": 0,
            "startedOn": "2026-11-23T17:00:00Z",
            "finishedOn": "2026-11-23T17:00:09Z",
            "exitCode": 0,
            "command": {"exitStatus": 0},
        })
    );
    assert_eq!(passed["configuration"].as_array().unwrap().len(), 1);
    let result = read_back(passed);
    assert_eq!((result.result, result.counts.unwrap().executed), (Word::Passed, 1));
    for (ended, command) in
        [(Ended::Exit(3), json!({"exitStatus": 3})), (Ended::Signal(9), json!({"signal": 9}))]
    {
        let failed = predicate(Tested::Command { ran: &ran(ended), unread: None }, &Run::default());
        assert_eq!(failed["attest_test"]["command"], command);
        assert_eq!(failed["configuration"], json!([]));
        let result = read_back(failed);
        assert_eq!((result.result, result.counts.unwrap().failed), (Word::Failed, 1));
    }
}

#[test]
fn arguments_and_output_stand_only_where_they_were_kept() {
    let mut ran = ran(Ended::Exit(1));
    ran.recorded = Some(Recorded {
        arguments: vec!["make".into(), "test".into()],
        output: "no\n".into(),
        cut: true,
    });
    let written = predicate(Tested::Command { ran: &ran, unread: None }, &Run::default());
    assert_eq!(
        written["attest_test"]["command"],
        json!({"exitStatus": 1, "arguments": ["make", "test"], "output": "no\n", "outputCut": true})
    );
}

#[test]
fn a_run_that_failed_has_failed_however_green_its_report() {
    let green = report(&["jest-junit-load-error-hidden.xml"]);
    let red = report(&["nextest-mixed.xml"]);
    let ran_with = |status| ran(Ended::Exit(status));
    let (good, bad) = (ran_with(0), ran_with(1));
    for (report, end, word) in [
        (&green, None, Word::Passed),
        (&green, Some(End::Said(0)), Word::Passed),
        (&green, Some(End::Said(1)), Word::Failed),
        (&green, Some(End::Here(&good)), Word::Passed),
        (&green, Some(End::Here(&bad)), Word::Failed),
        (&red, Some(End::Here(&good)), Word::Failed),
        (&red, Some(End::Said(0)), Word::Failed),
    ] {
        let written = predicate(Tested::Reports { report, end }, &run());
        let status = end.map(End::status);
        assert_eq!(written["attest_test"].get("exitCode").cloned(), status.map(Value::from));
        let here = matches!(end, Some(End::Here(_)));
        assert_eq!(written["attest_test"].get("command").is_some(), here);
        assert_eq!(
            written["attest_test"].get("finishedOn").is_some(),
            here || report.span.finished.is_some()
        );
        let read = read_back(written);
        assert_eq!(read.result, word, "{end:?}");
        // What the cases say is said all the same.
        assert_eq!(read.counts.unwrap(), report.counts);
    }
    let killed = ran(Ended::Signal(9));
    let written =
        predicate(Tested::Reports { report: &green, end: Some(End::Here(&killed)) }, &run());
    assert_eq!(written["attest_test"]["exitCode"], 137);
    assert_eq!(written["attest_test"]["command"], json!({"signal": 9}));
}

#[test]
fn a_command_that_failed_says_why_its_report_is_not_read() {
    let tested = Tested::Command { ran: &ran(Ended::Exit(2)), unread: Some("no-report") };
    let written = predicate(tested, &run());
    assert_eq!(
        written["attest_test"]["command"],
        json!({"exitStatus": 2, "unreadReport": "no-report"})
    );
    assert_eq!(read_back(written).result, Word::Failed);
}
