use super::super::{
    tests::{code, one},
    *,
};

#[test]
fn an_error_outweighs_a_failure_that_a_skip_and_all_a_lucky_rerun() {
    for (children, outcome) in [
        ("", (1, 0, 0, 0)),
        ("<system-out/>", (1, 0, 0, 0)),
        ("<flakyFailure/>", (0, 1, 0, 0)),
        ("<flakyError/><flakyFailure/>", (0, 1, 0, 0)),
        ("<skipped/>", (0, 0, 0, 1)),
        ("<skipped/><flakyFailure/>", (0, 0, 0, 1)),
        ("<skipped/><failure/>", (0, 0, 1, 0)),
        ("<failure/><skipped/><error/>", (0, 0, 1, 0)),
        ("<failure/><rerunFailure/><flakyFailure/>", (0, 0, 1, 0)),
        ("<rerunError/>", (0, 0, 1, 0)),
        // Output is escaped; whose elements these are, nobody can tell.
        ("<system-out><failure/></system-out>", (0, 0, 1, 0)),
    ] {
        let xml = format!(
            "<testsuite><testcase name='a'>{children}</testcase><testcase name='b'/></testsuite>"
        );
        let counts = one(&xml).unwrap().counts;
        let (passed, warned, failed, skipped) = outcome;
        let found = (counts.passed - 1, counts.warned, counts.failed, counts.skipped);
        assert_eq!(found, (passed, warned, failed, skipped), "{children}");
        assert_eq!(counts.executed, counts.passed + counts.warned + counts.failed);
    }
}

#[test]
fn totals_of_the_report_are_never_taken() {
    let report =
        one("<testsuites tests='900' failures='0' errors='0'><testsuite tests='900' failures='0'>\
         <testcase name='a'><failure/></testcase></testsuite></testsuites>")
        .unwrap();
    assert_eq!((report.counts.executed, report.counts.failed), (1, 1));
}

#[test]
fn a_suite_that_states_a_failure_has_one() {
    let suite = |attributes: &str, children: &str| {
        format!(
            "<testsuites><testsuite name='db' {attributes}><testcase name='a'>{children}\
             </testcase></testsuite></testsuites>"
        )
    };
    for attributes in ["failures='1'", "errors='1'", "failures=' 30 ' errors='0'"] {
        let report = one(&suite(attributes, "")).unwrap();
        assert_eq!((report.counts.passed, report.counts.failed), (1, 1), "{attributes}");
        assert_eq!(report.failed.listed, ["db"]);
        // It is one failure, whether an element shows it or a total.
        assert_eq!(one(&suite(attributes, "<failure/>")).unwrap().counts.failed, 1);
    }
    for attributes in ["failures='0' errors='0'", "", "failures=''"] {
        assert_eq!(one(&suite(attributes, "")).unwrap().word(), Word::Passed, "{attributes}");
    }
    let outer = "<testsuites failures='1'><testsuite><testcase name='a'/></testsuite></testsuites>";
    assert_eq!(one(outer).unwrap().counts.failed, 1);
    assert_eq!(one("<testsuite name='db' tests='1' errors='1'/>").unwrap().word(), Word::Failed);
}

#[test]
fn a_failure_counts_in_any_letters_and_however_deep() {
    let xml = |inside: &str| {
        format!("<testsuite name='s'><testcase name='a'>{inside}</testcase></testsuite>")
    };
    for inside in [
        "<FAILURE/>",
        "<Error>no</Error>",
        "<properties><failure/></properties>",
        "<properties><property><error/></property></properties>",
        "<skipped><failure/></skipped>",
    ] {
        assert_eq!(one(&xml(inside)).unwrap().counts.failed, 1, "{inside}");
    }
    for inside in
        ["<system-out><fail/></system-out>", "<properties><property name='failure'/></properties>"]
    {
        assert_eq!(one(&xml(inside)).unwrap().word(), Word::Passed, "{inside}");
    }
    // A skip somewhere inside is none of the case.
    assert_eq!(one(&xml("<properties><skipped/></properties>")).unwrap().counts.passed, 1);
    let suite = "<TestSuite><Properties><Failure/></Properties><TestCase name='a'/></TestSuite>";
    let counts = one(suite).unwrap().counts;
    assert_eq!((counts.passed, counts.failed), (1, 1));
    assert_eq!(code("<testsuite><properties><TESTCASE/></properties></testsuite>"), "malformed");
}

#[test]
fn an_element_of_a_case_that_is_not_known_has_failed() {
    let counts = |inside: &str| {
        let case = format!("<testcase name='a'>{inside}</testcase>");
        one(&format!("<testsuite><testcase name='b'/>{case}</testsuite>")).unwrap().counts
    };
    for inside in ["<fail/>", "<failures/>", "<Warning>x</Warning>", "<x:broken/>", "<system/>"] {
        assert_eq!((counts(inside).failed, counts(inside).passed), (1, 1), "{inside}");
    }
    for inside in ["<System-Out/>", "<system-err>x</system-err>", "<passed/>", "<attachments/>"] {
        assert_eq!(counts(inside).passed, 2, "{inside}");
    }
    assert_eq!(counts("<fail/><skipped/>").failed, 1);
    assert_eq!(counts("<ignored/>").skipped, 1);
}

