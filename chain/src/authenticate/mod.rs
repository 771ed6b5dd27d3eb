//! Authenticate: bytes that anybody may have written become a statement that a known signer made.
//!
//! In order: the bundle is read; its payload type must be that of a statement; what it says of its signer
//! may choose a credential and never grant one; the signature over the bytes as received must be proven;
//! only then are those bytes parsed. [`Verified`] has no public constructor, so holding one is the proof.

pub mod artifact;
pub mod key;
mod keyless;
mod legacy;
mod signer;

use std::{cell::OnceCell, fmt, rc::Rc};

use evidence::{
    Bundle, Digest, Envelope, Id, Material, Reading, Signature, Statement,
    bundle::{ENTRIES, Version},
    envelope::IN_TOTO,
    json,
    predicate::{self, Claim, View},
};

use crate::{
    candidate::{Candidate, Content},
    finding::Code,
    policy::{Credential, Party},
};
use key::Hashed;
use keyless::Seals;
use legacy::Legacy;
use signer::{NoSigner, Signer};

pub use keyless::{
    Seen,
    certificate::{Certificate, CertificateError},
};
pub use signer::Keyring;

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
    signer: Signer<'p>,
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
        self.signer.party
    }

    /// With which of its credentials.
    pub fn credential(&self) -> &'p Credential {
        self.signer.credential
    }

    /// The certificate that names it, if one does.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.signer.certificate.as_deref()
    }

    /// When clocks that the policy's roots believe saw the signature.
    pub fn seen(&self) -> Seen {
        self.signer.seen
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
    /// Its place among the refusals of one verdict.
    pub(crate) place: usize,
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
                Ok(bundle) => {
                    let seals = Seals {
                        version: bundle.version,
                        entries: &bundle.log_entries,
                        timestamps: &bundle.timestamps,
                    };
                    signed(bundle.envelope, &bundle.material, seals, carrier, keyring)
                }
                Err(error) => Err(refuse(carrier, Code::Unreadable, error.to_string())),
            };
            vec![outcome]
        }
        Content::Envelope { bytes, annotations } => {
            let envelope = Envelope::parse(&bytes);
            let carrier = carrier(Some(Located::of(bytes)));
            let unreadable =
                |error: String| vec![Err(refuse(carrier.clone(), Code::Unreadable, error))];
            match (envelope, Legacy::read(&annotations)) {
                (Ok(envelope), Ok(legacy)) => each_signature(&envelope, &legacy, &carrier, keyring),
                (Err(error), _) => unreadable(error.to_string()),
                (_, Err(error)) => unreadable(error.to_string()),
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
    legacy: &Legacy,
    carrier: &Carrier,
    keyring: &Keyring<'p>,
) -> Vec<Result<Verified<'p>, Refusal>> {
    let found = envelope.signatures.len();
    if found == 0 || found > ENTRIES {
        let reason = format!("the envelope has {found} signatures, 1 to {ENTRIES} are read");
        return vec![Err(refuse(carrier.clone(), Code::Unreadable, reason))];
    }
    let one = |signature: &Signature| Envelope {
        payload: envelope.payload.clone(),
        payload_type: envelope.payload_type.clone(),
        signatures: vec![signature.clone()],
    };
    let outcomes = envelope.signatures.iter().map(one);
    let seals =
        Seals { version: Version::V0_1, entries: &legacy.entries, timestamps: &legacy.timestamps };
    let material = &legacy.material;
    outcomes.map(|envelope| signed(envelope, material, seals, carrier.clone(), keyring)).collect()
}

/// Authenticates an envelope with one signature.
fn signed<'p>(
    envelope: Envelope,
    material: &Material,
    seals: Seals<'_>,
    carrier: Carrier,
    keyring: &Keyring<'p>,
) -> Result<Verified<'p>, Refusal> {
    if envelope.payload_type != IN_TOTO {
        let reason = format!("the payload type is `{}`, not {IN_TOTO}", envelope.payload_type);
        return Err(refuse(carrier, Code::Unreadable, reason));
    }
    let message = Hashed::of(envelope.pae());
    let id = message.id().clone();
    let signer = match signer::find(&envelope, material, seals, &message, keyring) {
        Ok(signer) => signer,
        Err(no) => return Err(unsigned_by(no, carrier, id, &envelope)),
    };
    match Reading::of(&envelope.payload) {
        Ok(said) => Ok(Verified { said: Box::new(said), id, signer, carrier }),
        Err(error) => Err(Refusal {
            signer: Some(signer.party.name.clone()),
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
        place: 0,
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

/// A refusal of what no credential of the policy stands behind. What it says of itself is unverified:
/// it decides nothing and only says under which step the refusal is shown.
fn unsigned_by(no: NoSigner, carrier: Carrier, id: Id, envelope: &Envelope) -> Refusal {
    let statement = Statement::parse(&envelope.payload).ok();
    let peeked = statement.as_ref().and_then(Peeked::of);
    let predicate_type = statement.map(|statement| statement.predicate_type);
    let (code, reason, signer) = no.told();
    Refusal { signer, id: Some(id), predicate_type, peeked, ..refuse(carrier, code, reason) }
}
