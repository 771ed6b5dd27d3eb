//! The web of relations between the options of the steps that stand, worked out once.
//!
//! For each two steps, which of their words go together. A search then looks up; it evaluates nothing
//! twice.

use super::{Relation, fulfils, fulfils_alone};
use crate::judge::{Candidacy, Judged, Setting};

/// Which options of one step (rows) go with which of another (columns).
#[derive(Clone, Debug)]
struct Table {
    columns: usize,
    cells: Vec<bool>,
}

impl Table {
    fn holds(&self, row: usize, column: usize) -> bool {
        let at = row.checked_mul(self.columns).and_then(|start| start.checked_add(column));
        at.and_then(|at| self.cells.get(at)).copied().unwrap_or(false)
    }
}

/// Which words go together, by the positions of steps and of their options.
#[derive(Clone, Debug)]
pub(super) struct Web {
    steps: usize,
    together: Vec<Option<Table>>,
    owed: Vec<Option<Table>>,
    alone: Vec<Vec<usize>>,
}

impl Web {
    /// Works out all relations between the steps.
    pub(super) fn of<'p>(
        steps: &[&Judged<'_, 'p>],
        relations: &[&Relation<'p>],
        setting: Setting<'p>,
    ) -> Self {
        let mut together = Vec::new();
        let mut owed = Vec::new();
        for x in steps {
            for y in steps {
                together.push(table(x, y, relations, |_| true));
                owed.push(table(x, y, relations, |relation| owes_each(relation, x, y)));
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
    pub(super) fn fits(&self, (x, i): (usize, usize), (y, j): (usize, usize)) -> bool {
        self.at(&self.together, x, y).is_none_or(|table| table.holds(i, j))
    }

    /// Whether two steps have anything to do with each other.
    pub(super) fn related(&self, x: usize, y: usize) -> bool {
        self.at(&self.together, x, y).is_some()
    }

    /// Whether a chosen word of `x` gives a counted word of `y` what it owes to each of them.
    pub(super) fn pays(&self, (x, i): (usize, usize), (y, j): (usize, usize)) -> bool {
        self.at(&self.owed, x, y).is_none_or(|table| table.holds(i, j))
    }

    /// Whether a word of `x` owes anything to each counted word of `y`.
    pub(super) fn owes(&self, x: usize, y: usize) -> bool {
        self.at(&self.owed, x, y).is_some()
    }

    fn at<'t>(&self, tables: &'t [Option<Table>], x: usize, y: usize) -> Option<&'t Table> {
        let at = x.checked_mul(self.steps)?.checked_add(y)?;
        tables.get(at)?.as_ref()
    }
}

/// What a step owes to each counted word of another: to come after it, to commit to it, to be signed
/// by somebody else, to be of the same run. What a counted word owes the other way, it owes in a joint
/// choice of its own.
fn owes_each(relation: &Relation<'_>, x: &Judged<'_, '_>, y: &Judged<'_, '_>) -> bool {
    match relation {
        Relation::After { x: later, y: earlier }
        | Relation::Covers { x: later, y: earlier, .. } => {
            *later == x.step.name && *earlier == y.step.name
        }
        Relation::Apart { .. } | Relation::Same { .. } => true,
        Relation::Label(_) => false,
    }
}

/// The options of two steps, held against each other by all relations that are wanted and hold these
/// two; `None` where there are none.
fn table<'p>(
    x: &Judged<'_, 'p>,
    y: &Judged<'_, 'p>,
    relations: &[&Relation<'p>],
    wanted: impl Fn(&Relation<'p>) -> bool,
) -> Option<Table> {
    let (a, b) = (x.step.name.as_str(), y.step.name.as_str());
    if a == b {
        return None;
    }
    let between: Vec<(&Relation<'p>, bool)> = relations
        .iter()
        .filter(|relation| wanted(relation))
        .filter_map(|relation| Some((*relation, forward(relation, a, b)?)))
        .collect();
    if between.is_empty() {
        return None;
    }
    let fits = |left: Candidacy<'_, '_>, right: Candidacy<'_, '_>| {
        between.iter().all(|(relation, forward)| match forward {
            true => fulfils(relation, left, right),
            false => fulfils(relation, right, left),
        })
    };
    let rows = x.options.iter();
    let cells = rows.flat_map(|i| y.options.iter().map(|j| fits(*i, *j))).collect();
    Some(Table { columns: y.options.len(), cells })
}

/// Whether a relation goes from `a` to `b` (or either way), or from `b` to `a`; `None` where it does
/// not hold these two against each other.
fn forward(relation: &Relation<'_>, a: &str, b: &str) -> Option<bool> {
    match relation {
        Relation::After { x, y } | Relation::Apart { x, y } | Relation::Covers { x, y, .. } => {
            match (*x == a && *y == b, *x == b && *y == a) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            }
        }
        Relation::Same { steps, .. } => (steps.contains(&a) && steps.contains(&b)).then_some(true),
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
