//! A scanner's report, read: what was found, by which scanner, with which database, of what.
//!
//! The dialects (`trivy`; others are one file each) make a [`ScanReport`]; `bind` decides whether it
//! is about the image. What a report suppressed or says of other matters is kept beside the
//! findings, never among them, and nothing is rated here: the severity is the tool's own word.

pub(crate) mod bind;
mod format;
mod trivy;
mod version;

use evidence::{
    predicate::vulns::{Fix, Severity},
    time::{self, Timestamp},
};

use super::{Described, Refused, ReportFile, ended};

/// Findings per attestation; an image of 3,000 packages has some thousands.
pub(crate) const FINDINGS: usize = 100_000;

/// A scanner's report.
#[derive(Clone, Debug)]
pub(crate) struct ScanReport {
    /// The file.
    pub(crate) file: Described,
    /// The scanner's name: `trivy`.
    pub(crate) tool: &'static str,
    /// Its URI, a purl with its version where that is known.
    pub(crate) uri: String,
    /// Its version.
    pub(crate) version: Option<String>,
    /// The database that it used, where somebody says so.
    pub(crate) database: Option<Database>,
    /// When the scan ended.
    pub(crate) finished: Option<Timestamp>,
    /// What was scanned.
    pub(crate) of: Of,
    /// How sure it is that vulnerabilities were looked for.
    pub(crate) ran: Ran,
    /// What in the report names an image.
    pub(crate) names: Names,
    /// What was found.
    pub(crate) findings: Vec<Finding>,
    /// What was found and suppressed, as far as the report shows it.
    pub(crate) suppressed: Vec<Suppressed>,
    /// What the report holds besides vulnerabilities.
    pub(crate) left_out: LeftOut,
}

/// The scanner's database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Database {
    /// When it was last updated.
    pub(crate) updated: Timestamp,
    /// When its next update was due.
    pub(crate) next: Option<Timestamp>,
    /// When it was fetched.
    pub(crate) downloaded: Option<Timestamp>,
}

/// What was scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// The image itself.
    Image,
    /// A file tree, a repository, a machine.
    Other,
    /// A bill of materials, from which the image's names were copied.
    Sbom,
}

impl Of {
    /// The word in `attest_scan.of`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Other => "other",
            Self::Sbom => "sbom",
        }
    }
}

/// How sure it is that vulnerabilities were looked for.
///
/// Trivy writes the same report for `--scanners secret` as for a clean `--scanners vuln`, when it
/// lists packages (tried with 0.76.0); `--list-all-pkgs=false` tells the two apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ran {
    /// The report has results of the kind that a vulnerability scan has, and so may have others.
    Claimed,
    /// The report has what only a vulnerability scan writes.
    Shown,
}

impl Ran {
    /// The word in `attest_scan.ran`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Shown => "shown",
        }
    }
}

/// What in a report names an image. Text, as it stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// The digest of the config, which is of one platform.
    pub(crate) config: Option<String>,
    /// Digests of manifests, `repository@sha256:…`; of an index where the registry has one.
    pub(crate) manifests: Vec<String>,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// `CVE-2026-31337`.
    pub(crate) id: String,
    /// Who rated it: a source that the tool names, or the tool.
    pub(crate) rated_by: String,
    /// The rating, as the tool spells it.
    pub(crate) score: String,
    /// Where it was found.
    pub(crate) place: Place,
    /// The tool's word on its state: `affected`, `will_not_fix`.
    pub(crate) status: Option<String>,
    /// Whether it can be mended.
    pub(crate) fix: Fix,
}

/// The package that a finding is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its name.
    pub(crate) package: Option<String>,
    /// Its version in the image.
    pub(crate) installed: Option<String>,
    /// Its package URL.
    pub(crate) purl: Option<String>,
}

/// A finding that was suppressed before it could count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suppressed {
    /// `CVE-2026-31337`.
    pub(crate) id: String,
    /// Why it does not count: `ignored`, `not_affected`.
    pub(crate) status: Option<String>,
    /// Who says so: a file, a VEX document.
    pub(crate) source: Option<String>,
    /// The reason given.
    pub(crate) statement: Option<String>,
    /// The rating, as the tool spells it.
    pub(crate) score: String,
    /// Where it was found.
    pub(crate) place: Place,
}

/// What a report holds that is no vulnerability, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Secrets.
    pub(crate) secrets: u64,
    /// Misconfigurations.
    pub(crate) misconfigurations: u64,
    /// Licences.
    pub(crate) licenses: u64,
}

/// Reads one report, and the scanner's version file where there is one beside it (Trivy's report
/// does not say which database it used).
pub(crate) fn read(
    files: &[ReportFile],
    database_updated: Option<Timestamp>,
) -> Result<ScanReport, Refused> {
    let mut reports = Vec::new();
    let mut versions = Vec::new();
    for file in files {
        match format::of(file)? {
            format::Format::Trivy => reports.push(trivy::read(file)?),
            format::Format::TrivyVersion => versions.push(version::read(file)?),
        }
    }
    let count = Refused::ReportCount { reports: reports.len(), versions: versions.len() };
    let (Some(mut report), true, 0 | 1) = (reports.pop(), reports.is_empty(), versions.len())
    else {
        return Err(count);
    };
    if let Some(version) = versions.first() {
        version.complete(&mut report)?;
    }
    if let Some(updated) = database_updated {
        match versions.first() {
            Some(version) if report.database.is_some_and(|known| known.updated != updated) => {
                return Err(Refused::DatabaseTwice { file: version.file.clone() });
            }
            Some(_) => {}
            None => {
                report.database = Some(Database { updated, next: None, downloaded: None });
            }
        }
    }
    agree(&report)?;
    Ok(report)
}

/// A database that is younger than the scan did not make it.
fn agree(report: &ScanReport) -> Result<(), Refused> {
    let (Some(database), Some(finished)) = (report.database, report.finished) else {
        return Ok(());
    };
    match ended::age(Some(database.updated), finished) {
        Ok(_) => Ok(()),
        Err(_) => Err(Refused::DatabaseAfterScan {
            database: time::write(database.updated),
            scan: time::write(finished),
        }),
    }
}

impl Finding {
    /// The rating on the scale of policies.
    pub(crate) fn severity(&self) -> Severity {
        Severity::of_score(&self.score)
    }
}

#[cfg(test)]
mod tests;
