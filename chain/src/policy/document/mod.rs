//! The policy file as it is written: every member read, no name resolved, no file opened.
//!
//! The structs are the language: their members, in kebab-case, are all that a policy may say, and
//! `policies/policy.schema.json` is made from them. A member that could not be read stands as
//! [`Faulted`], so that the rest is still looked at.

pub(super) mod image;
pub(super) mod root;
mod shape;
pub(super) mod signer;
pub(super) mod step;

use evidence::time::Timestamp;
use image::WrittenImage;
use root::WrittenTrust;
use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::RecursiveTransform};
use signer::WrittenSigner;
use step::WrittenStep;

use super::{
    Fact, Glob,
    excerpt::Span,
    fault::{Collected, Fault, Faulted, every},
    glob::GlobError,
    members::{self, At, Members, unempty},
    moment::{self, Edge},
    tree::{Member, Node, Value},
};

/// The only version of the language.
const VERSION: u64 = 1;

/// The words of `trust.time`.
const CLOCKS: [&str; 3] = ["claimed", "log", "timestamp"];

/// Most entries of one map: more than any policy has, few enough to be compared with one another.
const MOST_ENTRIES: usize = 500;

/// What a member says, or that it has a fault.
pub(super) type Read<T> = Result<T, Faulted>;

/// Named entries of a map, in the order of the file.
pub(super) type Named<T> = Vec<(At<String>, Read<T>)>;

/// What must be shown about an image before it is deployed.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Policy", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "`schema` stands here for the JSON Schema")]
pub(super) struct Document {
    /// The version of this language: 1.
    #[schemars(with = "shape::Version")]
    schema: (),
    /// Which revision of the policy this is; printed in every verdict.
    #[schemars(with = "Option<u64>")]
    pub(super) revision: Read<Option<At<u64>>>,
    /// What the policy is called; without it, the name of the file.
    #[schemars(with = "Option<shape::Text>")]
    pub(super) name: Read<Option<At<String>>>,
    /// Where somebody who was denied finds people.
    #[schemars(with = "Option<shape::Text>")]
    pub(super) contact: Read<Option<At<String>>>,
    /// Which images the policy is for; `*` stands for anything up to the next `/`.
    #[schemars(with = "shape::Texts")]
    pub(super) images: Read<Vec<Glob>>,
    /// Until when the policy may be used.
    #[schemars(with = "Option<shape::Moment>")]
    pub(super) expires: Read<Option<At<Timestamp>>>,
    /// Whom to believe besides the signers.
    #[schemars(with = "Option<WrittenTrust>")]
    pub(super) trust: Read<WrittenTrust>,
    /// Who signs: parties with their keys, and groups of parties.
    #[schemars(with = "shape::Signers")]
    pub(super) signers: Read<Named<WrittenSigner>>,
    /// What must be shown, step by step.
    #[schemars(with = "shape::Steps")]
    pub(super) steps: Read<Named<WrittenStep>>,
    /// Which steps each gate asks for: a list, or `all`.
    #[schemars(with = "Option<shape::Environments>")]
    pub(super) environments: Read<Named<Vec<At<String>>>>,
    /// Facts that must be present and equal across steps.
    #[schemars(with = "Option<shape::SameFacts>")]
    pub(super) same: Read<Vec<Read<WrittenSame>>>,
    /// What is asked about the image itself.
    #[schemars(with = "Option<WrittenImage>")]
    pub(super) image: Read<WrittenImage>,
    /// That there is nothing else.
    #[schemars(skip)]
    pub(super) nothing_else: Read<()>,
}

/// A fact that must be equal across steps.
#[derive(Debug)]
pub(super) struct WrittenSame {
    pub(super) fact: Fact,
    pub(super) steps: Vec<At<String>>,
    pub(super) at: Span,
}

impl Document {
    /// Reads the tree of a policy file.
    pub(super) fn read(node: &Node, collected: &mut Collected) -> Read<Self> {
        let whole = Span::default();
        if matches!(node.value, Value::Null) {
            return Err(collected.add(
                Fault::of_file("the policy is empty")
                    .help("docs/policy.md begins with a first one"),
            ));
        }
        let mut members = Members::of(node, whole, "the policy", collected)?;
        let schema = version(&mut members, collected);
        let trust = WrittenTrust::of(&mut members, collected);
        Ok(Self {
            schema: (),
            revision: members.number("revision", collected),
            name: members.text("name", collected),
            contact: members.text("contact", collected),
            images: images(&mut members, collected),
            expires: moment(&mut members, "expires", Edge::End, collected),
            trust,
            signers: signers(&mut members, collected),
            steps: steps(&mut members, collected),
            environments: environments(&mut members, collected),
            same: same(&mut members, collected),
            image: WrittenImage::of(&mut members, collected),
            nothing_else: members.finish(collected).and(schema),
        })
    }
}

