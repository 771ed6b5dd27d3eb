//! A step as it is written: its members are typed, the names in them are not yet looked up.

use std::collections::BTreeMap;

use evidence::{
    duration,
    predicate::{Kind, test_result::Word, vulns::Severity},
};
use jiff::SignedDuration;
use schemars::JsonSchema;

use super::{Read, list_of, moment, shape};
use crate::policy::{
    Accept, Claims, Cover, Limits,
    excerpt::Span,
    fault::{Collected, Fault, every},
    members::{At, Members, distinct, pointed, text, texts, unempty},
    moment::Edge,
    nearest::advice,
    tree::{Member, Node, Value},
};

/// The kinds of claim that a step can ask for by a word.
pub(super) const KINDS: [Kind; 7] = [
    Kind::Build,
    Kind::Scan,
    Kind::Test,
    Kind::Approval,
    Kind::Deployment,
    Kind::Sbom,
    Kind::Summary,
];

/// The severities that can be limited.
const SEVERITIES: [Severity; 5] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Unknown];

/// One thing that must be shown about the image: a claim of a kind, by a signer.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Step", rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::policy) struct WrittenStep {
    /// The kind of claim: a word, or a predicate type URI.
    #[schemars(rename = "type", with = "shape::ClaimKind")]
    pub(in crate::policy) claims: Read<At<Claims>>,
    /// Only evidence of this name; without it only evidence that has none.
    #[schemars(with = "Option<shape::Text>")]
    pub(in crate::policy) name: Read<Option<At<String>>>,
    /// The environment that an approval or a deployment must be for.
    #[schemars(with = "Option<shape::Text>")]
    pub(in crate::policy) environment: Read<Option<At<String>>>,
    /// Only scans by this scanner, such as `trivy`.
    #[schemars(with = "Option<shape::Text>")]
    pub(in crate::policy) tool: Read<Option<At<String>>>,
    /// Who may sign: a party, a group, or a list of them.
    #[schemars(with = "shape::Texts")]
    pub(in crate::policy) signed_by: Read<Option<At<Vec<At<String>>>>>,
    /// How many distinct parties must sign; 1 if not given.
    #[schemars(with = "Option<std::num::NonZeroU32>")]
    pub(in crate::policy) count: Read<Option<At<u64>>>,
    /// Steps whose signers may not sign this one.
    #[schemars(with = "Option<shape::Texts>")]
    pub(in crate::policy) not_signed_by: Read<Option<At<Vec<At<String>>>>>,
    /// Steps that this one must come after.
    #[schemars(with = "Option<shape::Texts>")]
    pub(in crate::policy) after: Read<Option<At<Vec<At<String>>>>>,
    /// Steps whose evidence this one must commit to; `{scan: newest}`: to the newest of it.
    #[schemars(with = "Option<shape::Covered>")]
    pub(in crate::policy) covers: Read<Option<At<Vec<At<Cover>>>>>,
    /// How old the newest evidence may be.
    #[schemars(with = "Option<shape::Length>")]
    pub(in crate::policy) max_age: Read<Option<At<SignedDuration>>>,
    /// How old the scanner's database may be, now.
    #[schemars(with = "Option<shape::Length>")]
    pub(in crate::policy) database_max_age: Read<Option<At<SignedDuration>>>,
    /// How many findings of each severity a scan may have.
    #[schemars(with = "Option<WrittenLimits>")]
    pub(in crate::policy) findings: Read<Option<At<Limits>>>,
    /// Findings that are accepted until a date.
    #[schemars(with = "Option<Vec<WrittenAccept>>")]
    pub(in crate::policy) accept: Read<Option<At<Vec<At<Accept>>>>>,
    /// Which results of a test are good; `passed` if not given.
    #[schemars(with = "Option<shape::Results>")]
    pub(in crate::policy) result: Read<Option<At<Vec<Word>>>>,
    /// What to tell the owner of the image when the step fails.
    #[schemars(with = "Option<shape::Text>")]
    pub(in crate::policy) hint: Read<Option<At<String>>>,
    /// That there is nothing else.
    #[schemars(skip)]
    pub(in crate::policy) nothing_else: Read<()>,
}

/// Most findings of each severity; a severity that is not named is not limited.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Findings", deny_unknown_fields)]
#[expect(dead_code, reason = "it stands here for the JSON Schema")]
struct WrittenLimits {
    /// At most so many critical findings.
    critical: Option<u64>,
    /// At most so many high findings.
    high: Option<u64>,
    /// At most so many medium findings.
    medium: Option<u64>,
    /// At most so many low findings.
    low: Option<u64>,
    /// At most so many findings of unknown severity; without it they count in the strictest limit.
    unknown: Option<u64>,
    /// `fixable`: leave out findings of which the report says that there is no fix.
    #[schemars(with = "Option<shape::OnlyFixable>")]
    only: (),
}

