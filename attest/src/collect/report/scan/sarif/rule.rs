//! The rules of a SARIF run: what each is about, and how bad.

use std::collections::BTreeMap;

use evidence::predicate::vulns::Severity;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    super::pieces::{Document, List, said, texts},
    OneResult, Reference, Refused,
};

/// Characters of a text out of a rule: a rule is told once and may have a hundred thousand results.
const TEXT: usize = 500;

/// Trivy's words, in the tags of its rules.
const WORDS: [&str; 5] = ["CRITICAL", "HIGH", "LOW", "MEDIUM", "UNKNOWN"];

#[derive(Deserialize)]
struct Rule<'a> {
    id: String,
    #[serde(borrow, default)]
    properties: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Properties {
    #[serde(deserialize_with = "texts")]
    tags: Vec<String>,
    #[serde(deserialize_with = "texts")]
    purls: Vec<String>,
}

/// The number of how bad something is (GitHub's convention): of a rule, or of one result.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Rated<'a> {
    /// A text by the convention; a number is seen as well.
    #[serde(rename = "security-severity", borrow)]
    severity: Option<&'a RawValue>,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Matter {
    License,
    Misconfiguration,
    Secret,
    Vulnerability,
}

/// A rule, as far as it is read.
pub(super) struct About {
    /// Empty where it is too long to be one.
    id: String,
    pub(super) matter: Matter,
    /// Whether it is Trivy's, by its tags.
    pub(super) trivy: bool,
    /// The tool's word for how bad it is.
    pub(super) word: Option<String>,
    /// The number.
    pub(super) score: Option<String>,
    pub(super) purl: Option<String>,
}

/// The rules of one run.
#[derive(Default)]
pub(super) struct Rules {
    rules: Vec<About>,
    by_id: BTreeMap<String, usize>,
}

/// A result of a rule that is not there.
static NOTHING: About = About {
    id: String::new(),
    matter: Matter::Vulnerability,
    trivy: false,
    word: None,
    score: None,
    purl: None,
};

impl Rules {
    /// Adds the rules of a component.
    pub(super) fn add<'a>(
        &mut self,
        document: Document<'a>,
        rules: Option<List<'a>>,
    ) -> Result<(), Refused> {
        document.each(rules, |Rule { id, properties }| {
            let Properties { tags, purls } = document.maybe(properties)?;
            let rated: Rated<'_> = document.maybe(properties)?;
            let kept = if id.len() <= TEXT { id.clone() } else { String::new() };
            self.by_id.entry(id).or_insert(self.rules.len());
            self.rules.push(About {
                id: kept,
                matter: Matter::of(&tags),
                trivy: tags.iter().any(|tag| WORDS.contains(&tag.as_str())),
                word: tags.into_iter().find(|tag| WORDS.contains(&tag.as_str())),
                score: rated.score(),
                purl: purls.into_iter().next().filter(|purl| purl.len() <= TEXT),
            });
            Ok(())
        })
    }

    /// The id and the rule of a result: by name, by the name's beginning (SARIF 3.27.5), by place.
    pub(super) fn of<'a>(
        &self,
        document: Document<'a>,
        result: &OneResult<'a>,
    ) -> Result<(String, &About), Refused> {
        let Reference { id, index } = document.maybe(result.rule)?;
        let id = said(result.rule_id.clone()).or(said(id));
        let named = id.as_deref().and_then(|id| {
            let before = id.rsplit_once('/').map_or(id, |(before, _)| before);
            self.by_id.get(id).or_else(|| self.by_id.get(before)).copied()
        });
        let placed = || usize::try_from(result.rule_index.or(index)?).ok();
        let about = named.or_else(placed).and_then(|at| self.rules.get(at)).unwrap_or(&NOTHING);
        Ok((id.unwrap_or_else(|| about.id.clone()), about))
    }
}

impl Matter {
    /// By the tags of Trivy (pkg/report/sarif.go); any other tool's rules are all of the same kind.
    fn of(tags: &[String]) -> Self {
        let is = |word: &str| tags.iter().any(|tag| tag == word);
        let trivy = tags.iter().any(|tag| WORDS.contains(&tag.as_str()));
        match trivy {
            true if is("secret") => Self::Secret,
            true if is("misconfiguration") => Self::Misconfiguration,
            true if is("license") => Self::License,
            _ => Self::Vulnerability,
        }
    }
}

impl Rated<'_> {
    /// The number as a text; 0.0 is how scanners write that they do not know.
    pub(super) fn score(&self) -> Option<String> {
        let raw = self.severity?.get();
        let text = raw.trim_matches('"');
        let known = text.parse::<f64>().is_ok_and(|number| number > 0.0);
        let rated = Severity::of_score(text) != Severity::Unknown;
        (known && rated && text.len() <= TEXT).then(|| text.to_owned())
    }
}

impl About {
    /// Grype's rules are of a vulnerability in a package: `CVE-2099-10001-libssl3`.
    pub(super) fn split(&self, id: String) -> (String, Option<String>) {
        let package = self.purl.as_deref().and_then(|purl| {
            let path = purl.split(['@', '?', '#']).next()?;
            path.rsplit('/').next().filter(|name| !name.is_empty())
        });
        let bare = package.and_then(|name| id.strip_suffix(name)?.strip_suffix('-'));
        match (bare, package) {
            (Some(bare), Some(package)) => (bare.to_owned(), Some(package.to_owned())),
            _ => (id, None),
        }
    }
}
