//! `attest`: signs what was built, scanned, tested, approved and deployed, and hangs it beside the
//! image.
//!
//! Floor 2. Each step of the flow is a module with its name: `resolve`, `collect`, `statement`,
//! `sign`, `seal`, `attach`, `report`; `command` puts them together, `deliver` is the end that all
//! of them share. What cannot honestly be attested is refused before anything is written. Below
//! [`run`] nothing reads the environment, the clock or the arguments of the process.

mod attach;
mod cli;
mod collect;
mod command;
mod consistent;
mod copy;
mod deliver;
mod error;
mod exit;
mod family;
mod file;
mod hand;
mod instance;
pub mod key_file;
mod question;
mod report;
mod request;
mod resolve;
mod seal;
mod service;
pub mod sign;
mod statement;
mod usage;
mod world;

use std::{
    ffi::OsString,
    io::{self, Write},
};

use self::{
    cli::{Invocation, Unparsed},
    error::Error,
    report::{Report, fault},
    request::Format,
};
pub use self::{
    exit::Exit,
    world::{Aside, Terminal, World},
};

/// Runs one command: its words, the program's own name first.
pub async fn run(words: Vec<OsString>, world: &World) -> Exit {
    let Invocation { request, format } = match cli::parse(words) {
        Ok(invocation) => invocation,
        Err(Unparsed::Help(help)) => return told(&help),
        Err(Unparsed::Wrong { error, format }) => {
            let result = Err(error.into());
            finish(world, &result, format);
            return Exit::from(&result);
        }
    };
    let result = command::run(world, request).await.and_then(|report| {
        print(&report.print(format, world.columns)).map_err(Error::Print)?;
        Ok(report)
    });
    finish(world, &result, format);
    Exit::from(&result)
}

fn finish(world: &World, result: &Result<Report, Error>, format: Format) {
    match result {
        Ok(report) => {
            if let Some(word) = report.last_word() {
                world.say(word);
            }
        }
        Err(error) => {
            let (lines, document) = fault(error);
            lines.iter().for_each(|line| world.say(line));
            if format == Format::Json {
                // The words on stderr stand even if stdout has gone away.
                let _ = print(&report::document(&document));
            }
        }
    }
}

fn print(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush())
}

/// Help and version are a success.
fn told(help: &clap::Error) -> Exit {
    if help.print().is_ok() { Exit::Done } else { Exit::Unavailable }
}