/// A finding that is accepted until a date.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Accept", deny_unknown_fields)]
#[expect(dead_code, reason = "it stands here for the JSON Schema")]
struct WrittenAccept {
    /// The finding, as the scanner names it: `CVE-2026-0001`.
    #[schemars(with = "shape::Text")]
    id: (),
    /// Until when it is accepted.
    #[schemars(with = "shape::Moment")]
    until: (),
    /// Why it is accepted.
    #[schemars(with = "shape::Text")]
    reason: (),
}

impl WrittenStep {
    pub(super) fn read(name: &At<String>, node: &Node, collected: &mut Collected) -> Read<Self> {
        let mut members =
            Members::of(node, name.span, format!("step `{}`", name.value), collected)?;
        Ok(Self {
            claims: claims(&mut members, collected),
            name: members.text("name", collected),
            environment: members.text("environment", collected),
            tool: tool(&mut members, collected),
            signed_by: words(&mut members, "signed-by", collected),
            count: members.number("count", collected),
            not_signed_by: words(&mut members, "not-signed-by", collected),
            after: words(&mut members, "after", collected),
            covers: covers(&mut members, collected),
            max_age: length(&mut members, "max-age", collected),
            database_max_age: length(&mut members, "database-max-age", collected),
            findings: findings(&mut members, collected),
            accept: accept(&mut members, collected),
            result: result(&mut members, collected),
            hint: members.text("hint", collected),
            nothing_else: members.finish(collected),
        })
    }
}

fn claims(members: &mut Members<'_>, collected: &mut Collected) -> Read<At<Claims>> {
    let words = KINDS.map(Kind::word);
    let Some(written) = members.text("type", collected)? else {
        let label = "nothing says which claims speak for it";
        let help = format!("add `type:` and one of {}", words.join(", "));
        return Err(collected.add(members.missing("type", label, &help)));
    };
    let kind = KINDS.into_iter().find(|kind| kind.word() == written.value);
    let is_uri = written.value.split_once(':').is_some_and(|(scheme, rest)| {
        !scheme.is_empty() && !rest.is_empty() && !written.value.contains(char::is_whitespace)
    });
    match kind {
        Some(kind) => Ok(written.map(|_| Claims::Kind(kind))),
        None if is_uri => Ok(written.map(Claims::Type)),
        None => {
            let fault = Fault::at(written.span, format!("unknown type `{}`", written.value))
                .label(advice(&written.value, words))
                .help("any other claim is named by its predicate type, a URI");
            Err(collected.add(fault))
        }
    }
}

/// A scanner's name, as it is taken from evidence: lowercase, without a version.
fn tool(members: &mut Members<'_>, collected: &mut Collected) -> Read<Option<At<String>>> {
    let Some(written) = members.text("tool", collected)? else { return Ok(None) };
    let lower = written.value.to_lowercase();
    if lower == written.value && !lower.contains(['/', '@']) && !lower.contains(char::is_whitespace)
    {
        return Ok(Some(written));
    }
    let fault = Fault::at(written.span, format!("no scanner is called `{}`", written.value))
        .label("this matches nothing")
        .help("a scanner is the last part of its URI, lowercase, without version: `trivy`");
    Err(collected.add(fault))
}

fn words(
    members: &mut Members<'_>,
    name: &'static str,
    collected: &mut Collected,
) -> Read<Option<At<Vec<At<String>>>>> {
    let Some(member) = members.take(name) else { return Ok(None) };
    Ok(Some(At { value: texts(member, collected)?, span: member.at }))
}

fn length(
    members: &mut Members<'_>,
    name: &'static str,
    collected: &mut Collected,
) -> Read<Option<At<SignedDuration>>> {
    if let Some(Member { node: Node { value: Value::Whole(number), span }, .. }) =
        members.take(name)
    {
        let fault = Fault::at(*span, format!("`{name}` has no unit"));
        let help = format!("write `{number}h` for hours, `{number}d` for days");
        return Err(collected.add(fault.label("how long is that?").help(help)));
    }
    let Some(written) = members.text(name, collected)? else { return Ok(None) };
    let fault = match duration::parse(&written.value) {
        Ok(length) if !length.is_zero() => {
            return Ok(Some(At { value: length, span: written.span }));
        }
        Ok(_) => Fault::at(written.span, format!("`{name}` is zero"))
            .label("nothing is ever that young")
            .help(format!("write how old it may be, such as `{name}: 36h`")),
        Err(error) => {
            Fault::at(written.span, format!("`{name}` is no duration")).label(error.to_string())
        }
    };
    Err(collected.add(fault))
}

