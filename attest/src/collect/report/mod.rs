//! Reads what scanners and test runners wrote, for `attest scan` and `attest test`.
//!
//! `files` finds and reads the files; everything else here is pure: bytes in, a report or a refusal
//! out. Each dialect is one file that turns its own format into [`scan::ScanReport`] or
//! [`test::TestReport`]. A report is the word of the tool: what it does not say is not added, and
//! what it leaves open is refused rather than guessed.

pub(crate) mod ended;
pub(crate) mod files;
pub(crate) mod fresh;
pub(crate) mod refused;
pub(crate) mod scan;
pub(crate) mod test;

use evidence::{
    Digest,
    json::{Value, json},
};

pub(crate) use self::refused::Refused;

/// The largest report that is read. Trivy's JSON of a large image is below 20 MiB.
pub(crate) const REPORT_BYTES: u64 = 64 << 20;

/// A report file as it was read.
#[derive(Clone, Debug)]
pub(crate) struct ReportFile {
    /// The path, as the user gave it or as a pattern found it.
    pub(crate) path: String,
    /// Its bytes, at most [`REPORT_BYTES`].
    pub(crate) bytes: Vec<u8>,
}

/// The name and the hash of a report, for the ResourceDescriptor that stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Described {
    /// The file name without its directory: a path tells of the machine, not of the report.
    pub(crate) name: String,
    /// SHA-256 of the bytes.
    pub(crate) digest: Digest,
}

impl ReportFile {
    /// The descriptor of this file.
    pub(crate) fn described(&self) -> Described {
        let name = self.path.rsplit(['/', '\\']).next().unwrap_or_default();
        Described { name: name.to_owned(), digest: Digest::sha256(&self.bytes) }
    }
}

impl Described {
    /// The in-toto ResourceDescriptor (spec/v1/resource_descriptor.md).
    pub(crate) fn to_value(&self) -> Value {
        json!({"name": self.name, "digest": {self.digest.algorithm().name(): self.digest.hex()}})
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! Samples of `testdata/reports`, for the tests of this module and of the predicates.

    use super::ReportFile;

    /// The root of the repository.
    pub(crate) fn root() -> std::path::PathBuf {
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    /// A file under `testdata/reports/`.
    pub(crate) fn sample(name: &str) -> ReportFile {
        let path = root().join("testdata/reports").join(name);
        let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        ReportFile { path: name.to_owned(), bytes }
    }

    /// A report made up in a test.
    pub(crate) fn made(name: &str, bytes: impl AsRef<[u8]>) -> ReportFile {
        ReportFile { path: name.to_owned(), bytes: bytes.as_ref().to_vec() }
    }
}