#[test]
fn a_report_that_states_more_than_it_holds_is_told_of() {
    let stated = |xml: &str| one(xml).unwrap().stated.map(|stated| (stated.states, stated.cases));
    let suite = |attributes: &str| {
        format!("<testsuite {attributes}><testcase name='a'/><testcase name='b'/></testsuite>")
    };
    assert_eq!(stated(&suite("tests='30'")), Some((30, 2)));
    assert_eq!(stated(&suite("tests='30' skipped='28'")), None);
    assert_eq!(stated(&suite("tests='2'")), None);
    // A rerun is a case more.
    assert_eq!(stated(&suite("tests='1'")), None);
    assert_eq!(stated(&suite("")), None);
    // A skip that has an element, and more skips than tests, are no reason for what is missing.
    assert_eq!(stated(&suite("tests='30' skipped='31'")), Some((30, 2)));
    let shown = "<testcase name='a'/><testcase name='b'><skipped/></testcase>";
    let held = |tests| format!("<testsuite tests='{tests}' skipped='1'>{shown}</testsuite>");
    assert_eq!(stated(&held(3)), Some((3, 2)));
    assert_eq!(stated(&held(2)), None);
    // The suites inside are asked as well, and whoever knows of the skipped gives the reason.
    let outer =
        |attributes, inner| format!("<testsuites {attributes}>{}</testsuites>", suite(inner));
    assert_eq!(stated(&outer("tests='2'", "tests='30'")), Some((30, 2)));
    assert_eq!(stated(&outer("tests='2'", "tests='2'")), None);
    assert_eq!(stated(&outer("tests='30' skipped='28'", "tests='30'")), None);
    assert_eq!(stated(&outer("tests='30'", "tests='30' skipped='28'")), None);
    assert_eq!(stated(&outer("tests='31'", "tests='30' skipped='28'")), Some((3, 2)));
}

#[test]
fn a_case_that_says_by_attribute_that_it_failed_did_not_pass() {
    let xml = |attribute: &str| {
        format!("<testsuite><testcase name='a' {attribute}/><testcase name='b'/></testsuite>")
    };
    assert_eq!(one(&xml("status='fail'")).unwrap().counts.failed, 1);
    assert_eq!(one(&xml("status='notrun' result='suppressed'")).unwrap().counts.skipped, 1);
    assert_eq!(one(&xml("status='run' result='completed'")).unwrap().counts.passed, 2);
}

#[test]
fn a_word_that_is_not_known_for_a_success_is_none() {
    let counts = |case: &str| {
        one(&format!("<testsuite><testcase name='b'/><testcase name='a' {case}</testsuite>"))
            .unwrap()
            .counts
    };
    for case in [
        "status='failed '/>",
        "Status='FAILED'/>",
        "status='passed' x:status='failed'/>",
        "status='aborted'/>",
        "status='run' result='incomplete'/>",
        "result='FAILED:1'/>",
        "outcome='failed'/>",
        "success='false'/>",
        "success='maybe'/>",
        "passed='no'/>",
        "><skipped type='todo'/><error/></testcase>",
    ] {
        assert_eq!((counts(case).failed, counts(case).passed), (1, 1), "{case}");
    }
    for case in [
        "/>",
        "status=''/>",
        "status=' Passed '/>",
        "outcome='success'/>",
        "success='true' passed='True'/>",
        "my-status='failed'/>",
    ] {
        assert_eq!(counts(case).passed, 2, "{case}");
    }
    assert_eq!(counts("><skipped type='todo'/><failure/></testcase>").skipped, 1);
    assert_eq!(counts("result='NotRun'/>").skipped, 1);
}

#[test]
fn a_total_that_is_no_number_is_refused_and_counts_by_any_name() {
    let suite =
        |attribute: &str| format!("<testsuite {attribute}><testcase name='a'/></testsuite>");
    for attribute in [
        "failures='1.0'",
        "failures='1,0'",
        "failures='-1'",
        "failures='+1'",
        "failures='none'",
        "failures='\u{661}'",
        "failures='99999999999999999999999'",
        "errors='x'",
        "tests='1e3'",
        "skipped='many'",
    ] {
        assert_eq!(code(&suite(attribute)), "unreadable", "{attribute}");
    }
    let refused = one(&format!("<testsuites>\n {}</testsuites>", suite("tests='?'"))).unwrap_err();
    let unreadable = "`made.xml` cannot be read as JUnit XML at line 2, column 2";
    assert_eq!(refused.to_string(), unreadable);
    for attribute in ["Failures='1'", "failure='1'", "failed='1'", "x:failures='1'", "error='01'"] {
        assert_eq!(one(&suite(attribute)).unwrap().counts.failed, 1, "{attribute}");
    }
    assert_eq!(one(&suite("Failures='0' failed='0' warnings='1'")).unwrap().word(), Word::Passed);
}

#[test]
fn a_suite_that_broke_is_a_failure() {
    let report = one(
        "<testsuites><testsuite name='db'><error/><testcase name='a'/></testsuite></testsuites>",
    )
    .unwrap();
    assert_eq!((report.counts.passed, report.counts.failed, report.broke), (1, 1, 1));
    assert_eq!(report.failed.listed, ["db"]);
}

#[test]
fn entities_in_names_are_read_once() {
    let report = one("<testsuite><testcase name='a&lt;b&#10;&amp;lt;'/></testsuite>").unwrap();
    assert_eq!(report.passed.listed, ["a<b\n&lt;"]);
}
