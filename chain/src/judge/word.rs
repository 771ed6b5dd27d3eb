//! A word: a bound statement, read. It either says something or is refused after its signer matched.
//!
//! What is refused here is its signer's newest word all the same: falling back to an older one would
//! let whoever can spoil the newest choose among the rest.

use std::collections::BTreeSet;

use evidence::{
    Digest, Id,
    predicate::{Kind, View},
    time::{self, Timestamp},
};

use super::scope::Scope;
use crate::{
    authenticate::{Certificate, Located, Seen, Verified},
    bind::Bound,
    clock::{self, Clock, Made},
    facts::{Facts, Mismatch},
    finding::Code,
    policy::{CredentialKind, Policy},
};

/// A bound statement of a known signer.
#[derive(Clone, Debug)]
pub struct Word<'p> {
    bound: Bound<'p>,
    facts: Facts,
    made: Made,
    refused: Option<(Code, String)>,
    copies: Vec<Located>,
    commits_to: BTreeSet<Id>,
    /// The one of many people who signed.
    person: Option<String>,
    place: usize,
}

impl<'p> Word<'p> {
    /// Reads a bound statement, of which there are these copies.
    fn read((bound, copies): (Bound<'p>, Copies), policy: &Policy, now: Timestamp) -> Self {
        let mut word = Self {
            bound,
            facts: Facts::default(),
            made: Made::default(),
            refused: None,
            copies: copies.bundles,
            commits_to: BTreeSet::new(),
            person: None,
            place: 0,
        };
        word.person = person(word.bound.verified());
        if let Err(refused) = word.fill((copies.began, copies.seen), policy, now) {
            word.refused = Some(refused);
        }
        // Relations ask of each pair of words.
        let commitments = word.view().map_or(&[][..], View::commitments);
        word.commits_to = commitments.iter().filter_map(|c| c.id.clone()).collect();
        word
    }

    fn fill(
        &mut self,
        (began, seen): (Option<Timestamp>, Seen),
        policy: &Policy,
        now: Timestamp,
    ) -> Result<(), (Code, String)> {
        let verified = self.bound.verified();
        self.made = Made::of(None, began, seen, policy.time);
        let claim = verified.said().claim.as_ref();
        let claim = claim.map_err(|error| (Code::Unreadable, error.to_string()))?;
        self.made = Made::of(claim.time, began, seen, policy.time);
        let facts = Facts::of(claim).and_then(|facts| match verified.certificate() {
            Some(certificate) => facts.with(certificate, claim),
            None => Ok(facts),
        });
        self.facts = facts.map_err(|Mismatch { fact, values: [a, b], certified }| {
            let reason = match certified {
                true => format!("its certificate says {fact} `{a}`, and it says `{b}`"),
                false => format!("it names two values of {fact}: `{a}` and `{b}`"),
            };
            (Code::ClaimMismatch, reason)
        })?;
        if let Some(foreign) = self.bound.foreign_subject() {
            return Err((Code::WrongSubject, format!("it is about {foreign}")));
        }
        match Scope::of(&self.bound, policy) {
            Scope::Both(name) => {
                let reason = format!("it is for `{name}` as well, which this policy is not about");
                return Err((Code::WrongSubject, reason));
            }
            Scope::Nowhere(name) => {
                let reason = format!("it is for `{name}`, which is no name of a repository");
                return Err((Code::WrongSubject, reason));
            }
            Scope::Inside | Scope::Outside(_) => {}
        }
        self.not_of_the_future(claim.time, now)?;
        self.within_window(now)
    }

    /// Neither what it claims, nor its certificate, nor the clock that saw it lies in the future; and
    /// what it claims is not later than when a clock of somebody else's saw it.
    fn not_of_the_future(
        &self,
        claimed: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), (Code, String)> {
        let future = |time: &Timestamp| clock::is_future(*time, now);
        let said = |time: Timestamp| format!("it says it was made {}", time::write(time));
        if let Some(time) = claimed.filter(future) {
            return Err((Code::Future, said(time)));
        }
        if let Some(time) = self.made.after.filter(future) {
            return Err((Code::Future, format!("its certificate begins {}", time::write(time))));
        }
        let Some((before, clock)) = self.made.before else { return Ok(()) };
        if future(&before) {
            let reason =
                format!("by the clock `{}` it was signed {}", clock.word(), time::write(before));
            return Err((Code::Future, reason));
        }
        match claimed.filter(|claimed| clock::is_future(*claimed, before)) {
            Some(claimed) => {
                let seen =
                    format!("by the clock `{}` it was there {}", clock.word(), time::write(before));
                Err((Code::Future, format!("{}, and {seen}", said(claimed))))
            }
            None => Ok(()),
        }
    }

    /// The policy's window of the credential: `from` against *made after*, `until` against *made
    /// before*. By the signer's own clock a retired key could be backdated, so then it ends for good.
    fn within_window(&self, now: Timestamp) -> Result<(), (Code, String)> {
        let credential = self.bound.verified().credential();
        let what = match credential.kind {
            CredentialKind::Key { .. } => "key",
            CredentialKind::Keyless(_) => "identity",
        };
        let untimed =
            || (Code::NoTime, format!("the policy bounds its {what} in time and it has none"));
        if let Some(from) = credential.from {
            let after = self.made.after.ok_or_else(untimed)?;
            if after < from {
                let reason = format!("its {what} is trusted from {}", time::write(from));
                return Err((Code::OutsideWindow, reason));
            }
        }
        if let Some(until) = credential.until {
            let (before, clock) = self.made.before.ok_or_else(untimed)?;
            let backdatable = clock == Clock::Claimed && now >= until;
            if before >= until || backdatable {
                let why =
                    if backdatable { ", and only its own clock says that it is older" } else { "" };
                let reason = format!("its {what} is trusted until {}{why}", time::write(until));
                return Err((Code::OutsideWindow, reason));
            }
        }
        Ok(())
    }

    /// Its place among the words of one verdict.
    pub(crate) fn place(&self) -> usize {
        self.place
    }

    /// The bound statement.
    pub fn bound(&self) -> &Bound<'p> {
        &self.bound
    }

