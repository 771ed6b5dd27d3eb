//! in-toto vulns v0.2 and v0.1, and cosign's vuln v1 around a Trivy or Grype report.
//!
//! The extension member `attest_scan` is described in docs/predicates/vulns.md.

use std::fmt;

use serde::{
    Deserialize, Serialize,
    de::{IgnoredAny, Visitor},
};

use super::{Unreadable, View, direct::Written, from_value, optional_instant};
use crate::{json::Value, time::Timestamp};

/// The extension member: how the report was bound to the image, and what it left out.
pub const MEMBER: &str = "attest_scan";

crate::words! {
    /// How bad a finding is, in the order of badness; `Unknown` may be any of them.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    pub enum Severity {
        /// The scanner does not say.
        Unknown = "unknown",
        /// Low, negligible or none.
        Low = "low",
        /// Medium.
        Medium = "medium",
        /// High.
        High = "high",
        /// Critical.
        Critical = "critical",
    }
}

impl Severity {
    /// Reads a score: a word, or a bare number by the CVSS v3.1 bands (specification, section 5).
    pub fn of_score(score: &str) -> Self {
        match score.trim().to_ascii_lowercase().as_str() {
            "critical" => Self::Critical,
            "high" | "important" => Self::High,
            "medium" | "moderate" => Self::Medium,
            "low" | "minor" | "negligible" | "none" | "informational" => Self::Low,
            other => match other.parse::<f64>() {
                Ok(number) if (0.0..4.0).contains(&number) => Self::Low,
                Ok(number) if (4.0..7.0).contains(&number) => Self::Medium,
                Ok(number) if (7.0..9.0).contains(&number) => Self::High,
                Ok(number) if (9.0..=10.0).contains(&number) => Self::Critical,
                _ => Self::Unknown,
            },
        }
    }
}

/// Whether a finding can be mended by an upgrade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// Fixed in this version.
    In(String),
    /// The report says that there is no fix.
    NoneYet,
    /// The report has no word on fixes.
    Unsaid,
}

/// Whether findings were taken out before the report was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Filtered {
    /// Nothing was.
    No,
    /// Nobody says.
    Unknown,
    /// Some may have been: by severity, by state, by an ignore file.
    Yes,
}

impl Filtered {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Unknown => "unknown",
            Self::Yes => "yes",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vulnerability {
    /// `CVE-2026-31337`.
    pub id: String,
    /// The highest severity stated.
    pub severity: Severity,
    /// A severity beside it says nothing that can be read: it may be worse than the highest.
    pub unsure: bool,
    /// The package and its version, for people.
    pub package: Option<String>,
    /// Whether it can be mended.
    pub fix: Fix,
}

/// What a scanner found.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// The scanner's URI.
    pub scanner: String,
    /// The last segment of that URI, lower case, no version: `trivy`.
    pub tool: String,
    /// The scanner's version.
    pub version: Option<String>,
    /// When the scanner's database was last updated.
    pub database: Option<Timestamp>,
    /// When the scan ended.
    pub finished: Option<Timestamp>,
    /// What was found.
    pub findings: Vec<Vulnerability>,
    /// Whether the report named the image; `None` where the predicate does not say.
    pub bound: Option<bool>,
    /// Whether findings were taken out before; `None` where the predicate does not say.
    pub filtered: Option<Filtered>,
    /// How many findings the report had suppressed.
    pub suppressed: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wire<R> {
    scanner: WireScanner<R>,
    #[serde(default)]
    metadata: WireMetadata,
    #[serde(rename = "attest_scan", default)]
    attest_scan: WireMember,
}

#[derive(Deserialize)]
struct WireScanner<R> {
    uri: String,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    db: WireDatabase,
    result: R,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireDatabase {
    last_update: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireMetadata {
    scan_finished_on: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireMember {
    bound: Option<String>,
    filtered: Option<Filtered>,
    suppressed: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
pub(super) struct WireFinding {
    id: String,
    severity: Vec<WireSeverity>,
    #[serde(default)]
    annotations: Vec<WireAnnotation>,
}

#[derive(Deserialize)]
struct WireSeverity {
    score: WireScore,
}

/// The specification says string; numbers are seen in the wild.
struct WireScore(Severity);

impl<'de> Deserialize<'de> for WireScore {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScoreVisitor)
    }
}

struct ScoreVisitor;

impl Visitor<'_> for ScoreVisitor {
    type Value = WireScore;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a score")
    }

