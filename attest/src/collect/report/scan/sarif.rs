//! SARIF 2.1.0 (OASIS), of Trivy, Grype, OSV-Scanner and of any other scanner.
//!
//! SARIF was made for code: a finding has a rule, and the rule a number of how bad it is. 0.0 stands
//! there for what the scanner does not know (Trivy, Grype), so it is taken for that. Trivy alone
//! writes the image's names, into the properties of the run; and only of Trivy are rules told apart
//! that are no vulnerabilities. A report without results does not show what was looked for.

use evidence::predicate::vulns::{Filtered, Fix};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    super::{Refused, ReportFile, ended, refused::Looks},
    FINDINGS, Finding, GRYPE, LeftOut, Names, OSV_SCANNER, Of, Place, Ran, ScanReport, Suppressed,
    TRIVY,
    pieces::{Document, List, said, texts, too_many},
    purl,
};

mod rule;

use self::rule::{About, Matter, Rated, Rules};

/// The name of the format in messages.
const FORMAT: &str = "SARIF";

#[derive(Deserialize)]
struct Log<'a> {
    #[serde(borrow)]
    runs: Option<List<'a>>,
}

#[derive(Deserialize)]
struct Run<'a> {
    #[serde(borrow)]
    tool: &'a RawValue,
    #[serde(borrow, default)]
    invocations: Option<List<'a>>,
    #[serde(borrow, default)]
    results: Option<List<'a>>,
    #[serde(borrow, default)]
    properties: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Tool<'a> {
    #[serde(borrow)]
    driver: &'a RawValue,
    #[serde(borrow, default)]
    extensions: Option<List<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Component<'a> {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    semantic_version: Option<String>,
    #[serde(borrow, default)]
    rules: Option<List<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    #[serde(default)]
    end_time_utc: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Properties {
    #[serde(rename = "imageID")]
    image_id: Option<String>,
    #[serde(deserialize_with = "texts")]
    repo_digests: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OneResult<'a> {
    #[serde(default)]
    rule_id: Option<String>,
    #[serde(default)]
    rule_index: Option<i64>,
    #[serde(borrow, default)]
    rule: Option<&'a RawValue>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    baseline_state: Option<String>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    properties: Option<&'a RawValue>,
    #[serde(borrow, default)]
    suppressions: Option<List<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference {
    id: Option<String>,
    index: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    text: Option<String>,
}

#[derive(Deserialize)]
struct Suppression {
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    justification: Option<String>,
}

/// Reads a report; `format::of` has found out that it is one.
pub(super) fn read(file: &ReportFile) -> Result<ScanReport, Refused> {
    let document = Document::new(file, FORMAT);
    let log: Log<'_> = document.whole()?;
    let mut read: Option<ScanReport> = None;
    let mut others = 0_u64;
    document.each(log.runs, |run: Run<'_>| {
        let Tool { driver, extensions } = document.object(run.tool)?;
        let driver: Component<'_> = document.object(driver)?;
        let begun = begin(file, driver.name, driver.semantic_version.or(driver.version))?;
        let report = match &mut read {
            Some(report) if report.tool != begun.tool => {
                return Err(Refused::ReportCount { reports: 2, versions: 0 });
            }
            Some(report) => report,
            none => none.insert(begun),
        };
        let mut rules = Rules::default();
        rules.add(document, driver.rules)?;
        document
            .each(extensions, |extension: Component<'_>| rules.add(document, extension.rules))?;
        others += add(document, report, &rules, run.results)?;
        told(document, report, run.invocations, run.properties)
    })?;
    let mut read = read.ok_or_else(|| Refused::NoScan { file: file.path.clone() })?;
    let seen = !read.findings.is_empty() || !read.suppressed.is_empty();
    read.ran = match (seen, others) {
        (true, _) => Ran::Shown,
        // Something was looked for, and no sign of this.
        (false, 1..) => return Err(Refused::NoScan { file: file.path.clone() }),
        (false, 0) if read.tool == "grype" || read.tool == "osv-scanner" => Ran::Shown,
        (false, 0) => Ran::Claimed,
    };
    Ok(read)
}

/// A report without findings, of this tool.
fn begin(
    file: &ReportFile,
    name: Option<String>,
    version: Option<String>,
) -> Result<ScanReport, Refused> {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let tool: String = name
        .unwrap_or_default()
        .trim()
        .chars()
        .take(NAME)
        .map(|c| if plain(c) { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let base = match tool.as_str() {
        // A policy selects scans by the tool's name.
        "" => {
            let looks = Looks::Like("SARIF of a tool without a name");
            return Err(Refused::UnknownFormat { file: file.path.clone(), looks });
        }
        "trivy" => TRIVY.to_owned(),
        "grype" => GRYPE.to_owned(),
        "osv-scanner" => OSV_SCANNER.to_owned(),
        other => format!("pkg:generic/{other}"),
    };
    let version = said(version);
    Ok(ScanReport {
        file: file.described(),
        uri: purl(&base, version.as_deref()),
        tool,
        version,
        database: None,
        finished: None,
        owes_end: false,
        of: Of::Unknown,
        ran: Ran::Claimed,
        names: Names::default(),
        findings: Vec::new(),
        suppressed: Vec::new(),
        filtered: Filtered::Unknown,
        filters: Vec::new(),
        left_out: LeftOut::default(),
    })
}

/// Characters of a tool's name.
const NAME: usize = 100;

/// Takes what a run says of itself: when it ended, and of which image it is.
fn told<'a>(
    document: Document<'a>,
    report: &mut ScanReport,
    invocations: Option<List<'a>>,
    properties: Option<&'a RawValue>,
) -> Result<(), Refused> {
    document.each(invocations, |Invocation { end_time_utc }| {
        let ended = ended::stated_in(document.path(), end_time_utc.as_deref())?;
        report.finished = report.finished.max(ended);
        Ok(())
    })?;
    let Some(properties) = properties.filter(|piece| piece.get() != "null") else { return Ok(()) };
    let Properties { image_id, repo_digests } = document.object(properties)?;
    let (config, manifests) = (said(image_id), repo_digests);
    if config.is_some() || !manifests.is_empty() {
        report.of = Of::Image;
        report.names = Names { config, manifests, layers: Vec::new() };
    }
    Ok(())
}

/// Adds the results of a run, and gives how many are of other matters.
fn add<'a>(
    document: Document<'a>,
    report: &mut ScanReport,
    rules: &Rules,
    results: Option<List<'a>>,
) -> Result<u64, Refused> {
    let mut others = 0;
    document.each(results, |result: OneResult<'a>| {
        // What passed, does not apply or is no longer there is no finding (SARIF 3.27.9, 3.27.24).
        let none = matches!(result.kind.as_deref(), Some("notApplicable" | "pass"));
        if none || result.baseline_state.as_deref() == Some("absent") {
            return Ok(());
        }
        let (id, about) = rules.of(document, &result)?;
        let number = match about.matter {
            Matter::Vulnerability => return finding(document, report, result, id, about),
            Matter::License => &mut report.left_out.licenses,
            Matter::Misconfiguration => &mut report.left_out.misconfigurations,
            Matter::Secret => &mut report.left_out.secrets,
        };
        *number += 1;
        others += 1;
        Ok(())
    })?;
    Ok(others)
}

