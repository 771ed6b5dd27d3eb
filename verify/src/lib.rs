//! The gate: asks, for each step that a policy names, who claims what about one exact image digest,
//! and answers allow or deny, with reasons.
//!
//! Floor 2. Holds no signing code, no secret key and no uploading code, and does not know `attest`
//! (tests/independence.rs). [`gather`] reads, [`chain`] decides, [`report`] prints; the one outcome of
//! it all that counts for a caller is the [`ExitStatus`].

use std::{ffi::OsString, future::Future, time::Duration};

use evidence::time::Timestamp;

pub mod bundle;
pub mod cli;
mod deadline;
pub mod error;
pub mod exit;
pub mod gate;
pub mod gather;
pub mod list;
pub mod output;
pub mod policy;
pub mod report;
pub mod roots;

pub use cli::Variables;
pub use error::Error;
pub use exit::ExitStatus;

use cli::{OutputFormat, Parsed, Request, Trust};

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
    match *request {
        Request::Bundle(request) => {
            let json = request.answer.format == OutputFormat::Json;
            ended(heard(request, now), json)
        }
        Request::Gate(request) => {
            let json = request.image.format == OutputFormat::Json;
            ended(answer(request, now), json)
        }
        Request::List(request) => {
            let json = request.image.format == OutputFormat::Json;
            ended(listed(request, now), json)
        }
        Request::Trust(request) => {
            let json = request.answer().format == OutputFormat::Json;
            ended(trusted(request, now), json)
        }
    }
}

fn answer(request: cli::Gate, now: Timestamp) -> Result<ExitStatus, Error> {
    let asked = request.clone();
    let verdict = within(asked.image.timeout, async move || gate::gate(&asked, now).await)?;
    let style = output::style(request.image.verbose);
    output::deliver(&verdict, &request.reports, request.quiet, request.image.format, &style)?;
    Ok(ExitStatus::from(&verdict))
}

fn listed(request: cli::List, now: Timestamp) -> Result<ExitStatus, Error> {
    let (format, style) = (request.image.format, output::style(request.image.verbose));
    let timeout = request.image.timeout;
    let listing = within(timeout, async move || list::list(&request, now).await)?;
    let text = match format {
        OutputFormat::Json => output::json(&listing)?,
        OutputFormat::Text => report::listing::print(&listing, &style),
    };
    output::print(&text)?;
    Ok(ExitStatus::Done)
}

fn heard(request: cli::BundleRequest, now: Timestamp) -> Result<ExitStatus, Error> {
    let answer = request.answer.clone();
    let hearing = within(answer.timeout, async move || bundle::bundle(&request, now).await)?;
    let text = match answer.format {
        OutputFormat::Json => output::json(&hearing)?,
        OutputFormat::Text => report::bundle::print(&hearing, &output::style(answer.verbose)),
    };
    output::print(&text)?;
    Ok(if hearing.verified { ExitStatus::Done } else { ExitStatus::Denied })
}

fn trusted(request: Trust, now: Timestamp) -> Result<ExitStatus, Error> {
    let answer = request.answer().clone();
    let shown = match request {
        Trust::Fetch(request) => {
            let out = request.out.clone();
            let fetch = async move || roots::fetch(&request, now).await;
            let (shown, bytes) = within(answer.timeout, fetch)?;
            output::write_whole(&out, &bytes)?;
            shown
        }
        Trust::Show(request) => {
            within(answer.timeout, async move || roots::show(&request, now).await)?
        }
    };
    let text = match answer.format {
        OutputFormat::Json => output::json(&shown)?,
        OutputFormat::Text => report::roots::print(&shown, &output::style(answer.verbose)),
    };
    output::print(&text)?;
    Ok(ExitStatus::Done)
}

/// What is asked for, within the time that the whole answer may take.
fn within<T: Send + 'static, F: Future<Output = Result<T, Error>>>(
    timeout: Duration,
    asked: impl FnOnce() -> F + Send + 'static,
) -> Result<T, Error> {
    deadline::within(timeout, move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Error::Runtime)?;
        let answered = runtime.block_on(asked());
        // Nobody waits for a name that is still being resolved.
        runtime.shutdown_background();
        answered
    })
}

fn ended(answered: Result<ExitStatus, Error>, json: bool) -> ExitStatus {
    answered.unwrap_or_else(|error| {
        output::tell(&error, json);
        ExitStatus::from(&error)
    })
}
