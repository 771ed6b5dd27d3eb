//! A recipe: one entry of a case's `evidence.json`. `testdata/README.md` describes the members.

use std::collections::BTreeMap;

use evidence::{envelope::IN_TOTO, json::Value, run::Run};
use serde::Deserialize;

use super::{
    keyless::{Someone, Witnesses},
    keys::Keys,
    spoil::Tamper,
};

/// How one file of evidence is made.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Recipe {
    /// The file's name without its extension.
    pub(super) file: String,
    /// The key that signs.
    pub(super) signer: Option<String>,
    /// Who signs with a certificate instead.
    pub(super) identity: Option<Someone>,
    /// Logs and timestamps; a certificate always has them, a key where they are named.
    pub(super) witnesses: Option<Witnesses>,
    /// When it was signed, by its own word.
    pub(super) at: Option<String>,
    /// The name of the subject.
    pub(super) subject: Option<String>,
    /// The digest of the subject.
    pub(super) digest: Option<String>,
    /// Members of `attest_run` beside or instead of the usual ones.
    #[serde(default)]
    pub(super) run: Run,
    build: Option<Build>,
    scan: Option<Scan>,
    test: Option<Test>,
    approve: Option<Approve>,
    deploy: Option<Deploy>,
    predicate: Option<Other>,
    payload: Option<String>,
    again: Option<String>,
    /// What is changed in the statement before it is signed, by JSON pointer.
    #[serde(default)]
    pub(super) set: BTreeMap<String, Value>,
    /// What is removed from the statement before it is signed.
    #[serde(default)]
    pub(super) remove: Vec<String>,
    payload_type: Option<String>,
    hint: Option<String>,
    keyid: Option<String>,
    /// What is changed after it was signed.
    pub(super) tamper: Option<Tamper>,
    /// No bundle: the bare statement.
    #[serde(default)]
    pub(super) unsigned: bool,
    /// Others commit to it, and it is not there.
    #[serde(default)]
    pub(super) gone: bool,
}

/// What a recipe starts from.
#[derive(Debug)]
pub(super) enum Source<'r> {
    /// The bundle of another recipe.
    Again(&'r str),
    /// An approval or a rejection.
    Approve(&'r Approve),
    /// Provenance.
    Build,
    /// A deployment.
    Deploy(&'r Deploy),
    /// A predicate of any type.
    Other(&'r Other),
    /// The payload's text as it is, `DIGEST` standing for the image's hex.
    Payload(&'r str),
    /// A scan.
    Scan(&'r Scan),
    /// A test run.
    Test(&'r Test),
}

/// A build; everything is in the run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Build {}

/// A scan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scan {
    /// The scanner's URI.
    #[serde(default = "trivy")]
    pub(super) tool: String,
    /// The end of the scan; the time of signing, if not said.
    pub(super) finished: Option<String>,
    /// The date of the database.
    pub(super) database: Option<String>,
    /// So many findings of severity critical, each with a fix.
    #[serde(default)]
    pub(super) critical: u32,
    /// More findings.
    #[serde(default)]
    pub(super) findings: Vec<Finding>,
}

fn trivy() -> String {
    "pkg:github/aquasecurity/trivy@0.76.0".to_owned()
}

/// A finding of a scan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Finding {
    /// Its id.
    pub(super) id: String,
    /// Words or scores, as the report has them.
    pub(super) severity: Vec<Value>,
    /// The version with the fix; `none`: the report says there is none.
    pub(super) fix: Option<String>,
}

/// A test run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    /// The result's word; what the counts say, if not said.
    pub(super) result: Option<String>,
    /// Tests that passed.
    #[serde(default = "passed")]
    pub(super) passed: u32,
    /// Tests that failed.
    #[serde(default)]
    pub(super) failed: u32,
    /// Tests that warned.
    #[serde(default)]
    pub(super) warned: u32,
    /// The end of the tests; the time of signing, if not said.
    pub(super) finished: Option<String>,
}

fn passed() -> u32 {
    12
}

/// An approval.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Approve {
    /// `approved` or `rejected`.
    #[serde(default = "approved")]
    pub(super) decision: String,
    /// For which environment.
    #[serde(default = "production")]
    pub(super) environment: String,
    /// Until when.
    pub(super) expires: Option<String>,
    /// The recipes that it commits to.
    #[serde(default)]
    pub(super) covers: Vec<String>,
}

fn approved() -> String {
    "approved".to_owned()
}

fn production() -> String {
    "production".to_owned()
}

/// A deployment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deploy {
    /// To where.
    #[serde(default = "staging")]
    pub(super) environment: String,
    /// `succeeded`, `failed` or `rolled-back`.
    #[serde(default = "succeeded")]
    pub(super) result: String,
    /// The recipes that it commits to.
    #[serde(default)]
    pub(super) covers: Vec<String>,
}

fn staging() -> String {
    "staging".to_owned()
}

fn succeeded() -> String {
    "succeeded".to_owned()
}

/// A predicate of any type.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Other {
    /// The type URI.
    #[serde(rename = "type")]
    pub(super) predicate_type: String,
    /// The predicate.
    pub(super) body: Value,
}

impl Recipe {
    /// The one thing that it starts from.
    pub(super) fn source(&self) -> Result<Source<'_>, String> {
        let sources = [
            self.again.as_deref().map(Source::Again),
            self.approve.as_ref().map(Source::Approve),
            self.build.as_ref().map(|_| Source::Build),
            self.deploy.as_ref().map(Source::Deploy),
            self.payload.as_deref().map(Source::Payload),
            self.predicate.as_ref().map(Source::Other),
            self.scan.as_ref().map(Source::Scan),
            self.test.as_ref().map(Source::Test),
        ];
        let mut sources = sources.into_iter().flatten();
        match (sources.next(), sources.next()) {
            (Some(only), None) => Ok(only),
            _ => Err("it starts from nothing, or from two things".to_owned()),
        }
    }

    /// The payload type; in-toto's, if not said.
    pub(super) fn payload_type(&self) -> String {
        self.payload_type.clone().unwrap_or_else(|| IN_TOTO.to_owned())
    }

    /// The bundle's hint: the signer's, another key's by its name, or `=text` as it is.
    pub(super) fn hint(&self, keys: &Keys) -> Result<String, String> {
        match self.hint.as_deref().or(self.signer.as_deref()) {
            None => Ok(String::new()),
            Some(hint) => named(hint, keys),
        }
    }

    /// The signature's keyid, likewise; none, if not said.
    pub(super) fn keyid(&self, keys: &Keys) -> Result<Option<String>, String> {
        self.keyid.as_deref().map(|keyid| named(keyid, keys)).transpose()
    }

    /// The extension of its file.
    pub(super) fn extension(&self) -> &'static str {
        if self.unsigned { "statement.json" } else { "sigstore.json" }
    }
}

fn named(hint: &str, keys: &Keys) -> Result<String, String> {
    match hint.strip_prefix('=') {
        Some(text) => Ok(text.to_owned()),
        None => keys.hint(hint),
    }
}
