//! A forward proxy, as companies put one between their machines and the world (RFC 9110 9.3.6, RFC
//! 9112 3.2.2): whatever host is asked for, it leads to one upstream on this machine.
//!
//! So a test can prove that a request went through it: the host that it names is nowhere else.

use std::{
    io::{self, BufReader, Write},
    net::{Shutdown, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use crate::{listening::Listening, proxy::message::Message, registry::wire::basic};

/// A running proxy; it stops when it is dropped.
#[derive(Debug)]
pub struct Forward {
    listening: Listening,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    login: Option<String>,
    seen: Mutex<Vec<String>>,
}

impl Forward {
    /// Starts a proxy to `upstream`, `HOST:PORT`; with a login, for whom it is only.
    pub fn start(upstream: &str, login: Option<(&str, &str)>) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            login: login.map(|(user, password)| basic(user, password)),
            seen: Mutex::default(),
        });
        let of_thread = Arc::clone(&shared);
        let listening = Listening::start(move |stream, _| of_thread.serve(&stream))?;
        Ok(Self { listening, shared })
    }

    /// The host and port.
    pub fn host(&self) -> String {
        self.listening.address().to_string()
    }

    /// The methods and targets that were asked for, refused ones as well; and begins anew.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.shared.seen))
    }
}

impl Shared {
    fn serve(&self, client: &TcpStream) -> io::Result<()> {
        let mut from = BufReader::new(client);
        let mut to = client;
        while let Some(request) = Message::request(&mut from)? {
            lock(&self.seen).push(request.target());
            let head = String::from_utf8_lossy(&request.bytes).into_owned();
            if self.login.as_ref().is_some_and(|login| !head.contains(login)) {
                return to.write_all(REFUSED);
            }
            let mut upstream = TcpStream::connect(&self.upstream)?;
            if head.starts_with("CONNECT ") {
                to.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
                return tunnel(from, to, &upstream);
            }
            upstream.write_all(origin_form(&head).as_bytes())?;
            let answer = Message::answer(&mut BufReader::new(&upstream), &request)?;
            to.write_all(&answer.bytes)?;
        }
        Ok(())
    }
}

/// The answer to who is not, or not yet, logged in.
const REFUSED: &[u8] = b"HTTP/1.1 407 Login\r\nProxy-Authenticate: Basic realm=\"p\"\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";

/// A request without a body, without the host in its target and what is for the proxy alone.
fn origin_form(request: &str) -> String {
    let start = request.lines().next().unwrap_or_default();
    let path = start.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    let method = start.split(' ').next().unwrap_or_default();
    let own = |line: &&str| !line.to_ascii_lowercase().starts_with("proxy-");
    let headers: Vec<&str> = request.lines().skip(1).filter(own).collect();
    format!("{method} /{}\r\n{}\r\n", path.map_or("", |(_, path)| path), headers.join("\r\n"))
}

/// Passes bytes on in both directions, until one side has no more.
fn tunnel(
    mut from: BufReader<&TcpStream>,
    mut to: &TcpStream,
    upstream: &TcpStream,
) -> io::Result<()> {
    let (mut reads, mut writes) = (upstream, upstream);
    thread::scope(|scope| {
        scope.spawn(move || {
            // A side that hangs up ends the other's waiting.
            let _ = io::copy(&mut from, &mut writes);
            let _ = writes.shutdown(Shutdown::Both);
        });
        let copied = io::copy(&mut reads, &mut to).map(drop);
        to.shutdown(Shutdown::Both).and(copied)
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
