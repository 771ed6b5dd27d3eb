//! The Test Anything Protocol, versions 12 to 14 (testanything.org).
//!
//! A test point at the outermost level is a case. What stands inside a subtest is summed up by the
//! point that follows it, as TAP 14 says; but where that point says of itself that it is a suite
//! (Node's runner does), the points inside are the cases. A stream without a plan may have been cut
//! off anywhere, and is refused; one that falls short of its plan, or bails out, has failed.

use std::mem;

use super::{
    super::{Refused, ReportFile, refused::Counted},
    CASES, Outcome, TestReport, cut,
};

/// Columns by which a subtest is indented (TAP 14, Subtests).
const INDENT: usize = 4;
/// How deep subtests nest.
const DEPTH: usize = 128;

/// What a line is to us.
#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    Bail,
    Plan(u64),
    Point(Point<'a>),
    Subtest,
    Other,
}

/// `not ok 2 - fails # TODO not written`.
#[derive(Debug, PartialEq, Eq)]
struct Point<'a> {
    ok: bool,
    description: &'a str,
    directive: Option<Directive>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Directive {
    Skip,
    Todo,
}

/// A case, or one that waits for the point that sums it up.
struct Case {
    name: String,
    outcome: Outcome,
}

/// A level of subtests.
#[derive(Default)]
struct Level {
    plan: Option<u64>,
    points: u64,
    cases: Vec<Case>,
    /// The last point: what follows it may tell more of it.
    last: Option<Last>,
}

/// A point, and the subtest that it sums up.
struct Last {
    case: Case,
    inside: Option<Box<Level>>,
    suite: bool,
}

/// Whether a line is one that only TAP begins with; `None` where it tells nothing.
pub(super) fn begins(line: &str) -> Option<bool> {
    match line_of(line) {
        _ if line.starts_with("TAP version ") => Some(true),
        _ if line.is_empty() || line.starts_with(['#', ' ']) => None,
        Line::Bail | Line::Plan(_) | Line::Point(_) => Some(true),
        Line::Subtest => None,
        Line::Other => Some(false),
    }
}

/// Reads one file into `report`.
pub(super) fn read(file: &ReportFile, text: &str, report: &mut TestReport) -> Result<(), Refused> {
    let cut = || Refused::Truncated { file: file.path.clone() };
    // Every line has an end: half of `ok 3 # skip` is `ok 3`.
    if !text.ends_with('\n') {
        return Err(cut());
    }
    let mut walk = Walk {
        file,
        at: 0,
        level: Level::default(),
        outer: Vec::new(),
        allowed: 0,
        yaml: None,
        waiting: 0,
    };
    for line in text.split_inclusive('\n') {
        let bail = walk.line(line.trim_end())?;
        walk.at += u64::try_from(line.len()).unwrap_or(u64::MAX);
        if bail {
            return walk.bailed(report);
        }
    }
    if walk.yaml.is_some() || !walk.outer.is_empty() || walk.level.plan.is_none() {
        return Err(cut());
    }
    walk.level.close().into_iter().try_for_each(|case| report.count(&case.name, case.outcome))
}

/// The walk through one stream.
struct Walk<'a> {
    file: &'a ReportFile,
    at: u64,
    /// The innermost level that is open.
    level: Level,
    /// The levels around it, the outermost first.
    outer: Vec<Level>,
    /// The deepest level that was announced; deeper lines are no TAP.
    allowed: usize,
    /// The columns by which the open YAML block is indented.
    yaml: Option<usize>,
    /// Cases that wait.
    waiting: u64,
}

