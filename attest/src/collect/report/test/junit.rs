//! JUnit XML, in the dialects of `testdata/reports/test`: of pytest, nextest, Surefire and a dozen
//! others.
//!
//! There is no standard: what the dialects share is `testcase` elements in nested `testsuite`s, and
//! how a case ended is told by its children. Attributes are read for names and times, to find a case
//! that says itself that it failed, did not run, or is still to do, and a suite that states failures
//! (`stated`).
//! The text is never kept. Well-formed to the last byte or refused: half a report is a smaller success.
//! What would fail a case does so in any case of letters, and however deep in it.

use std::borrow::Cow;

use evidence::time::Timestamp;
use quick_xml::{
    Reader, XmlVersion,
    errors::Error as XmlError,
    escape::EscapeError,
    events::{BytesDecl, BytesRef, BytesStart, Event},
};

use super::{
    super::{Refused, ReportFile, ended, refused::Looks},
    Outcome, Span, Stated, TestReport, cut,
    stated::{self, Suite},
};

/// How deep elements nest; the samples reach 5.
const DEPTH: usize = 128;

/// Reads one file into `report`, and gives the time that it states.
pub(super) fn read(
    file: &ReportFile,
    text: &str,
    report: &mut TestReport,
) -> Result<Span, Refused> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut walk =
        Walk { file, text, report, at: 0, open: Vec::new(), case: None, done: false, span: None };
    loop {
        walk.at = reader.buffer_position();
        let event = reader.read_event().map_err(|error| walk.xml(&error))?;
        if matches!(event, Event::Eof) {
            return walk.end();
        }
        walk.event(event)?;
    }
}

/// What an open element is to us.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Open {
    /// `testsuites` or `testsuite`.
    Suite(Suite),
    /// `testcase`.
    Case,
    /// Anything else.
    Other,
}

/// The case that is open.
struct Case {
    name: String,
    outcome: Outcome,
    /// Whether it is still to do, and so may fail.
    to_do: bool,
}

/// The walk through one document.
struct Walk<'a> {
    file: &'a ReportFile,
    text: &'a str,
    report: &'a mut TestReport,
    at: u64,
    open: Vec<Open>,
    case: Option<Case>,
    /// Whether the root element has ended.
    done: bool,
    span: Option<Span>,
}

