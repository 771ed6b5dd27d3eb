//! The command as a user runs it: what stands on which stream, which files it writes, and how it
//! exits. How a policy decides is tested elsewhere.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail by panic")]

mod advice;
mod listing;
mod place;
mod reports;

use std::{fs, process::Command};

use evidence::json::{Value, json};
use testkit::registry::{Answer, Fault, Registry};

use place::{NAME, Place, REFERENCE, Run};

#[test]
fn an_allow_says_what_convinced_it_and_exits_0() {
    let run = Place::new().gate("--evidence passed.json").exits(0);
    assert_eq!(run.stderr, "");
    for part in ["  test      release ", "2 passed", "\nallow  policy revision 3 (sha256:"] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    assert!(run.stdout.ends_with(&format!("\ndeploy oci:image@{REFERENCE}\n")));
}

#[test]
fn a_deny_says_the_policys_own_hint() {
    let place = Place::new();
    let hint = "signed-by: release, hint: run the job `test` again}";
    let policy = place.read("policy.yaml").replace("signed-by: release}", hint);
    fs::write(place.path("policy.yaml"), policy).unwrap();
    let run = place.gate("").exits(1);
    assert!(run.stdout.contains("hint: run the job `test` again\n"), "{}", run.stdout);
    let verdict: Value = serde_json::from_str(&place.gate("--format json").stdout).unwrap();
    assert_eq!(verdict["findings"][0]["hint"], "run the job `test` again");
}

#[test]
fn what_is_odd_about_a_policy_today_is_said_beside_the_answer() {
    let place = Place::new();
    let policy = place.read("policy.yaml").replace(
        "release: {key: release.pub}",
        "release:\n    - {key: release.pub}\n    - {key: deployer.pub, until: 2020-01-01}",
    );
    fs::write(place.path("policy.yaml"), policy).unwrap();
    let run = place.gate("--evidence passed.json").exits(0);
    assert!(
        run.stderr.starts_with("warning: `deployer.pub` is past its `until`"),
        "{}",
        run.stderr
    );
    let listed = place.run(&format!("list oci:image --as {NAME} --policy policy.yaml")).exits(0);
    assert_eq!(listed.stderr, run.stderr);
}

#[test]
fn a_deny_says_what_is_missing_and_exits_1() {
    let run = Place::new().gate("").exits(1);
    assert_eq!(run.stderr, "");
    for part in ["✗ test      missing", "mend: attest test oci:image@sha256:", "who:  release"] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    assert!(run.stdout.ends_with("\ndeny  0 of 1 steps pass; policy.yaml revision 3\n"));
}

#[test]
fn nothing_that_is_not_proven_gets_past_a_shell() {
    let place = Place::new();
    let shell = |words: &str| {
        let gate = format!("\"$0\" gate oci:image --as {NAME} {words} && echo deployed");
        let program = assert_cmd::cargo::cargo_bin!("verify");
        Run::of(Command::new("sh").current_dir(place.dir.path()).args(["-c", &gate]).arg(program))
    };
    assert!(shell("-q --policy policy.yaml --evidence passed.json").stdout.ends_with("deployed\n"));
    for words in [
        // No attestation, none that verifies, one of a stranger, a newer failure.
        "--policy policy.yaml",
        "--policy policy.yaml --evidence stranger.json",
        "--policy policy.yaml --evidence passed.json --evidence failed.json",
        // No material to verify with, no policy, no such file.
        "--policy release.pub --evidence passed.json",
        "--evidence passed.json",
        "--policy policy.yaml --evidence nothing.json",
    ] {
        let run = shell(words);
        assert!(!run.stdout.contains("deployed"), "{words}: {}", run.stdout);
        assert_ne!(run.status, 0, "{words}");
    }
}

