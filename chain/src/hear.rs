//! Hear: one document in hand, without a step. Who of a policy's signers says what about a digest, and
//! when.
//!
//! The same stages as for a gate, up to the word: authenticate, bind, read. Nothing is judged here, so a
//! failed test that is heard has failed and is genuine all the same; nothing here lets anything be
//! deployed.

use evidence::time::{self, Timestamp};

use crate::{
    Candidate, Code, Content, Image, Policy,
    authenticate::{Keyring, Refusal, authenticate},
    bind::bind,
    judge::{content::says, word},
};

/// A document that a signer of the policy signed, about the digest that was asked for. Only this file
/// makes one.
///
/// ```
/// fn said(real: &chain::hear::Heard) -> &str {
///     real.says()
/// }
/// ```
///
/// ```compile_fail,E0616
/// fn say(real: &mut chain::hear::Heard) {
///     real.says = "approved".to_owned();
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    signer: String,
    certified: Option<(String, String)>,
    made_after: Option<Timestamp>,
    made_before: Option<(Timestamp, &'static str)>,
    says: String,
    predicate_type: String,
    id: String,
    names: Vec<String>,
}

impl Heard {
    /// The party that signed.
    pub fn signer(&self) -> &str {
        &self.signer
    }

    /// Whom the certificate names, and by whose word; none, if a key signed.
    pub fn certified(&self) -> Option<(&str, &str)> {
        self.certified.as_ref().map(|(identity, issuer)| (identity.as_str(), issuer.as_str()))
    }

    /// The time before which it was not made.
    pub fn made_after(&self) -> Option<String> {
        self.made_after.map(time::write)
    }

    /// The time after which it was not made, and whose clock says so.
    pub fn made_before(&self) -> Option<(String, &'static str)> {
        self.made_before.map(|(time, clock)| (time::write(time), clock))
    }

    /// What it says, in a few words.
    pub fn says(&self) -> &str {
        &self.says
    }

    /// The predicate type.
    pub fn predicate_type(&self) -> &str {
        &self.predicate_type
    }

    /// The id of the statement.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The names that its subjects give what it is about.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

/// Why a document counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unheard {
    /// The stable word.
    pub code: Code,
    /// The reason in a sentence.
    pub reason: String,
    /// Who signed, or is said to have.
    pub signer: Option<String>,
}

/// Hears one bundle, for signers of `policy` and about `image`, at `now`.
///
/// # Errors
///
/// It is not by one of them, not about the image, not of its time, or cannot be read.
pub fn hear(
    policy: &Policy,
    image: &Image,
    bundle: Vec<u8>,
    now: Timestamp,
) -> Result<Heard, Unheard> {
    let unread = || Unheard {
        code: Code::Unreadable,
        reason: "it holds no signature".to_owned(),
        signer: None,
    };
    let candidate =
        Candidate { found: String::new(), referrer: None, content: Content::Bundle(bundle) };
    let outcome = authenticate(candidate, &Keyring::of(policy)).pop().ok_or_else(unread)?;
    let bound = outcome.and_then(|verified| bind(verified, image)).map_err(Unheard::of)?;
    let words = word::read_all(std::iter::once(bound), policy, now);
    let word = words.first().ok_or_else(unread)?;
    if let Some((code, reason)) = word.refused() {
        let signer = Some(word.party().to_owned());
        return Err(Unheard { code: *code, reason: reason.clone(), signer });
    }
    let made = word.made();
    let certificate = word.bound().verified().certificate();
    Ok(Heard {
        signer: word.party().to_owned(),
        certified: certificate.map(|named| (named.identity.clone(), named.issuer.clone())),
        made_after: made.after,
        made_before: made.before.map(|(time, clock)| (time, clock.word())),
        says: says(word),
        predicate_type: word.predicate_type().to_owned(),
        id: word.id().to_string(),
        names: word.bound().names().to_vec(),
    })
}

impl Unheard {
    fn of(refusal: Refusal) -> Self {
        let Refusal { code, reason, signer, .. } = refusal;
        Self { code, reason, signer }
    }
}
