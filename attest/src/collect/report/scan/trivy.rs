//! Trivy's JSON, schema 2 (trivy pkg/types/report.go): `trivy image --format json`, and of a file
//! system, which names no image.
//!
//! Read are the scan's names and times, vulnerabilities, and what `--show-suppressed` shows. Not
//! read is anything that filters: `--severity`, `--ignore-unfixed` and ignore files leave no trace.

use evidence::predicate::vulns::{Filtered, Fix};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{
    super::{Refused, ReportFile, ended},
    FINDINGS, Finding, LeftOut, Names, Of, Place, Ran, ScanReport, Suppressed, TRIVY,
    pieces::{Document, List, said, texts, too_many},
    purl,
};

/// The name of the format in messages.
const FORMAT: &str = "Trivy JSON";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Report<'a> {
    #[serde(borrow, default)]
    trivy: Option<&'a RawValue>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    artifact_type: Option<String>,
    #[serde(borrow, default)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow, default)]
    results: Option<List<'a>>,
}

#[derive(Default, Deserialize)]
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
    #[serde(deserialize_with = "texts")]
    repo_digests: Vec<String>,
}

/// Absent lists are how Trivy says "none" (Go's `omitempty`).
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct OneResult<'a> {
    class: Option<String>,
    packages: Option<Vec<IgnoredAny>>,
    #[serde(borrow)]
    vulnerabilities: Option<List<'a>>,
    #[serde(borrow)]
    experimental_modified_findings: Option<List<'a>>,
    secrets: Option<Vec<IgnoredAny>>,
    misconfigurations: Option<Vec<IgnoredAny>>,
    licenses: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Vulnerability<'a> {
    #[serde(rename = "VulnerabilityID")]
    id: String,
    #[serde(default)]
    pkg_name: Option<String>,
    #[serde(borrow, default)]
    pkg_identifier: Option<&'a RawValue>,
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

#[derive(Default, Deserialize)]
struct Identifier {
    #[serde(rename = "PURL", default)]
    purl: Option<String>,
}

/// A finding that an ignore file or a VEX document changed (trivy pkg/types/finding.go).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Modified<'a> {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    statement: Option<String>,
    #[serde(default)]
    source: Option<String>,
    #[serde(borrow, default)]
    finding: Option<&'a RawValue>,
}

/// The finding inside, of which kind ever.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ModifiedVulnerability<'a> {
    #[serde(rename = "VulnerabilityID")]
    id: Option<String>,
    pkg_name: Option<String>,
    #[serde(borrow)]
    pkg_identifier: Option<&'a RawValue>,
    installed_version: Option<String>,
    severity: Option<String>,
}

/// Reads a report; `format::of` has found out that it is one.
pub(super) fn read(file: &ReportFile) -> Result<ScanReport, Refused> {
    let document = Document::new(file, FORMAT);
    let report: Report<'_> = document.whole()?;
    let metadata: Metadata = document.maybe(report.metadata)?;
    let tool: Tool = document.maybe(report.trivy)?;
    let version = said(tool.version);
    let mut read = ScanReport {
        file: file.described(),
        tool: "trivy".to_owned(),
        uri: purl(TRIVY, version.as_deref()),
        version,
        database: None,
        finished: ended::stated_in(&file.path, report.created_at.as_deref())?,
        owes_end: true,
        of: of(report.artifact_type.as_deref()),
        ran: Ran::Claimed,
        names: Names {
            config: said(metadata.image_id),
            manifests: metadata.repo_digests,
            layers: Vec::new(),
        },
        findings: Vec::new(),
        suppressed: Vec::new(),
        filtered: Filtered::Unknown,
        filters: Vec::new(),
        left_out: LeftOut::default(),
    };
    let mut ran = None;
    document.each(report.results, |result| {
        let shown = add(&mut read, document, result)?;
        // A result that shows it does so for all of them.
        ran = if ran == Some(Ran::Shown) { ran } else { shown.or(ran) };
        Ok(())
    })?;
    read.ran = ran.ok_or_else(|| Refused::NoScan { file: file.path.clone() })?;
    if !read.suppressed.is_empty() {
        read.filtered = Filtered::Yes;
    }
    Ok(read)
}

fn of(artifact_type: Option<&str>) -> Of {
    match artifact_type {
        Some("container_image") => Of::Image,
        Some("cyclonedx" | "spdx") => Of::Sbom,
        _ => Of::Other,
    }
}

/// Adds a result, and gives how sure it makes that vulnerabilities were looked for: `None` for one of
/// other matters.
fn add<'a>(
    read: &mut ScanReport,
    document: Document<'a>,
    result: OneResult<'a>,
) -> Result<Option<Ran>, Refused> {
    let before = read.findings.len() + read.suppressed.len();
    document.each(result.vulnerabilities, |found: Vulnerability<'a>| {
        read.findings.push(finding(document, found)?);
        if read.findings.len() > FINDINGS { Err(too_many()) } else { Ok(()) }
    })?;
    document.each(result.experimental_modified_findings, |modified: Modified<'a>| {
        match modified.kind.as_str() {
            "vulnerability" => read.suppressed.push(suppressed(document, modified)?),
            "secret" => read.left_out.secrets += 1,
            "misconfiguration" => read.left_out.misconfigurations += 1,
            _ => read.left_out.licenses += 1,
        }
        if read.suppressed.len() > FINDINGS { Err(too_many()) } else { Ok(()) }
    })?;
    read.left_out.secrets += count(result.secrets.as_deref());
    read.left_out.misconfigurations += count(result.misconfigurations.as_deref());
    read.left_out.licenses += count(result.licenses.as_deref());
    let packages = matches!(result.class.as_deref(), Some("os-pkgs" | "lang-pkgs"));
    let found = read.findings.len() + read.suppressed.len() > before;
    let listed = count(result.packages.as_deref()) > 0;
    Ok(packages.then_some(match (found, listed) {
        // A result of packages that lists none is there for its vulnerabilities alone.
        (true, _) | (false, false) => Ran::Shown,
        (false, true) => Ran::Claimed,
    }))
}

fn count(list: Option<&[IgnoredAny]>) -> u64 {
    list.map_or(0, |list| u64::try_from(list.len()).unwrap_or(u64::MAX))
}

fn finding<'a>(document: Document<'a>, found: Vulnerability<'a>) -> Result<Finding, Refused> {
    let status = said(found.status);
    let identifier: Identifier = document.maybe(found.pkg_identifier)?;
    Ok(Finding {
        id: found.id,
        aliases: Vec::new(),
        rated_by: said(found.severity_source).unwrap_or_else(|| "trivy".to_owned()),
        score: said(found.severity).unwrap_or_else(|| "UNKNOWN".to_owned()),
        place: Place {
            package: said(found.pkg_name),
            installed: said(found.installed_version),
            purl: said(identifier.purl),
        },
        fix: fix(said(found.fixed_version), status.as_deref()),
        status,
    })
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

fn suppressed<'a>(document: Document<'a>, modified: Modified<'a>) -> Result<Suppressed, Refused> {
    let found: ModifiedVulnerability<'_> = document.maybe(modified.finding)?;
    let identifier: Identifier = document.maybe(found.pkg_identifier)?;
    Ok(Suppressed {
        id: found.id.unwrap_or_default(),
        status: said(modified.status),
        source: said(modified.source),
        statement: said(modified.statement),
        score: said(found.severity).unwrap_or_else(|| "UNKNOWN".to_owned()),
        place: Place {
            package: said(found.pkg_name),
            installed: said(found.installed_version),
            purl: said(identifier.purl),
        },
    })
}
