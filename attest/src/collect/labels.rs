//! The labels of an image beside the environment that attests it: do they say the same build?
//!
//! A label is bound to the image by its digest, so an image whose label names another commit or run
//! was built elsewhere, or inherited the label from its base image. Either way a signer here must
//! not vouch for it. A label that is not there says nothing.

use std::collections::BTreeMap;

use evidence::{
    Digest,
    json::{self, JsonError, Value},
    source,
};

use super::environment::{Environment, Known};

/// The label that names a run.
const RUN: &str = "ci.run";
/// Each label that is compared, and how.
const COMPARED: [(&str, Compare); 3] =
    [("git.commit", commit), (RUN, run), ("org.opencontainers.image.revision", commit)];
/// git abbreviates to no fewer hex digits than these by default (git-config(1), core.abbrev).
const ABBREVIATED: usize = 7;

/// The labels of an image, from the config that its manifest names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels(BTreeMap<String, String>);

/// How one label compares with the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// Which label.
    pub(crate) label: &'static str,
    /// What came of it.
    pub(crate) outcome: Outcome,
}

/// What came of a comparison that found no disagreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is the beginning of the commit.
    Abbreviated,
    /// It says the same.
    Agrees,
    /// It says the head commit of the pull request whose merge this run built.
    Head,
    /// It says the run's number within its workflow.
    Number,
    /// The environment has nothing to compare it with.
    Uncompared,
}

impl Labels {
    /// Reads `config.Labels` of an image config (image-spec config.md).
    pub(crate) fn read(config: &[u8]) -> Result<Self, JsonError> {
        let config = json::parse(config)?;
        let labels = config.pointer("/config/Labels").and_then(Value::as_object);
        let pairs = labels.into_iter().flatten();
        Ok(Self(
            pairs
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
        ))
    }

    /// Compares each label that is there; the first that disagrees is the answer.
    pub(crate) fn compare(
        &self,
        environment: &Environment,
        config: &Digest,
    ) -> Result<Vec<Comparison>, LabelMismatch> {
        COMPARED
            .into_iter()
            .filter_map(|(label, compare)| Some((label, compare, self.stated(label)?)))
            .map(|(label, compare, stated)| match compare(stated, environment) {
                Ok(outcome) => Ok(Comparison { label, outcome }),
                Err(here) => Err(LabelMismatch {
                    label,
                    stated: stated.to_owned(),
                    here: Box::new(here),
                    config: config.clone(),
                }),
            })
            .collect()
    }

    fn stated(&self, label: &str) -> Option<&str> {
        self.0.get(label).map(|value| value.trim()).filter(|value| !value.is_empty())
    }
}

/// Compares a label's text with the environment; the error is what stands here instead.
type Compare = fn(&str, &Environment) -> Result<Outcome, Known>;

fn commit(stated: &str, environment: &Environment) -> Result<Outcome, Known> {
    let Some(here) = &environment.commit else { return Ok(Outcome::Uncompared) };
    let stated = stated.to_ascii_lowercase();
    if stated == here.value {
        return Ok(Outcome::Agrees);
    }
    if environment.head.as_ref().is_some_and(|head| head.value == stated) {
        return Ok(Outcome::Head);
    }
    if stated.len() >= ABBREVIATED && here.value.starts_with(&stated) {
        return Ok(Outcome::Abbreviated);
    }
    Err(here.clone())
}

fn run(stated: &str, environment: &Environment) -> Result<Outcome, Known> {
    let Some(here) = &environment.run else { return Ok(Outcome::Uncompared) };
    if same_run(stated, &here.value) {
        return Ok(Outcome::Agrees);
    }
    if environment.run_number.as_ref().is_some_and(|number| number.value == stated) {
        return Ok(Outcome::Number);
    }
    Err(here.clone())
}

/// Two addresses must be equal but for the attempt; an id or number matches the end of an address.
fn same_run(stated: &str, here: &str) -> bool {
    let (stated, here) = (source::without_attempt(stated).0, source::without_attempt(here).0);
    if stated.contains("://") && here.contains("://") {
        stated == here
    } else {
        source::run_id(stated) == source::run_id(here)
    }
}

