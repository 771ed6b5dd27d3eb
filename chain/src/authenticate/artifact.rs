//! Who signed an artifact itself? For bundles whose signature is over a file and not over a statement.
//!
//! No policy asks for such a signature: it says who, and not what. The same checks as for statements hold
//! (docs/design/sigstore.md), and no gate comes here.

use evidence::{Digest, Material, bundle::artifact::ArtifactBundle, time::Timestamp};
use sigstore_verify::types::{self, Sha256Hash};

use super::{
    Keyring, Seen,
    keyless::{self, By, Content, Seals},
    signer::{self, NoSigner},
};
use crate::{finding::Code, policy::Party};

/// What is at hand of an artifact.
#[derive(Clone, Copy, Debug)]
pub enum Artifact<'a> {
    /// Its bytes.
    Bytes(&'a [u8]),
    /// Its SHA-256.
    Digest(&'a Digest),
}

/// Who signed an artifact. Only this file makes one.
#[derive(Clone, Debug)]
pub struct Author<'p> {
    party: &'p Party,
    seen: Seen,
}

impl<'p> Author<'p> {
    /// Who.
    pub fn party(&self) -> &'p Party {
        self.party
    }

    /// The earliest time at which a clock that the policy's roots believe saw the signature.
    pub fn seen(&self) -> Option<Timestamp> {
        self.seen.log.into_iter().chain(self.seen.timestamp).min()
    }
}

/// Why nobody whom the policy knows signed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", code.word())]
pub struct Unsigned {
    /// The stable word.
    pub code: Code,
    /// The reason in a sentence.
    pub reason: String,
}

/// Finds who signed `artifact`, of those whom a policy names.
///
/// # Errors
///
/// The bundle is none, is about something else, or is by nobody whom the policy names.
pub fn author<'p>(
    bundle: &[u8],
    artifact: Artifact<'_>,
    keyring: &Keyring<'p>,
) -> Result<Author<'p>, Unsigned> {
    let bundle = ArtifactBundle::parse(bundle)
        .map_err(|error| Unsigned { code: Code::Unreadable, reason: error.to_string() })?;
    // It grants nothing, and where it says something else it is not trusted with the rest either.
    if bundle.digest.as_ref().is_some_and(|digest| !artifact.is(digest)) {
        let reason = "it says to be about another artifact".to_owned();
        return Err(Unsigned { code: Code::WrongSubject, reason });
    }
    let found = match &bundle.material {
        Material::Certificates(chain) => {
            let leaf = chain.first().map_or(&[][..], Vec::as_slice);
            by_certificate(&bundle, leaf, artifact, keyring)
        }
        Material::PublicKey { .. } => by_key(&bundle, artifact, keyring),
    };
    found.map_err(|no| {
        let (code, reason, _) = no.told();
        Unsigned { code, reason }
    })
}

impl<'a> Artifact<'a> {
    fn is(self, digest: &Digest) -> bool {
        match self {
            Self::Bytes(bytes) => digest.matches(bytes),
            Self::Digest(known) => known == digest,
        }
    }

    fn known(self) -> Result<types::Artifact<'a>, NoSigner> {
        match self {
            Self::Bytes(bytes) => Ok(types::Artifact::Blob(bytes)),
            Self::Digest(digest) => {
                let hash = Sha256Hash::from_hex(digest.hex());
                hash.map(types::Artifact::from).map_err(|_| NoSigner::NoKey)
            }
        }
    }
}

fn seals(bundle: &ArtifactBundle) -> Seals<'_> {
    Seals { version: bundle.version, entries: &bundle.log_entries, timestamps: &bundle.timestamps }
}

fn by_certificate<'p>(
    bundle: &ArtifactBundle,
    leaf: &[u8],
    artifact: Artifact<'_>,
    keyring: &Keyring<'p>,
) -> Result<Author<'p>, NoSigner> {
    let (certificate, (party, ..), root) = signer::certified(leaf, keyring)?;
    let artifact = artifact.known()?;
    let content = Content::Artifact { artifact: &artifact, signature: &bundle.signature };
    let by = By::Certificate(leaf, &certificate);
    let seen = keyless::prove(content, by, seals(bundle), root)
        .map_err(|why| NoSigner::Unproven(signer::shown(&certificate), why))?;
    Ok(Author { party, seen })
}

/// The first key that verifies it. What the bundle says of its key is not asked: there are few.
fn by_key<'p>(
    bundle: &ArtifactBundle,
    artifact: Artifact<'_>,
    keyring: &Keyring<'p>,
) -> Result<Author<'p>, NoSigner> {
    let mut nearest = None;
    for (party, _, key, root) in keyring.keys() {
        let known = artifact.known()?;
        let content = Content::Artifact { artifact: &known, signature: &bundle.signature };
        let seals = seals(bundle);
        let outcome = match (root, artifact) {
            (Some(root), _) if !seals.is_empty() => {
                keyless::prove(content, By::Key(key), seals, root)
                    .map_err(|why| NoSigner::Unproven(party.name.clone(), why))
            }
            (_, Artifact::Bytes(bytes)) if key.verifies(bytes, &bundle.signature) => {
                Ok(Seen::default())
            }
            _ => Err(NoSigner::NoKey),
        };
        match outcome {
            Ok(seen) => return Ok(Author { party, seen }),
            Err(why) => nearest = Some(why),
        }
    }
    Err(nearest.unwrap_or(NoSigner::NoKey))
}
