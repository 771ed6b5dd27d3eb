use super::{
    super::{
        files,
        testing::{made, root, sample},
    },
    *,
};

fn read(files: &[ReportFile]) -> Result<TestReport, Refused> {
    let mut reader = Reader::default();
    files.iter().try_for_each(|file| reader.add(file))?;
    reader.finish()
}

pub(super) fn one(xml: &str) -> Result<TestReport, Refused> {
    read(&[made("made.xml", xml)])
}

pub(super) fn code(xml: &str) -> &'static str {
    one(xml).map(|report| format!("{report:?}")).unwrap_err().code()
}

fn all(words: &[String]) -> Result<TestReport, Refused> {
    let paths = files::find(words).unwrap();
    read(&paths.iter().map(|path| files::read(path).unwrap()).collect::<Vec<_>>())
}

#[test]
fn every_sample_counts_as_the_table_says() {
    let directory = root().join("testdata/reports/test");
    let table = std::fs::read_to_string(directory.join("table.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
        .collect();
    for row in &rows {
        let word = directory.join(row[0]).to_string_lossy().into_owned();
        let found = match all(&[word]) {
            Ok(report) => {
                let Counts { executed, passed, warned, failed, skipped } = report.counts;
                let numbers = [executed, passed, warned, failed, report.broke, skipped];
                let mut cells = numbers.map(|number| number.to_string()).to_vec();
                cells.push(report.word().word().to_owned());
                cells.push(report.span.finished.map_or("-".into(), evidence::time::write));
                cells
            }
            Err(refused) => {
                let mut cells = vec!["-".to_owned(); 6];
                cells.push(refused.code().to_owned());
                cells.push("-".to_owned());
                cells
            }
        };
        assert_eq!(found, row[1..], "{}", row[0]);
    }
    let listed: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    for entry in std::fs::read_dir(&directory).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(
            name == "table.tsv" || listed.contains(&name.as_str()),
            "table.tsv has no row for {name}"
        );
    }
}

#[test]
fn a_report_cut_anywhere_is_never_a_smaller_success() {
    let directory = root().join("testdata/reports/test");
    let words = ["**/*.xml", "*.tap", "*.json", "*.jsonl"]
        .map(|pattern| directory.join(pattern).to_string_lossy().into_owned());
    let paths = files::find(&words).unwrap();
    assert!(paths.len() > 60, "{paths:?}");
    for path in paths {
        let whole = files::read(&path).unwrap();
        let success = match read(std::slice::from_ref(&whole)) {
            Ok(report) => report,
            Err(_) => continue,
        };
        let last = whole.bytes.iter().rposition(|byte| !byte.is_ascii_whitespace()).unwrap();
        let lines = (0..last).filter(|at| whole.bytes[*at] == b'\n').map(|at| at + 1);
        for end in (0..last).step_by(97).chain(lines).chain([last]) {
            let cut = made("cut", &whole.bytes[..end]);
            let xml = whole.bytes.starts_with(b"<");
            match read(&[cut]) {
                Err(refused) => {
                    let code = refused.code();
                    assert!(
                        matches!(code, "truncated" | "empty" | "malformed")
                            || !xml && matches!(code, "no-test" | "unreadable" | "unknown-format"),
                        "{code}: {} at {end}",
                        path.display()
                    );
                }
                // A stream may be whole before its last remarks; then it says the same. Or it fails.
                Ok(report) => assert!(
                    !xml && (report.counts == success.counts || report.word() == Word::Failed),
                    "{} at {end}: {:?}",
                    path.display(),
                    report.counts
                ),
            }
        }
    }
}

#[test]
fn several_files_are_one_run() {
    let report = read(
        &["pytest-pass.xml", "nextest-flaky.xml", "pytest-mixed.xml"]
            .map(|name| sample(&format!("test/{name}"))),
    )
    .unwrap();
    let Counts { executed, passed, warned, failed, skipped } = report.counts;
    assert_eq!((executed, passed, warned, failed, skipped), (13, 9, 1, 3, 2));
    assert_eq!(report.total(), 15);
    assert_eq!(report.word(), Word::Failed);
    assert_eq!(report.files.len(), 3);
    assert_eq!(report.files[0].name, "pytest-pass.xml");
    assert_eq!(report.warned.listed, ["shop.t::second_time_lucky"]);
    assert_eq!(report.failed.listed[0], "bad.test_mixed.test_fails");
    assert_eq!(evidence::time::write(report.span.started.unwrap()), "2026-11-23T17:31:16Z");
    assert_eq!(evidence::time::write(report.span.finished.unwrap()), "2026-11-23T17:39:12Z");
}

#[test]
fn a_time_that_one_file_lacks_is_not_stated() {
    let files = ["pytest-pass.xml", "surefire-pass/TEST-com.example.shop.PassTest.xml"]
        .map(|name| sample(&format!("test/{name}")));
    assert_eq!(read(&files).unwrap().span, Span::default());
    let files = [files[1].clone(), files[0].clone()];
    assert_eq!(read(&files).unwrap().span, Span::default());
}

#[test]
fn what_is_no_report_is_refused() {
    for (xml, expected) in [
        ("", "empty"),
        (" \n\t", "empty"),
        ("\u{feff}", "empty"),
        ("{\"a\": 1}", "unknown-format"),
        ("ok then\n", "truncated"),
        ("All tests ok\n1..1\nok 1\n", "unknown-format"),
        ("<html/>", "unknown-format"),
        ("<failsafe-summary><completed>3</completed></failsafe-summary>", "unknown-format"),
        ("<testsuite/>", "no-test"),
        ("<testsuite><testcase name='a'><skipped/></testcase></testsuite>", "no-test"),
        ("<testsuite><testcase name='a'/>", "truncated"),
        ("<testsuite><testcase name='a'/></testsuite", "truncated"),
        ("<?xml version='1.0'?>", "truncated"),
        ("<testsuite><testcase></testsuite></testcase>", "malformed"),
        ("<testsuite/></testsuite>", "malformed"),
        ("<testsuite><testcase name='a'/></testsuite><testsuite/>", "malformed"),
        ("<testsuite><testcase name='a'/></testsuite>tail", "malformed"),
        ("<testsuite><testcase name='a'/></testsuite><?xml version='1.0'?>", "malformed"),
        ("<testsuite><testcase><testcase/></testcase></testsuite>", "malformed"),
        ("<testsuite><system-out><testcase/></system-out></testsuite>", "malformed"),
        ("<testsuite><testcase name=a/></testsuite>", "malformed"),
        ("<testsuite><!-- a -- b --><testcase name='a'/></testsuite>", "malformed"),
        ("<!DOCTYPE testsuite><testsuite/>", "doctype"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><testsuite>&b;</testsuite>", "doctype"),
        ("<testsuite><testcase>&b;</testcase></testsuite>", "entity"),
        ("<testsuite><testcase name='&b;'/></testsuite>", "entity"),
        ("<?xml version='1.0' encoding='latin1'?><testsuite name='ü'/>", "encoding"),
    ] {
        assert_eq!(code(xml), expected, "{xml}");
    }
    let latin = made("latin.xml", b"<?xml version='1.0'?><testsuite name='\xfc'/>");
    assert_eq!(read(&[latin]).unwrap_err().code(), "encoding");
    let utf16 = made("wide.xml", b"\xff\xfe<\0t\0");
    assert_eq!(read(&[utf16]).unwrap_err().code(), "encoding");
}

#[test]
fn another_encoding_that_is_all_ascii_reads_the_same() {
    let xml =
        "<?xml version='1.0' encoding='ISO-8859-1'?><testsuite><testcase name='a'/></testsuite>";
    assert_eq!(one(xml).unwrap().counts.passed, 1);
}

#[test]
fn a_bomb_ends_with_its_limit() {
    let deep = "<testsuite>".repeat(100_000);
    assert_eq!(code(&deep), "too-deep");
    let within =
        format!("{}<testcase name='a'/>{}", "<testsuite>".repeat(127), "</testsuite>".repeat(127));
    assert_eq!(one(&within).unwrap().counts.passed, 1);
}

#[test]
fn names_are_cut_and_lists_end() {
    let case = |number: usize, child: &str| {
        format!("<testcase classname='c' name='t{number}'>{child}</testcase>")
    };
    let failed: String = (0..1500).map(|number| case(number, "<failure/>")).collect();
    let passed: String = (0..201).map(|number| case(number, "")).collect();
    let long = format!("<testcase name='{}'><flakyError/></testcase>", "ü".repeat(400));
    let report = one(&format!("<testsuite>{failed}{passed}{long}</testsuite>")).unwrap();
    assert_eq!((report.failed.listed.len(), report.failed.more), (1000, 500));
    assert_eq!((report.passed.listed.len(), report.passed.more), (200, 1));
    assert_eq!(report.counts.failed, 1500);
    assert_eq!(report.warned.listed[0].chars().count(), 301);
}

#[test]
fn a_duration_that_is_none_states_no_end() {
    for time in ["NaN", "-1", "inf", "1e300", "1,234.5", ""] {
        let report = one(&format!(
            "<testsuite timestamp='2026-11-23T17:31:16Z' time='{time}'><testcase name='a'/>\
             </testsuite>"
        ))
        .unwrap();
        assert!(report.span.started.is_some());
        assert_eq!(report.span.finished, None, "{time}");
    }
}

#[test]
fn the_line_for_people_says_all_counts() {
    let report = TestReport {
        files: vec![sample("test/pytest-pass.xml").described(); 12],
        counts: Counts { executed: 844, passed: 841, failed: 3, skipped: 3, warned: 0 },
        ..TestReport::default()
    };
    assert_eq!(
        line(&report, report.word(), Some("unit\u{1b}")),
        r"FAILED   3 failed, 841 passed, 3 skipped   (12 files, unit\u{1b})"
    );
    assert_eq!(verdict(&report).unwrap(), "attested FAILED (3 of 847)");
    let flaky = read(&[sample("test/nextest-flaky.xml")]).unwrap();
    assert_eq!(line(&flaky, flaky.word(), None), "WARNED   1 flaky, 2 passed   (1 file)");
    assert_eq!(verdict(&flaky).unwrap(), "attested WARNED (1 of 3)");
    assert_eq!(verdict(&read(&[sample("test/pytest-pass.xml")]).unwrap()), None);
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let _ = Reader::default().add(&made("any.xml", &bytes));
    }

    #[test]
    fn no_flipped_bytes_panic(
        flips in proptest::collection::vec((proptest::num::usize::ANY, proptest::num::u8::ANY), 1..4)
    ) {
        for name in ["pytest-mixed-xunit1.xml", "nextest-flaky.xml"] {
            let mut file = sample(&format!("test/{name}"));
            for (at, byte) in &flips {
                let length = file.bytes.len();
                file.bytes[at % length] = *byte;
            }
            let mut reader = Reader::default();
            if reader.add(&file).is_ok() {
                let counts = reader.report.counts;
                proptest::prop_assert_eq!(
                    counts.executed, counts.passed + counts.warned + counts.failed
                );
            }
        }
    }

    #[test]
    fn no_soup_of_tags_loses_a_failure(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "<testsuite name='s'>", "</testsuite>", "<testcase name='c'>", "</testcase>",
            "<testcase/>", "<failure/>", "<failure>x</failure>", "<skipped/>", "<system-out>",
            "</system-out>", "text", "<![CDATA[<failure/>]]>", "<!-- <testcase/> -->", "&amp;",
        ]), 0..24)
    ) {
        let body: String = words.concat();
        let file = made("soup.xml", format!("<testsuites>{body}</testsuites>"));
        let mut reader = Reader::default();
        if reader.add(&file).is_ok() {
            let counts = reader.report.counts;
            let cases = words.iter().filter(|word| word.starts_with("<testcase")).count();
            let broken = words.iter().filter(|word| word.starts_with("<failure")).count();
            let total = counts.executed + counts.skipped;
            // Each case is counted once, and a suite's own failure besides.
            proptest::prop_assert!(total >= u64::try_from(cases).unwrap());
            proptest::prop_assert!(total <= u64::try_from(cases + broken).unwrap());
            proptest::prop_assert_eq!(
                counts.executed, counts.passed + counts.warned + counts.failed
            );
        }
    }
}
