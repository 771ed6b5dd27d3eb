//! `verify`: see the library of the same name. Here alone the environment and the clock are read.

use std::{env, ffi::OsString};

use evidence::time::Timestamp;
use verify::ExitStatus;

fn main() -> ExitStatus {
    let arguments: Vec<OsString> = env::args_os().collect();
    let format = env::var_os("VERIFY_FORMAT").map(|value| value.to_string_lossy().into_owned());
    verify::run(&arguments, format.as_deref(), Timestamp::now())
}
