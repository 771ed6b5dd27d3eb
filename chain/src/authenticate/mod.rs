//! Authenticate: bytes that anybody may have written become a statement that a known signer made.
//!
//! In order: the bundle is read; its payload type must be that of a statement; its hints may choose a
//! key and never grant one; the key must verify the signature over the bytes as received; only then
//! are those bytes parsed. [`Verified`] has no public constructor, so holding one is the proof.

pub mod key;

use std::{cell::OnceCell, collections::BTreeMap, fmt, rc::Rc};

use evidence::{
    Bundle, Digest, Envelope, Id, Material, Reading, Signature, Statement,
    bundle::ENTRIES,
    envelope::{self, IN_TOTO},
    json,
    predicate::{self, Claim, View},
};

use crate::{
    candidate::{Candidate, Content},
    finding::Code,
    policy::{Credential, CredentialKind, Party, Policy},
};
use key::{Hashed, Kind, PublicKey};

/// Where a statement was found.
#[derive(Clone, Debug)]
pub struct Carrier {
    /// For people: a referrer's digest or a file's name.
    pub found: String,
    /// The referrer manifest.
    pub referrer: Option<Digest>,
    /// The bundle bytes; `None` where there were none.
    pub(crate) bundle: Option<Located>,
}

/// Bytes with their locator, which is worked out when somebody asks: of a thousand bundles a verdict
/// names a few.
#[derive(Clone)]
pub(crate) struct Located(Rc<(Vec<u8>, OnceCell<Digest>)>);

impl Located {
    fn of(bytes: Vec<u8>) -> Self {
        Self(Rc::new((bytes, OnceCell::new())))
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0.0
    }

    /// The SHA-256 of the bytes.
    pub(crate) fn digest(&self) -> &Digest {
        self.0.1.get_or_init(|| Digest::sha256(self.bytes()))
    }
}

impl fmt::Debug for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digest().fmt(f)
    }
}

/// A statement whose signer is known and whose signature verified. Only this file makes one.
///
/// ```
/// fn say<'p>(real: chain::Verified<'p>, said: evidence::Reading) -> chain::Verified<'p> {
///     assert_eq!(*real.said(), said);
///     real
/// }
/// ```
///
/// ```compile_fail,E0616
/// fn say<'p>(mut real: chain::Verified<'p>, said: evidence::Reading) -> chain::Verified<'p> {
///     real.said = said;
///     real
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Verified<'p> {
    // Boxed: a thousand of them are moved from stage to stage and sorted.
    said: Box<Reading>,
    id: Id,
    party: &'p Party,
    credential: &'p Credential,
    carrier: Carrier,
}

impl<'p> Verified<'p> {
    /// What was signed.
    pub fn said(&self) -> &Reading {
        &self.said
    }

    /// The kind of claim that was signed.
    pub fn kind(&self) -> predicate::Kind {
        predicate::Kind::of(&self.said.predicate_type)
    }

    /// The id of what was signed.
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// Who signed.
    pub fn party(&self) -> &'p Party {
        self.party
    }

    /// With which of its credentials.
    pub fn credential(&self) -> &'p Credential {
        self.credential
    }

    /// Where it was found.
    pub fn carrier(&self) -> &Carrier {
        &self.carrier
    }
}

/// A candidate that goes no further, and why.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The stable word.
    pub code: Code,
    /// The reason in a sentence.
    pub reason: String,
    /// The signer: a party once matched, else what the evidence says of itself.
    pub signer: Option<String>,
    /// The id, where the envelope could be read.
    pub id: Option<Id>,
    /// The predicate type by the statement's own word, for the report only.
    pub predicate_type: Option<String>,
    /// Where it was found.
    pub carrier: Carrier,
    /// The verified bytes of a known signer that are no statement: they may be its newest word.
    pub(crate) spoiled: Option<Vec<u8>>,
    /// What it says it is meant for, where nobody verified it.
    pub(crate) peeked: Option<Box<Peeked>>,
}

impl Refusal {
    /// An order in which the order of arrival does not show.
    pub(crate) fn order(&self) -> impl Ord + use<'_> {
        let bytes = self.carrier.bundle.as_ref().map(Located::bytes);
        (&self.carrier.found, bytes, self.code, &self.reason)
    }
}

