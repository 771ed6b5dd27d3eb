//! Trusted roots as a user meets them: shown, fetched, and wanted by a policy.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail by panic")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use evidence::json::Value;
use testkit::{
    registry::Answer,
    sigstore::Instance,
    tuf::{Files, Plan, Served},
};

/// The end of all time, for those who run a program by its own clock.
const EXPIRES: &str = "2099-01-01T00:00:00Z";

const NAME: &str = "registry.example.com/acme/app";

fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(path)
}

/// A repository that publishes the trusted root of a private Sigstore, and a directory with a policy
/// that wants it.
struct Place {
    dir: tempfile::TempDir,
    served: Served,
    plan: Plan,
    root: Vec<u8>,
}

struct Run {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Place {
    fn new() -> Self {
        let root = Instance::new().trusted_root();
        let plan = Plan::new(EXPIRES.parse().unwrap()).unwrap().with("trusted_root.json", &root);
        let served = Served::start(plan.files().unwrap()).unwrap();
        let place = Self { dir: tempfile::tempdir().unwrap(), served, plan, root };
        place.write("root.json", &place.plan.root_json().unwrap());
        place.write("trusted_root.json", &place.root);
        place.policy(&format!("{{tuf: {{url: {}, root: root.json}}}}", place.served.url()));
        place
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.dir.path().join(name), bytes).unwrap();
    }

    fn policy(&self, root: &str) {
        let text = format!(
            "schema: 1\nrevision: 1\nname: test\nimages: [{NAME}]\ntrust: {{roots: {{acme: {root}}}}}\n\
             signers:\n  ci: {{issuer: https://issuer.example.com, identity: ci@example.com}}\n\
             steps:\n  test: {{type: test, signed-by: ci}}\n"
        );
        self.write("policy.yaml", text.as_bytes());
    }

