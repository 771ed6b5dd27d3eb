//! The search for a joint choice: per step one word (per counted party, one each), the newest first,
//! steps in the policy's order.
//!
//! A counted step takes several words. Each counted word needs a joint choice of its own; a step that
//! comes after, covers or must be apart from a counted step owes that to each word counted.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use super::{Relation, fulfils, fulfils_alone};
use crate::{
    budget::{LimitReached, SEARCH},
    judge::{Candidacy, Judged, Setting},
    policy::Step,
};

/// The chosen words of one step.
#[derive(Clone, Debug)]
pub struct Choice<'w, 'p> {
    /// The step.
    pub step: &'p Step,
    /// One word per counted party; the first is the newest.
    pub words: Vec<Candidacy<'w, 'p>>,
}

/// The steps that stand and what they offer.
pub(super) struct Search<'j, 'w, 'p> {
    steps: Vec<&'j Judged<'w, 'p>>,
    setting: Setting<'p>,
    visits: Cell<usize>,
}

/// For each step, the words it may still take.
type Domains<'w, 'p> = Vec<Vec<Candidacy<'w, 'p>>>;

impl<'j, 'w, 'p> Search<'j, 'w, 'p> {
    /// A search over the steps that stand.
    pub(super) fn new(steps: &[&'j Judged<'w, 'p>], setting: Setting<'p>) -> Self {
        Self { steps: steps.to_vec(), setting, visits: Cell::new(0) }
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
        let mut domains: Domains<'w, 'p> = self.steps.iter().map(|j| j.options.clone()).collect();
        // Each counted word needs a joint choice of its own.
        for (n, judged) in self.steps.iter().enumerate().filter(|(_, j)| j.step.count > 1) {
            let mut eligible = Vec::new();
            for option in &judged.options {
                let fixed = with(&domains, n, vec![*option]);
                if self.assign(&fixed, relations)?.is_some() {
                    eligible.push(*option);
                }
            }
            if !enough(&eligible, judged.step.count) {
                return Ok(None);
            }
            domains = with(&domains, n, eligible);
        }
        // What points at a counted step owes it to each word counted.
        for relation in relations {
            if let Some((x, y)) = self.points_at_counted(relation) {
                let counted = domains.get(y).cloned().unwrap_or_default();
                let most = self.steps.get(y).map_or(1, |judged| judged.step.count);
                let kept = domains.get(x).into_iter().flatten().copied().filter(|option| {
                    let met: Vec<_> = counted
                        .iter()
                        .copied()
                        .filter(|w| fulfils(relation, *option, *w))
                        .collect();
                    enough(&met, most)
                });
                let kept = kept.collect();
                domains = with(&domains, x, kept);
            }
        }
        let Some(single) = self.assign(&domains, relations)? else {
            return Ok(None);
        };
        Ok(Some(self.count(&single, &domains, relations)))
    }

    /// The choice as a whole: single steps as assigned, counted steps with one word per party that
    /// fulfils what later steps owe to each.
    fn count(
        &self,
        single: &[Candidacy<'w, 'p>],
        domains: &Domains<'w, 'p>,
        relations: &[&Relation<'p>],
    ) -> Vec<Choice<'w, 'p>> {
        let mut choices = Vec::new();
        for (n, (judged, chosen)) in self.steps.iter().zip(single).enumerate() {
            let mut words = vec![*chosen];
            if judged.step.count > 1 {
                let owed = |word: &Candidacy<'w, 'p>| {
                    relations.iter().all(|relation| match self.points_at_counted(relation) {
                        Some((x, y)) if y == n => {
                            single.get(x).is_none_or(|later| fulfils(relation, *later, *word))
                        }
                        _ => true,
                    })
                };
                let mut by_party: BTreeMap<&str, Candidacy<'w, 'p>> = BTreeMap::new();
                for option in domains.get(n).into_iter().flatten().filter(|option| owed(option)) {
                    by_party.entry(option.word.party()).or_insert(*option);
                }
                words = by_party.into_values().collect();
            }
            choices.push(Choice { step: judged.step, words });
        }
        choices
    }

    /// The positions of a relation's two steps, where the second is counted.
    fn points_at_counted(&self, relation: &Relation<'p>) -> Option<(usize, usize)> {
        let (x, y) = match relation {
            Relation::After { x, y } | Relation::Apart { x, y } | Relation::Covers { x, y, .. } => {
                (self.position(x)?, self.position(y)?)
            }
            Relation::Label(_) | Relation::Same { .. } => return None,
        };
        self.steps.get(y).is_some_and(|judged| judged.step.count > 1).then_some((x, y))
    }

    fn position(&self, step: &str) -> Option<usize> {
        self.steps.iter().position(|judged| judged.step.name == step)
    }

    /// One word per step that fulfils all relations, the newest first.
    fn assign(
        &self,
        domains: &Domains<'w, 'p>,
        relations: &[&Relation<'p>],
    ) -> Result<Option<Vec<Candidacy<'w, 'p>>>, LimitReached> {
        let domains = self.pruned(domains, relations);
        let mut assigned = Vec::with_capacity(domains.len());
        let found = self.extend(&mut assigned, &domains, relations)?;
        Ok(found.then_some(assigned))
    }

    fn extend(
        &self,
        assigned: &mut Vec<Candidacy<'w, 'p>>,
        domains: &Domains<'w, 'p>,
        relations: &[&Relation<'p>],
    ) -> Result<bool, LimitReached> {
        let Some(domain) = domains.get(assigned.len()) else {
            return Ok(true);
        };
        for option in domain {
            self.visit()?;
            assigned.push(*option);
            if self.newest_fits(assigned, relations) && self.extend(assigned, domains, relations)? {
                return Ok(true);
            }
            assigned.pop();
        }
        Ok(false)
    }

    /// Whether the word assigned last fulfils every relation with those before it.
    fn newest_fits(&self, assigned: &[Candidacy<'w, 'p>], relations: &[&Relation<'p>]) -> bool {
        let Some((last, before)) = assigned.split_last() else {
            return true;
        };
        relations.iter().all(|relation| {
            before
                .iter()
                .enumerate()
                .all(|(n, other)| self.compatible(relation, (n, *other), (before.len(), *last)))
        })
    }

    /// Whether the words of two steps, by position, fulfil a relation; one that does not hold these two
    /// steps against each other is fulfilled.
    fn compatible(
        &self,
        relation: &Relation<'p>,
        (a, left): (usize, Candidacy<'w, 'p>),
        (b, right): (usize, Candidacy<'w, 'p>),
    ) -> bool {
        let name = |n: usize| self.steps.get(n).map_or("", |judged| judged.step.name.as_str());
        let (a, b) = (name(a), name(b));
        match relation {
            Relation::After { x, y } | Relation::Apart { x, y } | Relation::Covers { x, y, .. } => {
                (*x != a || *y != b || fulfils(relation, left, right))
                    && (*x != b || *y != a || fulfils(relation, right, left))
            }
            Relation::Same { steps, .. } => {
                !steps.contains(&a) || !steps.contains(&b) || fulfils(relation, left, right)
            }
            Relation::Label(_) => true,
        }
    }

    /// Drops the words that no word of another step goes with, until nothing more falls away. What is
    /// left is searched; a year of nightly scans before one approval then costs one look at each.
    fn pruned(&self, domains: &Domains<'w, 'p>, relations: &[&Relation<'p>]) -> Domains<'w, 'p> {
        let mut domains = domains.clone();
        for (judged, domain) in self.steps.iter().zip(&mut domains) {
            let name = judged.step.name.as_str();
            let alone = |option: &Candidacy<'w, 'p>| {
                relations.iter().all(|relation| {
                    !relation.steps().contains(&name)
                        || fulfils_alone(relation, option.word, self.setting)
                })
            };
            domain.retain(alone);
        }
        loop {
            let before = domains.clone();
            for (n, domain) in domains.iter_mut().enumerate() {
                domain.retain(|option| {
                    before.iter().enumerate().filter(|(m, _)| *m != n).all(|(m, others)| {
                        others.iter().any(|other| {
                            relations.iter().all(|relation| {
                                self.compatible(relation, (n, *option), (m, *other))
                            })
                        })
                    })
                });
            }
            if domains.iter().map(Vec::len).eq(before.iter().map(Vec::len)) {
                return domains;
            }
        }
    }

    fn visit(&self) -> Result<(), LimitReached> {
        let visits = self.visits.get().saturating_add(1);
        self.visits.set(visits);
        if visits > SEARCH {
            Err(LimitReached { name: "joint choices", limit: SEARCH })
        } else {
            Ok(())
        }
    }
}

fn with<'w, 'p>(
    domains: &Domains<'w, 'p>,
    at: usize,
    options: Vec<Candidacy<'w, 'p>>,
) -> Domains<'w, 'p> {
    let mut domains = domains.clone();
    if let Some(domain) = domains.get_mut(at) {
        *domain = options;
    }
    domains
}

/// Whether so many distinct parties are among the words.
fn enough(words: &[Candidacy<'_, '_>], count: u32) -> bool {
    let parties: BTreeSet<&str> = words.iter().map(|option| option.word.party()).collect();
    u32::try_from(parties.len()).unwrap_or(u32::MAX) >= count
}