fn finding<'a>(
    document: Document<'a>,
    report: &mut ScanReport,
    result: OneResult<'a>,
    id: String,
    about: &About,
) -> Result<(), Refused> {
    let message: Message = document.maybe(result.message)?;
    let text = message.text.unwrap_or_default();
    let own: Rated = document.maybe(result.properties)?;
    let score = about.word.clone().or(own.score()).or(about.score.clone());
    let (id, package) = about.split(id);
    let line = |label: &str| {
        // Trivy's message is a list of these; others may say anything here.
        let found = text.lines().find_map(|line| line.strip_prefix(label)).filter(|_| about.trivy);
        said(found.map(|value| value.trim().to_owned()))
    };
    let place = Place {
        package: line("Package:").or(package),
        installed: line("Installed Version:"),
        purl: about.purl.clone(),
    };
    let score = score.unwrap_or_else(|| "UNKNOWN".to_owned());
    let mut suppressed = None;
    document.each(result.suppressions, |suppression: Suppression| {
        // Asked for or refused is not granted (SARIF 3.35.3); not said is.
        if matches!(suppression.status.as_deref(), None | Some("accepted")) {
            suppressed.get_or_insert(suppression);
        }
        Ok(())
    })?;
    if let Some(Suppression { kind, justification, .. }) = suppressed {
        report.filtered = Filtered::Yes;
        let status = Some("suppressed".to_owned());
        let (source, statement) = (said(kind), said(justification));
        report.suppressed.push(Suppressed { id, status, source, statement, score, place });
        return Ok(());
    }
    report.findings.push(Finding {
        id,
        aliases: Vec::new(),
        rated_by: report.tool.clone(),
        score,
        fix: line("Fixed Version:").map_or(Fix::Unsaid, Fix::In),
        place,
        status: None,
    });
    if report.findings.len() > FINDINGS { Err(too_many()) } else { Ok(()) }
}
