//! OSV-Scanner's JSON (pkg/models/results.go): 1.x of a source tree, 2.x of an image.
//!
//! One finding per group of ids that mean the same, as OSV-Scanner itself counts. Neither its
//! version, nor a time, nor what its configuration ignores stands in the report; of an image only
//! the layers do. That a vulnerability lists no fixed version is no word that there is none.

use std::collections::BTreeMap;

use evidence::predicate::vulns::{Filtered, Fix, Severity};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{
    super::{Refused, ReportFile},
    FINDINGS, Finding, LeftOut, Names, OSV_SCANNER, Of, Place, Ran, ScanReport,
    pieces::{Document, List, said, texts, too_many},
    purl,
};

/// The name of the format in messages.
const FORMAT: &str = "OSV-Scanner JSON";
/// The rating where there is none.
const UNKNOWN: &str = "UNKNOWN";

#[derive(Deserialize)]
struct Report<'a> {
    #[serde(borrow)]
    results: Option<List<'a>>,
    #[serde(borrow, default)]
    image_metadata: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Image<'a> {
    #[serde(borrow, default)]
    layer_metadata: Option<List<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Layer {
    diff_id: Option<String>,
    is_empty: bool,
}

#[derive(Deserialize)]
struct OneResult<'a> {
    #[serde(borrow, default)]
    source: Option<&'a RawValue>,
    #[serde(borrow)]
    packages: Option<List<'a>>,
}

#[derive(Default, Deserialize)]
struct Source {
    #[serde(rename = "type", default)]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Package<'a> {
    #[serde(borrow)]
    package: &'a RawValue,
    #[serde(borrow, default)]
    vulnerabilities: Option<List<'a>>,
    #[serde(borrow, default)]
    groups: Option<List<'a>>,
    #[serde(default)]
    license_violations: Option<Vec<IgnoredAny>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Described {
    name: Option<String>,
    version: Option<String>,
}

#[derive(Deserialize)]
struct Vulnerability<'a> {
    id: String,
    #[serde(borrow, default)]
    affected: Option<List<'a>>,
    #[serde(borrow, default)]
    database_specific: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Specific<'a> {
    /// A word, in some databases; of other types in others.
    #[serde(borrow)]
    severity: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Affected<'a> {
    #[serde(borrow, default)]
    package: Option<&'a RawValue>,
    #[serde(borrow, default)]
    ranges: Option<List<'a>>,
}

#[derive(Deserialize)]
struct Range<'a> {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(borrow, default)]
    events: Option<List<'a>>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    fixed: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Group {
    #[serde(deserialize_with = "texts")]
    ids: Vec<String>,
    #[serde(deserialize_with = "texts")]
    aliases: Vec<String>,
    max_severity: Option<String>,
}

/// What a vulnerability says for a package.
#[derive(Default)]
struct Said {
    fixed: Vec<String>,
    severity: Option<String>,
}

/// Reads a report; `format::of` has found out that it is one.
pub(super) fn read(file: &ReportFile) -> Result<ScanReport, Refused> {
    let document = Document::new(file, FORMAT);
    let report: Report<'_> = document.whole()?;
    let mut read = ScanReport {
        file: file.described(),
        tool: "osv-scanner".to_owned(),
        uri: purl(OSV_SCANNER, None),
        version: None,
        database: None,
        finished: None,
        owes_end: false,
        of: Of::Other,
        ran: Ran::Shown,
        names: Names::default(),
        findings: Vec::new(),
        suppressed: Vec::new(),
        filtered: Filtered::Unknown,
        filters: Vec::new(),
        left_out: LeftOut::default(),
    };
    if report.image_metadata.is_some_and(|image| image.get() != "null") {
        read.of = Of::Image;
        read.names.layers = layers(document, document.maybe(report.image_metadata)?)?;
    }
    document.each(report.results, |OneResult { source, packages }| {
        let Source { kind } = document.maybe(source)?;
        if kind.as_deref() == Some("sbom") {
            read.of = Of::Sbom;
        }
        document.each(packages, |package| add(&mut read, document, package))
    })?;
    Ok(read)
}

