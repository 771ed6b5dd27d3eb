//! The private Sigstore over HTTP on 127.0.0.1: Fulcio, Rekor v1 and v2, a timestamp authority and an
//! OIDC issuer, all at one address, with faults and lies on demand.
//!
//! It answers as the real ones were seen to answer, statuses and error bodies included. It is no
//! model of them: whatever is said about real services is tried on real ones (`scripts/interop`).

mod fulcio;
mod oidc;
mod rekor;
mod stamps;

use std::{
    collections::BTreeMap,
    fmt, io,
    net::TcpStream,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use evidence::json::{Value, json};
use jiff::Timestamp;
pub use oidc::AMBIENT_SECRET;

use self::rekor::Taken;
use super::{Identity, Instance, Lie, Rekor};
use crate::{
    listening::{Listening, Stopped},
    registry::{
        Answer, Fault, Request,
        faults::Faults,
        wire::{Body, Connection},
    },
};

/// A running instance; it stops when it is dropped.
#[derive(Debug)]
pub struct Server {
    listening: Listening,
    shared: Arc<Shared>,
}

struct Shared {
    instance: Instance,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    state: Mutex<State>,
    faults: Faults,
    requests: Mutex<Vec<Request>>,
}

/// What changes while it runs.
#[derive(Debug, Default)]
struct State {
    lie: Option<Lie>,
    /// Who a token is for.
    tokens: BTreeMap<String, Identity>,
    /// Who logs in next, and the logins that wait for their token.
    person: Option<Identity>,
    logins: BTreeMap<String, oidc::Login>,
    /// Whom the ambient tokens are for.
    job: Option<Identity>,
    v1: Taken,
    v2: Taken,
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shared").field("instance", &self.instance).finish_non_exhaustive()
    }
}

impl Instance {
    /// Serves it, by the clock of the machine.
    pub fn serve(self) -> io::Result<Server> {
        Server::start(self, Box::new(Timestamp::now))
    }

    /// Serves it at one moment, which stays.
    pub fn serve_at(self, at: Timestamp) -> io::Result<Server> {
        Server::start(self, Box::new(move || at))
    }
}

impl Server {
    fn start(
        instance: Instance,
        clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            instance,
            clock,
            state: Mutex::default(),
            faults: Faults::default(),
            requests: Mutex::default(),
        });
        let of_thread = Arc::clone(&shared);
        let listening = Listening::start(move |stream, stopped| of_thread.serve(stream, stopped))?;
        Ok(Self { listening, shared })
    }

    /// The address of every service: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.listening.address())
    }

    /// Where the timestamp authority is.
    pub fn timestamp_url(&self) -> String {
        format!("{}/api/v1/timestamp", self.url())
    }

    /// Where the services are, with the log of that kind: `signing_config.v0.2.json`.
    pub fn signing_config(&self, log: Rekor) -> Vec<u8> {
        self.shared.instance.signing_config(&self.url(), log)
    }

    /// What to trust: `trusted_root.json`.
    pub fn trusted_root(&self) -> Vec<u8> {
        self.shared.instance.trusted_root()
    }

    /// From now on it lies so, or not at all.
    pub fn lie(&self, lie: Option<Lie>) {
        self.shared.state().lie = lie;
    }

    /// Does `fault` on requests of `method` whose path and query contain `part`; `times` times, or
    /// always.
    pub fn fault(&self, method: &str, part: &str, times: Option<usize>, fault: Fault) {
        self.shared.faults.add(method, part, times, fault);
    }

    /// Ends all faults.
    pub fn mend(&self) {
        self.shared.faults.mend();
    }

    /// The requests so far, in the order in which they came.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The requests so far, as `METHOD /path?query`, and begins anew.
    pub fn take_requests(&self) -> Vec<String> {
        let mut requests = self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let requests = std::mem::take(&mut *requests);
        requests.iter().map(|request| format!("{} {}", request.method, request.target)).collect()
    }

    /// How many entries a log took in.
    pub fn entries(&self, log: Rekor) -> usize {
        self.shared.state().log(log).count()
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream, stopped: &Stopped) -> io::Result<()> {
        let mut connection = Connection::new(stream)?;
        while let Some(request) = connection.read()? {
            if stopped.is_set() {
                return Ok(());
            }
            let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            requests.push(request.clone());
            drop(requests);
            if !self.faults.answer(&request, &mut connection, || self.answer(&request))? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn answer(&self, request: &Request) -> Answer {
        match (request.method.as_str(), request.path()) {
            ("POST", "/api/v2/signingCert") => self.certify(request),
            ("GET", "/api/v2/configuration") => fulcio::configuration(request),
            ("GET", "/api/v2/trustBundle") => self.trust_bundle(),
            ("POST", "/api/v1/timestamp") => self.stamp(request),
            ("POST", "/api/v1/log/entries") => self.take_v1(request),
            ("POST", "/api/v2/log/entries") => self.take_v2(request),
            ("GET", path) if path.starts_with("/api/v1/log/entries/") => self.entry_v1(path),
            ("GET", "/api/v2/checkpoint") => self.checkpoint(),
            ("GET", path) if path.starts_with("/api/v2/tile/") => self.tile(path),
            ("GET", "/ambient") => self.ambient(request),
            ("GET", "/oidc/.well-known/openid-configuration") => oidc::discovery(request),
            ("GET", "/oidc/auth") => self.login(request),
            ("POST", "/oidc/token") => self.exchange(request),
            _ => error(404, 5, "Not Found"),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

/// An error as gRPC's gateway writes it.
fn error(status: u16, code: u32, message: &str) -> Answer {
    Answer::json(status, json!({"code": code, "message": message, "details": []}).to_string())
}

/// What was sent, if it is JSON.
fn sent(request: &Request) -> Option<Value> {
    serde_json::from_slice(&request.body).ok()
}

/// The text at `pointer` of what was sent.
fn text<'a>(sent: &'a Value, pointer: &str) -> &'a str {
    sent.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// An answer of bytes.
fn bytes(kind: &str, bytes: Vec<u8>) -> Answer {
    Answer::new(200).body(Body::Bytes(bytes)).with("Content-Type", kind)
}

/// A parameter of a query or form, decoded.
fn parameter(of: &str, name: &str) -> Option<String> {
    let url = reqwest::Url::parse(&format!("form:?{of}")).ok()?;
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