#[test]
fn quiet_prints_the_reference_alone_and_only_if_it_may_be_deployed() {
    let place = Place::new();
    let run = place.gate("-q --evidence passed.json").exits(0);
    assert_eq!((run.stdout, run.stderr), (format!("oci:image@{REFERENCE}\n"), String::new()));
    let run = place.gate("-q").exits(1);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("deny  0 of 1 steps pass"));
    place.gate("-q --before test --format json").fails(2, "usage");
    // Two answers for one stdout, if the command asks for them; a job's environment does not.
    place.gate("-q --format json").fails(2, "usage");
    let mut command = place.command();
    command.env("VERIFY_FORMAT", "json").args(["gate", "oci:image", "-q", "--policy", "x.yaml"]);
    let run = Run::of(command.args(["--as", NAME])).exits(2);
    assert_eq!(run.stdout, "");
}

#[test]
fn json_is_what_a_machine_gets_whether_there_is_a_verdict_or_not() {
    let place = Place::new();
    let run = place.gate("--evidence passed.json --format json").exits(0);
    let verdict: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(verdict["decision"], "allow");
    assert_eq!(verdict["image"]["digest"], REFERENCE);
    let run = Run::of(place.command().env("VERIFY_FORMAT", "json").args([
        "gate",
        "oci:image",
        "--as",
        NAME,
        "--policy",
        "policy.yaml",
    ]));
    let verdict: Value = serde_json::from_str(&run.exits(1).stdout).unwrap();
    assert_eq!(verdict["findings"][0]["code"], "missing");
    let run = Run::of(place.command().env("VERIFY_FORMAT", "xml").args(["list", "oci:image"]));
    assert!(run.exits(2).stderr.contains("VERIFY_FORMAT is `xml`"));
}

#[test]
fn ready_is_never_an_allow_and_names_what_comes_next() {
    let place = Place::new();
    let words = "gate oci:image --as registry.example.com/acme/app --policy environments.yaml \
                 --environment production --before approve --report json=ready.json";
    let run = place.run(&format!("{words} --evidence passed.json")).exits(0);
    assert!(
        run.stdout.contains("\nready  1 of 1 steps before approve pass; nothing is allowed yet\n")
    );
    assert!(run.stdout.ends_with(&format!(
        "\nnext   attest approve oci:image@{REFERENCE} --as {NAME} --environment production \
         --verdict ready.json\n"
    )));
    assert!(!run.stdout.contains("allow "));
    let verdict: Value = serde_json::from_str(&place.read("ready.json")).unwrap();
    assert_eq!(verdict["decision"], "ready");
    assert_eq!(verdict["environment"], "production");
    let before = json!({
        "step": "approve", "type": "approval", "environment": "production", "name": null,
    });
    assert_eq!(verdict["before"], before);
    assert_eq!(verdict["commitments"].as_array().unwrap().len(), 1);
    assert!(verdict["policy"]["digest"].as_str().unwrap().starts_with("sha256:"));

    let run = place.run(&(words.replace("=ready", "=r") + " --evidence passed.json"));
    assert!(run.stdout.ends_with(" --verdict r.json\n"), "{}", run.stdout);
    let run = place.run(&(words.replace("approve", "staging") + " --evidence passed.json"));
    assert!(run.exits(0).stdout.ends_with(&format!(
        "\nnext   attest deploy oci:image@{REFERENCE} --as {NAME} --environment staging \
         --result succeeded\n"
    )));
}

