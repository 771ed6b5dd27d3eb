//! Broken YAML, said in words that name the remedy.

use evidence::text::escape_short;
use serde_saphyr::{Error, MessageFormatter, UserMessageFormatter, budget::BudgetBreach};

use super::{
    excerpt::{Source, Span},
    fault::Fault,
};

/// The fault that a YAML error is.
pub(super) fn fault(error: &Error, source: &Source) -> Fault {
    let error = error.without_snippet();
    if let Error::AliasError { error, .. } = error {
        return fault(error, source);
    }
    let span = error.location().map(|location| {
        let of = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let start = source.offset(of(location.line()), of(location.column()));
        let length = location.span().byte_len().map_or(1, |length| of(length).max(1));
        Span { start, end: source.ceiling(start.saturating_add(length)) }
    });
    let (title, label, help) = words(error);
    let fault = match span {
        Some(span) => Fault::at(span, title),
        None => Fault::of_file(title),
    };
    match help {
        Some(help) => fault.label(label).help(help),
        None => fault.label(label),
    }
}

type Words = (String, String, Option<&'static str>);

fn words(error: &Error) -> Words {
    let said = |title: &str, label: &str, help| (title.to_owned(), label.to_owned(), help);
    match error {
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_ref().map_or("a member".to_owned(), |key| format!("`{key}`"));
            let title = format!("{key} stands twice in one map");
            (title, "the second one".to_owned(), Some("keep one of them"))
        }
        Error::MergeKeyNotAllowed { .. } => said(
            "`<<` is not read",
            "merging is not part of YAML 1.2",
            Some("write the members out; an alias may stand for a whole value"),
        ),
        Error::MultipleDocuments { .. } => too_many(),
        Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => too_many(),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => said(
            "the policy is too large or too deep",
            "here the limit is reached",
            Some("no policy needs so much; write less, or fewer aliases"),
        ),
        Error::UnknownAnchor { .. } => {
            said("an alias without its anchor", "nothing of this name stands before it", None)
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            said("an alias inside its own anchor", "this has no end", None)
        }
        Error::Message { msg, .. } => said("the policy cannot be read", msg, None),
        other => {
            let message = UserMessageFormatter.format_message(other);
            let help = message.contains("tab").then_some("indent with spaces");
            said("the policy is not valid YAML", &escape_short(&message, 200), help)
        }
    }
}

fn too_many() -> Words {
    (
        "the file holds more than one YAML document".to_owned(),
        "a second one begins here".to_owned(),
        Some("keep one policy per file"),
    )
}
