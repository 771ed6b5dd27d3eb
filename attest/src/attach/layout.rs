//! Attaching in a layout directory (image-spec 1.1, image-layout.md).
//!
//! One writer at a time. Content comes before the index that names it, so a writer that is killed
//! leaves what was there before, and a file that nobody reads.

mod files;
mod index;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use evidence::{Digest, json::json};
use registry::{
    Descriptor, Manifest, Source, layout::LayoutSource, manifest::INDEX, referrers::fallback_tag,
};

use super::{
    AttachError, Attached, fallback,
    http::{lists, room_for},
    merge::Merge,
    referrer::{EMPTY, Referrer},
};
pub(crate) use files::{Unfinished, holds, is_begun, make};
use files::{lock, persist, prepare, put};
use index::Index;

pub(super) async fn attach(
    layout: &LayoutSource,
    referrer: &Referrer,
) -> Result<Attached, AttachError> {
    let listed = layout.referrers(&referrer.subject.digest).await?;
    let new = !lists(&listed, referrer.digest());
    room_for(usize::from(new), listed.len(), layout.budget().referrers)?;
    let contents = [EMPTY, &referrer.bundle, &referrer.manifest];
    let contents = contents.map(|content| (Digest::sha256(content), content));
    let writes = write_all(layout, &contents, |index| index.add(&referrer.descriptor)).await?;
    Ok(Attached {
        referrer: referrer.digest().clone(),
        bundle: Digest::sha256(&referrer.bundle),
        writes,
        platforms: Vec::new(),
    })
}

/// Has ready manifests hang on a digest. `index.json` lists those that name it; what another tool's
/// fallback tag listed all the same, the fallback tag lists again.
pub(super) async fn hang(
    layout: &LayoutSource,
    subject: &Digest,
    manifests: &[&Manifest],
) -> Result<(), AttachError> {
    list(layout, subject, manifests).await?;
    let names =
        |one: &&&Manifest| one.subject.as_ref().is_some_and(|named| named.digest == *subject);
    let others: Vec<&&Manifest> = manifests.iter().filter(|one| !names(one)).collect();
    if others.is_empty() {
        return Ok(());
    }
    let there = layout.resolve(&fallback_tag(subject)).await?;
    let index =
        there.map(|there| fallback::index(&there, subject, || layout.place())).transpose()?;
    let mut merge = Merge::new(index.flatten());
    others.iter().for_each(|one| merge.add(one.digest.clone(), json!(one.referrer())));
    put_fallback(layout, subject, &merge).await.map(drop)
}

/// Puts manifests into the layout, and has `index.json` list those that name `subject`.
pub(super) async fn list(
    layout: &LayoutSource,
    subject: &Digest,
    manifests: &[&Manifest],
) -> Result<u32, AttachError> {
    let contents: Vec<_> =
        manifests.iter().map(|one| (one.digest.clone(), one.bytes.as_slice())).collect();
    let names =
        |one: &&&Manifest| one.subject.as_ref().is_some_and(|named| named.digest == *subject);
    let entries: Vec<Descriptor> =
        manifests.iter().filter(names).map(|manifest| manifest.referrer()).collect();
    write_all(layout, &contents, |index| {
        entries.iter().try_fold(false, |changed, entry| Ok(index.add(entry)? || changed))
    })
    .await
}

/// Puts a manifest into the layout; `index.json` lists it under the tag, or without one.
pub(crate) async fn put_manifest(
    layout: &LayoutSource,
    manifest: &Manifest,
    listed: Listed<'_>,
) -> Result<u32, AttachError> {
    let contents = [(manifest.digest.clone(), manifest.bytes.as_slice())];
    let descriptor = manifest.descriptor();
    write_all(layout, &contents, |index| match listed {
        Listed::Not => Ok(false),
        Listed::Untagged => index.add(&descriptor),
        Listed::Tagged(tag) => index.tag(&descriptor, tag),
    })
    .await
}

/// How `index.json` lists a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed<'a> {
    /// Not at all: an index of its own does.
    Not,
    /// Under a tag, which named something else before.
    Tagged(&'a str),
    /// Without a tag.
    Untagged,
}

/// Changes the index alone.
pub(super) async fn change(
    layout: &LayoutSource,
    change: impl FnOnce(&mut Index) -> serde_json::Result<bool>,
) -> Result<u32, AttachError> {
    write_all(layout, &[], change).await
}

