//! The command of `attest test` and `attest scan`: run here, without whatever could sign.

use std::ffi::OsString;

use crate::{
    collect::command::{self, Ran, Signals},
    error::Error,
    hand::Chosen,
    report::Report,
    request::Signing,
    sign::keyless::Source,
    world::World,
};

/// Runs the command to its end, and goes on listening to signals.
pub(super) async fn run(
    world: &World,
    signing: &Signing,
    words: &[OsString],
    record: bool,
) -> Result<(Ran, Signals), Error> {
    let named = match Chosen::of(world, signing.by.as_ref())? {
        Some(Chosen::Key(key)) => key.variable().map(str::to_owned),
        Some(Chosen::Keyless(Source::Named(token))) => token.variable().map(str::to_owned),
        Some(Chosen::Keyless(source)) => source.agent_secret().map(str::to_owned),
        None => None,
    };
    let request = command::Request {
        words,
        environment: world.environment.clone(),
        named_secrets: named.as_slice(),
        record,
        // Our own result stands on stdout; the command's words would be taken for it.
        stdout_to_stderr: true,
    };
    let mut signals = Signals::listen().map_err(Error::Signals)?;
    let ran = command::run(request, &mut signals, || world.now()).await.map_err(Error::Command)?;
    Ok((ran, signals))
}

/// What comes after the command, unless somebody asks for its end: a registry that does not answer
/// must not hold a job that is being cancelled.
pub(super) async fn unless_stopped(
    mut signals: Signals,
    work: impl Future<Output = Result<Report, Error>>,
) -> Result<Report, Error> {
    tokio::select! {
        biased;
        done = work => done,
        number = signals.number() => Err(Error::Stopped { number }),
    }
}

/// An error around a command is told from the command's own: by its status, 125.
pub(super) fn around(error: Error) -> Error {
    match error {
        error @ (Error::Command(_) | Error::Stopped { .. }) => error,
        error => Error::AroundCommand(Box::new(error)),
    }
}