    fn run(&self, words: &str) -> Run {
        let words = words.replace("$URL", &self.served.url());
        let output = Command::new(assert_cmd::cargo::cargo_bin!("verify"))
            .current_dir(self.dir.path())
            .env_remove("VERIFY_FORMAT")
            .env_remove("VERIFY_CACHE")
            .env("XDG_CACHE_HOME", self.dir.path().join("home"))
            .args(words.split(' '))
            .output()
            .unwrap();
        Run {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn gate(&self) -> Run {
        let image = testdata("images/app-oci");
        let image = image.display();
        self.run(&format!("gate oci:{image} --as {NAME} --policy policy.yaml --format json"))
    }

    /// The one error that there is: its exit code and kind.
    fn fails(run: &Run) -> (i32, String) {
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        (run.status, report["error"]["kind"].as_str().unwrap().to_owned())
    }
}

impl Run {
    #[track_caller]
    fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }
}

#[test]
fn who_is_believed_is_shown() {
    let place = Place::new();
    fs::copy(testdata("sigstore/trusted_root.json"), place.dir.path().join("real.json")).unwrap();
    let run = place.run("trust show --trusted-root real.json").exits(0);
    insta::assert_snapshot!("trust-show-file", run.stdout);
    assert_eq!(run.stderr, "");
    let json = place.run("trust show --trusted-root real.json --format json").exits(0);
    let shown: Value = serde_json::from_str(&json.stdout).unwrap();
    let root = &shown["roots"][0];
    assert_eq!((&shown["version"], &root["source"]), (&1.into(), &"real.json".into()));
    for one in root["believed"].as_array().unwrap() {
        assert!(run.stdout.contains(one["role"].as_str().unwrap()));
        assert!(run.stdout.contains(one["url"].as_str().unwrap()));
    }
    let whole = place.run("trust show --trusted-root real.json -v").exits(0).stdout;
    assert!(whole.contains(root["believed"][0]["id"].as_str().unwrap()), "{whole}");
    assert!(place.served.take().is_empty());
}

#[test]
fn what_a_policy_believes_is_shown_with_what_it_asks() {
    let place = Place::new();
    let run = place.run("trust show --policy policy.yaml").exits(0);
    let url = place.served.url();
    assert!(run.stdout.starts_with(&format!("acme  from {url}\nsha256:")), "{}", run.stdout);
    assert!(run.stdout.contains("a signature must be in 1 log and seen by 1 clock\n"));
    assert!(!place.served.take().is_empty());
    place.policy(
        "{root: trusted_root.json, log: 2, timestamps: 2, issuers: [https://issuer.example.com]}",
    );
    let run = place.run("trust show --policy policy.yaml").exits(0);
    assert!(run.stdout.starts_with("acme  from trusted_root.json\n"), "{}", run.stdout);
    assert!(
        run.stdout.contains(
            "in 2 logs and seen by 2 clocks; vouches for identities of \
             https://issuer.example.com alone\n"
        ),
        "{}",
        run.stdout
    );
    assert!(place.served.take().is_empty(), "the root is a file");
    place.write("keys.yaml", &fs::read(testdata("gate/policy.yaml")).unwrap());
    place.write("release.pub", &fs::read(testdata("gate/release.pub")).unwrap());
    let run = place.run("trust show --policy keys.yaml").exits(0);
    assert_eq!(run.stdout, "the policy names no trusted root: it believes keys alone\n");
}

#[test]
fn a_root_is_fetched_for_those_without_a_network() {
    let place = Place::new();
    let words = "trust fetch --repository $URL --root root.json --out fetched.json";
    let run = place.run(words).exits(0);
    let url = place.served.url();
    assert!(
        run.stdout.starts_with(&format!("fetched.json  from {url}\nsha256:")),
        "{}",
        run.stdout
    );
    assert_eq!(fs::read(place.dir.path().join("fetched.json")).unwrap(), place.root);
    // It is asked each time, and what it serves is verified before it is written.
    place.served.take();
    let json = place.run(&format!("{words} --format json")).exits(0).stdout;
    let shown: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(shown["roots"][0]["out"], "fetched.json");
    assert!(!place.served.take().is_empty());
    for (lie, published) in [
        (2, place.plan.clone().with("trusted_root.json", b"{}").next()),
        (2, {
            let mut plan = place.plan.clone().next();
            plan.timestamp.signers.clear();
            plan
        }),
    ] {
        place.served.publish(published.files().unwrap());
        place.run(words).exits(lie);
        assert_eq!(fs::read(place.dir.path().join("fetched.json")).unwrap(), place.root);
    }
    // Away is away, whatever is kept.
    place.served.publish(Files::new());
    place.run(words).exits(3);
}

#[test]
fn a_repository_needs_something_to_be_believed_from() {
    let place = Place::new();
    for (words, said) in [
        ("--repository $URL", "--root root.json"),
        ("--repository github --root root.json", "leave --root out"),
        ("--repository http://tuf.example.com --root root.json", "is no address of a repository"),
        ("--repository $URL --root nothing.json", "cannot read `nothing.json`"),
        ("--repository $URL --root trusted_root.json", "is no TUF root that signs itself"),
    ] {
        let run = place.run(&format!("trust fetch --out out.json {words}")).exits(2);
        assert!(run.stderr.contains(said), "{words}: {}", run.stderr);
        assert!(!place.dir.path().join("out.json").exists());
    }
    assert!(place.served.take().is_empty());
    let run = place.run("trust fetch --out absent/out.json --repository $URL --root root.json");
    assert!(run.exits(2).stderr.contains("there is no directory `absent`"));
    for words in ["sigstore --policy policy.yaml", "--policy p --trusted-root r", "other"] {
        place.run(&format!("trust show {words}")).exits(2);
    }
    let run = place.run("trust show --trusted-root policy.yaml --format json").exits(2);
    assert_eq!(Place::fails(&run).1, "no-root");
    let run = place.run("trust show --trusted-root nothing.json --format json").exits(2);
    assert_eq!(Place::fails(&run).1, "unreadable-file");
}

#[test]
fn a_gate_asks_for_the_roots_of_its_policy_once_a_day() {
    let place = Place::new();
    let digest = |run: Run| {
        let verdict: Value = serde_json::from_str(&run.exits(1).stdout).unwrap();
        assert_eq!(verdict["findings"][0]["code"], "missing");
        verdict["policy"]["digest"].clone()
    };
    let first = digest(place.gate());
    assert_eq!(place.served.take().len(), 5);
    assert_eq!(digest(place.gate()), first);
    assert!(place.served.take().is_empty(), "what is kept answers");
    // What a repository publishes is no part of the policy, so its digest stays.
    let next = Instance::named("another.test").trusted_root();
    let plan = place.plan.clone().with("trusted_root.json", &next).next();
    place.served.publish(plan.files().unwrap());
    fs::remove_dir_all(place.dir.path().join("home")).unwrap();
    assert_eq!(digest(place.gate()), first);
    assert!(!place.served.take().is_empty());
    // A root in a file is, and asks nobody.
    place.policy("{root: trusted_root.json}");
    assert_ne!(digest(place.gate()), first);
    assert!(place.served.take().is_empty());
}

#[test]
fn a_gate_without_its_root_has_no_verdict() {
    let place = Place::new();
    place.served.answer("timestamp.json", Answer::new(503));
    let run = place.gate();
    assert_eq!(Place::fails(&run), (3, "trust-unavailable".to_owned()));
    assert!(run.stderr.starts_with("error: no verdict: http://127.0.0.1:"), "{}", run.stderr);
    // The same, served again.
    place.served.publish(place.plan.files().unwrap());
    place.gate().exits(1);
    fs::remove_dir_all(place.dir.path().join("home")).unwrap();
    let refused: fn(&mut Plan) = |plan| plan.timestamp.signers.clear();
    let expired: fn(&mut Plan) =
        |plan| plan.timestamp.expires = "2026-01-01T00:00:00Z".parse().unwrap();
    let unpublished: fn(&mut Plan) = |plan| plan.published.clear();
    for (kind, change) in
        [("trust-refused", refused), ("trust-expired", expired), ("trust-no-target", unpublished)]
    {
        let mut plan = place.plan.clone();
        change(&mut plan);
        place.served.publish(plan.files().unwrap());
        assert_eq!(Place::fails(&place.gate()), (2, kind.to_owned()));
    }
    // What is published must be a trusted root, by the reading of the policy.
    let plan = place.plan.clone().with("trusted_root.json", b"{}");
    place.served.publish(plan.files().unwrap());
    assert_eq!(Place::fails(&place.gate()), (2, "policy".to_owned()));
}

#[test]
fn nobody_is_asked_on_behalf_of_a_policy_with_faults() {
    let place = Place::new();
    let policy = fs::read_to_string(place.dir.path().join("policy.yaml")).unwrap();
    place.write("policy.yaml", policy.replace("type: test", "type: tset").as_bytes());
    let run = place.gate();
    assert_eq!(Place::fails(&run), (2, "policy".to_owned()));
    assert!(run.stderr.contains("nobody is asked for it"), "{}", run.stderr);
    assert!(place.served.take().is_empty());
    let image = testdata("images/app-oci");
    let words = format!("list oci:{} --as {NAME} --policy policy.yaml", image.display());
    place.run(&words).exits(2);
    place.write("policy.yaml", policy.as_bytes());
    place.run(&words).exits(0);
    assert_eq!(place.served.take().len(), 5);
}

#[test]
fn every_help_ends_with_two_examples_that_work() {
    let place = Place::new();
    let policy = fs::read(place.dir.path().join("policy.yaml")).unwrap();
    place.write("production.yaml", &policy);
    for words in ["trust", "trust show", "trust fetch"] {
        let help = place.run(&format!("{words} --help")).exits(0).stdout;
        insta::assert_snapshot!(format!("help-{}", words.replace(' ', "-")), help);
        let examples = help.split("\nExamples:\n").nth(1).unwrap().replace("\\\n", "");
        let examples: Vec<&str> = examples.lines().map(str::trim).collect();
        assert_eq!(examples.len(), 2, "{words}");
        for example in examples {
            // A repository that is served here stands in for those that are not.
            let example = example
                .replace("fetch --out", "fetch --repository $URL --root root.json --out")
                .replace("show sigstore", "show --trusted-root trusted_root.json")
                .replace("https://tuf.example.com", "$URL");
            let words: Vec<&str> = example.split_whitespace().skip(1).collect();
            place.run(&words.join(" ")).exits(0);
        }
    }
}
