//! Trivy's JSON, schema 2 (trivy pkg/types/report.go): `trivy image --format json`.
//!
//! Read are the scan's names and times, vulnerabilities, and what `--show-suppressed` shows. Not
//! read is anything that filters: `--severity`, `--ignore-unfixed` and ignore files leave no trace.

use evidence::predicate::vulns::Fix;
use serde::{Deserialize, de::IgnoredAny};

use super::{
    super::{Refused, ReportFile, ended, refused::Counted},
    FINDINGS, Finding, LeftOut, Names, Of, Place, Ran, ScanReport, Suppressed, format,
};

/// The name of the format in messages.
const FORMAT: &str = "Trivy JSON";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    #[serde(default)]
    trivy: Option<Tool>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    artifact_type: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
    #[serde(default)]
    results: Option<Vec<OneResult>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tool {
    #[serde(default)]
    version: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Metadata {
    #[serde(rename = "ImageID")]
    image_id: Option<String>,
    repo_digests: Option<Vec<String>>,
}

/// Absent lists are how Trivy says "none" (Go's `omitempty`).
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct OneResult {
    class: Option<String>,
    packages: Option<Vec<IgnoredAny>>,
    vulnerabilities: Option<Vec<Vulnerability>>,
    experimental_modified_findings: Option<Vec<Modified>>,
    secrets: Option<Vec<IgnoredAny>>,
    misconfigurations: Option<Vec<IgnoredAny>>,
    licenses: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Vulnerability {
    #[serde(rename = "VulnerabilityID")]
    id: String,
    #[serde(default)]
    pkg_name: Option<String>,
    #[serde(default)]
    pkg_identifier: Option<Identifier>,
    #[serde(default)]
    installed_version: Option<String>,
    #[serde(default)]
    fixed_version: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    severity_source: Option<String>,
    #[serde(default)]
    severity: Option<String>,
}

#[derive(Deserialize)]
struct Identifier {
    #[serde(rename = "PURL", default)]
    purl: Option<String>,
}

/// A finding that an ignore file or a VEX document changed (trivy pkg/types/finding.go).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Modified {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    statement: Option<String>,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    finding: Option<ModifiedVulnerability>,
}

/// The finding inside, of which kind ever.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ModifiedVulnerability {
    #[serde(rename = "VulnerabilityID")]
    id: Option<String>,
    pkg_name: Option<String>,
    pkg_identifier: Option<Identifier>,
    installed_version: Option<String>,
    severity: Option<String>,
}

/// Reads a report; `format::of` has found out that it is one.
pub(super) fn read(file: &ReportFile) -> Result<ScanReport, Refused> {
    let report: Report = serde_json::from_slice(&file.bytes)
        .map_err(|error| format::unreadable(file, FORMAT, &error))?;
    let results = report.results.unwrap_or_default();
    let ran = ran(&results).ok_or_else(|| Refused::NoScan { file: file.path.clone() })?;
    let metadata = report.metadata.unwrap_or_default();
    let version = report.trivy.and_then(|tool| said(tool.version));
    let mut read = ScanReport {
        file: file.described(),
        tool: "trivy",
        uri: uri(version.as_deref()),
        version,
        database: None,
        finished: report.created_at.as_deref().and_then(ended::stated),
        of: of(report.artifact_type.as_deref()),
        ran,
        names: Names {
            config: said(metadata.image_id),
            manifests: metadata.repo_digests.unwrap_or_default(),
        },
        findings: Vec::new(),
        suppressed: Vec::new(),
        left_out: LeftOut::default(),
    };
    results.into_iter().for_each(|result| add(&mut read, result));
    if read.findings.len().max(read.suppressed.len()) > FINDINGS {
        let limit = u64::try_from(FINDINGS).unwrap_or(u64::MAX);
        return Err(Refused::TooMany { what: Counted::Findings, limit });
    }
    Ok(read)
}

