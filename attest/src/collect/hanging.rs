//! What hangs on an image, its platforms and its index: what an approver sees and commits to.
//!
//! It is what the gate reads, in the places where the gate reads it: referrers, and cosign's older
//! tags. Nothing is verified here. The only I/O of this file is reading the registry, bounded by its
//! budget; what is listed and cannot be had is an error, what cannot be read is told apart.

use std::collections::BTreeSet;

use evidence::Digest;
use futures_util::{
    StreamExt, TryStreamExt,
    future::{try_join, try_join_all},
    stream,
};
use registry::{AnySource, Carried, Descriptor, Error, Part, Source, carried};

use super::hung::Hung;
use crate::{
    family::{Family, Member},
    resolve::Image,
};

/// Requests at once; the source bounds them again by the budget.
const AT_ONCE: usize = 16;

/// All that hangs on one image.
#[derive(Debug, Default)]
pub(crate) struct Hanging {
    /// What can be read, oldest first; a statement once in each of its wrappings.
    pub(crate) statements: Vec<Hung>,
    /// What cannot, and why.
    pub(crate) unreadable: Vec<Unreadable>,
}

/// What carries no evidence that can be read.
#[derive(Clone, Debug)]
pub(crate) struct Unreadable {
    /// The manifest, or the layer under a tag of cosign's.
    pub(crate) found: Digest,
    /// What is wrong with it.
    pub(crate) why: String,
}

impl Hanging {
    /// Each statement once, however often it is wrapped.
    pub(crate) fn once(&self) -> Vec<&Hung> {
        let mut known = BTreeSet::new();
        self.statements.iter().filter(|hung| known.insert(&hung.id)).collect()
    }
}

/// Reads what hangs on an image and on each of its platforms; where it is a platform of `index`, also on
/// that and on the other platforms.
pub(crate) async fn look(image: &Image, index: Option<&Digest>) -> Result<Hanging, Error> {
    let mut family = image.family();
    if let Some(index) = index
        && let Some(read) = image.source().manifest(index).await?
        && read.manifests().iter().any(|listed| listed.digest == *image.digest())
    {
        family = family.within(&read);
    }
    let members = family.members().map(|member| on(image.evidence(), &family, member));
    let mut hanging = Hanging::default();
    for one in try_join_all(members).await?.into_iter().flatten() {
        match one {
            Read::Evidence(hung) => hanging.statements.push(*hung),
            Read::Foreign => {}
            Read::Unreadable(unreadable) => hanging.unreadable.push(unreadable),
        }
    }
    // Of several wrappings a bundle comes first: it has a digest by which it is found.
    hanging
        .statements
        .sort_by_key(|hung| (hung.claim.time, hung.id.clone(), hung.bundle.is_none()));
    Ok(hanging)
}

enum Read {
    Evidence(Box<Hung>),
    /// Something that is no bundle at all: a signature of another tool, an SBOM of BuildKit.
    Foreign,
    Unreadable(Unreadable),
}

impl Read {
    fn of(found: &Digest, hung: Result<Hung, String>) -> Self {
        match hung {
            Ok(hung) => Self::Evidence(Box::new(hung)),
            Err(why) => Self::Unreadable(Unreadable { found: found.clone(), why }),
        }
    }
}

async fn on(source: &AnySource, image: &Family, on: &Member) -> Result<Vec<Read>, Error> {
    let (mut read, legacy) =
        try_join(referrers(source, image, on), legacy(source, image, on)).await?;
    read.extend(legacy);
    Ok(read)
}

async fn referrers(source: &AnySource, image: &Family, on: &Member) -> Result<Vec<Read>, Error> {
    let listed = source.referrers(on.digest()).await?;
    let read = stream::iter(&listed).map(|listed| async move {
        Ok(match content(source, listed).await? {
            Content::Bundle(bytes) => Read::of(&listed.digest, Hung::of_bundle(&bytes, image, on)),
            Content::Foreign => Read::Foreign,
            Content::Unreadable(why) => Read::of(&listed.digest, Err(why)),
        })
    });
    read.buffered(AT_ONCE).try_collect().await
}

/// What cosign hung there before bundles.
async fn legacy(source: &AnySource, image: &Family, on: &Member) -> Result<Vec<Read>, Error> {
    let Some(found) = registry::legacy(source, on.digest()).await? else { return Ok(Vec::new()) };
    // One that is too large is not asked for, and counts all the same.
    let (layers, most) = (&found.envelopes, source.budget().bundle);
    let sizes = layers.iter().map(|layer| if layer.size <= most { layer.size } else { 0 });
    source.budget().afford(sizes)?;
    let read = stream::iter(layers).map(|layer| async move {
        let bytes = carried::content(source, layer).await?;
        let hung = bytes.and_then(|bytes| Hung::of_envelope(&bytes, image, on));
        Ok(Read::of(&layer.digest, hung))
    });
    read.buffered(AT_ONCE).try_collect().await
}

/// What a referrer carries.
pub(crate) enum Content {
    /// The bytes of a bundle, as its type says.
    Bundle(Vec<u8>),
    /// Something that is no bundle at all.
    Foreign,
    /// What cannot be read, and why.
    Unreadable(String),
}

/// Reads what one referrer carries.
pub(crate) async fn content(source: &AnySource, listed: &Descriptor) -> Result<Content, Error> {
    for carried in carried(source, listed).await? {
        let Carried::Bundle(part) = carried else { continue };
        let bytes = match part {
            Part::Broken(why) => Err(why),
            Part::Embedded(bytes) => Ok(bytes),
            Part::Listed(layer) => carried::content(source, &layer).await?,
        };
        return Ok(bytes.map_or_else(Content::Unreadable, Content::Bundle));
    }
    Ok(Content::Foreign)
}
