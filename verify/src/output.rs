//! Output: where answers and errors go. stdout carries the answer and nothing else.
//!
//! A report is written whole or not at all, and before anything stands on stdout: a caller that sees
//! an answer has all its reports.

use std::{
    fs::{self, OpenOptions},
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};

use anstream::{AutoStream, ColorChoice};
use chain::Verdict;
use evidence::{fold::COLUMNS, text::escape_short};

use crate::{
    cli::OutputFormat,
    error::{Error, ErrorReport},
    exit::ExitStatus,
    report::{
        self, Format, Style,
        page::{Page, Paint},
    },
};

/// Where a report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its format.
    pub format: Format,
    /// The file; `None` is stdout.
    pub path: Option<PathBuf>,
}

/// How to print for this stdout.
pub fn style(verbose: bool) -> Style {
    let stdout = io::stdout();
    Style {
        columns: stdout.is_terminal().then_some(COLUMNS),
        // Honours NO_COLOR, and is never for what is no terminal.
        colour: stdout.is_terminal() && AutoStream::choice(&stdout) != ColorChoice::Never,
        verbose,
    }
}

/// Writes reports and the answer; whatever cannot be written is an error, and no answer stands on
/// stdout then.
pub fn deliver(
    verdict: &Verdict,
    reports: &[Target],
    quiet: bool,
    format: OutputFormat,
    style: &Style,
) -> Result<(), Error> {
    let mut on_stdout = None;
    for target in reports {
        let text = report::document(verdict, target.format, style).map_err(unprintable)?;
        match &target.path {
            Some(path) => write_whole(path, text.as_bytes())?,
            None => on_stdout = Some(text),
        }
    }
    let is_denied = verdict.decision == chain::Decision::Deny;
    let text = match (quiet, format) {
        (true, _) if !is_denied => format!("{}\n", verdict.image.reference),
        (false, OutputFormat::Json) => report::json::print(verdict).map_err(unprintable)?,
        // What `-q` prints may be deployed, so a deny is told elsewhere.
        (true, _) => {
            print_error(&report::text::print(verdict, &plain(style)));
            return Ok(());
        }
        (false, OutputFormat::Text) if on_stdout.is_some() => {
            print_error(&report::text::print(verdict, &plain(style)));
            String::new()
        }
        (false, OutputFormat::Text) => report::text::print(verdict, style),
    };
    print(&on_stdout.unwrap_or(text))
}

/// As on stderr.
fn plain(style: &Style) -> Style {
    Style { columns: columns(), colour: false, ..*style }
}

/// A value that is no JSON is a bug of ours, and no answer.
fn unprintable(error: serde_json::Error) -> Error {
    Error::Output(error.into())
}

/// A value as JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<String, Error> {
    report::json::of(value).map_err(unprintable)
}

/// Prints on stdout.
pub fn print(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Error::Output)
}

/// Prints on stderr. There is nobody to tell if that fails.
pub fn print_error(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Tells of an error, on stderr for people and with JSON on stdout for machines.
pub fn tell(error: &Error, json: bool) {
    if json && let Ok(text) = report::json::of(&ErrorReport::from(error)) {
        // The exit code says it too.
        let _ = print(&text);
    }
    print_error(&error_text(error, columns()));
}

fn columns() -> Option<usize> {
    io::stderr().is_terminal().then_some(COLUMNS)
}

/// An error for people, broken at a column if there is one.
fn error_text(error: &Error, columns: Option<usize>) -> String {
    match error {
        Error::Policy(faults) => return lines(&faults.render()),
        Error::Usage(crate::cli::UsageError::Syntax { text }) => return lines(text),
        _ => {}
    }
    let mut page = Page::new(columns, false);
    // Exit 3 never looks like a deny.
    let status = ExitStatus::from(error);
    let no_verdict = if status == ExitStatus::Unavailable { "no verdict: " } else { "" };
    let message = error.to_string();
    page.row(2, &[(Paint::Bold, "error: "), (Paint::Plain, no_verdict), (Paint::Plain, &message)]);
    if let Some(help) = error.help() {
        page.row(2, &[(Paint::Plain, "  help: "), (Paint::Plain, &help)]);
    }
    page.into_text()
}

/// A text of several lines, each made inert.
pub fn lines(text: &str) -> String {
    let mut page = Page::new(None, false);
    text.trim_end().lines().for_each(|line| page.line(0, line));
    page.into_text()
}

/// Whether the place for a report is there, before anything is asked of a registry.
pub fn look_at(reports: &[Target]) -> Result<(), ReportError> {
    reports.iter().filter_map(|target| target.path.as_deref()).try_for_each(look_beside)
}

/// Whether the place for a file is there.
pub(crate) fn look_beside(path: &Path) -> Result<(), ReportError> {
    let parent = parent(path);
    if !parent.is_dir() {
        return Err(ReportError::NoDirectory { path: parent.to_owned() });
    }
    Ok(())
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file in one go: into a new file beside it that then takes its name.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let failed = |cause| ReportError::Write { path: path.to_owned(), cause };
    if is_stream(path) {
        let stream = OpenOptions::new().append(true).open(path);
        return stream.and_then(|mut stream| stream.write_all(bytes)).map_err(failed);
    }
    // A link stays, and what it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    // Of a name that nobody else has; removed again unless it takes the report's.
    let mut builder = tempfile::Builder::new();
    let mut beside =
        public(builder.prefix(".verify-")).tempfile_in(parent(&path)).map_err(failed)?;
    beside.write_all(bytes).and_then(|()| beside.as_file().sync_all()).map_err(failed)?;
    beside.persist(&path).map(drop).map_err(|error| failed(error.error))
}

/// A report is meant to be read by others; the umask still applies.
fn public<'a, 'p, 's>(
    builder: &'a mut tempfile::Builder<'p, 's>,
) -> &'a mut tempfile::Builder<'p, 's> {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};
    builder.permissions(Permissions::from_mode(0o666))
}

/// What is written to as it is: a device or pipe; and `/dev/stderr` and its like, whatever file they
/// lead to at the moment, because that file is somebody's log.
fn is_stream(path: &Path) -> bool {
    let is_special = path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir());
    is_special || path.starts_with("/dev") || path.starts_with("/proc")
}

/// Why a report cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// There is no such directory.
    #[error("there is no directory `{}` to write to", shown(path))]
    NoDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// It could not be written.
    #[error("cannot write `{}`: {cause}", shown(path))]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

fn shown(path: &Path) -> String {
    escape_short(&path.display().to_string(), 300)
}
