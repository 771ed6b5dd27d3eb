//! `inputAttestations`: the statements that a signer had before them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Digest, Id};

/// A ResourceDescriptor that names another attestation by its id.
///
/// The id says what was said; the digest locates the bundle bytes that carried it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// The id of the statement; `None` in descriptors of others that carry none.
    pub id: Option<Id>,
    /// The predicate type of the statement, by the committer's word.
    pub predicate_type: Option<String>,
    /// The SHA-256 of the bundle bytes.
    pub bundle: Option<Digest>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    digest: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(default)]
    annotations: WireAnnotations,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAnnotations {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    statement: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    predicate_type: Option<String>,
}

impl Serialize for Commitment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire {
            digest: self
                .bundle
                .iter()
                .map(|d| (d.algorithm().name().to_owned(), d.hex().to_owned()))
                .collect(),
            media_type: self.bundle.as_ref().map(|_| crate::bundle::MEDIA_TYPE.to_owned()),
            annotations: WireAnnotations {
                statement: self.id.clone(),
                predicate_type: self.predicate_type.clone(),
            },
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Commitment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Wire { digest, media_type: _, annotations } = Wire::deserialize(deserializer)?;
        let bundle = digest
            .get("sha256")
            .map(|hex| Digest::from_hex(crate::Algorithm::Sha256, hex))
            .transpose()
            .map_err(serde::de::Error::custom)?;
        Ok(Self { id: annotations.statement, predicate_type: annotations.predicate_type, bundle })
    }
}
