//! Steps: what each asks for, with every name in it looked up.
//!
//! A step that nobody must sign, or that anybody may, proves nothing; a member that means nothing
//! for a step's type is a mistake about the type, and never ignored.

use std::collections::BTreeSet;

use evidence::{
    predicate::{Kind, test_result::Word},
    time,
};

use super::{
    Accept, Claims, Cover, Lapse, Selector, SignedBy, Step,
    document::{Named, Read, step::WrittenStep},
    excerpt::Span,
    fault::{Collected, Fault, Faulted, every},
    members::At,
    nearest::{advice, list, nearest},
    signers::Signers,
};

/// The names of all steps, in the order of the file.
pub(super) type Names<'a> = [&'a str];

/// What the resolving of steps found.
#[derive(Debug)]
pub(super) struct Steps {
    /// The steps, in the order of the file.
    pub(super) steps: Read<Vec<Step>>,
    /// What will be odd once time has passed.
    pub(super) lapses: Vec<Lapse>,
}

impl Steps {
    /// Resolves the steps of a document.
    pub(super) fn resolve(
        written: &Named<WrittenStep>,
        signers: &mut Read<Signers>,
        collected: &mut Collected,
    ) -> Self {
        let names: Vec<&str> = written.iter().map(|(name, _)| name.value.as_str()).collect();
        let mut lapses = Vec::new();
        let steps = every(written.iter().map(|(name, step)| {
            let step = step.as_ref().map_err(|fault| *fault)?;
            let accept = step.accept.as_ref().ok().and_then(Option::as_ref);
            lapses.extend(accept.iter().flat_map(|list| &list.value).map(|a| lapse(a, collected)));
            resolve(name, step, &names, signers, collected)
        }));
        Self { steps, lapses }
    }
}

/// Where time decides about a step.
pub(super) fn timed(step: &WrittenStep) -> Vec<(Span, &'static str)> {
    let max_age = step.max_age.iter().flatten().map(|at| (at.span, "max-age"));
    let database = step.database_max_age.iter().flatten().map(|at| (at.span, "database-max-age"));
    let after = step.after.iter().flatten().map(|at| (at.span, "after"));
    max_age.chain(database).chain(after).collect()
}

fn resolve(
    name: &At<String>,
    written: &WrittenStep,
    names: &Names<'_>,
    signers: &mut Read<Signers>,
    collected: &mut Collected,
) -> Read<Step> {
    let signed_by = signed_by(name, written, signers, collected);
    let count = count(written, signed_by.as_ref().ok(), collected);
    let not_signed_by = others(name, "not-signed-by", &written.not_signed_by, names, collected);
    let after = others(name, "after", &written.after, names, collected);
    let covers = covers(name, written, names, collected);
    let selects = selector(name, written, collected);
    written.nothing_else?;
    Ok(Step {
        name: name.value.clone(),
        selects: selects?,
        signed_by: signed_by?,
        count: count?,
        not_signed_by: not_signed_by?,
        after: after?,
        covers: covers?,
        max_age: written.max_age?.map(|at| at.value),
        database_max_age: written.database_max_age?.map(|at| at.value),
        limits: value(&written.findings)?,
        accept: value(&written.accept)?.into_iter().flatten().map(|at| at.value).collect(),
        results: value(&written.result)?.unwrap_or_else(|| vec![Word::Passed]),
        hint: value(&written.hint)?,
        at: collected.source.place(name.span.start),
    })
}

fn value<T: Clone>(read: &Read<Option<At<T>>>) -> Read<Option<T>> {
    let at = read.as_ref().map_err(|fault| *fault)?;
    Ok(at.as_ref().map(|at| at.value.clone()))
}

fn selector(name: &At<String>, written: &WrittenStep, collected: &mut Collected) -> Read<Selector> {
    let claims = written.claims.as_ref().map_err(|fault| *fault)?;
    let misplaced = misplaced(name, claims, written, collected);
    needed(name, claims, written, collected)?;
    misplaced?;
    Ok(Selector {
        claims: claims.value.clone(),
        environment: value(&written.environment)?,
        name: value(&written.name)?,
        tool: value(&written.tool)?,
    })
}

