//! A bundle in hand: by a key, by an identity, by a policy; each refusal beside what is not refused.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests may fail by panic"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use evidence::json::Value;

const REFERENCE: &str = "sha256:b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";

fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(path)
}

struct Run {
    status: i32,
    stdout: String,
    stderr: String,
}

/// A directory with bundles, keys and policies, and a shell in it that asks nobody.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(testdata("gate")).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
        }
        Self { dir }
    }

    fn run(&self, words: &str) -> Run {
        let output = Command::new(assert_cmd::cargo::cargo_bin!("verify"))
            .current_dir(self.dir.path())
            .env_remove("VERIFY_FORMAT")
            .env("XDG_CACHE_HOME", self.dir.path())
            .arg("bundle")
            .args(words.split(' ').filter(|word| !word.is_empty()))
            .output()
            .unwrap();
        Run {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Whether it is verified, or the code of why not.
    #[track_caller]
    fn told(&self, words: &str) -> String {
        let run = self.run(&format!("{words} --format json"));
        let value: Value = serde_json::from_str(&run.stdout).unwrap();
        if let Some(kind) = value["error"]["kind"].as_str() {
            return format!("{} {kind}", run.status);
        }
        assert_eq!(value["verified"] == true, run.status == 0, "{}", run.stdout);
        assert_eq!(value["code"].is_null(), run.status == 0, "{}", run.stdout);
        match value["code"].as_str() {
            None => "verified".to_owned(),
            Some(code) => {
                assert_eq!(run.status, 1);
                code.to_owned()
            }
        }
    }
}

#[test]
fn who_signed_it_and_is_it_about_this() {
    let place = Place::new();
    let other = REFERENCE.replace("b18ec", "b18ed");
    for (words, expected) in [
        (format!("passed.json --digest {REFERENCE} --key release.pub"), "verified"),
        // What it says is shown, and no reason to refuse it.
        (format!("failed.json --digest {REFERENCE} --key release.pub"), "verified"),
        (format!("passed.json --digest {REFERENCE} --policy policy.yaml"), "verified"),
        (format!("passed.json --digest {other} --key release.pub"), "wrong-subject"),
        (format!("passed.json --digest {REFERENCE} --key deployer.pub"), "wrong-signer"),
        (format!("stranger.json --digest {REFERENCE} --key release.pub"), "wrong-signer"),
        (format!("stranger.json --digest {REFERENCE} --policy policy.yaml"), "wrong-signer"),
        (format!("policy.yaml --digest {REFERENCE} --key release.pub"), "unreadable"),
    ] {
        assert_eq!(place.told(&words), expected, "{words}");
    }
}

#[test]
fn each_byte_that_is_signed_counts() {
    let place = Place::new();
    let text = fs::read_to_string(place.dir.path().join("passed.json")).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let signature = value["dsseEnvelope"]["signatures"][0]["sig"].as_str().unwrap();
    let payload = value["dsseEnvelope"]["payload"].as_str().unwrap();
    for signed in [signature, payload] {
        let at = signed.len() / 2;
        let flipped = if &signed[at..=at] == "A" { "B" } else { "A" };
        let changed = format!("{}{flipped}{}", &signed[..at], &signed[at + 1..]);
        fs::write(place.dir.path().join("changed.json"), text.replace(signed, &changed)).unwrap();
        let told = place.told(&format!("changed.json --digest {REFERENCE} --key release.pub"));
        assert_eq!(told, "bad-signature");
    }
}

#[test]
fn an_artifact_is_known_by_its_bytes() {
    let place = Place::new();
    let manifest = testdata("images/app-oci/blobs/sha256").join(&REFERENCE["sha256:".len()..]);
    fs::copy(&manifest, place.dir.path().join("artifact")).unwrap();
    assert_eq!(place.told("passed.json --artifact artifact --key release.pub"), "verified");
    let mut bytes = fs::read(&manifest).unwrap();
    bytes.push(b'\n');
    fs::write(place.dir.path().join("artifact"), bytes).unwrap();
    assert_eq!(place.told("passed.json --artifact artifact --key release.pub"), "wrong-subject");
}

/// The digest that the keyless evidence of `testdata/sigstore` is about.
const DEMO: &str = "sha256:25fb8600eedd5c0049cf04bd5de66cd41b450af0c4acf488f848256e39e7051f";

/// Who may have signed it, by the root of the same.
fn by(identity: &str, issuer: &str) -> String {
    let root = testdata("sigstore/trusted_root.json");
    format!("--identity {identity} --issuer {issuer} --trusted-root {}", root.display())
}

const CI: &str = "http://127.0.0.1:38204/ci";
const MAIL: &str = "http://127.0.0.1:38204/email";
const RELEASE: &str = "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main";

#[test]
fn who_is_named_in_a_certificate() {
    let place = Place::new();
    let told = |file: &str, digest: &str, whom: &str| {
        let file = testdata("sigstore").join(file);
        place.told(&format!("{} --digest {digest} {whom}", file.display()))
    };
    let alice = || by("alice@example.com", MAIL);
    let approval = "good-v1/approval-alice.sigstore.json";
    assert_eq!(told(approval, DEMO, &alice()), "verified");
    assert_eq!(told(approval, DEMO, &by("*@example.com", MAIL)), "verified");
    // Each differs from the first in one thing.
    assert_eq!(told("good-v1/approval-bob.sigstore.json", DEMO, &alice()), "wrong-signer");
    assert_eq!(told(approval, DEMO, &by("bob@example.com", MAIL)), "wrong-signer");
    assert_eq!(told(approval, DEMO, &by("alice@example.com", CI)), "wrong-signer");
    assert_eq!(told(approval, &DEMO.replace("25fb", "25fc"), &alice()), "wrong-subject");
    let root = "sigstore/trusted_root.json";
    let foreign = alice().replace(root, "sigstore/rekor1/trusted_root.json");
    assert_ne!(told(approval, DEMO, &foreign), "verified");
    let key = place.dir.path().join("release.pub");
    assert_eq!(told(approval, DEMO, &format!("--key {}", key.display())), "wrong-signer");
}

#[test]
fn no_bundle_that_is_wrong_in_one_way_is_verified() {
    let place = Place::new();
    let told = |path: &Path| {
        place.told(&format!("{} --digest {DEMO} {}", path.display(), by(RELEASE, CI)))
    };
    // What they were made of is genuine; its job is made up, and contradicts what its author says.
    assert_eq!(told(&testdata("sigstore/good-v1/build.sigstore.json")), "claim-mismatch");
    let mut number = 0;
    for entry in fs::read_dir(testdata("sigstore/hostile")).unwrap() {
        let path = entry.unwrap().path();
        let told = told(&path);
        assert!(
            !["verified", "claim-mismatch"].contains(&told.as_str()),
            "{}: {told}",
            path.display()
        );
        assert!(!told.starts_with(|c: char| c.is_ascii_digit()), "{}: {told}", path.display());
        number += 1;
    }
    assert!(number > 15);
}

#[test]
fn what_is_found_is_told() {
    let place = Place::new();
    let words = format!("passed.json --digest {REFERENCE} --key release.pub");
    insta::assert_snapshot!("bundle-verified", place.run(&words).stdout);
    let words = format!("stranger.json --digest {REFERENCE} --policy policy.yaml");
    insta::assert_snapshot!("bundle-refused", place.run(&words).stdout);
    let approval = testdata("sigstore/good-v1/approval-alice.sigstore.json");
    fs::copy(approval, place.dir.path().join("approval.json")).unwrap();
    let words = format!("approval.json --digest {DEMO} {}", by("alice@example.com", MAIL));
    insta::assert_snapshot!("bundle-keyless", place.run(&words).stdout);
}

#[test]
fn what_is_asked_must_be_whole() {
    let place = Place::new();
    let root = testdata("sigstore/trusted_root.json");
    let root = root.display();
    let asked = format!("passed.json --digest {REFERENCE}");
    for (words, kind) in [
        (asked.clone(), "usage"),
        ("passed.json --key release.pub".to_owned(), "usage"),
        (format!("{asked} --artifact passed.json --key release.pub"), "usage"),
        (format!("{asked} --key release.pub --policy policy.yaml"), "usage"),
        (format!("{asked} --identity a@example.com --issuer https://i.example"), "usage"),
        (format!("{asked} --identity a@example.com --trusted-root {root}"), "usage"),
        (format!("{asked} --policy policy.yaml --trusted-root {root}"), "usage"),
        ("passed.json --digest sha256:12 --key release.pub".to_owned(), "usage"),
        (format!("{asked} --key absent.pub"), "unreadable-file"),
        (format!("{asked} --key policy.yaml"), "signer"),
        (format!("{asked} --key release.pub --trusted-root policy.yaml"), "no-root"),
        (
            format!("{asked} --identity *@* --issuer https://i.example --trusted-root {root}"),
            "signer",
        ),
        (format!("{asked} --policy absent.yaml"), "policy-file"),
        (format!("absent.json --digest {REFERENCE} --key release.pub"), "unreadable-file"),
        ("passed.json --artifact absent --key release.pub".to_owned(), "unreadable-file"),
    ] {
        assert_eq!(place.told(&words), format!("2 {kind}"), "{words}");
    }
    // No file is read without end.
    let run = place.run(&format!("/dev/zero --digest {REFERENCE} --key release.pub"));
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("has more than 16777216 bytes"), "{}", run.stderr);
}

#[test]
fn its_help_ends_with_two_examples_that_work() {
    let place = Place::new();
    let manifest = testdata("images/app-oci/blobs/sha256").join(&REFERENCE["sha256:".len()..]);
    for (from, to) in [
        ("passed.json", "scan.sigstore.json"),
        ("passed.json", "build.sigstore.json"),
        ("release.pub", "scanner.pub"),
        ("policy.yaml", "production.yaml"),
    ] {
        fs::copy(place.dir.path().join(from), place.dir.path().join(to)).unwrap();
    }
    for name in ["report.json", "app.tar"] {
        fs::copy(&manifest, place.dir.path().join(name)).unwrap();
    }
    let help = place.run("--help").stdout;
    insta::assert_snapshot!("help-bundle", help);
    let examples = help.split("\nExamples:\n").nth(1).unwrap().replace("\\\n", "");
    assert_eq!(examples.lines().count(), 2);
    for example in examples.lines() {
        let words: Vec<&str> = example.split_whitespace().skip(2).collect();
        let run = place.run(&words.join(" "));
        assert_eq!(run.status, 0, "{example}: {}{}", run.stdout, run.stderr);
    }
}
