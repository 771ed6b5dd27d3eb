//! A directory to run the command in, and what came of a run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use evidence::json::Value;

pub(crate) const REFERENCE: &str =
    "sha256:b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";
pub(crate) const NAME: &str = "registry.example.com/acme/app";

pub(crate) fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(path)
}

/// A directory of its own with an image, policies and evidence, and a shell in it.
pub(crate) struct Place {
    pub(crate) dir: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        copy(&testdata("images/app-oci"), &dir.path().join("image"));
        copy(&testdata("gate"), dir.path());
        Self { dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("verify"));
        command.current_dir(self.dir.path()).env_remove("VERIFY_FORMAT").env("NO_COLOR", "1");
        command
    }

    /// Runs `verify` with words that are separated by spaces.
    pub(crate) fn run(&self, words: &str) -> Run {
        Run::of(self.command().args(words.split(' ').filter(|word| !word.is_empty())))
    }

    /// `verify gate` on the image with the policy of one test.
    pub(crate) fn gate(&self, words: &str) -> Run {
        self.run(&format!("gate oci:image --as {NAME} --policy policy.yaml {words}"))
    }

    /// The hidden files in it.
    pub(crate) fn hidden(&self) -> Vec<String> {
        fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with('.'))
            .collect()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        Self {
            status: status.code().unwrap(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// The one error that there is, by its kind.
    #[track_caller]
    pub(crate) fn fails(self, status: i32, kind: &str) -> Self {
        let run = self.exits(status);
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!((&report["version"], &report["error"]["kind"]), (&1.into(), &kind.into()));
        assert_eq!(report["error"]["exit"], status);
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
        run
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
