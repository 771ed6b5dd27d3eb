//! Registries that nobody here wrote, started for one test each: docker-registry 2.8.2, which has no
//! referrers API, and ferro-oci-server 1.0.0, which has it.
//!
//! A peer is a child process on a loopback port of its own with an empty store of its own, and ends
//! with the value that stands for it. A machine without the programs skips what needs them;
//! `scripts/test` installs them (`scripts/install-tools`) and makes skipping a failure. Never answers
//! for a registry itself: a fake would agree with us.

mod seed;

use std::{
    env, fs, io,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

pub use seed::SeedError;

use crate::{
    authority::Authority,
    tokens::{self, TokenService},
};

/// With this variable set a missing program is an error instead of a skipped test.
pub const REQUIRE: &str = "ATTEST_TEST_REQUIRE_REGISTRIES";

/// Who may enter `Kind::DockerRegistryWithLogin`: user and password.
pub const LOGIN: (&str, &str) = ("alice", "s3cret");

/// `LOGIN` as htpasswd keeps it: bcrypt, at a cost that a test can afford.
const HTPASSWD: &str = "alice:$2b$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK\n";

/// For whom a peer that speaks TLS has a certificate: this machine, and a name that leads nowhere but
/// through a proxy.
pub const HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "registry.test"];

/// The member of docker-registry's `storage` before which this is put.
const MAINTENANCE: &str = r#""maintenance":{"readonly":{"enabled":true}},"filesystem""#;

/// How long a peer may take to listen; both take a tenth of a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a port that somebody else took in between is exchanged for another.
const PORTS: usize = 8;

/// The registries to test against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// docker-registry 2.8.2 of Debian: no referrers API, evidence hangs on the fallback tag.
    DockerRegistry,
    /// The same behind HTTP Basic authentication with `LOGIN`.
    DockerRegistryWithLogin,
    /// The same, over TLS too, with a certificate of an authority of its own.
    DockerRegistryWithTls,
    /// docker-registry behind a token service of its own, where anybody may read and `LOGIN` write.
    DockerRegistryWithTokens,
    /// The same over TLS, as most registries are.
    DockerRegistryWithTlsAndTokens,
    /// ferro-oci-server 1.0.0 of crates.io: the referrers API of distribution-spec 1.1.
    FerroOciServer,
}

impl Kind {
    fn program(self) -> &'static str {
        match self {
            Self::FerroOciServer => "ferro-oci-server",
            _ => "docker-registry",
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Self::FerroOciServer => "ATTEST_TEST_FERRO_OCI_SERVER",
            _ => "ATTEST_TEST_DOCKER_REGISTRY",
        }
    }

    fn has_login(self) -> bool {
        matches!(self, Self::DockerRegistryWithLogin | Self::DockerRegistryWithTls)
    }

    fn has_tls(self) -> bool {
        matches!(self, Self::DockerRegistryWithTls | Self::DockerRegistryWithTlsAndTokens)
    }

    fn has_tokens(self) -> bool {
        matches!(self, Self::DockerRegistryWithTokens | Self::DockerRegistryWithTlsAndTokens)
    }

    /// The variable first, then `.tools/bin` of this checkout, then the `PATH`.
    fn find(self) -> Result<Option<PathBuf>, PeerError> {
        if let Some(named) = env::var_os(self.variable()) {
            return Ok(Some(PathBuf::from(named)));
        }
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/bin");
        let path = env::var_os("PATH").unwrap_or_default();
        let found = std::iter::once(tools)
            .chain(env::split_paths(&path))
            .map(|directory| directory.join(self.program()))
            .find(|file| file.is_file());
        if found.is_none() && env::var_os(REQUIRE).is_some() {
            return Err(PeerError::Missing { program: self.program(), variable: self.variable() });
        }
        Ok(found)
    }
}

