//! The printers for what went wrong: for people on stderr, for machines as a document.

use evidence::{fold::COLUMNS, json::Value, json::json, text::escape};

use super::json::VERSION;
use crate::{error::Error, exit::Exit, usage::UsageError};

/// What people read of an error, and the document of it.
pub(crate) fn fault(error: &Error) -> (Vec<String>, Value) {
    let exit = Exit::from(error);
    let document = json!({
        "version": VERSION,
        "error": {
            "kind": error.code(),
            "exit": exit.code(),
            "message": error.to_string(),
            "details": error.details(),
            "help": error.help(),
        },
    });
    (lines(error, exit), document)
}

fn lines(error: &Error, exit: Exit) -> Vec<String> {
    if let Error::Usage(UsageError::Syntax { text }) = error {
        // It repeats words that a job may have taken from a stranger's branch name.
        return text.lines().map(escape).collect();
    }
    let mut lines = vec![format!("error: {}", escape(&error.to_string()))];
    lines.extend(error.details().iter().map(|line| format!("  {}", escape(line))));
    if let Some(help) = error.help() {
        lines.push(format!("  help: {}", escape(&help)));
    }
    let aftermath = match exit {
        Exit::Refused => "Nothing was attested.",
        Exit::Done | Exit::Usage | Exit::Unavailable | Exit::Command(_) => "",
    };
    let code = format!("[{}]", error.code());
    lines.push(format!("  {aftermath}{code:>0$}", COLUMNS - 2 - aftermath.len()));
    lines
}
