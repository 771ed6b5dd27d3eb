//! The finished bundle, verified against the trusted root before anybody sees it.
//!
//! By the verifier of the field and not by `chain`: what makes evidence must not share a mistake with
//! what judges it. Nothing is skipped that the bundle should hold: a certificate with its signed
//! certificate timestamp, and an entry of every log that was asked.

use evidence::{Algorithm, Subject, text::escape_short, time::Timestamp};
use sigstore_verify::{
    PublicKeyVerificationPolicy, VerificationPolicy, Verifier, trust_root,
    types::{Bundle, Checkpoint, DerPublicKey, KeyHint, LogKeyId, Sha256Hash},
};

use crate::sign::PublicKey;

/// Whom verifiers believe, as a trusted root file says.
pub(crate) struct TrustedRoot {
    verifier: Verifier,
    /// The ids of the logs.
    logs: Vec<LogKeyId>,
}

/// Whose signature a bundle should hold.
#[derive(Clone, Copy)]
pub(crate) enum Expected<'a> {
    /// One whose identity a certificate proves.
    Certified,
    /// This key's.
    Key(&'a PublicKey),
}

/// What a bundle proved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Confirmed {
    /// The issuer and the identity that the certificate names.
    pub(crate) identity: Option<(String, String)>,
    /// The earliest time that a clock of others vouches for.
    pub(crate) time: Option<Timestamp>,
}

impl TrustedRoot {
    /// Reads a trusted root.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ConfirmError> {
        // Members that stand twice are read differently by different readers.
        evidence::json::parse(bytes).map_err(ConfirmError::Json)?;
        let text = String::from_utf8_lossy(bytes);
        let root = trust_root::TrustedRoot::from_json(&text)
            .map_err(|cause| ConfirmError::Root(Box::new(cause)))?;
        let verifier = Verifier::new(&root).map_err(ConfirmError::refused)?;
        let logs = root.tlogs.into_iter().map(|log| log.log_id.key_id).collect();
        Ok(Self { verifier, logs })
    }

    /// The id of the log that says it signed a checkpoint. (A checkpoint names a key by four bytes.)
    pub(super) fn log_of(&self, checkpoint: &Checkpoint) -> Option<LogKeyId> {
        let signed = |id: &&LogKeyId| {
            let hint = id.as_bytes().first_chunk::<4>().map(|hint| KeyHint::new(*hint));
            hint.is_some_and(|hint| checkpoint.find_signature_by_key_hint(&hint).is_some())
        };
        self.logs.iter().find(signed).cloned()
    }

    /// Verifies a finished bundle about these subjects.
    pub(crate) fn confirm(
        &self,
        bundle: &[u8],
        subjects: &[Subject],
        expected: Expected<'_>,
        is_logged: bool,
    ) -> Result<Confirmed, ConfirmError> {
        let text = String::from_utf8_lossy(bundle);
        let bundle =
            Bundle::from_json(&text).map_err(|cause| ConfirmError::refused(cause.into()))?;
        let digest = subjects.iter().find_map(|one| one.digests.get(&Algorithm::Sha256));
        let digest = digest.ok_or(ConfirmError::Digest)?;
        let digest = Sha256Hash::from_hex(digest.hex()).map_err(|_| ConfirmError::Digest)?;
        let result = match expected {
            Expected::Certified => {
                let policy = VerificationPolicy::any_identity();
                let policy = if is_logged { policy } else { policy.skip_tlog_unsafe() };
                self.verifier.verify(digest, &bundle, &policy)
            }
            Expected::Key(public) => {
                let key = DerPublicKey::new(public.spki_der().to_vec());
                let policy = PublicKeyVerificationPolicy::new(key);
                let policy = if is_logged { policy } else { policy.skip_tlog_unsafe() };
                self.verifier.verify(digest, &bundle, &policy)
            }
        }
        .map_err(ConfirmError::refused)?;
        let is_certified = matches!(expected, Expected::Certified);
        let is_whole = (result.tlog_verified() || !is_logged)
            && (result.certificate_verified() && result.sct_verified() || !is_certified);
        if !is_whole {
            return Err(ConfirmError::Part);
        }
        let name = result.identity().map(|name| name.as_str().to_owned());
        let identity = result.issuer().map(str::to_owned).zip(name);
        if is_certified && identity.is_none() {
            return Err(ConfirmError::Nameless);
        }
        Ok(Confirmed { identity, time: result.verified_timestamps().iter().min().copied() })
    }
}

/// Why a finished bundle may not leave, or with what it cannot be verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ConfirmError {
    /// The image has no digest that verifiers know.
    #[error("the image has no SHA-256 digest")]
    Digest,
    /// The trusted root is not JSON with one reading.
    #[error("the trusted root is {0}")]
    Json(evidence::json::JsonError),
    /// The certificate does not say for whom it is.
    #[error("the certificate names no issuer or no identity that verifiers can match")]
    Nameless,
    /// A part was not verified.
    #[error(
        "a part of the finished bundle was not verified: certificate, certificate timestamp or log entry"
    )]
    Part,
    /// The verifier.
    #[error("the finished bundle does not verify against the trusted root: {}", escape_short(&.0.to_string(), 300))]
    Refused(Box<sigstore_verify::Error>),
    /// The trusted root is none.
    #[error("the trusted root cannot be read: {}", escape_short(&.0.to_string(), 300))]
    Root(Box<trust_root::Error>),
}

impl ConfirmError {
    fn refused(cause: sigstore_verify::Error) -> Self {
        Self::Refused(Box::new(cause))
    }
}
