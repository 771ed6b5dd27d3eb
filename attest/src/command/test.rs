//! `attest test`: how tests ended, by their reports or by a command that is run here.

use std::ffi::OsString;

use evidence::{
    predicate::{self, test_result::Word},
    text::escape_short,
};

use super::{environment, options, resolve};
use crate::{
    collect::{
        command::{self, Ended, Ran},
        report::{
            files,
            test::{self as report, Reader, TestReport},
        },
        test::{self, Tested},
    },
    deliver::{self, Hand, deliver},
    error::Error,
    report::{Paragraph, Report},
    request::{self, Delivery, Signing, Target, TestSource},
    resolve::Image,
    sign::KeyReference,
    statement::{self, Predicate},
    world::World,
};

/// Failed tests that are named on the screen.
const FAILED_SHOWN: usize = 10;

pub(super) async fn run(world: &World, request: request::Test) -> Result<Report, Error> {
    let request::Test { target, signing, source } = request;
    match source {
        TestSource::Reports(words) => {
            let hand = Hand::open(world, &signing)?;
            let report = read(&words)?;
            let image = resolve(world, target).await?;
            super::say_age(world, report.span.finished, world.now())?;
            attest(world, &signing, hand, &image, Tested::Reports(&report)).await
        }
        TestSource::Command { command, record } => {
            let around = |error| match error {
                Error::Command(error) => Error::Command(error),
                error => Error::AroundCommand(Box::new(error)),
            };
            commanded(world, target, &signing, &command, record).await.map_err(around)
        }
    }
}

/// Runs the command once all that can be known to fail before has not failed.
async fn commanded(
    world: &World,
    target: Target,
    signing: &Signing,
    command: &[OsString],
    record: bool,
) -> Result<Report, Error> {
    let hand = Hand::open(world, signing)?;
    let access = target.access.clone();
    let image = resolve(world, target).await?;
    let ran = start(world, signing, command, record)?;
    let image = image.reopen(&options(world, &access))?;
    attest(world, signing, hand, &image, Tested::Command(&ran)).await
}

fn read(words: &[String]) -> Result<TestReport, Error> {
    let mut reader = Reader::default();
    for path in files::find(words)? {
        reader.add(&files::read(&path)?)?;
    }
    Ok(reader.finish()?)
}

/// Runs the command without whatever could sign.
fn start(world: &World, signing: &Signing, words: &[OsString], record: bool) -> Result<Ran, Error> {
    let key = deliver::key(world, signing.key.clone())?;
    let secret = key.as_ref().and_then(KeyReference::variable).map(str::to_owned);
    let request = command::Request {
        words,
        environment: world.environment.clone(),
        named_secrets: secret.as_slice(),
        record,
        // Our own result stands on stdout; the command's words would be taken for it.
        stdout_to_stderr: true,
    };
    command::run(request, || world.now()).map_err(Error::Command)
}

async fn attest(
    world: &World,
    signing: &Signing,
    hand: Option<Hand>,
    image: &Image,
    tested: Tested<'_>,
) -> Result<Report, Error> {
    let environment = environment(world, &signing.given, false)?;
    let now = world.now();
    let run = environment.run_member(now);
    let value = test::predicate(tested, &run);
    let predicate = Predicate { predicate_type: predicate::TEST_RESULT.to_owned(), value };
    let prepared = statement::make(image.subject(), predicate, &run)?;
    let delivered = deliver(image, &prepared, hand.as_ref(), &signing.delivery, now).await?;
    let said = vec![Paragraph { label: "Test", lines: lines(tested, signing) }];
    let status = match tested {
        Tested::Command(ran) => Some(ran.ended.exit_status()),
        Tested::Reports(_) => None,
    };
    let closing = (signing.delivery != Delivery::DryRun).then(|| closing(tested)).flatten();
    Ok(Report::attested(image, &prepared, said, delivered).closing(closing, status))
}

fn lines(tested: Tested<'_>, signing: &Signing) -> Vec<String> {
    let name = signing.given.name.as_deref();
    let word = tested.word().word();
    let named = name.map(|name| format!("   ({})", escape_short(name, 60))).unwrap_or_default();
    match tested {
        Tested::Command(Ran { ended: Ended::Exit(status), .. }) => {
            vec![format!("{word}   the command ended with {status}{named}")]
        }
        Tested::Command(Ran { ended: Ended::Signal(number), .. }) => {
            vec![format!("{word}   the command was killed by signal {number}{named}")]
        }
        Tested::Reports(report) => {
            let failed = report.failed.listed.iter().take(FAILED_SHOWN);
            std::iter::once(report::line(report, name))
                .chain(failed.map(|name| format!("failed: {}", escape_short(name, 60))))
                .collect()
        }
    }
}

/// A failure is attested and said once more, where nobody overlooks it.
fn closing(tested: Tested<'_>) -> Option<String> {
    match tested {
        Tested::Command(_) if tested.word() == Word::Passed => None,
        Tested::Command(_) => Some(format!("attested {}", tested.word().word())),
        Tested::Reports(report) => report::verdict(report),
    }
}
