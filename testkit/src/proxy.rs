//! Stands before a registry and counts what a client asks of it: how many requests, and how many of
//! them had to wait for one another.
//!
//! It passes HTTP/1.1 on byte for byte, to one upstream on this machine, and slows answers down: by a
//! time, to measure, or in rounds, to prove without a clock which requests are made at once. It is no
//! part of what is tested and never answers for the registry.

pub(crate) mod message;

use std::{
    io::{self, BufReader, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use message::Message;

use crate::listening::Listening;

/// How long a round waits for the requests that it is to consist of; only a test that fails waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// What every HTTP server says to a client that tries TLS first; one that hears nothing waits.
const NO_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";

/// When an answer is passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pace {
    /// This long after it came.
    Delay(Duration),
    /// Once as many requests as the round has are waiting for their answers; one number a round.
    Rounds(Vec<usize>),
}

/// A request that was answered.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Method, path and query.
    pub request: String,
    /// The round in which it was answered, from 0; 0 without rounds.
    pub round: usize,
    asked: Instant,
    answered: Instant,
}

/// A running proxy; it stops when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    listening: Listening,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    state: Mutex<State>,
    turn: Condvar,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    round: usize,
    waiting: usize,
    exchanges: Vec<Exchange>,
}

impl Proxy {
    /// Starts a proxy for the registry that listens on `upstream`.
    pub fn start(upstream: SocketAddr, pace: Pace) -> io::Result<Self> {
        let state = State { pace, round: 0, waiting: 0, exchanges: Vec::new() };
        let shared = Arc::new(Shared { upstream, state: Mutex::new(state), turn: Condvar::new() });
        let of_thread = Arc::clone(&shared);
        let listening = Listening::start(move |stream, _| of_thread.serve(&stream))?;
        Ok(Self { listening, shared })
    }

    /// The host and port, as in references.
    pub fn host(&self) -> String {
        self.listening.address().to_string()
    }

    /// Goes on at another pace, from its first round.
    pub fn set_pace(&self, pace: Pace) {
        let mut state = self.shared.state();
        (state.pace, state.round, state.waiting) = (pace, 0, 0);
    }

    /// What was asked so far, in the order of the answers; and begins anew.
    pub fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut self.shared.state().exchanges)
    }
}

/// The longest chain of requests of which each was made after the one before was answered.
pub fn depth(exchanges: &[Exchange]) -> usize {
    let mut by_end: Vec<&Exchange> = exchanges.iter().collect();
    by_end.sort_by_key(|exchange| exchange.answered);
    let mut depth = 0;
    let mut end = None;
    for exchange in by_end {
        if end.is_none_or(|end| exchange.asked >= end) {
            (depth, end) = (depth + 1, Some(exchange.answered));
        }
    }
    depth
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, client: &TcpStream) -> io::Result<()> {
        let registry = TcpStream::connect(self.upstream)?;
        client.set_nodelay(true)?;
        registry.set_nodelay(true)?;
        let (mut to_client, mut to_registry) = (client, &registry);
        let (mut from_client, mut from_registry) =
            (BufReader::new(client), BufReader::new(&registry));
        if Message::is_tls(&mut from_client)? {
            return to_client.write_all(NO_TLS);
        }
        while let Some(request) = Message::request(&mut from_client)? {
            let asked = Instant::now();
            to_registry.write_all(&request.bytes)?;
            let answer = Message::answer(&mut from_registry, &request)?;
            let round = self.wait();
            let exchange =
                Exchange { request: request.target(), round, asked, answered: Instant::now() };
            self.state().exchanges.push(exchange);
            to_client.write_all(&answer.bytes)?;
            if answer.is_last {
                return client.shutdown(Shutdown::Both);
            }
        }
        Ok(())
    }

    /// Holds an answer back for as long as the pace says; the round that it belongs to.
    fn wait(&self) -> usize {
        let mut state = self.state();
        let size = match &state.pace {
            Pace::Delay(delay) => {
                let delay = *delay;
                drop(state);
                thread::sleep(delay);
                return 0;
            }
            Pace::Rounds(rounds) => rounds.get(state.round).copied(),
        };
        let round = state.round;
        state.waiting += 1;
        // What comes after the last round is not held, and counts as one more.
        if size.is_some_and(|size| state.waiting == size) {
            (state.round, state.waiting) = (round + 1, 0);
            self.turn.notify_all();
        } else if size.is_some() {
            let same = |state: &mut State| state.round == round;
            let turn = self.turn.wait_timeout_while(state, PATIENCE, same);
            drop(turn.unwrap_or_else(PoisonError::into_inner));
        }
        round
    }
}
