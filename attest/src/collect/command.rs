//! Runs the command of `attest test IMAGE -- CMD…` or `attest scan` and says how it ended.
//!
//! The command sees the user's terminal, and no secret that signs: what it prints, an attacker who
//! wrote a test may choose. Its arguments and output are kept only when asked, because either may
//! hold secrets. A command that cannot be started is an error and nothing to attest. Who asks this
//! process to end means the command: it is asked in turn, and how it then ends is what happened.

mod signals;

use std::{
    collections::{BTreeMap, VecDeque},
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read, Write},
    os::fd::AsFd,
    process::{Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use evidence::time::Timestamp;
use tokio::process::Child;

pub(crate) use signals::Signals;

/// Bytes of output that are recorded: the last ones, where test runners say what failed.
const RECORDED: usize = 64 << 10;

/// How long output may still come once the command has ended: a server that it left behind holds
/// the pipe, and must not hold us.
const LINGER: Duration = Duration::from_secs(1);

/// Variables of these names, or that begin so, are not for the command.
const SECRETS: [&str; 4] = ["ACTIONS_ID_TOKEN_", "ATTEST_", "COSIGN_", "SIGSTORE_ID_TOKEN"];

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    /// The program and its arguments.
    pub(crate) words: &'a [OsString],
    /// The environment of this process.
    pub(crate) environment: BTreeMap<OsString, OsString>,
    /// The variables that `env://NAME` named as secrets.
    pub(crate) named_secrets: &'a [String],
    /// Whether arguments and output are kept.
    pub(crate) record: bool,
    /// Whether its stdout goes to our stderr, because ours carries the result.
    pub(crate) stdout_to_stderr: bool,
}

/// A command that ran.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    /// How it ended.
    pub(crate) ended: Ended,
    /// The first signal that asked it to end before it did.
    pub(crate) stopped: Option<i32>,
    /// When it began.
    pub(crate) started: Timestamp,
    /// When it ended.
    pub(crate) finished: Timestamp,
    /// What was kept of it.
    pub(crate) recorded: Option<Recorded>,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With this status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
}

/// What was kept of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// The program and its arguments.
    pub(crate) arguments: Vec<String>,
    /// The end of what it printed, stdout and stderr as they came.
    pub(crate) output: String,
    /// Whether there was more.
    pub(crate) cut: bool,
}

/// Why a command did not run. Nothing is attested then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CommandError {
    /// No words.
    #[error("no command behind `--`")]
    Empty,
    /// There is no such program.
    #[error("`{}`: command not found", shown(.program))]
    NotFound {
        /// The program.
        program: OsString,
    },
    /// It is there and cannot be run.
    #[error("cannot run `{}`", shown(.program))]
    NotRun {
        /// The program.
        program: OsString,
        /// What the system says.
        source: io::Error,
    },
}

impl CommandError {
    /// The exit status, as a shell's (POSIX, Shell and Utilities, 2.8.2).
    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Self::Empty => 2,
            Self::NotFound { .. } => 127,
            Self::NotRun { .. } => 126,
        }
    }
}

impl Ended {
    fn of(status: ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt;
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exit(code),
            (None, Some(signal)) => Self::Signal(signal),
            // Neither exited nor killed: not a success.
            (None, None) => Self::Exit(255),
        }
    }
}

impl Ran {
    /// What a person is told.
    pub(crate) fn words(&self) -> String {
        let ended = match self.ended {
            Ended::Exit(status) => format!("the command ended with {status}"),
            Ended::Signal(number) => format!("the command was killed by signal {number}"),
        };
        match self.stopped {
            Some(number) if self.ended != Ended::Signal(number) => {
                format!("{ended}, stopped by signal {number}")
            }
            _ => ended,
        }
    }

    /// The exit status to end with, as a shell's. A run that was stopped is no success, even if the
    /// command calls it one.
    pub(crate) fn exit_status(&self) -> u8 {
        match (self.ended, self.stopped) {
            (Ended::Exit(0), Some(number)) | (Ended::Signal(number), _) => of_signal(number),
            (Ended::Exit(code), _) => u8::try_from(code).unwrap_or(u8::MAX),
        }
    }
}

/// The exit status that a shell gives to what a signal ended (POSIX, Shell and Utilities, 2.8.2).
pub(crate) fn of_signal(number: i32) -> u8 {
    u8::try_from(number).map_or(u8::MAX, |number| number.saturating_add(128))
}

