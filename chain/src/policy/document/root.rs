//! Whom to believe besides the signers, as it is written: clocks and trusted roots.

use schemars::JsonSchema;

use super::{CLOCKS, Named, Read, named, shape};
use crate::policy::{
    Clocks,
    excerpt::Span,
    fault::{Collected, Fault, every},
    members::{At, Members},
    nearest::advice,
    tree::Member,
};

/// Most logs or clocks that may be asked for; the largest root that is published lists fewer.
const MOST: u64 = 32;

/// Whom to believe besides the signers.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Trust", deny_unknown_fields)]
pub(in crate::policy) struct WrittenTrust {
    /// Trusted roots by name: who may vouch for certificates, log entries and timestamps.
    #[schemars(with = "Option<shape::Roots>")]
    pub(in crate::policy) roots: Read<Named<WrittenRoot>>,
    /// Whose clocks may say that evidence is not younger than it claims.
    #[schemars(with = "Option<shape::TimeSources>")]
    pub(in crate::policy) time: Read<Option<At<Clocks>>>,
}

/// A trusted root: a file, or a repository that publishes one.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Root", deny_unknown_fields)]
#[expect(dead_code, reason = "`tuf` stands here for the JSON Schema")]
pub(in crate::policy) struct WrittenRoot {
    /// `sigstore`, `github`, or the file of a trusted root, relative to the policy file.
    #[schemars(rename = "root", with = "Option<shape::Text>")]
    pub(in crate::policy) source: WrittenSource,
    /// A TUF repository of one's own.
    #[schemars(with = "Option<WrittenRepository>")]
    tuf: (),
    /// For whose identities it may vouch; without it, for anybody's.
    #[schemars(with = "Option<shape::Texts>")]
    pub(in crate::policy) issuers: Option<Vec<At<String>>>,
    /// In how many of its logs a signature by certificate must be: 1 unless said otherwise.
    #[schemars(with = "Option<u64>", range(max = 32))]
    pub(in crate::policy) log: Option<At<usize>>,
    /// How many of its clocks must have seen a signature by certificate: 1 unless said otherwise.
    #[schemars(with = "Option<u64>", range(min = 1, max = 32))]
    pub(in crate::policy) timestamps: Option<At<usize>>,
}

/// A TUF repository.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Tuf", deny_unknown_fields)]
#[expect(dead_code, reason = "it stands here for the JSON Schema")]
struct WrittenRepository {
    /// Its address.
    #[schemars(with = "shape::HttpUrl")]
    url: (),
    /// The file of its root metadata, relative to the policy file.
    #[schemars(with = "shape::Text")]
    root: (),
}

/// Where a root comes from.
#[derive(Debug)]
pub(in crate::policy) enum WrittenSource {
    File(At<String>),
    Github(Span),
    Sigstore(Span),
    Tuf { url: At<String>, root: At<String> },
}

impl WrittenTrust {
    pub(super) fn of(members: &mut Members<'_>, collected: &mut Collected) -> Read<Self> {
        let Some(trust) = members.take("trust") else {
            return Ok(Self { roots: Ok(Vec::new()), time: Ok(None) });
        };
        let mut trusted = Members::of(&trust.node, trust.at, "`trust`", collected)?;
        let roots = match trusted.take("roots") {
            Some(roots) => named(roots, "_-", collected, WrittenRoot::read),
            None => Ok(Vec::new()),
        };
        let words = trusted.texts("time", collected);
        let span = trusted.take("time").map_or(trust.at, |member| member.at);
        let finished = trusted.finish(collected);
        let time = words.and_then(|words| words.map(|words| clocks(&words, collected)).transpose());
        finished?;
        Ok(Self { roots, time: time.map(|clocks| clocks.map(|value| At { value, span })) })
    }
}

