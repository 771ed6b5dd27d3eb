//! `verify bundle`: a bundle in hand.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use evidence::Digest;

use super::{Answer, UsageError, Variables, answer::AnswerArgs};

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["digest", "artifact"]))]
#[command(group = ArgGroup::new("whom").required(true).args(["policy", "key", "identity"]))]
pub(super) struct BundleArgs {
    /// The bundle
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What it must be about: sha256:…
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    /// What it must be about: this file
    #[arg(long, value_name = "FILE")]
    artifact: Option<PathBuf>,
    /// Who may have signed it: a signer of this policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Who may have signed it: who holds this public key
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Who may have signed it: who is named so in the certificate; a pattern
    /// as in policies
    #[arg(long, value_name = "IDENTITY", requires_all = ["issuer", "trusted_root"])]
    identity: Option<String>,
    /// With --identity: who must have told the identity
    #[arg(long, value_name = "URL", requires = "identity")]
    issuer: Option<String>,
    /// Who is believed for certificates, logs and timestamps; needed with
    /// --identity
    #[arg(long, value_name = "FILE", conflicts_with = "policy")]
    trusted_root: Option<PathBuf>,
    #[command(flatten)]
    answer: AnswerArgs,
}

/// What a bundle must be about.
#[derive(Clone, Debug)]
pub enum About {
    /// A file.
    Artifact(PathBuf),
    /// A digest.
    Digest(Digest),
}

/// Who may have signed a bundle.
#[derive(Clone, Debug)]
pub enum Whom {
    /// Who is named so in a certificate.
    Identity {
        /// The identity, or a pattern.
        identity: String,
        /// Who told it.
        issuer: String,
        /// The file that says who is believed.
        root: PathBuf,
    },
    /// Who holds a key.
    Key {
        /// The public key's file.
        key: PathBuf,
        /// The file that says whose logs and timestamps are believed.
        root: Option<PathBuf>,
    },
    /// A signer of a policy.
    Policy(PathBuf),
}

/// A request about a bundle in hand.
#[derive(Clone, Debug)]
pub struct BundleRequest {
    /// The bundle's file.
    pub file: PathBuf,
    /// What it must be about.
    pub about: About,
    /// Who may have signed it.
    pub whom: Whom,
    /// How to answer.
    pub answer: Answer,
}

impl BundleArgs {
    pub(super) fn request(self, variables: &Variables) -> Result<BundleRequest, UsageError> {
        let Self { file, digest, artifact, policy, key, identity, issuer, trusted_root, answer } =
            self;
        let incomplete = || UsageError::BundleIncomplete;
        let about = match (digest, artifact) {
            (Some(text), _) => {
                About::Digest(text.parse().map_err(|_| UsageError::Digest { found: text })?)
            }
            (None, artifact) => About::Artifact(artifact.ok_or_else(incomplete)?),
        };
        let whom = match (policy, key, identity) {
            (Some(policy), _, _) => Whom::Policy(policy),
            (None, Some(key), _) => Whom::Key { key, root: trusted_root },
            (None, None, identity) => Whom::Identity {
                identity: identity.ok_or_else(incomplete)?,
                issuer: issuer.ok_or_else(incomplete)?,
                root: trusted_root.ok_or_else(incomplete)?,
            },
        };
        Ok(BundleRequest { file, about, whom, answer: answer.request(variables)? })
    }
}