/// What a claim that nobody verified says it is meant for; it decides nothing.
#[derive(Clone, Debug)]
pub struct Peeked {
    /// The step's name.
    pub(crate) name: Option<String>,
    /// The environment.
    pub(crate) environment: Option<String>,
    /// The scanner.
    pub(crate) tool: Option<String>,
}

impl Peeked {
    fn of(statement: &Statement) -> Option<Box<Self>> {
        let claim = Claim::read(statement).ok()?;
        let tool = match &claim.view {
            View::Scan(scan) => Some(scan.tool.clone()),
            _ => None,
        };
        let environment = claim.view.environment().map(str::to_owned);
        Some(Box::new(Self { name: claim.run.name, environment, tool }))
    }
}

/// The credentials of a policy, ready to be tried.
pub struct Keyring<'p> {
    all: Vec<(&'p Party, &'p Credential, &'p PublicKey)>,
    by_hint: BTreeMap<String, usize>,
}

impl<'p> Keyring<'p> {
    /// Gathers the credentials of a policy.
    pub fn of(policy: &'p Policy) -> Self {
        let all: Vec<_> = policy
            .parties
            .values()
            .flat_map(|party| {
                party.credentials.iter().filter_map(move |credential| match &credential.kind {
                    CredentialKind::Key { key, .. } => Some((party, credential, key)),
                    CredentialKind::Keyless(_) => None,
                })
            })
            .collect();
        let by_hint = all.iter().enumerate().map(|(n, (_, _, key))| (key.hint(), n)).collect();
        Self { all, by_hint }
    }

    fn hinted(&self, hint: &str) -> Option<(&'p Party, &'p Credential, &'p PublicKey)> {
        self.by_hint.get(hint).and_then(|n| self.all.get(*n)).copied()
    }
}

/// Authenticates one candidate against the credentials of a policy: one outcome per signature, of which
/// a bundle has exactly one.
pub fn authenticate<'p>(
    candidate: Candidate,
    keyring: &Keyring<'p>,
) -> Vec<Result<Verified<'p>, Refusal>> {
    let Candidate { found, referrer, content } = candidate;
    let carrier = |bundle| Carrier { found, referrer, bundle };
    match content {
        Content::Bundle(bytes) => {
            let bundle = Bundle::parse(&bytes);
            let carrier = carrier(Some(Located::of(bytes)));
            let outcome = match bundle {
                Ok(bundle) => signed(bundle.envelope, &bundle.material, carrier, keyring),
                Err(error) => Err(refuse(carrier, Code::Unreadable, error.to_string())),
            };
            vec![outcome]
        }
        Content::Envelope(bytes) => {
            let envelope = Envelope::parse(&bytes);
            let carrier = carrier(Some(Located::of(bytes)));
            match envelope {
                Ok(envelope) => each_signature(&envelope, &carrier, keyring),
                Err(error) => vec![Err(refuse(carrier, Code::Unreadable, error.to_string()))],
            }
        }
        Content::Unreadable(reason) => {
            vec![Err(refuse(carrier(None), Code::Unreadable, reason))]
        }
        Content::Unsigned(bytes) => vec![Err(unsigned(carrier(None), &bytes))],
    }
}

/// The outcomes of an envelope without a bundle: one good signature among bad ones is one signer.
fn each_signature<'p>(
    envelope: &Envelope,
    carrier: &Carrier,
    keyring: &Keyring<'p>,
) -> Vec<Result<Verified<'p>, Refusal>> {
    let found = envelope.signatures.len();
    if found == 0 || found > ENTRIES {
        let reason = format!("the envelope has {found} signatures, 1 to {ENTRIES} are read");
        return vec![Err(refuse(carrier.clone(), Code::Unreadable, reason))];
    }
    // It says nothing of its key beside the signature's own hint.
    let material = Material::PublicKey { hint: String::new() };
    let one = |signature: &Signature| Envelope {
        payload: envelope.payload.clone(),
        payload_type: envelope.payload_type.clone(),
        signatures: vec![signature.clone()],
    };
    let outcomes = envelope.signatures.iter().map(one);
    outcomes.map(|envelope| signed(envelope, &material, carrier.clone(), keyring)).collect()
}

