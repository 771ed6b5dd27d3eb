//! Bundles that other projects made, each with the verdict that `testdata/real-bundles.tsv` expects.
//!
//! The files are not ours and lie outside; where they are absent, the test says so.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use evidence::{
    Digest,
    json::{Value, parse},
};
use testkit::conformance::{Question, Subject, Who, verify};

/// One row of the table.
struct Row<'t> {
    file: &'t str,
    pointer: &'t str,
    root: &'t str,
    identity: &'t str,
    issuer: &'t str,
    artifact: &'t str,
    verdict: &'t str,
}

impl<'t> Row<'t> {
    fn of(line: &'t str) -> Self {
        let cells: Vec<&str> = line.split('\t').collect();
        let [file, pointer, root, identity, issuer, artifact, verdict] = cells.try_into().unwrap();
        Self { file, pointer, root, identity, issuer, artifact, verdict }
    }

    /// The bundle: the file, or what its pointer leads to.
    fn bundle(&self, vectors: &Path) -> Value {
        let whole = parse(&fs::read(vectors.join(self.file)).unwrap()).unwrap();
        match self.pointer {
            "-" => whole,
            pointer => whole.pointer(pointer).unwrap().clone(),
        }
    }

    fn subject(&self, bundle: &Value, vectors: &Path) -> Subject {
        let text = |pointer: &str| bundle.pointer(pointer).unwrap().as_str().unwrap();
        match self.artifact.split_once(':') {
            Some(("file", name)) => {
                let folder = self.file.split('/').next().unwrap();
                Subject::File(vectors.join(folder).join(name))
            }
            _ if self.artifact == "stated" => {
                let hash = STANDARD.decode(text("/messageSignature/messageDigest/digest")).unwrap();
                Subject::Digest(Digest::of_hash(&hash.try_into().unwrap()))
            }
            _ => {
                let payload = STANDARD.decode(text("/dsseEnvelope/payload")).unwrap();
                let statement = parse(&payload).unwrap();
                let digests = statement.pointer("/subject/0/digest").unwrap().as_object().unwrap();
                let (algorithm, hex) = digests.iter().next().unwrap();
                Subject::Digest(format!("{algorithm}:{}", hex.as_str().unwrap()).parse().unwrap())
            }
        }
    }
}

#[test]
fn each_has_the_verdict_that_is_expected_of_it() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let vectors = here.join("../../shared/vectors");
    if !vectors.is_dir() {
        println!("skipped: the bundles of other projects are not here");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let table = fs::read_to_string(here.join("../testdata/real-bundles.tsv")).unwrap();
    let (mut right, mut wrong) = (0, Vec::new());
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let row = Row::of(line);
        let bundle = row.bundle(&vectors);
        let path = scratch.path().join("bundle.sigstore.json");
        // As it is written, where it is a file of its own.
        let path: PathBuf = match row.pointer {
            "-" => vectors.join(row.file),
            _ => {
                fs::write(&path, bundle.to_string()).unwrap();
                path
            }
        };
        let question = Question {
            bundle: path,
            who: Who::Identity(row.identity.to_owned(), row.issuer.to_owned()),
            trusted_root: vectors.join(row.root),
            artifact: row.subject(&bundle, &vectors),
        };
        let outcome = verify(&question);
        let said = outcome.as_ref().err().map_or("verified", |why| why.split(':').next().unwrap());
        match said == row.verdict {
            true => right += 1,
            false => {
                wrong.push(format!("{}{}: {outcome:?}, not {}", row.file, row.pointer, row.verdict))
            }
        }
    }
    assert!(wrong.is_empty(), "{right} right, wrong: {wrong:#?}");
    assert!(right > 40, "only {right} bundles");
}
