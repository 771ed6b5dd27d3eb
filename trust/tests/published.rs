//! What Sigstore publishes, where a copy of it is at hand: read by the same rules, at a time at which
//! it was good.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use testkit::tuf::{Files, Served};
use trust::{Options, Repository, SigningConfig, Target, TrustError};

fn copy() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
    let copy = shared.join("tuf-sigstore-prod");
    if !copy.is_dir() {
        eprintln!("skipped: there is no copy of what Sigstore publishes");
        return None;
    }
    Some(copy)
}

/// The files of the repository as it is served; its own has them by other names.
fn files(copy: &Path) -> Files {
    let mut files = Files::new();
    for (folder, prefix) in
        [("metadata", ""), ("metadata/root_history", ""), ("targets", "targets/")]
    {
        for entry in fs::read_dir(copy.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path.file_name().unwrap().to_str().unwrap();
                let bytes = fs::read(&path).unwrap();
                if !prefix.is_empty() {
                    files.insert(testkit::tuf::published(name, &bytes), bytes.clone());
                }
                files.insert(format!("{prefix}{name}"), bytes);
            }
        }
    }
    for role in ["snapshot", "targets"] {
        let bytes = files.get(&format!("{role}.json")).cloned();
        if let Some(bytes) = bytes {
            let version = evidence::json::parse(&bytes).unwrap()["signed"]["version"].clone();
            files.insert(format!("{version}.{role}.json"), bytes);
        }
    }
    files
}

#[test]
fn sigstore_is_believed_from_its_first_roots_on() {
    let Some(copy) = copy() else { return };
    let served = Served::start(files(&copy)).unwrap();
    let metadata = fs::read(copy.join("metadata/timestamp.json")).unwrap();
    let expires = evidence::json::parse(&metadata).unwrap()["signed"]["expires"].clone();
    let last = evidence::time::parse(expires.as_str().unwrap()).unwrap();
    let fetch = |first: &str, target, now| {
        let root = fs::read(copy.join("metadata/root_history").join(first)).unwrap();
        let repository = Repository::own(&served.url(), root).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(trust::fetch(&repository, target, &Options::default(), now))
    };
    for first in ["5.root.json", "12.root.json"] {
        let root = fetch(first, Target::TrustedRoot, last).unwrap();
        assert_eq!(root, fs::read(copy.join("targets/trusted_root.json")).unwrap());
    }
    let config = fetch("12.root.json", Target::SigningConfig, last).unwrap();
    let chosen = SigningConfig::parse(&config).unwrap().choose(last).unwrap();
    assert_eq!(chosen.fulcio.unwrap().url, "https://fulcio.sigstore.dev");
    assert!(!chosen.rekor.is_empty() && !chosen.tsa.is_empty());
    let later = last.checked_add(std::time::Duration::from_secs(1)).unwrap();
    let found = fetch("12.root.json", Target::TrustedRoot, later).unwrap_err();
    assert!(matches!(found, TrustError::Expired { .. }), "{found}");
}