/// Runs a command to its end; `now` is the clock, `signals` are passed on to it.
pub(crate) async fn run(
    request: Request<'_>,
    signals: &mut Signals,
    now: impl Fn() -> Timestamp,
) -> Result<Ran, CommandError> {
    let Request { words, environment, named_secrets, record, stdout_to_stderr } = request;
    let (program, arguments) = words.split_first().ok_or(CommandError::Empty)?;
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => CommandError::NotFound { program: program.clone() },
        _ => CommandError::NotRun { program: program.clone(), source },
    };
    let mut command = Command::new(program);
    let environment = environment.into_iter().filter(|(name, _)| !is_secret(name, named_secrets));
    command.args(arguments).env_clear().envs(environment);
    if record {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
    } else if stdout_to_stderr {
        let stderr = io::stderr().as_fd().try_clone_to_owned().map_err(failed)?;
        command.stdout(Stdio::from(stderr));
    }
    let started = now();
    let mut child = tokio::process::Command::from(command).spawn().map_err(failed)?;
    let output = record.then(|| Tee::start(&mut child, stdout_to_stderr)).transpose();
    let output = output.map_err(failed)?;
    let (status, stopped) = signals.until_ended(&mut child).await.map_err(failed)?;
    let finished = now();
    let recorded = output.map(|tee| {
        let (output, cut) = tee.finish();
        let arguments = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        Recorded { arguments, output, cut }
    });
    Ok(Ran { ended: Ended::of(status), stopped, started, finished, recorded })
}

fn is_secret(name: &OsStr, named: &[String]) -> bool {
    let name = name.to_string_lossy();
    SECRETS.iter().any(|secret| name.starts_with(secret)) || named.iter().any(|one| *one == name)
}

fn shown(program: &OsStr) -> String {
    evidence::text::escape_short(&program.to_string_lossy(), 200)
}

/// The end of a stream of bytes.
#[derive(Default)]
struct Tail {
    bytes: VecDeque<u8>,
    cut: bool,
}

impl Tail {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        let over = self.bytes.len().saturating_sub(RECORDED);
        self.bytes.drain(..over);
        self.cut |= over > 0;
    }
}

/// Shows the output of a command as it comes, and keeps the end of it.
struct Tee {
    tail: Arc<Mutex<Tail>>,
    ended: mpsc::Receiver<()>,
    streams: usize,
}

impl Tee {
    fn start(child: &mut Child, stdout_to_stderr: bool) -> io::Result<Self> {
        let tail = Arc::new(Mutex::new(Tail::default()));
        let (done, ended) = mpsc::channel();
        let mut streams = 0;
        if let Some(stdout) = child.stdout.take() {
            streams += 1;
            let stdout = File::from(stdout.into_owned_fd()?);
            if stdout_to_stderr {
                follow(stdout, io::stderr(), Arc::clone(&tail), done.clone());
            } else {
                follow(stdout, io::stdout(), Arc::clone(&tail), done.clone());
            }
        }
        if let Some(stderr) = child.stderr.take() {
            streams += 1;
            let stderr = File::from(stderr.into_owned_fd()?);
            follow(stderr, io::stderr(), Arc::clone(&tail), done);
        }
        Ok(Self { tail, ended, streams })
    }

    fn finish(self) -> (String, bool) {
        for _ in 0..self.streams {
            if self.ended.recv_timeout(LINGER).is_err() {
                break;
            }
        }
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = tail.bytes.iter().copied().collect();
        (String::from_utf8_lossy(&bytes).into_owned(), tail.cut)
    }
}

/// Copies a stream on a thread of its own. A terminal that has gone away stops the showing, not the
/// reading: a command that cannot write would fail for our reason.
fn follow(
    mut from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    tail: Arc<Mutex<Tail>>,
    done: mpsc::Sender<()>,
) {
    let copy = move || {
        let mut buffer = [0; 8 << 10];
        let mut showing = true;
        loop {
            let read = match from.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => break,
                Ok(read) => buffer.get(..read).unwrap_or_default(),
            };
            showing = showing && to.write_all(read).and_then(|()| to.flush()).is_ok();
            tail.lock().unwrap_or_else(PoisonError::into_inner).add(read);
        }
        // Nobody waits any more if the command left the stream open.
        let _ = done.send(());
    };
    // Without a thread the stream is closed, and its end is not waited for: nothing is recorded.
    let _ = thread::Builder::new().spawn(copy);
}

#[cfg(test)]
mod tests;