fn signed_by(
    step: &At<String>,
    written: &WrittenStep,
    signers: &mut Read<Signers>,
    collected: &mut Collected,
) -> Read<SignedBy> {
    let words = written.signed_by.as_ref().map_err(|fault| *fault)?;
    let Some(words) = words else {
        let known = signers.as_ref().map(Signers::names).unwrap_or_default();
        let fault = Fault::at(step.span, format!("step `{}` names no signer", step.value))
            .label("a step that anyone may satisfy proves nothing")
            .help(match (nearest(&step.value, &known), known.as_slice()) {
                (Some(near), _) => format!("add `signed-by: {near}`"),
                (None, [only]) => format!("add `signed-by: {only}`"),
                (None, known) => format!("add `signed-by:` and one of {}", list(known)),
            });
        return Err(collected.add(fault));
    };
    let signers = signers.as_mut().map_err(|fault| *fault)?;
    let sets = every(words.value.iter().map(|word| signers.meant_by(word, collected)))?;
    let word = words.value.iter().map(|word| word.value.as_str()).collect::<Vec<_>>().join(" or ");
    let parties: BTreeSet<String> = sets.into_iter().flatten().collect();
    let many = signers.are_many(&parties);
    Ok(SignedBy { word, parties, many })
}

fn count(
    written: &WrittenStep,
    signed_by: Option<&SignedBy>,
    collected: &mut Collected,
) -> Read<u32> {
    let Some(count) = written.count.as_ref().map_err(|fault| *fault)? else { return Ok(1) };
    let parties = signed_by.map(|signed_by| signed_by.parties.len());
    let value = u32::try_from(count.value).unwrap_or(u32::MAX);
    let fault = match parties {
        _ if value == 0 => Fault::at(count.span, "`count` is 0")
            .label("nobody would have to sign")
            .help("leave `count` out for one party, or write how many must sign"),
        Some(parties)
            if usize::try_from(value).is_ok_and(|value| value > parties)
                && !signed_by.is_some_and(|by| by.many) =>
        {
            let names: Vec<&str> =
                signed_by.iter().flat_map(|by| &by.parties).map(String::as_str).collect();
            let plural = if parties == 1 { "party" } else { "parties" };
            Fault::at(count.span, format!("`count` asks for {value} of {parties} {plural}"))
                .label(format!("those who may sign are {}", list(&names)))
                .help("a party counts once, however many keys it has; name more in `signed-by`")
        }
        _ => return Ok(value),
    };
    Err(collected.add(fault))
}

/// Other steps that a step names.
fn others(
    step: &At<String>,
    relation: &str,
    words: &Read<Option<At<Vec<At<String>>>>>,
    names: &Names<'_>,
    collected: &mut Collected,
) -> Read<Vec<String>> {
    let words = words.as_ref().map_err(|fault| *fault)?;
    every(words.iter().flat_map(|words| &words.value).map(|word| {
        other(step, relation, &word.value, word.span, names, collected)?;
        Ok(word.value.clone())
    }))
}

fn covers(
    step: &At<String>,
    written: &WrittenStep,
    names: &Names<'_>,
    collected: &mut Collected,
) -> Read<Vec<Cover>> {
    let covers = written.covers.as_ref().map_err(|fault| *fault)?;
    every(covers.iter().flat_map(|covers| &covers.value).map(|cover| {
        other(step, "covers", &cover.value.step, cover.span, names, collected)?;
        Ok(cover.value.clone())
    }))
}

fn other(
    step: &At<String>,
    relation: &str,
    named: &str,
    span: Span,
    names: &Names<'_>,
    collected: &mut Collected,
) -> Read<()> {
    if named == step.value {
        let fault =
            Fault::at(span, format!("`{relation}` of step `{named}` names the step itself"));
        return Err(collected.add(fault.label("name another step")));
    }
    known(named, span, names, collected)
}

