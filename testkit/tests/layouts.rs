//! What is so of layouts alone, in a directory and in an archive of one: which image is meant, what
//! is none, and what looking through one costs.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::fs;

use registry::{AnySource, Budget, Options, Reference, Source, open, pin};
use tempfile::TempDir;
use testkit::{archive::Tar, content::Content};

/// The same content in either kind of layout.
struct Layouts {
    dir: TempDir,
    archive: TempDir,
}

impl Layouts {
    fn of(content: &Content) -> Self {
        let (dir, archive) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        content.write_layout(dir.path()).unwrap();
        let tar = Tar::of(dir.path()).unwrap().finish();
        fs::write(archive.path().join("image.tar"), tar).unwrap();
        Self { dir, archive }
    }

    fn references(&self, end: &str) -> [Reference; 2] {
        let archive = self.archive.path().join("image.tar");
        [
            format!("oci:{}{end}", self.dir.path().display()),
            format!("oci-archive:{}{end}", archive.display()),
        ]
        .map(|text| text.parse().unwrap())
    }

    fn open(&self, reference: &Reference, budget: Budget) -> AnySource {
        open(reference, &Options { budget, ..Options::default() }).unwrap()
    }
}

#[tokio::test]
async fn a_layout_of_several_images_wants_a_tag() {
    let (mut content, image) = Content::image("a");
    content.referrer(&image, b"{}", false);
    let other = Content::image("b").0;
    content.blobs.extend(other.blobs);
    content.manifests.extend(other.manifests);
    content.manifests.last_mut().unwrap().tag = Some("next".into());
    let layouts = Layouts::of(&content);
    let named = layouts.references(":next");
    for (reference, named) in layouts.references("").iter().zip(named) {
        let source = layouts.open(reference, Budget::default());
        let error = pin(&source, reference, None).await.unwrap_err();
        assert_eq!(error.kind(), "ambiguous-image");
        assert!(error.to_string().ends_with("holds several images: `latest` `next`"), "{error}");
        assert!(pin(&source, &named, None).await.is_ok());
    }
}

#[test]
fn a_directory_that_is_no_layout_is_told_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let reference: Reference = format!("oci:{}/x", dir.path().display()).parse().unwrap();
    let fault = |reference: &Reference| open(reference, &Options::default()).unwrap_err();
    assert!(fault(&reference).to_string().ends_with("there is no such directory"));
    fs::create_dir(dir.path().join("x")).unwrap();
    assert!(fault(&reference).to_string().ends_with("it has no `oci-layout`"));
    fs::write(dir.path().join("x/oci-layout"), "{}").unwrap();
    assert!(fault(&reference).to_string().ends_with("it has no `index.json`"));
    assert_eq!(fault(&reference).kind(), "no-layout");
    assert!(fault(&reference).help().is_some());
}

/// A stranger who wrote a layout does not choose what reading it costs: each file counts, and none
/// twice, however many digests are asked about.
#[tokio::test]
async fn a_layout_is_looked_through_once_and_within_the_total() {
    let (mut content, image) = Content::image("a");
    for number in 0..8 {
        content.referrer(&image, format!("{{\"n\":{number}}}").as_bytes(), false);
    }
    // Four that no list names, as cosign saves them.
    content.manifests.iter_mut().rev().take(4).for_each(|stored| stored.listed = false);
    let others: Vec<u8> = [b"{".to_vec(), vec![b' '; 9_000], b"}".to_vec()].concat();
    content.blob("application/json", &others);
    let layouts = Layouts::of(&content);
    let index = fs::metadata(layouts.dir.path().join("index.json")).unwrap().len();
    let all = fs::read_dir(layouts.dir.path().join("blobs/sha256")).unwrap();
    let all: u64 = all.map(|file| file.unwrap().metadata().unwrap().len()).sum();
    // Beside the files themselves: how those begin that no index lists, and the index each time.
    let enough = all + 20 * 64 + 10 * index;
    for (total, fits) in [(enough, true), (9_000, false)] {
        for reference in layouts.references("") {
            let source = layouts.open(&reference, Budget { total, ..Budget::default() });
            let mut found = Vec::new();
            for _ in 0..10 {
                found.push(source.referrers(&image.digest).await);
            }
            if fits {
                assert!(found.iter().all(|list| list.as_ref().is_ok_and(|l| l.len() == 8)));
            } else {
                assert_eq!(found.remove(0).unwrap_err().kind(), "limit");
            }
        }
    }
}
