//! The predicate of a scan: in-toto vulns v0.2 with the extension member `attest_scan`.
//!
//! Described in docs/predicates/vulns.md; read back by `evidence::predicate::vulns`. It says what
//! the report says: no severity is rated anew, and a time that nobody states is left out. Where the
//! scanner was run here, its times and its exit status are known besides.

use std::collections::BTreeMap;

use evidence::{
    json::{Map, Value, json},
    predicate::vulns::{Filtered, Fix, MEMBER, Severity},
    run::{self, Run},
    text,
    time::{self, Timestamp},
};

use super::{
    command::Ran as Command,
    report::{
        Refused, ended,
        refused::Counted,
        scan::{
            Database, Finding, Ran, ScanReport, Suppressed,
            bind::{Bound, By},
        },
    },
};

/// Bytes of a predicate. In a bundle it is base64 (4/3), and a bundle of more than 16 MiB is not
/// read; a MiB is left for certificates and log entries.
const PREDICATE: usize = 11 << 20;

/// The predicate of a bound report, and of the command that wrote it if that was run here; refused
/// if `verify` could not read it for its size.
pub(crate) fn predicate(
    bound: &Bound<'_>,
    command: Option<&Command>,
    run: &Run,
) -> Result<Value, Refused> {
    let report = bound.report();
    let mut scanner = object([
        ("uri", Some(report.uri.as_str().into())),
        ("version", report.version.as_deref().map(Value::from)),
    ]);
    if let Some(database) = report.database {
        scanner.insert("db".to_owned(), json!({"lastUpdate": time::write(database.updated)}));
    }
    scanner.insert("result".to_owned(), report.findings.iter().map(finding).collect());
    let moment = |time: Option<Timestamp>| time.map(|time| Value::from(time::write(time)));
    // Trivy states one time, and writes it into both places in its own cosign-vuln format.
    let started = command.map(|command| command.started).or(report.finished);
    let ended = report.finished.or(command.map(|command| command.finished));
    let predicate = json!({
        "scanner": scanner,
        "metadata": object([
            ("scanStartedOn", moment(started)), ("scanFinishedOn", moment(ended)),
        ]),
        MEMBER: member(bound, command),
        run::MEMBER: run,
    });
    if predicate.to_string().len() > PREDICATE {
        let limit = u64::try_from(PREDICATE).unwrap_or(u64::MAX);
        return Err(Refused::TooMany { what: Counted::Bytes, limit });
    }
    Ok(predicate)
}

/// What a person is told of a report, line by line without a label.
pub(crate) fn lines(bound: &Bound<'_>, now: Timestamp) -> Vec<String> {
    let report = bound.report();
    let version = report.version.as_deref().map(|version| text::escape_short(version, 40));
    let scanner = [Some(report.tool.clone()), version].into_iter().flatten();
    let scanner = scanner.collect::<Vec<_>>().join(" ");
    let mut lines = vec![format!("{scanner}, {}", database(report.database, now)), counts(report)];
    lines.extend(left_out(report));
    if !report.suppressed.is_empty() {
        lines.push(format!("suppressed in the report: {}", report.suppressed.len()));
    }
    if report.filtered == Filtered::Yes && !report.filters.is_empty() {
        let filters = text::escape_short(&report.filters.join(", "), 60);
        lines.push(format!("filtered: {filters}"));
    }
    if report.ran == Ran::Claimed {
        lines.push("the same report is written without a vulnerability scan, too;".to_owned());
        lines.push("trivy's JSON with --list-all-pkgs=false shows that one ran".to_owned());
    }
    if bound.by() == By::None {
        lines.push("unbound: nothing in the report says that it is about this image".to_owned());
    }
    lines
}

