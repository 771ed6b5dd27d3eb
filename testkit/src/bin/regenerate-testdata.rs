//! Makes the evidence of `testdata/cases/` anew; called by `scripts/regenerate-testdata`.

use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata");
    let made = testkit::cases::regenerate(&testdata);
    testkit::ended::status(made.map(|files| println!("{files} files of evidence")))
}