/// The layers that hold files; the others have no digest.
fn layers<'a>(document: Document<'a>, image: Image<'a>) -> Result<Vec<String>, Refused> {
    let mut layers = Vec::new();
    document.each(image.layer_metadata, |Layer { diff_id, is_empty }| {
        layers.extend(said(diff_id).filter(|_| !is_empty));
        Ok(())
    })?;
    Ok(layers)
}

fn add<'a>(
    read: &mut ScanReport,
    document: Document<'a>,
    package: Package<'a>,
) -> Result<(), Refused> {
    let violations = package.license_violations.unwrap_or_default().len();
    read.left_out.licenses += u64::try_from(violations).unwrap_or(u64::MAX);
    let Described { name, version } = document.object(package.package)?;
    let place = Place { package: said(name), installed: said(version), purl: None };
    let mut said_of = BTreeMap::new();
    document.each(package.vulnerabilities, |vulnerability: Vulnerability<'a>| {
        let id = vulnerability.id.clone();
        said_of.insert(id, what_it_says(document, vulnerability, place.package.as_deref())?);
        Ok(())
    })?;
    let mut push = |finding: Finding| {
        read.findings.push(finding);
        if read.findings.len() > FINDINGS { Err(too_many()) } else { Ok(()) }
    };
    document.each(package.groups, |group| push(of_group(group, &mut said_of, &place)))?;
    // Every vulnerability is in a group; one that is not must not be lost.
    said_of.into_iter().try_for_each(|(id, said)| push(finding(vec![id], None, vec![said], &place)))
}

fn what_it_says<'a>(
    document: Document<'a>,
    vulnerability: Vulnerability<'a>,
    package: Option<&str>,
) -> Result<Said, Refused> {
    let mut said_of = Said::default();
    let specific = vulnerability.database_specific.filter(|piece| piece.get().starts_with('{'));
    let Specific { severity } = document.maybe(specific)?;
    let text = severity.and_then(|severity| serde_json::from_str(severity.get()).ok());
    said_of.severity = said(text);
    document.each(vulnerability.affected, |affected: Affected<'a>| {
        let about: Described = document.maybe(affected.package)?;
        if about.name.as_deref() != package {
            return Ok(());
        }
        document.each(affected.ranges, |Range { kind, events }| {
            // Of GIT they are commits.
            if kind.as_deref() == Some("GIT") {
                return Ok(());
            }
            document.each(events, |Event { fixed }| {
                if let Some(fixed) = said(fixed).filter(|fixed| !said_of.fixed.contains(fixed)) {
                    said_of.fixed.push(fixed);
                }
                if said_of.fixed.len() > MOST_FIXED { Err(too_many()) } else { Ok(()) }
            })
        })
    })?;
    Ok(said_of)
}

/// Fixed versions of one vulnerability for one package: one per branch that is maintained.
const MOST_FIXED: usize = 1000;

fn of_group(group: Group, said_of: &mut BTreeMap<String, Said>, place: &Place) -> Finding {
    let Group { ids, aliases, max_severity } = group;
    // Taken, not copied: a thousand groups of one vulnerability would cost it a thousand times.
    let members = ids.iter().filter_map(|id| said_of.remove(id)).collect();
    let names = ids.into_iter().chain(aliases).collect();
    finding(names, said(max_severity), members, place)
}

/// The first name is the id, the others are aliases.
fn finding(
    names: Vec<String>,
    score: Option<String>,
    members: Vec<Said>,
    place: &Place,
) -> Finding {
    let mut names = names.into_iter();
    let id = names.next().unwrap_or_default();
    let mut aliases: Vec<String> = names.filter(|name| *name != id).collect();
    aliases.sort();
    aliases.dedup();
    let (mut fixed, mut word) = (Vec::new(), None);
    for said in members {
        fixed.extend(said.fixed);
        word = word.into_iter().chain(said.severity).max_by_key(|word| Severity::of_score(word));
    }
    let score = score.or(word);
    fixed.sort();
    fixed.dedup();
    Finding {
        id,
        aliases,
        rated_by: "osv-scanner".to_owned(),
        score: score.unwrap_or_else(|| UNKNOWN.to_owned()),
        place: place.clone(),
        fix: if fixed.is_empty() { Fix::Unsaid } else { Fix::In(fixed.join(", ")) },
        status: None,
    }
}
