//! `attest` killed with SIGKILL at each of its writes, before and after the registry did it: whatever
//! is run next finds a place that it can go on from.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread::sleep,
    time::Duration,
};

use evidence::{Bundle, Digest, Statement};
use registry::{AnySource, Credentials, ManifestKind, Options, Reference, Source, open};
use tempfile::TempDir;
use testkit::{
    commands,
    registry::{Registry, Request, When},
};

const IMAGE: &str = "sha256:b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";

/// More writes than any of the commands here needs.
const MANY: usize = 100;

struct Place {
    commands: PathBuf,
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = Self { commands: commands::built().unwrap(), directory };
        fs::copy(testdata("keys/p256-sec1.pem"), place.directory.path().join("k.pem")).unwrap();
        place.layout("app");
        for name in ["one", "two"] {
            fs::write(place.path("p.json"), format!("{{\"n\":\"{name}\"}}")).unwrap();
            let file = format!("{name}.json");
            let sign = ["predicate", "oci:app", "--type", "https://example.com/n/v1"];
            place.done(
                &[&sign[..], &["--file", "p.json", "--bundle", &file, "--no-attach"]].concat(),
            );
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A fresh copy of the image.
    fn layout(&self, name: &str) {
        let script =
            format!("rm -rf {name}; cp -r {} {name}", testdata("images/app-oci").display());
        let copied = commands::shell(&self.commands, self.directory.path(), &script).unwrap();
        assert!(copied.status.success());
    }

    fn start(&self, words: &[&str]) -> Child {
        let mut command = commands::command("attest", &self.commands, self.directory.path());
        let pipes = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        pipes.args(words).env("ATTEST_KEY", "k.pem").spawn().unwrap()
    }

    fn done(&self, words: &[&str]) -> String {
        let output = self.start(words).wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts a command and kills it at the write that is held; `false` if it ended before.
    fn killed(&self, registry: &Registry, words: &[&str]) -> bool {
        let mut child = self.start(words);
        loop {
            if registry.holds() {
                child.kill().unwrap();
                child.wait().unwrap();
                return true;
            }
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.success(), "{words:?} ended with {status}");
                registry.release();
                return false;
            }
            sleep(Duration::from_millis(1));
        }
    }
}

fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(path)
}

fn writes(request: &Request) -> bool {
    matches!(request.method.as_str(), "POST" | "PUT")
}

fn source(reference: &str) -> AnySource {
    let options = Options { credentials: Credentials::Anonymous, ..Options::default() };
    open(&reference.parse::<Reference>().unwrap(), &options).unwrap()
}

/// What hangs on the image, every byte of it read.
fn hanging(place: &AnySource) -> Vec<(Digest, Statement)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut found = Vec::new();
        for entry in place.referrers(&IMAGE.parse().unwrap()).await.unwrap() {
            let manifest = place.listed(&entry).await.unwrap();
            let ManifestKind::Image { layers, .. } = &manifest.kind else { panic!("an index") };
            let bytes = place.blob(layers.first().unwrap()).await.unwrap();
            let payload = Bundle::parse(&bytes).unwrap().envelope.payload;
            found.push((manifest.digest, Statement::parse(&payload).unwrap()));
        }
        found
    })
}

fn digests(place: &AnySource) -> BTreeSet<Digest> {
    hanging(place).into_iter().map(|(digest, _)| digest).collect()
}

/// How many records of promotions there are among all that hangs on the image.
fn records(place: &AnySource) -> usize {
    let hanging = hanging(place);
    hanging.iter().filter(|(_, one)| one.predicate_type.contains("/deployment/")).count()
}

/// Runs `killed` with each request of the command held in turn, until it has no further one: the first
/// before it is done, and each once it is done, which is before the next.
fn at_each(killed: impl Fn(usize, When) -> bool) -> usize {
    assert!(killed(1, When::Before), "there is none");
    let last = (1..MANY).find(|number| !killed(*number, When::After));
    last.unwrap_or_else(|| panic!("it never ends")) - 1
}

#[test]
fn attaching_is_killed_and_the_next_writer_repairs() {
    let place = Place::new();
    for api in [false, true] {
        let written = at_each(|number, when| {
            let registry = Registry::start().unwrap();
            registry.load("acme/app", &testdata("images/app-oci")).unwrap();
            registry.store().referrers_api = api;
            let image = format!("{}/acme/app", registry.host());
            registry.hold(writes, number, when);
            let pinned = format!("{image}@{IMAGE}");
            let was_killed = place.killed(&registry, &["attach", &pinned, "--bundle", "one.json"]);
            let there = source(&image);
            let two = place.done(&["attach", &pinned, "--bundle", "two.json", "-q"]);
            let two: Digest = two.trim().parse().unwrap();
            assert!(digests(&there).contains(&two), "write {number} {when:?}");
            let one = place.done(&["attach", &pinned, "--bundle", "one.json", "-q"]);
            let both = BTreeSet::from([one.trim().parse().unwrap(), two]);
            assert_eq!(digests(&there), both, "write {number} {when:?}");
            was_killed
        });
        // Two blobs at two requests each, the manifest, and without the API the fallback tag.
        assert_eq!(written, if api { 5 } else { 6 });
    }
}

