//! Runs the jobs of a pipeline as its system would: each in a fresh directory and home, with the
//! variables of that system and the secrets of that job, by the shell that the system starts.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, OnceLock},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{
    commands,
    peers::{LOGIN, Peer},
    sigstore::{Identity, Rekor, Server},
};

use crate::{
    job::{Act, Ended, Job, When, sorted},
    page::{block, pointed_at, root},
    stand_ins::StandIns,
};

/// Every secret, for a system in which whoever writes the pipeline may ask for each.
pub(crate) const SECRETS: [&str; 9] = [
    "REGISTRY_PASSWORD",
    "RELEASE_KEY",
    "RELEASE_PASSWORD",
    "SCANNER_KEY",
    "SCANNER_PASSWORD",
    "DEPLOYER_KEY",
    "DEPLOYER_PASSWORD",
    "APPROVER_KEY",
    "APPROVER_PASSWORD",
];

/// What a system adds to a list of jobs.
pub(crate) trait System {
    /// The jobs of its pipeline.
    fn jobs(&self, host: &str) -> Vec<Job>;
    /// Which secrets a scope holds, as the page tells a reader to set them up.
    fn secrets(&self, scope: &str) -> Vec<&'static str>;
    /// The shell and its options, before the script's file.
    fn shell(&self) -> &'static [&'static str];
    /// Replaces the system's own expressions.
    fn expand(&self, text: &str, values: &BTreeMap<String, String>) -> String;
    /// Reads what a script told the system.
    fn harvest(&self, _told: &Told<'_>, _values: &mut BTreeMap<String, String>) {}
    /// What expressions of a job may name: its secrets, as this system hands them out.
    fn before(&self, _home: &Path, given: &Given<'_>) -> Vec<(String, String)> {
        let secrets = given.secrets.iter();
        secrets.map(|(name, value)| (format!("secrets.{name}"), value.clone())).collect()
    }
    /// Variables that are given to a script besides.
    fn variables(&self, _home: &Path, _given: &Given<'_>) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// What a job is given.
pub(crate) struct Given<'a> {
    pub(crate) host: &'a str,
    pub(crate) secrets: &'a BTreeMap<String, String>,
    pub(crate) values: &'a BTreeMap<String, String>,
}

/// How a script told its system something.
pub(crate) struct Told<'a> {
    pub(crate) job: &'a Job,
    pub(crate) id: Option<&'a str>,
    pub(crate) directory: &'a Path,
    pub(crate) home: &'a Path,
    pub(crate) stdout: &'a str,
}

/// A checkout, a registry, the secrets, and what the jobs left behind.
pub(crate) struct Machine {
    directory: TempDir,
    commands: PathBuf,
    pub(crate) stand_ins: StandIns,
    peer: Arc<Peer>,
    environment: Vec<(String, String)>,
    /// Every secret, by its name.
    secrets: BTreeMap<String, String>,
    /// Everything that the jobs printed.
    pub(crate) printed: String,
}

/// A role's key.
struct Key {
    role: &'static str,
    password: String,
    secret: String,
    public: String,
}

/// The roles, each with a key and a passphrase of its own, so that a mix-up shows. Made once: that is
/// slow on purpose.
fn keys(commands: &Path) -> &'static [Key] {
    static KEYS: OnceLock<Vec<Key>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let place = tempfile::tempdir().unwrap();
        let key = |role: &'static str| {
            let password = format!("the passphrase of {role}");
            let made = Command::new(commands.join("attest"))
                .args(["key", "generate", "--out", role])
                .env("ATTEST_PASSWORD", &password)
                .current_dir(place.path())
                .output()
                .unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            let read = |ending: &str| {
                fs::read_to_string(place.path().join(format!("{role}.{ending}"))).unwrap()
            };
            Key { role, password, secret: read("key"), public: read("pub") }
        };
        ["release", "scanner", "deployer", "approver"].map(key).into()
    })
}

fn commands() -> PathBuf {
    static COMMANDS: OnceLock<PathBuf> = OnceLock::new();
    COMMANDS.get_or_init(|| commands::built().unwrap()).clone()
}