#[test]
fn who_wrote_the_command_or_the_policy_is_told_with_2() {
    let place = Place::new();
    fs::write(place.path("faulty.yaml"), "schema: 1\nname: x\nsteps: {}\n").unwrap();
    let expired =
        place.read("policy.yaml").replace("name: tests-only", "name: x\nexpires: 2026-01-03");
    fs::write(place.path("expired.yaml"), expired).unwrap();
    let layout = format!("oci:image --as {NAME}");
    for (words, kind) in [
        (format!("gate {layout} --policy absent.yaml"), "policy-file"),
        (format!("gate {layout} --policy faulty.yaml"), "policy"),
        (format!("gate {layout} --policy expired.yaml"), "policy-expired"),
        (format!("gate {layout} --policy environments.yaml"), "no-environment"),
        (
            format!("gate {layout} --policy environments.yaml --environment nowhere"),
            "unknown-environment",
        ),
        (format!("gate {layout} --policy policy.yaml --before nothing"), "unknown-step"),
        (format!("gate {layout} --policy policy.yaml --before test"), "nothing-before"),
        ("gate oci:image --policy policy.yaml".into(), "usage"),
        ("gate oci:image --as Not/A/Name --policy policy.yaml".into(), "usage"),
        (format!("gate oci:image --as {NAME}:tag --policy policy.yaml"), "usage"),
        (format!("gate {NAME}:v1 --as {NAME} --policy policy.yaml"), "usage"),
        ("gate oci:image --as registry.example.com/other --policy policy.yaml".into(), "no-policy"),
        (format!("gate oci:absent --as {NAME} --policy policy.yaml"), "no-layout"),
        (format!("gate {layout} --policy policy.yaml --evidence absent.json"), "usage"),
        (format!("gate {layout} --policy policy.yaml --evidence policy.yaml"), "no-bundle"),
        (format!("gate {layout} --policy policy.yaml --timeout soon"), "usage"),
        (format!("gate {layout} --policy policy.yaml --timeout 0s"), "usage"),
        (format!("gate {layout}"), "usage"),
        ("gate --policy policy.yaml".into(), "usage"),
        (format!("gate {layout} --policy policy.yaml --insecure"), "usage"),
        ("list registry.example.com/UPPER".into(), "usage"),
        ("list".into(), "usage"),
        ("allow".into(), "usage"),
    ] {
        place.run(&format!("{words} --format json")).fails(2, kind);
    }
}

#[test]
fn a_login_is_refused_and_not_repeated() {
    let place = Place::new();
    let login = "user:SECRET@reg.example.com/a";
    for words in [
        format!("gate {login} --policy policy.yaml"),
        format!("gate {NAME} {login} --policy policy.yaml"),
        format!("gate {NAME} --policy policy.yaml --evidence {login}"),
        format!("gate {NAME} --policy policy.yaml --evidence-repository https://{login}"),
        format!("gate oci:image --policy policy.yaml --as {login}"),
        format!("list {login}@{REFERENCE}"),
        login.to_owned(),
    ] {
        let run = place.run(&format!("{words} --format json")).fails(2, "usage");
        let told = run.stdout + &run.stderr;
        assert!(told.contains("…@reg.example.com/a"), "{told}");
        assert!(!told.contains("SECRET"), "{told}");
    }
}

#[test]
fn a_layout_without_a_name_is_told_the_remedy() {
    let run = Place::new().run("gate oci:image --policy policy.yaml").exits(2);
    assert!(
        run.stderr.contains("\n  help: say what it is: --as registry.example.com/payments/api")
    );
}

#[test]
fn a_policy_is_complete_before_anything_is_asked_of_a_registry() {
    let place = Place::new();
    let registry = Registry::start().unwrap();
    let image = format!("{}/acme/app:v1", registry.host());
    let faulty = place.read("policy.yaml").replace("signed-by: release", "signed-by: nobody");
    fs::write(place.path("faulty.yaml"), faulty).unwrap();
    let run = place.run(&format!("gate {image} --policy faulty.yaml")).exits(2);
    assert!(run.stderr.contains("no image was looked at"), "{}", run.stderr);
    place.run(&format!("gate {image} --policy policy.yaml --format json")).fails(2, "no-policy");
    assert_eq!(registry.take_requests(), Vec::<String>::new());
}

#[test]
fn the_same_image_in_a_registry_is_decided_the_same() {
    let place = Place::new();
    let registry = Registry::start().unwrap();
    registry.load("acme/app", &place.path("image")).unwrap();
    let host = registry.host();
    let policy =
        place.read("policy.yaml").replace("registry.example.com/acme/*", &format!("{host}/acme/*"));
    fs::write(place.path("here.yaml"), policy).unwrap();
    let gate = format!("gate {host}/acme/app@{REFERENCE} --policy here.yaml");
    let run = place.run(&format!("{gate} --evidence passed.json")).exits(0);
    assert!(run.stdout.contains(&format!("deploy {host}/acme/app@{REFERENCE}\n")));
    place.run(&gate).exits(1);

    // Unreachable is no answer, and says so in other words than a deny.
    registry.fault("GET", "/referrers/", None, Fault::Answer(Answer::new(403)));
    let run = place.run(&format!("{gate} --evidence passed.json --format json")).exits(3);
    assert!(run.stderr.starts_with("error: no verdict: "), "{}", run.stderr);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["error"]["exit"], 3);
    assert!(!run.stdout.contains("deny") && !run.stderr.contains("deny"));
    place
        .run(&format!("gate {host}/acme/app:absent --policy here.yaml --format json"))
        .fails(3, "not-found");
}

