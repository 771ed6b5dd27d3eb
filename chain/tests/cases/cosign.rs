//! Evidence that the real cosign made, and evidence that was made to fool it: what it comes to here
//! (`testdata/cosign/table.tsv`).

#![expect(clippy::unwrap_used, reason = "a table that cannot be read has failed")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use chain::{Candidate, Content, Policy, Question, Verdict};

use crate::case::Case;

#[test]
fn what_cosign_made_is_allowed_or_refused_as_the_table_says() {
    let table = fs::read_to_string(root().join("table.tsv")).unwrap();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for row in table.lines().skip(1) {
        let [bundle, key, step, here, code, _cosign] = row.split('\t').collect::<Vec<_>>()[..]
        else {
            panic!("{row}: six columns")
        };
        seen.insert(format!("{bundle}.sigstore.json"));
        let verdict = verdict(bundle, key, step);
        let candidates = verdict.steps.iter().flat_map(|step| &step.candidates);
        let codes = candidates.chain(&verdict.others).filter_map(|one| one.code);
        let codes: Vec<_> = codes.map(chain::Code::word).collect();
        if verdict.decision.word() != here || codes.join(",") != code {
            wrong.push(format!("{row}: {} {codes:?}", verdict.decision.word()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(seen, files(), "the table and the files");
}

/// What the pure form of the algorithm refuses is named: cosign writes it and nobody reads it.
#[test]
fn a_prehashed_signature_is_named() {
    let verdict = verdict("attested/key-ed25519", "import-ed25519.pub", "build");
    assert!(verdict.findings[0].message.contains("Ed25519ph"), "{:?}", verdict.findings);
}

fn verdict(bundle: &str, key: &str, step: &str) -> Verdict {
    let environment = if step == "approval" { ", environment: production" } else { "" };
    let policy = format!(
        "schema: 1\n\
         images: [\"127.0.0.1:5101/demo/*\"]\n\
         trust: {{time: [claimed]}}\n\
         signers: {{cosign: {{key: {key}}}}}\n\
         steps: {{it: {{type: {step}, signed-by: cosign{environment}}}}}\n"
    );
    let policy = Policy::parse("policy.yaml", policy.as_bytes(), &mut |wanted| {
        fs::read(root().join("../keys").join(wanted.path()?)).map_err(|error| error.to_string())
    });
    let bytes = fs::read(root().join(format!("{bundle}.sigstore.json"))).unwrap();
    let candidate =
        Candidate { found: bundle.to_owned(), referrer: None, content: Content::Bundle(bytes) };
    chain::gate(&policy.unwrap(), &question(), vec![candidate]).unwrap()
}

/// The question of any case, about cosign's image.
fn question() -> Question {
    let mut question = Case::read("judge-deployment").question;
    let image = &mut question.image;
    "127.0.0.1:5101/demo/new".clone_into(&mut image.name);
    let digest = "sha256:a1bb6ef36b06cf729dad0bbb8b16e6e6b95d8aff8cfcdd042bf4099d59965f77";
    image.digest = digest.parse().unwrap();
    question
}

fn root() -> PathBuf {
    crate::case::root().join("../cosign")
}

fn files() -> BTreeSet<String> {
    ["attested", "made"]
        .into_iter()
        .flat_map(|directory| {
            let files = fs::read_dir(root().join(directory)).unwrap();
            files.map(move |file| {
                format!("{directory}/{}", file.unwrap().file_name().into_string().unwrap())
            })
        })
        .collect()
}
