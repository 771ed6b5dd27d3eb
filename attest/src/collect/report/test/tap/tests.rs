use super::super::{super::testing::made, Reader};

/// Passed, failed, skipped; or the code of the refusal.
fn counts(stream: &str) -> Result<(u64, u64, u64), &'static str> {
    let mut reader = Reader::default();
    reader.add(&made("made.tap", stream)).map_err(|refused| refused.code())?;
    let report = reader.finish().map_err(|refused| refused.code())?;
    Ok((report.counts.passed, report.counts.failed, report.counts.skipped))
}

fn failed(stream: &str) -> Vec<String> {
    let mut reader = Reader::default();
    reader.add(&made("made.tap", stream)).unwrap();
    reader.finish().unwrap().failed.listed
}

#[test]
fn points_plans_and_directives() {
    for (stream, expected) in [
        ("1..2\nok 1\nok 2 - two\n", Ok((2, 0, 0))),
        ("ok\nnot ok\n1..2\n", Ok((1, 1, 0))),
        ("TAP version 14\n1..1\r\nok 1\r\n", Ok((1, 0, 0))),
        ("# told first\n\n1..1\nok\n", Ok((1, 0, 0))),
        ("1..3\nok 1 # SKIP no network\nok 2 # skipped: x\nok 3\n", Ok((1, 0, 2))),
        ("1..3\nnot ok 1 # TODO\nok 2 # todo done\nnot ok 3 # todos\n", Ok((1, 1, 1))),
        // A test that is skipped has not failed; this one did.
        ("1..1\nnot ok 1 # SKIP\n", Ok((0, 1, 0))),
        (
            r"1..2
not ok 1 - issue \# TODO
not ok 2 - issue #7 # TODO
",
            Ok((0, 1, 1)),
        ),
        // Numbers are the runner's own affair: Node's are wrong across files.
        ("1..2\nok 7\nok 7\n", Ok((2, 0, 0))),
        // Neither ok nor not ok.
        ("1..1\nok 1\nokay\nnotok\n    not ok 2 - of somebody else\n", Ok((1, 0, 0))),
    ] {
        assert_eq!(counts(stream), expected, "{stream}");
    }
}

#[test]
fn a_plan_that_is_not_kept_is_a_failure_and_none_is_a_cut() {
    for (stream, expected) in [
        ("1..3\nok 1\n", Ok((1, 1, 0))),
        ("1..1\nok 1\nok 2\n", Ok((2, 1, 0))),
        ("1..3\n", Ok((0, 1, 0))),
        ("ok 1\nok 2\n", Err("truncated")),
        ("TAP version 13\n", Err("truncated")),
        ("1..1\nok 1", Err("truncated")),
        ("1..1\nok 1\n  ---\n  at: x\n", Err("truncated")),
        ("1..0 # SKIP no network\n", Err("no-test")),
        ("1..1\nok 1\n1..1\nok 1\n", Err("malformed")),
        ("ok 1\n1..99999999999999999999\n", Err("truncated")),
    ] {
        assert_eq!(counts(stream), expected, "{stream}");
    }
    assert_eq!(failed("1..3\nok 1\n"), ["plan of 3, 1 ran"]);
}

#[test]
fn a_stream_that_bails_out_has_failed() {
    let stream = "1..2\nok 1\nBail out!  password is hunter2\nok 2\n";
    assert_eq!(counts(stream), Ok((1, 1, 0)));
    assert_eq!(failed(stream), ["Bail out!"]);
    assert_eq!(counts("1..1\n# Subtest: a\n    Bail out!\n"), Ok((0, 1, 0)));
}

#[test]
fn a_subtest_is_summed_up_by_its_point() {
    let around = |inside: &str, point: &str| format!("1..1\n# Subtest: a\n{inside}{point}\n");
    for (inside, point, expected) in [
        ("    1..2\n    ok 1\n    ok 2\n", "ok 1 - a", Ok((1, 0, 0))),
        ("    1..2\n    ok 1\n    not ok 2\n", "not ok 1 - a", Ok((0, 1, 0))),
        // What failed inside did not pass, whatever its point says.
        ("    1..2\n    ok 1\n    not ok 2\n", "ok 1 - a", Ok((0, 1, 0))),
        ("    1..2\n    ok 1\n", "ok 1 - a", Ok((0, 1, 0))),
        ("    ok 1\n", "ok 1 - a", Ok((0, 1, 0))),
        ("    1..1\n    not ok 1 # TODO\n", "ok 1 - a", Ok((1, 0, 0))),
        ("    1..1\n    not ok 1\n", "not ok 1 - a # TODO", Err("no-test")),
        ("    1..1\n    ok 1\n", "", Err("truncated")),
    ] {
        assert_eq!(counts(&around(inside, point)), expected, "{inside}{point}");
    }
    // Test::More of old announces it a level further in.
    assert_eq!(counts("1..1\n    # Subtest: a\n    1..1\n    not ok 1\nok 1 - a\n"), Ok((0, 1, 0)));
}

#[test]
fn of_a_suite_the_tests_inside_count() {
    let suite = "  ---\n  type: 'suite'\n  ...\n";
    let around =
        |inside: &str, point: &str| format!("# Subtest: a\n{inside}{point}\n{suite}1..1\n");
    let two = "    ok 1 - x\n    not ok 2 - y\n    1..2\n";
    assert_eq!(counts(&around(two, "not ok 1 - a")), Ok((1, 1, 0)));
    assert_eq!(failed(&around(two, "not ok 1 - a")), ["a > y"]);
    // A hook that failed, or a suite that was cut short.
    assert_eq!(failed(&around("    ok 1 - x\n    1..1\n", "not ok 1 - a")), ["a"]);
    assert_eq!(failed(&around("    ok 1 - x\n    1..2\n", "ok 1 - a")), ["a > plan of 2, 1 ran"]);
    assert_eq!(counts(&around("", "ok 1 - a")), Err("no-test"));
}

#[test]
fn depth_ends_with_its_limit() {
    let mut stream = String::new();
    for depth in 0..200 {
        stream +=
            &format!("{}# Subtest: a\n{}1..1\n", " ".repeat(4 * depth), " ".repeat(4 * depth));
    }
    assert_eq!(counts(&stream), Err("too-deep"));
}

proptest::proptest! {
    #[test]
    fn no_soup_of_lines_loses_a_failure(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "1..2", "ok", "not ok 1", "ok # SKIP", "not ok # TODO", "# Subtest: a", "    1..1",
            "    ok", "    not ok", "  ---", "  type: 'suite'", "  ...", "text", "",
        ]), 0..20)
    ) {
        let stream: String = words.iter().map(|word| format!("{word}\n")).collect();
        let mut reader = Reader::default();
        if reader.add(&made("soup.tap", &stream)).is_ok() {
            let counts = reader.report.counts;
            let open = stream.replace("  ---", "");
            let failures = words.iter().filter(|word| **word == "not ok 1").count();
            if open == stream && failures > 0 {
                proptest::prop_assert!(counts.failed > 0, "{}", stream);
            }
        }
    }
}
