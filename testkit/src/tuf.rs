//! A TUF repository of our own making, and an HTTP server for it.
//!
//! `tough` writes it, so that what the commands read was not written by the hand that reads it: the
//! documents and their canonical form are its own; only which key signs is decided here, because a
//! repository that lies is one that no editor writes. [`Plan`] is a state of the repository; the
//! files of several, laid over each other, are its history.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    net::TcpStream,
    num::NonZeroU64,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::{digest, signature::Ed25519KeyPair};
use evidence::{Digest, time::Timestamp};
use tough::{
    TargetName,
    schema::{
        Hashes, Metafile, RoleKeys, RoleType, Root, Signature, Signed, Snapshot, Target, Targets,
        Timestamp as TimestampRole, decoded::Decoded,
    },
    sign::Sign as _,
};

use crate::{
    listening::{Listening, Stopped},
    registry::{Answer, Body, wire},
};

/// The version of the specification that the documents are written by.
const SPECIFICATION: &str = "1.0.0";

/// The files of a repository, by their paths.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A key, the same for the same number.
#[derive(Clone, Debug)]
pub struct Key(Arc<Ed25519KeyPair>);

impl Key {
    /// The key of a number.
    pub fn new(number: u8) -> io::Result<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[number; 32]).map_err(io::Error::other)?;
        Ok(Self(Arc::new(pair)))
    }

    fn id(&self) -> io::Result<Vec<u8>> {
        Ok(self.0.tuf_key().key_id().map_err(io::Error::other)?.into_vec())
    }
}

/// One of the four documents.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its version.
    pub version: u64,
    /// Until when it is good.
    pub expires: Timestamp,
    /// Whose signatures count, by the root.
    pub keys: Vec<Key>,
    /// How many of them it takes.
    pub threshold: u64,
    /// Who signs.
    pub signers: Vec<Key>,
}

impl Role {
    fn new(key: &Key, expires: Timestamp) -> Self {
        let keys = vec![key.clone()];
        Self { version: 1, expires, signers: keys.clone(), keys, threshold: 1 }
    }

    fn role_keys(&self) -> io::Result<RoleKeys> {
        let keyids = self.keys.iter().map(|key| Ok(key.id()?.into()));
        Ok(RoleKeys {
            keyids: keyids.collect::<io::Result<_>>()?,
            threshold: number(self.threshold)?,
            _extra: HashMap::new(),
        })
    }

    fn signed<T: tough::schema::Role>(&self, signed: T) -> io::Result<Vec<u8>> {
        let message = signed.canonical_form().map_err(io::Error::other)?;
        let sign = |key: &Key| {
            let sig = key.0.sign(&message).as_ref().to_vec().into();
            Ok(Signature { keyid: key.id()?.into(), sig })
        };
        let signatures = self.signers.iter().map(sign).collect::<io::Result<_>>()?;
        Ok(serde_json::to_vec_pretty(&Signed { signed, signatures })?)
    }
}

/// A state of the repository.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Who may sign what.
    pub root: Role,
    /// What is published.
    pub targets: Role,
    /// Which versions belong together.
    pub snapshot: Role,
    /// What is newest.
    pub timestamp: Role,
    /// The files that are published.
    pub published: Files,
}

impl Plan {
    /// A first state, good until then, of the keys 1 to 4.
    pub fn new(expires: Timestamp) -> io::Result<Self> {
        let role = |number| Ok::<_, io::Error>(Role::new(&Key::new(number)?, expires));
        Ok(Self {
            root: role(1)?,
            targets: role(2)?,
            snapshot: role(3)?,
            timestamp: role(4)?,
            published: Files::new(),
        })
    }

    /// The state with a file more.
    #[must_use]
    pub fn with(mut self, name: &str, bytes: &[u8]) -> Self {
        self.published.insert(name.to_owned(), bytes.to_vec());
        self
    }

    /// The state after everything but the root was written anew.
    #[must_use]
    pub fn next(mut self) -> Self {
        for role in [&mut self.targets, &mut self.snapshot, &mut self.timestamp] {
            role.version += 1;
        }
        self
    }

    /// The root of this state.
    pub fn root_json(&self) -> io::Result<Vec<u8>> {
        let roles = [
            (RoleType::Root, &self.root),
            (RoleType::Targets, &self.targets),
            (RoleType::Snapshot, &self.snapshot),
            (RoleType::Timestamp, &self.timestamp),
        ];
        let mut root = Root {
            spec_version: SPECIFICATION.to_owned(),
            consistent_snapshot: true,
            version: number(self.root.version)?,
            expires: self.root.expires,
            keys: HashMap::new(),
            roles: HashMap::new(),
            _extra: HashMap::new(),
        };
        for (kind, role) in roles {
            for key in &role.keys {
                root.keys.insert(key.id()?.into(), key.0.tuf_key());
            }
            root.roles.insert(kind, role.role_keys()?);
        }
        self.root.signed(root)
    }

