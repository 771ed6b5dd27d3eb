//! `index.json`, to be added to and otherwise left as it is: every member and every entry, also
//! those of other tools, keeps its own text and place.

use std::fmt;

use registry::Descriptor;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::value::{RawValue, to_raw_value};

const MANIFESTS: &str = "manifests";

/// The members of an index, in their order.
#[derive(Debug)]
pub(super) struct Index {
    members: Vec<(String, Box<RawValue>)>,
}

#[derive(Deserialize)]
struct Entry {
    digest: String,
}

impl Index {
    pub(super) fn parse(bytes: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(bytes)
    }

    /// Adds an entry; `false` if its digest is listed already.
    pub(super) fn add(&mut self, descriptor: &Descriptor) -> serde_json::Result<bool> {
        let at = self.members.iter_mut().find(|(name, _)| name == MANIFESTS);
        let mut entries: Vec<Box<RawValue>> = match &at {
            Some((_, raw)) => serde_json::from_str::<Option<_>>(raw.get())?.unwrap_or_default(),
            None => Vec::new(),
        };
        let digest = descriptor.digest.to_string();
        for entry in &entries {
            if serde_json::from_str::<Entry>(entry.get())?.digest == digest {
                return Ok(false);
            }
        }
        entries.push(to_raw_value(descriptor)?);
        let raw = to_raw_value(&entries)?;
        match at {
            Some((_, manifests)) => *manifests = raw,
            None => self.members.push((MANIFESTS.to_owned(), raw)),
        }
        Ok(true)
    }

    pub(super) fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }
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
