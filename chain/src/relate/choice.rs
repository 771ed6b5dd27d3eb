//! The search for a joint choice: per step one word (per counted party, one each), the newest first,
//! steps in the policy's order.
//!
//! A counted step takes several words. Each of them needs a joint choice of its own, so that a nightly
//! scan keeps alive approvals which saw different nights; what comes after a counted step, covers it,
//! must be apart from it or the same as it owes that to each word that is counted, and the words that
//! are counted are the same for all who owe.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use super::{Relation, web::Web};
use crate::{
    budget::LimitReached,
    judge::{Candidacy, Judged, Setting},
    policy::Step,
};

/// The chosen words of one step.
#[derive(Clone, Debug)]
pub struct Choice<'w, 'p> {
    /// The step.
    pub step: &'p Step,
    /// One word per counted party, by the party's name.
    pub words: Vec<Candidacy<'w, 'p>>,
}

/// The steps that stand and what they offer.
pub(super) struct Search<'j, 'w, 'p> {
    steps: Vec<&'j Judged<'w, 'p>>,
    setting: Setting<'p>,
    most: usize,
    looks: Cell<usize>,
}

/// For each step, the positions of the options that it may still take.
type Domains = Vec<Vec<usize>>;

impl<'j, 'w, 'p> Search<'j, 'w, 'p> {
    /// A search over the steps that stand, of at most so many looks.
    pub(super) fn new(steps: &[&'j Judged<'w, 'p>], setting: Setting<'p>, most: usize) -> Self {
        Self { steps: steps.to_vec(), setting, most, looks: Cell::new(0) }
    }

    /// What a step offers.
    pub(super) fn options(&self, step: &str) -> &'j [Candidacy<'w, 'p>] {
        self.steps
            .iter()
            .find(|judged| judged.step.name == step)
            .map_or(&[], |judged| &judged.options)
    }

