//! `attest test`: how tests ended, by their reports or by a command that is run here.

use std::path::Path;

use evidence::{
    predicate::{self, test_result::Word},
    text::escape_short,
};

use super::{child, environment, options, resolve};
use crate::{
    collect::{
        command::Ran,
        report::{
            files,
            fresh::Before,
            test::{self as report, Reader, Stated, TestReport},
        },
        test::{self, End, Tested},
    },
    deliver::deliver,
    error::Error,
    hand::Hand,
    report::{Paragraph, Report},
    request::{self, Delivery, Signing, Target, TestSource},
    resolve::Image,
    statement::{self, Predicate},
    world::World,
};

/// Failed tests that are named on the screen.
const FAILED_SHOWN: usize = 10;

/// What is to be run.
struct Asked {
    command: Vec<std::ffi::OsString>,
    record: bool,
    reports: Vec<String>,
}

pub(super) async fn run(world: &World, request: request::Test) -> Result<Report, Error> {
    let request::Test { target, signing, source } = request;
    match source {
        TestSource::Reports { words, exit_code } => {
            let hand = Hand::open(world, &signing, &target.access).await?;
            let report = read(world, &words, |_| Ok(()))?;
            let image = resolve(world, target).await?;
            super::say_age(world, report.span.finished, world.now())?;
            let tested = Tested::Reports { report: &report, end: exit_code.map(End::Said) };
            attest(world, &signing, hand, &image, tested).await
        }
        TestSource::Command { command, record, reports } => {
            let asked = Asked { command, record, reports };
            commanded(world, target, &signing, &asked).await.map_err(child::around)
        }
    }
}

/// Runs the command once all that can be known to fail before has not failed.
async fn commanded(
    world: &World,
    target: Target,
    signing: &Signing,
    asked: &Asked,
) -> Result<Report, Error> {
    let Asked { command, record, reports } = asked;
    let hand = Hand::open(world, signing, &target.access).await?;
    let access = target.access.clone();
    let image = resolve(world, target).await?;
    let before = Before::look_for(reports);
    let (ran, signals) = child::run(world, signing, command, *record).await?;
    let image = image.reopen(&options(world, &access))?;
    let read = match reports.as_slice() {
        [] => None,
        words => Some(read(world, words, |path| Ok(before.wrote(path, ran.started)?))),
    };
    let tested = match &read {
        None => Tested::Command { ran: &ran, unread: None },
        Some(Ok(report)) => Tested::Reports { report, end: Some(End::Here(&ran)) },
        // It failed, whatever became of its report: not to say so would leave an older success.
        Some(Err(error)) if ran.exit_status() != 0 => {
            world.say(&format!("warning: {error}; what is attested is that the command failed"));
            Tested::Command { ran: &ran, unread: Some(error.code()) }
        }
        Some(Err(_)) => Tested::Command { ran: &ran, unread: None },
    };
    match read {
        Some(Err(error)) if ran.exit_status() == 0 => Err(error),
        _ => child::unless_stopped(signals, attest(world, signing, hand, &image, tested)).await,
    }
}

/// Reads the reports that the words name, each once it passed `admit`.
fn read(
    world: &World,
    words: &[String],
    admit: impl Fn(&Path) -> Result<(), Error>,
) -> Result<TestReport, Error> {
    let mut reader = Reader::default();
    for path in files::find(words)? {
        admit(&path)?;
        reader.add(&files::read(&path)?)?;
    }
    let report = reader.finish()?;
    if let Some(Stated { file, states, cases }) = &report.stated {
        let file = escape_short(file, 200);
        world.say(&format!("warning: {file} states {states} tests and holds {cases}"));
    }
    Ok(report)
}

async fn attest(
    world: &World,
    signing: &Signing,
    hand: Option<Hand<'_>>,
    image: &Image,
    tested: Tested<'_>,
) -> Result<Report, Error> {
    let environment = environment(world, &signing.given, false)?;
    if environment.run.is_none() && environment.commit.is_none() {
        world.say(
            "warning: neither commit nor run is known, so this test is of no build; give --source, \
             --commit and --run",
        );
    }
    let now = world.now();
    let run = environment.run_member(now);
    let value = test::predicate(tested, &run);
    let predicate = Predicate { predicate_type: predicate::TEST_RESULT.to_owned(), value };
    let prepared = statement::make(image.family().reported(), predicate, &run)?;
    let delivered = deliver(image, &prepared, hand.as_ref(), &signing.delivery, now).await?;
    let said = vec![Paragraph { label: "Test", lines: lines(tested, signing) }];
    // A status that somebody says is attested, and not ours to end with.
    let status = tested.ran().map(Ran::exit_status);
    let closing = (signing.delivery != Delivery::DryRun).then(|| closing(tested)).flatten();
    Ok(Report::attested(image, &prepared, said, delivered).closing(closing, status))
}

fn lines(tested: Tested<'_>, signing: &Signing) -> Vec<String> {
    let name = signing.given.name.as_deref();
    let word = tested.word().word();
    let named = name.map(|name| format!("   ({})", escape_short(name, 60))).unwrap_or_default();
    match tested {
        Tested::Command { ran, .. } => vec![format!("{word}   {}{named}", ran.words())],
        Tested::Reports { report, end } => {
            let failed = report.failed.listed.iter().take(FAILED_SHOWN);
            let end = end.filter(|end| end.status() != 0).map(|end| match end {
                End::Here(ran) => ran.words(),
                End::Said(status) => format!("the run ended with {status}"),
            });
            std::iter::once(report::line(report, tested.word(), name))
                .chain(end)
                .chain(failed.map(|name| format!("failed: {}", escape_short(name, 60))))
                .collect()
        }
    }
}

/// A failure is attested and said once more, where nobody overlooks it.
fn closing(tested: Tested<'_>) -> Option<String> {
    match tested {
        Tested::Reports { report, .. } if report.word() == tested.word() => report::verdict(report),
        _ if tested.word() == Word::Passed => None,
        Tested::Command { .. } => Some(format!("attested {}", tested.word().word())),
        // The report has no failure; what there is, is the status.
        Tested::Reports { .. } => {
            let status = tested.status().unwrap_or_default();
            Some(format!("attested {} (exit status {status})", tested.word().word()))
        }
    }
}
