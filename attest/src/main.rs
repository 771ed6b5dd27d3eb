//! The process: hands its arguments, environment, clock and terminal to [`attest::run`], once.

use std::{
    env,
    io::{self, IsTerminal, Write},
    sync::Arc,
};

use attest::{Aside, Exit, Terminal, World};
use evidence::fold::{COLUMNS, fold};

/// How far a line of a message is indented that goes on below.
const HANG: usize = 2;

/// Writes a line in the place of the one before (ECMA-48 8.3.41, "Erase in Line").
fn write_over(line: &str) {
    let mut stderr = io::stderr().lock();
    drop(write!(stderr, "\r\u{1b}[2K{line}").and_then(|()| stderr.flush()));
}

/// Where lines end: what is no screen gets them whole.
fn columns(is_screen: bool) -> Option<usize> {
    is_screen.then_some(COLUMNS)
}

fn main() -> Exit {
    let terminal = if io::stdin().is_terminal() && io::stderr().is_terminal() {
        Terminal::Present
    } else {
        Terminal::Absent
    };
    let overwrite: Option<Aside> =
        if io::stderr().is_terminal() { Some(Arc::new(write_over)) } else { None };
    let world = World {
        environment: env::vars_os().collect(),
        directory: env::current_dir().unwrap_or_default(),
        clock: jiff::Timestamp::now,
        terminal,
        columns: columns(io::stdout().is_terminal()),
        aside: Arc::new(|line| {
            let line = fold(line, columns(io::stderr().is_terminal()), HANG);
            // A stderr that has gone away takes nothing from the result.
            drop(writeln!(io::stderr().lock(), "{line}"));
        }),
        overwrite,
    };
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let exit = runtime.block_on(attest::run(env::args_os().collect(), &world));
            // The time is up for whatever still waits: a name that nobody resolves.
            runtime.shutdown_background();
            exit
        }
        Err(error) => {
            (world.aside)(&format!("error: cannot start: {error}"));
            Exit::Unavailable
        }
    }
}
