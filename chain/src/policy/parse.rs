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
    root,
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
    let trust = document.trust.as_ref().map_err(|fault| *fault);
    let roots = trust.and_then(|trust| trust.roots.as_ref().map_err(|fault| *fault));
    let roots = roots.and_then(|written| root::resolve(written, &mut files, collected));
    let mut signers = document
        .signers
        .as_ref()
        .map(|written| Signers::resolve(written, &roots, &mut files, collected))
        .map_err(|fault| *fault);
    let written = document.steps.as_ref().map_err(|fault| *fault)?;
    let steps = Steps::resolve(written, &mut signers, collected);
    let related = Related::resolve(&document, written, collected);
    let time = clock(&document, written, signers.as_ref().ok(), collected);
    let (signers, roots) = (signers?, roots?);
    signers.warn_of_unused(collected);
    document.nothing_else?;
    let time = time?;
    // By the clocks of others a retired key's old evidence stays good.
    let lapses = signers.lapses.into_iter().filter(|_| time.claimed);
    let lapses = lapses.chain(steps.lapses).collect();
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
        time,
        roots,
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
fn clock(
    document: &Document,
    steps: &Named<WrittenStep>,
    signers: Option<&Signers>,
    collected: &mut Collected,
) -> Read<Clocks> {
    let trust = document.trust.as_ref().map_err(|fault| *fault)?;
    let written = trust.time.as_ref().map_err(|fault| *fault)?.as_ref();
    let rooted = !trust.roots.as_ref().map_err(|fault| *fault)?.is_empty();
    // Clocks that the signer does not control need no word; his own does.
    let given = match written {
        Some(clocks) => clocks.value,
        None => Clocks { claimed: false, log: rooted, timestamp: rooted },
    };
    if let Some(written) = written.filter(|_| !rooted && (given.log || given.timestamp)) {
        let fault = Fault::at(written.span, "no root says which logs and timestamps to believe");
        collected.warn(fault.label("without one, they bound nothing"));
    }
    let mut timed: Vec<(Span, &str)> =
        signers.iter().flat_map(|signers| signers.timed.clone()).collect();
    timed.extend(steps.iter().filter_map(|(_, step)| step.as_ref().ok()).flat_map(steps::timed));
    timed.sort_unstable();
    let [(first, word), others @ ..] = timed.as_slice() else { return Ok(given) };
    let told = given.claimed || rooted && (given.log || given.timestamp);
    if told {
        warn_of_clockless(given, signers, collected);
        return Ok(given);
    }
    let fault = match written {
        None => {
            Fault::at(*first, format!("`{word}` depends on time, and the policy trusts no clock"))
                .label("nobody could tell")
        }
        Some(At { span, .. }) => {
            Fault::at(*span, "`trust.time` names clocks of roots, and there is no root")
                .label("no log and no timestamp can be believed")
                .also(*first, format!("`{word}` depends on time"))
        }
    };
    let fault = others.iter().fold(fault, |fault, (span, _)| fault.also(*span, "so does this"));
    let fault = fault
        .help("add the clocks of others: `trust: {roots: {public: {root: sigstore}}}`")
        .help("or the signer's own: `trust: {time: [claimed]}`")
        .help("a signer can backdate what it signs by its own clock (docs/policy.md, \"Time\")");
    Err(collected.add(fault))
}

/// A warning for each key whose time nobody can tell.
fn warn_of_clockless(given: Clocks, signers: Option<&Signers>, collected: &mut Collected) {
    let clockless = signers.iter().flat_map(|signers| &signers.clockless);
    for span in clockless.filter(|_| !given.claimed) {
        let fault = Fault::at(*span, "no clock can tell when this key signed")
            .label("the policy has several roots, and this names none")
            .help("add `root: NAME`, the root whose logs or timestamps this signer uses");
        collected.warn(fault);
    }
}
