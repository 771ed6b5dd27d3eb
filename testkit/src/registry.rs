//! A small registry in memory, on 127.0.0.1, that does as it is told: also wrongly.
//!
//! It speaks what our clients need of distribution-spec 1.1, counts every request, and answers with
//! a [`Fault`] where a test asks for one. It is no model of a registry: whatever is said about real
//! ones is tried on real ones (`peers`).

pub(crate) mod faults;
mod store;
pub(crate) mod wire;

use std::{
    io,
    net::TcpStream,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use evidence::Digest;
pub use faults::Fault;
use faults::Faults;
pub use store::Store;
pub use wire::{Answer, Body, Request};

use crate::listening::{Listening, Stopped};

/// A running registry; it stops when it is dropped.
#[derive(Debug)]
pub struct Registry {
    listening: Listening,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    store: Mutex<Store>,
    faults: Faults,
    requests: Mutex<Vec<Request>>,
    login: Mutex<Option<Login>>,
    hold: Mutex<Option<Hold>>,
    holds: AtomicBool,
}

/// What is asked of a client before it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// `Basic` with the user name and password.
    Basic(String, String),
    /// A token, which is had at `/token` for the user name and password, or for nothing where these
    /// are `None`.
    Token(Option<(String, String)>),
}

/// When a request is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Once it was done, before it is answered.
    After,
    /// Before it is done.
    Before,
}

/// One request that is not answered, so that its client can be killed in the middle of it.
#[derive(Debug)]
struct Hold {
    concerns: fn(&Request) -> bool,
    left: usize,
    when: When,
}

impl Registry {
    /// Starts an empty registry with the referrers API.
    pub fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        lock(&shared.store).referrers_api = true;
        let of_thread = Arc::clone(&shared);
        let listening = Listening::start(move |stream, stopped| of_thread.serve(stream, stopped))?;
        Ok(Self { listening, shared })
    }

    /// The host and port, as in references.
    pub fn host(&self) -> String {
        self.listening.address().to_string()
    }

    /// What is stored; hold it shortly, requests wait for it.
    pub fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.shared.store)
    }

    /// Copies all that an OCI layout directory holds into `repository`.
    pub fn load(&self, repository: &str, layout: &Path) -> io::Result<()> {
        self.store().load(repository, layout)
    }

    /// Asks clients to log in.
    pub fn require(&self, login: Login) {
        *lock(&self.shared.login) = Some(login);
    }

    /// Does `fault` on requests of `method` whose path and query contain `part`; `times` times, or
    /// always.
    pub fn fault(&self, method: &str, part: &str, times: Option<usize>, fault: Fault) {
        self.shared.faults.add(method, part, times, fault);
    }

    /// Holds the request of this number, from 1, among those that it concerns; none before it was
    /// asked for counts.
    pub fn hold(&self, concerns: fn(&Request) -> bool, number: usize, when: When) {
        self.shared.holds.store(false, Ordering::Release);
        *lock(&self.shared.hold) = Some(Hold { concerns, left: number, when });
    }

    /// Whether that request came.
    pub fn holds(&self) -> bool {
        self.shared.holds.load(Ordering::Acquire)
    }

    /// Holds nothing any more.
    pub fn release(&self) {
        *lock(&self.shared.hold) = None;
    }

    /// Ends all faults.
    pub fn mend(&self) {
        self.shared.faults.mend();
    }

    /// The requests so far, in the order in which they came.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// The requests so far, as `METHOD /path?query`, and begins anew.
    pub fn take_requests(&self) -> Vec<String> {
        let requests = std::mem::take(&mut *lock(&self.shared.requests));
        requests.iter().map(|request| format!("{} {}", request.method, request.target)).collect()
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream, stopped: &Stopped) -> io::Result<()> {
        let mut connection = wire::Connection::new(stream)?;
        while let Some(request) = connection.read()? {
            if stopped.is_set() {
                return Ok(());
            }
            lock(&self.requests).push(request.clone());
            if let Some(when) = self.held(&request) {
                if when == When::After {
                    self.answer(&request);
                }
                self.holds.store(true, Ordering::Release);
                // Until the client is gone.
                return connection.read().map(drop);
            }
            if !self.faults.answer(&request, &mut connection, || self.answer(&request))? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn held(&self, request: &Request) -> Option<When> {
        let mut hold = lock(&self.hold);
        let asked = hold.as_mut().filter(|hold| (hold.concerns)(request))?;
        asked.left = asked.left.saturating_sub(1);
        let when = (asked.left == 0).then_some(asked.when)?;
        *hold = None;
        Some(when)
    }

    fn answer(&self, request: &Request) -> Answer {
        match self.refused(request) {
            Some(answer) => answer,
            None => lock(&self.store).answer(request),
        }
    }

    /// The answer to who is not, or not yet, logged in; and the token service.
    fn refused(&self, request: &Request) -> Option<Answer> {
        let login = lock(&self.login).clone()?;
        let sent = request.header("authorization").unwrap_or_default();
        let basic = |user: &str, password: &str| wire::basic(user, password) == sent;
        if request.path() == "/token" {
            let fits = match &login {
                Login::Basic(..) => false,
                Login::Token(None) => true,
                Login::Token(Some((user, password))) => basic(user, password),
            };
            let token = request.query().replace(['&', '=', '%'], "-");
            let body = format!(r#"{{"token":"{token}","expires_in":60}}"#);
            return Some(if fits { Answer::json(200, body) } else { Answer::new(401) });
        }
        let challenge = match &login {
            Login::Basic(user, password) if basic(user, password) => return None,
            Login::Basic(..) => r#"Basic realm="test""#.to_owned(),
            Login::Token(_) if self.is_granted(request, sent) => return None,
            Login::Token(_) => {
                let host = request.header("host").unwrap_or_default();
                let scope = format!("repository:{}:{}", request.repository(), request.need());
                format!(r#"Bearer realm="http://{host}/token",service="test",scope="{scope}""#)
            }
        };
        Some(Answer::new(401).with("WWW-Authenticate", &challenge))
    }

    /// Whether a token, which spells out what it was asked for, allows the request.
    fn is_granted(&self, request: &Request, sent: &str) -> bool {
        let repository = request.repository().replace('/', "%2F").replace('%', "-");
        let scope = format!("scope-repository-3A{repository}-3Apull");
        let push = request.need() != "pull";
        sent.strip_prefix("Bearer ").is_some_and(|token| {
            token.split_once(&scope).is_some_and(|(_, end)| !push || end.starts_with("-2Cpush"))
        })
    }
}

/// The digest that names `bytes`.
pub fn digest(bytes: &[u8]) -> Digest {
    Digest::sha256(bytes)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