    /// The digests of all bundles that carried it.
    pub fn bundles(&self) -> impl Iterator<Item = &Digest> {
        self.copies.iter().map(Located::digest)
    }

    /// The id of the statement.
    pub fn id(&self) -> &Id {
        self.bound.verified().id()
    }

    /// The party that signed.
    pub fn party(&self) -> &'p str {
        &self.bound.verified().party().name
    }

    /// Who counts: the party, or the one of its people who signed, where the policy says that it is many.
    pub fn signer(&self) -> &str {
        self.person.as_deref().unwrap_or_else(|| self.party())
    }

    /// What it says; `None` where it could not be read.
    pub fn view(&self) -> Option<&View> {
        self.bound.verified().said().claim.as_ref().ok().map(|claim| &claim.view)
    }

    /// Its facts.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// When it was made.
    pub fn made(&self) -> Made {
        self.made
    }

    /// Why it is refused, if it is.
    pub fn refused(&self) -> Option<&(Code, String)> {
        self.refused.as_ref()
    }

    /// The kind of claim.
    pub fn kind(&self) -> Kind {
        self.bound.kind()
    }

    /// The predicate type.
    pub fn predicate_type(&self) -> &str {
        &self.bound.verified().said().predicate_type
    }

    /// The scanner, for scans.
    pub fn tool(&self) -> Option<&str> {
        match self.view() {
            Some(View::Scan(scan)) => Some(&scan.tool),
            _ => None,
        }
    }

    /// The time by which words of scans and tests are ordered and aged: the earlier of *made after*
    /// and the end of the work, so that attesting an old report again makes nothing fresh.
    pub fn age_time(&self) -> Option<Timestamp> {
        let ended = self.view().and_then(View::work_ended);
        match (self.made.after, ended) {
            (Some(after), Some(ended)) => Some(after.min(ended)),
            (after, _) => after,
        }
    }

    /// Whether it commits to the statement with this id.
    pub fn commits_to(&self, id: &Id) -> bool {
        self.commits_to.contains(id)
    }
}

/// The one of many people: by the identity alone, whoever vouched for it.
fn person(verified: &Verified<'_>) -> Option<String> {
    let many = verified.party().is_many();
    let certificate = verified.certificate().filter(|_| many)?;
    Some(format!("{} ({})", verified.party().name, certificate.identity))
}

/// Reads all bound statements: one word per statement and credential, in an order that does not depend
/// on the order in which they were found.
pub(crate) fn read_all<'p>(
    bound: impl Iterator<Item = Bound<'p>>,
    policy: &'p Policy,
    now: Timestamp,
) -> Vec<Word<'p>> {
    let mut all: Vec<Bound<'p>> = bound.collect();
    // Of several copies the one that is named first stands; they say the same.
    all.sort_by(|a, b| same(a).cmp(&same(b)).then_with(|| named(a).cmp(&named(b))));
    let mut words: Vec<(Bound<'p>, Copies)> = Vec::with_capacity(all.len());
    for bound in all {
        let copy = Copies::of(&bound);
        match words.last_mut() {
            Some((first, copies)) if same(first) == same(&bound) => copies.add(copy),
            _ => words.push((bound, copy)),
        }
    }
    let words = words.into_iter().map(|word| Word::read(word, policy, now)).enumerate();
    words.map(|(place, word)| Word { place, ..word }).collect()
}

/// What makes two bundles copies of one word: the statement and the credential; by certificate, whom it
/// names and all that it says of the job, at whatever time.
fn same<'b>(bound: &'b Bound<'_>) -> impl Ord + use<'b> {
    let verified = bound.verified();
    let key = match &verified.credential().kind {
        CredentialKind::Key { key, .. } => Some(key.id().hex()),
        CredentialKind::Keyless(_) => None,
    };
    let certificate = verified.certificate().map(Certificate::subject);
    (verified.id(), verified.party().name.as_str(), key, certificate)
}

/// The copies of one word. Each may have been seen at another time; the earliest counts, since what was
/// there once was there.
struct Copies {
    bundles: Vec<Located>,
    began: Option<Timestamp>,
    seen: Seen,
}

impl Copies {
    fn of(bound: &Bound<'_>) -> Self {
        let verified = bound.verified();
        Self {
            bundles: verified.carrier().bundle.clone().into_iter().collect(),
            began: verified.certificate().map(|certificate| certificate.from),
            seen: verified.seen(),
        }
    }

    fn add(&mut self, other: Self) {
        self.bundles.extend(other.bundles);
        self.began = self.began.into_iter().chain(other.began).min();
        self.seen = self.seen.or_earlier(other.seen);
    }
}

fn named<'b>(bound: &'b Bound<'_>) -> impl Ord + use<'b> {
    let carrier = bound.verified().carrier();
    (carrier.found.as_str(), carrier.bundle.as_ref().map(Located::bytes))
}
