//! Keyless: a certificate, log entries and timestamps say who signed and when. A trusted root says who
//! is believed about that.
//!
//! The steps and their numbers are those of docs/design/sigstore.md. The cryptography is that of
//! `sigstore-verify`; around it stands what that leaves open: which log and which authority was meant,
//! how many of them, and that nothing unknown, superfluous or contradictory comes along. Nothing here
//! is a decision about a policy but whose identity it is.

pub(crate) mod certificate;
mod entry;
pub(super) mod identity;
mod rebuilt;
mod spelling;
pub(crate) mod unproven;
mod unread;

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Envelope, bundle::Version, json::Value, time::Timestamp};
use sigstore_verify::{
    PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult, Verifier, tsa,
    types::{
        Artifact, ArtifactDigest, Bundle, DerCertificate, DerPublicKey, DsseEnvelope,
        DsseSignature, HashAlgorithm, KeyId, KindVersion, PayloadBytes, SignatureBytes,
        SignatureContent, Statement, TimestampToken, TransparencyLogEntry,
        bundle::{
            CertificateContent, MediaType, MessageSignature, PublicKeyIdentifier, Rfc3161Timestamp,
            TimestampVerificationData, VerificationMaterial, VerificationMaterialContent,
        },
    },
};

use super::key::{Hashed, PublicKey};
use crate::{policy::TrustedRoot, trust::Role};
use certificate::Certificate;
use entry::Entry;
use unproven::Unproven;

/// What comes with a signature to say when it was made.
#[derive(Clone, Copy)]
pub(super) struct Seals<'b> {
    /// The version of the bundle, which says what an entry must bring.
    pub(super) version: Version,
    /// Log entries, as received.
    pub(super) entries: &'b [Value],
    /// Timestamp tokens, DER.
    pub(super) timestamps: &'b [Vec<u8>],
}

impl Seals<'_> {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.timestamps.is_empty()
    }
}

/// What a signature is verified with.
#[derive(Clone, Copy)]
pub(super) enum By<'b> {
    /// A certificate, DER, and the same read.
    Certificate(&'b [u8], &'b Certificate),
    /// A key of the policy.
    Key(&'b PublicKey),
}

/// The earliest time per clock at which a signature was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// By a log that promised it.
    pub log: Option<Timestamp>,
    /// By a timestamp authority.
    pub timestamp: Option<Timestamp>,
}

impl Seen {
    /// The earlier of both, clock by clock.
    pub(crate) fn or_earlier(self, other: Self) -> Self {
        let earlier = |a: Option<Timestamp>, b: Option<Timestamp>| a.into_iter().chain(b).min();
        Self {
            log: earlier(self.log, other.log),
            timestamp: earlier(self.timestamp, other.timestamp),
        }
    }
}

/// What a signature is over.
#[derive(Clone, Copy)]
pub(super) enum Content<'b> {
    /// An artifact itself.
    Artifact { artifact: &'b Artifact<'b>, signature: &'b [u8] },
    /// The PAE of an envelope, which holds the signature.
    Envelope { envelope: &'b Envelope, message: &'b Hashed },
}

/// Proves that a signature is by a certificate or key, and when it was seen (steps 3 to 8).
pub(super) fn prove(
    content: Content<'_>,
    by: By<'_>,
    seals: Seals<'_>,
    root: &TrustedRoot,
) -> Result<Seen, Unproven> {
    let signed = Signed { content, by, seals, root };
    // 3. The log: every entry is of a known log, once, and agrees with itself.
    let logs = signed.entries()?;
    if matches!(by, By::Certificate(..)) {
        if logs.len() < root.log {
            let (found, wanted) = (logs.len(), root.log);
            return Err(Unproven::Logs { root: root.name.clone(), found, wanted });
        }
        // 6. A root without logs of certificates can prove none, and only some need none.
        if root.wants_certificate_log() && root.root.count(Role::CertificateLog) == 0 {
            let why = "it believes none".to_owned();
            return Err(Unproven::CertificateLog { root: root.name.clone(), why });
        }
        // 4. Time: enough clocks saw the signature.
        signed.enough_clocks(&logs)?;
    }
    // 3 to 8, as far as they are cryptography: per log with a verifier that believes no other.
    let mut seen = Seen::default();
    for (log, entries) in &logs {
        let Some(log) = root.root.log(*log) else { continue };
        seen = seen.or_earlier(signed.verify(log.verifier(), entries)?);
    }
    match logs.is_empty() {
        true => signed.verify(root.root.logless(), &[]),
        false => Ok(seen),
    }
}

/// A signature with all that is known of it.
#[derive(Clone, Copy)]
struct Signed<'b> {
    content: Content<'b>,
    by: By<'b>,
    seals: Seals<'b>,
    root: &'b TrustedRoot,
}