#[test]
fn a_promotion_is_killed_and_run_again_with_one_record() {
    let place = Place::new();
    for (api, bundles) in
        [(false, &[][..]), (false, &["one.json", "two.json"]), (true, &["one.json", "two.json"])]
    {
        let prepared = Registry::start().unwrap();
        prepared.load("staging/app", &testdata("images/app-oci")).unwrap();
        prepared.store().referrers_api = api;
        for bundle in bundles {
            let image = format!("{}/staging/app:v1", prepared.host());
            place.done(&["attach", &image, "--bundle", bundle]);
        }
        let written = at_each(|number, when| {
            let registry = Registry::start().unwrap();
            *registry.store() = prepared.store().clone();
            let host = registry.host();
            let (from, to) = (format!("{host}/staging/app"), format!("{host}/prod/app"));
            let tagged = format!("{from}:v1");
            let words = ["promote", &tagged, "--to", &to, "--environment", "production"];
            let words = [&words[..], &["--tag", "v1", "--tag", "stable"]].concat();
            registry.hold(writes, number, when);
            let was_killed = place.killed(&registry, &words);
            place.done(&words);
            let (source, target) = (source(&from), source(&to));
            let at = format!("write {number} {when:?}");
            assert_eq!((records(&source), records(&target)), (1, 1), "{at}");
            assert_eq!(digests(&source), digests(&target), "{at}");
            assert_eq!(digests(&target).len(), bundles.len() + 1, "{at}");
            let tags = registry.store().tags("prod/app");
            assert!(tags.contains("v1") && tags.contains("stable"), "{at}: {tags:?}");
            was_killed
        });
        assert!(written > 15, "{written}");
    }
}

#[test]
fn a_copy_into_a_layout_is_killed_at_each_read_and_run_again() {
    let place = Place::new();
    let registry = Registry::start().unwrap();
    registry.load("staging/app", &testdata("images/app-oci")).unwrap();
    let from = format!("{}/staging/app:v1", registry.host());
    place.done(&["attach", &from, "--bundle", "one.json"]);
    place.done(&["attach", &from, "--bundle", "two.json"]);
    let read = at_each(|number, when| {
        let words = ["promote", &from, "--to", "oci:prod", "--environment", "production"];
        fs::remove_dir_all(place.path("prod")).ok();
        registry.hold(|request| request.method == "GET", number, when);
        let was_killed = place.killed(&registry, &words);
        place.done(&words);
        let target = source(&format!("oci:{}", place.path("prod").display()));
        assert_eq!((records(&target), digests(&target).len()), (1, 3), "read {number} {when:?}");
        was_killed
    });
    assert!(read > 8, "{read}");
    assert_eq!(records(&source(&from)), 1);
}

#[test]
fn attaching_to_a_layout_is_killed_at_any_time_and_the_next_writer_repairs() {
    let place = Place::new();
    // Large enough that its writing is hit.
    fs::write(place.path("p.json"), format!("{{\"n\":\"{}\"}}", "x".repeat(8 << 20))).unwrap();
    let sign = ["predicate", "oci:app", "--type", "https://example.com/n/v1", "--file", "p.json"];
    place.done(&[&sign[..], &["--bundle", "large.json", "--no-attach"]].concat());
    let mut killed = 0;
    for delay in 0..12 {
        place.layout("app");
        let mut child = place.start(&["attach", "oci:app", "--bundle", "large.json"]);
        sleep(Duration::from_millis(delay * 16));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        let there = source(&format!("oci:{}", place.path("app").display()));
        let two = place.done(&["attach", "oci:app", "--bundle", "two.json", "-q"]);
        assert!(digests(&there).contains(&two.trim().parse().unwrap()), "after {delay}");
        let large = place.done(&["attach", "oci:app", "--bundle", "large.json", "-q"]);
        let both: BTreeSet<Digest> =
            [large, two].iter().map(|digest| digest.trim().parse().unwrap()).collect();
        assert_eq!(digests(&there), both, "after {delay}");
        for dir in ["app", "app/blobs/sha256"] {
            let names = fs::read_dir(place.path(dir)).unwrap();
            let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            assert_eq!(names.filter(|name| name.starts_with(".attest-")).count(), 0, "{delay}");
        }
    }
    println!("killed {killed} of 12");
}