/// The JSON Schema of a policy file.
pub fn schema() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(no_null));
    let generator = settings.into_generator();
    generator.into_root_schema_for::<Document>().to_value()
}

/// A member without a value is a fault: what may be left out may not be null.
fn no_null(schema: &mut Schema) {
    let is_null = |value: &serde_json::Value| {
        value.is_null() || value == "null" || value.get("type").is_some_and(|kind| kind == "null")
    };
    for keyword in ["anyOf", "enum", "type"] {
        let Some(serde_json::Value::Array(values)) = schema.get_mut(keyword) else { continue };
        values.retain(|value| !is_null(value));
        let Some(only) = (if values.len() == 1 { values.pop() } else { None }) else { continue };
        match (keyword, only) {
            ("anyOf", serde_json::Value::Object(only)) => {
                schema.remove(keyword);
                only.into_iter().for_each(|(name, value)| _ = schema.insert(name, value));
            }
            ("enum", only) => {
                schema.remove(keyword);
                schema.insert("const".to_owned(), only);
            }
            (_, only) => _ = schema.insert(keyword.to_owned(), only),
        }
    }
}

/// The version that the file says, before anything else is looked at.
pub(super) fn other_version(node: &Node, collected: &mut Collected) -> Read<()> {
    let Value::Map(members) = &node.value else { return Ok(()) };
    let Some(member) = members.iter().find(|member| member.name == "schema") else { return Ok(()) };
    match member.node.value {
        Value::Whole(number) if number != i128::from(VERSION) => {
            let span = members::pointed(&member.node, member.at);
            let fault =
                Fault::at(span, format!("this version reads policies of schema 1, not {number}"))
                    .label("the only version is 1")
                    .help("if the policy is newer than this program, upgrade the program");
            Err(collected.add(fault))
        }
        _ => Ok(()),
    }
}

fn version(members: &mut Members<'_>, collected: &mut Collected) -> Read<()> {
    match members.number("schema", collected)? {
        Some(_) => Ok(()),
        None => Err(collected.add(
            Fault::of_file("the policy does not say its `schema`")
                .help("begin it with `schema: 1`"),
        )),
    }
}

fn images(members: &mut Members<'_>, collected: &mut Collected) -> Read<Vec<Glob>> {
    let Some(texts) = members.texts("images", collected)? else {
        let fault = Fault::of_file("the policy does not say which `images` it is for")
            .help("add `images: [\"registry.example.com/payments/*\"]`");
        return Err(collected.add(fault));
    };
    every(texts.into_iter().map(|image| {
        image.value.parse().map_err(|error: GlobError| {
            let title = format!("`{}` is no pattern for image names", image.value);
            let example = "such as `registry.example.com/payments/*`";
            collected.add(Fault::at(image.span, title).label(error.to_string()).help(example))
        })
    }))
}

fn signers(members: &mut Members<'_>, collected: &mut Collected) -> Read<Named<WrittenSigner>> {
    let Some(member) = members.take("signers") else {
        let fault = Fault::of_file("the policy names no `signers`")
            .help("add `signers: {release: {key: keys/release.pub}}`");
        return Err(collected.add(fault));
    };
    named(member, "._@/+-", collected, |name, entry, collected| {
        WrittenSigner::read(name, &entry.node, collected)
    })
}

fn steps(members: &mut Members<'_>, collected: &mut Collected) -> Read<Named<WrittenStep>> {
    let fault = |fault: Fault| {
        fault
            .label("a policy that asks for nothing would allow everything")
            .help("add `steps: {build: {type: build, signed-by: NAME}}`")
    };
    match members.take("steps") {
        None => Err(collected.add(fault(Fault::of_file("the policy has no steps")))),
        Some(member) if is_nothing(&member.node) => {
            Err(collected.add(fault(Fault::at(member.at, "the policy has no steps"))))
        }
        Some(member) => named(member, "_-", collected, |name, entry, collected| {
            WrittenStep::read(name, &entry.node, collected)
        }),
    }
}

