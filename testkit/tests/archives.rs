//! Archives that are none, that two readers would read differently, or that are larger than they say.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::{fs, path::PathBuf};

use registry::{AnySource, Budget, Options, Reference, Source, open, pin};
use testkit::{archive::Tar, commands, content::Content};

struct Place {
    dir: tempfile::TempDir,
    good: Tar,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (mut content, image) = Content::image("a");
        content.referrer(&image, b"{\"bundle\":1}", false);
        content.write_layout(&dir.path().join("layout")).unwrap();
        let good = Tar::of(&dir.path().join("layout")).unwrap();
        Self { dir, good }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("image.tar")
    }

    fn open(&self, bytes: &[u8]) -> Result<AnySource, String> {
        fs::write(self.file(), bytes).unwrap();
        let reference: Reference =
            format!("oci-archive:{}", self.file().display()).parse().unwrap();
        open(&reference, &Options::default()).map_err(|error| {
            assert!(error.help().is_some());
            assert!(matches!(error.kind(), "archive" | "no-layout"), "{error}");
            error.to_string()
        })
    }

    #[track_caller]
    fn refuses(&self, tar: Tar, words: &str) {
        let error = self.open(&tar.finish()).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn what_other_tools_add_is_read_over() {
    let place = Place::new();
    let mut tar = Tar::default();
    // Times, owners, and files beside the layout; `./` before every name.
    tar.entry("./PaxHeaders/x", b'x', b"20 mtime=1234567890\n");
    tar.entry("./", b'5', b"");
    tar.entry("./manifest.json", b'0', b"[]");
    tar.entry("./repositories", b'2', b"");
    for name in ["oci-layout", "index.json"] {
        let bytes = fs::read(place.dir.path().join("layout").join(name)).unwrap();
        tar.entry(&format!("./{name}"), b'0', &bytes);
    }
    for entry in fs::read_dir(place.dir.path().join("layout/blobs/sha256")).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("./blobs/sha256/{}", path.file_name().unwrap().to_str().unwrap());
        tar.entry(&name, b'0', &fs::read(&path).unwrap());
    }
    let source = place.open(&tar.finish()).unwrap();
    let reference: Reference = format!("oci-archive:{}", place.file().display()).parse().unwrap();
    let (pinned, _) = pin(&source, &reference, None).await.unwrap();
    assert_eq!(source.referrers(pinned.digest()).await.unwrap().len(), 1);
}

#[test]
fn what_two_readers_could_take_differently_is_refused() {
    let place = Place::new();
    assert!(place.open(&place.good.clone().finish()).is_ok());
    let with = |name: &str, kind: u8, content: &[u8]| {
        let mut tar = place.good.clone();
        tar.entry(name, kind, content);
        tar
    };
    for name in ["index.json", "./index.json"] {
        place.refuses(with(name, b'0', b"{}"), "holds `index.json` twice");
    }
    for name in
        ["x/../index.json", "/index.json", "blobs//sha256/x", "./../x", "a/./b", ".//index.json"]
    {
        place.refuses(with(name, b'0', b"{}"), "a name that leads elsewhere");
    }
    place.refuses(with("blobs/sha256/0", b'2', b""), "`blobs/sha256/0` in it is no file");
    place.refuses(with("blobs/sha256/0", b'1', b""), "`blobs/sha256/0` in it is no file");
    for records in
        ["19 path=index.json\n", "10 size=9\n", "9 mtime=1", "x", "99999 a=b\n", "5 a=b\u{e9}"]
    {
        place.refuses(with("x", b'x', records.as_bytes()), "extensions of tar");
        place.refuses(with("x", b'g', records.as_bytes()), "extensions of tar");
    }
    place.refuses(with("././@LongLink", b'L', b"index.json\0"), "extensions of tar");
    place.refuses(with("sparse", b'S', b""), "extensions of tar");
}

