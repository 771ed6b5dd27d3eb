//! The members of a map in the policy, taken one by one by those who know their names.
//!
//! Whoever reads a map takes each member that may stand there and then says [`Members::finish`]:
//! what was not taken is unknown, and unknown is a fault. Nothing in a policy is ignored.

use super::{
    excerpt::Span,
    fault::{Collected, Fault, Faulted, every},
    nearest::advice,
    tree::{Member, Node, Value},
};

/// A value and where the policy has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

impl<T> At<T> {
    pub(super) fn map<U>(self, to: impl FnOnce(T) -> U) -> At<U> {
        At { value: to(self.value), span: self.span }
    }
}

/// Members of the language that this version does not read, so that their absence here surprises
/// nobody who knows them.
const LATER: [(&str, &str); 5] = [
    ("vouched-by", "vouching for others is not supported by this version"),
    ("require", "rules are not supported by this version"),
    ("exceptions", "exceptions are not supported by this version"),
    ("revoked", "revocation is not supported by this version"),
    ("<<", "merging is not part of YAML 1.2"),
];

/// Members that cannot be left out, where they may stand.
const NEEDED: [&str; 13] = [
    "any-of",
    "id",
    "identity",
    "images",
    "issuer",
    "key",
    "reason",
    "root",
    "signed-by",
    "signers",
    "type",
    "until",
    "url",
];

/// What to do about a member that says nothing.
fn fill(name: &str) -> String {
    match NEEDED.contains(&name) {
        true => "write something here".to_owned(),
        false => format!("write something here, or leave `{name}` out"),
    }
}

/// A map of which members are taken.
pub(super) struct Members<'a> {
    /// What the map is, for messages: `step `scan``.
    what: String,
    /// Where that is said.
    owner: Span,
    members: &'a [Member],
    taken: Vec<&'static str>,
}

impl<'a> Members<'a> {
    /// The members of a node that must be a map.
    pub(super) fn of(
        node: &'a Node,
        owner: Span,
        what: impl Into<String>,
        collected: &mut Collected,
    ) -> Result<Self, Faulted> {
        let what = what.into();
        let members = entries(node, owner, &what, collected)?;
        Ok(Self { what, owner, members, taken: Vec::new() })
    }

    /// The member of that name, if it is there.
    pub(super) fn take(&mut self, name: &'static str) -> Option<&'a Member> {
        if !self.taken.contains(&name) {
            self.taken.push(name);
        }
        self.members.iter().find(|member| member.name == name)
    }

    /// Whether a member of that name is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }

    /// A fault for a member that must be there and is not.
    pub(super) fn missing(&self, name: &str, label: &str, help: &str) -> Fault {
        Fault::at(self.owner, format!("{} has no `{name}`", self.what)).label(label).help(help)
    }

    /// A fault for each member that nobody took.
    pub(super) fn finish(self, collected: &mut Collected) -> Result<(), Faulted> {
        every(
            self.members.iter().filter(|member| !self.taken.contains(&member.name.as_str())).map(
                |member| {
                    let later = LATER.iter().find(|(name, _)| *name == member.name);
                    let (title, label) = match later {
                        Some((name, why)) => (format!("`{name}`: {why}"), "remove this".to_owned()),
                        None => (
                            format!("{} has no member `{}`", self.what, member.name),
                            advice(&member.name, self.taken.iter().copied()),
                        ),
                    };
                    Err::<(), _>(collected.add(Fault::at(member.at, title).label(label)))
                },
            ),
        )?;
        Ok(())
    }

    /// A member that is a text and not empty.
    pub(super) fn text(
        &mut self,
        name: &'static str,
        collected: &mut Collected,
    ) -> Result<Option<At<String>>, Faulted> {
        self.take(name).map(|member| text(&member.node, member.at, name, collected)).transpose()
    }

    /// A member that is a text or a list of texts, none of them twice.
    pub(super) fn texts(
        &mut self,
        name: &'static str,
        collected: &mut Collected,
    ) -> Result<Option<Vec<At<String>>>, Faulted> {
        self.take(name).map(|member| texts(member, collected)).transpose()
    }

    /// A member that is true or false.
    pub(super) fn flag(
        &mut self,
        name: &'static str,
        collected: &mut Collected,
    ) -> Result<Option<At<bool>>, Faulted> {
        let Some(member) = self.take(name) else { return Ok(None) };
        let span = pointed(&member.node, member.at);
        match (&member.node.value, collected.source.slice(member.node.span)) {
            (Value::Bool, "true") => Ok(Some(At { value: true, span })),
            (Value::Bool, "false") => Ok(Some(At { value: false, span })),
            (other, _) => {
                let fault = Fault::at(span, format!("`{name}` must be `true` or `false`"));
                let label = format!("this is {}", kind_of(other));
                Err(collected.add(fault.label(label)))
            }
        }
    }

    /// A member that is a whole number, zero or more.
    pub(super) fn number(
        &mut self,
        name: &'static str,
        collected: &mut Collected,
    ) -> Result<Option<At<u64>>, Faulted> {
        let Some(member) = self.take(name) else { return Ok(None) };
        let span = pointed(&member.node, member.at);
        match &member.node.value {
            Value::Whole(number) if u64::try_from(*number).is_ok() => {
                Ok(u64::try_from(*number).ok().map(|value| At { value, span }))
            }
            other => {
                let fault = Fault::at(span, format!("`{name}` must be a whole number, 0 or more"));
                Err(collected.add(fault.label(format!("this is {}", kind_of(other)))))
            }
        }
    }
}

/// The members of a node that must be a map.
pub(super) fn entries<'a>(
    node: &'a Node,
    owner: Span,
    what: &str,
    collected: &mut Collected,
) -> Result<&'a [Member], Faulted> {
    match &node.value {
        Value::Map(members) => Ok(members),
        other => {
            let fault = Fault::at(pointed(node, owner), format!("{what} must be a map"));
            Err(collected.add(fault.label(format!("this is {}", kind_of(other)))))
        }
    }
}

