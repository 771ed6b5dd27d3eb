//! How a program of this crate ends.

use std::{fmt::Display, process::ExitCode};

/// The status for what came of it; an error is told on stderr.
pub fn status<E: Display>(came_of_it: Result<(), E>) -> ExitCode {
    match came_of_it {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
