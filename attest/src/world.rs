//! What surrounds the process, handed in once by `main`: variables, clock, terminal.
//!
//! Below `main` nothing reads the environment or the time of its own accord, so that every command
//! can be tested with a world of its own.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, sync::Arc};

use evidence::{text::escape_line, time::Timestamp};

use crate::collect::environment::Variables;

/// What surrounds the process.
pub struct World {
    /// The environment variables; some are secrets, so nothing prints them.
    pub environment: BTreeMap<OsString, OsString>,
    /// The directory that the command runs in.
    pub directory: PathBuf,
    /// The time, now.
    pub clock: fn() -> Timestamp,
    /// Whether there is a person to ask.
    pub terminal: Terminal,
    /// At which column the lines of the result are broken; nowhere if stdout is no terminal.
    pub columns: Option<usize>,
    /// Where lines for people go while the command runs.
    pub aside: Aside,
    /// Where a line goes that the next one takes the place of; nowhere if stderr is no terminal.
    pub overwrite: Option<Aside>,
}

/// Takes a line for people, without its end; `main` writes it to stderr.
pub type Aside = Arc<dyn Fn(&str) + Send + Sync>;

/// Whether there is a person to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminal {
    /// No one: input or messages go elsewhere.
    Absent,
    /// A person reads stderr and answers on stdin.
    Present,
}

impl World {
    /// Tells people something while the command runs. A CI system reads the lines as well, and finds
    /// no command of its own in them.
    pub(crate) fn say(&self, line: &str) {
        (self.aside)(&escape_line(line));
    }

    /// The same for whoever outlives this borrow.
    pub(crate) fn teller(&self) -> Aside {
        let aside = Arc::clone(&self.aside);
        Arc::new(move |line| aside(&escape_line(line)))
    }

    /// The environment variables that are text.
    pub(crate) fn variables(&self) -> Variables {
        let text = |word: &OsString| word.to_str().map(str::to_owned);
        self.environment
            .iter()
            .filter_map(|(name, value)| Some((text(name)?, text(value)?)))
            .collect()
    }

    /// One environment variable, the empty one included.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(OsString::from(name).as_os_str())?.to_str().map(str::to_owned)
    }

    /// The time, now.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }
}