/// A fault if no step has that name.
pub(super) fn known(
    named: &str,
    span: Span,
    names: &Names<'_>,
    collected: &mut Collected,
) -> Read<()> {
    if names.contains(&named) {
        return Ok(());
    }
    let fault = Fault::at(span, format!("unknown step `{named}`"));
    Err(collected.add(fault.label(advice(named, names.iter().copied()))))
}

/// The kind of claim that a step asks for.
fn kind_of(claims: &Claims) -> Kind {
    match claims {
        Claims::Kind(kind) => *kind,
        Claims::Type(uri) => Kind::of(uri),
    }
}

/// A fault for each member that means nothing for the step's type.
fn misplaced(
    step: &At<String>,
    claims: &At<Claims>,
    written: &WrittenStep,
    collected: &mut Collected,
) -> Read<()> {
    let kind = kind_of(&claims.value);
    let is_scan = kind == Kind::Scan;
    let has_environment = matches!(kind, Kind::Approval | Kind::Deployment);
    let commits = has_environment || kind == Kind::Summary;
    let who_commits = "approvals, deployments and summaries";
    let members = [
        ("environment", span(&written.environment), has_environment, "approvals and deployments"),
        ("tool", span(&written.tool), is_scan, "scans"),
        ("database-max-age", span(&written.database_max_age), is_scan, "scans"),
        ("findings", span(&written.findings), is_scan, "scans"),
        ("accept", span(&written.accept), is_scan, "scans"),
        ("result", span(&written.result), kind == Kind::Test, "tests"),
        ("covers", span(&written.covers), commits, who_commits),
    ];
    every(members.into_iter().filter(|(_, _, fits, _)| !fits).filter_map(
        |(name, span, _, only)| {
            let fault = Fault::at(span?, format!("`{name}` is for {only}"))
                .label(format!("step `{}` is of type `{}`", step.value, claims.value.word()))
                .help("leave it out, or set it on the step that it was meant for")
                .also(claims.span, "this type");
            Some(Err::<(), Faulted>(collected.add(fault)))
        },
    ))
    .map(|_| ())
}

/// A fault for each member that the step's type needs and that is not there.
fn needed(
    step: &At<String>,
    claims: &At<Claims>,
    written: &WrittenStep,
    collected: &mut Collected,
) -> Read<()> {
    let kind = kind_of(&claims.value);
    let fault = if kind == Kind::Exception {
        Fault::at(claims.span, "exceptions are not supported by this version")
            .label("no step can ask for one")
    } else if matches!(kind, Kind::Approval | Kind::Deployment)
        && matches!(written.environment, Ok(None))
    {
        let word = claims.value.word();
        Fault::at(step.span, format!("step `{}` names no environment", step.value))
            .label(format!("without it, any `{word}` would do, whatever it was for"))
            .help("add `environment: production`, or the one that it is for")
    } else if let (Kind::Scan, Some(accept), Ok(None)) =
        (kind, span(&written.accept), &written.findings)
    {
        Fault::at(accept, format!("step `{}` accepts findings and limits none", step.value))
            .label("without `findings` every finding passes")
            .help("add `findings`, such as `findings: {critical: 0}`")
    } else {
        return Ok(());
    };
    Err(collected.add(fault))
}

fn span<T>(read: &Read<Option<At<T>>>) -> Option<Span> {
    read.as_ref().ok().and_then(Option::as_ref).map(|at| at.span)
}

fn lapse(accept: &At<Accept>, collected: &Collected) -> Lapse {
    let fault = Fault::at(accept.span, format!("`{}` is no longer accepted", accept.value.id))
        .label(format!("it counts again since {}", time::write(accept.value.until)))
        .help("remove it, or accept it anew with a later date");
    Lapse { since: accept.value.until, warning: collected.warning(fault) }
}
