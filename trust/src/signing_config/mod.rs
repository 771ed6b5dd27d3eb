//! The signing configuration: which services a signer turns to.
//!
//! Reading is the crate's of the field, behind strict JSON; the choice is ours, by the rule that the
//! messages `SigningConfig` and `ServiceConfiguration` of protobuf-specs state, and pure: the same
//! configuration and time make the same choice, so a signer that tries again asks the same services.

mod choice;
mod read;

pub use choice::{Service, Services};
pub use read::{ClientTrustConfig, SigningConfig};

/// Why a signing configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningConfigError {
    /// It asks for exactly so many services, and does not say how many.
    #[error("`{kind}` asks for EXACT services, and `count` is not 1 or more")]
    Count {
        /// Which services.
        kind: Kind,
    },
    /// There are fewer services than it asks for.
    #[error("`{kind}` asks for {wanted} services of different operators; {found} can be used now")]
    Few {
        /// Which services.
        kind: Kind,
        /// How many it asks for.
        wanted: u32,
        /// How many there are.
        found: usize,
    },
    /// It is no JSON with one reading.
    #[error("it is {0}")]
    Json(#[from] evidence::json::JsonError),
    /// It has more bytes than any.
    #[error("it has more than {most} bytes")]
    Large {
        /// How many it may have.
        most: usize,
    },
    /// It is JSON, and something else.
    #[error("it is no signing configuration: {0}")]
    Members(sigstore_trust_root::Error),
    /// None of its services can be used.
    #[error(
        "none of `{kind}` can be used now: their time is over or has not come, or they speak a version of their interface that is not known here"
    )]
    NoneNow {
        /// Which services.
        kind: Kind,
    },
    /// It is of a client trust configuration, and that has no other member of this name.
    #[error("it is no client trust configuration: {0}")]
    Parts(serde_json::Error),
    /// It says how services are chosen in a word that means nothing.
    #[error("`{kind}` does not say how services are chosen: ANY, EXACT or ALL")]
    Selector {
        /// Which services.
        kind: Kind,
    },
    /// The address of a service is none.
    #[error(
        "`{}` of `{kind}` is no address: https://HOST/PATH, without a login",
        evidence::text::escape_short(found, 300)
    )]
    Url {
        /// Which services.
        kind: Kind,
        /// What was found.
        found: String,
    },
}

/// A list of services, as its member is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `caUrls`.
    CertificateAuthorities,
    /// `oidcUrls`.
    Issuers,
    /// `rekorTlogUrls`.
    Logs,
    /// `tsaUrls`.
    TimestampAuthorities,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::CertificateAuthorities => "caUrls",
            Self::Issuers => "oidcUrls",
            Self::Logs => "rekorTlogUrls",
            Self::TimestampAuthorities => "tsaUrls",
        })
    }
}
