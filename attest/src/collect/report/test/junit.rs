//! JUnit XML, in the dialects of `testdata/reports/test`: of pytest, nextest, Surefire and a dozen
//! others.
//!
//! There is no standard: what the dialects share is `testcase` elements in nested `testsuite`s, and
//! how a case ended is told by its children. Attributes are read for names and times alone, and to
//! find a case that says itself that it failed, did not run, or is still to do. The text is never
//! kept. Well-formed to the last byte or refused: half a report is a smaller success.

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
    Outcome, Span, TestReport, cut,
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
        Walk { file, report, at: 0, open: Vec::new(), case: None, done: false, span: None };
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
    /// `testsuites` or `testsuite`, with its name.
    Suite(String),
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
        let local = element.local_name();
        let name: &str = local.as_ref();
        let open = match (self.open.last(), name) {
            (None | Some(Open::Suite(_)), "testsuites" | "testsuite") => {
                self.times(element)?;
                // Cut here: every error of the suite copies it.
                Open::Suite(cut(&self.attribute(element, "name")?.unwrap_or_default()))
            }
            (None, other) => {
                let looks = Looks::Root(other.to_owned());
                return Err(Refused::UnknownFormat { file: self.name(), looks });
            }
            (Some(Open::Suite(_)), "testcase") => {
                self.times(element)?;
                self.case = Some(self.begun(element)?);
                Open::Case
            }
            // A case that stands where no suite is would be lost, or counted twice.
            (Some(_), "testcase") => return Err(self.malformed()),
            (Some(Open::Case), child) => {
                self.child(child);
                // Node's runner: a failure beside it is one that was to be expected.
                if child == "skipped" && self.attribute(element, "type")?.as_deref() == Some("todo")
                {
                    self.case.iter_mut().for_each(|case| case.to_do = true);
                }
                Open::Other
            }
            (Some(Open::Suite(suite)), "error" | "failure") => {
                let suite = suite.clone();
                self.report.count(&suite, Outcome::Broke)?;
                Open::Other
            }
            (Some(_), _) => Open::Other,
        };
        self.open.push(open);
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
        let mut outcome = Outcome::Passed;
        for member in ["status", "result"] {
            let word = self.attribute(element, member)?.unwrap_or_default().to_ascii_lowercase();
            outcome = outcome.max(match word.as_str() {
                "error" | "errored" | "broken" => Outcome::Broke,
                "fail" | "failed" | "failure" | "timeout" => Outcome::Failed,
                "disabled" | "ignored" | "notrun" | "pending" | "skipped" | "suppressed" => {
                    Outcome::Skipped
                }
                _ => Outcome::Passed,
            });
        }
        Ok(Case { name, outcome, to_do: false })
    }

    /// A child of a case: an error outweighs a failure, that a skip, and all of them a lucky rerun.
    fn child(&mut self, name: &str) {
        let outcome = match name {
            "error" => Outcome::Broke,
            // nextest and Surefire write the reruns that failed beside the failure.
            "failure" | "rerunError" | "rerunFailure" => Outcome::Failed,
            "skipped" => Outcome::Skipped,
            "flakyError" | "flakyFailure" => Outcome::Flaky,
            _ => return,
        };
        if let Some(case) = &mut self.case {
            case.outcome = case.outcome.max(outcome);
        }
    }

    fn close(&mut self) -> Result<(), Refused> {
        let closed = self.open.pop();
        self.done = self.open.is_empty();
        match (closed, self.case.take()) {
            (Some(Open::Case), Some(Case { name, outcome, to_do })) => {
                self.report.count(&name, if to_do { Outcome::Skipped } else { outcome })
            }
            (Some(_), case) => {
                self.case = case;
                Ok(())
            }
            (None, _) => Err(self.malformed()),
        }
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
