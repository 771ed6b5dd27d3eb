//! The process: hands its arguments, environment, clock and terminal to [`attest::run`], once.

use std::{
    env,
    io::{self, IsTerminal, Write},
    sync::Arc,
};

use attest::{Exit, Terminal, World};

fn main() -> Exit {
    let terminal = if io::stdin().is_terminal() && io::stderr().is_terminal() {
        Terminal::Present
    } else {
        Terminal::Absent
    };
    let world = World {
        environment: env::vars_os().collect(),
        directory: env::current_dir().unwrap_or_default(),
        clock: jiff::Timestamp::now,
        terminal,
        // A stderr that has gone away takes nothing from the result.
        aside: Arc::new(|line| drop(writeln!(io::stderr().lock(), "{line}"))),
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