#[test]
fn nothing_in_the_working_directory_or_the_environment_decides() {
    let place = Place::new();
    let before = place.gate("").exits(1).stdout;
    // What other tools pick up, or somebody could hope that this one does.
    for name in [
        "verify.yaml",
        ".verify.yaml",
        ".verify/policy.yaml",
        "verify.toml",
        "cosign.pub",
        "cosign.key",
        "evidence/passed.json",
        "bundle.json",
        ".env",
        ".sigstore/root/trusted_root.json",
    ] {
        let path = place.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(place.path("passed.json"), path).unwrap();
    }
    let mut command = place.command();
    for (name, value) in [
        ("VERIFY_POLICY", "environments.yaml"),
        ("VERIFY_ENVIRONMENT", "staging"),
        ("VERIFY_EVIDENCE", "passed.json"),
        ("VERIFY_AS", "registry.example.com/other"),
        ("COSIGN_REPOSITORY", "registry.example.com/acme/evidence"),
        ("ATTEST_KEY", "release.key"),
        ("GITHUB_ACTIONS", "true"),
        ("CI", "true"),
        ("RUST_LOG", "trace"),
    ] {
        command.env(name, value);
    }
    let run = Run::of(command.args(["gate", "oci:image", "--as", NAME, "--policy", "policy.yaml"]));
    assert_eq!(run.exits(1).stdout, before);
}

#[test]
fn verbose_goes_to_stderr() {
    let place = Place::new();
    let registry = Registry::start().unwrap();
    registry.load("acme/app", &place.path("image")).unwrap();
    let run = place.run(&format!("list {}/acme/app@{REFERENCE} -v", registry.host())).exits(0);
    assert!(
        run.stderr.lines().count() >= 3 && run.stderr.lines().all(|line| line.starts_with("# "))
    );
}

#[test]
fn help_and_version_are_an_answer() {
    let place = Place::new();
    for words in ["--version", "-h", "gate -h", "list -h"] {
        let run = place.run(words).exits(0);
        assert_eq!(run.stderr, "");
        assert!(!run.stdout.is_empty());
    }
    place.run("").exits(2);
    insta::assert_snapshot!("help", place.run("--help").exits(0).stdout);
    insta::assert_snapshot!("help-gate", place.run("gate --help").exits(0).stdout);
    insta::assert_snapshot!("help-list", place.run("list --help").exits(0).stdout);
}

/// The commands under `Examples:`, each in one line.
fn examples(help: &str) -> Vec<String> {
    let examples = help.split("\nExamples:\n").nth(1).unwrap().replace("\\\n", "");
    examples.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn every_help_ends_with_two_examples_that_work() {
    let place = Place::new();
    let registry = Registry::start().unwrap();
    registry.load("payments/api", &place.path("image")).unwrap();
    for words in ["--help", "gate --help", "list --help"] {
        let examples = examples(&place.run(words).exits(0).stdout);
        assert_eq!(examples.len(), 2, "{words}");
        for example in examples {
            // The examples' registry stands in for one here, and their policies for the test's.
            let host = registry.host();
            let here = format!("{host}/payments/api@{REFERENCE}");
            let example = example.replace("registry.example.com/payments/api:v1.4.0", &here);
            let named = example.contains("--environment");
            let policy = place
                .read(if named { "environments.yaml" } else { "approval.yaml" })
                .replace("acme/*\"]", &format!("acme/*\", \"{host}/payments/*\"]"));
            fs::write(place.path("policy.yaml"), &policy).unwrap();
            fs::write(place.path("production.yaml"), &policy).unwrap();
            let mut words = example.split(' ');
            assert_eq!(words.next(), Some("verify"));
            let run = Run::of(place.command().args(words));
            assert!([0, 1].contains(&run.status), "{example}: {} {}", run.status, run.stderr);
        }
    }
}
