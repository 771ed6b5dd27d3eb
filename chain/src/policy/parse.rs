//! From bytes to a complete policy.
//!
//! Pure: the files that the policy names are read by the caller's function. Everything is looked at
//! before anything is refused, so that one look shows all faults.

use std::{path::Path, sync::Arc};

use super::{
    Clocks, Faults, Policy, broken,
    document::{self, Document, Named, Read, step::WrittenStep},
    excerpt::{Source, Span},
    fault::{Collected, Fault},
    files::{Files, Reader},
    members::At,
    relations::{self, Related},
    signers::Signers,
    steps::{self, Steps},
    tree,
};

/// Most bytes of a policy. The largest that we know of, of another tool, has 90 KiB.
const MOST_BYTES: usize = 1024 * 1024;

impl Policy {
    /// Reads a policy. `file` is how messages call it; `read` reads the files that it names, by
    /// their paths as written, which are relative to the policy file.
    ///
    /// # Errors
    ///
    /// All faults that the policy has, or the first one where it is no YAML.
    pub fn parse(file: &str, text: &[u8], read: &mut Reader<'_>) -> Result<Self, Faults> {
        let source = Source::new(file, std::str::from_utf8(text).unwrap_or_default());
        let mut collected = Collected::new(Arc::clone(&source));
        let node = match tree_of(text, &source) {
            Ok(node) => node,
            Err(fault) => {
                let fault = collected.add(fault);
                return Err(collected.into_faults(fault));
            }
        };
        let document = document::other_version(&node, &mut collected)
            .and_then(|()| Document::read(&node, &mut collected));
        match document.and_then(|document| complete(document, text, read, &mut collected)) {
            Ok(policy) => {
                Ok(Self { file: file.to_owned(), warnings: collected.finish()?, ..policy })
            }
            Err(fault) => Err(collected.into_faults(fault)),
        }
    }
}

fn tree_of(text: &[u8], source: &Source) -> Result<tree::Node, Fault> {
    if text.len() > MOST_BYTES {
        let help = "split it: each policy is for its own images";
        return Err(Fault::of_file("the policy is larger than 1 MiB").help(help));
    }
    if let Err(error) = std::str::from_utf8(text) {
        let title = format!("the policy is not UTF-8 text, from byte {} on", error.valid_up_to());
        return Err(Fault::of_file(title).help("save the file as UTF-8"));
    }
    tree::read(&source.text).map_err(|error| broken::fault(&error, source))
}

/// Looks up every name and reads every file; all faults are collected before the first is returned.
fn complete(
    document: Document,
    text: &[u8],
    read: &mut Reader<'_>,
    collected: &mut Collected,
) -> Read<Policy> {
    let mut files = Files::new(read);
    let mut signers = document
        .signers
        .as_ref()
        .map(|written| Signers::resolve(written, &mut files, collected))
        .map_err(|fault| *fault);
    let written = document.steps.as_ref().map_err(|fault| *fault)?;
    let steps = Steps::resolve(written, &mut signers, collected);
    let related = Related::resolve(&document, written, collected);
    let time = clock(&document, written, signers.as_ref().ok(), collected);
    let signers = signers?;
    signers.warn_of_unused(collected);
    document.nothing_else?;
    let lapses = signers.lapses.into_iter().chain(steps.lapses).collect();
    let (steps, related) = (steps.steps?, related?);
    relations::warn_of_unasked(&related.environments, &steps, written, collected);
    Ok(Policy {
        file: String::new(),
        name: document.name?.map_or_else(|| stem(&collected.source.file), |name| name.value),
        revision: document.revision?.map(|revision| revision.value),
        digest: files.digest(text),
        contact: document.contact?.map(|contact| contact.value),
        images: document.images?,
        expires: document.expires?.map(|expires| expires.value),
        time: time?,
        parties: signers.parties?,
        steps,
        environments: related.environments,
        same: related.same,
        evidence_on: document.image?.evidence_on?,
        labels: related.labels,
        lapses,
        warnings: Vec::new(),
    })
}

/// What a policy is called that does not say it.
fn stem(file: &str) -> String {
    let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str());
    stem.unwrap_or(file).to_owned()
}

/// The clocks of a policy, and a fault if something depends on time and no clock can tell it.
///
/// All signers are keys, and no log or timestamp is read yet: the only time is the signer's own.
fn clock(
    document: &Document,
    steps: &Named<WrittenStep>,
    signers: Option<&Signers>,
    collected: &mut Collected,
) -> Read<Clocks> {
    let clocks = document.time.as_ref().map_err(|fault| *fault)?;
    let given = clocks.as_ref().map(|clocks| clocks.value).unwrap_or_default();
    let mut timed: Vec<(Span, &str)> =
        signers.iter().flat_map(|signers| signers.timed.clone()).collect();
    timed.extend(steps.iter().filter_map(|(_, step)| step.as_ref().ok()).flat_map(steps::timed));
    timed.sort_unstable();
    let [(first, word), others @ ..] = timed.as_slice() else { return Ok(given) };
    if given.claimed {
        return Ok(given);
    }
    let help = "all signers are keys: the only time is the one that each of them signs";
    let warning = "a signer can backdate what it signs by this clock (docs/policy.md, \"Time\")";
    let mut fault = match clocks {
        None => {
            Fault::at(*first, format!("`{word}` depends on time, and the policy trusts no clock"))
                .label("nobody could tell")
                .help(format!("add the line `trust: {{time: [claimed]}}`; {help}"))
        }
        Some(At { span, .. }) => {
            Fault::at(*span, "`trust.time` leaves out the only clock there is")
                .label("no logs and no timestamps are read by this version")
                .also(*first, format!("`{word}` depends on time"))
                .help(format!("write `trust: {{time: [claimed]}}`; {help}"))
        }
    };
    for (span, _) in others {
        fault = fault.also(*span, "so does this");
    }
    Err(collected.add(fault.help(warning)))
}
