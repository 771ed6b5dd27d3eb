//! What bears witness to a signature: log entries and timestamps, honest or with their lie.

use evidence::json::Value;
use jiff::{SignedDuration, Timestamp};

use super::{
    Lie, Rekor,
    certificate::LIFETIME,
    entry::{self, Older, Verifier},
    keys::sha256,
    log::{Entry, Tree},
    sign::{Content, Draft},
    spoil,
    timestamp::{Purpose, Query, response},
};

impl Draft<'_> {
    pub(super) fn entries(&self) -> Vec<Value> {
        let lie = self.options.lie;
        if lie == Some(Lie::EntryMissing) {
            return Vec::new();
        }
        let logs = self.options.logs.iter().map(|kind| (*kind, None));
        let older = self.options.older.iter().map(|older| (Rekor::V1, Some(*older)));
        let mut all: Vec<Value> =
            logs.chain(older).map(|(kind, older)| self.entry(kind, older, lie)).collect();
        let more = match lie {
            Some(Lie::EntryAndForeign) => {
                let kind = self.options.logs.first().copied();
                kind.map(|kind| self.entry(kind, None, Some(Lie::EntryByAnotherLog)))
            }
            Some(Lie::EntryTwice) => all.first().cloned(),
            _ => None,
        };
        all.extend(more);
        all
    }

    fn entry(&self, kind: Rekor, older: Option<Older>, lie: Option<Lie>) -> Value {
        let taken = self.taken(kind, older, lie);
        // How many others came before it and after it: always the same of the same entry.
        let [before, after, ..] = sha256(&[&taken.body]);
        let mut tree = Tree::of_others(usize::from(before) + 5);
        let index = tree.append(&taken.body);
        (0..=after % 7).for_each(|_| tree.grow());
        let at = match lie {
            Some(Lie::IntegratedTimeEarly) => self.later(-3600),
            Some(Lie::IntegratedTimeLate) => self.later(LIFETIME.as_secs() + 3600),
            _ => self.later(1),
        };
        let (own, other) = (self.instance.own.log(kind), self.instance.other.log(kind));
        let mut entry = own.prove(&taken, &tree, index, at, lie, other);
        if !self.options.proof {
            spoil::entry(&mut entry, Lie::ProofMissing, &[]);
        }
        if let Some(lie) = lie {
            let another = self.taken(kind, older, Some(Lie::EntryOfAnotherStatement)).body;
            spoil::entry(&mut entry, lie, &another);
        }
        entry
    }

    /// What the log takes down.
    fn taken(&self, kind: Rekor, older: Option<Older>, lie: Option<Lie>) -> Entry {
        let another = b"{\"another\":\"statement\"}";
        let foreign = Verifier::Certificate(self.instance.foreign_certificate(self.at));
        let by = if lie == Some(Lie::EntryOfAnotherCertificate) { &foreign } else { &self.by };
        let content = match (lie, &self.content) {
            (Some(Lie::EntryOfAnotherStatement), Content::Envelope(_)) => {
                Content::statement(another)
            }
            (Some(Lie::EntryOfAnotherStatement), _) => Content::Artifact(another),
            (_, Content::Artifact(bytes)) => Content::Artifact(bytes),
            (_, Content::Envelope(envelope)) => Content::Envelope(envelope.clone()),
        };
        let again = |message: &[u8]| self.key.as_ref().map(|key| key.sign(message));
        let signature = match lie {
            Some(Lie::EntryOfAnotherSignature) => again(another),
            Some(Lie::EntryOfAnotherStatement) => again(&content.signed()),
            _ => None,
        };
        let signature = signature.unwrap_or_else(|| self.signature.clone());
        let mut taken = match &content {
            Content::Artifact(bytes) => entry::of_artifact(&sha256(&[bytes]), &signature, by, kind),
            Content::Envelope(_) => {
                let envelope = content.with(&signature);
                match older {
                    Some(older) => entry::intoto(&envelope, &signature, by, older),
                    None => entry::of_envelope(&envelope, &signature, by, kind),
                }
            }
        };
        taken.lie(lie);
        taken
    }

    pub(super) fn stamps(&self) -> Vec<Vec<u8>> {
        let lie = self.options.lie;
        if lie == Some(Lie::TimestampMissing) {
            return Vec::new();
        }
        let count = self.options.timestamps;
        let mut all: Vec<Vec<u8>> = (0..count).map(|index| self.stamp(index, lie)).collect();
        let more = match lie {
            Some(Lie::TimestampAndForeign) => Some(Lie::TimestampByAnotherAuthority),
            Some(Lie::TimestampAndLate) => Some(Lie::TimestampLate),
            _ => None,
        };
        all.extend(more.map(|lie| self.stamp(0, Some(lie))));
        if lie == Some(Lie::TimestampTwice) {
            all.extend(all.first().cloned());
        }
        all
    }

    fn stamp(&self, index: usize, lie: Option<Lie>) -> Vec<u8> {
        let ([own, second], [other, _]) = (&self.instance.own.stamps, &self.instance.other.stamps);
        let own = if index == 0 { own } else { second };
        let at = match lie {
            Some(Lie::TimestampEarly) => self.later(-3600),
            Some(Lie::TimestampLate) => self.later(LIFETIME.as_secs() + 40),
            _ => self.later(2),
        };
        let query = match lie {
            Some(Lie::TimestampOfAnotherSignature) => Query::about(b"another signature"),
            Some(Lie::TimestampOfPayload) => Query::about(&self.content.signed()),
            Some(Lie::TimestampWeak) => Query::weak(&self.signature),
            _ => Query::about(&self.signature),
        };
        match lie {
            Some(Lie::TimestampByAnotherAuthority) => other.answer(&query, at, Purpose::Right),
            Some(Lie::TimestampChanged) => own.changed(&query, at, self.later(1)),
            Some(Lie::TimestampForged) => own.forged(&query, at, other),
            Some(Lie::TimestampRejected) => response(2, &own.token(&query, at)),
            _ => own.answer(&query, at, Purpose::Right),
        }
    }

    fn later(&self, seconds: i64) -> Timestamp {
        self.at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(self.at)
    }
}
