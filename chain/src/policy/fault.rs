//! Faults of a policy, for the person who wrote it.
//!
//! A fault says what is wrong, where, and how to mend it. Every reader of the policy returns
//! [`Faulted`] where it has no value, and only [`Collected::add`] makes one: a member can be lost
//! only together with the whole policy.

use std::{fmt, sync::Arc};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use evidence::text::escape;

use super::{
    Place,
    excerpt::{Source, Span},
};

/// One fault of a policy, or a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, in one line.
    pub title: String,
    /// Where; `None` for the file as a whole.
    pub place: Option<Place>,
    /// What is wrong at that place.
    pub label: String,
    /// How to mend it, in the order in which to try.
    pub help: Vec<String>,
    span: Option<Span>,
    also: Vec<(Span, String)>,
    weight: Weight,
    source: Arc<Source>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    Error,
    Warning,
}

impl Fault {
    pub(super) fn at(span: Span, title: impl Into<String>) -> Self {
        Self { span: Some(span), ..Self::of_file(title) }
    }

    pub(super) fn of_file(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            place: None,
            label: String::new(),
            help: Vec::new(),
            span: None,
            also: Vec::new(),
            weight: Weight::Error,
            source: Arc::default(),
        }
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    pub(super) fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.also.push((span, label.into()));
        self
    }

    /// The fault as a message of several lines, without colour.
    pub fn render(&self) -> String {
        self.render_with(&Renderer::plain())
    }

    /// The fault as a message of several lines, with ANSI colours.
    pub fn render_coloured(&self) -> String {
        self.render_with(&Renderer::styled())
    }

    fn render_with(&self, renderer: &Renderer) -> String {
        let level = match self.weight {
            Weight::Error => Level::ERROR,
            Weight::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(escape(&self.title)));
        group = match self.snippet() {
            Some(snippet) => group.element(snippet),
            None => group.element(Origin::path(escape(&self.source.file))),
        };
        let help = self.help.iter().map(|help| Level::HELP.message(escape(help)));
        let report = [group.elements(help)];
        renderer.render(&report)
    }

    /// The lines that the fault is about; `None` for the file as a whole, or where it has no text.
    fn snippet(&self) -> Option<Snippet<'_, annotate_snippets::Annotation<'_>>> {
        let span = self.span.filter(|_| !self.source.text.trim().is_empty())?;
        let others = self.also.iter().map(|(span, _)| *span);
        let lines =
            self.source.lines_around(&std::iter::once(span).chain(others).collect::<Vec<_>>());
        // The excerpt starts later than the file, and its spans must lie inside it.
        let inside = |span: Span| {
            let [start, end] = [span.start, span.end.max(span.start)]
                .map(|at| self.source.floor(at).saturating_sub(lines.start).min(lines.text.len()));
            start..end
        };
        let primary = AnnotationKind::Primary.span(inside(span)).label(escape(&self.label));
        let also = self
            .also
            .iter()
            .map(|(span, label)| AnnotationKind::Context.span(inside(*span)).label(escape(label)));
        Some(
            Snippet::source(lines.text.clone())
                .line_start(lines.number)
                .path(escape(&self.source.file))
                .annotation(primary)
                .annotations(also),
        )
    }
}

/// Most faults that are shown; nobody mends more in one go.
const MOST_SHOWN: usize = 100;

/// Proof that a fault was added: what is returned in place of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Faulted(());

/// What was found so far.
#[derive(Debug)]
pub(super) struct Collected {
    pub(super) source: Arc<Source>,
    faults: Vec<Fault>,
    more: usize,
    warnings: Vec<Fault>,
}

impl Collected {
    pub(super) fn new(source: Arc<Source>) -> Self {
        Self { source, faults: Vec::new(), more: 0, warnings: Vec::new() }
    }

    pub(super) fn add(&mut self, fault: Fault) -> Faulted {
        if self.faults.len() < MOST_SHOWN {
            let fault = self.placed(fault);
            self.faults.push(fault);
        } else {
            self.more += 1;
        }
        Faulted(())
    }

    pub(super) fn warn(&mut self, fault: Fault) {
        let fault = self.warning(fault);
        self.warnings.push(fault);
    }

    /// A warning that only time will make true, to be kept for later.
    pub(super) fn warning(&self, fault: Fault) -> Fault {
        Fault { weight: Weight::Warning, ..self.placed(fault) }
    }

    fn placed(&self, fault: Fault) -> Fault {
        let place = fault.span.map(|span| self.source.place(span.start));
        Fault { place, source: Arc::clone(&self.source), ..fault }
    }

    /// The warnings, if there are no faults.
    pub(super) fn finish(mut self) -> Result<Vec<Fault>, Faults> {
        match self.faults.is_empty() {
            true => {
                self.warnings.sort_by_key(|warning| warning.span);
                Ok(self.warnings)
            }
            false => Err(self.into_faults(Faulted(()))),
        }
    }

    /// All faults; there is at least the one that `_proof` stands for.
    pub(super) fn into_faults(mut self, _proof: Faulted) -> Faults {
        self.faults.sort_by_key(|fault| fault.span);
        Faults { list: self.faults, more: self.more }
    }
}

/// All faults of a policy, in the order of the file; never empty. Of very many the first found are
/// kept, and the others counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    list: Vec<Fault>,
    more: usize,
}

impl Faults {
    /// The faults.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.list.iter()
    }

    /// All faults and how many they are, without colour.
    pub fn render(&self) -> String {
        self.render_each(Fault::render)
    }

    /// All faults and how many they are, with ANSI colours.
    pub fn render_coloured(&self) -> String {
        self.render_each(Fault::render_coloured)
    }

    fn render_each(&self, render: fn(&Fault) -> String) -> String {
        let all: String = self.list.iter().map(|fault| render(fault) + "\n").collect();
        let more = match self.more {
            0 => String::new(),
            more => format!("and {more} more that are not shown\n"),
        };
        let count = self.list.len() + self.more;
        let plural = if count == 1 { "" } else { "s" };
        format!("{all}{more}{count} fault{plural}; no image was looked at.\n")
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = std::slice::Iter<'a, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render())
    }
}

impl std::error::Error for Faults {}

/// All values, or the news that at least one has a fault; every one is looked at.
pub(super) fn every<T>(
    results: impl IntoIterator<Item = Result<T, Faulted>>,
) -> Result<Vec<T>, Faulted> {
    let results: Vec<_> = results.into_iter().collect();
    results.into_iter().collect()
}