impl Walk<'_> {
    fn event(&mut self, event: Event<'_>) -> Result<(), Refused> {
        match event {
            Event::Start(element) => self.start(&element),
            Event::Empty(element) => {
                self.start(&element)?;
                self.close()
            }
            Event::End(_) => self.close(),
            Event::Text(text) => self.inside(text.chars().all(|c| c.is_ascii_whitespace())),
            Event::CData(_) => self.inside(false),
            Event::GeneralRef(reference) => self.reference(&reference),
            Event::Decl(declaration) => self.declaration(&declaration),
            Event::DocType(_) => Err(Refused::Doctype { file: self.name() }),
            Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), Refused> {
        if self.done {
            return Err(self.malformed());
        }
        if self.open.len() >= DEPTH {
            return Err(Refused::TooDeep { file: self.name(), limit: DEPTH });
        }
        let name = element.local_name().as_ref().to_ascii_lowercase();
        let open = match (self.open.last(), name.as_str()) {
            (None | Some(Open::Suite(_)), "testsuites" | "testsuite") => {
                self.times(element)?;
                Open::Suite(self.suite(element)?)
            }
            (None, _) => {
                let looks = Looks::Root(element.local_name().as_ref().to_owned());
                return Err(Refused::UnknownFormat { file: self.name(), looks });
            }
            (Some(Open::Suite(_)), "testcase") => {
                self.times(element)?;
                self.case = Some(self.begun(element)?);
                Open::Case
            }
            // A case that stands where no suite is would be lost, or counted twice.
            (Some(_), "testcase") => return Err(self.malformed()),
            (Some(parent), child) => {
                let is_child = *parent == Open::Case;
                self.child(child, is_child);
                // Node's runner: a failure beside it is one that was to be expected.
                if is_child
                    && child == "skipped"
                    && self.attribute(element, "type")?.as_deref() == Some("todo")
                {
                    self.case.iter_mut().for_each(|case| case.to_do = true);
                }
                if self.case.is_none() && matches!(child, "error" | "failure") {
                    let suite = self.suites().next_back().map(|suite| suite.name.clone());
                    self.count(&suite.unwrap_or_default(), Outcome::Broke)?;
                }
                Open::Other
            }
        };
        self.open.push(open);
        Ok(())
    }

    fn suite(&self, element: &BytesStart<'_>) -> Result<Suite, Refused> {
        let total = |names: &[&str]| -> Result<u64, Refused> {
            self.values(element, names)?.iter().try_fold(0_u64, |sum, text| {
                let number = stated::total(text).ok_or_else(|| self.unreadable())?;
                Ok(sum.saturating_add(number))
            })
        };
        Ok(Suite {
            // Cut here: every error of the suite copies it.
            name: cut(&self.attribute(element, "name")?.unwrap_or_default()),
            states_failure: total(&stated::WRONG)? > 0,
            tests: total(&["tests"])?,
            idle: total(&stated::IDLE)?,
            ..Suite::default()
        })
    }

    fn suites(&mut self) -> impl DoubleEndedIterator<Item = &mut Suite> {
        self.open.iter_mut().filter_map(|open| match open {
            Open::Suite(suite) => Some(suite),
            Open::Case | Open::Other => None,
        })
    }

    /// Counts a case, or a suite's own failure, in all suites that are open.
    fn count(&mut self, name: &str, outcome: Outcome) -> Result<(), Refused> {
        self.report.count(name, outcome)?;
        for suite in self.suites() {
            suite.count(outcome);
        }
        Ok(())
    }

    /// A case whose attributes say how it ended does so for want of a child (CTest, GoogleTest).
    fn begun(&self, element: &BytesStart<'_>) -> Result<Case, Refused> {
        let class = self.attribute(element, "classname")?.unwrap_or_default();
        let name = self.attribute(element, "name")?.unwrap_or_default();
        let name = match (class.is_empty(), name.is_empty()) {
            (false, false) => format!("{class}.{name}"),
            (false, true) => class.into_owned(),
            (true, _) => name.into_owned(),
        };
        let words = self.values(element, &stated::WORDS)?;
        let success = self.values(element, &stated::SUCCESS)?;
        let outcomes = words.iter().map(|text| stated::word(text));
        let outcomes = outcomes.chain(success.iter().map(|text| stated::success(text)));
        let outcome = outcomes.max().unwrap_or(Outcome::Passed);
        Ok(Case { name, outcome, to_do: false })
    }

    /// What is in a case: an error outweighs a failure, that a skip, and all of them a lucky rerun. What
    /// is not its own child fails it all the same, and does nothing for it.
    fn child(&mut self, name: &str, is_child: bool) {
        let outcome = match name {
            "error" => Outcome::Broke,
            // nextest and Surefire write the reruns that failed beside the failure.
            "failure" | "rerunerror" | "rerunfailure" => Outcome::Failed,
            "skipped" if is_child => Outcome::Skipped,
            "flakyerror" | "flakyfailure" => Outcome::Flaky,
            name if is_child => stated::element(name),
            _ => return,
        };
        if let Some(case) = &mut self.case {
            case.outcome = case.outcome.max(outcome);
        }
    }

    fn close(&mut self) -> Result<(), Refused> {
        let closed = self.open.pop();
        self.done = self.open.is_empty();
        match closed {
            Some(Open::Case) => match self.case.take() {
                // What is to do may fail. That it broke is another thing.
                Some(Case { name, to_do: true, outcome }) if outcome < Outcome::Broke => {
                    self.count(&name, Outcome::Skipped)
                }
                Some(Case { name, outcome, .. }) => self.count(&name, outcome),
                None => Ok(()),
            },
            Some(Open::Suite(suite)) => self.ended(suite),
            Some(Open::Other) => Ok(()),
            None => Err(self.malformed()),
        }
    }

    /// A suite that states a failure has one, whether or not an element shows it: to pass it over would
    /// attest a success that the report itself denies, and to refuse it would leave an older one
    /// standing.
    fn ended(&mut self, suite: Suite) -> Result<(), Refused> {
        if suite.states_failure && !suite.failed {
            self.count(&suite.name, Outcome::Broke)?;
        }
        let missing = suite.missing();
        if let Some(around) = self.suites().next_back() {
            around.holds(missing);
        } else if missing.unknown > 0 {
            let states = suite.cases.saturating_add(missing.unknown);
            let stated = Stated { file: self.name(), states, cases: suite.cases };
            self.report.stated.get_or_insert(stated);
        }
        Ok(())
    }

    fn end(self) -> Result<Span, Refused> {
        match (self.open.is_empty(), self.done) {
            (true, true) => Ok(self.span.unwrap_or_default()),
            _ => Err(Refused::Truncated { file: self.name() }),
        }
    }

    /// Text outside the root element, but for white space, is a second document or a broken one.
    fn inside(&self, blank: bool) -> Result<(), Refused> {
        if blank || !self.open.is_empty() { Ok(()) } else { Err(self.malformed()) }
    }

    /// XML has five entities, and characters by number (XML 1.0, 4.6); more come by a DTD.
    fn reference(&self, reference: &BytesRef<'_>) -> Result<(), Refused> {
        self.inside(false)?;
        let known = matches!(reference.as_ref(), "amp" | "apos" | "gt" | "lt" | "quot");
        if known || reference.is_char_ref() {
            return Ok(());
        }
        Err(Refused::Entity { file: self.name() })
    }

    /// A declaration stands first. An encoding that has ASCII in common with UTF-8 differs only
    /// where there is more than ASCII.
    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), Refused> {
        if self.done || !self.open.is_empty() {
            return Err(self.malformed());
        }
        let encoding = match declaration.encoding() {
            None => return Ok(()),
            Some(Err(_)) => return Err(self.malformed()),
            Some(Ok(encoding)) => encoding.to_ascii_lowercase(),
        };
        if matches!(encoding.as_str(), "utf-8" | "utf8") || self.file.bytes.is_ascii() {
            return Ok(());
        }
        Err(Refused::Encoding { file: self.name() })
    }

    /// Takes the time that an element states: a start with its zone, and how long it took.
    fn times(&mut self, element: &BytesStart<'_>) -> Result<(), Refused> {
        let started = self.attribute(element, "timestamp")?.and_then(|text| ended::stated(&text));
        let seconds = self.attribute(element, "time")?.and_then(|text| seconds(&text));
        let Some(started) = started else { return Ok(()) };
        let finished: Option<Timestamp> =
            seconds.and_then(|seconds| started.checked_add(seconds).ok());
        let span = self.span.get_or_insert_default();
        span.started = Some(span.started.map_or(started, |earlier| earlier.min(started)));
        span.finished = span.finished.max(finished);
        Ok(())
    }

    fn attribute<'e>(
        &self,
        element: &'e BytesStart<'_>,
        name: &str,
    ) -> Result<Option<Cow<'e, str>>, Refused> {
        for attribute in element.attributes() {
            let attribute = attribute.map_err(|_| self.malformed())?;
            if attribute.key.as_ref() == name {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0);
                return value.map(Some).map_err(|error| self.xml(&error));
            }
        }
        Ok(None)
    }

    /// The values of all attributes of these names, in any letters and of any namespace.
    fn values<'e>(
        &self,
        element: &'e BytesStart<'_>,
        names: &[&str],
    ) -> Result<Vec<Cow<'e, str>>, Refused> {
        let mut values = Vec::new();
        for attribute in element.attributes() {
            let attribute = attribute.map_err(|_| self.malformed())?;
            let name = attribute.key.local_name();
            if names.iter().any(|one| one.eq_ignore_ascii_case(name.as_ref())) {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0);
                values.push(value.map_err(|error| self.xml(&error))?);
            }
        }
        Ok(values)
    }

    /// The refusal for a total that is no number.
    fn unreadable(&self) -> Refused {
        let end = usize::try_from(self.at).unwrap_or(usize::MAX);
        let before = self.text.get(..end).unwrap_or_default();
        let line = before.matches('\n').count().saturating_add(1);
        let last = before.rsplit('\n').next().unwrap_or_default();
        let column = last.chars().count().saturating_add(1);
        Refused::Unreadable { file: self.name(), format: "JUnit XML", line, column }
    }

    /// The refusal for what the XML reader says. An end that comes too soon is told apart from a
    /// fault, since the first is a run that died.
    fn xml(&self, error: &XmlError) -> Refused {
        match error {
            XmlError::Syntax(_) => Refused::Truncated { file: self.name() },
            XmlError::Escape(EscapeError::UnrecognizedEntity(..)) => {
                Refused::Entity { file: self.name() }
            }
            _ => self.malformed(),
        }
    }

    fn malformed(&self) -> Refused {
        Refused::Malformed { file: self.name(), at: self.at }
    }

    fn name(&self) -> String {
        self.file.path.clone()
    }
}

/// A duration in seconds: `0.212`. Anything else says nothing.
fn seconds(text: &str) -> Option<std::time::Duration> {
    std::time::Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

#[cfg(test)]
mod tests;
