//! Promotion between real registries and layouts, in every direction: what arrives is byte for byte what
//! left, evidence on evidence included, and a second time nothing is written.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use evidence::{
    Digest,
    json::{self, Value},
};
use registry::{
    AnySource, Credentials, Manifest, ManifestKind, Options, Reference, Source, open,
    referrers::fallback_tag,
};
use testkit::{
    commands,
    peers::{Kind, Peer},
};

const INDEX: &str = "sha256:782419d2e04c4377f25a4aaee15e8e753b4f0e45dae61616477e71f75cf447e0";
const CHILD: &str = "sha256:b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";

/// The image of `testdata/layouts`.
const COSIGNS: &str = "sha256:a1bb6ef36b06cf729dad0bbb8b16e6e6b95d8aff8cfcdd042bf4099d59965f77";

fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(path)
}

/// A directory for layouts, and two registries.
struct Places {
    commands: PathBuf,
    directory: tempfile::TempDir,
    peers: Vec<Peer>,
}

impl Places {
    /// `None` where a registry is missing and may be.
    fn start() -> Option<Self> {
        let kinds = [Kind::DockerRegistry, Kind::FerroOciServer];
        let peers: Option<Vec<Peer>> =
            kinds.into_iter().map(|kind| Peer::start(kind).unwrap()).collect();
        let directory = tempfile::tempdir().unwrap();
        let places = Self { commands: commands::built().unwrap(), directory, peers: peers? };
        places.done("attest key generate --out deployer");
        Some(places)
    }

