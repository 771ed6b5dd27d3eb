//! `verify trust`: who is believed, and where that comes from.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Answer, UsageError, Variables, answer::AnswerArgs};

#[derive(Debug, Args)]
pub(super) struct TrustArgs {
    #[command(subcommand)]
    command: TrustCommand,
}

#[derive(Debug, Subcommand)]
enum TrustCommand {
    /// Show who is believed for what, and until when
    #[command(after_help = "\
Examples:
  verify trust show sigstore
  verify trust show --policy production.yaml")]
    Show(ShowArgs),
    /// Write a trusted root to a file, for machines without a network
    #[command(after_help = "\
Examples:
  verify trust fetch --out trusted_root.json
  verify trust fetch --repository https://tuf.example.com \\
      --root root.json --out trusted_root.json")]
    Fetch(FetchArgs),
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// The trusted root that is published there [default: sigstore]
    #[arg(value_name = "sigstore|github", conflicts_with_all = ["policy", "trusted_root"])]
    #[arg(hide_possible_values = true)]
    name: Option<Named>,
    /// The trusted roots of this policy
    #[arg(long, value_name = "FILE", conflicts_with = "trusted_root")]
    policy: Option<PathBuf>,
    /// The trusted root in this file
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    #[command(flatten)]
    answer: AnswerArgs,
}

#[derive(Debug, Args)]
struct FetchArgs {
    /// The repository that publishes it: sigstore, github, or the address of
    /// an organisation's own
    #[arg(long, value_name = "REPOSITORY", default_value = "sigstore")]
    repository: String,
    /// The TUF root.json from which an organisation's own repository is
    /// believed
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    answer: AnswerArgs,
}

/// A repository whose root is built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Named {
    /// GitHub's own.
    Github,
    /// The public instance.
    Sigstore,
}

/// Which trusted roots are shown.
#[derive(Clone, Debug)]
pub enum Whose {
    /// What is in a file.
    File(PathBuf),
    /// Those of a policy.
    Policy(PathBuf),
    /// What is published.
    Published(Named),
}

/// A request to show trusted roots.
#[derive(Clone, Debug)]
pub struct Show {
    /// Which.
    pub whose: Whose,
    /// How to answer.
    pub answer: Answer,
}

/// From where a trusted root is fetched.
#[derive(Clone, Debug)]
pub enum From {
    /// A repository whose root is built in.
    Named(Named),
    /// An organisation's own.
    Own {
        /// Its address.
        url: String,
        /// The file from which it is believed.
        root: PathBuf,
    },
}

/// A request to fetch a trusted root.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// From where.
    pub from: From,
    /// Where to write it.
    pub out: PathBuf,
    /// How to answer.
    pub answer: Answer,
}

/// A request about trusted roots.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Fetch.
    Fetch(Fetch),
    /// Show.
    Show(Show),
}

impl Trust {
    /// How to answer.
    pub fn answer(&self) -> &Answer {
        match self {
            Self::Fetch(fetch) => &fetch.answer,
            Self::Show(show) => &show.answer,
        }
    }
}

impl TrustArgs {
    pub(super) fn request(self, variables: &Variables) -> Result<Trust, UsageError> {
        match self.command {
            TrustCommand::Fetch(FetchArgs { repository, root, out, answer }) => {
                let from = match (repository.as_str(), root) {
                    ("github", None) => From::Named(Named::Github),
                    ("sigstore", None) => From::Named(Named::Sigstore),
                    ("github" | "sigstore", Some(_)) => {
                        return Err(UsageError::RootForNamed { name: repository });
                    }
                    (_, Some(root)) => From::Own { url: repository, root },
                    (_, None) => return Err(UsageError::NoRoot { found: repository }),
                };
                Ok(Trust::Fetch(Fetch { from, out, answer: answer.request(variables)? }))
            }
            TrustCommand::Show(ShowArgs { name, policy, trusted_root, answer }) => {
                let whose = match (policy, trusted_root) {
                    (Some(policy), _) => Whose::Policy(policy),
                    (None, Some(file)) => Whose::File(file),
                    (None, None) => Whose::Published(name.unwrap_or(Named::Sigstore)),
                };
                Ok(Trust::Show(Show { whose, answer: answer.request(variables)? }))
            }
        }
    }
}
