//! Bind: is a verified statement about the digest that was asked for?
//!
//! By digest only, never by name (in-toto spec/v1/statement.md). A statement with several subjects
//! counts only if all of them belong to one image: an index and its platforms. A subject that names our
//! digest, and beside it one by another algorithm that our bytes do not have, is about other bytes too
//! (in-toto spec/v1/digest_set.md lets any one digest match; to ask for all only denies more). One that
//! names our bytes by another algorithm only can deny and never grants.

use evidence::{Digest, Subject, predicate::Kind};

use crate::{
    authenticate::{Refusal, Verified},
    candidate::{Image, Shape},
    finding::Code,
};

/// A verified statement about the image that was asked for. Only this file makes one.
///
/// ```
/// fn about(bound: chain::Bound<'_>, digest: evidence::Digest) -> bool {
///     bound.is_about(&digest)
/// }
/// ```
///
/// ```compile_fail,E0451
/// fn about<'p>(verified: chain::Verified<'p>, digest: evidence::Digest) -> chain::Bound<'p> {
///     chain::Bound { verified, digests: vec![digest], names: vec![], foreign: None, index: None }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Bound<'p> {
    verified: Verified<'p>,
    digests: Vec<Digest>,
    names: Vec<String>,
    foreign: Option<String>,
    index: Option<Digest>,
}

impl<'p> Bound<'p> {
    /// The verified statement.
    pub fn verified(&self) -> &Verified<'p> {
        &self.verified
    }

    /// Whether it is about this digest of the image.
    pub fn is_about(&self, digest: &Digest) -> bool {
        self.digests.contains(digest)
    }

    /// The names that the signed subjects give the image, in their order; one as a rule.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The words for a subject beside ours that belongs to another image, if there is one.
    pub fn foreign_subject(&self) -> Option<&str> {
        self.foreign.as_deref()
    }

    /// The digest of such a subject that may be the index of this image, which nobody named.
    pub(crate) fn unasked_index(&self) -> Option<&Digest> {
        self.index.as_ref()
    }

    /// The kind of claim.
    pub fn kind(&self) -> Kind {
        self.verified.kind()
    }
}

/// Binds a verified statement to the image asked for.
pub(crate) fn bind<'p>(verified: Verified<'p>, image: &Image) -> Result<Bound<'p>, Refusal> {
    let subjects = &verified.said().subjects;
    let is_asked = |subject: &Subject| image.family().any(|digest| names(subject, digest));
    let is_ours = |subject: &Subject| is_asked(subject) || has_our_bytes(subject, image);
    let ours = || subjects.iter().filter(|subject| is_ours(subject));
    let mut names_given: Vec<String> = ours().map(|subject| subject.name.clone()).collect();
    names_given.dedup();
    if names_given.is_empty() {
        return Err(Refusal {
            code: Code::WrongSubject,
            reason: format!("it is about {}", subjects.first().map_or_else(String::new, told)),
            signer: Some(verified.party().name.clone()),
            id: Some(verified.id().clone()),
            predicate_type: Some(verified.said().predicate_type.clone()),
            carrier: verified.carrier().clone(),
            spoiled: None,
            peeked: None,
            place: 0,
        });
    }
    let otherwise = ours().find(|subject| !is_asked(subject));
    let named = |digest: &&Digest| {
        let by_bytes = otherwise.is_some() && **digest == image.digest;
        by_bytes || ours().any(|subject| names(subject, digest))
    };
    let digests: Vec<Digest> = image.family().filter(named).cloned().collect();
    let other_bytes = || ours().find_map(|subject| other_bytes(subject, image));
    let foreign = subjects.iter().find(|subject| !is_ours(subject));
    let index = foreign.and_then(|subject| index(subject, image, &names_given)).cloned();
    let foreign = foreign.map(|subject| {
        let ask =
            |digest| format!("; if that is the index of this image, ask with --index {digest}");
        format!("{} as well{}", told(subject), index.as_ref().map(ask).unwrap_or_default())
    });
    let foreign = foreign.or_else(|| other_bytes().map(|other| format!("{other} as well")));
    let foreign = foreign.or_else(|| {
        otherwise.map(|subject| format!("{}, and our bytes by another algorithm", told(subject)))
    });
    Ok(Bound { verified, digests, names: names_given, foreign, index })
}

/// Whether verified bytes that are no statement mention the image, in whatever spelling of JSON. Nobody
/// can say what they say of it, and a signer writes no digest of an image that it does not mean.
pub(crate) fn mentions(payload: &[u8], digest: &Digest) -> bool {
    let hex = digest.hex().as_bytes();
    let holds = |text: &[u8]| text.windows(hex.len()).any(|bytes| bytes.eq_ignore_ascii_case(hex));
    holds(payload) || (payload.contains(&b'\\') && holds(&unescaped(payload)))
}

/// The bytes with each `\u00XX` replaced by what it stands for (RFC 8259, section 7). Of bytes, since
/// what cannot be read as JSON may be read by others; what this takes for an escape too many can only
/// deny.
fn unescaped(mut rest: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(rest.len());
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = escape(rest).unwrap_or((*first, after));
        plain.push(byte);
        rest = after;
    }
    plain
}

/// The escape with which bytes begin, and what follows it.
fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, after) = text.strip_prefix(br"\u00")?.split_at_checked(2)?;
    let digits = std::str::from_utf8(digits).ok()?;
    Some((u8::from_str_radix(digits, 16).ok()?, after))
}

/// Whether a subject names a digest: under the digest's own algorithm, and nothing else will do.
fn names(subject: &Subject, digest: &Digest) -> bool {
    subject.digests.get(&digest.algorithm()) == Some(digest)
}

/// Whether a subject names our bytes by one of the algorithms of which the gate knows their digest.
fn has_our_bytes(subject: &Subject, image: &Image) -> bool {
    image.same_bytes.iter().any(|digest| names(subject, digest))
}

/// What to ask where the question named no index, and a subject of our name may be that.
fn index<'s>(subject: &'s Subject, image: &Image, ours: &[String]) -> Option<&'s Digest> {
    let may_be = image.shape == Shape::Lone && ours.contains(&subject.name);
    subject.digests.values().next().filter(|_| may_be)
}

/// A digest of a subject that is ours by the digest asked for, and that our bytes do not have.
fn other_bytes(subject: &Subject, image: &Image) -> Option<String> {
    if !names(subject, &image.digest) {
        return None;
    }
    let mut named =
        image.same_bytes.iter().map(|ours| (ours, subject.digests.get(&ours.algorithm())));
    let other = named.find_map(|(ours, named)| named.filter(|named| *named != ours))?;
    Some(format!("{}@{}", subject.name, other.short()))
}

fn told(subject: &Subject) -> String {
    let digest = subject.digests.values().next();
    match digest {
        Some(digest) => format!("{}@{}", subject.name, digest.short()),
        None => subject.name.clone(),
    }
}
