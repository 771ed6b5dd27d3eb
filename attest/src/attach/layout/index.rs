//! `index.json`, to be added to and otherwise left as it is: every member and every entry, also
//! those of other tools, keeps its own text and place.

use std::fmt;

use evidence::{
    Digest,
    json::{Map, Value, json},
};
use registry::{Descriptor, layout::REF_NAME};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::value::{RawValue, to_raw_value};

const MANIFESTS: &str = "manifests";

/// The members of an index, in their order.
#[derive(Debug)]
pub(in crate::attach) struct Index {
    members: Vec<(String, Box<RawValue>)>,
}

/// What is read of an entry.
#[derive(Debug, Deserialize)]
pub(in crate::attach) struct Entry {
    digest: String,
    #[serde(default)]
    annotations: Value,
}

impl Entry {
    /// The digest; `None` if it is none that we know.
    pub(in crate::attach) fn digest(&self) -> Option<Digest> {
        self.digest.parse().ok()
    }

    /// The tag.
    pub(in crate::attach) fn tag(&self) -> Option<&str> {
        self.annotations.get(REF_NAME)?.as_str()
    }
}

impl Index {
    pub(super) fn parse(bytes: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(bytes)
    }

    /// Adds an entry; `false` if its digest is listed already.
    pub(in crate::attach) fn add(&mut self, descriptor: &Descriptor) -> serde_json::Result<bool> {
        let digest = descriptor.digest.to_string();
        let mut entries = self.entries()?;
        if entries.iter().any(|(entry, _)| entry.digest == digest) {
            return Ok(false);
        }
        entries.push(read(to_raw_value(descriptor)?)?);
        self.put(entries)?;
        Ok(true)
    }

    /// Has a tag name a descriptor and nothing else; `false` if it does already.
    pub(in crate::attach) fn tag(
        &mut self,
        descriptor: &Descriptor,
        tag: &str,
    ) -> serde_json::Result<bool> {
        let digest = descriptor.digest.to_string();
        let mut entries = self.entries()?;
        let names = |entry: &Entry| entry.tag() == Some(tag);
        let mut named = entries.iter().filter(|(entry, _)| names(entry)).peekable();
        if named.peek().is_some() && named.all(|(entry, _)| entry.digest == digest) {
            return Ok(false);
        }
        entries.retain(|(entry, _)| !names(entry));
        let untagged =
            entries.iter_mut().find(|(entry, _)| entry.digest == digest && entry.tag().is_none());
        match untagged {
            Some(entry) => {
                let mut value: Map<String, Value> = serde_json::from_str(entry.1.get())?;
                let annotations = value.entry("annotations").or_insert(Value::Null);
                match annotations {
                    Value::Object(annotations) => {
                        annotations.insert(REF_NAME.into(), tag.into());
                    }
                    other => *other = json!({REF_NAME: tag}),
                }
                *entry = read(to_raw_value(&value)?)?;
            }
            None => {
                let mut tagged = descriptor.clone();
                tagged.annotations.insert(REF_NAME.to_owned(), tag.to_owned());
                entries.push(read(to_raw_value(&tagged)?)?);
            }
        }
        self.put(entries)?;
        Ok(true)
    }

    /// Keeps the entries that `keep` wants kept; `false` if those are all.
    pub(in crate::attach) fn retain(
        &mut self,
        keep: impl Fn(&Entry) -> bool,
    ) -> serde_json::Result<bool> {
        let mut entries = self.entries()?;
        let before = entries.len();
        entries.retain(|(entry, _)| keep(entry));
        let changed = entries.len() != before;
        if changed {
            self.put(entries)?;
        }
        Ok(changed)
    }

    /// The entries, each read and as it is written.
    pub(super) fn entries(&self) -> serde_json::Result<Vec<(Entry, Box<RawValue>)>> {
        let manifests = self.members.iter().find(|(name, _)| name == MANIFESTS);
        let Some((_, raw)) = manifests else { return Ok(Vec::new()) };
        let entries: Option<Vec<Box<RawValue>>> = serde_json::from_str(raw.get())?;
        entries.unwrap_or_default().into_iter().map(read).collect()
    }

