//! Seal: a signed envelope becomes a finished bundle, checked once more before it leaves.
//!
//! Keys have neither log entry nor timestamp; both take their place here when they come. Whatever
//! `verify` would refuse to read for its size or shape is refused here.

use evidence::{
    Bundle, Digest, Id,
    bundle::{BundleError, Version},
};

use crate::{
    family::Family,
    sign::{SignError, Signed, Signer},
    statement::{self, Prepared, StatementRefused},
};

/// A bundle that may be attached: its bytes were read back, and it is about the image.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    bytes: Vec<u8>,
    id: Id,
    said: Prepared,
}

impl Sealed {
    /// The bytes to attach.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The SHA-256 of the bytes: where the bundle is, not what it says.
    pub(crate) fn digest(&self) -> Digest {
        Digest::sha256(&self.bytes)
    }

    /// The id of what was said.
    pub(crate) fn id(&self) -> Id {
        self.id.clone()
    }

    /// What was said, read back from the bytes.
    pub(crate) fn said(&self) -> &Prepared {
        &self.said
    }
}

/// Makes the bundle of what was signed and verifies it as a stranger would.
pub(crate) fn seal(signed: Signed, signer: &Signer, image: &Family) -> Result<Sealed, SealError> {
    let Signed { envelope, material } = signed;
    let bundle = Bundle {
        version: Version::V0_3,
        material,
        log_entries: Vec::new(),
        timestamps: Vec::new(),
        envelope,
    };
    let bytes = signer.verify_own(&bundle)?;
    taken(bytes, image)
}

/// Takes a bundle that was signed elsewhere. Its signature is not judged: whoever verifies knows
/// the keys, this command does not.
pub(crate) fn taken(bytes: Vec<u8>, image: &Family) -> Result<Sealed, SealError> {
    let most = registry::Budget::default().bundle;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(SealError::Size { found: bytes.len(), most });
    }
    let bundle = Bundle::parse(&bytes)?;
    if bundle.envelope.payload_type != evidence::IN_TOTO {
        return Err(SealError::PayloadType { found: bundle.envelope.payload_type });
    }
    let said = statement::take(bundle.envelope.payload.clone(), image)?;
    Ok(Sealed { bytes, id: bundle.envelope.id(), said })
}

/// Why a bundle may not leave.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SealError {
    /// No bundle.
    #[error("{0}")]
    Bundle(#[from] BundleError),
    /// Its payload is no in-toto statement.
    #[error("the payload is `{}`, no in-toto statement", evidence::text::escape_short(found, 100))]
    PayloadType {
        /// What it says it is.
        found: String,
    },
    /// What we signed does not verify.
    #[error("{0}")]
    Own(#[from] SignError),
    /// Larger than `verify` reads.
    #[error("the bundle has {found} bytes, and at most {most} are read")]
    Size {
        /// How many it has.
        found: usize,
        /// How many are read.
        most: u64,
    },
    /// A statement that is unreadable or about something else.
    #[error("{0}")]
    Statement(#[from] StatementRefused),
}

impl SealError {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Bundle(_) | Self::PayloadType { .. } => "unreadable",
            Self::Own(_) => "own-signature",
            Self::Size { .. } => "too-large",
            Self::Statement(error) => error.code(),
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            Self::Statement(error) => error.help(),
            Self::Own(_) => Some("nothing was attached; the key or its file may be damaged"),
            _ => None,
        }
    }
}
