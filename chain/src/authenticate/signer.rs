//! Whose signature is it? A bundle's own word chooses which credential is tried; the signature decides.
//!
//! Whoever is not found here is dropped: anybody may write a bundle that names somebody.

use std::{collections::BTreeMap, rc::Rc};

use evidence::{Envelope, Material, envelope, text::escape_short};

use super::{
    key::{Hashed, Kind, PublicKey},
    keyless::{
        self, By, Content, Seals, Seen, certificate::Certificate, identity, unproven::Unproven,
    },
};
use crate::{
    finding::Code,
    policy::{Credential, CredentialKind, Party, Policy, TrustedRoot},
};

/// Who signed, with which credential, and how that was proven.
#[derive(Clone, Debug)]
pub(super) struct Signer<'p> {
    pub(super) party: &'p Party,
    pub(super) credential: &'p Credential,
    /// The certificate, where it was not a key.
    pub(super) certificate: Option<Rc<Certificate>>,
    /// When clocks that a root believes saw the signature.
    pub(super) seen: Seen,
}

/// A key of a policy, and the root that tells when it signed.
pub(super) type Key<'p> = (&'p Party, &'p Credential, &'p PublicKey, Option<&'p TrustedRoot>);

/// The credentials of a policy, ready to be tried.
pub struct Keyring<'p> {
    keys: Vec<Key<'p>>,
    by_hint: BTreeMap<String, usize>,
    identities: Vec<identity::Known<'p>>,
    roots: &'p BTreeMap<String, TrustedRoot>,
}

impl<'p> Keyring<'p> {
    /// Gathers the credentials of a policy.
    pub fn of(policy: &'p Policy) -> Self {
        let (mut keys, mut identities) = (Vec::new(), Vec::new());
        for party in policy.parties.values() {
            for credential in &party.credentials {
                match &credential.kind {
                    CredentialKind::Key { key, root, .. } => {
                        let root = root.as_ref().and_then(|root| policy.roots.get(root));
                        keys.push((party, credential, key, root));
                    }
                    CredentialKind::Keyless(keyless) => {
                        identities.push((party, credential, keyless));
                    }
                }
            }
        }
        let by_hint = keys.iter().enumerate().map(|(n, (_, _, key, _))| (key.hint(), n)).collect();
        Self { keys, by_hint, identities, roots: &policy.roots }
    }

    /// The keys, in the order of their parties.
    pub(super) fn keys(&self) -> &[Key<'p>] {
        &self.keys
    }

    fn hinted(&self, hint: &str) -> Option<Key<'p>> {
        self.by_hint.get(hint).and_then(|n| self.keys.get(*n)).copied()
    }
}

/// Why no credential of the policy stands behind a bundle.
pub(super) enum NoSigner {
    /// It holds a certificate, and the policy names keys.
    Certificate,
    /// Its hints contradict each other, or the key that verifies.
    Contradiction,
    /// It names this key of this party, and that key does not verify it.
    Forged(String, Kind),
    /// No key of the policy verifies it, and it names none.
    NoKey,
    /// It names a key that the policy does not know.
    Stranger(String),
    /// Its certificate fits no credential, for this reason.
    Unknown(String, String),
    /// It says to be of this party, and does not prove it.
    Unproven(String, Unproven),
}

impl NoSigner {
    /// The code, the sentence, and who it says has signed.
    pub(super) fn told(self) -> (Code, String, Option<String>) {
        match self {
            Self::Certificate => (
                Code::WrongSigner,
                "signed with a certificate; this policy names keys only".to_owned(),
                None,
            ),
            Self::Contradiction => (
                Code::BadSignature,
                "its key hint names another key than the one that signed it".to_owned(),
                None,
            ),
            Self::Forged(party, kind) => {
                // cosign signs with Ed25519ph and reads pure Ed25519 only, as everybody else does.
                let prehashed = match kind {
                    Kind::Ed25519 => {
                        "; or it is an Ed25519ph signature, as cosign writes, which is not read"
                    }
                    _ => "",
                };
                let reason = format!(
                    "it names the key of `{party}`, which does not verify its signature{prehashed}"
                );
                (Code::BadSignature, reason, Some(party))
            }
            Self::NoKey => (
                Code::BadSignature,
                "no key of this policy verifies its signature".to_owned(),
                None,
            ),
            Self::Stranger(hint) => (
                Code::WrongSigner,
                format!("its key `{hint}` is nobody's here"),
                Some(format!("key {hint}")),
            ),
            Self::Unknown(identity, reason) => (Code::WrongSigner, reason, Some(identity)),
            Self::Unproven(signer, why) => (why.code(), why.to_string(), Some(signer)),
        }
    }
}