/// The digests that the index lists.
pub(super) fn entries(layout: &LayoutSource) -> Result<BTreeSet<Digest>, AttachError> {
    let path = layout.dir().join("index.json");
    let entries = read_index(&path)?.entries();
    let entries = entries.map_err(|reason| AttachError::Index { path, reason })?;
    Ok(entries.iter().filter_map(|(entry, _)| entry.digest()).collect())
}

/// Puts a fallback tag, as a copy of a registry's files has it.
pub(super) async fn put_fallback(
    layout: &LayoutSource,
    subject: &Digest,
    merge: &Merge,
) -> Result<u32, AttachError> {
    let index = merge.index();
    let descriptor = Descriptor::of(INDEX, &index);
    let contents = [(descriptor.digest.clone(), index.as_slice())];
    write_all(layout, &contents, |index| index.tag(&descriptor, &fallback_tag(subject))).await
}

/// Writes contents and then the index, as far as it changes. Says how many writes that took.
///
/// The new index lies beside the old one, whole, before the first content is written: content with a
/// subject that no index names is found all the same, and a command that fails must leave none.
async fn write_all(
    layout: &LayoutSource,
    contents: &[(Digest, &[u8])],
    change: impl FnOnce(&mut Index) -> serde_json::Result<bool>,
) -> Result<u32, AttachError> {
    let _lock = lock(layout).await?;
    let path = layout.dir().join("index.json");
    let mut index = read_index(&path)?;
    let fault = |reason| AttachError::Index { path: path.clone(), reason };
    let refused = |reason| AttachError::Io { path: path.clone(), reason };
    let ready = if change(&mut index).map_err(fault)? {
        let bytes = index.to_bytes().map_err(fault)?;
        Some(prepare(&path, &bytes).map_err(refused)?)
    } else {
        None
    };
    let mut written = Vec::new();
    let end = put_all(layout, contents, &mut written).and_then(|()| match ready {
        Some(file) => persist(file, &path).map(|()| 1).map_err(refused),
        None => Ok(0),
    });
    match end {
        Ok(index) => Ok(u32::try_from(written.len()).unwrap_or(u32::MAX).saturating_add(index)),
        Err(error) => {
            // The last first: a manifest names what comes before it. What stays is said already.
            written.iter().rev().for_each(|path| drop(fs::remove_file(path)));
            Err(error)
        }
    }
}

/// Writes the contents that are not there, and adds their files to `written`.
fn put_all(
    layout: &LayoutSource,
    contents: &[(Digest, &[u8])],
    written: &mut Vec<PathBuf>,
) -> Result<(), AttachError> {
    for (digest, content) in contents {
        let path = layout.path(digest);
        if put(&path, content)? {
            written.push(path);
        }
    }
    Ok(())
}

fn read_index(path: &Path) -> Result<Index, AttachError> {
    let bytes =
        fs::read(path).map_err(|reason| AttachError::Io { path: path.to_owned(), reason })?;
    Index::parse(&bytes).map_err(|reason| AttachError::Index { path: path.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use registry::{AnySource, Options};
    use testkit::content::Content;

    use super::*;

    #[tokio::test]
    async fn an_index_that_cannot_be_replaced_leaves_no_content_behind() {
        let dir = tempfile::tempdir().unwrap();
        let (content, image) = Content::image("a");
        content.write_layout(dir.path()).unwrap();
        let reference = format!("oci:{}", dir.path().display()).parse().unwrap();
        let Ok(AnySource::Layout(layout)) = registry::open(&reference, &Options::default()) else {
            panic!("a layout");
        };
        let new = b"new".as_slice();
        let path = dir.path().join("index.json");
        // Read and prepared it can be; a directory is in the way only where the file goes.
        let block = |index: &mut Index| {
            fs::remove_file(&path).unwrap();
            fs::create_dir(&path).unwrap();
            index.add(&Descriptor::of(INDEX, new))
        };
        let old = fs::read(layout.path(&image.digest)).unwrap();
        let contents = [(image.digest.clone(), old.as_slice()), (Digest::sha256(new), new)];
        let error = write_all(&layout, &contents, block).await.unwrap_err();
        assert_eq!(error.code(), "layout", "{error}");
        assert!(!layout.path(&Digest::sha256(new)).exists());
        assert!(layout.path(&image.digest).exists(), "what was there stays");
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().flatten().collect();
        assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().starts_with('.')));
    }
}
