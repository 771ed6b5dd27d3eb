//! The two commands, as a shell sees them: built once and put first on the path.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Variables that a machine's own CI or a developer's login would leak into what a test sees.
const FOREIGN: [&str; 10] = [
    "ATTEST_",
    "BUILDKITE",
    "CI",
    "COSIGN_",
    "DOCKER_",
    "GITHUB_",
    "GITLAB_",
    "JENKINS_",
    "TF_BUILD",
    "VERIFY_",
];

/// Builds both commands, as `cargo test` of this package alone would not, and finds them.
///
/// The directory holds `attest` and `verify`.
pub fn built() -> io::Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--locked", "--package", "attest", "--package", "verify"])
        .current_dir(root)
        .status()?;
    if !status.success() {
        return Err(io::Error::other("the commands do not build"));
    }
    // The test itself lies in the same profile's directory, below `deps`.
    let here = env::current_exe()?;
    let profile = here.parent().and_then(Path::parent);
    profile.map(Path::to_path_buf).ok_or_else(|| io::Error::other("this test lies nowhere"))
}

/// Runs a bash script that stops at its first failing command, with both commands on the path, in
/// `directory`, with a passphrase and without anything that this machine says of itself.
pub fn shell(commands: &Path, directory: &Path, script: &str) -> io::Result<Output> {
    let mut bash = command("bash", commands, directory);
    bash.args(["-euo", "pipefail", "-c", script]).output()
}

/// One program in the same surroundings, to be started by the caller.
pub fn command(program: &str, commands: &Path, directory: &Path) -> Command {
    let path = env::var("PATH").unwrap_or_default();
    let found = commands.join(program);
    let mut command = Command::new(if found.is_file() { found } else { program.into() });
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if FOREIGN.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(&*name);
        }
    }
    command
        .current_dir(directory)
        .env("PATH", format!("{}:{path}", commands.display()))
        .env("HOME", directory)
        .env("ATTEST_PASSWORD", "test")
        .env("NO_COLOR", "1");
    command
}
