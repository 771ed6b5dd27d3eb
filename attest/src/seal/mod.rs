//! Seal: a signed envelope becomes a finished bundle, checked once more before it leaves.
//!
//! Logs and timestamp authorities, as far as there are any, are asked at once, and what they say goes
//! in; the whole is then verified against the trusted root. Whatever `verify` would refuse to read for
//! its size or shape is refused here.

mod log;
mod own;
mod tiles;
mod timestamp;

use evidence::{
    Bundle, Digest, Id, Material,
    bundle::{BundleError, Version},
};
use futures_util::future::{try_join, try_join_all};
use registry::http::Sender;

pub(crate) use self::{
    log::{Entered, Log, LogVersion},
    own::{ConfirmError, Confirmed, Expected, TrustedRoot},
};
use crate::{
    family::Family,
    service::{Service, ServiceError},
    sign::{SignError, Signed, Signer},
    statement::{self, Prepared, StatementRefused},
};

/// Who vouches for a signature besides its signer, and by what that is verified.
#[derive(Default)]
pub(crate) struct Vouchers {
    /// The logs that an entry goes into, all of them.
    pub(crate) logs: Vec<Log>,
    /// The timestamp authorities that are asked, all of them.
    pub(crate) authorities: Vec<Service>,
    /// By whom the finished bundle is believed; `None` where nobody vouches for a key's signature.
    pub(crate) root: Option<TrustedRoot>,
}

/// A bundle that may be attached: its bytes were read back, and it is about the image.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    bytes: Vec<u8>,
    id: Id,
    said: Prepared,
    entries: Vec<Entered>,
    confirmed: Confirmed,
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

    /// The log entries that were made for it.
    pub(crate) fn entries(&self) -> &[Entered] {
        &self.entries
    }

    /// What it proved against the trusted root.
    pub(crate) fn confirmed(&self) -> &Confirmed {
        &self.confirmed
    }
}

/// Makes the bundle of what was signed and verifies it as a stranger would.
pub(crate) async fn seal(
    signed: Signed,
    signer: &Signer,
    image: &Family,
    vouchers: &Vouchers,
    sender: &Sender,
) -> Result<Sealed, SealError> {
    let signature = signed.envelope.signatures.first().map(|one| one.bytes.clone());
    let signature = signature.unwrap_or_default();
    let stamps = vouchers
        .authorities
        .iter()
        .map(|authority| timestamp::timestamp(authority, sender, &signature));
    let entries = vouchers
        .logs
        .iter()
        .map(|log| log.enter(sender, &signed, signer.public(), vouchers.root.as_ref()));
    let (timestamps, entries) = try_join(try_join_all(stamps), try_join_all(entries)).await?;
    let Signed { envelope, material } = signed;
    let is_certified = matches!(material, Material::Certificates(_));
    let bundle = Bundle {
        version: Version::V0_3,
        material,
        log_entries: entries.iter().map(|entry| entry.value.clone()).collect(),
        timestamps,
        envelope,
    };
    let bytes = signer.verify_own(&bundle)?;
    let expected = if is_certified { Expected::Certified } else { Expected::Key(signer.public()) };
    let sealed = taken(bytes, image)?;
    let confirmed = confirmed(&bundle, &sealed, expected, vouchers)?;
    Ok(Sealed { entries, confirmed, ..sealed })
}

/// Verifies a finished bundle against the trusted root, if anybody but a key's owner has a part in it.
fn confirmed(
    bundle: &Bundle,
    sealed: &Sealed,
    expected: Expected<'_>,
    vouchers: &Vouchers,
) -> Result<Confirmed, SealError> {
    let subjects = &sealed.said.statement.subjects;
    match (&vouchers.root, expected) {
        (Some(root), _) => {
            let is_logged = !bundle.log_entries.is_empty();
            Ok(root.confirm(&sealed.bytes, subjects, expected, is_logged)?)
        }
        (None, Expected::Key(_))
            if bundle.log_entries.is_empty() && bundle.timestamps.is_empty() =>
        {
            Ok(Confirmed::default())
        }
        (None, _) => Err(SealError::Rootless),
    }
}

/// Takes a bundle that the same signer made before.
pub(crate) fn found(
    bytes: Vec<u8>,
    image: &Family,
    expected: Expected<'_>,
    vouchers: &Vouchers,
) -> Result<Sealed, SealError> {
    let bundle = Bundle::parse(&bytes)?;
    let sealed = taken(bytes, image)?;
    // A key's signature was verified when it was found; whether it was logged then is no matter now.
    let confirmed = match expected {
        Expected::Certified => confirmed(&bundle, &sealed, expected, vouchers)?,
        Expected::Key(_) => Confirmed::default(),
    };
    Ok(Sealed { confirmed, ..sealed })
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
    let (entries, confirmed) = Default::default();
    Ok(Sealed { bytes, id: bundle.envelope.id(), said, entries, confirmed })
}

/// Why a bundle may not leave.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SealError {
    /// No bundle.
    #[error("{0}")]
    Bundle(#[from] BundleError),
    /// It does not verify against the trusted root.
    #[error("{0}")]
    Confirm(#[from] ConfirmError),
    /// Its payload is no in-toto statement.
    #[error("the payload is `{}`, no in-toto statement", evidence::text::escape_short(found, 100))]
    PayloadType {
        /// What it says it is.
        found: String,
    },
    /// What we signed does not verify.
    #[error("{0}")]
    Own(#[from] SignError),
    /// There is nothing to verify it with.
    #[error("there is no trusted root to verify the finished bundle with")]
    Rootless,
    /// A log or timestamp authority.
    #[error(transparent)]
    Service(#[from] ServiceError),
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
            Self::Confirm(_) | Self::Own(_) => "own-signature",
            Self::Rootless => "no-trusted-root",
            Self::Service(error) => error.code(),
            Self::Size { .. } => "too-large",
            Self::Statement(error) => error.code(),
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            Self::Statement(error) => error.help(),
            Self::Own(_) => Some("nothing was attached; the key or its file may be damaged"),
            Self::Confirm(_) => Some(
                "nothing was attached; the signing configuration and the trusted root have to be of \
                 the same instance, and of today",
            ),
            Self::Service(error) => Some(error.help()),
            _ => None,
        }
    }
}
