//! Bind: is a verified statement about the digest that was asked for?
//!
//! By digest only, never by name (in-toto spec/v1/statement.md). A statement with several subjects
//! counts only if all of them belong to one image: an index and its platforms.

use evidence::{Subject, predicate::Kind};

use crate::{
    authenticate::{Refusal, Verified},
    candidate::Image,
    finding::Code,
};

/// A verified statement about the image that was asked for.
#[derive(Clone, Debug)]
pub struct Bound<'p> {
    verified: Verified<'p>,
    subject: String,
    foreign: Option<String>,
}

impl<'p> Bound<'p> {
    /// The verified statement.
    pub fn verified(&self) -> &Verified<'p> {
        &self.verified
    }

    /// The name that the signed subject gives the image.
    pub fn subject_name(&self) -> &str {
        &self.subject
    }

    /// A subject beside ours that belongs to another image, if there is one.
    pub fn foreign_subject(&self) -> Option<&str> {
        self.foreign.as_deref()
    }

    /// The kind of claim.
    pub fn kind(&self) -> Kind {
        Kind::of(&self.verified.statement().predicate_type)
    }
}

/// Binds a verified statement to the image asked for.
pub fn bind<'p>(verified: Verified<'p>, image: &Image) -> Result<Bound<'p>, Refusal> {
    let subjects = &verified.statement().subjects;
    let ours = |subject: &&Subject| names(subject, &image.digest);
    let Some(subject) = subjects.iter().find(ours).map(|subject| subject.name.clone()) else {
        let statement = verified.statement();
        return Err(Refusal {
            code: Code::WrongSubject,
            reason: format!("it is about {}", subjects.first().map_or_else(String::new, told)),
            signer: Some(verified.party().name.clone()),
            id: Some(verified.id().clone()),
            predicate_type: Some(statement.predicate_type.clone()),
            carrier: verified.carrier().clone(),
        });
    };
    let related = |subject: &Subject| image.family.iter().any(|digest| names(subject, digest));
    let foreign = subjects.iter().find(|subject| !related(subject)).map(told);
    Ok(Bound { verified, subject, foreign })
}

/// Whether a subject names a digest: under the digest's own algorithm, and nothing else will do.
fn names(subject: &Subject, digest: &evidence::Digest) -> bool {
    subject.digests.get(&digest.algorithm()) == Some(digest)
}

fn told(subject: &Subject) -> String {
    let digest = subject.digests.values().next();
    match digest {
        Some(digest) => format!("{}@{}", subject.name, digest.short()),
        None => subject.name.clone(),
    }
}
