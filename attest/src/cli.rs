//! The command line: words in, a [`Request`] out.
//!
//! Only this file and its folder know clap. Parsing does no I/O, and a secret has no place on a
//! command line: options say where a secret is.

mod approve;
mod arguments;
mod build;
mod copy;
mod deploy;
mod examples;
mod key;
mod other;
mod scan;
mod test;

use std::{
    ffi::OsString,
    path::{Component, Path, PathBuf},
};

use clap::{
    CommandFactory, FromArgMatches, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};
use evidence::login;

use crate::{
    request::{Format, Request},
    usage::UsageError,
};

/// A request and how its result is shown.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// What was asked for.
    pub(crate) request: Request,
    /// How the result is shown.
    pub(crate) format: Format,
}

/// Attest what was built, scanned, tested, approved and deployed
///
/// Signs a claim about an image digest and hangs it beside the image in its registry, or in an OCI
/// image layout directory. `verify` asks for such claims before a deployment.
#[derive(Parser)]
#[command(name = "attest", version, term_width = 80, after_help = examples::ATTEST)]
struct Attest {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
#[command(disable_help_subcommand = true)]
enum Command {
    #[command(after_help = examples::BUILD)]
    Build(build::Build),
    #[command(after_help = examples::SCAN)]
    Scan(scan::Scan),
    #[command(after_help = examples::TEST)]
    Test(test::Test),
    #[command(after_help = examples::SBOM)]
    Sbom(other::Sbom),
    #[command(after_help = examples::APPROVE)]
    Approve(approve::Approve),
    #[command(after_help = examples::DEPLOY)]
    Deploy(deploy::Deploy),
    #[command(after_help = examples::PROMOTE)]
    Promote(copy::Promote),
    #[command(after_help = examples::COPY)]
    Copy(copy::Copy),
    #[command(after_help = examples::PREDICATE)]
    Predicate(other::Predicate),
    #[command(after_help = examples::STATEMENT)]
    Statement(other::Statement),
    #[command(after_help = examples::ATTACH)]
    Attach(other::Attach),
    #[command(after_help = examples::REPAIR)]
    Repair(other::Repair),
    #[command(subcommand, after_help = examples::KEY, disable_help_subcommand = true)]
    Key(key::Key),
    #[command(after_help = examples::WHOAMI)]
    Whoami(other::Whoami),
}

/// The definition: each command's own, and the time that only those need that move whole images.
fn definition() -> clap::Command {
    let patient =
        |command: clap::Command| command.mut_arg("timeout", |arg| arg.default_value(copy::TIMEOUT));
    Attest::command().mut_subcommand("copy", patient).mut_subcommand("promote", patient)
}

/// Reads the words of a command line, the program's own name first.
pub(crate) fn parse(words: Vec<OsString>) -> Result<Invocation, Unparsed> {
    let json = wants_json(&words);
    let parsed = definition().try_get_matches_from(words).and_then(|matches| {
        let invocation = read(&matches)?;
        Ok((matches, invocation))
    });
    let error = match parsed {
        Ok((matches, invocation)) => match keeps_what_it_reads(&matches) {
            Ok(()) => return Ok(invocation),
            Err(error) => error,
        },
        Err(error) if error.use_stderr() => {
            UsageError::Syntax { text: without_logins(error).render().to_string() }
        }
        Err(help) => return Err(Unparsed::Help(Box::new(help))),
    };
    Err(Unparsed::Wrong { error, format: if json { Format::Json } else { Format::Text } })
}

/// What else a command line comes to.
#[derive(Debug)]
pub(crate) enum Unparsed {
    /// Help or the version was asked for.
    Help(Box<clap::Error>),
    /// It is not understood, or cannot be meant.
    Wrong {
        /// What is wrong.
        error: UsageError,
        /// How the result was to be shown.
        format: Format,
    },
}

/// Whether a command line asks for JSON, be it understood or not. Behind `--` stand the words of
/// another command.
fn wants_json(words: &[OsString]) -> bool {
    let own = words.iter().map(|word| word.to_str().unwrap_or_default());
    let own: Vec<&str> = own.take_while(|word| *word != "--").collect();
    let told = own.windows(2).rev().find_map(|pair| match pair {
        ["--format", format] => Some(*format),
        [_, word] => word.strip_prefix("--format="),
        _ => None,
    });
    told == Some("json")
}

fn read(matches: &clap::ArgMatches) -> Result<Invocation, clap::Error> {
    let Attest { command } = Attest::from_arg_matches(matches)?;
    match command {
        Command::Approve(words) => words.invocation(),
        Command::Attach(words) => words.invocation(),
        Command::Build(words) => words.invocation(),
        Command::Copy(words) => words.invocation(),
        Command::Deploy(words) => words.invocation(),
        Command::Key(words) => words.invocation(),
        Command::Predicate(words) => words.invocation(),
        Command::Promote(words) => words.invocation(),
        Command::Sbom(words) => words.invocation(),
        Command::Repair(words) => words.invocation(),
        Command::Scan(words) => words.invocation(),
        Command::Statement(words) => words.invocation(),
        Command::Test(words) => words.invocation(),
        Command::Whoami(words) => words.invocation(),
    }
}

/// Refuses a `--bundle` that is to be kept over what the command reads. What reads a bundle (`attest attach`) has no other file.
fn keeps_what_it_reads(matches: &clap::ArgMatches) -> Result<(), UsageError> {
    let Some((_, words)) = matches.subcommand() else { return Ok(()) };
    let of = |id| words.try_get_raw(id).ok().flatten().into_iter().flatten().map(Path::new);
    let same = |read: &Path, kept: &Path| {
        let plain = |path: &Path| -> PathBuf {
            path.components().filter(|part| *part != Component::CurDir).collect()
        };
        plain(read) == plain(kept)
    };
    for (words, option) in [
        ("file", "file"),
        ("key", "key"),
        ("metadata_file", "metadata-file"),
        ("predicate", "predicate"),
        ("report", "report"),
        ("reports", "report"),
        ("verdict", "verdict"),
    ] {
        if of("bundle").any(|kept| of(words).any(|read| same(read, kept))) {
            return Err(UsageError::Overwritten { option });
        }
    }
    Ok(())
}

/// clap repeats the words that it does not understand; a login among them is not for a job's log.
fn without_logins(mut error: clap::Error) -> clap::Error {
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidSubcommand, ContextKind::InvalidValue]
    {
        if let Some(ContextValue::String(text)) = error.get(kind) {
            let hidden = login::hidden(text).into_owned();
            error.insert(kind, ContextValue::String(hidden));
        }
    }
    error
}