/// Where to point for a node: at itself, or at its name where it has no text of its own.
pub(super) fn pointed(node: &Node, owner: Span) -> Span {
    if node.span.start < node.span.end { node.span } else { owner }
}

/// The text of a node, which may not be empty.
pub(super) fn text(
    node: &Node,
    owner: Span,
    name: &str,
    collected: &mut Collected,
) -> Result<At<String>, Faulted> {
    let span = pointed(node, owner);
    let fault = match &node.value {
        Value::Text(text) if !text.trim().is_empty() => {
            return Ok(At { value: text.clone(), span });
        }
        Value::Null | Value::Text(_) => Fault::at(span, format!("`{name}` has no value"))
            .label("there is nothing here")
            .help(fill(name)),
        Value::Bool | Value::Fraction | Value::Whole(_) => {
            let quoted = collected.source.slice(node.span).to_owned();
            Fault::at(span, format!("`{name}` must be text"))
                .label("YAML does not read this as text")
                .help(format!("put it in quotes: `\"{quoted}\"`"))
        }
        other => Fault::at(span, format!("`{name}` must be text"))
            .label(format!("this is {}", kind_of(other))),
    };
    Err(collected.add(fault))
}

/// A text that stands alone, or a list of them.
pub(super) fn texts(
    member: &Member,
    collected: &mut Collected,
) -> Result<Vec<At<String>>, Faulted> {
    let Value::List(nodes) = &member.node.value else {
        return Ok(vec![text(&member.node, member.at, &member.name, collected)?]);
    };
    let list = every(nodes.iter().map(|node| text(node, member.at, &member.name, collected)))?;
    unempty(member, list.is_empty(), collected)?;
    distinct(&member.name, &list, collected)?;
    Ok(list)
}

/// A fault if a list or map that must hold something is empty.
pub(super) fn unempty(
    member: &Member,
    is_empty: bool,
    collected: &mut Collected,
) -> Result<(), Faulted> {
    if !is_empty {
        return Ok(());
    }
    let fault = Fault::at(member.at, format!("`{}` is empty", member.name))
        .label("there is nothing in it")
        .help(fill(&member.name));
    Err(collected.add(fault))
}

/// A fault for each word that stands in a list more than once.
pub(super) fn distinct(
    name: &str,
    list: &[At<String>],
    collected: &mut Collected,
) -> Result<(), Faulted> {
    every(list.iter().enumerate().filter_map(|(index, word)| {
        let first = list.iter().take(index).find(|earlier| earlier.value == word.value)?;
        let fault = Fault::at(word.span, format!("`{}` stands twice in `{name}`", word.value))
            .label("once is enough")
            .also(first.span, "first here");
        Some(Err::<(), _>(collected.add(fault)))
    }))?;
    Ok(())
}

/// What a value is, for people.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Bool => "true or false",
        Value::Fraction => "a fraction, or a number too large",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
        Value::Null => "nothing",
        Value::Text(_) => "text",
        Value::Whole(number) if *number < 0 => "a negative number",
        Value::Whole(_) => "a number",
    }
}
