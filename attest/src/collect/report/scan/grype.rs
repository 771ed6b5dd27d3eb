//! Grype's JSON (grype/presenter/models/document.go): `grype IMAGE -o json`.
//!
//! It admits what was taken out: ignore rules and VEX documents in `ignoredMatches`, the flags in
//! `descriptor.configuration`. It does not tell a scan of an image from one of the image's SBOM,
//! from which all the names are copied; so what was scanned is not known from the report alone.

use evidence::predicate::vulns::{Filtered, Fix};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    super::{Refused, ReportFile, ended},
    Database, FINDINGS, Finding, GRYPE, LeftOut, Names, Of, Place, Ran, ScanReport, Suppressed,
    pieces::{Document, List, said, texts, too_many},
    purl,
};

/// The name of the format in messages.
const FORMAT: &str = "Grype JSON";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    #[serde(borrow)]
    matches: Option<List<'a>>,
    #[serde(borrow, default)]
    ignored_matches: Option<List<'a>>,
    #[serde(borrow, default)]
    source: Option<&'a RawValue>,
    #[serde(borrow)]
    descriptor: &'a RawValue,
}

#[derive(Default, Deserialize)]
struct Source<'a> {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    /// An object for an image, a path for anything else.
    #[serde(borrow, default)]
    target: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Target {
    #[serde(rename = "imageID")]
    image_id: Option<String>,
    manifest_digest: Option<String>,
    #[serde(deserialize_with = "texts")]
    repo_digests: Vec<String>,
}

#[derive(Deserialize)]
struct Descriptor<'a> {
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(borrow, default)]
    db: Option<&'a RawValue>,
    #[serde(borrow, default)]
    configuration: Option<&'a RawValue>,
}

/// `built` stood beside the status until 0.87, and stands in it since.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WireDatabase<'a> {
    built: Option<String>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    built: Option<String>,
}

/// The flags that take findings out, as they stand there: their types have changed before.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Configuration<'a> {
    #[serde(borrow)]
    exclude: Option<&'a RawValue>,
    #[serde(borrow)]
    ignore_wontfix: Option<&'a RawValue>,
    #[serde(borrow)]
    only_fixed: Option<&'a RawValue>,
    #[serde(borrow)]
    only_notfixed: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Match<'a> {
    #[serde(borrow)]
    vulnerability: &'a RawValue,
    #[serde(borrow, default)]
    related_vulnerabilities: Option<List<'a>>,
    #[serde(borrow, default)]
    artifact: Option<&'a RawValue>,
    #[serde(borrow, default)]
    applied_ignore_rules: Option<List<'a>>,
}

#[derive(Deserialize)]
struct Vulnerability<'a> {
    id: String,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    severity: Option<String>,
    #[serde(borrow, default)]
    fix: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireFix {
    #[serde(deserialize_with = "texts")]
    versions: Vec<String>,
    state: Option<String>,
}

#[derive(Deserialize)]
struct Related {
    id: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Artifact {
    name: Option<String>,
    version: Option<String>,
    purl: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Rule {
    reason: Option<String>,
    fix_state: Option<String>,
    vex_status: Option<String>,
}

/// Reads a report; `format::of` has found out that it is one.
pub(super) fn read(file: &ReportFile) -> Result<ScanReport, Refused> {
    let document = Document::new(file, FORMAT);
    let report: Report<'_> = document.whole()?;
    let descriptor: Descriptor<'_> = document.object(report.descriptor)?;
    let version = said(descriptor.version);
    let (of, names) = source(document, report.source)?;
    let mut read = ScanReport {
        file: file.described(),
        tool: "grype".to_owned(),
        uri: purl(GRYPE, version.as_deref()),
        version,
        database: database(document, descriptor.db)?,
        finished: ended::stated_in(&file.path, descriptor.timestamp.as_deref())?,
        owes_end: true,
        of,
        ran: Ran::Shown,
        names,
        findings: Vec::new(),
        suppressed: Vec::new(),
        filtered: Filtered::Unknown,
        filters: Vec::new(),
        left_out: LeftOut::default(),
    };
    document.each(report.matches, |found| {
        read.findings.push(finding(document, found)?.0);
        if read.findings.len() > FINDINGS { Err(too_many()) } else { Ok(()) }
    })?;
    document.each(report.ignored_matches, |found| {
        let (finding, rule) = finding(document, found)?;
        read.suppressed.push(suppressed(finding, rule));
        Ok(())
    })?;
    (read.filtered, read.filters) = filtered(document, descriptor.configuration)?;
    if !read.suppressed.is_empty() {
        read.filtered = Filtered::Yes;
    }
    Ok(read)
}

fn source<'a>(
    document: Document<'a>,
    source: Option<&'a RawValue>,
) -> Result<(Of, Names), Refused> {
    let Source { kind, target } = document.maybe(source)?;
    let of = match kind.as_deref() {
        Some("directory" | "file") => Of::Other,
        _ => Of::Unknown,
    };
    let target: Target = document.maybe(target.filter(|target| target.get().starts_with('{')))?;
    // `repoDigests` may be those of an index; the manifest's own digest is of the platform.
    let manifests = match said(target.manifest_digest) {
        Some(manifest) => vec![manifest],
        None => target.repo_digests,
    };
    Ok((of, Names { config: said(target.image_id), manifests, layers: Vec::new() }))
}

fn database<'a>(
    document: Document<'a>,
    database: Option<&'a RawValue>,
) -> Result<Option<Database>, Refused> {
    let WireDatabase { built, status } = document.maybe(database)?;
    let status: Status = document.maybe(status)?;
    let updated = said(status.built).or(said(built)).as_deref().and_then(ended::stated);
    Ok(updated.map(|updated| Database { updated, next: None, downloaded: None }))
}

