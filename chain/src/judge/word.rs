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
    authenticate::Located,
    bind::Bound,
    clock::{self, Clock, Made},
    facts::Facts,
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
}

impl<'p> Word<'p> {
    /// Reads a bound statement.
    pub fn read(bound: Bound<'p>, policy: &Policy, now: Timestamp) -> Self {
        let mut word = Self {
            bound,
            facts: Facts::default(),
            made: Made::default(),
            refused: None,
            copies: vec![],
            commits_to: BTreeSet::new(),
        };
        if let Err(refused) = word.fill(policy, now) {
            word.refused = Some(refused);
        }
        // Relations ask of each pair of words.
        let commitments = word.view().map_or(&[][..], View::commitments);
        word.commits_to = commitments.iter().filter_map(|c| c.id.clone()).collect();
        word
    }

    fn fill(&mut self, policy: &Policy, now: Timestamp) -> Result<(), (Code, String)> {
        let claim = self.bound.verified().said().claim.as_ref();
        let claim = claim.map_err(|error| (Code::Unreadable, error.to_string()))?;
        self.made.after = claim.time;
        self.made.before =
            claim.time.filter(|_| policy.time.claimed).map(|time| (time, Clock::Claimed));
        self.facts = Facts::of(claim).map_err(|mismatch| {
            let [a, b] = mismatch.values;
            let reason = format!("it names two values of {}: `{a}` and `{b}`", mismatch.fact);
            (Code::ClaimMismatch, reason)
        })?;
        if let Some(foreign) = self.bound.foreign_subject() {
            return Err((Code::WrongSubject, format!("it is about {foreign} as well")));
        }
        if let Scope::Both(name) = Scope::of(&self.bound, policy) {
            let reason = format!("it is for `{name}` as well, which this policy is not about");
            return Err((Code::WrongSubject, reason));
        }
        if let Some(time) = self.made.after.filter(|time| clock::is_future(*time, now)) {
            return Err((Code::Future, format!("it says it was made {}", time::write(time))));
        }
        self.within_window(now)
    }

    /// The policy's window of the credential: `from` against *made after*, `until` against *made
    /// before*. By the signer's own clock a retired key could be backdated, so then it ends for good.
    fn within_window(&self, now: Timestamp) -> Result<(), (Code, String)> {
        let credential = self.bound.verified().credential();
        let untimed =
            || (Code::NoTime, "the policy bounds its key in time and it has none".to_owned());
        if let Some(from) = credential.from {
            let after = self.made.after.ok_or_else(untimed)?;
            if after < from {
                let reason = format!("its key is trusted from {}", time::write(from));
                return Err((Code::OutsideWindow, reason));
            }
        }
        if let Some(until) = credential.until {
            let (before, clock) = self.made.before.ok_or_else(untimed)?;
            let backdatable = clock == Clock::Claimed && now >= until;
            if before >= until || backdatable {
                let why =
                    if backdatable { ", and only its own clock says that it is older" } else { "" };
                let reason = format!("its key is trusted until {}{why}", time::write(until));
                return Err((Code::OutsideWindow, reason));
            }
        }
        Ok(())
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
    let mut words: Vec<Word<'p>> = Vec::with_capacity(all.len());
    for bound in all {
        let bundle = bound.verified().carrier().bundle.clone();
        match words.last_mut() {
            Some(word) if same(&word.bound) == same(&bound) => word.copies.extend(bundle),
            _ => words.push(Word {
                copies: bundle.into_iter().collect(),
                ..Word::read(bound, policy, now)
            }),
        }
    }
    words
}

/// What makes two bundles copies of one word: the statement and the credential.
fn same<'b>(bound: &'b Bound<'_>) -> impl Ord + use<'b> {
    let verified = bound.verified();
    let by = match &verified.credential().kind {
        CredentialKind::Key { key, .. } => key.id().hex(),
        CredentialKind::Keyless(_) => "",
    };
    (verified.id(), verified.party().name.as_str(), by)
}

fn named<'b>(bound: &'b Bound<'_>) -> impl Ord + use<'b> {
    let carrier = bound.verified().carrier();
    (carrier.found.as_str(), carrier.bundle.as_ref().map(Located::bytes))
}
