//! A scanner's report, read: what was found, by which scanner, with which database, of what.
//!
//! The dialects (`trivy`, `grype`, `osv`, `sarif`) make a [`ScanReport`]; `bind` decides whether it
//! is about the image. What a report suppressed or says of other matters is kept beside the
//! findings, never among them, and nothing is rated here: the severity is the tool's own word.

pub(crate) mod asked;
pub(crate) mod bind;
mod format;
mod grype;
mod osv;
mod pieces;
mod sarif;
mod trivy;
mod version;

use evidence::{
    predicate::vulns::{Filtered, Fix, Severity},
    time::{self, Timestamp},
};

use super::{Described, Refused, ReportFile, ended};

/// Findings per attestation; an image of 3,000 packages has some thousands.
pub(crate) const FINDINGS: usize = 100_000;

/// The package URL of Grype.
const GRYPE: &str = "pkg:github/anchore/grype";
/// The package URL of OSV-Scanner.
const OSV_SCANNER: &str = "pkg:github/google/osv-scanner";
/// The package URL of Trivy.
const TRIVY: &str = "pkg:github/aquasecurity/trivy";

/// A scanner's report.
#[derive(Clone, Debug)]
pub(crate) struct ScanReport {
    /// The file.
    pub(crate) file: Described,
    /// The scanner's name: `trivy`.
    pub(crate) tool: String,
    /// Its URI, a purl with its version where that is known.
    pub(crate) uri: String,
    /// Its version.
    pub(crate) version: Option<String>,
    /// The database that it used, where somebody says so.
    pub(crate) database: Option<Database>,
    /// When the scan ended.
    pub(crate) finished: Option<Timestamp>,
    /// Whether reports of this format state that time.
    pub(crate) owes_end: bool,
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
    /// Whether findings were taken out.
    pub(crate) filtered: Filtered,
    /// By what, as far as it is known: `--only-fixed`.
    pub(crate) filters: Vec<String>,
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
    /// The report does not tell an image from its bill of materials.
    Unknown,
}

impl Of {
    /// The word in `attest_scan.of`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Other => "other",
            Self::Sbom => "sbom",
            Self::Unknown => "unknown",
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
    /// The digests of the layers before compression, the lowest first.
    pub(crate) layers: Vec<String>,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// `CVE-2026-31337`.
    pub(crate) id: String,
    /// Other ids of the same, as far as the report has them.
    pub(crate) aliases: Vec<String>,
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
            format::Format::Grype => reports.push(grype::read(file)?),
            format::Format::OsvScanner => reports.push(osv::read(file)?),
            format::Format::Sarif => reports.push(sarif::read(file)?),
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
        match report.database {
            Some(known) if known.updated != updated => {
                let version = versions.first().map(|version| version.file.clone());
                let file = version.unwrap_or(report.file.name);
                return Err(Refused::DatabaseTwice { file });
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

/// Refuses a report without the time that its format states: read without having been watched, nobody
/// could tell its age.
pub(crate) fn must_be_dated(report: &ScanReport) -> Result<(), Refused> {
    if report.owes_end && report.finished.is_none() {
        return Err(Refused::NoTime { file: report.file.name.clone() });
    }
    Ok(())
}

/// Whether a file is no report but what `trivy version --format json` wrote.
pub(crate) fn is_version(file: &ReportFile) -> bool {
    format::of(file) == Ok(format::Format::TrivyVersion)
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

/// A package URL with its version. A `+` or `%` would be read as something else in one (purl-spec,
/// encoding).
fn purl(base: &str, version: Option<&str>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_~".contains(c);
    match version {
        Some(version) if version.chars().all(|c| plain(c) || c == '+') => {
            format!("{base}@{}", version.replace('+', "%2B"))
        }
        _ => base.to_owned(),
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
