//! The command of `attest test` and `attest scan`: run here, without whatever could sign.

use std::ffi::OsString;

use crate::{
    collect::command::{self, Ran},
    deliver,
    error::Error,
    request::Signing,
    sign::KeyReference,
    world::World,
};

/// Runs the command to its end.
pub(super) fn run(
    world: &World,
    signing: &Signing,
    words: &[OsString],
    record: bool,
) -> Result<Ran, Error> {
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

/// An error around a command is told from the command's own: by its status, 125.
pub(super) fn around(error: Error) -> Error {
    match error {
        Error::Command(error) => Error::Command(error),
        error => Error::AroundCommand(Box::new(error)),
    }
}
