//! The whole answer has one deadline: what never ends, in any file that the command names, is no
//! verdict. What comes late and in time is read like any other.

#![expect(clippy::unwrap_used, reason = "tests may fail by panic")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    thread,
};

use evidence::json::Value;

/// A directory with a policy, its key, evidence that passes, and pipes in place of some of them.
struct Place {
    dir: tempfile::TempDir,
}

fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(path)
}

impl Place {
    fn new(pipe: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["policy.yaml", "release.pub", "passed.json"] {
            fs::copy(testdata("gate").join(name), dir.path().join(name)).unwrap();
        }
        let path = dir.path().join(pipe);
        let _ = fs::remove_file(&path);
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        Self { dir }
    }

    fn gate(&self, words: &[&str]) -> Output {
        let image = format!("oci:{}", testdata("images/app-oci").display());
        Command::new(assert_cmd::cargo::cargo_bin!("verify"))
            .current_dir(self.dir.path())
            .args(["gate", &image, "--as", "registry.example.com/acme/app"])
            .args(["--policy", "policy.yaml", "--evidence", "passed.json", "--format", "json"])
            .args(words)
            .output()
            .unwrap()
    }
}

/// The files of a command that somebody else may have made.
const FILES: [&str; 3] = ["policy.yaml", "release.pub", "passed.json"];

#[test]
fn a_pipe_that_nobody_writes_to_is_no_verdict() {
    for file in FILES {
        let output = Place::new(file).gate(&["--timeout", "1s"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report.pointer("/error/kind").unwrap(), "timeout", "{file}");
        assert_eq!(output.status.code(), Some(3), "{file}");
    }
}

#[test]
fn a_pipe_that_somebody_writes_to_is_a_file() {
    for file in FILES {
        let place = Place::new(file);
        let (bytes, pipe) =
            (fs::read(testdata("gate").join(file)).unwrap(), place.dir.path().join(file));
        let writer = thread::spawn(move || fs::write(pipe, bytes));
        let output = place.gate(&[]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{file}: {told}");
        writer.join().unwrap().unwrap();
    }
}

#[test]
fn a_file_without_end_is_too_large() {
    for (words, status, kind) in
        [(["--evidence", "/dev/zero"], 3, "limit"), (["--policy", "/dev/zero"], 2, "policy")]
    {
        let image = format!("oci:{}", testdata("images/app-oci").display());
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("verify"));
        command.current_dir(testdata("gate")).args(["gate", &image, "--format", "json"]);
        command.args(["--as", "registry.example.com/acme/app"]).args(words);
        if kind == "limit" {
            command.args(["--policy", "policy.yaml"]);
        }
        let output = command.output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report.pointer("/error/kind").unwrap(), kind, "{report}");
        assert_eq!(output.status.code(), Some(status));
    }
}
