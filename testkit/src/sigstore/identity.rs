//! Who signs: a name, the issuer that vouches for it, and what a CI system says besides.
//!
//! What Fulcio makes of a token's claims is in its docs/oid-info.md: extensions 1 to 6 are bare text,
//! the later ones UTF8Strings.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::der;

/// Where the extensions of Fulcio are.
const FULCIO: &str = "1.3.6.1.4.1.57264.1";

/// Somebody whom a certificate names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who vouches for the name; in extensions 1 and 8.
    pub issuer: String,
    /// The name.
    pub name: Name,
    /// The other extensions, by their last number (2 to 6, 9 to 24).
    pub claims: BTreeMap<u8, String>,
}

/// The name in a certificate (RFC 5280, 4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A mail address.
    Email(String),
    /// Another name, as Fulcio writes user names.
    Other(String),
    /// A URI.
    Uri(String),
}

/// A job of GitHub Actions or GitLab CI, with everything that differs between jobs.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Job {
    /// `acme/payments`.
    pub repository: String,
    /// `.github/workflows/release.yml`, `.gitlab-ci.yml`.
    pub workflow: String,
    /// `refs/heads/main`.
    #[serde(rename = "ref")]
    pub git_ref: String,
    /// The commit.
    pub commit: String,
    /// The run; of GitLab the job.
    pub run: u64,
    /// The attempt; GitLab has none.
    pub attempt: u32,
    /// `push`.
    pub trigger: String,
    /// The deployment environment.
    pub environment: Option<String>,
}

impl Default for Job {
    fn default() -> Self {
        Self {
            repository: "acme/payments".to_owned(),
            workflow: ".github/workflows/release.yml".to_owned(),
            git_ref: "refs/heads/main".to_owned(),
            commit: "4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c".to_owned(),
            run: 4711,
            attempt: 1,
            trigger: "push".to_owned(),
            environment: None,
        }
    }
}

impl Identity {
    /// A person, by mail address.
    pub fn email(address: &str, issuer: &str) -> Self {
        Self::named(Name::Email(address.to_owned()), issuer)
    }

    /// Whoever `name` is, with nothing said besides.
    pub fn named(name: Name, issuer: &str) -> Self {
        let claims = [(24, name.text().to_owned())].into();
        Self { issuer: issuer.to_owned(), name, claims }
    }

    /// A job of GitHub Actions.
    pub fn github(job: &Job) -> Self {
        let Job { repository, workflow, git_ref, commit, run, attempt, trigger, environment } = job;
        let server = "https://github.com";
        let owner = repository.split('/').next().unwrap_or_default();
        let uri = format!("{server}/{repository}/{workflow}@{git_ref}");
        let file = workflow.rsplit('/').next().unwrap_or_default();
        let name = file.split('.').next().unwrap_or_default();
        let runs = format!("{server}/{repository}/actions/runs/{run}/attempts/{attempt}");
        let mut claims = BTreeMap::from([
            (2, trigger.clone()),
            (3, commit.clone()),
            (4, name.to_owned()),
            (5, repository.clone()),
            (6, git_ref.clone()),
            (9, uri.clone()),
            (10, commit.clone()),
            (11, "github-hosted".to_owned()),
            (12, format!("{server}/{repository}")),
            (13, commit.clone()),
            (14, git_ref.clone()),
            (15, "1001".to_owned()),
            (16, format!("{server}/{owner}")),
            (17, "42".to_owned()),
            (18, uri.clone()),
            (19, commit.clone()),
            (20, trigger.clone()),
            (21, runs),
            (22, "public".to_owned()),
            (24, format!("repo:{repository}:ref:{git_ref}")),
        ]);
        claims.extend(environment.clone().map(|environment| (23, environment)));
        let issuer = "https://token.actions.githubusercontent.com".to_owned();
        Self { issuer, name: Name::Uri(uri), claims }
    }

    /// A job of GitLab CI.
    pub fn gitlab(job: &Job) -> Self {
        let Job { repository, workflow, git_ref, commit, run, trigger, environment, .. } = job;
        let server = "https://gitlab.com";
        let owner = repository.rsplit_once('/').map_or(repository.as_str(), |(owner, _)| owner);
        let uri = format!("{server}/{repository}//{workflow}@{git_ref}");
        let branch = git_ref.rsplit('/').next().unwrap_or_default();
        let mut claims = BTreeMap::from([
            (9, uri.clone()),
            (10, commit.clone()),
            (11, "gitlab-hosted".to_owned()),
            (12, format!("{server}/{repository}")),
            (13, commit.clone()),
            (14, git_ref.clone()),
            (15, "1001".to_owned()),
            (16, format!("{server}/{owner}")),
            (17, "42".to_owned()),
            (18, uri.clone()),
            (19, commit.clone()),
            (20, trigger.clone()),
            (21, format!("{server}/{repository}/-/jobs/{run}")),
            (22, "private".to_owned()),
            (24, format!("project_path:{repository}:ref_type:branch:ref:{branch}")),
        ]);
        claims.extend(environment.clone().map(|environment| (23, environment)));
        Self { issuer: server.to_owned(), name: Name::Uri(uri), claims }
    }

    /// What the signer proves to Fulcio that it holds the key for: the mail address, or the subject.
    pub fn challenge(&self) -> &str {
        match &self.name {
            Name::Email(address) => address,
            _ => self.claims.get(&24).map_or(self.name.text(), String::as_str),
        }
    }

    /// The extensions of a certificate that say all this, but for the name.
    pub(super) fn extensions(&self) -> Vec<Vec<u8>> {
        let issuer = [(1, &self.issuer), (8, &self.issuer)].into_iter();
        let all: BTreeMap<u8, &String> =
            issuer.chain(self.claims.iter().map(|(number, claim)| (*number, claim))).collect();
        all.into_iter().map(|(number, claim)| fulcio(number, claim)).collect()
    }
}

/// One extension of Fulcio.
pub(super) fn fulcio(number: u8, claim: &str) -> Vec<u8> {
    let content = if number < 7 { claim.as_bytes().to_vec() } else { der::utf8(claim) };
    der::sequence(&[&der::object(&format!("{FULCIO}.{number}")), &der::octets(&content)])
}

impl Name {
    /// The name itself.
    pub fn text(&self) -> &str {
        match self {
            Self::Email(text) | Self::Other(text) | Self::Uri(text) => text,
        }
    }

    /// A GeneralName.
    pub(super) fn der(&self) -> Vec<u8> {
        match self {
            Self::Email(address) => der::implicit(1, address.as_bytes()),
            Self::Other(name) => {
                let kind = der::object(&format!("{FULCIO}.7"));
                der::explicit(0, &[&kind, &der::explicit(0, &[&der::utf8(name)])])
            }
            Self::Uri(uri) => der::implicit(6, uri.as_bytes()),
        }
    }
}
