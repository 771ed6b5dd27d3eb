//! How a private Sigstore lies: about the evidence ([`Lie`]) and in the trusted root ([`Change`]).
//!
//! A lie is told in one place, and all that is made after it is made as if it were true: what is signed
//! with it differs from the same signed without it in the lie alone, and in what follows from it.

use evidence::bundle::Version;

use super::{Options, Rekor};

macro_rules! enumerate {
    ($(#[$of:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident,)* }) => {
        $(#[$of])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The one of that name, written as in the code.
            pub fn of_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| format!("{one:?}") == name)
            }
        }
    };
}

enumerate! {
    /// One thing that is not so.
    Lie {
        /// A bundle of v0.3 brings a chain in place of one certificate.
        BundleWithChain,
        /// A member that no specification knows.
        BundleMemberUnknown,
        /// The same, deep inside.
        BundleMemberUnknownInside,
        /// A media type that no specification knows.
        BundleMediaTypeUnknown,
        /// Another instance's authority issued the certificate, under the same names.
        CertificateByAnotherAuthority,
        /// The certificate is in the name of the authority, and signed by another one.
        CertificateForged,
        /// It is for servers.
        CertificateForAnotherPurpose,
        /// Its two extensions for the issuer name two issuers.
        CertificateIssuersDisagree,
        /// The name was changed after it was signed.
        CertificateNameChanged,
        /// The bundle has somebody else's certificate, an honest one.
        CertificateOfAnother,
        /// It does not say who vouched for the name.
        CertificateWithoutIssuer,
        /// It names nobody.
        CertificateWithoutName,
        /// It names two.
        CertificateWithTwoNames,
        /// Another log signed the checkpoint, under the log's id.
        CheckpointForged,
        /// There is no checkpoint.
        CheckpointMissing,
        /// It is a later one, which the proof does not lead to.
        CheckpointOfAnotherSize,
        /// The log signed it for another origin.
        CheckpointOriginChanged,
        /// Its size was changed after it was signed.
        CheckpointSizeChanged,
        /// A second entry is another log's.
        EntryAndForeign,
        /// The entry is another log's, and says so.
        EntryByAnotherLog,
        /// Another log made the entry, under the log's id.
        EntryForged,
        /// The body is that of another entry.
        EntryBodyOfAnother,
        /// It says to be of another kind than its body.
        EntryKindChanged,
        /// There is none.
        EntryMissing,
        /// The log took down the same signature under another certificate.
        EntryOfAnotherCertificate,
        /// The log took down another signature of the signer.
        EntryOfAnotherSignature,
        /// It is the signer's entry of another statement.
        EntryOfAnotherStatement,
        /// The log took the signature down under the name of another algorithm.
        EntryAlgorithmConfused,
        /// It took down something besides.
        EntryBodyWithMore,
        /// The same entry a second time.
        EntryTwice,
        /// The time was changed after the log promised.
        IntegratedTimeChanged,
        /// The log took it in when the certificate had ended.
        IntegratedTimeLate,
        /// The log took it in before there was a certificate.
        IntegratedTimeEarly,
        /// A log that knows no time is said to have told one.
        IntegratedTimeInvented,
        /// The index outside the proof is another.
        LogIndexChanged,
        /// The payload was changed after it was signed; it still reads as JSON.
        PayloadChanged,
        /// So was its type.
        PayloadTypeChanged,
        /// Another log promised, under the log's id.
        PromiseForged,
        /// Nobody promised, so that nobody vouches for the time.
        PromiseMissing,
        /// A hash of the proof is another.
        ProofHashChanged,
        /// The proof has a hash more.
        ProofHashExtra,
        /// It has one less.
        ProofHashMissing,
        /// Its index is another.
        ProofIndexChanged,
        /// There is no proof.
        ProofMissing,
        /// Its root is not the checkpoint's.
        ProofRootChanged,
        /// Its size is not the checkpoint's.
        ProofSizeChanged,
        /// Another log than the trusted one saw the certificate.
        SctByAnotherLog,
        /// It speaks in the name of the trusted one.
        SctForged,
        /// No log saw it.
        SctMissing,
        /// The log saw another certificate.
        SctOfAnotherCertificate,
        /// The signature is by a key that is not the certificate's; the log took it in all the same.
        SignatureByAnotherKey,
        /// One bit of the signature was changed after all was done.
        SignatureChanged,
        /// There is none.
        SignatureMissing,
        /// A second signature beside it, by nobody.
        SignatureTwice,
        /// A second timestamp is by an authority that nobody trusts.
        TimestampAndForeign,
        /// A second timestamp is of when the certificate had ended.
        TimestampAndLate,
        /// An authority that nobody trusts made it.
        TimestampByAnotherAuthority,
        /// The time was changed after it was signed.
        TimestampChanged,
        /// It is of before there was a certificate.
        TimestampEarly,
        /// Another authority made it, in the name of the trusted one.
        TimestampForged,
        /// It is of when the certificate had ended.
        TimestampLate,
        /// There is none.
        TimestampMissing,
        /// It is about another signature.
        TimestampOfAnotherSignature,
        /// It is about what was signed.
        TimestampOfPayload,
        /// The authority said no, and a token is there all the same.
        TimestampRejected,
        /// The same token a second time.
        TimestampTwice,
        /// It is about the signature's SHA-1.
        TimestampWeak,
    }
}

