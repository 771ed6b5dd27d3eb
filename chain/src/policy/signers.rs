//! Signers: names and groups become parties.
//!
//! A party is who counts, and a group is only ever a name for parties.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Lapse, Party, TrustedRoot,
    credentials::{self, Holders},
    document::{Named, Read, signer::WrittenSigner},
    excerpt::Span,
    fault::{Collected, Fault, every},
    files::Files,
    members::At,
    nearest::{advice, list},
};

/// Most groups inside one another.
const MOST_NESTED: usize = 16;

/// All signers of a policy, resolved.
#[derive(Debug)]
pub(super) struct Signers {
    /// The parties, by name.
    pub(super) parties: Read<BTreeMap<String, Party>>,
    /// Where time decides: `from` and `until`.
    pub(super) timed: Vec<(Span, &'static str)>,
    /// Keys whose time no root tells.
    pub(super) clockless: Vec<Span>,
    /// What will be odd once time has passed.
    pub(super) lapses: Vec<Lapse>,
    /// What each name means.
    meanings: Meanings,
    names: Vec<At<String>>,
    used: BTreeSet<String>,
}

/// The parties that each name means, or that it has a fault.
type Meanings = BTreeMap<String, Read<BTreeSet<String>>>;

impl Signers {
    /// Resolves the signers of a document.
    pub(super) fn resolve(
        written: &Named<WrittenSigner>,
        roots: &Read<BTreeMap<String, TrustedRoot>>,
        files: &mut Files<'_>,
        collected: &mut Collected,
    ) -> Self {
        let (mut timed, mut lapses) = (Vec::new(), Vec::new());
        let mut holders = Holders::of(roots);
        let parties = every(written.iter().filter_map(|(name, signer)| match signer {
            Ok(WrittenSigner::Party(credentials)) => {
                timed.extend(credentials.iter().flatten().flat_map(credentials::timed_words));
                let written = credentials.iter().flatten();
                lapses.extend(written.filter_map(|c| credentials::lapse(c, collected)));
                let party = credentials::party(name, credentials, files, &mut holders, collected);
                Some(party.map(|party| (name.value.clone(), party)))
            }
            Ok(WrittenSigner::Group(_)) => None,
            Err(fault) => Some(Err(*fault)),
        }));
        let mut groups = Groups { written, meanings: Meanings::new(), trail: Vec::new() };
        let meanings =
            every(written.iter().map(|(name, _)| groups.meaning(&name.value, collected)));
        Self {
            parties: parties.and_then(|all| meanings.map(|_| all.into_iter().collect())),
            timed,
            clockless: holders.clockless,
            lapses,
            meanings: groups.meanings,
            names: written.iter().map(|(name, _)| name.clone()).collect(),
            used: BTreeSet::new(),
        }
    }

    /// The names, in the order of the file.
    pub(super) fn names(&self) -> Vec<&str> {
        self.names.iter().map(|name| name.value.as_str()).collect()
    }

    /// The parties that a name in `signed-by` means.
    pub(super) fn meant_by(
        &mut self,
        name: &At<String>,
        collected: &mut Collected,
    ) -> Read<BTreeSet<String>> {
        let Some(meaning) = self.meanings.get(&name.value) else {
            let fault = Fault::at(name.span, format!("unknown signer `{}`", name.value));
            return Err(collected.add(fault.label(advice(&name.value, self.names()))));
        };
        self.used.insert(name.value.clone());
        self.used.extend(meaning.iter().flatten().cloned());
        meaning.clone()
    }

    /// Whether one of these parties is many people.
    pub(super) fn are_many(&self, names: &BTreeSet<String>) -> bool {
        let known = self.parties.iter().flat_map(BTreeMap::values);
        known.filter(|party| names.contains(&party.name)).any(Party::is_many)
    }

    /// A warning for each signer that no step names.
    pub(super) fn warn_of_unused(&self, collected: &mut Collected) {
        for name in self.names.iter().filter(|name| !self.used.contains(&name.value)) {
            let fault = Fault::at(name.span, format!("signer `{}` is not used", name.value))
                .label("no step is signed by it")
                .help("name it in a `signed-by`, or remove it");
            collected.warn(fault);
        }
    }
}

/// Groups on their way to being opened.
struct Groups<'a> {
    written: &'a Named<WrittenSigner>,
    meanings: Meanings,
    /// The groups that are being opened, outermost first.
    trail: Vec<String>,
}

impl Groups<'_> {
    /// The parties that a known name means.
    fn meaning(&mut self, name: &str, collected: &mut Collected) -> Read<BTreeSet<String>> {
        if let Some(meaning) = self.meanings.get(name) {
            return meaning.clone();
        }
        let signer = self.written.iter().find(|(known, _)| known.value == name);
        let meaning = match signer.map(|(_, signer)| signer) {
            Some(Ok(WrittenSigner::Group(any_of))) => {
                self.trail.push(name.to_owned());
                let all = every(any_of.value.iter().map(|member| self.member(member, collected)));
                self.trail.pop();
                all.map(|sets| sets.into_iter().flatten().collect())
            }
            _ => Ok(BTreeSet::from([name.to_owned()])),
        };
        self.meanings.insert(name.to_owned(), meaning.clone());
        meaning
    }

    fn member(&mut self, member: &At<String>, collected: &mut Collected) -> Read<BTreeSet<String>> {
        let name = &member.value;
        let fault = if self.trail.contains(name) {
            let through: Vec<&str> = self.trail.iter().map(String::as_str).collect();
            Fault::at(member.span, format!("group `{name}` contains itself"))
                .label(format!("opened: {}", list(&through)))
                .help("a group names parties, or groups that do not name it")
        } else if !self.written.iter().any(|(known, _)| known.value == *name) {
            let known = self.written.iter().map(|(name, _)| name.value.as_str());
            Fault::at(member.span, format!("unknown signer `{name}`")).label(advice(name, known))
        } else if self.trail.len() >= MOST_NESTED {
            Fault::at(member.span, format!("more than {MOST_NESTED} groups inside one another"))
                .label("name the parties themselves")
        } else {
            return self.meaning(name, collected);
        };
        Err(collected.add(fault))
    }
}
