//! How a registry is entered: logins of every kind, private authorities, proxies. Both commands, as a
//! shell starts them, with an environment of their own; and never a secret in what they say.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod logins;
mod maintenance;
mod proxies;
mod tls;
mod tokens;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use testkit::{
    commands,
    peers::{LOGIN, Peer},
    tokens::IDENTITY_TOKEN,
};

/// What a proxy asks for.
const PROXY: (&str, &str) = ("proxyuser", "proxy-pa55");

/// A directory for one user, with a key and nothing else.
struct User {
    home: tempfile::TempDir,
    programs: PathBuf,
}

/// How a command ended.
#[derive(Debug)]
struct Ended {
    status: i32,
    stdout: String,
    stderr: String,
}

impl User {
    fn new() -> Self {
        // Cargo looks at every file each time it is asked.
        static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
        let programs = PROGRAMS.get_or_init(|| commands::built().unwrap());
        Self { home: tempfile::tempdir().unwrap(), programs: programs.clone() }
    }

    fn path(&self, name: &str) -> String {
        self.home.path().join(name).display().to_string()
    }

    /// Writes a file, its directories included; its path.
    fn write(&self, name: &str, text: &str) -> String {
        let file = self.home.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        file.display().to_string()
    }

    /// Runs a command with these variables and no other.
    fn run(&self, words: &str, variables: &[(&str, &str)]) -> Ended {
        let mut words = words.split(' ');
        let program = self.programs.join(words.next().unwrap());
        let helpers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/access/helpers");
        let output = Command::new(program)
            .args(words)
            .current_dir(self.home.path())
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", format!("{}:/usr/bin:/bin", helpers.display()))
            .env("HELPER_LOG", self.home.path().join("asked"))
            .env("ATTEST_PASSWORD", "")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let ended = Ended {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        ended.tells_no_secret();
        ended
    }

    /// Reads what hangs on an image, and tells of each request.
    fn list(&self, image: &str, variables: &[(&str, &str)]) -> Ended {
        self.run(&format!("verify list {image} -v --format json"), variables)
    }

    /// Attests a build, which writes.
    fn build(&self, image: &str, variables: &[(&str, &str)]) -> Ended {
        if !Path::new(&self.path("release.key")).exists() {
            self.run("attest key generate --out release", &[]).exits(0);
        }
        let words = "--key release.key --source https://git.example.com/acme/app \
                     --commit 4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c \
                     --run https://ci.example.com/acme/app/runs/4711 -v";
        self.run(&format!("attest build {image} {words}"), variables)
    }
}

impl Ended {
    #[track_caller]
    fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    /// Exit 3 with that kind of error.
    #[track_caller]
    fn fails(self, kind: &str) -> Self {
        let ended = self.exits(3);
        assert!(ended.stdout.contains(&format!("\"kind\": \"{kind}\"")), "{ended:#?}");
        ended
    }

    #[track_caller]
    fn tells_no_secret(&self) {
        let encoded = ["YWxpY2U6czNjcmV0", "cHJveHl1c2VyOnByb3h5LXBhNTU"];
        let secrets = [LOGIN.1, IDENTITY_TOKEN, PROXY.1, "Bearer ", "eyJ"];
        for secret in secrets.iter().chain(&encoded) {
            let told = self.stdout.contains(secret) || self.stderr.contains(secret);
            assert!(!told, "{secret} in {self:#?}");
        }
    }
}

/// Puts the image of the tests into a peer.
fn seed(peer: &Peer) {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/images/app-oci");
    peer.seed(&images, "acme/app", "v1").unwrap();
}

/// A file of logins with the password for `key`.
fn password(key: &str) -> String {
    format!(r#"{{"auths":{{"{key}":{{"auth":"YWxpY2U6czNjcmV0"}}}}}}"#)
}
