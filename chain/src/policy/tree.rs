//! YAML bytes as a tree whose every word knows where it stands.
//!
//! A policy is read in two strides, so that one look reports all its faults: this one stops at the
//! first fault, since past broken YAML nothing can be trusted; the next interprets the tree.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{
    Error, Location, Options, Spanned,
    options::{DuplicateKeyPolicy, MergeKeyPolicy},
};

use super::excerpt::Span;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) span: Span,
}

/// A YAML value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Bool,
    Fraction,
    List(Vec<Node>),
    Map(Vec<Member>),
    Null,
    Text(String),
    Whole(i128),
}

/// One member of a map.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) at: Span,
    pub(super) node: Node,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { value: spanned.value, span: span_of(spanned.referenced) })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Bool)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Whole(number.into()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Whole(number.into()))
    }

    fn visit_i128<E: de::Error>(self, number: i128) -> Result<Value, E> {
        Ok(Value::Whole(number))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Fraction)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        if text.len() > MOST_TEXT {
            return Err(E::custom("a text is longer than 4 KiB"));
        }
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = items.next_element()? {
            list.push(node);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = entries.next_key::<Spanned<String>>()? {
            let at = span_of(name.referenced);
            members.push(Member { name: name.value, at, node: entries.next_value()? });
        }
        Ok(Value::Map(members))
    }
}

fn span_of(location: Location) -> Span {
    let span = location.span();
    let usize_of =
        |number: Option<u64>| usize::try_from(number.unwrap_or_default()).unwrap_or_default();
    let start = usize_of(span.byte_offset());
    Span { start, end: start.saturating_add(usize_of(span.byte_len())) }
}

/// Most bytes of one text: a hint, a reason or a path is shorter.
const MOST_TEXT: usize = 4096;

/// Reads one YAML document.
pub(super) fn read(text: &str) -> Result<Node, Error> {
    serde_saphyr::from_str_with_options(text, options())
}

/// Far above what a policy needs, far below what would cost a second: an alias repeats what it
/// stands for, and aliases of aliases would repeat it without end.
fn options() -> Options {
    serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_depth: 16,
            flow_nesting_limit: 16,
            max_documents: 1,
            max_nodes: 50_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 10_000,
            max_replay_stack_depth: 8,
        },
    }
}
