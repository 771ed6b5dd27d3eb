use super::*;

fn shell(script: &str, record: bool) -> Ran {
    ran(request(&words(&["sh", "-c", script]), record)).unwrap()
}

fn ran(request: Request<'_>) -> Result<Ran, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut signals = Signals::listen().unwrap();
        run(request, &mut signals, Timestamp::now).await
    })
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

fn request(words: &[OsString], record: bool) -> Request<'_> {
    Request {
        words,
        environment: std::env::vars_os().collect(),
        named_secrets: &[],
        record,
        stdout_to_stderr: false,
    }
}

#[test]
fn the_status_is_the_commands_own() {
    for (script, ended, status) in [
        ("exit 0", Ended::Exit(0), 0),
        ("exit 3", Ended::Exit(3), 3),
        ("exit 255", Ended::Exit(255), 255),
        ("kill -TERM $$", Ended::Signal(15), 143),
        ("kill -KILL $$", Ended::Signal(9), 137),
    ] {
        for record in [false, true] {
            let ran = shell(script, record);
            assert_eq!(ran.ended, ended, "{script}");
            assert_eq!(ran.exit_status(), status, "{script}");
            assert_eq!(ran.recorded.is_some(), record);
            assert_eq!(ran.stopped, None);
            assert!(ran.started <= ran.finished);
        }
    }
}

#[test]
fn what_cannot_be_run_is_told_apart_as_a_shell_does() {
    let directory = tempfile::tempdir().unwrap();
    let plain = directory.path().join("plain");
    std::fs::write(&plain, "no program").unwrap();
    let plain = plain.to_string_lossy().into_owned();
    for (program, status) in
        [("no-such-program-anywhere", 127), ("/no/such/program", 127), (plain.as_str(), 126)]
    {
        for record in [false, true] {
            let error = ran(request(&words(&[program]), record)).unwrap_err();
            assert_eq!(error.exit_status(), status, "{error}");
        }
    }
    assert!(matches!(ran(request(&[], false)), Err(CommandError::Empty)));
}

#[test]
fn the_command_sees_no_secret_that_signs() {
    let words = words(&["env"]);
    let mut request = request(&words, true);
    let secrets = [
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "ATTEST_KEY",
        "ATTEST_PASSWORD",
        "COSIGN_PASSWORD",
        "SIGSTORE_ID_TOKEN",
        "MY_KEY",
    ];
    for name in secrets.iter().chain(&["MY_KEY_2", "ACTIONS_CACHE_URL"]) {
        request.environment.insert(name.into(), "seen".into());
    }
    let named = ["MY_KEY".to_owned()];
    request.named_secrets = &named;
    let output = ran(request).unwrap().recorded.unwrap().output;
    for name in secrets {
        assert!(!output.contains(&format!("{name}=")), "{name} reached the command");
    }
    for name in ["PATH", "MY_KEY_2", "ACTIONS_CACHE_URL"] {
        assert!(output.contains(&format!("{name}=")), "{name} is missing");
    }
}

#[test]
fn both_streams_are_kept_when_asked() {
    let recorded = shell("echo out; echo err >&2; exit 1", true).recorded.unwrap();
    assert_eq!(recorded.arguments, ["sh", "-c", "echo out; echo err >&2; exit 1"]);
    assert!(recorded.output.contains("out\n") && recorded.output.contains("err\n"));
    assert!(!recorded.cut);
}

#[test]
fn of_much_output_the_end_is_kept() {
    let script = "i=0; while [ $i -lt 9000 ]; do echo line-$i-xxxxxxxx; i=$((i+1)); done; echo end";
    let recorded = shell(script, true).recorded.unwrap();
    assert!(recorded.cut);
    assert_eq!(recorded.output.len(), RECORDED);
    assert!(recorded.output.ends_with("line-8999-xxxxxxxx\nend\n"));
}

#[test]
fn output_that_is_no_text_is_kept_as_far_as_it_is() {
    let recorded = shell(r"printf 'a\377b'", true).recorded.unwrap();
    assert_eq!(recorded.output, "a\u{fffd}b");
}

#[test]
fn what_the_command_leaves_running_holds_nobody() {
    // The child that stays behind keeps the pipe open until the test has ended it.
    let directory = tempfile::tempdir().unwrap();
    let gate = directory.path().join("gate").to_string_lossy().into_owned();
    let script = format!("mkfifo {gate}; (read line < {gate}) & echo started");
    let ran = shell(&script, true);
    assert_eq!(ran.ended, Ended::Exit(0));
    assert_eq!(ran.recorded.unwrap().output, "started\n");
    std::fs::write(&gate, "go\n").unwrap();
}
