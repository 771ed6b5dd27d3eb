//! Trusted roots: who is believed for certificates, log entries and timestamps, and during which
//! windows.
//!
//! A [`Root`] is read from bytes that the policy's author chose; nothing of it ever comes from
//! evidence. What it says and this program cannot honour is refused, so that a root never means more
//! or less here than to whoever wrote it. The checks themselves are those of `sigstore-verify`, made
//! ready once per root.

mod believed;
mod document;
mod stamping;

use std::{fmt, sync::Arc};

use evidence::Digest;
use sigstore_verify::{
    Verifier,
    trust_root::{TransparencyLog, TrustedRoot},
    types::{DerCertificate, TimeRange, TsaAuthority},
};

use document::Document;

pub use believed::{Believed, Role};

/// Most bytes of a trusted root. The one of the public instance has 7 KiB (August 2026).
pub const MOST_BYTES: usize = 1024 * 1024;

/// A trusted root, ready to verify with. Cloning it costs nothing.
#[derive(Clone)]
pub struct Root(Arc<Inner>);

struct Inner {
    digest: Digest,
    believed: Vec<Believed>,
    logs: Vec<Log>,
    authorities: Vec<TsaAuthority>,
    /// Believes no log: for what is in none.
    logless: Verifier,
}

/// A transparency log of a root, with a verifier that believes no other log: a checkpoint that
/// another log signed proves nothing about this one.
pub(crate) struct Log {
    ids: Vec<Vec<u8>>,
    /// The host of its address, and the port where one is written.
    host: String,
    window: Option<TimeRange>,
    verifier: Verifier,
}

impl Log {
    /// The host of its address, by which it signs (C2SP tlog-checkpoint, "origin").
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// A verifier that believes this log and no other.
    pub(crate) fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Whether checkpoints of that origin are its: v2 names the host of its address, with or without the
    /// port, v1 the shard behind it (rekor-tiles and Rekor sign so; C2SP, tlog-checkpoint).
    pub(crate) fn is_origin(&self, origin: &str) -> bool {
        let named = match origin.split_once(" - ") {
            Some((host, shard)) if shard.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => origin,
        };
        let without_port = self.host.split_once(':').map_or(self.host.as_str(), |(host, _)| host);
        !named.is_empty() && (named == self.host || named == without_port)
    }

    /// Whether a signature line with that key hint is its: the first four bytes of one of its ids.
    pub(crate) fn is_hint(&self, hint: &[u8]) -> bool {
        self.ids.iter().any(|id| id.get(..hint.len()) == Some(hint))
    }

    /// During which time its key is believed.
    pub(crate) fn window(&self) -> Option<TimeRange> {
        self.window
    }
}

impl Root {
    /// Reads a trusted root, or the one inside a client's trust configuration
    /// (protobuf-specs, sigstore_trustroot.proto).
    ///
    /// # Errors
    ///
    /// Whatever is unknown, malformed, or of a kind that cannot be verified with.
    pub fn parse(bytes: &[u8]) -> Result<Self, RootError> {
        if bytes.len() > MOST_BYTES {
            return Err(RootError::Large);
        }
        let Document { root: written, checkpoint_ids } = Document::read(bytes)?;
        let mut root = written.clone();
        root.timestamp_authorities.retain(stamping::is_fit);
        let unusable = |error: sigstore_verify::Error| RootError::Unusable(error.to_string());
        // Everything is read, all logs together, before any of it is believed alone.
        Verifier::new(&root).map_err(unusable)?;
        let logs = root.tlogs.iter().zip(checkpoint_ids).map(|(log, checkpoint_id)| {
            // The log signs by its checkpoint key id; an entry may name it by either.
            let ids = [Some(&log.log_id.key_id), checkpoint_id.as_ref()];
            let ids = ids.into_iter().flatten().map(|id| id.as_bytes().to_vec()).collect();
            let mut alone = log.clone();
            alone.log_id.key_id = checkpoint_id.unwrap_or(alone.log_id.key_id);
            let verifier = Verifier::new(&only(&root, Some(alone))).map_err(unusable)?;
            Ok(Log { ids, host: host(&log.base_url), window: log.public_key.valid_for, verifier })
        });
        Ok(Self(Arc::new(Inner {
            digest: Digest::sha256(bytes),
            believed: believed::of(&written),
            logs: logs.collect::<Result<_, RootError>>()?,
            authorities: authorities(&root),
            logless: Verifier::new(&only(&root, None)).map_err(unusable)?,
        })))
    }

    /// The SHA-256 of the bytes that it was read from.
    pub fn digest(&self) -> &Digest {
        &self.0.digest
    }

    /// Everybody who is believed, for what and how long, in the order of the file.
    pub fn believed(&self) -> &[Believed] {
        &self.0.believed
    }

    /// How many are believed in a role.
    pub fn count(&self, role: Role) -> usize {
        self.believed().iter().filter(|believed| believed.role == role).count()
    }

    /// The position of the log that an entry names.
    pub(crate) fn log_named(&self, id: &[u8]) -> Option<usize> {
        self.0.logs.iter().position(|log| log.ids.iter().any(|known| known == id))
    }

    /// A log by its position.
    pub(crate) fn log(&self, position: usize) -> Option<&Log> {
        self.0.logs.get(position)
    }

    /// A verifier that believes no log.
    pub(crate) fn logless(&self) -> &Verifier {
        &self.0.logless
    }

    /// The timestamp authorities.
    pub(crate) fn authorities(&self) -> &[TsaAuthority] {
        &self.0.authorities
    }
}

/// The host of an address, and its port.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default().to_owned()
}

/// The same root with one log or none.
fn only(root: &TrustedRoot, log: Option<TransparencyLog>) -> TrustedRoot {
    let mut alone = root.clone();
    alone.tlogs = log.into_iter().collect();
    alone
}

/// Each authority by itself: its leaf may not be rescued by the chain or the window of another.
fn authorities(root: &TrustedRoot) -> Vec<TsaAuthority> {
    let chains = root.timestamp_authorities.iter().filter_map(|authority| {
        let chain: Vec<DerCertificate> =
            authority.cert_chain.certificates.iter().map(|c| c.raw_bytes.clone()).collect();
        let (leaf, root) = (chain.first()?.clone(), chain.last()?.clone());
        let between = chain.len().saturating_sub(2);
        let intermediates = chain.into_iter().skip(1).take(between).collect();
        Some(TsaAuthority::new(leaf, intermediates, root, authority.valid_for))
    });
    chains.collect()
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trusted root {}", self.digest())
    }
}

/// Why bytes are no trusted root.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootError {
    /// Not JSON, or members that are unknown or missing.
    #[error("not a trusted root: {0}")]
    Json(String),
    /// Too large.
    #[error("a trusted root of more than 1 MiB is not read")]
    Large,
    /// The media type is none of a trusted root.
    #[error("the `mediaType` is `{}`, which is none of a trusted root", found.escape_debug())]
    MediaType {
        /// What it says.
        found: String,
    },
    /// A key, a certificate or a window that cannot be used.
    #[error("the trusted root cannot be used: {0}")]
    Unusable(String),
}