impl Lie {
    /// How something honest is signed in which this lie can be told, and nothing makes up for it.
    pub fn options(self) -> Options {
        let log_alone = Options { logs: vec![Rekor::V1], timestamps: 0, ..Options::default() };
        match self {
            Self::IntegratedTimeChanged
            | Self::IntegratedTimeEarly
            | Self::IntegratedTimeLate
            | Self::PromiseForged
            | Self::PromiseMissing => log_alone,
            _ => Options::default(),
        }
    }

    /// The same with the entry and no timestamp, or in an older bundle: where else it can be told.
    pub fn other_options(self) -> Vec<Options> {
        let v1 = Options { logs: vec![Rekor::V1], ..Options::default() };
        let old = Options { version: Version::V0_2, ..v1.clone() };
        match self {
            // Rekor v1 names none, and keeps of an envelope what cannot be made anew.
            Self::EntryAlgorithmConfused
            | Self::EntryBodyWithMore
            | Self::IntegratedTimeInvented
            | Self::BundleWithChain => Vec::new(),
            Self::IntegratedTimeChanged
            | Self::IntegratedTimeEarly
            | Self::IntegratedTimeLate
            | Self::PromiseForged
            | Self::PromiseMissing
            | Self::TimestampMissing => vec![],
            _ => vec![v1, old],
        }
    }
}

enumerate! {
    /// One thing that is otherwise in a trusted root.
    Change {
        /// The certificate authority ended before anything was signed.
        AuthorityEnded,
        /// It begins after everything was signed.
        AuthorityLater,
        /// It is another instance's.
        AuthorityForeign,
        /// There is none.
        AuthorityMissing,
        /// Only its root certificate is there.
        AuthorityWithoutIntermediate,
        /// The certificates' log ended before.
        CtLogEnded,
        /// It is another instance's.
        CtLogForeign,
        /// There is none.
        CtLogMissing,
        /// The logs ended before.
        LogEnded,
        /// They are another instance's.
        LogForeign,
        /// There is none.
        LogMissing,
        /// The timestamp authorities ended before.
        TimestampEnded,
        /// They are another instance's.
        TimestampForeign,
        /// There is none.
        TimestampMissing,
        /// The first ended before; the second, whose window would do, made no token.
        TimestampWindowOfAnother,
        /// Their own certificates are not in it.
        TimestampWithoutLeaf,
        /// They are for time stamping, and something else.
        TimestampPurposeAmong,
        /// They are for signing code.
        TimestampPurposeAnother,
        /// They are for nothing in particular.
        TimestampPurposeMissing,
        /// They may be overlooked to be for time stamping.
        TimestampPurposeNotCritical,
    }
}
