//! `trivy version --format json`: which database a scan used, which Trivy's report does not say.
//!
//! The file is of the machine and not of the scan; so it must be of the same version, and
//! `super::agree` asks that its database is not younger than the scan.

use serde::Deserialize;

use super::{
    super::{Refused, ReportFile, ended},
    Database, ScanReport, TRIVY, format, purl,
};

/// A version file, read.
pub(super) struct VersionFile {
    /// The path, for messages.
    pub(super) file: String,
    version: Option<String>,
    database: Database,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    #[serde(default)]
    version: Option<String>,
    #[serde(rename = "VulnerabilityDB", default)]
    database: Option<WireDatabase>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireDatabase {
    updated_at: Option<String>,
    next_update: Option<String>,
    downloaded_at: Option<String>,
}

/// Reads a version file; `format::of` has found out that it is one.
pub(super) fn read(file: &ReportFile) -> Result<VersionFile, Refused> {
    let Wire { version, database } = serde_json::from_slice(&file.bytes)
        .map_err(|error| format::unreadable(file, "Trivy's version JSON", &error))?;
    let database = database.unwrap_or_default();
    let time = |text: Option<String>| text.as_deref().and_then(ended::stated);
    let updated =
        time(database.updated_at).ok_or_else(|| Refused::NoDatabase { file: file.path.clone() })?;
    Ok(VersionFile {
        file: file.path.clone(),
        version: version.filter(|version| !version.is_empty()),
        database: Database {
            updated,
            next: time(database.next_update),
            downloaded: time(database.downloaded_at),
        },
    })
}

impl VersionFile {
    /// Adds what the report lacks; refuses a file of another version.
    pub(super) fn complete(&self, report: &mut ScanReport) -> Result<(), Refused> {
        match (&self.version, &report.version) {
            _ if report.tool != "trivy" => {
                let version = format!("trivy {}", self.version.as_deref().unwrap_or_default());
                let other = format!("{} {}", report.tool, report.version.as_deref().unwrap_or(""));
                return Err(Refused::OtherVersion {
                    file: self.file.clone(),
                    version: version.trim().to_owned(),
                    report: other.trim().to_owned(),
                });
            }
            (Some(ours), Some(theirs)) if ours != theirs => {
                return Err(Refused::OtherVersion {
                    file: self.file.clone(),
                    version: ours.clone(),
                    report: theirs.clone(),
                });
            }
            (Some(version), None) => {
                report.uri = purl(TRIVY, Some(version));
                report.version = Some(version.clone());
            }
            _ => {}
        }
        report.database = Some(self.database);
        Ok(())
    }
}