/// A fault that clap's own rules cannot express, told as clap tells its own.
fn fault(message: impl std::fmt::Display) -> clap::Error {
    Attest::command().error(ErrorKind::ValueValidation, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(parsed: Result<Invocation, Unparsed>) -> UsageError {
        match parsed {
            Err(Unparsed::Wrong { error, .. }) => error,
            other => panic!("nothing wrong: {other:?}"),
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        definition().debug_assert();
    }

    #[test]
    fn every_command_has_help_with_two_examples() {
        fn each(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert_eq!(help.matches("\n  attest ").count(), 2, "{path}: {help}");
            assert!(
                command.get_about().is_some_and(|about| !about.to_string().ends_with('.')),
                "{path}"
            );
            command.get_subcommands().for_each(|inner| each(inner, &path));
        }
        each(&definition(), "");
    }

    #[test]
    fn help_fits_the_screen() {
        fn each(mut command: clap::Command) {
            command.build();
            for help in [command.render_help(), command.render_long_help()] {
                let help = help.to_string();
                let wide: Vec<&str> =
                    help.lines().filter(|line| line.chars().count() > 80).collect();
                assert!(wide.is_empty(), "{}: {wide:#?}", command.get_name());
            }
            command.get_subcommands().cloned().for_each(each);
        }
        each(definition());
    }

    #[test]
    fn json_is_asked_for_by_our_own_words_alone() {
        let asks = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(Into::into).collect();
            wants_json(&words)
        };
        assert!(asks("attest build --format json --what") && asks("attest x --format=json"));
        assert!(asks("attest test a --format json -- pytest --format text"));
        assert!(!asks("attest test a -- pytest --format json") && !asks("attest build json"));
        assert!(!asks("attest build --format json --format text"));
    }

    #[test]
    fn a_login_is_not_repeated() {
        for words in [
            "build user:SECRET@reg.example.com/a:v1",
            "copy oci:a --to https://user:SECRET@reg.example.com/a",
            "copy oci:a user:SECRET@reg.example.com/a",
            "scan a --evidence-repository user:SECRET@reg.example.com/a",
            "user:SECRET@reg.example.com/a",
        ] {
            let words: Vec<OsString> =
                format!("attest {words}").split(' ').map(Into::into).collect();
            let error = wrong(parse(words)).to_string();
            assert!(error.contains("…@reg.example.com/a"), "{error}");
            assert!(!error.contains("SECRET"), "{error}");
        }
    }

    #[test]
    fn a_bundle_is_not_kept_over_what_is_read() {
        let faulty = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(Into::into).collect();
            match parse(words) {
                Ok(_) => false,
                faulty => {
                    assert_eq!(wrong(faulty).code(), "same-path");
                    true
                }
            }
        };
        for (words, option) in [
            ("build a --key", ""),
            ("build a --metadata-file", ""),
            ("scan a --report", ""),
            ("test a --report", ""),
            ("sbom a --file", ""),
            ("approve a --environment e --verdict", ""),
            ("promote a --to b --environment e --verdict", ""),
            ("predicate a --file", "--type x:y"),
        ] {
            let line = |kept: &str| format!("attest {words} f.json {option} --bundle {kept}");
            let line = |kept: &str| line(kept).replace("  ", " ");
            assert!(faulty(&line("f.json")) && faulty(&line("./f.json")), "{words}");
            assert!(!faulty(&line("g.json")), "{words}");
        }
        assert!(!faulty("attest attach a --bundle f.json"));
    }

    #[test]
    fn a_pasted_key_is_not_repeated() {
        let key = "pkcs11:-----BEGIN SECRET";
        let words = ["attest", "build", "a", "--key", &key.replace(':', "://")];
        let parsed = parse(words.map(OsString::from).to_vec());
        let error = wrong(parsed).to_string();
        assert!(!error.contains("SECRET"), "{error}");
    }
}