/// Why a peer could not be had.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// It ended by itself.
    #[error("`{program}` ended with {status}:\n{log}")]
    Ended {
        /// The program.
        program: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// What it wrote.
        log: String,
    },
    /// Its files, its port or its process could not be made.
    #[error("cannot start `{program}`")]
    Start {
        /// The program.
        program: &'static str,
        /// Why.
        source: io::Error,
    },
    /// It is not on this machine, and the environment says that it must be.
    #[error(
        "no `{program}` in `.tools/bin` or on the PATH, and {variable} names none; run scripts/install-tools"
    )]
    Missing {
        /// The program.
        program: &'static str,
        /// The variable that could name it.
        variable: &'static str,
    },
    /// It runs and does not listen.
    #[error("`{program}` does not listen:\n{log}")]
    Silent {
        /// The program.
        program: &'static str,
        /// What it wrote.
        log: String,
    },
}

/// A running registry. Dropping it ends the process and removes what it stored.
#[derive(Debug)]
pub struct Peer {
    kind: Kind,
    child: Child,
    host: String,
    directory: TempDir,
    guards: Guards,
}

/// What stands before a registry.
#[derive(Debug, Default)]
struct Guards {
    authority: Option<Authority>,
    tokens: Option<TokenService>,
}

impl Guards {
    fn of(kind: Kind) -> io::Result<Self> {
        let authority = kind.has_tls().then(|| Authority::new("nobody's authority")).transpose();
        let tokens = kind.has_tokens().then(TokenService::start).transpose()?;
        Ok(Self { authority: authority.map_err(io::Error::other)?, tokens })
    }
}

impl Peer {
    /// Starts a registry and returns once it listens; `None`, with a word on stderr, where the
    /// program is missing and may be.
    pub fn start(kind: Kind) -> Result<Option<Self>, PeerError> {
        let Some(program) = kind.find()? else {
            eprintln!("skipped: no {} here; scripts/install-tools brings it", kind.program());
            return Ok(None);
        };
        for _ in 1..PORTS {
            match Self::start_once(kind, &program) {
                // Between choosing a port and listening on it, another test may have taken it.
                Err(PeerError::Ended { .. }) => {}
                outcome => return outcome.map(Some),
            }
        }
        Self::start_once(kind, &program).map(Some)
    }

    /// Where it listens: `127.0.0.1:PORT`, the host part of a reference.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The authority of its certificate, in PEM, if it speaks TLS.
    pub fn authority(&self) -> Option<String> {
        self.guards.authority.as_ref().map(Authority::pem)
    }

    /// Its token service, if it has one.
    pub fn tokens(&self) -> Option<&TokenService> {
        self.guards.tokens.as_ref()
    }

    /// Where it keeps what it stores, for tests that tamper behind its back.
    pub fn store(&self) -> PathBuf {
        self.directory.path().join("store")
    }

    /// Starts docker-registry anew on what it stored, in maintenance: it takes nothing any more.
    pub fn maintain(&mut self) -> Result<(), PeerError> {
        let program = self.kind.program();
        let failed = |source| PeerError::Start { program, source };
        let file = self.directory.path().join("config.yml");
        let text = fs::read_to_string(&file).map_err(failed)?;
        let text = text.replacen("\"filesystem\"", MAINTENANCE, 1);
        fs::write(&file, text).map_err(failed)?;
        let found = self.kind.find()?.unwrap_or_else(|| program.into());
        self.child.kill().and_then(|()| self.child.wait()).map_err(failed)?;
        let log = fs::File::create(self.directory.path().join("log")).map_err(failed)?;
        let command = serving(&found, &file, log).and_then(|mut command| command.spawn());
        self.child = command.map_err(failed)?;
        self.await_listening()
    }

    /// What it wrote so far: docker-registry logs each request.
    pub fn log(&self) -> String {
        read_log(self.directory.path())
    }

    fn start_once(kind: Kind, program: &Path) -> Result<Self, PeerError> {
        let failed = |source| PeerError::Start { program: kind.program(), source };
        let directory = TempDir::new().map_err(failed)?;
        let host = free_address().map_err(failed)?;
        let guards = Guards::of(kind).map_err(failed)?;
        let child = command(kind, program, directory.path(), &host, &guards)
            .and_then(|mut command| command.spawn())
            .map_err(failed)?;
        let mut peer = Self { kind, child, host, directory, guards };
        peer.await_listening()?;
        Ok(peer)
    }