fn member(bound: &Bound<'_>, command: Option<&Command>) -> Value {
    let report = bound.report();
    let left_out = report.left_out;
    let mut member = object([
        ("bound", Some(bound.by().word().into())),
        ("of", Some(report.of.word().into())),
        ("ran", Some(report.ran.word().into())),
        ("report", Some(report.file.to_value())),
        ("exitCode", command.map(|command| command.exit_status().into())),
        ("filtered", Some(report.filtered.word().into())),
        ("filters", Some(json!(report.filters)).filter(|_| !report.filters.is_empty())),
        ("suppressed", Some(report.suppressed.iter().map(suppressed).collect())),
        (
            "leftOut",
            Some(json!({
                "secrets": left_out.secrets,
                "misconfigurations": left_out.misconfigurations,
                "licenses": left_out.licenses,
            })),
        ),
    ]);
    let moment = |time: Option<Timestamp>| time.map(|time| Value::from(time::write(time)));
    if let Some(Database { next, downloaded, .. }) = report.database {
        let times = object([("nextUpdate", moment(next)), ("downloadedAt", moment(downloaded))]);
        if !times.is_empty() {
            member.insert("database".to_owned(), times.into());
        }
    }
    member.into()
}

fn finding(finding: &Finding) -> Value {
    let said = |text: &Option<String>| text.as_deref().map(Value::from);
    let (fixed, none) = match &finding.fix {
        Fix::In(version) => (Some(version.as_str().into()), None),
        Fix::NoneYet => (None, Some("none".into())),
        Fix::Unsaid => (None, None),
    };
    let annotations = object([
        ("package", said(&finding.place.package)),
        ("installedVersion", said(&finding.place.installed)),
        ("fixedVersion", fixed),
        ("fix", none),
        ("status", said(&finding.status)),
        ("purl", said(&finding.place.purl)),
        ("aliases", Some(json!(finding.aliases)).filter(|_| !finding.aliases.is_empty())),
    ]);
    json!({
        "id": finding.id,
        "severity": [{"method": finding.rated_by, "score": finding.score}],
        "annotations": [annotations],
    })
}

fn suppressed(suppressed: &Suppressed) -> Value {
    let said = |text: &Option<String>| text.as_deref().map(Value::from);
    object([
        ("id", Some(suppressed.id.as_str().into())),
        ("status", said(&suppressed.status)),
        ("source", said(&suppressed.source)),
        ("statement", said(&suppressed.statement)),
        ("severity", Some(suppressed.score.as_str().into())),
        ("package", said(&suppressed.place.package)),
        ("installedVersion", said(&suppressed.place.installed)),
        ("purl", said(&suppressed.place.purl)),
    ])
    .into()
}

/// An object of the members that are there.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Map<String, Value> {
    members
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name.to_owned(), value)))
        .collect()
}

fn database(database: Option<Database>, now: Timestamp) -> String {
    let Some(Database { updated, .. }) = database else {
        return "database of an unknown date (give --database-updated)".to_owned();
    };
    let age = now.as_second().saturating_sub(updated.as_second());
    format!("database of {} ({} old)", updated.strftime("%Y-%m-%d %H:%M"), ended::words(age))
}

/// `critical 0, high 2 (0 fixable), …`: fixable is what `only: fixable` would count.
fn counts(report: &ScanReport) -> String {
    let mut numbers: BTreeMap<Severity, (u64, u64)> = BTreeMap::new();
    for finding in &report.findings {
        let (all, fixable) = numbers.entry(finding.severity()).or_default();
        *all += 1;
        *fixable += u64::from(finding.fix != Fix::NoneYet);
    }
    let order =
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Unknown];
    let words = order.map(|severity| {
        let (all, fixable) = numbers.get(&severity).copied().unwrap_or_default();
        match (all, severity) {
            (1.., Severity::Critical | Severity::High) => {
                format!("{} {all} ({fixable} fixable)", severity.word())
            }
            _ => format!("{} {all}", severity.word()),
        }
    });
    words.join(", ")
}

fn left_out(report: &ScanReport) -> Option<String> {
    let left = report.left_out;
    let words: Vec<String> = [
        (left.secrets, "secrets"),
        (left.misconfigurations, "misconfigurations"),
        (left.licenses, "licences"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, word)| format!("{number} {word}"))
    .collect();
    (!words.is_empty()).then(|| format!("not vulnerabilities, left out: {}", words.join(", ")))
}

#[cfg(test)]
mod tests;
