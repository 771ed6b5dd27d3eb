//! What hangs on a digest, as candidates.
//!
//! What carries evidence is for `registry` to say ([`registry::carried`]); what a registry's list says of
//! it selects nothing.

use std::collections::BTreeSet;

use chain::{Candidate, Content};
use evidence::Digest;
use futures_util::{StreamExt, TryStreamExt, stream};
use registry::{Carried, Descriptor, Error, Part, Source, Verbose, carried};

/// One part of a referrer that may be evidence.
#[derive(Clone, Debug)]
struct Found {
    referrer: Digest,
    carried: Carried,
}

/// Everything that hangs on `subject` and may be evidence.
pub(super) async fn candidates<S: Source>(
    source: &S,
    subject: &Digest,
    verbose: Option<&Verbose>,
) -> Result<Vec<Candidate>, Error> {
    let listed = source.referrers(subject).await?;
    source.budget().afford(listed.iter().map(|listed| listed.size))?;
    // The source bounds what is in flight; this bounds how many wait.
    let width = usize::try_from(source.budget().in_flight_requests).unwrap_or(1);
    let found: Vec<Vec<Found>> = stream::iter(&listed)
        .map(|descriptor| found(source, descriptor, verbose))
        .buffered(width)
        .try_collect()
        .await?;
    let found = once(found.into_iter().flatten());
    let fetched = found.iter().filter_map(Found::fetched);
    source.budget().afford(fetched.map(|layer| layer.size))?;
    stream::iter(found).map(|found| candidate(source, found)).buffered(width).try_collect().await
}

impl Found {
    /// What has to be asked for.
    fn fetched(&self) -> Option<&Descriptor> {
        match self.carried.part() {
            Part::Listed(layer) => Some(layer),
            Part::Broken(_) | Part::Embedded(_) => None,
        }
    }
}

/// What one referrer carries.
async fn found<S: Source>(
    source: &S,
    descriptor: &Descriptor,
    verbose: Option<&Verbose>,
) -> Result<Vec<Found>, Error> {
    let referrer = descriptor.digest.clone();
    let parts = carried(source, descriptor).await?;
    if let (Some(verbose), []) = (verbose, parts.as_slice()) {
        verbose(&format!("referrer {referrer} is no attestation; left out"));
    }
    Ok(parts.into_iter().map(|carried| Found { referrer: referrer.clone(), carried }).collect())
}

/// Each bundle once: the same statement often hangs under several manifests, and needs one request.
/// The size is part of the key, so that a manifest with a wrong one spoils only itself; and so is what
/// it is taken for, so that one that calls a bundle something else does not hide it.
fn once(found: impl Iterator<Item = Found>) -> Vec<Found> {
    let mut seen = BTreeSet::new();
    found
        .filter(|found| match found.fetched() {
            Some(layer) => {
                let bundle = matches!(found.carried, Carried::Bundle(_));
                seen.insert((bundle, layer.digest.clone(), layer.size))
            }
            None => true,
        })
        .collect()
}

async fn candidate<S: Source>(source: &S, found: Found) -> Result<Candidate, Error> {
    let (part, made): (Part, fn(Vec<u8>) -> Content) = match found.carried {
        Carried::Bundle(part) => (part, Content::Bundle),
        Carried::Unsigned(part) => (part, Content::Unsigned),
    };
    let bytes = match part {
        Part::Broken(reason) => Err(reason),
        Part::Embedded(bytes) => Ok(bytes),
        Part::Listed(layer) => carried::content(source, &layer).await?,
    };
    let content = bytes.map_or_else(Content::Unreadable, made);
    Ok(Candidate { found: found.referrer.to_string(), referrer: Some(found.referrer), content })
}
