//! A credential helper: a program `docker-credential-NAME` on the path that is asked for a login
//! (docker/docker-credential-helpers, "Development").
//!
//! What it writes is a secret or nobody's business, and is never shown. Whoever waits for it bounds
//! the time.

use std::{
    io::{Read, Write},
    process::{Command, Stdio},
};

use serde::Deserialize;

use super::Secret;

/// What is read of an answer.
const MOST: u64 = 1024 * 1024;

/// The user name that says that the secret is an identity token (docker/cli, `credentials`).
const TOKEN: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// It gave no login, and did not say either that it has none.
#[derive(Debug)]
pub(super) struct Failed;

/// The program of that name.
pub(super) fn program(name: &str) -> String {
    format!("docker-credential-{name}")
}

/// What the helper has for `server`; `None` if it says that it has nothing.
pub(super) fn get(program: &str, server: &str) -> Result<Option<Secret>, Failed> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    // A name, not a path.
    if !program.bytes().all(plain) {
        return Err(Failed);
    }
    let mut command = Command::new(program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|_| Failed)?;
    let asked = child.stdin.take().map(|mut stdin| stdin.write_all(server.as_bytes()));
    let mut answer = Vec::new();
    let read = child.stdout.take().map(|stdout| stdout.take(MOST).read_to_end(&mut answer));
    let status = child.wait().map_err(|_| Failed)?;
    // One that ends without reading breaks the pipe and may answer all the same.
    drop(asked);
    read.ok_or(Failed)?.map_err(|_| Failed)?;
    if !status.success() {
        // It says so on stdout, with a status of 1 (`credentials/error.go`).
        let nothing = String::from_utf8_lossy(&answer).contains("credentials not found");
        return if nothing { Ok(None) } else { Err(Failed) };
    }
    let Answer { username, secret } = serde_json::from_slice(&answer).map_err(|_| Failed)?;
    Ok(match (username.as_str(), secret.as_str()) {
        ("", "") => None,
        (TOKEN, _) => Some(Secret::IdentityToken(secret)),
        _ => Some(Secret::Password(username, secret)),
    })
}
