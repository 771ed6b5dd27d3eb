//! Programs that a pipeline calls besides `attest` and `verify`, in place of the real ones: a scanner,
//! a cluster, a build. What they write has the shape of the real tool's; `docker login` leaves the file
//! that the real one leaves, and the image of a build gets the labels that the page asks for.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use evidence::Digest;
use serde_json::{Value, json};
use testkit::peers::Peer;

use crate::page::root;

const DOCKER: &str = r#"#!/usr/bin/env bash
set -eu
case "$1" in
  login)
    host=$2 user=$4
    [ "$3 $5" = "--username --password-stdin" ]
    password=$(cat)
    mkdir -p "$HOME/.docker"
    printf '{"auths":{"%s":{"auth":"%s"}}}' "$host" "$(printf %s "$user:$password" | base64 -w0)" \
      >"$HOME/.docker/config.json" ;;
  create) echo a-container ;;
  cp) [ "$2" = a-container:/usr/local/bin/trivy ]; cp "$STAND_IN/bin/trivy" "$3" ;;
  buildx)
    printf '%s\n' "$@" >"$STAND_IN/request.part"
    mv "$STAND_IN/request.part" "$STAND_IN/request"
    while ! [ -e "$STAND_IN/answer" ]; do /bin/sleep 0.02; done
    while [ $# -gt 1 ]; do if [ "$1" = --metadata-file ]; then mv "$STAND_IN/answer" "$2"; fi; shift; done ;;
  *) echo "docker $*: not here" >&2; exit 1 ;;
esac
"#;

const TRIVY: &str = r#"#!/usr/bin/env bash
set -eu
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
case "$*" in
  "image --download-db-only") touch "$STAND_IN/database" ;;
  "version --format json") [ -e "$STAND_IN/database" ]
    sed -E "s/\"[0-9T:-]+Z\"/\"$now\"/g" "$STAND_IN/trivy-version.json" ;;
  "image --scanners vuln --list-all-pkgs=false --format json --output "*)
    sed -e "s|@IMAGE@|$9|" -e "s|@NOW@|$now|" "$STAND_IN/trivy.json" >"$8" ;;
  *) echo "trivy $*: not here" >&2; exit 1 ;;
esac
"#;

const KUBECTL: &str = r#"#!/usr/bin/env bash
set -eu
echo "$*" >>"$STAND_IN/kubectl"
if [ -e "$STAND_IN/cluster-is-down" ]; then exit 1; fi
"#;

const MAKE: &str = r#"#!/usr/bin/env bash
set -eu
case "$1" in test) report=junit.xml ;; smoke) report=smoke.xml ;; esac
if [ "$1" = test ] && [ -e "$STAND_IN/tests-fail" ]; then
  cp "$STAND_IN/failed.xml" "$report"
  exit 2
fi
cp "$STAND_IN/passed.xml" "$report"
"#;

/// A checkout of the commit that every environment of `testdata/env` names.
const GIT: &str = r#"#!/usr/bin/env bash
set -eu
case "$*" in
  *"rev-parse --verify HEAD" | "rev-parse HEAD") echo 4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c ;;
  *"status --porcelain --untracked-files=no") ;;
  *) exit 1 ;;
esac
"#;

const SLEEP: &str = r#"#!/usr/bin/env bash
echo "$*" >>"$STAND_IN/slept"
"#;

/// The gate that has no verdict as often as the test says.
const VERIFY: &str = r#"#!/usr/bin/env bash
set -eu
left=$(cat "$STAND_IN/unavailable" 2>/dev/null || echo 0)
if [ "$left" != 0 ]; then
  echo $((left - 1)) >"$STAND_IN/unavailable"
  echo "error: no verdict: the registry answered 503" >&2
  exit 3
fi
exec "$REAL_VERIFY" "$@"
"#;

/// Buildkite's agent, as a job calls it.
const BUILDKITE_AGENT: &str = r#"#!/usr/bin/env bash
set -eu
case "$1 $2" in
  "meta-data set") printf %s "$4" >"$STAND_IN/meta-data-$3" ;;
  "meta-data get") cat "$STAND_IN/meta-data-$3" ;;
  "artifact upload") cp "$3" "$STAND_IN/artifact-$3" ;;
  "artifact download") [ "$4" = . ]; cp "$STAND_IN/artifact-$3" "$3" ;;
  "secret get") cat "$STAND_IN/secrets/$3" ;;
  *) echo "buildkite-agent $*: not here" >&2; exit 1 ;;
esac
"#;

/// The stand-ins, and the thread that builds for them.
pub(crate) struct StandIns {
    pub(crate) directory: PathBuf,
    stop: Arc<AtomicBool>,
    builder: Option<JoinHandle<()>>,
}