    fn visit_str<E>(self, text: &str) -> Result<WireScore, E> {
        Ok(WireScore(Severity::of_score(text)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<WireScore, E> {
        Ok(WireScore(Severity::of_score(&number.to_string())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<WireScore, E> {
        Ok(WireScore(Severity::of_score(&number.to_string())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<WireScore, E> {
        Ok(WireScore(Severity::of_score(&number.to_string())))
    }
}

/// The members that `attest` writes; the standard leaves annotations open.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireAnnotation {
    package: Option<String>,
    installed_version: Option<String>,
    fixed_version: Option<String>,
    fix: Option<String>,
}

pub(super) fn read(predicate: &Value) -> Result<Scan, Unreadable> {
    let (wire, result) = apart(from_value::<Wire<Value>>(predicate, "vulnerability scan")?);
    let findings: Vec<WireFinding> = from_value(&result, "scanner.result")?;
    scan(wire, findings.into_iter().map(finding).collect())
}

impl Written for Wire<Vec<WireFinding>> {
    fn view(self) -> Result<View, Unreadable> {
        let (wire, findings) = apart(self);
        scan(wire, findings.into_iter().map(finding).collect()).map(View::Scan)
    }
}

impl Written for Wire<Value> {
    fn view(self) -> Result<View, Unreadable> {
        let (wire, result) = apart(self);
        scan(wire, report_findings(&result)?).map(View::Scan)
    }
}

/// A scan without its result, and the result.
fn apart<R>(wire: Wire<R>) -> (Wire<()>, R) {
    let WireScanner { uri, version, db, result } = wire.scanner;
    let scanner = WireScanner { uri, version, db, result: () };
    (Wire { scanner, metadata: wire.metadata, attest_scan: wire.attest_scan }, result)
}

pub(super) fn read_cosign(predicate: &Value) -> Result<Scan, Unreadable> {
    let (wire, result) = apart(from_value::<Wire<Value>>(predicate, "vulnerability scan")?);
    scan(wire, report_findings(&result)?)
}

fn scan(wire: Wire<()>, findings: Vec<Vulnerability>) -> Result<Scan, Unreadable> {
    let WireScanner { uri: scanner, version, db, result: _ } = wire.scanner;
    let tool = tool_of(&scanner).ok_or_else(|| Unreadable::Member {
        member: "scanner.uri",
        problem: "it names no tool".to_owned(),
    })?;
    // An empty or unset time says nothing; Trivy's cosign-vuln output leaves `db` empty.
    let stated = |text: Option<String>| text.filter(|text| !text.is_empty());
    Ok(Scan {
        tool,
        scanner,
        version,
        database: optional_instant(stated(db.last_update).as_deref(), "scanner.db.lastUpdate")?,
        finished: optional_instant(
            stated(wire.metadata.scan_finished_on).as_deref(),
            "metadata.scanFinishedOn",
        )?,
        findings,
        bound: wire.attest_scan.bound.map(|bound| bound != "none"),
        filtered: wire.attest_scan.filtered,
        suppressed: wire
            .attest_scan
            .suppressed
            .map_or(0, |list| u64::try_from(list.len()).unwrap_or(u64::MAX)),
    })
}

/// `pkg:github/aquasecurity/trivy@0.76.0` and `https://github.com/anchore/grype/` name their tool
/// by the last segment, without version.
pub fn tool_of(uri: &str) -> Option<String> {
    let path = uri.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let last = path.rsplit(['/', ':']).next().unwrap_or_default();
    let tool = last.split('@').next().unwrap_or_default().to_ascii_lowercase();
    (!tool.is_empty()).then_some(tool)
}

fn finding(wire: WireFinding) -> Vulnerability {
    // A fix that any annotation names is one; none is there only if all that speak of it say so.
    let fixed = wire.annotations.iter().filter_map(|note| note.fixed_version.clone());
    let words = || wire.annotations.iter().filter_map(|note| note.fix.as_deref());
    let fix = match fixed.into_iter().find(|version| !version.is_empty()) {
        Some(version) => Fix::In(version),
        None if words().next().is_some() && words().all(|word| word == "none") => Fix::NoneYet,
        None => Fix::Unsaid,
    };
    let severities = || wire.severity.iter().map(|s| s.score.0);
    let note = wire.annotations.into_iter().next().unwrap_or_default();
    Vulnerability {
        id: wire.id,
        severity: highest(severities()),
        unsure: severities().min().is_none_or(|lowest| lowest == Severity::Unknown),
        package: note.package.map(|package| match note.installed_version {
            Some(version) => format!("{package} {version}"),
            None => package,
        }),
        fix,
    }
}

/// Of several severities the highest counts.
fn highest(severities: impl Iterator<Item = Severity>) -> Severity {
    severities.max().unwrap_or(Severity::Unknown)
}

/// The findings of a scanner's own report inside cosign's vuln v1.
fn report_findings(report: &Value) -> Result<Vec<Vulnerability>, Unreadable> {
    if let Some(results) = report.get("Results") {
        let results: Vec<TrivyResult> = from_value(results, "scanner.result.Results")?;
        return Ok(results.into_iter().flat_map(|r| r.vulnerabilities).map(trivy).collect());
    }
    if let Some(matches) = report.get("matches") {
        let matches: Vec<GrypeMatch> = from_value(matches, "scanner.result.matches")?;
        return Ok(matches.into_iter().map(grype).collect());
    }
    Err(Unreadable::Format)
}

#[derive(Deserialize)]
struct TrivyResult {
    #[serde(rename = "Vulnerabilities", default)]
    vulnerabilities: Vec<TrivyFinding>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TrivyFinding {
    #[serde(rename = "VulnerabilityID")]
    id: String,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    pkg_name: Option<String>,
    #[serde(default)]
    fixed_version: Option<String>,
    #[serde(default)]
    status: Option<String>,
}

fn trivy(finding: TrivyFinding) -> Vulnerability {
    let fix = match (finding.fixed_version, finding.status.as_deref()) {
        (Some(version), _) if !version.is_empty() => Fix::In(version),
        // trivy-db pkg/types/status.go. A word that is not known says nothing about fixes.
        (
            _,
            Some(
                "affected"
                | "end_of_life"
                | "fix_deferred"
                | "under_investigation"
                | "will_not_fix",
            ),
        ) => Fix::NoneYet,
        _ => Fix::Unsaid,
    };
    let severity = Severity::of_score(&finding.severity);
    let unsure = severity == Severity::Unknown;
    Vulnerability { id: finding.id, severity, unsure, package: finding.pkg_name, fix }
}

#[derive(Deserialize)]
struct GrypeMatch {
    vulnerability: GrypeVulnerability,
    #[serde(default)]
    artifact: GrypeArtifact,
}

#[derive(Deserialize)]
struct GrypeVulnerability {
    id: String,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    fix: GrypeFix,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GrypeFix {
    versions: Vec<String>,
    state: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GrypeArtifact {
    name: Option<String>,
}

fn grype(found: GrypeMatch) -> Vulnerability {
    let fix = match (
        found.vulnerability.fix.versions.into_iter().next(),
        found.vulnerability.fix.state,
    ) {
        (Some(version), _) => Fix::In(version),
        (None, state) if state == "not-fixed" || state == "wont-fix" => Fix::NoneYet,
        (None, _) => Fix::Unsaid,
    };
    let severity = Severity::of_score(&found.vulnerability.severity);
    Vulnerability {
        id: found.vulnerability.id,
        severity,
        unsure: severity == Severity::Unknown,
        package: found.artifact.name,
        fix,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_words_or_cvss_bands() {
        assert_eq!(Severity::of_score("CRITICAL"), Severity::Critical);
        assert_eq!(Severity::of_score("9.0"), Severity::Critical);
        assert_eq!(Severity::of_score("8.9"), Severity::High);
        assert_eq!(Severity::of_score("6.95"), Severity::Medium);
        for odd in ["11", "-1", "NaN", "", "CVSS:3.1/AV:N"] {
            assert_eq!(Severity::of_score(odd), Severity::Unknown, "{odd}");
        }
    }

    #[test]
    fn a_score_that_cannot_be_read_leaves_a_finding_unsure() {
        let finding = |severity: Value| {
            let result = crate::json::json!([{"id": "CVE-2099-1", "severity": severity}]);
            let predicate = crate::json::json!({"scanner": {"uri": "trivy", "result": result}});
            let finding = read(&predicate).unwrap().findings.remove(0);
            (finding.severity, finding.unsure)
        };
        let [low, vector] = ["low", "CVSS:3.1/AV:N"].map(|s| crate::json::json!({"score": s}));
        assert_eq!(finding(crate::json::json!([low])), (Severity::Low, false));
        assert_eq!(finding(crate::json::json!([low, vector])), (Severity::Low, true));
        assert_eq!(finding(crate::json::json!([vector])), (Severity::Unknown, true));
        assert_eq!(finding(crate::json::json!([])), (Severity::Unknown, true));
    }

    #[test]
    fn a_tool_is_the_last_segment_of_its_uri() {
        assert_eq!(tool_of("pkg:github/aquasecurity/trivy@0.76.0").as_deref(), Some("trivy"));
        assert_eq!(tool_of("https://github.com/anchore/Grype/").as_deref(), Some("grype"));
        assert_eq!(tool_of("/"), None);
    }

    #[test]
    fn the_extension_member_is_read_by_its_name() {
        let predicate = |bound: &str| {
            crate::json::json!({
                "scanner": {"uri": "pkg:github/aquasecurity/trivy", "result": []},
                "attest_scan": {
                    "bound": bound, "filtered": "yes", "suppressed": [{"id": "CVE-2099-1"}],
                },
            })
        };
        let scan = read(&predicate("config")).unwrap();
        assert_eq!((scan.bound, scan.suppressed), (Some(true), 1));
        assert_eq!(scan.filtered, Some(Filtered::Yes));
        assert_eq!(read(&predicate("none")).unwrap().bound, Some(false));
    }

    #[test]
    fn a_state_that_is_not_known_says_nothing_of_fixes() {
        let fix = |status: &str| {
            let report = crate::json::json!({"Results": [{"Vulnerabilities": [
                {"VulnerabilityID": "CVE-2099-1", "Status": status},
            ]}]});
            report_findings(&report).unwrap()[0].fix.clone()
        };
        assert_eq!(fix("will_not_fix"), Fix::NoneYet);
        assert_eq!(fix("brand_new"), Fix::Unsaid);
    }
}