fn is_nothing(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::List(list) => list.is_empty(),
        Value::Map(members) => members.is_empty(),
        _ => false,
    }
}

fn environments(
    members: &mut Members<'_>,
    collected: &mut Collected,
) -> Read<Named<Vec<At<String>>>> {
    let Some(member) = members.take("environments") else { return Ok(Vec::new()) };
    named(member, "._@/+-", collected, |_, entry, collected| members::texts(entry, collected))
}

fn same(members: &mut Members<'_>, collected: &mut Collected) -> Read<Vec<Read<WrittenSame>>> {
    let Some(member) = members.take("same") else { return Ok(Vec::new()) };
    let mut facts = Members::of(&member.node, member.at, "`same`", collected)?;
    let mut read = Vec::new();
    for fact in Fact::ALL {
        let Some(entry) = facts.take(fact.word()) else { continue };
        let steps = members::texts(entry, collected).and_then(|steps| match steps.len() {
            0 | 1 => Err(collected.add(
                Fault::at(entry.at, format!("`same` compares `{}` of one step only", entry.name))
                    .label("equality needs two steps")
                    .help("name at least two steps, or leave this out"),
            )),
            _ => Ok(WrittenSame { fact, steps, at: entry.at }),
        });
        read.push(steps);
    }
    read.extend(facts.finish(collected).err().map(Err));
    unempty(member, read.is_empty(), collected)?;
    Ok(read)
}

/// A member that is a date or a time.
pub(super) fn moment(
    members: &mut Members<'_>,
    name: &'static str,
    edge: Edge,
    collected: &mut Collected,
) -> Read<Option<At<Timestamp>>> {
    let Some(written) = members.text(name, collected)? else { return Ok(None) };
    match moment::parse(&written.value, edge) {
        Some(time) => Ok(Some(At { value: time, span: written.span })),
        None => {
            let fault = Fault::at(written.span, format!("`{name}` is neither a date nor a time"))
                .label("not `2026-12-31`, nor `2026-12-31T18:00:00Z`")
                .help("a time needs its offset from UTC: `Z`, or such as `+01:00`");
            Err(collected.add(fault))
        }
    }
}

/// The entries of a map whose members have names of the author's own.
fn named<T>(
    member: &Member,
    punctuation: &str,
    collected: &mut Collected,
    mut read: impl FnMut(&At<String>, &Member, &mut Collected) -> Read<T>,
) -> Read<Named<T>> {
    let what = format!("`{}`", member.name);
    let entries = members::entries(&member.node, member.at, &what, collected)?;
    unempty(member, entries.is_empty(), collected)?;
    if entries.len() > MOST_ENTRIES {
        let title = format!("`{}` has more than {MOST_ENTRIES} entries", member.name);
        return Err(collected.add(Fault::at(member.at, title).label("split the policy")));
    }
    let mut all = Vec::new();
    for entry in entries {
        let name = At { value: entry.name.clone(), span: entry.at };
        let fits = spelled(&name, punctuation, collected);
        let value = read(&name, entry, collected);
        all.push((name, fits.and(value)));
    }
    Ok(all)
}

/// A fault for a name that could be taken for something else in a report or a command line.
fn spelled(name: &At<String>, punctuation: &str, collected: &mut Collected) -> Read<()> {
    let begins = name.value.starts_with(|c: char| c.is_ascii_alphanumeric());
    let plain = name.value.chars().all(|c| c.is_ascii_alphanumeric() || punctuation.contains(c));
    if begins && plain && name.value.len() <= 64 {
        return Ok(());
    }
    let marks = punctuation.chars().map(|mark| format!("`{mark}`")).collect::<Vec<_>>().join(" ");
    let fault = Fault::at(name.span, format!("`{}` is no name", name.value)).label(format!(
        "a name is up to 64 letters (a to z), digits and {marks}, and begins with a letter or digit"
    ));
    Err(collected.add(fault))
}

/// A text as the path or word that a member of a list holds.
pub(super) fn list_of<'a>(
    member: &'a Member,
    what: &str,
    collected: &mut Collected,
) -> Read<&'a [Node]> {
    let Value::List(nodes) = &member.node.value else {
        let span = members::pointed(&member.node, member.at);
        let fault = Fault::at(span, format!("`{}` must be a list of {what}", member.name));
        let label = format!("this is {}", members::kind_of(&member.node.value));
        return Err(collected.add(fault.label(label)));
    };
    unempty(member, nodes.is_empty(), collected)?;
    Ok(nodes)
}