#[test]
fn what_is_no_archive_says_so() {
    let place = Place::new();
    let good = place.good.clone().finish();
    let fails = |bytes: &[u8], words: &str| {
        let error = place.open(bytes).unwrap_err();
        assert!(error.contains(words), "{error}");
    };
    fails(b"", "ends in the middle");
    fails(&[b'x'; 2048], "no tar");
    fails(b"PK\x03\x04", "ends in the middle");
    fails(&[&[0x1f, 0x8b, 8][..], &[0; 600]].concat(), "compressed");
    fails(&[0; 1024], "it has no `oci-layout`");
    fails(&Tar::default().finish(), "it has no `oci-layout`");
    let mut tar = Tar::default();
    tar.entry("oci-layout", b'0', b"{}");
    fails(&tar.finish(), "it has no `index.json`");
    // Cut anywhere but at an end, it is none or lacks something.
    for length in (0..good.len() - 1024).step_by(300) {
        let cut = place.open(&good[..length]);
        assert!(cut.is_err() || length % 512 == 0, "{length}");
    }
    let reference: Reference =
        format!("oci-archive:{}", place.dir.path().display()).parse().unwrap();
    assert!(open(&reference, &Options::default()).is_err());
    let reference: Reference = "oci-archive:/there/is/none.tar".parse().unwrap();
    let error = open(&reference, &Options::default()).unwrap_err();
    assert!(error.to_string().contains("No such file"), "{error}");
}

#[test]
fn no_flipped_bit_panics_or_reads_beyond_the_file() {
    let place = Place::new();
    let good = place.good.clone().finish();
    for at in 0..1024 {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        let _ = place.open(&bytes);
    }
}

#[test]
fn entries_without_number_are_not_read() {
    let place = Place::new();
    let mut tar = place.good.clone();
    (0..100).for_each(|number| tar.entry(&format!("file{number}"), b'0', b""));
    fs::write(place.file(), tar.finish()).unwrap();
    let reference: Reference = format!("oci-archive:{}", place.file().display()).parse().unwrap();
    let budget = Budget { layout_files: 50, ..Budget::default() };
    let error = open(&reference, &Options { budget, ..Options::default() }).unwrap_err();
    assert!(error.to_string().contains("more than 100 entries"), "{error}");
}

/// What hangs on an image in a layout is judged the same in an archive of it, where nothing is written.
#[test]
fn both_commands_read_archives_and_write_none() {
    let place = Place::new();
    let programs = commands::built().unwrap();
    let policy = "schema: 1\nname: a\nimages: [\"registry.example.com/a\"]\n\
        trust: {time: [claimed]}\nsigners: {release: {key: release.pub}}\n\
        steps: {build: {type: build, signed-by: release}}\n";
    fs::write(place.dir.path().join("policy.yaml"), policy).unwrap();
    let shell = |script: &str| {
        let output = commands::shell(&programs, place.dir.path(), script).unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let build = "--as registry.example.com/a --key release.key \
        --source https://git.example.com/acme/app \
        --commit 4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c --run";
    let (status, text) =
        shell(&format!("attest key generate --out release; attest build oci:layout {build} 1"));
    assert_eq!(status, Some(0), "{text}");
    fs::write(place.file(), Tar::of(&place.dir.path().join("layout")).unwrap().finish()).unwrap();

    let gate = "--as registry.example.com/a --policy policy.yaml";
    let (status, text) = shell(&format!("verify gate oci-archive:image.tar {gate}"));
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("\ndeploy oci-archive:image.tar@sha256:"), "{text}");

    let before = fs::read(place.file()).unwrap();
    let (status, text) = shell(&format!("attest build oci-archive:image.tar {build} 2"));
    assert_eq!(status, Some(3), "{text}");
    assert!(text.contains("--evidence-repository"), "{text}");
    assert_eq!(fs::read(place.file()).unwrap(), before);
    // Kept elsewhere, it is found there.
    let elsewhere = "--evidence-repository oci:layout";
    let (status, text) = shell(&format!(
        "attest build oci-archive:image.tar {build} 3 --name other {elsewhere}; \
         verify gate oci-archive:image.tar {gate} {elsewhere}; \
         verify gate oci:layout {gate} --evidence-repository oci-archive:image.tar"
    ));
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("evidence was looked for in oci-archive:image.tar, "), "{text}");
}