/// What the flags say; without all of them, nothing.
fn filtered<'a>(
    document: Document<'a>,
    configuration: Option<&'a RawValue>,
) -> Result<(Filtered, Vec<String>), Refused> {
    let Some(piece) = configuration.filter(|piece| piece.get().starts_with('{')) else {
        return Ok((Filtered::Unknown, Vec::new()));
    };
    let Configuration { exclude, ignore_wontfix, only_fixed, only_notfixed } =
        document.object(piece)?;
    let known = only_fixed.is_some() && only_notfixed.is_some();
    let filters: Vec<String> = [
        ("--exclude", exclude),
        ("--ignore-states", ignore_wontfix),
        ("--only-fixed", only_fixed),
        ("--only-notfixed", only_notfixed),
    ]
    .into_iter()
    .filter(|(_, value)| {
        let bare = |value: &RawValue| value.get().split_ascii_whitespace().collect::<String>();
        value.is_some_and(|v| !matches!(&*bare(v), "false" | "null" | "\"\"" | "[]"))
    })
    .map(|(name, _)| name.to_owned())
    .collect();
    let word = match (filters.is_empty(), known) {
        (false, _) => Filtered::Yes,
        (true, true) => Filtered::No,
        (true, false) => Filtered::Unknown,
    };
    Ok((word, filters))
}

/// A finding, and the first rule that was applied to it.
fn finding<'a>(document: Document<'a>, found: Match<'a>) -> Result<(Finding, Rule), Refused> {
    let Vulnerability { id, namespace, severity, fix } = document.object(found.vulnerability)?;
    let fix: WireFix = document.maybe(fix)?;
    let artifact: Artifact = document.maybe(found.artifact)?;
    let mut aliases = Vec::new();
    document.each(found.related_vulnerabilities, |Related { id: other }| {
        if other != id {
            aliases.push(other);
        }
        Ok(())
    })?;
    let mut rule = None;
    document.each(found.applied_ignore_rules, |applied: Rule| {
        rule.get_or_insert(applied);
        Ok(())
    })?;
    let status = said(fix.state);
    let finding = Finding {
        id,
        aliases,
        rated_by: said(namespace).unwrap_or_else(|| "grype".to_owned()),
        score: said(severity).unwrap_or_else(|| "Unknown".to_owned()),
        place: Place {
            package: said(artifact.name),
            installed: said(artifact.version),
            purl: said(artifact.purl),
        },
        fix: match (fix.versions.is_empty(), status.as_deref()) {
            (false, _) => Fix::In(fix.versions.join(", ")),
            (true, Some("not-fixed" | "wont-fix")) => Fix::NoneYet,
            (true, _) => Fix::Unsaid,
        },
        status,
    };
    Ok((finding, rule.unwrap_or_default()))
}

fn suppressed(finding: Finding, rule: Rule) -> Suppressed {
    let Finding { id, score, place, .. } = finding;
    let state = said(rule.fix_state).map(|state| format!("fix state {state}"));
    let vex = said(rule.vex_status);
    let source = vex.is_some().then(|| "vex".to_owned()).or(state);
    Suppressed {
        id,
        status: Some(vex.unwrap_or_else(|| "ignored".to_owned())),
        source,
        statement: said(rule.reason),
        score,
        place,
    }
}
