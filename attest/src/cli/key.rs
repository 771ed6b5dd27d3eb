//! `attest key generate` and `attest key public`.

use std::path::PathBuf;

use clap::{Args, Subcommand, builder::PossibleValuesParser, builder::TypedValueParser};

use super::{Invocation, arguments, arguments::Shape, examples};
use crate::{
    request::{self, Request},
    sign::KeyType,
};

/// Make a key, or show its public half
#[derive(Subcommand)]
pub(super) enum Key {
    #[command(after_help = examples::KEY_GENERATE)]
    Generate(Generate),
    #[command(after_help = examples::KEY_PUBLIC)]
    Public(Public),
}

/// Make a key: NAME.key, encrypted as cosign does, and NAME.pub
///
/// The passphrase is ATTEST_PASSWORD or COSIGN_PASSWORD, else asked on the terminal. A file that is
/// there is never overwritten.
#[derive(Args)]
pub(super) struct Generate {
    /// Name of the two files, without ending
    #[arg(long, value_name = "NAME")]
    out: PathBuf,

    /// Kind of key; cosign cannot verify p384 and p521
    #[arg(
        long = "type",
        value_name = "TYPE",
        default_value = "p256",
        value_parser = PossibleValuesParser::new(KeyType::ALL.map(KeyType::name))
            .try_map(|word| word.parse::<KeyType>())
    )]
    kind: KeyType,

    #[command(flatten)]
    shape: Shape,
}

/// Print the public half of a secret key
#[derive(Args)]
pub(super) struct Public {
    /// The secret key, as --key names it
    #[arg(value_name = "REF", conflicts_with = "key")]
    named: Option<String>,

    #[command(flatten)]
    key: arguments::Key,

    #[command(flatten)]
    shape: Shape,
}

impl Key {
    pub(super) fn invocation(self) -> Result<Invocation, clap::Error> {
        let (key, shape) = match self {
            Self::Generate(Generate { out, kind, shape }) => {
                (request::Key::Generate { out, kind }, shape)
            }
            Self::Public(Public { named, key, shape }) => {
                (request::Key::Public { key: key.or(named).reference()? }, shape)
            }
        };
        Ok(Invocation { request: Request::Key(key), format: shape.format() })
    }
}
