//! Makes the evidence of `testdata/cases/` anew; called by `scripts/regenerate-testdata`.

use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata");
    match testkit::cases::regenerate(&testdata) {
        Ok(files) => {
            println!("{files} files of evidence");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
