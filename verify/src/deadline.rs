//! Deadline: the whole answer, from the first byte of the policy to the last signature, within
//! `--timeout`.
//!
//! Waiting for a network can be cut short; reading a file that is a pipe without a writer, walking
//! through a layout and checking signatures cannot. So all of it is done beside, and whoever asked
//! goes without an answer when the time is up. What was begun ends with the process; nothing is
//! printed or written before it is handed over.

use std::{
    panic,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use crate::error::Error;

/// The stack of whoever does the work: what the first thread of a process has on Linux.
const STACK: usize = 8 * 1024 * 1024;

/// What `work` comes to, unless it takes longer than `most`.
pub(crate) fn within<T: Send + 'static>(
    most: Duration,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (answer, answered) = mpsc::channel();
    let worker = thread::Builder::new().stack_size(STACK).spawn(move || {
        // Nobody waits any more once the time is up.
        let _ = answer.send(work());
    });
    let worker = worker.map_err(Error::Runtime)?;
    match answered.recv_timeout(most) {
        Ok(answer) => answer,
        Err(RecvTimeoutError::Timeout) => Err(Error::Timeout { seconds: most.as_secs() }),
        // It ended without a word: a bug of ours, which has been told of and stays one.
        Err(RecvTimeoutError::Disconnected) => match worker.join() {
            Err(cause) => panic::resume_unwind(cause),
            Ok(()) => Err(Error::Timeout { seconds: most.as_secs() }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ends_is_no_answer_and_what_ends_is_one() {
        let (_kept, never) = mpsc::channel::<u8>();
        let short = Duration::from_millis(1);
        let outcome = within(short, move || Ok(never.recv().unwrap_or(0)));
        assert!(matches!(outcome, Err(Error::Timeout { .. })));
        assert!(matches!(within(Duration::from_secs(600), || Ok(7)), Ok(7)));
    }
}