/// Finds who signed an envelope with one signature.
pub(super) fn find<'p>(
    envelope: &Envelope,
    material: &Material,
    seals: Seals<'_>,
    message: &Hashed,
    keyring: &Keyring<'p>,
) -> Result<Signer<'p>, NoSigner> {
    match material {
        Material::PublicKey { hint } => by_key(envelope, hint, seals, message, keyring),
        Material::Certificates(chain) => match chain.first() {
            Some(leaf) => by_certificate(envelope, leaf, seals, message, keyring),
            None => Err(NoSigner::NoKey),
        },
    }
}

/// 2. and 7. of docs/design/sigstore.md, then the rest. A stranger's certificate costs no signature.
fn by_certificate<'p>(
    envelope: &Envelope,
    leaf: &[u8],
    seals: Seals<'_>,
    message: &Hashed,
    keyring: &Keyring<'p>,
) -> Result<Signer<'p>, NoSigner> {
    if keyring.identities.is_empty() {
        return Err(NoSigner::Certificate);
    }
    let found = certified(leaf, keyring)?;
    let (certificate, (party, credential, _), root) = &found;
    let by = By::Certificate(leaf, certificate);
    let seen = keyless::prove(Content::Envelope { envelope, message }, by, seals, root)
        .map_err(|why| NoSigner::Unproven(shown(certificate), why))?;
    Ok(Signer { party, credential, certificate: Some(Rc::new(certificate.clone())), seen })
}

/// Whom a certificate names, by its own word: a credential of the policy, and the root that must vouch.
pub(super) fn certified<'p>(
    leaf: &[u8],
    keyring: &Keyring<'p>,
) -> Result<(Certificate, identity::Known<'p>, &'p TrustedRoot), NoSigner> {
    let certificate = Certificate::read(leaf).map_err(|error| {
        NoSigner::Unproven("a certificate".to_owned(), Unproven::Certificate(error))
    })?;
    let known = identity::of(&certificate, &keyring.identities)
        .map_err(|reason| NoSigner::Unknown(shown(&certificate), reason))?;
    // A policy that names a root it does not have is refused when it is read.
    let root = keyring.roots.get(&known.2.root).ok_or(NoSigner::Certificate)?;
    Ok((certificate, known, root))
}

/// The name in a certificate, for people.
pub(super) fn shown(certificate: &Certificate) -> String {
    escape_short(&certificate.identity, 200)
}

fn by_key<'p>(
    envelope: &Envelope,
    hint: &str,
    seals: Seals<'_>,
    message: &Hashed,
    keyring: &Keyring<'p>,
) -> Result<Signer<'p>, NoSigner> {
    let (party, credential, key, root) = key(envelope, hint, message, keyring)?;
    let mut seen = Seen::default();
    let content = Content::Envelope { envelope, message };
    if let Some(root) = root.filter(|_| !seals.is_empty()) {
        seen = keyless::prove(content, By::Key(key), seals, root)
            .map_err(|why| NoSigner::Unproven(party.name.clone(), why))?;
    }
    Ok(Signer { party, credential, certificate: None, seen })
}

/// The key of the policy that verifies the signature.
fn key<'p>(
    envelope: &Envelope,
    hint: &str,
    message: &Hashed,
    keyring: &Keyring<'p>,
) -> Result<Key<'p>, NoSigner> {
    let Some(signature) = envelope.signatures.first() else {
        return Err(NoSigner::NoKey);
    };
    let hint = (!hint.is_empty()).then_some(hint);
    let keyid = signature.keyid.as_deref();
    // sigstore_bundle.proto: if both are set they must be equal.
    let named = match (hint, keyid) {
        (Some(hint), Some(keyid)) if hint != keyid => return Err(NoSigner::Contradiction),
        (hint, keyid) => hint.or(keyid),
    };
    if let Some(found) = named.and_then(|hint| keyring.hinted(hint)) {
        let (party, _, key, _) = found;
        return match key.verifies_hashed(message, &signature.bytes) {
            true => Ok(found),
            false => Err(NoSigner::Forged(party.name.clone(), key.kind())),
        };
    }
    // A hint that is a digest and names no key of ours would contradict whichever key verified, so
    // a stranger's evidence costs no signature.
    let possible =
        keyring.keys.iter().filter(|(_, _, key, _)| !named.is_some_and(|h| key.contradicts(h)));
    let mut tried = false;
    for found in possible {
        tried = true;
        if found.2.verifies_hashed(message, &signature.bytes) {
            return Ok(*found);
        }
    }
    match named {
        Some(hint) if !tried => Err(NoSigner::Stranger(readable(hint))),
        _ => Err(NoSigner::NoKey),
    }
}

/// A hint that is the base64 of a SHA-256, as `sha256:<12 hex>…`; any other as it is, cut.
fn readable(hint: &str) -> String {
    match envelope::decode_base64(hint) {
        Some(bytes) if bytes.len() == 32 => {
            let hex: String = bytes.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
            format!("sha256:{hex}…")
        }
        _ => escape_short(hint, 64),
    }
}
