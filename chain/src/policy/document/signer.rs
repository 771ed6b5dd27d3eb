//! A signer as it is written: a party with its credentials, or a group of parties.

use evidence::time::Timestamp;
use schemars::JsonSchema;

use super::{Read, moment, shape};
use crate::policy::{
    excerpt::Span,
    fault::{Collected, Fault},
    members::{At, Members},
    moment::Edge,
    tree::{Node, Value},
};

/// A signer as it is written.
#[derive(Debug)]
pub(in crate::policy) enum WrittenSigner {
    /// Other signers, by name.
    Group(At<Vec<At<String>>>),
    /// One party.
    Party(Vec<Read<WrittenCredential>>),
}

/// What a party signs with, and when that counts.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Credential", deny_unknown_fields)]
pub(in crate::policy) struct WrittenCredential {
    /// The file of the public key, PEM, relative to the policy file.
    #[schemars(with = "shape::Text")]
    pub(in crate::policy) key: At<String>,
    /// From when on a signature counts; compared with the time after which it was made.
    #[schemars(with = "Option<shape::Moment>")]
    pub(in crate::policy) from: Option<At<Timestamp>>,
    /// Until when a signature counts; compared with the time before which it was made.
    #[schemars(with = "Option<shape::Moment>")]
    pub(in crate::policy) until: Option<At<Timestamp>>,
    /// Where the policy says so.
    #[schemars(skip)]
    pub(in crate::policy) at: Span,
}

/// A group: any of its parties may sign.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Group", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "it stands here for the JSON Schema")]
pub(super) struct WrittenGroup {
    /// Signers, by name.
    #[schemars(with = "shape::Texts")]
    any_of: (),
}

impl WrittenSigner {
    pub(super) fn read(name: &At<String>, node: &Node, collected: &mut Collected) -> Read<Self> {
        match &node.value {
            Value::List(nodes) if !nodes.is_empty() => {
                let listed =
                    nodes.iter().map(|node| WrittenCredential::listed(name, node, collected));
                Ok(Self::Party(listed.collect()))
            }
            Value::Map(_) => {
                let what = format!("signer `{}`", name.value);
                let members = Members::of(node, name.span, what, collected)?;
                if members.has("any-of") {
                    return group(name, members, collected).map(Self::Group);
                }
                Ok(Self::Party(vec![WrittenCredential::read(members, name.span, name, collected)]))
            }
            _ => {
                let fault = Fault::at(name.span, format!("signer `{}` has no key", name.value));
                Err(collected.add(fault.label("it proves nothing").help(format!(
                    "write `{0}: {{key: keys/{0}.pub}}`, a list of such, or `{{any-of: […]}}`",
                    name.value
                ))))
            }
        }
    }
}

fn group(
    name: &At<String>,
    mut members: Members<'_>,
    collected: &mut Collected,
) -> Read<At<Vec<At<String>>>> {
    if let Some(key) = members.take("key") {
        let fault = Fault::at(key.at, format!("group `{}` has a key", name.value));
        let help = "make the key's holder a party of its own, and name it in `any-of`";
        return Err(collected.add(fault.label("a group is only a name for others").help(help)));
    }
    let any_of = members.texts("any-of", collected);
    let span = members.take("any-of").map_or(name.span, |member| member.at);
    members.finish(collected)?;
    Ok(At { value: any_of?.unwrap_or_default(), span })
}

impl WrittenCredential {
    /// One of several credentials of a party.
    fn listed(party: &At<String>, node: &Node, collected: &mut Collected) -> Read<Self> {
        let what = format!("a credential of `{}`", party.value);
        let mut members = Members::of(node, party.span, what, collected)?;
        if let Some(group) = members.take("any-of") {
            let fault = Fault::at(group.at, "a group cannot stand among credentials")
                .label("this would make the group one party")
                .help("give the group a name of its own: `NAME: {any-of: […]}`");
            return Err(collected.add(fault));
        }
        Self::read(members, node.span, party, collected)
    }

    fn read(
        mut members: Members<'_>,
        at: Span,
        party: &At<String>,
        collected: &mut Collected,
    ) -> Read<Self> {
        let key = members.text("key", collected);
        let from = moment(&mut members, "from", Edge::Start, collected);
        let until = moment(&mut members, "until", Edge::End, collected);
        let missing = members.missing(
            "key",
            "a signer is known by its key",
            &format!("add `key: keys/{}.pub`", party.value),
        );
        members.finish(collected)?;
        let Some(key) = key? else { return Err(collected.add(missing)) };
        let (from, until) = (from?, until?);
        if let (Some(from), Some(until)) = (&from, &until)
            && from.value >= until.value
        {
            let fault = Fault::at(until.span, "this credential is never valid");
            let fault = fault.label("it ends before it begins").also(from.span, "it begins here");
            return Err(collected.add(fault));
        }
        Ok(Self { key, from, until, at })
    }
}