    /// Its own word is waited for, not an answer on the port: another program could give that.
    fn await_listening(&mut self) -> Result<(), PeerError> {
        let program = self.kind.program();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if self
                .log()
                .lines()
                .any(|line| line.contains("listening") && line.contains(&self.host))
            {
                return Ok(());
            }
            let ended = self.child.try_wait();
            if let Some(status) = ended.map_err(|source| PeerError::Start { program, source })? {
                return Err(PeerError::Ended { program, status, log: self.log() });
            }
            if Instant::now() > deadline {
                return Err(PeerError::Silent { program, log: self.log() });
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Nothing can be done about a process that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("what {} wrote:\n{}", self.kind.program(), self.log());
        }
    }
}

/// A loopback address that was free a moment ago.
fn free_address() -> io::Result<String> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.to_string())
}

fn read_log(directory: &Path) -> String {
    fs::read(directory.join("log"))
        .map(|log| String::from_utf8_lossy(&log).into_owned())
        .unwrap_or_default()
}

fn command(
    kind: Kind,
    program: &Path,
    directory: &Path,
    host: &str,
    guards: &Guards,
) -> io::Result<Command> {
    let store = directory.join("store");
    fs::create_dir(&store)?;
    let log = fs::File::create(directory.join("log"))?;
    if kind == Kind::FerroOciServer {
        let mut command = quiet(program, log)?;
        // It takes no options, and without the variable it listens on every interface.
        command.env("FERRO_OCI_LISTEN", host).env("FERRO_OCI_STORAGE_DIR", store);
        return Ok(command);
    }
    let file = directory.join("config.yml");
    fs::write(&file, configuration(kind, directory, host, guards)?)?;
    serving(program, &file, log)
}

/// docker-registry, as its file says.
fn serving(program: &Path, file: &Path, log: fs::File) -> io::Result<Command> {
    let mut command = quiet(program, log)?;
    command.arg("serve").arg(file);
    Ok(command)
}

fn quiet(program: &Path, log: fs::File) -> io::Result<Command> {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).env("NO_COLOR", "1");
    Ok(command)
}

/// docker-registry's file, in JSON, which is YAML too and quotes paths by itself.
fn configuration(kind: Kind, directory: &Path, host: &str, guards: &Guards) -> io::Result<String> {
    let write = |name: &str, text: &str| {
        let file = directory.join(name);
        fs::write(&file, text).map(|()| file)
    };
    let mut file = serde_json::json!({
        "version": "0.1",
        "log": {"accesslog": {"disabled": false}},
        // Off by default, and `attest` is not the only one who deletes evidence.
        "storage": {"filesystem": {"rootdirectory": directory.join("store")}, "delete": {"enabled": true}},
        "http": {"addr": host, "secret": "shared by nobody"},
    });
    let mut set = |at: &str, name: &str, value: serde_json::Value| {
        if let Some(members) = file.pointer_mut(at).and_then(serde_json::Value::as_object_mut) {
            members.insert(name.to_owned(), value);
        }
    };
    if kind.has_login() {
        let passwords = write("htpasswd", HTPASSWD)?;
        set("", "auth", serde_json::json!({"htpasswd": {"realm": "test", "path": passwords}}));
    }
    if let Some(authority) = &guards.authority {
        let made = authority.certify(&HOSTS).map_err(io::Error::other)?;
        let certificate = write("tls.crt", &made.certificate)?;
        let key = write("tls.key", &made.key)?;
        set("/http", "tls", serde_json::json!({"certificate": certificate, "key": key}));
    }
    if let Some(tokens) = &guards.tokens {
        let bundle = write("tokens.crt", tokens.certificate())?;
        let token = serde_json::json!({
            "realm": tokens.realm(), "service": tokens::SERVICE, "issuer": tokens::ISSUER,
            "rootcertbundle": bundle,
        });
        set("", "auth", serde_json::json!({"token": token}));
    }
    Ok(file.to_string())
}