/// The scanner's purl. A `+` or `%` would be read as something else in one (purl-spec, encoding).
pub(super) fn uri(version: Option<&str>) -> String {
    const NAME: &str = "pkg:github/aquasecurity/trivy";
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_~".contains(c);
    match version {
        Some(version) if version.chars().all(|c| plain(c) || c == '+') => {
            format!("{NAME}@{}", version.replace('+', "%2B"))
        }
        _ => NAME.to_owned(),
    }
}

/// Whether a vulnerability scan ran: `None` if nothing in the report is of one.
fn ran(results: &[OneResult]) -> Option<Ran> {
    let packages =
        |result: &&OneResult| matches!(result.class.as_deref(), Some("os-pkgs" | "lang-pkgs"));
    results.iter().filter(packages).map(OneResult::ran).max_by_key(|ran| *ran == Ran::Shown)
}

fn of(artifact_type: Option<&str>) -> Of {
    match artifact_type {
        Some("container_image") => Of::Image,
        Some("cyclonedx" | "spdx") => Of::Sbom,
        _ => Of::Other,
    }
}

/// An empty text says nothing.
fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

impl OneResult {
    /// A result of packages that lists none is there for its vulnerabilities alone.
    fn ran(&self) -> Ran {
        let vulnerabilities = self.vulnerabilities.as_ref().is_some_and(|list| !list.is_empty());
        let modified = self
            .experimental_modified_findings
            .iter()
            .flatten()
            .any(|modified| modified.kind == "vulnerability");
        let listed = self.packages.as_ref().is_some_and(|list| !list.is_empty());
        if vulnerabilities || modified || !listed { Ran::Shown } else { Ran::Claimed }
    }
}

fn add(read: &mut ScanReport, result: OneResult) {
    read.findings.extend(result.vulnerabilities.into_iter().flatten().map(finding));
    for modified in result.experimental_modified_findings.into_iter().flatten() {
        match modified.kind.as_str() {
            "vulnerability" => read.suppressed.push(suppressed(modified)),
            "secret" => read.left_out.secrets += 1,
            "misconfiguration" => read.left_out.misconfigurations += 1,
            _ => read.left_out.licenses += 1,
        }
    }
    read.left_out.secrets += count(result.secrets.as_deref());
    read.left_out.misconfigurations += count(result.misconfigurations.as_deref());
    read.left_out.licenses += count(result.licenses.as_deref());
}

fn count(list: Option<&[IgnoredAny]>) -> u64 {
    list.map_or(0, |list| u64::try_from(list.len()).unwrap_or(u64::MAX))
}

fn finding(found: Vulnerability) -> Finding {
    let status = said(found.status);
    Finding {
        id: found.id,
        rated_by: said(found.severity_source).unwrap_or_else(|| "trivy".to_owned()),
        score: said(found.severity).unwrap_or_else(|| "UNKNOWN".to_owned()),
        place: Place {
            package: said(found.pkg_name),
            installed: said(found.installed_version),
            purl: found.pkg_identifier.and_then(|identifier| said(identifier.purl)),
        },
        fix: fix(said(found.fixed_version), status.as_deref()),
        status,
    }
}

/// The words of trivy-db pkg/types/status.go under which there is nothing to upgrade to. A word that
/// is not known says nothing about fixes.
fn fix(fixed: Option<String>, status: Option<&str>) -> Fix {
    match (fixed, status) {
        (Some(version), _) => Fix::In(version),
        (
            None,
            Some(
                "affected"
                | "end_of_life"
                | "fix_deferred"
                | "under_investigation"
                | "will_not_fix",
            ),
        ) => Fix::NoneYet,
        (None, _) => Fix::Unsaid,
    }
}

fn suppressed(modified: Modified) -> Suppressed {
    let found = modified.finding.unwrap_or_default();
    Suppressed {
        id: found.id.unwrap_or_default(),
        status: said(modified.status),
        source: said(modified.source),
        statement: said(modified.statement),
        score: said(found.severity).unwrap_or_else(|| "UNKNOWN".to_owned()),
        place: Place {
            package: said(found.pkg_name),
            installed: said(found.installed_version),
            purl: found.pkg_identifier.and_then(|identifier| said(identifier.purl)),
        },
    }
}
