//! A case, read from its directory.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a case that cannot be read has failed"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use chain::{
    Candidate, Content, Image, Platform, Policy, Question, Shape, Undecided, Verdict,
    policy::Faults,
};
use evidence::{Digest, json::Value, time};
use serde::Deserialize;

/// One directory of `testdata/cases`.
pub(crate) struct Case {
    pub(crate) name: String,
    directory: PathBuf,
    pub(crate) question: Question,
    pub(crate) evidence: Vec<Candidate>,
    pub(crate) expected: Expected,
}

/// What must come of a case (`expect.json`).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Expected {
    /// The case that differs from this one in one thing and is decided the other way.
    pub(crate) twin: Option<String>,
    /// The verdict's decision; `undecided` or `policy-fault` where there is no verdict.
    pub(crate) decision: String,
    /// Why not.
    #[serde(default)]
    pub(crate) findings: Vec<ExpectedFinding>,
    /// The steps that pass.
    #[serde(default)]
    pub(crate) passing: Vec<String>,
    /// Per step, what became of each file of evidence; steps that are not named are not compared.
    #[serde(default)]
    pub(crate) fates: BTreeMap<String, BTreeMap<String, String>>,
    /// What the report must say of files of evidence beside what became of them.
    #[serde(default)]
    pub(crate) reasons: BTreeMap<String, String>,
    /// What became of evidence that speaks for no step.
    pub(crate) others: Option<BTreeMap<String, String>>,
    /// The evidence that whoever follows the verdict commits to.
    pub(crate) commitments: Option<Vec<String>>,
    /// The notes.
    #[serde(default)]
    pub(crate) notes: Vec<String>,
    /// The stable word of the error, where there is no verdict.
    pub(crate) error: Option<String>,
    /// The faults of the policy.
    #[serde(default)]
    pub(crate) faults: Vec<String>,
    /// What ends the verdict first, and when.
    pub(crate) good_until: Option<[String; 2]>,
    /// What ends soon, and when.
    pub(crate) expiring: Option<Vec<[String; 2]>>,
    /// The facts that are the same: `commit: build = test`.
    pub(crate) same: Option<Vec<String>>,
}

/// A finding that must be there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedFinding {
    pub(crate) step: Option<String>,
    pub(crate) code: String,
    /// Words that the finding must say to whoever reads it.
    #[serde(default)]
    pub(crate) says: Vec<String>,
}

