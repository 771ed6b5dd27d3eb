//! Reads a report piece by piece, so that it costs no more memory than its findings.
//!
//! A list of a stranger's length is not turned into values at once: `{}` is three bytes in a report
//! and two hundred in memory. It is kept as pieces of the text, and each is read and let go. A piece
//! that is to be an object must be one: serde would take a list for it, member by member.

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    super::{Refused, ReportFile, refused::Counted},
    FINDINGS,
};

/// Texts in a list that belongs to one thing: the digests of an image, the ids of a finding.
const TEXTS: usize = 1000;

/// A report, and the name of its format in messages.
#[derive(Clone, Copy)]
pub(super) struct Document<'a> {
    file: &'a ReportFile,
    format: &'static str,
}

/// A list, each item as it stands in the report.
#[derive(Default)]
pub(super) struct List<'a> {
    items: Vec<&'a RawValue>,
    /// Whether there are more than are kept.
    more: bool,
}

impl<'a> Document<'a> {
    /// A report of this format.
    pub(super) fn new(file: &'a ReportFile, format: &'static str) -> Self {
        Self { file, format }
    }

    /// The file, as it was named.
    pub(super) fn path(self) -> &'a str {
        &self.file.path
    }

    /// The whole report.
    pub(super) fn whole<T: Deserialize<'a>>(self) -> Result<T, Refused> {
        serde_json::from_slice(&self.file.bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            self.unreadable(line, column)
        })
    }

    /// One object of it.
    pub(super) fn object<T: Deserialize<'a>>(self, piece: &'a RawValue) -> Result<T, Refused> {
        let text = piece.get();
        // Where a piece stands is a walk through all before it: only a fault is worth that.
        if !text.starts_with('{') {
            let (line, column) = self.place(text);
            return Err(self.unreadable(line, column));
        }
        serde_json::from_str(text).map_err(|error| {
            let (line, column) = self.place(text);
            match error.line() {
                0 | 1 => self.unreadable(line, column.saturating_add(error.column())),
                further => self.unreadable(line.saturating_add(further - 1), error.column()),
            }
        })
    }

    /// One object of it that may be absent, or `null`.
    pub(super) fn maybe<T: Deserialize<'a> + Default>(
        self,
        piece: Option<&'a RawValue>,
    ) -> Result<T, Refused> {
        match piece.filter(|piece| piece.get() != "null") {
            Some(piece) => self.object(piece),
            None => Ok(T::default()),
        }
    }

    /// The objects of a list, one after another.
    pub(super) fn each<T: Deserialize<'a>>(
        self,
        list: Option<List<'a>>,
        mut take: impl FnMut(T) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let List { items, more } = list.unwrap_or_default();
        if more {
            return Err(too_many());
        }
        items.into_iter().try_for_each(|piece| take(self.object(piece)?))
    }

    fn unreadable(self, line: usize, column: usize) -> Refused {
        Refused::Unreadable { file: self.file.path.clone(), format: self.format, line, column }
    }

    /// Where a piece of the text begins.
    fn place(self, piece: &str) -> (usize, usize) {
        let offset = piece.as_ptr().addr().saturating_sub(self.file.bytes.as_ptr().addr());
        let before = self.file.bytes.get(..offset).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count();
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
        (line + 1, column)
    }
}

/// Refuses more findings than one attestation may have.
pub(super) fn too_many() -> Refused {
    let limit = u64::try_from(FINDINGS).unwrap_or(u64::MAX);
    Refused::TooMany { what: Counted::Findings, limit }
}

impl<'de: 'a, 'a> Deserialize<'de> for List<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items;
        impl<'de> Visitor<'de> for Items {
            type Value = List<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<'de>, A::Error> {
                let mut items = Vec::new();
                while items.len() < FINDINGS {
                    match list.next_element()? {
                        Some(item) => items.push(item),
                        None => return Ok(List { items, more: false }),
                    }
                }
                let mut more = false;
                while list.next_element::<IgnoredAny>()?.is_some() {
                    more = true;
                }
                Ok(List { items, more })
            }
        }
        deserializer.deserialize_seq(Items)
    }
}

/// Reads a short list of texts: `#[serde(deserialize_with = "texts")]`. `null` is none.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Texts;
    impl<'de> Visitor<'de> for Texts {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a short list of texts")
        }

        fn visit_unit<E>(self) -> Result<Vec<String>, E> {
            Ok(Vec::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<String>, A::Error> {
            let mut texts = Vec::new();
            while let Some(text) = list.next_element()? {
                if texts.len() == TEXTS {
                    return Err(A::Error::invalid_length(TEXTS + 1, &self));
                }
                texts.push(text);
            }
            Ok(texts)
        }
    }
    deserializer.deserialize_any(Texts)
}

/// An empty text says nothing.
pub(super) fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
