//! Who signs with a certificate, and what bears witness to a signature: what recipes say of the
//! private Sigstore.

use std::{collections::BTreeMap, fs, path::Path};

use evidence::bundle::Version;
use serde::Deserialize;

use super::CasesError;
use crate::sigstore::{Change, Identity, Instance, Job, Lie, Name, Older, Options, Rekor};

/// An identity in a certificate.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Someone {
    email: Option<String>,
    github: Option<Job>,
    gitlab: Option<Job>,
    other: Option<String>,
    uri: Option<String>,
    /// Who vouches for the name, if not the usual one.
    issuer: Option<String>,
    /// Extensions of the certificate by their last number, beside or instead of the usual ones; `null`
    /// is none.
    #[serde(default)]
    claims: BTreeMap<u8, Option<String>>,
}

/// Who vouches for people.
const ISSUER: &str = "https://accounts.example.com";

impl Someone {
    /// The one identity that it describes.
    pub(super) fn identity(&self) -> Result<Identity, String> {
        let named = |name: Name| Identity::named(name, ISSUER);
        let kinds = [
            self.email.clone().map(|email| named(Name::Email(email))),
            self.github.as_ref().map(Identity::github),
            self.gitlab.as_ref().map(Identity::gitlab),
            self.other.clone().map(|other| named(Name::Other(other))),
            self.uri.clone().map(|uri| named(Name::Uri(uri))),
        ];
        let mut kinds = kinds.into_iter().flatten();
        let (Some(mut identity), None) = (kinds.next(), kinds.next()) else {
            return Err("an identity is one of email, github, gitlab, other, uri".to_owned());
        };
        identity.issuer = self.issuer.clone().unwrap_or(identity.issuer);
        for (number, claim) in &self.claims {
            match claim {
                Some(claim) => identity.claims.insert(*number, claim.clone()),
                None => identity.claims.remove(number),
            };
        }
        Ok(identity)
    }

    /// The job, and the server that it runs on.
    pub(super) fn job(&self) -> Option<(&'static str, &Job)> {
        let github = self.github.as_ref().map(|job| ("https://github.com", job));
        github.or(self.gitlab.as_ref().map(|job| ("https://gitlab.com", job)))
    }
}

/// What the private Sigstore does with a signature.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub(super) struct Witnesses {
    /// `v1`, `v2`; for a certificate v2, if not said.
    logs: Option<Vec<String>>,
    /// `intoto-0.0.1`, `intoto-0.0.2`: as what else Rekor v1 takes it in.
    older: Vec<String>,
    /// How many authorities stamp it; one, if not said.
    timestamps: Option<usize>,
    /// `0.1`, `0.2`; 0.3, if not said.
    version: Option<String>,
    /// Entries of bundles v0.1 have no proof.
    without_proof: bool,
    /// When they saw it, if not at once.
    pub(super) at: Option<String>,
    /// The lie that is told.
    lie: Option<String>,
    /// Another instance than the usual one.
    instance: Option<String>,
}

impl Witnesses {
    /// Whose services they are.
    pub(super) fn instance(&self) -> Instance {
        self.instance.as_deref().map_or_else(Instance::new, Instance::named)
    }

    /// What they do.
    pub(super) fn options(&self) -> Result<Options, String> {
        let usual = Options::default();
        let log = |name: &String| match name.as_str() {
            "v1" => Ok(Rekor::V1),
            "v2" => Ok(Rekor::V2),
            other => Err(format!("there is no Rekor `{other}`")),
        };
        let logs = self.logs.as_ref().map(|logs| logs.iter().map(log).collect()).transpose()?;
        let older = |name: &String| match name.as_str() {
            "intoto-0.0.1" => Ok(Older::Intoto001),
            "intoto-0.0.2" => Ok(Older::Intoto002),
            other => Err(format!("Rekor v1 takes in no `{other}`")),
        };
        let version = match self.version.as_deref() {
            None | Some("0.3") => Version::V0_3,
            Some("0.2") => Version::V0_2,
            Some("0.1") => Version::V0_1,
            Some(other) => return Err(format!("there is no bundle v{other}")),
        };
        let lie = self
            .lie
            .as_ref()
            .map(|name| Lie::of_name(name).ok_or_else(|| format!("there is no lie `{name}`")));
        Ok(Options {
            version,
            logs: logs.unwrap_or(usual.logs),
            older: self.older.iter().map(older).collect::<Result<_, _>>()?,
            timestamps: self.timestamps.unwrap_or(usual.timestamps),
            proof: !self.without_proof,
            lie: lie.transpose()?,
        })
    }
}

/// Writes the trusted roots of the instance: the honest one, each change of it, another instance's.
pub(super) fn write_roots(directory: &Path) -> Result<(), CasesError> {
    fs::create_dir_all(directory).map_err(|error| CasesError::file(directory, error))?;
    let instance = Instance::new();
    let honest = ("honest".to_owned(), instance.trusted_root());
    let other = ("elsewhere".to_owned(), Instance::named("elsewhere").trusted_root());
    let changed = Change::ALL.iter().map(|change| {
        let name = format!("{change:?}").chars().fold(String::new(), |name, letter| {
            let hyphen = if letter.is_uppercase() && !name.is_empty() { "-" } else { "" };
            format!("{name}{hyphen}{}", letter.to_lowercase())
        });
        (name, instance.trusted_root_with(*change))
    });
    for (name, root) in [honest, other].into_iter().chain(changed) {
        let path = directory.join(format!("{name}.json"));
        if fs::read(&path).ok().as_ref() != Some(&root) {
            fs::write(&path, root).map_err(|error| CasesError::file(&path, error))?;
        }
    }
    Ok(())
}
