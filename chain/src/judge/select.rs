//! Select: does a word speak for a step?
//!
//! By its environment, name and tool it is meant for the step or left out; by its signer and, for what
//! grants or records a deployment, by the name that was signed, it may speak or is dropped.

use super::{Reason, Setting, scope::Scope, word::Word};
use crate::{finding::Code, policy::Step, verdict::Fate};

/// Whether a word of the step's kind speaks for the step; if not, what becomes of it.
pub(super) fn select(
    step: &Step,
    word: &Word<'_>,
    setting: Setting<'_>,
) -> Result<(), (Fate, Reason)> {
    meant(step, word)?;
    if !step.signed_by.parties.contains(word.party()) {
        let reason =
            format!("signed by `{}`; the step takes `{}`", word.party(), step.signed_by.word);
        return Err((Fate::Dropped, Reason::fault(Code::WrongSigner, &reason)));
    }
    match Scope::of(word.bound(), setting.policy) {
        Scope::Outside(name) => {
            let reason = format!("it is for `{name}`, which this policy is not about");
            Err((Fate::Dropped, Reason::fault(Code::WrongSubject, &reason)))
        }
        Scope::Both(_) | Scope::Inside | Scope::Nowhere(_) => Ok(()),
    }
}

/// Whether a word is meant for the step: its environment, name and tool are those that it selects.
/// What cannot be read is meant for every step of its kind, since nobody can say that it is not.
fn meant(step: &Step, word: &Word<'_>) -> Result<(), (Fate, Reason)> {
    let Some(view) = word.view() else {
        return Ok(());
    };
    let left_out = |what: &str, has: Option<&str>, wants: Option<&str>| {
        let reason = format!("its {what} is {}; the step takes {}", quoted(has), quoted(wants));
        Err((Fate::LeftOut, Reason::note(reason)))
    };
    let (name, tool) = (word.facts().name.as_deref(), word.tool());
    let selects = &step.selects;
    if selects.environment.is_some() && view.environment() != selects.environment.as_deref() {
        return left_out("environment", view.environment(), selects.environment.as_deref());
    }
    // A claim mismatch leaves no facts; what its name was is then unproven and it stays selected.
    let named = word.refused().is_none_or(|(code, _)| *code != Code::ClaimMismatch);
    if named && name != selects.name.as_deref() {
        return left_out("name", name, selects.name.as_deref());
    }
    if selects.tool.is_some() && tool != selects.tool.as_deref() {
        return left_out("tool", tool, selects.tool.as_deref());
    }
    Ok(())
}

fn quoted(text: Option<&str>) -> String {
    text.map_or_else(
        || "none".to_owned(),
        |text| format!("`{}`", evidence::text::escape_short(text, 100)),
    )
}