/// Authenticates an envelope with one signature.
fn signed<'p>(
    envelope: Envelope,
    material: &Material,
    carrier: Carrier,
    keyring: &Keyring<'p>,
) -> Result<Verified<'p>, Refusal> {
    if envelope.payload_type != IN_TOTO {
        let reason = format!("the payload type is `{}`, not {IN_TOTO}", envelope.payload_type);
        return Err(refuse(carrier, Code::Unreadable, reason));
    }
    let message = Hashed::of(envelope.pae());
    let id = message.id().clone();
    let (party, credential) = match signer(&envelope, material, &message, keyring) {
        Ok(signer) => signer,
        Err(no) => return Err(no.refusal(carrier, id, &envelope)),
    };
    match Reading::of(&envelope.payload) {
        Ok(said) => Ok(Verified { said: Box::new(said), id, party, credential, carrier }),
        Err(error) => Err(Refusal {
            signer: Some(party.name.clone()),
            id: Some(id),
            predicate_type: stated_type(&envelope.payload),
            spoiled: Some(envelope.payload),
            ..refuse(carrier, Code::Unreadable, error.to_string())
        }),
    }
}

fn refuse(carrier: Carrier, code: Code, reason: String) -> Refusal {
    Refusal {
        code,
        reason,
        signer: None,
        id: None,
        predicate_type: None,
        carrier,
        spoiled: None,
        peeked: None,
    }
}

/// The predicate type that bytes state which are no statement; none, where they could be read two
/// ways.
fn stated_type(payload: &[u8]) -> Option<String> {
    let value = json::parse(payload).ok()?;
    let stated = value.get("predicateType")?.as_str()?;
    (!stated.is_empty()).then(|| stated.to_owned())
}

/// A bare statement or envelope; its type is peeked at for the report only.
fn unsigned(carrier: Carrier, bytes: &[u8]) -> Refusal {
    let envelope = Envelope::parse(bytes).ok();
    let payload = envelope.as_ref().map_or(bytes, |envelope| &envelope.payload);
    Refusal {
        id: envelope.as_ref().map(Envelope::id),
        predicate_type: Statement::parse(payload).ok().map(|statement| statement.predicate_type),
        ..refuse(
            carrier,
            Code::BadSignature,
            "it is in no bundle, so nothing says who signed it".to_owned(),
        )
    }
}

/// Why no credential of the policy stands behind a bundle.
enum NoSigner {
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
}

impl NoSigner {
    fn refusal(self, carrier: Carrier, id: Id, envelope: &Envelope) -> Refusal {
        let (code, reason, signer) = match self {
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
                (
                    Code::BadSignature,
                    format!(
                        "it names the key of `{party}`, which does not verify its signature{prehashed}"
                    ),
                    Some(party),
                )
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
        };
        // Unverified: it decides nothing and only says under which step the refusal is shown.
        let statement = Statement::parse(&envelope.payload).ok();
        let peeked = statement.as_ref().and_then(Peeked::of);
        let predicate_type = statement.map(|statement| statement.predicate_type);
        Refusal {
            code,
            reason,
            signer,
            id: Some(id),
            predicate_type,
            carrier,
            spoiled: None,
            peeked,
        }
    }
}

fn signer<'p>(
    envelope: &Envelope,
    material: &Material,
    message: &Hashed,
    keyring: &Keyring<'p>,
) -> Result<(&'p Party, &'p Credential), NoSigner> {
    let Material::PublicKey { hint } = material else {
        return Err(NoSigner::Certificate);
    };
    let Some(signature) = envelope.signatures.first() else {
        return Err(NoSigner::NoKey);
    };
    let hint = (!hint.is_empty()).then_some(hint.as_str());
    let keyid = signature.keyid.as_deref();
    // sigstore_bundle.proto: if both are set they must be equal.
    let named = match (hint, keyid) {
        (Some(hint), Some(keyid)) if hint != keyid => return Err(NoSigner::Contradiction),
        (hint, keyid) => hint.or(keyid),
    };
    if let Some((party, credential, key)) = named.and_then(|hint| keyring.hinted(hint)) {
        return match key.verifies_hashed(message, &signature.bytes) {
            true => Ok((party, credential)),
            false => Err(NoSigner::Forged(party.name.clone(), key.kind())),
        };
    }
    // A hint that is a digest and names no key of ours would contradict whichever key verified, so
    // a stranger's evidence costs no signature.
    let possible =
        keyring.all.iter().filter(|(_, _, key)| !named.is_some_and(|h| key.contradicts(h)));
    let mut tried = false;
    for (party, credential, key) in possible {
        tried = true;
        if key.verifies_hashed(message, &signature.bytes) {
            return Ok((party, credential));
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
        _ => evidence::text::escape_short(hint, 64),
    }
}