fn clocks(words: &[At<String>], collected: &mut Collected) -> Read<Clocks> {
    let mut clocks = Clocks::default();
    every(words.iter().map(|word| {
        match word.value.as_str() {
            "claimed" => clocks.claimed = true,
            "log" => clocks.log = true,
            "timestamp" => clocks.timestamp = true,
            other => {
                let fault = Fault::at(word.span, format!("unknown clock `{other}`"));
                return Err(collected.add(fault.label(advice(other, CLOCKS))));
            }
        }
        Ok(())
    }))?;
    Ok(clocks)
}

impl WrittenRoot {
    fn read(name: &At<String>, entry: &Member, collected: &mut Collected) -> Read<Self> {
        let what = format!("root `{}`", name.value);
        let mut members = Members::of(&entry.node, name.span, what, collected)?;
        let root = members.text("root", collected);
        let tuf = members.take("tuf").map(|tuf| repository(name, tuf, collected)).transpose();
        let issuers = members.texts("issuers", collected);
        let log = amount(&mut members, "log", 0, collected);
        let timestamps = amount(&mut members, "timestamps", 1, collected);
        members.finish(collected)?;
        let source = source(name, root?, tuf?, collected)?;
        Ok(Self { source, tuf: (), issuers: issuers?, log: log?, timestamps: timestamps? })
    }
}

/// Where the root comes from: exactly one place.
fn source(
    name: &At<String>,
    root: Option<At<String>>,
    tuf: Option<WrittenSource>,
    collected: &mut Collected,
) -> Read<WrittenSource> {
    let fault = match (root, tuf) {
        (Some(root), None) => {
            return Ok(match root.value.as_str() {
                "github" => WrittenSource::Github(root.span),
                "sigstore" => WrittenSource::Sigstore(root.span),
                _ => WrittenSource::File(root),
            });
        }
        (None, Some(tuf)) => return Ok(tuf),
        (Some(root), Some(_)) => {
            Fault::at(root.span, format!("root `{}` comes from two places", name.value))
                .label("`root` and `tuf` exclude one another")
                .help("to keep a copy of what the repository publishes, name only the file")
        }
        (None, None) => Fault::at(name.span, format!("root `{}` comes from nowhere", name.value))
            .label("it has neither `root` nor `tuf`")
            .help("write `root: sigstore`, `root: github`, or `root: FILE`"),
    };
    Err(collected.add(fault))
}

fn repository(name: &At<String>, tuf: &Member, collected: &mut Collected) -> Read<WrittenSource> {
    let what = format!("`tuf` of root `{}`", name.value);
    let mut members = Members::of(&tuf.node, tuf.at, what, collected)?;
    let (url, root) = (members.text("url", collected), members.text("root", collected));
    let no_url = members.missing("url", "a repository has an address", "add `url: https://…`");
    let no_root = members.missing(
        "root",
        "nothing says whose metadata to believe",
        "add `root: FILE`, the root metadata that the repository began with",
    );
    members.finish(collected)?;
    let url = url?.ok_or(no_url).map_err(|fault| collected.add(fault));
    let root = root?.ok_or(no_root).map_err(|fault| collected.add(fault));
    let (url, root) = (url?, root?);
    if !url.value.starts_with("https://") && !url.value.starts_with("http://") {
        let fault = Fault::at(url.span, format!("`{}` is no address", url.value));
        return Err(collected.add(fault.label("not `https://…`")));
    }
    Ok(WrittenSource::Tuf { url, root })
}

fn amount(
    members: &mut Members<'_>,
    word: &'static str,
    least: u64,
    collected: &mut Collected,
) -> Read<Option<At<usize>>> {
    let Some(number) = members.number(word, collected)? else { return Ok(None) };
    match usize::try_from(number.value) {
        Ok(value) if (least..=MOST).contains(&number.value) => {
            Ok(Some(At { value, span: number.span }))
        }
        _ => {
            let fault = Fault::at(number.span, format!("`{word}` is {least} to {MOST}"));
            let label = match word {
                "log" => "no root lists more logs",
                _ => "a certificate ends within minutes: some clock must have seen the signature",
            };
            Err(collected.add(fault.label(label)))
        }
    }
}