/// What came of a case.
pub(crate) type Outcome = Result<Result<Verdict, Undecided>, Faults>;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenQuestion {
    image: WrittenImage,
    environment: Option<String>,
    before: Option<String>,
    now: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenImage {
    name: Option<String>,
    digest: Option<String>,
    /// The digests of the same bytes by other algorithms.
    same_bytes: Vec<Digest>,
    /// The platforms of an index: `{"linux/amd64": {"digest": …, "labels": …}}`.
    platforms: BTreeMap<String, WrittenPlatform>,
    /// The index that lists the digest, and what else it lists.
    listed: Option<WrittenListed>,
    told: bool,
    /// `null`: an index, which has no labels.
    labels: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPlatform {
    digest: Digest,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenListed {
    index: Digest,
    siblings: Vec<Digest>,
}

fn shape(platforms: BTreeMap<String, WrittenPlatform>, listed: Option<WrittenListed>) -> Shape {
    match listed {
        Some(WrittenListed { index, siblings }) => Shape::Listed { index, siblings },
        None if platforms.is_empty() => Shape::Lone,
        None => Shape::Index {
            platforms: platforms
                .into_iter()
                .map(|(name, WrittenPlatform { digest, labels })| Platform {
                    name,
                    digest,
                    labels: Some(labels),
                })
                .collect(),
        },
    }
}

impl Case {
    /// Every case; the directory is the list.
    pub(crate) fn all() -> Vec<Self> {
        let mut cases: Vec<Self> = names().iter().map(|name| Self::read(name)).collect();
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        assert!(cases.len() > 100, "the cases are gone");
        cases
    }

    /// The case of that name.
    pub(crate) fn read(name: &str) -> Self {
        let directory = root().join(name);
        let said = |what: &str, error: String| -> ! { panic!("{name}: {what}: {error}") };
        let expected = fs::read(directory.join("expect.json")).unwrap_or_default();
        let expected = serde_json::from_slice(&expected)
            .unwrap_or_else(|error| said("expect.json", error.to_string()));
        let question =
            question(&directory).unwrap_or_else(|error| said("question.json", error.to_string()));
        let evidence = evidence(&directory);
        Self { name: name.to_owned(), directory, question, evidence, expected }
    }

    /// The policy, and what it is read from.
    pub(crate) fn policy(&self) -> Result<Policy, Faults> {
        let file = self.input("policy.yaml").unwrap();
        let beside = file.parent().unwrap();
        Policy::parse("policy.yaml", &fs::read(&file).unwrap(), &mut |wanted| {
            fs::read(beside.join(wanted.path()?)).map_err(|error| error.to_string())
        })
    }

    /// The inputs that a twin may differ in, as bytes.
    pub(crate) fn inputs(&self) -> BTreeMap<&'static str, Vec<u8>> {
        let mut evidence = BTreeMap::new();
        for candidate in &self.evidence {
            evidence.insert(candidate.found.clone(), format!("{:?}", candidate.content));
        }
        let file = |name| self.input(name).map(|path| fs::read(path).unwrap()).unwrap_or_default();
        BTreeMap::from([
            ("evidence", format!("{evidence:?}").into_bytes()),
            ("policy.yaml", file("policy.yaml")),
            ("question.json", file("question.json")),
        ])
    }

    /// The README.
    pub(crate) fn readme(&self) -> String {
        fs::read_to_string(self.directory.join("README")).unwrap_or_default()
    }

    /// Asks the question of the case.
    pub(crate) fn ask(&self) -> Outcome {
        Ok(self.ask_with(&self.policy()?, self.evidence.clone()))
    }

    /// Asks the question of the case about other evidence.
    pub(crate) fn ask_with(
        &self,
        policy: &Policy,
        evidence: Vec<Candidate>,
    ) -> Result<Verdict, Undecided> {
        chain::gate(policy, &self.question, evidence)
    }

    /// The file of that name, here or among the defaults.
    fn input(&self, name: &str) -> Option<PathBuf> {
        [self.directory.join(name), root().join("_default").join(name)]
            .into_iter()
            .find(|path| path.exists())
    }
}

/// Whether a decision lets the image go on.
pub(crate) fn allows(decision: &str) -> bool {
    decision.starts_with("allow") || decision == "ready"
}

/// The evidence in a directory, by file.
pub(crate) fn evidence(directory: &Path) -> Vec<Candidate> {
    let Ok(files) = fs::read_dir(directory.join("evidence")) else { return Vec::new() };
    let names: BTreeSet<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    names.iter().map(|path| candidate(path)).collect()
}

fn candidate(path: &Path) -> Candidate {
    let bytes = fs::read(path).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let (found, kind) = name.split_once('.').unwrap();
    let content = match kind {
        "sigstore.json" => Content::Bundle(bytes),
        "statement.json" => Content::Unsigned(bytes),
        "unreadable" => Content::Unreadable(String::from_utf8(bytes).unwrap().trim().to_owned()),
        other => panic!("{}: no evidence is called `.{other}`", path.display()),
    };
    Candidate { found: found.to_owned(), referrer: None, content }
}

/// The directory of the cases.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/cases")
}

/// The names of all cases; those that begin with `_` are what cases share.
fn names() -> Vec<String> {
    fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('_'))
        .collect()
}

/// The question: the members of the case before those of the default.
fn question(directory: &Path) -> Result<Question, serde_json::Error> {
    let read = |path: PathBuf| match fs::read(path) {
        Ok(bytes) => serde_json::from_slice::<Value>(&bytes),
        Err(_) => Ok(Value::Object(serde_json::Map::new())),
    };
    let mut whole = read(root().join("_default/question.json"))?;
    for (member, value) in read(directory.join("question.json"))?.as_object().unwrap() {
        match (whole[member].as_object_mut(), value.as_object()) {
            (Some(known), Some(value)) => known.extend(value.clone()),
            _ => whole[member] = value.clone(),
        }
    }
    let WrittenQuestion { image, environment, before, now } = serde_json::from_value(whole)?;
    let digest: Digest = image.digest.unwrap().parse().unwrap();
    let name = image.name.unwrap();
    Ok(Question {
        image: Image {
            reference: format!("{name}@{digest}"),
            name,
            told: image.told,
            evidence_repository: None,
            shape: shape(image.platforms, image.listed),
            digest,
            same_bytes: image.same_bytes,
            labels: serde_json::from_value(image.labels)?,
        },
        environment,
        before,
        now: time::parse(&now.unwrap()).unwrap(),
    })
}