impl Signed<'_> {
    /// The entries, by the position of their log.
    fn entries(&self) -> Result<BTreeMap<usize, Vec<Entry>>, Unproven> {
        let mut logs: BTreeMap<usize, Vec<Entry>> = BTreeMap::new();
        for value in self.seals.entries {
            let entry = Entry::read(value, self.seals.version, self.root)?;
            self.within_window(&entry)?;
            let entries = logs.entry(entry.log).or_default();
            if entries.iter().any(|known| known.is(&entry)) {
                return Err(Unproven::EntryTwice);
            }
            entries.push(entry);
        }
        Ok(logs)
    }

    /// Nothing was signed before the certificate began, so no key that ended earlier logged it.
    fn within_window(&self, entry: &Entry) -> Result<(), Unproven> {
        let window = self.root.root.log(entry.log).and_then(|log| log.window());
        match (self.by, window.and_then(|window| window.end)) {
            (By::Certificate(_, certificate), Some(ended)) if ended < certificate.from => {
                Err(Unproven::LogEnded { ended, began: certificate.from })
            }
            _ => Ok(()),
        }
    }

    /// Each log and each authority is one clock, however often it spoke.
    fn enough_clocks(&self, logs: &BTreeMap<usize, Vec<Entry>>) -> Result<(), Unproven> {
        let promising =
            logs.values().filter(|entries| entries.iter().any(|entry| entry.promised().is_some()));
        let promising = promising.count();
        let wanted = self.root.timestamps;
        let some = usize::from(!self.seals.timestamps.is_empty());
        // Who stamped is only worked out where it matters; whether it holds, later and always.
        let found = match promising.saturating_add(some) {
            enough if enough >= wanted => enough,
            _ => promising.saturating_add(self.authorities().len()),
        };
        match found >= wanted {
            true => Ok(()),
            false => Err(Unproven::Clocks { root: self.root.name.clone(), found, wanted }),
        }
    }

    /// The authorities of the root that made the timestamps.
    fn authorities(&self) -> BTreeSet<usize> {
        self.stamps().into_iter().map(|(authority, _)| authority).collect()
    }

    /// The authorities of the root that made the timestamps, and when.
    fn stamps(&self) -> Vec<(usize, Timestamp)> {
        let signature = SignatureBytes::new(self.signature().to_vec());
        let authorities = self.root.root.authorities();
        let stamps = self.seals.timestamps.iter().filter_map(|token| {
            let token = TimestampToken::new(token.clone());
            authorities.iter().enumerate().find_map(|(position, authority)| {
                let time = tsa::verify_timestamp_for_authority(&token, &signature, authority);
                Some((position, time.ok()?))
            })
        });
        stamps.collect()
    }

    /// A chain that does not hold because the certificate had not begun or had ended says so, and so does
    /// a signature that holds and is of no kind that is read.
    fn explained(&self, why: Unproven, promised: &[Timestamp]) -> Unproven {
        if matches!(why, Unproven::Signature | Unproven::Unsupported(_)) {
            return unread::named(self.content, self.by).unwrap_or(why);
        }
        let (By::Certificate(_, certificate), Unproven::Authority { .. }) = (self.by, &why) else {
            return why;
        };
        let (from, until) = (certificate.from, certificate.until);
        let stamped = self.stamps().into_iter().map(|(_, time)| time);
        let outside = |time: &Timestamp| *time < from || *time > until;
        match promised.iter().copied().chain(stamped).find(outside) {
            Some(signed) => Unproven::Lifetime { from, until, signed },
            None => why,
        }
    }

    fn signature(&self) -> &[u8] {
        match self.content {
            Content::Artifact { signature, .. } => signature,
            Content::Envelope { envelope, .. } => {
                envelope.signatures.first().map_or(&[], |signature| &signature.bytes)
            }
        }
    }

    /// Verifies the whole with one log's verifier, and says which times it found.
    fn verify(&self, verifier: &Verifier, entries: &[Entry]) -> Result<Seen, Unproven> {
        let bundle = self.bundle(entries)?;
        let promised: Vec<Timestamp> = entries.iter().filter_map(Entry::promised).collect();
        let result = self
            .verified(verifier, &bundle, !entries.is_empty())
            .map_err(|error| self.explained(Unproven::found(error, &self.root.name), &promised))?;
        for entry in entries {
            rebuilt::agrees(&entry.entry, self.content, self.by)?;
        }
        let stamped = stamped(&result, &promised, self.seals.timestamps.len())?;
        Ok(Seen { log: promised.into_iter().min(), timestamp: stamped.into_iter().min() })
    }

    /// 3. inclusion proof, checkpoint, promise; 4. timestamps; 5. the chain at each of these times;
    /// 6. the certificate's own log; 8. the signature, and the entries' bodies.
    fn verified(
        &self,
        verifier: &Verifier,
        bundle: &Bundle,
        logged: bool,
    ) -> Result<VerificationResult, sigstore_verify::Error> {
        // As a message the signed bytes are all that is needed. Rekor v1 tells envelopes apart, and for
        // it the verifier wants to be told a digest that the statement names.
        let subject = match &bundle.content {
            SignatureContent::DsseEnvelope(envelope) => subject(envelope),
            _ => None,
        };
        let artifact = match self.content {
            Content::Artifact { artifact, .. } => artifact.clone(),
            Content::Envelope { message, .. } => subject.unwrap_or(Artifact::Blob(message.bytes())),
        };
        match self.by {
            By::Certificate(..) => {
                // 7. is ours: whoever the certificate names is held against the policy's credentials.
                let mut policy = VerificationPolicy::any_identity();
                let logged_certificate = self.root.wants_certificate_log();
                if !logged_certificate {
                    policy = policy.skip_sct();
                }
                if !logged {
                    policy = policy.skip_tlog_unsafe();
                }
                let result = verifier.verify(artifact, bundle, &policy)?;
                let proven = result.certificate_verified()
                    && result.sct_verified() == logged_certificate
                    && result.tlog_verified() == logged;
                match proven {
                    true => Ok(result),
                    false => {
                        Err(sigstore_verify::Error::InvalidBundle("not all was verified".into()))
                    }
                }
            }
            By::Key(key) => {
                let key = DerPublicKey::new(key.spki().to_vec());
                let mut policy = PublicKeyVerificationPolicy::new(key);
                if !logged {
                    policy = policy.skip_tlog_unsafe();
                }
                verifier.verify(artifact, bundle, &policy)
            }
        }
    }

    /// The bundle as `sigstore-verify` knows it, made of what was read here: one reader, one document.
    /// Certificates beside the first are left out: a chain is built from the root alone.
    fn bundle(&self, entries: &[Entry]) -> Result<Bundle, Unproven> {
        let content = match self.by {
            By::Certificate(der, _) => VerificationMaterialContent::Certificate(
                CertificateContent::new(DerCertificate::new(der.to_vec())),
            ),
            By::Key(_) => VerificationMaterialContent::PublicKey(PublicKeyIdentifier::new("")),
        };
        let entries: Vec<TransparencyLogEntry> =
            entries.iter().map(|entry| entry.entry.clone()).collect();
        let of_v2 =
            |entry: &TransparencyLogEntry| entry.kind_version == KindVersion::HashedRekordV002;
        let as_message = entries.iter().all(of_v2);
        let logged = !entries.is_empty();
        let envelope = match self.content {
            Content::Envelope { envelope, .. } if !as_message => Some(envelope),
            _ => None,
        };
        let timestamps = self.seals.timestamps.iter();
        let timestamps =
            timestamps.map(|token| Rfc3161Timestamp::new(TimestampToken::new(token.clone())));
        let material = VerificationMaterial::new(content)
            .with_tlog_entries(entries)
            .with_timestamp_verification_data(TimestampVerificationData::new(timestamps.collect()));
        let signature = SignatureBytes::new(self.signature().to_vec());
        let content = match envelope {
            None => SignatureContent::MessageSignature(MessageSignature::new(signature)),
            Some(envelope) => SignatureContent::DsseEnvelope(DsseEnvelope::new(
                envelope.payload_type.as_str(),
                PayloadBytes::new(envelope.payload.clone()),
                DsseSignature::new(signature, KeyId::default()),
            )),
        };
        // Only of v0.1 does the verifier take a promise without a proof.
        let media_type = match self.seals.version {
            Version::V0_1 if logged => MediaType::Bundle0_1,
            _ => MediaType::Bundle0_3,
        };
        Ok(Bundle::new(media_type, material, content))
    }
}

/// A digest that the statement of an envelope names.
fn subject(envelope: &DsseEnvelope) -> Option<Artifact<'static>> {
    let statement: Statement = serde_json::from_slice(envelope.payload.as_bytes()).ok()?;
    // npm's statements name SHA-512 alone.
    statement.subject.iter().find_map(|subject| {
        let long = || {
            let hash = subject.digest.sha512?;
            ArtifactDigest::new(HashAlgorithm::Sha2512, hash.as_bytes().to_vec()).ok()
        };
        subject.digest.sha256.map(ArtifactDigest::from).or_else(long).map(Artifact::from)
    })
}

/// Of the times that a verifier found, those of timestamps: all but what logs promised.
fn stamped(
    result: &VerificationResult,
    promised: &[Timestamp],
    timestamps: usize,
) -> Result<Vec<Timestamp>, Unproven> {
    let mut times = result.verified_timestamps().to_vec();
    for time in promised {
        if let Some(position) = times.iter().position(|known| known == time) {
            times.remove(position);
        }
    }
    match times.len() == timestamps {
        true => Ok(times),
        false => Err(Unproven::Timestamp("not every timestamp was verified".to_owned())),
    }
}
