//! The gate: asks, for each step that a policy names, who claims what about one exact image digest,
//! and answers allow or deny, with reasons.
//!
//! Floor 2. Holds no signing code, no secret key and no uploading code, and does not know `attest`
//! (tests/independence.rs). [`gather`] reads, [`chain`] decides, [`report`] prints; the one outcome of
//! it all that counts for a caller is the [`ExitStatus`].

use std::ffi::OsString;

use evidence::time::Timestamp;

pub mod cli;
pub mod error;
pub mod exit;
pub mod gate;
pub mod gather;
pub mod list;
pub mod output;
pub mod report;

pub use cli::Variables;
pub use error::Error;
pub use exit::ExitStatus;

use cli::{OutputFormat, Parsed, Request};

/// Runs the command; `now` is the moment of asking.
pub fn run(arguments: &[OsString], variables: &Variables, now: Timestamp) -> ExitStatus {
    let request = match cli::parse(arguments, variables) {
        Ok(Parsed::Request(request)) => request,
        Ok(Parsed::Text(text)) => {
            return ended(output::print(&text).map(|()| ExitStatus::Done), false);
        }
        Err(error) => {
            let json = cli::wants_json(arguments, variables.format.as_deref());
            return ended(Err(error.into()), json);
        }
    };
    let json = match &*request {
        Request::Gate(gate) => gate.image.format == OutputFormat::Json,
        Request::List(list) => list.image.format == OutputFormat::Json,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let answered = runtime.map_err(Error::Runtime).and_then(|runtime| {
        let answered = runtime.block_on(async {
            match &*request {
                Request::Gate(request) => answer(request, now).await,
                Request::List(request) => listed(request, now).await,
            }
        });
        // The time is up for whatever still waits: a name that nobody resolves, a file that is a pipe.
        runtime.shutdown_background();
        answered
    });
    ended(answered, json)
}

async fn answer(request: &cli::Gate, now: Timestamp) -> Result<ExitStatus, Error> {
    let verdict = gate::gate(request, now).await?;
    let style = output::style(request.image.verbose);
    output::deliver(&verdict, &request.reports, request.quiet, request.image.format, &style)?;
    Ok(ExitStatus::from(&verdict))
}

async fn listed(request: &cli::List, now: Timestamp) -> Result<ExitStatus, Error> {
    let listing = list::list(request, now).await?;
    let text = match request.image.format {
        OutputFormat::Json => report::json::of(&listing),
        OutputFormat::Text => {
            report::listing::print(&listing, &output::style(request.image.verbose))
        }
    };
    output::print(&text)?;
    Ok(ExitStatus::Done)
}

fn ended(answered: Result<ExitStatus, Error>, json: bool) -> ExitStatus {
    answered.unwrap_or_else(|error| {
        output::tell(&error, json);
        ExitStatus::from(&error)
    })
}
