//! The examples at the end of every help text, run by a shell as they stand there.

use std::{fs, process::Command};

use evidence::json::{Value, json};
use testkit::{content::Content, registry::Registry};

use crate::place::{IMAGE, Place, digest, testdata};

const COMMANDS: [&[&str]; 17] = [
    &[],
    &["build"],
    &["scan"],
    &["test"],
    &["sbom"],
    &["approve"],
    &["deploy"],
    &["promote"],
    &["copy"],
    &["predicate"],
    &["statement"],
    &["attach"],
    &["repair"],
    &["key"],
    &["key", "generate"],
    &["key", "public"],
    &["whoami"],
];

#[test]
fn every_example_of_every_help_text_works() {
    let registry = Registry::start().unwrap();
    registry.load("payments/api", &testdata("images/app-index-oci")).unwrap();
    let (content, _) = Content::image("bare");
    content.push(&registry, "payments/api");
    let bare = &content.manifests[0].bytes;
    let blobs = testdata("images/app-index-oci/blobs");
    let image = fs::read(blobs.join(IMAGE.replace(':', "/"))).unwrap();
    let host = registry.host();
    let mut run = 0;
    for command in COMMANDS {
        let help = Place::new().done(&[command, &["--help"]].concat());
        let (_, examples) = help.split_once("Examples:\n").unwrap();
        let examples = examples.split("\n\n").next().unwrap().replace("\\\n", " ");
        for example in examples.lines() {
            // No CI system that is known could have built the image with this label; another has none.
            // A report is about the image.
            let tagged = if example.contains("attest build") { bare } else { &image };
            registry.store().put_manifest("payments/api", Some("v1.4.0"), tagged);
            let example = example.replace("registry.example.com", &host);
            works(&example.replace("prod.example.com", &host), &host);
            run += 1;
        }
    }
    assert_eq!(run, 2 * COMMANDS.len());
}

/// Runs one example where every file that it names is there.
fn works(example: &str, host: &str) {
    // As in a job whose variables say what the labels of the image say.
    let mut place = Place::new().inside("github.env");
    place.set("ATTEST_PASSWORD", "x");
    let key = fs::read_to_string(testdata("keys/p256-sec1.pem")).unwrap();
    place.set("RELEASE_KEY", &key);
    files(&place, &key, host, example.contains("key generate"));
    let ended = place.shell(example);
    assert_eq!(ended.status, 0, "{example}: {}", ended.stderr);
}

fn files(place: &Place, key: &str, host: &str, makes_keys: bool) {
    fs::create_dir(place.path("keys")).unwrap();
    for name in ["release.key", "scanner.key", "deployer.key", "alice.key"] {
        place.write(name, key);
    }
    if !makes_keys {
        place.write("keys/release.key", key);
    }
    place.set_file("trivy.json", "reports/scan/trivy-vuln-clean.json");
    fs::create_dir_all(place.path("build/unit")).unwrap();
    place.set_file("build/unit/TEST-a.xml", "reports/test/pytest-pass.xml");
    place.set_file("sbom.spdx.json", "reports/sbom/syft-registry.spdx.json");
    place.set_file("sbom.cdx.json", "reports/sbom/trivy-image-registry-tag.cdx.json");
    for name in ["vex.json", "review.json"] {
        place.write(name, "{}");
    }
    place.write("smoke.sh", "#!/bin/sh\nexit 0\n");
    assert!(
        Command::new("chmod").arg("+x").arg(place.path("smoke.sh")).status().unwrap().success()
    );
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": IMAGE.trim_start_matches("sha256:")}}],
        "predicateType": "https://example.com/p/v1",
        "predicate": {},
    });
    place.write("statement.json", statement.to_string());
    let sign = ["statement", "oci:app", "--file", "statement.json", "--bundle", "approval.json"];
    place.done(&[&sign[..], &["--no-attach", "--key", "release.key"]].concat());
    let before = json!(
        {"step": "approve", "type": "approval", "environment": "production", "name": null}
    );
    let now = evidence::time::write(std::time::SystemTime::now().try_into().unwrap());
    let verdict = |decision, before: Value| {
        json!({
            "version": 1, "decision": decision, "environment": "production", "before": before,
            "now": now,
            "image": {"digest": IMAGE, "name": format!("{host}/payments/api")},
            "policy": {"digest": digest(b"policy"), "revision": 1}, "steps": [], "findings": [],
            "commitments": [], "others": [],
            "goodUntil": null,
        })
    };
    place.write("ready.json", verdict("ready", before).to_string());
    place.write("allow.json", verdict("allow", Value::Null).to_string());
}
