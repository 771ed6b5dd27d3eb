//! Signals that ask this process to end, passed on to the command that it runs.
//!
//! A CI system that cancels a job, or a person at Ctrl-C, means the command: were this process to die of
//! it, a test that hung would leave no word, and the command would go on alone. It never ends the
//! command of its own accord.

use std::{io, os::fd::AsFd, process::ExitStatus};

use rustix::{
    process::{Pid, Signal, getpgrp, kill_process},
    termios::tcgetpgrp,
};
use tokio::{
    process::Child,
    signal::unix::{self, SignalKind},
};

/// The signals, heard from now on.
pub(crate) struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

impl Signals {
    /// Listens: what would have ended this process does so no longer by itself.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next.
    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::INT,
            _ = self.terminate.recv() => Signal::TERM,
        }
    }

    /// Waits for the next and gives its number.
    pub(crate) async fn number(&mut self) -> i32 {
        self.next().await.as_raw()
    }

    /// Waits for the end of a command, passes on what comes meanwhile, and gives the first of it.
    pub(super) async fn until_ended(
        &mut self,
        child: &mut Child,
    ) -> io::Result<(ExitStatus, Option<i32>)> {
        let mut stopped = None;
        loop {
            tokio::select! {
                biased;
                status = child.wait() => return Ok((status?, stopped)),
                signal = self.next() => {
                    stopped.get_or_insert(signal.as_raw());
                    pass_on(child, signal);
                }
            }
        }
    }
}

/// The id is there as long as nobody has waited for the end, so it is nobody else's by now.
fn pass_on(child: &Child, signal: Signal) {
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(id) = id.filter(|_| !(signal == Signal::INT && in_foreground())) {
        // It may have ended just now.
        let _ = kill_process(id, signal);
    }
}

/// Whether a terminal gives its Ctrl-C to this process, and so to the command as well (POSIX, Base
/// Definitions, 11.1.9): a runner that is interrupted twice gives up without its report.
fn in_foreground() -> bool {
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    let group = getpgrp();
    let has = |terminal| tcgetpgrp(terminal).is_ok_and(|foreground| foreground == group);
    [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()].into_iter().any(has)
}