impl Walk<'_> {
    /// Takes a line; whether it bails out.
    fn line(&mut self, line: &str) -> Result<bool, Refused> {
        let content = line.trim_start_matches(' ');
        let columns = line.len() - content.len();
        if let Some(yaml) = self.yaml {
            self.inside_yaml(yaml, columns, content);
            return Ok(false);
        }
        if content.starts_with("---") && self.opens_yaml(columns) {
            self.yaml = Some(columns);
            return Ok(false);
        }
        let depth = columns / INDENT;
        if !columns.is_multiple_of(INDENT) || depth > self.outer.len() + 1 {
            return Ok(false);
        }
        match line_of(content) {
            Line::Subtest if depth < DEPTH => self.allowed = depth + 1,
            Line::Subtest => {
                return Err(Refused::TooDeep { file: self.file.path.clone(), limit: DEPTH });
            }
            Line::Bail => return Ok(depth <= self.allowed),
            Line::Plan(number) if depth <= self.allowed => self.plan(depth, number)?,
            Line::Point(point) if depth <= self.allowed => self.point(depth, &point)?,
            Line::Plan(_) | Line::Point(_) | Line::Other => {}
        }
        Ok(false)
    }

    /// A YAML block follows its point, two columns in (TAP 14, YAML Diagnostics).
    fn opens_yaml(&self, columns: usize) -> bool {
        columns == self.outer.len() * INDENT + 2 && self.level.last.is_some()
    }

    fn inside_yaml(&mut self, yaml: usize, columns: usize, content: &str) {
        if columns == yaml && content == "..." {
            self.yaml = None;
        } else if columns == yaml && matches!(content, "type: 'suite'" | "type: suite") {
            self.level.last.iter_mut().for_each(|last| last.suite = true);
        }
    }

    fn plan(&mut self, depth: usize, number: u64) -> Result<(), Refused> {
        // Further out: no point would sum up the subtest that is open.
        if depth < self.outer.len() || self.at_depth(depth).plan.replace(number).is_some() {
            return Err(self.malformed());
        }
        Ok(())
    }

    fn point(&mut self, depth: usize, point: &Point<'_>) -> Result<(), Refused> {
        self.waiting += 1;
        if self.waiting > CASES {
            return Err(Refused::TooMany { what: Counted::Cases, limit: CASES });
        }
        let inside = match self.outer.len().checked_sub(depth) {
            None | Some(0) => None,
            Some(1) => {
                let around = self.outer.pop().unwrap_or_default();
                Some(Box::new(mem::replace(&mut self.level, around)))
            }
            Some(_) => return Err(self.malformed()),
        };
        self.allowed = depth;
        let level = self.at_depth(depth);
        level.settle();
        level.points += 1;
        let outcome = match (point.directive, point.ok) {
            (Some(Directive::Skip), true) | (Some(Directive::Todo), false) => Outcome::Skipped,
            (_, true) => Outcome::Passed,
            (_, false) => Outcome::Failed,
        };
        let name = match point.description {
            "" => format!("test {}", level.points),
            described => cut(described),
        };
        level.last = Some(Last { case: Case { name, outcome }, inside, suite: false });
        Ok(())
    }

    /// The innermost level, one deeper if that was only announced.
    fn at_depth(&mut self, depth: usize) -> &mut Level {
        if self.outer.len() < depth {
            self.outer.push(mem::take(&mut self.level));
        }
        &mut self.level
    }

    fn bailed(self, report: &mut TestReport) -> Result<(), Refused> {
        let mut outermost = self.outer.into_iter().next().unwrap_or(self.level);
        outermost.settle();
        for case in outermost.cases {
            report.count(&case.name, case.outcome)?;
        }
        // The reason may say anything; that it bailed out is enough.
        report.count("Bail out!", Outcome::Broke)
    }

    fn malformed(&self) -> Refused {
        Refused::Malformed { file: self.file.path.clone(), at: self.at }
    }
}

impl Level {
    /// Takes the last point for told: nothing more is said of it.
    fn settle(&mut self) {
        let Some(Last { mut case, inside, suite }) = self.last.take() else { return };
        let inside = inside.map(|inside| inside.close()).unwrap_or_default();
        let failed = inside.iter().any(|case| case.outcome >= Outcome::Failed);
        if !suite {
            if failed && case.outcome == Outcome::Passed {
                case.outcome = Outcome::Failed;
            }
            self.cases.push(case);
            return;
        }
        // A suite is no test; but one that failed by itself must not go unheard.
        let alone = case.outcome == Outcome::Failed && !failed;
        self.cases.extend(inside.into_iter().map(|Case { name, outcome }| Case {
            name: cut(&format!("{} > {name}", case.name)),
            outcome,
        }));
        if alone {
            self.cases.push(case);
        }
    }

    /// The cases of a level that has ended.
    fn close(mut self) -> Vec<Case> {
        self.settle();
        if self.plan != Some(self.points) {
            let plan = self.plan.map_or("no plan".to_owned(), |plan| format!("plan of {plan}"));
            let name = format!("{plan}, {} ran", self.points);
            self.cases.push(Case { name, outcome: Outcome::Broke });
        }
        self.cases
    }
}

fn line_of(content: &str) -> Line<'_> {
    if content.starts_with("Bail out!") {
        return Line::Bail;
    }
    if content.starts_with("# Subtest") {
        return Line::Subtest;
    }
    if let Some(rest) = content.strip_prefix("1..") {
        let (number, rest) = number(rest);
        return match number {
            Some(number) if rest.trim_start().is_empty() || rest.trim_start().starts_with('#') => {
                Line::Plan(number)
            }
            _ => Line::Other,
        };
    }
    let (ok, rest) = match content.strip_prefix("not ok") {
        Some(rest) => (false, rest),
        None => match content.strip_prefix("ok") {
            Some(rest) => (true, rest),
            None => return Line::Other,
        },
    };
    if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
        return Line::Other;
    }
    let (_, rest) = number(rest.trim_start());
    let (description, directive) = directive(rest);
    let description = description.trim();
    let description = description.strip_prefix('-').unwrap_or(description).trim_start();
    Line::Point(Point { ok, description, directive })
}

/// The digits at the start, and what follows them.
fn number(text: &str) -> (Option<u64>, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (digits.parse().ok(), rest)
}

/// Splits off the directive: behind a `#` that no backslash escapes.
fn directive(text: &str) -> (&str, Option<Directive>) {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '#' => {
                let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
                let word = after.strip_prefix('#').unwrap_or(after).trim_start();
                let begins = |name: &str| {
                    word.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
                };
                if begins("skip") {
                    return (before, Some(Directive::Skip));
                }
                let ends = word.chars().nth(4).is_none_or(|c| !c.is_alphanumeric());
                if begins("todo") && ends {
                    return (before, Some(Directive::Todo));
                }
            }
            _ => {}
        }
    }
    (text, None)
}

#[cfg(test)]
mod tests;