    fn put(&mut self, entries: Vec<(Entry, Box<RawValue>)>) -> serde_json::Result<()> {
        let entries: Vec<Box<RawValue>> = entries.into_iter().map(|(_, raw)| raw).collect();
        let raw = to_raw_value(&entries)?;
        match self.members.iter_mut().find(|(name, _)| name == MANIFESTS) {
            Some((_, manifests)) => *manifests = raw,
            None => self.members.push((MANIFESTS.to_owned(), raw)),
        }
        Ok(())
    }

    pub(super) fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }
}

fn read(raw: Box<RawValue>) -> serde_json::Result<(Entry, Box<RawValue>)> {
    Ok((serde_json::from_str(raw.get())?, raw))
}

impl Serialize for Index {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.members.len()))?;
        for (name, value) in &self.members {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Index {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Index;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an index")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Index, A::Error> {
        let mut members: Vec<(String, Box<RawValue>)> = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
            if members.iter().any(|(known, _)| *known == name) {
                return Err(Error::custom("a member stands twice"));
            }
            members.push((name, value));
        }
        Ok(Index { members })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_the_new_entry_stays_as_it_was() {
        let text =
            r#"{"z": 1.50, "manifests": [ {"digest":"sha256:x", "size": 1e3} ],"a":{"b":[ ]}}"#;
        let mut index = Index::parse(text.as_bytes()).unwrap();
        let descriptor = Descriptor::of("m", b"1");
        assert!(index.add(&descriptor).unwrap());
        assert!(!index.add(&descriptor).unwrap());
        let written = String::from_utf8(index.to_bytes().unwrap()).unwrap();
        let expected = format!(
            r#"{{"z":1.50,"manifests":[{{"digest":"sha256:x", "size": 1e3}},{{"mediaType":"m","digest":"{}","size":1}}],"a":{{"b":[ ]}}}}"#,
            descriptor.digest
        );
        assert_eq!(written, expected);
    }

    #[test]
    fn a_tag_names_one_thing_and_moves() {
        let (one, two) = (Descriptor::of("m", b"1"), Descriptor::of("m", b"2"));
        let mut index = Index::parse(b"{}").unwrap();
        let tags = |index: &Index| -> Vec<(String, Option<String>)> {
            let entries = index.entries().unwrap();
            entries.iter().map(|(e, _)| (e.digest.clone(), e.tag().map(str::to_owned))).collect()
        };
        let named = |one: &Descriptor, tag: &str| (one.digest.to_string(), Some(tag.to_owned()));
        assert!(index.add(&one).unwrap());
        assert!(index.tag(&one, "v1").unwrap());
        assert!(!index.tag(&one, "v1").unwrap());
        assert_eq!(tags(&index), [named(&one, "v1")]);
        assert!(index.tag(&one, "v2").unwrap());
        assert!(index.tag(&two, "v1").unwrap());
        assert_eq!(tags(&index), [named(&one, "v2"), named(&two, "v1")]);
        assert!(!index.add(&two).unwrap());
        assert!(index.retain(|entry| entry.tag() != Some("v1")).unwrap());
        assert!(!index.retain(|_| true).unwrap());
        assert_eq!(tags(&index), [named(&one, "v2")]);
        // What else stood in an entry that gets a tag stays.
        let text = format!(r#"{{"manifests":[{{"digest":"{}","mine":1.50}}]}}"#, two.digest);
        let mut index = Index::parse(text.as_bytes()).unwrap();
        assert!(index.tag(&two, "v1").unwrap());
        assert!(String::from_utf8(index.to_bytes().unwrap()).unwrap().contains("\"mine\":1.5"));
    }

    #[test]
    fn an_index_without_entries_gets_one_and_nonsense_is_refused() {
        for text in [r#"{"schemaVersion":2}"#, r#"{"manifests":null}"#, r#"{"manifests":[]}"#] {
            let mut index = Index::parse(text.as_bytes()).unwrap();
            assert!(index.add(&Descriptor::of("m", b"1")).unwrap(), "{text}");
        }
        for text in ["", "[]", r#"{"a":1,"a":2}"#, "{} {}"] {
            assert!(Index::parse(text.as_bytes()).is_err(), "{text}");
        }
        for text in [r#"{"manifests":{}}"#, r#"{"manifests":[1]}"#, r#"{"manifests":[{}]}"#] {
            let mut index = Index::parse(text.as_bytes()).unwrap();
            assert!(index.add(&Descriptor::of("m", b"1")).is_err(), "{text}");
        }
    }
}