fn covers(
    members: &mut Members<'_>,
    collected: &mut Collected,
) -> Read<Option<At<Vec<At<Cover>>>>> {
    let Some(member) = members.take("covers") else { return Ok(None) };
    let nodes = match &member.node.value {
        Value::List(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(&member.node),
    };
    unempty(member, nodes.is_empty(), collected)?;
    let lists = every(nodes.iter().map(|node| {
        match &node.value {
            Value::Map(entries) => {
                unempty(member, entries.is_empty(), collected)?;
                every(entries.iter().map(|entry| newest(entry, collected)))
            }
            _ => text(node, member.at, "covers", collected)
                .map(|step| vec![step.map(|step| Cover { step, newest: false })]),
        }
    }))?;
    let covers: Vec<At<Cover>> = lists.into_iter().flatten().collect();
    let names: Vec<At<String>> = covers
        .iter()
        .map(|cover| At { value: cover.value.step.clone(), span: cover.span })
        .collect();
    distinct("covers", &names, collected)?;
    Ok(Some(At { value: covers, span: member.at }))
}

fn newest(entry: &Member, collected: &mut Collected) -> Read<At<Cover>> {
    let word = text(&entry.node, entry.at, &entry.name, collected)?;
    if word.value == "newest" {
        let cover = Cover { step: entry.name.clone(), newest: true };
        return Ok(At { value: cover, span: entry.at });
    }
    let fault = Fault::at(word.span, format!("unknown word `{}` in `covers`", word.value))
        .label(advice(&word.value, ["newest"]))
        .help(format!("write `{}` alone if any of its evidence will do", entry.name));
    Err(collected.add(fault))
}

fn findings(members: &mut Members<'_>, collected: &mut Collected) -> Read<Option<At<Limits>>> {
    let Some(member) = members.take("findings") else { return Ok(None) };
    let mut limits = Members::of(&member.node, member.at, "`findings`", collected)?;
    let most = every(SEVERITIES.map(|severity| {
        let limit = limits.number(severity.word(), collected)?;
        Ok(limit.map(|limit| (severity, limit.value)))
    }));
    let only = limits.text("only", collected);
    limits.finish(collected)?;
    let most: BTreeMap<Severity, u64> = most?.into_iter().flatten().collect();
    let only = only?;
    if let Some(word) = only.as_ref().filter(|word| word.value != "fixable") {
        let fault = Fault::at(word.span, format!("unknown word `{}` in `findings`", word.value));
        return Err(collected.add(fault.label(advice(&word.value, ["fixable"]))));
    }
    if most.is_empty() {
        let fault = Fault::at(member.at, "`findings` limits nothing")
            .label("a severity that is not named is not limited")
            .help("name a limit, such as `findings: {critical: 0}`");
        return Err(collected.add(fault));
    }
    let at = collected.source.place(member.at.start);
    let limits = Limits { most, only_fixable: only.is_some(), at };
    Ok(Some(At { value: limits, span: member.at }))
}

fn accept(
    members: &mut Members<'_>,
    collected: &mut Collected,
) -> Read<Option<At<Vec<At<Accept>>>>> {
    let Some(member) = members.take("accept") else { return Ok(None) };
    let nodes = list_of(member, "`{id, until, reason}`", collected)?;
    let list = every(nodes.iter().map(|node| accepted(node, member.at, collected)))?;
    let ids: Vec<At<String>> = list
        .iter()
        .map(|accept| At { value: accept.value.id.clone(), span: accept.span })
        .collect();
    distinct("accept", &ids, collected)?;
    Ok(Some(At { value: list, span: member.at }))
}

fn accepted(node: &Node, owner: Span, collected: &mut Collected) -> Read<At<Accept>> {
    let span = pointed(node, owner);
    let mut members = Members::of(node, span, "an accepted finding", collected)?;
    let id = members.text("id", collected);
    let until = moment(&mut members, "until", Edge::End, collected);
    let reason = members.text("reason", collected);
    let no_id = members.missing("id", "which finding?", "add `id: CVE-2026-0001`");
    let no_until =
        members.missing("until", "nothing is accepted for ever", "add `until: 2026-12-31`");
    let no_reason =
        members.missing("reason", "somebody will ask", "add `reason:` and why it is accepted");
    let finished = members.finish(collected);
    let mut or = |missing: Fault| collected.add(missing);
    let id = id.and_then(|id| id.ok_or_else(|| or(no_id)));
    let until = until.and_then(|until| until.ok_or_else(|| or(no_until)));
    let reason = reason.and_then(|reason| reason.ok_or_else(|| or(no_reason)));
    finished?;
    let (id, until, reason) = (id?, until?, reason?);
    let accept = Accept { id: id.value, until: until.value, reason: reason.value };
    Ok(At { value: accept, span: id.span })
}

fn result(members: &mut Members<'_>, collected: &mut Collected) -> Read<Option<At<Vec<Word>>>> {
    let Some(written) = words(members, "result", collected)? else { return Ok(None) };
    let results = every(written.value.iter().map(|word| match word.value.as_str() {
        "passed" => Ok(Word::Passed),
        "warned" => Ok(Word::Warned),
        "failed" => {
            let fault = Fault::at(word.span, "a failed test cannot be good");
            Err(collected.add(fault.label("known: `passed`, `warned`")))
        }
        other => {
            let fault = Fault::at(word.span, format!("unknown result `{other}`"));
            Err(collected.add(fault.label(advice(other, ["passed", "warned"]))))
        }
    }))?;
    if !results.contains(&Word::Passed) {
        let fault = Fault::at(written.span, "`result` leaves out `passed`")
            .label("tests that all passed would fail the step")
            .help("write `result: [passed, warned]`");
        return Err(collected.add(fault));
    }
    Ok(Some(At { value: results, span: written.span }))
}
