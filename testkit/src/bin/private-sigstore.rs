//! A private Sigstore in this process, for `scripts/bench`: `private-sigstore DIRECTORY MAIL ISSUER`.
//!
//! Leaves in the directory what a signer and a verifier need: `services.json`, `root.json`, and
//! `token`, which says who that person is. Prints its address, and ends with stdin.

use std::{env, fs, io, path::PathBuf, process::ExitCode};

use testkit::{
    ended,
    sigstore::{Identity, Instance, Rekor},
};

fn main() -> ExitCode {
    ended::status(serve())
}

fn serve() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let (Some(directory), Some(mail), Some(issuer)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err(io::Error::other("usage: private-sigstore DIRECTORY MAIL ISSUER"));
    };
    let directory = PathBuf::from(directory);
    let server = Instance::new().serve()?;
    fs::write(directory.join("services.json"), server.signing_config(Rekor::V2))?;
    fs::write(directory.join("root.json"), server.trusted_root())?;
    fs::write(directory.join("token"), server.token(&Identity::email(&mail, &issuer)))?;
    println!("{}", server.url());
    // Until nobody speaks to it any more.
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
