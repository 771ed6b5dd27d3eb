//! `verify`: see the library of the same name. Here alone the environment and the clock are read.

use std::{env, ffi::OsString, path::PathBuf};

use evidence::time::Timestamp;
use verify::{ExitStatus, Variables};

fn main() -> ExitStatus {
    let arguments: Vec<OsString> = env::args_os().collect();
    let variables = Variables {
        format: env::var_os("VERIFY_FORMAT").map(|value| value.to_string_lossy().into_owned()),
        cache: env::var_os("VERIFY_CACHE").map(PathBuf::from),
        roots: trust::directory(
            env::var_os("XDG_CACHE_HOME").as_deref(),
            env::var_os("HOME").as_deref(),
        ),
    };
    verify::run(&arguments, &variables, Timestamp::now())
}
