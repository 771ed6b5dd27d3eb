//! Copy: an image with all that hangs on it, from one repository or layout to another.
//!
//! By digest, byte for byte: content is hashed on the way, and what the target then gives for the
//! image's digest is compared. The order makes it safe to be killed anywhere and run again: blobs,
//! what lists them, evidence, and tags last, so that no tag names what is not whole. What is at the
//! target stays there: lists are merged, nothing is deleted, nothing but a tag that was named is moved.
//! Nothing is judged here, and nothing that hangs on the image is left out for what it says.

mod blob;
mod derived;
mod error;
mod hanging;
mod manifest;
mod merge;
mod pieces;
mod progress;
mod target;
mod tree;

use evidence::Digest;
use futures_util::{StreamExt, TryStreamExt, stream};
use registry::{AnySource, Descriptor, Manifest};

pub(crate) use self::{
    derived::{Derived, Outcome},
    error::CopyError,
    hanging::Evidence,
    manifest::Tagged,
    progress::{Progress, Screen, size},
    target::open,
};
use blob::Way;

/// Blobs in flight at once; the registry sees as many connections as from other clients.
const AT_ONCE: usize = 4;

/// From where to where.
pub(crate) struct Copying<'a> {
    /// Where the image is.
    pub(crate) from: &'a AnySource,
    /// Where its evidence is.
    pub(crate) evidence: &'a AnySource,
    /// Where all of it goes.
    pub(crate) to: &'a AnySource,
    /// Who is told how it goes.
    pub(crate) progress: &'a Progress,
}

/// What became of manifests or blobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// How many were sent.
    pub(crate) sent: u64,
    /// How many the registry took over from another repository.
    pub(crate) mounted: u64,
    /// How many were there.
    pub(crate) there: u64,
    /// The bytes that were sent.
    pub(crate) bytes: u64,
}

impl Tally {
    fn count(&mut self, way: Way, bytes: u64) {
        match way {
            Way::Mounted => self.mounted += 1,
            Way::Sent => {
                self.sent += 1;
                self.bytes = self.bytes.saturating_add(bytes);
            }
            Way::There => self.there += 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.mounted += other.mounted;
        self.there += other.there;
        self.bytes = self.bytes.saturating_add(other.bytes);
    }

    /// How many there are.
    pub(crate) fn all(self) -> u64 {
        self.sent + self.mounted + self.there
    }
}

/// What became of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Image {
    /// Its manifests: itself, and what an index lists.
    pub(crate) manifests: Tally,
    /// Its configurations and layers.
    pub(crate) blobs: Tally,
}

impl Copying<'_> {
    /// Copies the image, and proves that the target gives the same bytes for its digest.
    pub(crate) async fn image(&self, image: &Manifest) -> Result<Image, CopyError> {
        let tree = tree::manifests(self.from, image).await?;
        let blobs = self.blobs(self.from, &tree, Some(self.progress)).await?;
        let mut manifests = Tally::default();
        for one in &tree {
            let listed = one.digest == image.digest;
            manifests.count(manifest::put(self.to, one, listed).await?, 0);
        }
        manifest::prove(self.to, image).await?;
        Ok(Image { manifests, blobs })
    }

    /// Copies all that hangs on these digests, on that in turn, and what cosign keeps under tags.
    pub(crate) async fn evidence(&self, subjects: Vec<Digest>) -> Result<Evidence, CopyError> {
        hanging::copy(self, subjects).await
    }

    /// The digests of an image that evidence may hang on: its own, and those that an index lists.
    pub(crate) fn subjects(image: &Manifest) -> Vec<Digest> {
        let listed = image.manifests().iter().map(|entry| entry.digest.clone());
        std::iter::once(image.digest.clone()).chain(listed).collect()
    }

    /// Has each tag name the image, and proves that it does.
    pub(crate) async fn tags(
        &self,
        image: &Manifest,
        tags: &[String],
    ) -> Result<Vec<Tagged>, CopyError> {
        let mut tagged = Vec::new();
        for tag in tags {
            tagged.push(manifest::tag(self.to, image, tag).await?);
        }
        Ok(tagged)
    }

    /// Copies the blobs of manifests, each once.
    async fn blobs(
        &self,
        from: &AnySource,
        manifests: &[Manifest],
        progress: Option<&Progress>,
    ) -> Result<Tally, CopyError> {
        let blobs = tree::blobs(manifests);
        if let Some(progress) = progress {
            progress.expect(&blobs);
        }
        let silent = Progress::silent();
        let progress = progress.unwrap_or(&silent);
        let copy = |blob: Descriptor| async move {
            let way = blob::copy(from, self.to, &blob, progress).await?;
            progress.done(&blob, way);
            Ok::<_, CopyError>((way, blob.size))
        };
        let copied = stream::iter(blobs).map(copy).buffer_unordered(AT_ONCE);
        copied
            .try_fold(Tally::default(), |mut tally, (way, size)| async move {
                tally.count(way, size);
                Ok(tally)
            })
            .await
    }
}

#[cfg(test)]
mod tests;