    /// The files of this state.
    pub fn files(&self) -> io::Result<Files> {
        let mut files = Files::new();
        let mut targets = Targets::new(
            SPECIFICATION.to_owned(),
            number(self.targets.version)?,
            self.targets.expires,
        );
        targets.delegations = None;
        for (name, bytes) in &self.published {
            let named = TargetName::new(name.as_str()).map_err(io::Error::other)?;
            targets.targets.insert(
                named,
                Target {
                    length: length(bytes),
                    hashes: hashes(bytes),
                    custom: HashMap::new(),
                    _extra: HashMap::new(),
                },
            );
            files.insert(published(name, bytes), bytes.clone());
        }
        let targets = self.targets.signed(targets)?;
        let mut snapshot = Snapshot::new(
            SPECIFICATION.to_owned(),
            number(self.snapshot.version)?,
            self.snapshot.expires,
        );
        snapshot.meta.insert("targets.json".to_owned(), pin(self.targets.version, &targets)?);
        let snapshot = self.snapshot.signed(snapshot)?;
        let mut timestamp = TimestampRole::new(
            SPECIFICATION.to_owned(),
            number(self.timestamp.version)?,
            self.timestamp.expires,
        );
        timestamp.meta.insert("snapshot.json".to_owned(), pin(self.snapshot.version, &snapshot)?);
        files.insert(format!("{}.root.json", self.root.version), self.root_json()?);
        files.insert(format!("{}.targets.json", self.targets.version), targets);
        files.insert(format!("{}.snapshot.json", self.snapshot.version), snapshot);
        files.insert("timestamp.json".to_owned(), self.timestamp.signed(timestamp)?);
        Ok(files)
    }
}

/// The path of a published file.
pub fn published(name: &str, bytes: &[u8]) -> String {
    format!("targets/{}.{name}", Digest::sha256(bytes).hex())
}

fn number(number: u64) -> io::Result<NonZeroU64> {
    NonZeroU64::new(number).ok_or_else(|| io::Error::other("a version or threshold of 0"))
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn hashes(bytes: &[u8]) -> Hashes {
    let sha256 = digest::digest(&digest::SHA256, bytes).as_ref().to_vec();
    Hashes { sha256: Decoded::from(sha256), _extra: HashMap::new() }
}

fn pin(version: u64, bytes: &[u8]) -> io::Result<Metafile> {
    Ok(Metafile {
        length: Some(length(bytes)),
        hashes: Some(hashes(bytes)),
        version: number(version)?,
        _extra: HashMap::new(),
    })
}

/// A repository that is served on this machine; it stops when it is dropped.
#[derive(Debug)]
pub struct Served {
    listening: Listening,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    files: Mutex<Files>,
    faults: Mutex<BTreeMap<String, Answer>>,
    asked: Mutex<Vec<String>>,
}

impl Served {
    /// Serves `files`.
    pub fn start(files: Files) -> io::Result<Self> {
        let shared = Arc::new(Shared { files: Mutex::new(files), ..Shared::default() });
        let of_thread = Arc::clone(&shared);
        let listening = Listening::start(move |stream, stopped| of_thread.serve(stream, stopped))?;
        Ok(Self { listening, shared })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/", self.listening.address())
    }

    /// Serves other files from now on, and no fault.
    pub fn publish(&self, files: Files) {
        *lock(&self.shared.files) = files;
        lock(&self.shared.faults).clear();
    }

    /// Answers so, whoever asks for `path`.
    pub fn answer(&self, path: &str, answer: Answer) {
        lock(&self.shared.faults).insert(path.to_owned(), answer);
    }

    /// The paths that were asked for so far; and begins anew.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.shared.asked))
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream, stopped: &Stopped) -> io::Result<()> {
        let mut connection = wire::Connection::new(stream)?;
        while let Some(request) = connection.read()? {
            if stopped.is_set() {
                return Ok(());
            }
            let path = request.path().trim_start_matches('/');
            lock(&self.asked).push(path.to_owned());
            let fault = lock(&self.faults).get(path).cloned();
            let answer = fault.unwrap_or_else(|| match lock(&self.files).get(path) {
                Some(bytes) => Answer::new(200).body(Body::Bytes(bytes.clone())),
                None => Answer::new(404),
            });
            connection.write(&request, &answer)?;
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
