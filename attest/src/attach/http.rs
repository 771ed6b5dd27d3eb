//! Attaching in a registry (distribution-spec 1.1, "Push").
//!
//! Blobs first, then the manifest. A registry that answers 404 for its referrers gets the fallback
//! tag, whatever its headers say; one that has the API and does not say that it took the subject is
//! asked whether it lists it.

use evidence::Digest;
use futures_util::future::try_join3;
use registry::{
    Descriptor, Error, Limit, Source,
    http::{Client, HttpSource, Response},
    manifest::IMAGE,
};

use super::{
    AttachError, Attached, fallback,
    push::{self, Name},
    referrer::{EMPTY, Referrer},
};

pub(super) async fn attach(
    source: &HttpSource,
    referrer: Referrer,
) -> Result<Attached, AttachError> {
    let client = source.client();
    let subject = referrer.subject.digest.clone();
    let (listed, config, bundle) = try_join3(
        async { source.api(&subject).await.map_err(AttachError::from) },
        push::blob(client, EMPTY),
        push::blob(client, &referrer.bundle),
    )
    .await?;
    let mut writes = config + bundle;
    let referrer = match listed {
        None => fallback::attach(source, referrer, &mut writes).await?,
        Some(listed) => by_digest(source, referrer, &listed, &mut writes).await?,
    };
    Ok(Attached {
        referrer: referrer.digest().clone(),
        bundle: Digest::sha256(&referrer.bundle),
        writes,
        platforms: Vec::new(),
    })
}

/// Pushes to a registry with the referrers API.
async fn by_digest(
    source: &HttpSource,
    referrer: Referrer,
    listed: &[Descriptor],
    writes: &mut u32,
) -> Result<Referrer, AttachError> {
    if lists(listed, referrer.digest()) {
        return Ok(referrer);
    }
    room_for(1, listed.len(), source.budget().referrers)?;
    let name = |referrer: &Referrer| Name::Digest(referrer.digest().clone());
    let (referrer, response) = push_referrer(source.client(), referrer, &name).await?;
    *writes += 1;
    if says_subject(&response, &referrer.subject.digest) {
        return Ok(referrer);
    }
    let now = source.api(&referrer.subject.digest).await?;
    if now.is_some_and(|list| lists(&list, referrer.digest())) {
        return Ok(referrer);
    }
    fallback::attach(source, referrer, writes).await
}

pub(super) fn lists(list: &[Descriptor], digest: &Digest) -> bool {
    list.iter().any(|found| found.digest == *digest)
}

/// Whether the registry says that it took note of the subject (distribution-spec 1.1, "Pushing
/// Manifests with Subject").
pub(super) fn says_subject(response: &Response, subject: &Digest) -> bool {
    let said = response.headers.get("OCI-Subject").and_then(|value| value.to_str().ok());
    said.is_some_and(|said| said == subject.to_string())
}

/// Refuses to hang on more than is read: the gate could not look at any of it.
pub(super) fn room_for(new: usize, listed: usize, most: usize) -> Result<(), AttachError> {
    if listed.saturating_add(new) <= most {
        return Ok(());
    }
    Err(Error::limit(Limit::Referrers, most).into())
}

/// Pushes the manifest under its name; without the bundle inside if the registry refuses it so.
pub(super) async fn push_referrer(
    client: &Client,
    referrer: Referrer,
    name: &dyn Fn(&Referrer) -> Name,
) -> Result<(Referrer, Response), AttachError> {
    match push::manifest(client, &name(&referrer), &referrer.manifest, IMAGE).await {
        Err(AttachError::Refused { status: 400 | 413, words, .. })
            if referrer.embeds && !words.are_about_blobs() =>
        {
            let referrer = referrer.without_data()?;
            let name = name(&referrer);
            let response = push::manifest(client, &name, &referrer.manifest, IMAGE).await?;
            Ok((referrer, response))
        }
        result => result.map(|response| (referrer, response)),
    }
}