    /// Splits the relations, in order, into those that can be fulfilled together and the rest.
    pub(super) fn fulfil<'r>(
        &self,
        relations: &'r [Relation<'p>],
    ) -> Result<(Vec<&'r Relation<'p>>, Vec<&'r Relation<'p>>), LimitReached> {
        let all: Vec<&Relation<'p>> = relations.iter().collect();
        if self.choose(&all)?.is_some() {
            return Ok((all, vec![]));
        }
        let (mut kept, mut broken) = (Vec::new(), Vec::new());
        for relation in relations {
            kept.push(relation);
            if self.choose(&kept)?.is_none() {
                kept.pop();
                broken.push(relation);
            }
        }
        Ok((kept, broken))
    }

    /// The newest joint choice that fulfils all relations.
    pub(super) fn choose(
        &self,
        relations: &[&Relation<'p>],
    ) -> Result<Option<Vec<Choice<'w, 'p>>>, LimitReached> {
        let web = Web::of(&self.steps, relations, self.setting);
        let mut domains = self.pruned(&web.options(), &web, None)?;
        // Each counted word needs a joint choice of its own. What falls away may have been part of
        // another's, so until nothing more does.
        loop {
            let before = sizes(&domains);
            for counted in self.counted() {
                let mut own = Vec::new();
                for option in domains.get(counted).into_iter().flatten() {
                    let fixed = with(&domains, counted, vec![*option]);
                    if self.assign(&fixed, &web, Some(counted))?.is_some() {
                        own.push(*option);
                    }
                }
                domains = with(&domains, counted, own);
            }
            if sizes(&domains) == before {
                break;
            }
            domains = self.pruned(&domains, &web, None)?;
        }
        let sets = self.extend(&mut Vec::new(), &domains, &web, None)?;
        Ok(sets.map(|sets| self.steps.iter().zip(sets).map(|(j, set)| choice(j, &set)).collect()))
    }

    /// One word per step that fulfils all relations, the newest first, and with them the words of the
    /// counted steps. `own` is a counted step of which the one word that is left seeks its own choice.
    fn assign(
        &self,
        domains: &Domains,
        web: &Web<'_, '_, '_>,
        own: Option<usize>,
    ) -> Result<Option<Vec<Vec<usize>>>, LimitReached> {
        let domains = self.pruned(domains, web, own)?;
        self.extend(&mut Vec::with_capacity(domains.len()), &domains, web, own)
    }

    fn extend(
        &self,
        assigned: &mut Vec<usize>,
        domains: &Domains,
        web: &Web<'_, '_, '_>,
        own: Option<usize>,
    ) -> Result<Option<Vec<Vec<usize>>>, LimitReached> {
        let step = assigned.len();
        let Some(domain) = domains.get(step) else {
            return Ok(self.sets(assigned, domains, web, own));
        };
        for option in domain {
            self.look(domains.len())?;
            let mut before = assigned.iter().enumerate();
            if !before.all(|(other, chosen)| web.fits((other, *chosen), (step, *option))) {
                continue;
            }
            assigned.push(*option);
            let found = self.extend(assigned, domains, web, own)?;
            assigned.pop();
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The words of all steps once one word of each is assigned: of a counted step all that get what
    /// the others owe to each of them. `None` where they are too few.
    fn sets(
        &self,
        assigned: &[usize],
        domains: &Domains,
        web: &Web<'_, '_, '_>,
        own: Option<usize>,
    ) -> Option<Vec<Vec<usize>>> {
        let counted: Vec<usize> = self.counted().filter(|step| Some(*step) != own).collect();
        let singles = || assigned.iter().enumerate().filter(|(step, _)| !counted.contains(step));
        let mut sets: Vec<Vec<usize>> = assigned.iter().map(|option| vec![*option]).collect();
        for step in &counted {
            let paid = domains.get(*step)?.iter().filter(|option| {
                singles().all(|(other, chosen)| web.pays((other, *chosen), (*step, **option)))
            });
            *sets.get_mut(*step)? = paid.copied().collect();
        }
        // Two counted steps: each word of the one with each of the other. Begun from the assigned
        // word; taking words away never breaks what held for all.
        for (n, x) in counted.iter().enumerate() {
            for y in counted.iter().skip(n + 1).filter(|y| web.related(*x, **y)) {
                let first = *assigned.get(*x)?;
                sets.get_mut(*y)?.retain(|option| web.fits((*x, first), (*y, *option)));
                let others = sets.get(*y)?.clone();
                sets.get_mut(*x)?.retain(|option| {
                    others.iter().all(|other| web.fits((*x, *option), (*y, *other)))
                });
            }
        }
        let enough = |step: &usize| sets.get(*step).is_some_and(|set| self.enough(*step, set));
        counted.iter().all(enough).then_some(sets)
    }

    /// Drops the words that no word of another step goes with, until nothing more falls away. What is
    /// left is searched; a year of nightly scans before one approval then costs one look at each.
    fn pruned(
        &self,
        domains: &Domains,
        web: &Web<'_, '_, '_>,
        own: Option<usize>,
    ) -> Result<Domains, LimitReached> {
        let mut domains = domains.clone();
        loop {
            let before = domains.clone();
            for (step, domain) in domains.iter_mut().enumerate() {
                let looks = before.iter().map(Vec::len).sum::<usize>();
                self.look(looks.saturating_mul(domain.len()))?;
                domain.retain(|option| {
                    before.iter().enumerate().all(|(other, options)| {
                        self.has_room((step, *option), (other, options), web, own)
                    })
                });
            }
            if sizes(&domains) == sizes(&before) {
                return Ok(domains);
            }
        }
    }

    /// Whether among the options of another step there are those that a word needs.
    fn has_room(
        &self,
        word: (usize, usize),
        (other, options): (usize, &[usize]),
        web: &Web<'_, '_, '_>,
        own: Option<usize>,
    ) -> bool {
        if word.0 == other || !web.related(word.0, other) {
            return word.0 == other || !options.is_empty();
        }
        let counted = self.steps.get(other).is_some_and(|judged| judged.step.count > 1);
        let alone = self.steps.get(word.0).is_some_and(|judged| judged.step.count == 1);
        if counted && alone && Some(other) != own && web.owes(word.0, other) {
            let paid = options.iter().copied().filter(|option| web.pays(word, (other, *option)));
            return self.enough(other, &paid.collect::<Vec<_>>());
        }
        options.iter().any(|option| web.fits(word, (other, *option)))
    }

    fn counted(&self) -> impl Iterator<Item = usize> {
        self.steps.iter().enumerate().filter(|(_, j)| j.step.count > 1).map(|(step, _)| step)
    }

    /// Whether enough distinct parties are among the options of a step.
    fn enough(&self, step: usize, options: &[usize]) -> bool {
        let Some(judged) = self.steps.get(step) else { return false };
        let words = options.iter().filter_map(|option| judged.options.get(*option));
        let parties: BTreeSet<&str> = words.map(|option| option.word.signer()).collect();
        u32::try_from(parties.len()).unwrap_or(u32::MAX) >= judged.step.count
    }

    fn look(&self, looks: usize) -> Result<(), LimitReached> {
        self.looks.set(self.looks.get().saturating_add(looks));
        match self.looks.get() > self.most {
            true => Err(LimitReached { name: "looks for a joint choice", limit: self.most }),
            false => Ok(()),
        }
    }
}

fn choice<'w, 'p>(judged: &Judged<'w, 'p>, set: &[usize]) -> Choice<'w, 'p> {
    let mut by_party: BTreeMap<&str, Candidacy<'w, 'p>> = BTreeMap::new();
    // The newest first: of one party the first stands.
    for option in set.iter().filter_map(|option| judged.options.get(*option)) {
        by_party.entry(option.word.signer()).or_insert(*option);
    }
    Choice { step: judged.step, words: by_party.into_values().collect() }
}

fn sizes(domains: &Domains) -> Vec<usize> {
    domains.iter().map(Vec::len).collect()
}

fn with(domains: &Domains, at: usize, options: Vec<usize>) -> Domains {
    let mut domains = domains.clone();
    if let Some(domain) = domains.get_mut(at) {
        *domain = options;
    }
    domains
}
