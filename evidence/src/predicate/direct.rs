//! Reads a claim straight from JSON, without the tree that [`Claim::read`] looks at.
//!
//! The member `attest_run` is taken aside on the way, and the rest goes to the reader of the predicate
//! type. Whatever is not well formed is an error here without a name: `reading` asks the tree for it.

use std::fmt;

use serde::{
    Deserialize,
    de::{
        DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, Visitor,
        value::MapAccessDeserializer,
    },
};

use super::{
    APPROVAL, COSIGN_VULN, Claim, DEPLOYMENT, EXCEPTION, Kind, PROVENANCE, PROVENANCE_V02, SUMMARY,
    TEST_RESULT, Unreadable, VULNS, VULNS_V01, View, approval, deployment, exception, instant,
    provenance, summary, test_result, vulns,
};
use crate::{
    run::{self, Run},
    strict::Name,
};

/// What a predicate type is written as.
pub(super) trait Written: DeserializeOwned {
    /// What it says.
    fn view(self) -> Result<View, Unreadable>;
}

/// The claim of a predicate type.
pub(crate) struct ClaimOf<'t>(pub(crate) &'t str);

impl<'de> DeserializeSeed<'de> for ClaimOf<'_> {
    type Value = Claim;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Claim, D::Error> {
        match self.0 {
            PROVENANCE => claim::<provenance::WireV1, _>(deserializer),
            PROVENANCE_V02 => claim::<provenance::WireV02, _>(deserializer),
            VULNS | VULNS_V01 => claim::<vulns::Wire<Vec<vulns::WireFinding>>, _>(deserializer),
            COSIGN_VULN => claim::<vulns::Wire<crate::json::Value>, _>(deserializer),
            TEST_RESULT => claim::<test_result::Wire, _>(deserializer),
            APPROVAL => claim::<approval::Wire, _>(deserializer),
            DEPLOYMENT => claim::<deployment::Wire, _>(deserializer),
            EXCEPTION => claim::<exception::Wire, _>(deserializer),
            SUMMARY => claim::<summary::Wire, _>(deserializer),
            other if Kind::of(other) == Kind::Sbom => claim::<Sbom, _>(deserializer),
            _ => claim::<Any, _>(deserializer),
        }
    }
}

/// A list of contents: an object.
#[derive(Deserialize)]
struct Sbom {}

impl Written for Sbom {
    fn view(self) -> Result<View, Unreadable> {
        Ok(View::Sbom)
    }
}

/// A claim that is not read further; one that is no object goes through the tree.
#[derive(Deserialize)]
struct Any {}

impl Written for Any {
    fn view(self) -> Result<View, Unreadable> {
        Ok(View::Other)
    }
}

fn claim<'de, W: Written, D: Deserializer<'de>>(deserializer: D) -> Result<Claim, D::Error> {
    let (written, run) = deserializer.deserialize_map(RunAside::<W>(std::marker::PhantomData))?;
    let view = written.view().map_err(D::Error::custom)?;
    let run: Run = run.unwrap_or_default();
    let time = match &run.signed_at {
        Some(text) => Some(instant(text, "attest_run.signedAt").map_err(D::Error::custom)?),
        None => view.time(),
    };
    Ok(Claim { view, run, time })
}

struct RunAside<W>(std::marker::PhantomData<W>);

impl<'de, W: Written> Visitor<'de> for RunAside<W> {
    type Value = (W, Option<Run>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a predicate")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        let mut run = None;
        let rest = Rest { members, run: &mut run };
        let written = W::deserialize(MapAccessDeserializer::new(rest))?;
        Ok((written, run))
    }
}

/// The members but for `attest_run`.
struct Rest<'r, A> {
    members: A,
    run: &'r mut Option<Run>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Rest<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        use serde::de::IntoDeserializer;

        while let Some(name) = self.members.next_key::<Name<'de>>()? {
            if name.0 != run::MEMBER {
                return seed.deserialize(name.into_deserializer()).map(Some);
            }
            *self.run = Some(self.members.next_value()?);
        }
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.members.next_value_seed(seed)
    }
}