impl Machine {
    pub(crate) fn new(peer: Peer, environment: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let commands = commands();
        let peer = Arc::new(peer);
        let stand_ins = StandIns::new(&directory.path().join("stand-ins"), Arc::clone(&peer));
        let mut secrets = BTreeMap::from([("REGISTRY_PASSWORD".to_owned(), LOGIN.1.to_owned())]);
        let checkout = directory.path().join("checkout");
        fs::create_dir_all(&checkout).unwrap();
        let policy = pointed_at(&block("README.md", "yaml"), peer.host());
        fs::write(checkout.join("policy.yaml"), policy).unwrap();
        for Key { role, password, secret, public } in keys(&commands) {
            fs::write(checkout.join(format!("{role}.pub")), public).unwrap();
            // The secret half goes to the secrets and is not committed.
            let name = role.to_uppercase();
            secrets.insert(format!("{name}_KEY"), secret.clone());
            secrets.insert(format!("{name}_PASSWORD"), password.clone());
        }
        let file = root().join("testdata/env").join(environment);
        let text = fs::read_to_string(file).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once('='));
        let environment = pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        Self { directory, commands, stand_ins, peer, environment, secrets, printed: String::new() }
    }

    /// Has jobs that may ask for one be given tokens for `identity`, and takes `server` for the public
    /// instance of Sigstore.
    pub(crate) fn believes(&mut self, server: &Server, identity: &Identity) {
        let ambient = server.ambient(identity).map(|(name, value)| (name.to_owned(), value));
        self.secrets.extend(ambient);
        self.secrets.insert("SIGSTORE_ID_TOKEN".to_owned(), server.token(identity));
        for (variable, bytes) in [
            ("ATTEST_SIGNING_CONFIG", server.signing_config(Rekor::V2)),
            ("ATTEST_TRUSTED_ROOT", server.trusted_root()),
        ] {
            let file = self.directory.path().join(format!("{variable}.json"));
            fs::write(&file, bytes).unwrap();
            self.environment.push((variable.to_owned(), file.display().to_string()));
        }
    }

    pub(crate) fn host(&self) -> &str {
        self.peer.host()
    }

    /// Runs a pipeline; how each of its jobs ended, in order.
    pub(crate) fn run(&mut self, system: &dyn System) -> Vec<(String, Ended)> {
        let mut ended: Vec<(String, Ended)> = Vec::new();
        let mut values = BTreeMap::new();
        for job in sorted(system.jobs(self.host())) {
            let passed = |need: &String| ended.contains(&(need.clone(), Ended::Passed));
            let how = if job.needs.iter().all(passed) {
                self.job(system, &job, &mut values)
            } else {
                Ended::Skipped
            };
            ended.push((job.name.clone(), how));
        }
        ended
    }

    fn job(
        &mut self,
        system: &dyn System,
        job: &Job,
        values: &mut BTreeMap<String, String>,
    ) -> Ended {
        let fresh = tempfile::tempdir_in(self.directory.path()).unwrap();
        let place = match job.keeps_workspace {
            true => self.directory.path().join("agent"),
            false => fresh.path().to_path_buf(),
        };
        let (directory, home) = (place.join("work"), place.join("home"));
        fs::create_dir_all(&home).unwrap();
        fs::create_dir_all(&directory).unwrap();
        if job.has_checkout {
            copy(&self.directory.path().join("checkout"), &directory);
        }
        let mut secrets = BTreeMap::new();
        for name in job.scope.iter().flat_map(|scope| system.secrets(scope)) {
            secrets.insert(name.to_owned(), self.secrets[name].clone());
        }
        self.stand_ins.give(&secrets);
        // What another job could ask for, this one cannot.
        let of_a_job = ["secrets.", "steps.", "file.", "macro."];
        values.retain(|name, _| !of_a_job.iter().any(|prefix| name.starts_with(prefix)));
        let given = Given { host: self.peer.host(), secrets: &secrets, values };
        let before = system.before(&home, &given);
        values.extend(before);
        let mut ended = Ended::Passed;
        for act in &job.acts {
            let passed = match act {
                Act::Bring { .. } | Act::Keep { .. } if ended == Ended::Failed => continue,
                Act::Run { when: When::Success, .. } if ended == Ended::Failed => continue,
                Act::Bring { name, into } => self.bring(name, &place.join(into)),
                Act::Keep { name, paths } => self.keep(name, paths, &directory),
                Act::Run { script, env, id, .. } => {
                    let env = job.env.iter().chain(env);
                    let env = env.map(|(n, v)| (n.clone(), system.expand(v, values)));
                    let given = Given { host: self.peer.host(), secrets: &secrets, values };
                    let mut all = system.variables(&home, &given);
                    all.extend(env);
                    let script = system.expand(script, values);
                    let output = self.script(system, &script, &all, &directory, &home);
                    let told = Told {
                        job,
                        id: id.as_deref(),
                        directory: &directory,
                        home: &home,
                        stdout: &output.1,
                    };
                    system.harvest(&told, values);
                    output.0
                }
            };
            if !passed {
                ended = Ended::Failed;
            }
        }
        for (name, template) in &job.outputs {
            let value = system.expand(template, values);
            values.insert(format!("needs.{}.outputs.{name}", job.name), value);
        }
        ended
    }

    /// Runs a script; whether it succeeded, and its stdout.
    fn script(
        &mut self,
        system: &dyn System,
        script: &str,
        env: &[(String, String)],
        directory: &Path,
        home: &Path,
    ) -> (bool, String) {
        let file = home.join("script");
        fs::write(&file, script).unwrap();
        let path = std::env::var("PATH").unwrap();
        let bin = self.stand_ins.directory.join("bin");
        let shell = system.shell();
        let mut command = Command::new(shell[0]);
        command
            .args(&shell[1..])
            .arg(&file)
            .current_dir(directory)
            .env_clear()
            .envs(self.environment.iter().cloned())
            .env("PATH", format!("{}:{}:{path}", bin.display(), self.commands.display()))
            .env("HOME", home)
            .env("REAL_VERIFY", self.commands.join("verify"))
            .env("PIPELINE_WORKSPACE", home.parent().unwrap())
            .env("STAND_IN", &self.stand_ins.directory)
            .envs(env.iter().cloned());
        let output = command.envs(self.authority()).output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr);
        self.printed.push_str(&format!("$ {script}\n{stdout}{stderr}({})\n", output.status));
        (output.status.success(), stdout)
    }

    fn keep(&self, name: &str, paths: &[String], directory: &Path) -> bool {
        let into = self.directory.path().join("kept").join(name);
        fs::create_dir_all(&into).unwrap();
        paths.iter().all(|path| {
            let to = into.join(path);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(directory.join(path), to).is_ok()
        })
    }

    fn bring(&self, name: &str, directory: &Path) -> bool {
        let from = self.directory.path().join("kept").join(name);
        let is_there = from.is_dir();
        if is_there {
            copy(&from, directory);
        }
        is_there
    }

    /// Asks the gate from outside the pipeline; its exit status and the verdict.
    pub(crate) fn gate(&self, environment: &str) -> (i32, Value) {
        let login = tempfile::tempdir_in(self.directory.path()).unwrap();
        let auth = STANDARD.encode(format!("{}:{}", LOGIN.0, LOGIN.1));
        let logins = json!({"auths": {self.host(): {"auth": auth}}});
        fs::write(login.path().join("config.json"), logins.to_string()).unwrap();
        let output = Command::new(self.commands.join("verify"))
            .args(["gate", &self.stand_ins.written("image"), "--policy", "policy.yaml"])
            .args(["--environment", environment, "--format", "json"])
            .current_dir(self.directory.path().join("checkout"))
            .env("DOCKER_CONFIG", login.path())
            .envs(self.authority())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let verdict = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{stderr}"));
        (output.status.code().unwrap(), verdict)
    }

    /// A machine's own trust, which no job sets.
    fn authority(&self) -> Option<(&'static str, PathBuf)> {
        let bundle = self.directory.path().join("authority.pem");
        fs::write(&bundle, self.peer.authority()?).unwrap();
        Some(("SSL_CERT_FILE", bundle))
    }

    /// Whether something secret was printed.
    pub(crate) fn told_a_secret(&self) -> Option<&str> {
        // The first line of a key file is the same for all.
        let lines = self.secrets.iter().flat_map(|(name, secret)| {
            secret.lines().filter(|line| !line.starts_with("-----")).map(move |line| (name, line))
        });
        let mut told = lines.filter(|(_, line)| self.printed.contains(*line));
        told.next().map(|(name, _)| name.as_str())
    }
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