    fn done(&self, script: &str) -> String {
        let output = commands::shell(&self.commands, self.directory.path(), script).unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}\n{stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a place is called: `oci:NAME`, or `HOST/NAME` in one of the registries.
    fn all(&self, name: &str) -> Vec<String> {
        let hosts = self.peers.iter().map(|peer| format!("{}/{name}", peer.host()));
        std::iter::once(format!("oci:{name}")).chain(hosts).collect()
    }

    fn open(&self, place: &str) -> AnySource {
        let place = match place.strip_prefix("oci:") {
            Some(name) => format!("oci:{}", self.directory.path().join(name).display()),
            None => place.to_owned(),
        };
        let options = Options { credentials: Credentials::Anonymous, ..Options::default() };
        open(&place.parse::<Reference>().unwrap(), &options).unwrap()
    }

    /// Puts an image of `testdata` there.
    fn fill(&self, layout: &Path, place: &str, tag: &str) {
        match self.peers.iter().find(|peer| place.starts_with(peer.host())) {
            Some(peer) => {
                let (_, repository) = place.split_once('/').unwrap();
                peer.seed(layout, repository, tag).unwrap();
            }
            None => {
                let name = place.trim_start_matches("oci:");
                self.done(&format!("mkdir -p {name}; cp -r {}/. {name}", layout.display()));
            }
        }
    }
}

/// All that is there of an image: each digest on which something hangs, with what does; and the bytes
/// of cosign's tags. Everything is read, so that nothing is only listed.
type Content = BTreeMap<Digest, BTreeSet<Digest>>;

async fn content(place: &AnySource, image: &str) -> (Content, BTreeMap<String, Digest>) {
    let top = place.manifest(&image.parse().unwrap()).await.unwrap().unwrap();
    let (mut content, mut tags) = (Content::new(), BTreeMap::new());
    let mut manifests = vec![top];
    while let Some(manifest) = manifests.pop() {
        whole(place, &manifest).await;
        for entry in manifest.manifests() {
            manifests.push(place.listed(entry).await.unwrap());
        }
        let subject = manifest.digest;
        let mut hung = BTreeSet::new();
        for entry in place.referrers(&subject).await.unwrap() {
            hung.insert(entry.digest.clone());
            manifests.push(place.listed(&entry).await.unwrap());
        }
        for suffix in ["att", "sig", "sbom"] {
            let tag = format!("{}.{suffix}", fallback_tag(&subject));
            if let Some(manifest) = place.resolve(&tag).await.unwrap() {
                whole(place, &manifest).await;
                tags.insert(tag, manifest.digest);
            }
        }
        content.insert(subject, hung);
    }
    (content, tags)
}

async fn whole(place: &AnySource, manifest: &Manifest) {
    if let ManifestKind::Image { config, layers } = &manifest.kind {
        for blob in std::iter::once(&**config).chain(layers) {
            place.blob(blob).await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_image_goes_with_everything_from_anywhere_to_anywhere() {
    let Some(places) = Places::start() else { return };
    for (number, from) in places.all("staging").into_iter().enumerate() {
        places.fill(&testdata("images/app-index-oci"), &from, "v1");
        // On the index, on an image that it lists, and on the evidence of that.
        let one = "echo '{\"n\":1}' > p.json; export ATTEST_KEY=deployer.key";
        let predicate = "--type https://example.com/n/v1 --file p.json -q";
        let script = format!(
            "{one}; attest predicate {from}@{INDEX} {predicate}
             REFERRER=$(attest predicate {from}@{CHILD} {predicate})
             attest predicate {from}@$REFERRER {predicate}"
        );
        places.done(&script);
        let told = if number == 0 { "--as registry.example.com/acme/app" } else { "--timeout 10m" };
        for to in places.all(&format!("prod-{number}")) {
            let words = format!(
                "attest promote {from}:v1 {told} --to {to} --environment production \
                 --key deployer.key --tag v1 --tag stable --format json"
            );
            let document: Value = json::parse(places.done(&words).as_bytes()).unwrap();
            let (source, target) = (places.open(&from), places.open(&to));
            let there = content(&target, INDEX).await;
            assert_eq!(content(&source, INDEX).await, there, "{from} {to}");
            let hung: Vec<usize> = there.0.values().map(BTreeSet::len).collect();
            // Each promotion so far left its record on the index and on both platforms.
            assert_eq!(hung.iter().sum::<usize>(), 3 + 3 * records(&there.0), "{from} {to}");
            for tag in ["v1", "stable"] {
                let tagged = target.resolve(tag).await.unwrap().unwrap();
                assert_eq!(tagged.digest.to_string(), INDEX, "{from} {to}");
            }
            let blobs = document.pointer("/image/blobs").unwrap();
            let same = from.split('/').next() == to.split('/').next() && from.contains('/');
            println!("{from} -> {to}: {blobs}");
            if !same {
                assert_eq!(blobs.get("mounted"), Some(&Value::from(0)), "{from} {to}");
            }

            let again: Value = json::parse(places.done(&words).as_bytes()).unwrap();
            assert_eq!(again.pointer("/record/found"), Some(&Value::Bool(true)), "{from} {to}");
            for what in ["/image/blobs", "/image/manifests", "/evidence/manifests"] {
                let sent = again.pointer(what).and_then(|tally| tally.get("sent"));
                assert_eq!(sent, Some(&Value::from(0)), "{from} {to} {what}");
            }
            assert_eq!(content(&source, INDEX).await, there, "{from} {to}");
            assert_eq!(content(&target, INDEX).await, there, "{from} {to}");
        }
    }
}

/// What hangs on the index besides the one predicate.
fn records(content: &Content) -> usize {
    content.get(&INDEX.parse().unwrap()).unwrap().len() - 1
}

#[tokio::test]
async fn what_cosign_left_goes_along_however_it_left_it() {
    let Some(places) = Places::start() else { return };
    for (layout, hung, tags) in [
        ("cosign-save", 4, 0),
        ("cosign-fallback", 4, 0),
        ("cosign-referrers", 4, 0),
        ("cosign-legacy", 0, 1),
    ] {
        let from = format!("oci:{layout}");
        places.fill(&testdata(&format!("layouts/{layout}")), &from, "");
        let before = content(&places.open(&from), COSIGNS).await;
        assert_eq!((before.0[&COSIGNS.parse().unwrap()].len(), before.1.len()), (hung, tags));
        for to in places.all(&format!("to-{layout}")) {
            places.done(&format!("attest copy {from}@{COSIGNS} --to {to} --tag v1"));
            assert_eq!(content(&places.open(&to), COSIGNS).await, before, "{to}");
            // And back into a layout, from whatever it became there.
            let back = format!("oci:back-{}", to.replace([':', '/', '.'], "-"));
            places.done(&format!("attest copy {to}:v1 --to {back}"));
            assert_eq!(content(&places.open(&back), COSIGNS).await, before, "{to}");
            // What the gate's own reader makes of it is the same, too.
            let list = |place: &str| {
                let list = places.done(&format!("verify list {place}@{COSIGNS} --format json"));
                let list: Value = json::parse(list.as_bytes()).unwrap();
                list.get("attestations").and_then(Value::as_array).map(Vec::len)
            };
            assert_eq!(list(&back), list(&from), "{to}");
            assert_eq!(list(&back), Some(4), "{to}");
        }
    }
}
