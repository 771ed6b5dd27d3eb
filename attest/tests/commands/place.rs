//! A directory of its own for one test: a copy of the image layout, a key, and the binary to run.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use evidence::{
    Bundle, Digest, Statement,
    json::{self, Value, json},
};
use tempfile::TempDir;

pub(crate) const IMAGE: &str =
    "sha256:b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";
pub(crate) const COMMIT: &str = "4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c";
pub(crate) const NAME: &str = "registry.example.com/acme/app";

/// What the image's labels say: `attest build` with these is not refused.
pub(crate) const BUILD: [&str; 6] = [
    "--source",
    "https://git.example.com/acme/app",
    "--commit",
    COMMIT,
    "--run",
    "https://ci.example.com/acme/app/runs/4711",
];

pub(crate) fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(path)
}

pub(crate) struct Place {
    directory: TempDir,
    environment: BTreeMap<String, String>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    /// With the layouts `app` and `index`, and a key that `ATTEST_KEY` names.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        copy(&testdata("images/app-oci"), &directory.path().join("app"));
        copy(&testdata("images/app-index-oci"), &directory.path().join("index"));
        let key = "release.key".to_owned();
        fs::copy(testdata("keys/p256-sec1.pem"), directory.path().join(&key)).unwrap();
        Self { directory, environment: BTreeMap::from([("ATTEST_KEY".to_owned(), key)]) }
    }

    /// The environment of a CI job, from `testdata/env`.
    pub(crate) fn inside(mut self, environment: &str) -> Self {
        let text = fs::read_to_string(testdata("env").join(environment)).unwrap();
        let pairs = text.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('='));
        self.environment.extend(pairs.map(|(n, v)| (n.to_owned(), v.to_owned())));
        self
    }

    pub(crate) fn set(&mut self, name: &str, value: impl ToString) {
        self.environment.insert(name.to_owned(), value.to_string());
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), bytes).unwrap();
        name.to_owned()
    }

    /// Writes a program that can be run.
    pub(crate) fn program(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        self.write(name, script);
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Copies a file of `testdata`.
    pub(crate) fn set_file(&self, name: &str, from: &str) {
        fs::copy(testdata(from), self.path(name)).unwrap();
    }

    /// Runs `attest` with nothing of the caller's environment.
    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        self.start(Command::new(env!("CARGO_BIN_EXE_attest")).args(words))
    }

    /// Runs a line in which `attest` is the binary.
    pub(crate) fn shell(&self, line: &str) -> Ended {
        self.start(Command::new("sh").args(["-c", line]))
    }

    fn start(&self, command: &mut Command) -> Ended {
        let binary = Path::new(env!("CARGO_BIN_EXE_attest")).parent().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(binary.to_owned()).chain(std::env::split_paths(&path));
        let Output { status, stdout, stderr } = command
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", std::env::join_paths(path).unwrap())
            // No work tree above the temporary directory is meant.
            .env("GIT_CEILING_DIRECTORIES", "/")
            .envs(&self.environment)
            .output()
            .unwrap();
        Ended {
            status: status.code().unwrap(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Runs `attest`, which must succeed; its stdout.
    pub(crate) fn done(&self, words: &[&str]) -> String {
        let ended = self.run(words);
        assert_eq!(ended.status, 0, "{words:?}: {}", ended.stderr);
        ended.stdout
    }

    /// Runs `attest` with a dry run; the statement.
    pub(crate) fn statement(&self, words: &[&str]) -> Statement {
        let words = [words, &["--dry-run"]].concat();
        Statement::parse(self.done(&words).trim_end().as_bytes()).unwrap()
    }

    /// Runs `attest`, which must end so, with this code in brackets and nothing on stdout; stderr.
    pub(crate) fn fails(&self, status: i32, code: &str, words: &[&str]) -> String {
        let before = self.hanging("app").len();
        let ended = self.run(words);
        assert_eq!(ended.status, status, "{words:?}: {}{}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains(&format!("[{code}]")), "{words:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{words:?}");
        assert_eq!(self.hanging("app").len(), before, "{words:?} attached something");
        ended.stderr
    }

    /// A verdict of the gate on all that hangs on the image, made now.
    pub(crate) fn verdict(&self, decision: &str, environment: &str) -> Value {
        let hanging = self.hanging("app");
        let candidate = |(bundle, _): &(Bundle, Statement)| json!({"id": bundle.envelope.id()});
        let candidates: Vec<Value> = hanging.iter().map(candidate).collect();
        let commitments = hanging.into_iter().map(|(bundle, statement)| {
            json!({
                "id": bundle.envelope.id(),
                "predicateType": statement.predicate_type,
                "bundle": Digest::sha256(&bundle.to_bytes()),
            })
        });
        json!({
            "version": 1,
            "decision": decision,
            "image": {"reference": "oci:app", "name": NAME, "told": true, "digest": IMAGE},
            "environment": environment,
            "before": {
                "step": "approve", "type": "approval", "environment": environment, "name": null,
            },
            "policy": {
                "file": "p.yaml", "name": "p", "digest": Digest::sha256(b"p"), "revision": 14,
            },
            "now": evidence::time::write(std::time::SystemTime::now().try_into().unwrap()),
            "steps": [{
                "name": "build",
                "passes": true,
                "proofs": [{"party": "release", "says": "4f1c2a9e7b3d"}],
                "candidates": candidates,
            }],
            "others": [],
            "findings": [],
            "commitments": commitments.collect::<Vec<_>>(),
            "goodUntil": null,
        })
    }

    /// The bundles that hang on the image of a layout, by the index alone.
    pub(crate) fn hanging(&self, layout: &str) -> Vec<(Bundle, Statement)> {
        let dir = self.path(layout);
        let read = |digest: &str| fs::read(blob(&dir, digest)).unwrap();
        let index = json::parse(&fs::read(dir.join("index.json")).unwrap()).unwrap();
        let referrers = index["manifests"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|descriptor| descriptor["artifactType"] == evidence::bundle::MEDIA_TYPE);
        referrers
            .map(|descriptor| {
                let manifest = parse(read(text(&descriptor["digest"])));
                let bytes = read(text(&manifest["layers"][0]["digest"]));
                assert_eq!(text(&manifest["layers"][0]["digest"]), digest(&bytes));
                let bundle = Bundle::parse(&bytes).unwrap();
                let statement = Statement::parse(&bundle.envelope.payload).unwrap();
                (bundle, statement)
            })
            .collect()
    }
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

pub(crate) fn parse(bytes: impl AsRef<[u8]>) -> Value {
    json::parse(bytes.as_ref()).unwrap()
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    Digest::sha256(bytes).to_string()
}

fn blob(layout: &Path, digest: &str) -> PathBuf {
    layout.join("blobs").join(digest.replace(':', "/"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