/// A label that names another build than the environment.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the image says another {} than this build", if *label == RUN { "run" } else { "commit" })]
pub(crate) struct LabelMismatch {
    label: &'static str,
    stated: String,
    here: Box<Known>,
    config: Digest,
}

impl LabelMismatch {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        "label-mismatch"
    }

    /// What each side says and what to do, line by line.
    pub(crate) fn details(&self) -> Vec<String> {
        let escape = |text: &str| evidence::text::escape_short(text, 120);
        // The whole commit stands in the last line.
        let shown = |text: &str| {
            let most = if source::is_commit(text) { 12 } else { 120 };
            evidence::text::escape_short(text, most)
        };
        let Known { value, from } = &*self.here;
        let label = format!("label {}", self.label);
        let width = label.len().max("this environment".len());
        vec![
            format!("{label:width$}   {}   (config {})", shown(&self.stated), self.config.short()),
            format!("{:width$}   {}   ({from})", "this environment", shown(value)),
            "The label may be inherited from the base image: build with".to_owned(),
            format!("  --label {}={}", self.label, escape(value)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::environment::{Found, Given},
        *,
    };

    const COMMIT: &str = "4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c";
    const RUN_URL: &str = "https://ci.example.com/acme/app/runs/4711";

    fn environment(run: Option<&str>) -> Environment {
        let given =
            Given { commit: Some(COMMIT.into()), run: run.map(str::to_owned), ..Given::default() };
        Environment::detect(&Found::default(), &given).unwrap()
    }

    fn compare(label: &str, value: &str, here: &Environment) -> Result<Vec<Comparison>, String> {
        let config = json::json!({"config": {"Labels": {label: value}}}).to_string();
        let labels = Labels::read(config.as_bytes()).unwrap();
        labels
            .compare(here, &Digest::sha256(config.as_bytes()))
            .map_err(|mismatch| mismatch.details().join("\n"))
    }

    fn outcome(label: &str, value: &str, here: &Environment) -> Outcome {
        compare(label, value, here).unwrap()[0].outcome
    }

    #[test]
    fn commits_agree_whole_abbreviated_or_as_head() {
        let mut here = environment(Some(RUN_URL));
        assert_eq!(outcome("git.commit", COMMIT, &here), Outcome::Agrees);
        assert_eq!(outcome("git.commit", "4F1C2A9", &here), Outcome::Abbreviated);
        assert!(compare("git.commit", "4f1c2a", &here).is_err());
        let other = "8d02e11f4c55aa0011223344556677889900aabb";
        let error = compare("org.opencontainers.image.revision", other, &here).unwrap_err();
        assert!(error.contains(&format!("--label org.opencontainers.image.revision={COMMIT}")));
        assert!(error.contains("(--commit)"), "{error}");
        here.head = Some(Known { value: other.into(), from: "event" });
        assert_eq!(outcome("git.commit", other, &here), Outcome::Head);
    }

    #[test]
    fn runs_agree_as_id_number_or_address() {
        let mut here = environment(Some(RUN_URL));
        for same in [RUN_URL, "4711", &format!("{RUN_URL}/attempts/2"), &format!("{RUN_URL}/")] {
            assert_eq!(outcome("ci.run", same, &here), Outcome::Agrees, "{same}");
        }
        for other in ["4712", "https://evil.example.com/acme/app/runs/4711", "711"] {
            assert!(compare("ci.run", other, &here).is_err(), "{other}");
        }
        assert_eq!(outcome("ci.run", RUN_URL, &environment(Some("4711"))), Outcome::Agrees);
        assert_eq!(outcome("ci.run", RUN_URL, &environment(None)), Outcome::Uncompared);
        here.run_number = Some(Known { value: "12".into(), from: "GITHUB_RUN_NUMBER" });
        assert_eq!(outcome("ci.run", "12", &here), Outcome::Number);
    }

    #[test]
    fn absent_empty_and_foreign_labels_say_nothing() {
        let here = environment(None);
        assert_eq!(compare("git.commit", "", &here), Ok(vec![]));
        assert_eq!(compare("maintainer", "x", &here), Ok(vec![]));
        let none = Labels::read(br#"{"config":{"Labels":null}}"#).unwrap();
        assert_eq!(none, Labels::default());
        assert!(Labels::read(b"{").is_err());
    }
}