impl StandIns {
    /// Writes them below `directory`; what is built is pushed to `peer`.
    pub(crate) fn new(directory: &Path, peer: Arc<Peer>) -> Self {
        let bin = directory.join("bin");
        fs::create_dir_all(&bin).unwrap();
        for (name, script) in [
            ("buildkite-agent", BUILDKITE_AGENT),
            ("docker", DOCKER),
            ("git", GIT),
            ("kubectl", KUBECTL),
            ("make", MAKE),
            ("sleep", SLEEP),
            ("trivy", TRIVY),
            ("verify", VERIFY),
        ] {
            let file = bin.join(name);
            fs::write(&file, script).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let reports = root().join("testdata/reports");
        let copy = |from: &str, to: &str| fs::copy(reports.join(from), directory.join(to)).unwrap();
        copy("scan/trivy-version.json", "trivy-version.json");
        copy("test/nextest-pass.xml", "passed.xml");
        copy("test/pytest-mixed.xml", "failed.xml");
        let stop = Arc::new(AtomicBool::new(false));
        let builder = thread::spawn({
            let (directory, stop) = (directory.to_path_buf(), Arc::clone(&stop));
            move || build_when_asked(&directory, &peer, &stop)
        });
        Self { directory: directory.to_path_buf(), stop, builder: Some(builder) }
    }

    /// Makes a stand-in behave otherwise: `tests-fail`, `cluster-is-down`, `unavailable`,
    /// `vulnerable`.
    pub(crate) fn set(&self, name: &str, value: &str) {
        fs::write(self.directory.join(name), value).unwrap();
    }

    /// Leaves these secrets, and no others, where an agent finds them that is asked for one.
    pub(crate) fn give(&self, secrets: &BTreeMap<String, String>) {
        let place = self.directory.join("secrets");
        let _ = fs::remove_dir_all(&place);
        fs::create_dir_all(&place).unwrap();
        for (name, secret) in secrets {
            fs::write(place.join(name), secret).unwrap();
        }
    }

    /// What a stand-in wrote down.
    pub(crate) fn written(&self, name: &str) -> String {
        fs::read_to_string(self.directory.join(name)).unwrap_or_default()
    }
}

impl Drop for StandIns {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(builder) = self.builder.take() {
            let ended = builder.join();
            assert!(ended.is_ok() || thread::panicking(), "the builder broke");
        }
    }
}

fn build_when_asked(directory: &Path, peer: &Peer, stop: &AtomicBool) {
    let request = directory.join("request");
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(10));
        let Ok(words) = fs::read_to_string(&request) else { continue };
        fs::remove_file(&request).unwrap();
        let metadata = build(directory, peer, &words.lines().collect::<Vec<_>>());
        fs::write(directory.join("answer.part"), metadata).unwrap();
        fs::rename(directory.join("answer.part"), directory.join("answer")).unwrap();
    }
}

/// `docker buildx build`: an image with these labels, pushed under this tag; the metadata file.
fn build(directory: &Path, peer: &Peer, words: &[&str]) -> String {
    let after = |option: &'static str| {
        let pairs = words.windows(2).filter(move |pair| pair[0] == option);
        pairs.map(|pair| pair[1].to_owned())
    };
    assert!(words.contains(&"--push") && words.contains(&"--provenance=false"), "{words:?}");
    let labels = after("--label").map(|label| {
        let (name, value) = label.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    });
    let tag = after("--tag").next().unwrap();
    let (repository, version) = tag.rsplit_once(':').unwrap();
    let repository = repository.strip_prefix(peer.host()).unwrap().trim_start_matches('/');
    let layout = directory.join("layout");
    let (config, digest) = labelled(&layout, version, labels.collect());
    peer.seed(&layout, repository, version).unwrap();
    let pinned = format!("{}/{repository}@{digest}", peer.host());
    fs::write(directory.join("image"), pinned).unwrap();
    scan(directory, &config);
    let metadata = json!({
        "containerimage.config.digest": config,
        "containerimage.digest": digest,
        "image.name": tag,
    });
    // As buildx writes it: a member a line.
    format!("{metadata:#}\n")
}

/// The report that a scan of the image will have: nothing found, unless the test says otherwise.
fn scan(directory: &Path, config: &str) {
    let is_clean = !directory.join("vulnerable").exists();
    let name = match is_clean {
        true => "trivy-vuln-clean-no-packages.json",
        false => "trivy-vuln-madeup-db-registry.json",
    };
    let report = root().join("testdata/reports/scan").join(name);
    let mut report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    report["CreatedAt"] = json!("@NOW@");
    report["ArtifactName"] = json!("@IMAGE@");
    report["Metadata"]["ImageID"] = json!(config);
    report["Metadata"]["RepoDigests"] = json!(["@IMAGE@"]);
    report["Metadata"].as_object_mut().unwrap().remove("RepoTags");
    fs::write(directory.join("trivy.json"), report.to_string()).unwrap();
}

/// The image of `testdata` with other labels, in a layout; the digests of its config and manifest.
fn labelled(layout: &Path, tag: &str, labels: BTreeMap<String, String>) -> (String, String) {
    let from = root().join("testdata/images/app-oci");
    let blobs = layout.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    for blob in fs::read_dir(from.join("blobs/sha256")).unwrap() {
        let blob = blob.unwrap();
        fs::copy(blob.path(), blobs.join(blob.file_name())).unwrap();
    }
    let read =
        |file: PathBuf| -> Value { serde_json::from_slice(&fs::read(file).unwrap()).unwrap() };
    let blob_of = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().unwrap();
        blobs.join(digest.strip_prefix("sha256:").unwrap())
    };
    let write = |document: &Value| {
        let bytes = document.to_string();
        let digest = Digest::sha256(bytes.as_bytes());
        fs::write(blobs.join(digest.hex()), &bytes).unwrap();
        (digest.to_string(), bytes.len())
    };
    let mut index = read(from.join("index.json"));
    let mut manifest = read(blob_of(&index["manifests"][0]));
    let mut config = read(blob_of(&manifest["config"]));
    config["config"]["Labels"] = json!(labels);
    let (config, size) = write(&config);
    manifest["config"]["digest"] = json!(config);
    manifest["config"]["size"] = json!(size);
    let (digest, size) = write(&manifest);
    let entry = &mut index["manifests"][0];
    entry["digest"] = json!(digest);
    entry["size"] = json!(size);
    entry["annotations"]["org.opencontainers.image.ref.name"] = json!(tag);
    fs::write(layout.join("index.json"), index.to_string()).unwrap();
    fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    (config, digest)
}
