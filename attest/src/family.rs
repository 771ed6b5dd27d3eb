//! Family: the digests that are one image, its own and, of an index, those of its platforms.
//!
//! A statement may name several of them, and nothing beside them: a word about two images is a word
//! about neither (in-toto spec/v1, statement.md: a claim holds for all of its subjects).

use evidence::{Digest, Statement, Subject};
use registry::{Descriptor, Manifest};

use crate::{request::Platforms, statement::StatementRefused};

/// The digests of one image, under one name.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    name: String,
    asked: Member,
    platforms: Vec<Member>,
    /// An index that lists it and its other platforms, where it is looked at within one.
    beside: Vec<Member>,
}

/// One of the digests.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// What evidence hangs on, without what an index says of it besides.
    pub(crate) descriptor: Descriptor,
    /// What it runs on, where it is a platform of an index.
    pub(crate) platform: Option<String>,
}

impl Member {
    fn platform(listed: &Descriptor) -> Self {
        let descriptor = Descriptor {
            artifact_type: None,
            annotations: Default::default(),
            data: None,
            platform: None,
            ..listed.clone()
        };
        Self { descriptor, platform: Some(listed.runs_on()) }
    }

    /// Its digest.
    pub(crate) fn digest(&self) -> &Digest {
        &self.descriptor.digest
    }
}

impl Family {
    /// The digests of the image that a manifest or index is. The name is for people and for the scope
    /// of approvals; a layout that nobody named has none.
    pub(crate) fn of(manifest: &Manifest, name: Option<&str>) -> Self {
        Self {
            name: name.unwrap_or_default().to_owned(),
            asked: Member { descriptor: manifest.descriptor(), platform: None },
            platforms: manifest.platforms().into_iter().map(Member::platform).collect(),
            beside: Vec::new(),
        }
    }

    /// The image as a platform of `index`, whose own evidence and that of its other platforms is the
    /// image's too (docs/policy.md, `--index`).
    pub(crate) fn within(self, index: &Manifest) -> Self {
        let listed = index.platforms().into_iter().filter(|one| one.digest != *self.asked());
        let whole = Member { descriptor: index.descriptor(), platform: None };
        Self {
            beside: std::iter::once(whole).chain(listed.map(Member::platform)).collect(),
            ..self
        }
    }

    /// The same digests, the one that was asked for first.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Member> {
        std::iter::once(&self.asked).chain(&self.platforms).chain(&self.beside)
    }

    /// The platforms of an index.
    pub(crate) fn platforms(&self) -> &[Member] {
        &self.platforms
    }

    /// The only platform of an index: what is true of it is true of the index.
    pub(crate) fn only_platform(&self) -> Option<&Member> {
        match self.platforms.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The digest that was asked for, and with it the platforms, if they are to be named.
    pub(crate) fn subjects(&self, platforms: Platforms) -> Vec<Subject> {
        let platforms = match platforms {
            Platforms::Named => self.platforms.as_slice(),
            Platforms::Unnamed => &[],
        };
        let members = std::iter::once(&self.asked).chain(platforms);
        members.map(|member| Subject::new(&*self.name, member.digest().clone())).collect()
    }

    /// What a report names that is about the digest that was asked for: of an index with one platform,
    /// that too.
    pub(crate) fn reported(&self) -> Vec<Subject> {
        self.subjects(match self.only_platform() {
            Some(_) => Platforms::Named,
            None => Platforms::Unnamed,
        })
    }

    /// The digests that these subjects are.
    pub(crate) fn named_by(&self, subjects: &[Subject]) -> Vec<&Member> {
        let is_named = |member: &&Member| subjects.iter().any(|one| is(one, member.digest()));
        self.members().filter(is_named).collect()
    }

    /// Refuses a statement that does not name `member`, or names anything outside the family.
    pub(crate) fn holds(
        &self,
        statement: &Statement,
        member: &Digest,
    ) -> Result<(), StatementRefused> {
        let subjects = &statement.subjects;
        let ours = |subject: &Subject| self.members().any(|member| is(subject, member.digest()));
        let foreign = subjects.iter().find(|subject| !ours(subject));
        if foreign.is_none() && subjects.iter().any(|subject| is(subject, member)) {
            return Ok(());
        }
        let other = foreign.or(subjects.first());
        let digest = other.and_then(|subject| subject.digests.values().next());
        Err(StatementRefused::Subject {
            name: other.map(|subject| subject.name.clone()).unwrap_or_default(),
            digest: digest.map(ToString::to_string),
        })
    }

    /// The digest that was asked for.
    pub(crate) fn asked(&self) -> &Digest {
        self.asked.digest()
    }
}

/// Whether a subject is this digest: under the digest's own algorithm, and nothing else will do.
fn is(subject: &Subject, digest: &Digest) -> bool {
    subject.digests.get(&digest.algorithm()) == Some(digest)
}

#[cfg(test)]
pub(crate) mod tests {
    use evidence::json::{Value, json};

    use super::*;

    /// An index of two platforms, and of what is none.
    pub(crate) fn index(platforms: usize) -> Family {
        let digest = |at: usize| Digest::sha256(format!("platform {at}").as_bytes());
        let entries: Vec<Value> = (0..platforms)
            .map(|at| {
                json!({
                    "mediaType": registry::manifest::IMAGE, "digest": digest(at), "size": 2,
                    "annotations": {"a": "b"},
                    "platform": {"os": "linux", "architecture": format!("cpu{at}")},
                })
            })
            .collect();
        let mut listed = entries;
        listed.push(json!({
            "mediaType": registry::manifest::IMAGE, "digest": Digest::sha256(b"none"), "size": 2,
            "platform": {"os": "unknown", "architecture": "unknown"},
        }));
        let index = json!({"schemaVersion": 2, "manifests": listed});
        let manifest = Manifest::parse(index.to_string().into_bytes()).unwrap();
        Family::of(&manifest, Some("registry.example.com/acme/app"))
    }

    fn about(subjects: Vec<Subject>) -> Statement {
        Statement {
            subjects,
            predicate_type: "https://example.com/p/v1".into(),
            predicate: json!({}),
        }
    }

    #[test]
    fn a_report_about_the_only_platform_is_one_about_the_index() {
        assert_eq!(index(0).reported().len(), 1);
        assert_eq!(index(1).reported(), index(1).subjects(Platforms::Named));
        assert_eq!(index(1).reported().len(), 2);
        assert_eq!(index(2).reported().len(), 1);
        assert_eq!(index(2).subjects(Platforms::Named).len(), 3);
        let two = index(2);
        let member = &two.platforms()[0].descriptor;
        assert!(member.platform.is_none() && member.annotations.is_empty());
    }

    #[test]
    fn a_statement_is_about_one_family_and_names_the_member_that_was_asked_for() {
        let family = index(2);
        let all = about(family.subjects(Platforms::Named));
        let platform = family.platforms()[1].digest();
        family.holds(&all, family.asked()).unwrap();
        family.holds(&all, platform).unwrap();
        assert_eq!(family.named_by(&all.subjects).len(), 3);

        let index = about(family.subjects(Platforms::Unnamed));
        family.holds(&index, family.asked()).unwrap();
        assert_eq!(family.holds(&index, platform).unwrap_err().code(), "wrong-subject");

        let mut foreign = all;
        foreign.subjects.push(Subject::new("", Digest::sha256(b"none")));
        assert_eq!(family.holds(&foreign, family.asked()).unwrap_err().code(), "wrong-subject");
        let nothing = about(vec![]);
        assert_eq!(family.holds(&nothing, family.asked()).unwrap_err().code(), "wrong-subject");
    }
}
