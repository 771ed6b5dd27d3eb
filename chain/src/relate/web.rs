//! The web of relations between the options of the steps that stand.
//!
//! For each two steps, which of their words go together. Each pair is worked out when it is first asked
//! for and looked up from then on.

use std::cell::Cell;

use super::{Relation, fulfils, fulfils_alone};
use crate::judge::{Candidacy, Judged, Setting};

/// Which options of one step (rows) go with which of another (columns), as far as it was asked.
#[derive(Debug)]
struct Table<'s, 'w, 'p> {
    rows: &'s [Candidacy<'w, 'p>],
    columns: &'s [Candidacy<'w, 'p>],
    between: Vec<(&'s Relation<'p>, Way)>,
    cells: Vec<Cell<Known>>,
}

/// What is known of two words.
#[derive(Clone, Copy, Debug)]
enum Known {
    Apart,
    Nothing,
    Together,
}

/// Which way a relation goes between the step of the rows and that of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Backward,
    Either,
    Forward,
}

impl<'s, 'w, 'p> Table<'s, 'w, 'p> {
    /// The relations that are wanted between two steps; `None` where there are none.
    fn of(
        x: &'s Judged<'w, 'p>,
        y: &'s Judged<'w, 'p>,
        relations: &[&'s Relation<'p>],
        wanted: impl Fn(Way) -> bool,
    ) -> Option<Self> {
        let way = |relation: &&'s Relation<'p>| {
            let way = way(relation, &x.step.name, &y.step.name).filter(|way| wanted(*way))?;
            Some((*relation, way))
        };
        let between: Vec<_> = relations.iter().filter_map(way).collect();
        if between.is_empty() || x.step.name == y.step.name {
            return None;
        }
        let cells =
            vec![Cell::new(Known::Nothing); x.options.len().saturating_mul(y.options.len())];
        Some(Self { rows: &x.options, columns: &y.options, between, cells })
    }

    fn holds(&self, row: usize, column: usize) -> bool {
        let at = row.checked_mul(self.columns.len()).and_then(|start| start.checked_add(column));
        let Some(cell) = at.and_then(|at| self.cells.get(at)) else { return false };
        let holds = match cell.get() {
            Known::Apart => false,
            Known::Together => true,
            Known::Nothing => self.evaluate(row, column),
        };
        cell.set(if holds { Known::Together } else { Known::Apart });
        holds
    }

    fn evaluate(&self, row: usize, column: usize) -> bool {
        let (Some(left), Some(right)) = (self.rows.get(row), self.columns.get(column)) else {
            return false;
        };
        self.between.iter().all(|(relation, way)| match way {
            Way::Backward => fulfils(relation, *right, *left),
            Way::Either | Way::Forward => fulfils(relation, *left, *right),
        })
    }
}

/// Which words go together, by the positions of steps and of their options.
#[derive(Debug)]
pub(super) struct Web<'s, 'w, 'p> {
    steps: usize,
    together: Vec<Option<Table<'s, 'w, 'p>>>,
    owed: Vec<Option<Table<'s, 'w, 'p>>>,
    alone: Vec<Vec<usize>>,
}

impl<'s, 'w, 'p> Web<'s, 'w, 'p> {
    /// The web of all relations between the steps.
    pub(super) fn of(
        steps: &[&'s Judged<'w, 'p>],
        relations: &[&'s Relation<'p>],
        setting: Setting<'p>,
    ) -> Self {
        let mut together = Vec::new();
        let mut owed = Vec::new();
        for (n, x) in steps.iter().enumerate() {
            for (m, y) in steps.iter().enumerate() {
                // One table for both ways round.
                let once = (n < m).then(|| Table::of(x, y, relations, |_| true));
                together.push(once.flatten());
                let counted = y.step.count > 1;
                owed.push(if counted { Table::of(x, y, relations, owes_each) } else { None });
            }
        }
        let alone = steps.iter().map(|step| alone(step, relations, setting)).collect();
        Self { steps: steps.len(), together, owed, alone }
    }

    /// The options of each step that fulfil what is asked of them alone, the newest first.
    pub(super) fn options(&self) -> Vec<Vec<usize>> {
        self.alone.clone()
    }

    /// Whether two words may be chosen together.
    pub(super) fn fits(&self, x: (usize, usize), y: (usize, usize)) -> bool {
        let (first, second) = if x.0 < y.0 { (x, y) } else { (y, x) };
        self.at(&self.together, first.0, second.0)
            .is_none_or(|table| table.holds(first.1, second.1))
    }

    /// Whether two steps have anything to do with each other.
    pub(super) fn related(&self, x: usize, y: usize) -> bool {
        self.at(&self.together, x.min(y), x.max(y)).is_some()
    }

    /// Whether a chosen word of `x` gives a counted word of `y` what it owes to each of them.
    pub(super) fn pays(&self, (x, i): (usize, usize), (y, j): (usize, usize)) -> bool {
        self.at(&self.owed, x, y).is_none_or(|table| table.holds(i, j))
    }

    /// Whether a word of `x` owes anything to each counted word of `y`.
    pub(super) fn owes(&self, x: usize, y: usize) -> bool {
        self.at(&self.owed, x, y).is_some()
    }

    fn at<'t>(
        &self,
        tables: &'t [Option<Table<'s, 'w, 'p>>],
        x: usize,
        y: usize,
    ) -> Option<&'t Table<'s, 'w, 'p>> {
        let at = x.checked_mul(self.steps)?.checked_add(y)?;
        tables.get(at)?.as_ref()
    }
}

/// What a step owes to each counted word of another: to come after it, to commit to it, to be signed
/// by somebody else, to be of the same run. What a counted word owes the other way, it owes in a joint
/// choice of its own.
fn owes_each(way: Way) -> bool {
    matches!(way, Way::Either | Way::Forward)
}

/// The way of a relation between `a` and `b`; `None` where it does not hold these two against each
/// other.
fn way(relation: &Relation<'_>, a: &str, b: &str) -> Option<Way> {
    match relation {
        Relation::After { x, y } | Relation::Covers { x, y, .. } => {
            match (*x == a && *y == b, *x == b && *y == a) {
                (true, _) => Some(Way::Forward),
                (_, true) => Some(Way::Backward),
                _ => None,
            }
        }
        Relation::Apart { x, y } => {
            ((*x == a && *y == b) || (*x == b && *y == a)).then_some(Way::Either)
        }
        Relation::Same { steps, .. } => {
            (steps.contains(&a) && steps.contains(&b)).then_some(Way::Either)
        }
        Relation::Label(_) => None,
    }
}

fn alone<'p>(
    judged: &Judged<'_, 'p>,
    relations: &[&Relation<'p>],
    setting: Setting<'p>,
) -> Vec<usize> {
    let name = judged.step.name.as_str();
    let asked: Vec<_> = relations.iter().filter(|r| r.steps().contains(&name)).collect();
    let holds = |option: &Candidacy<'_, '_>| {
        asked.iter().all(|relation| fulfils_alone(relation, option.word, setting))
    };
    let options = judged.options.iter().enumerate();
    options.filter(|(_, option)| holds(option)).map(|(n, _)| n).collect()
}
