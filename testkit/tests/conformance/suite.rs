//! The suite: a directory per case, with what it leaves out beside them.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use evidence::Digest;

use super::testdata;

/// The beacon whose bundles the suite has.
const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Where the suite is.
pub(crate) struct Suite {
    pub(crate) directory: PathBuf,
    /// The root that cases without one are verified with.
    root: PathBuf,
}

/// One bundle and what is asked of it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) artifact: PathBuf,
    directory: PathBuf,
    root: PathBuf,
}

/// A case that is decided otherwise, and why.
pub(crate) struct Exception {
    pub(crate) reason: String,
    pub(crate) used: bool,
}

impl Suite {
    /// The suite, where somebody put it.
    pub(crate) fn find() -> Option<Self> {
        let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
        let usual = shared.join("sigstore-conformance/bundle-verify");
        let directory = env::var_os("CONFORMANCE_SUITE").map_or(usual, PathBuf::from);
        let root = shared.join("tuf-sigstore-prod/targets/trusted_root.json");
        directory.is_dir().then_some(Self { directory, root })
    }

    /// Every case, in order.
    pub(crate) fn cases(&self) -> Vec<Case> {
        let entries = fs::read_dir(&self.directory).unwrap().map(|entry| entry.unwrap().path());
        let mut directories: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
        directories.sort();
        directories.iter().map(|directory| self.case(directory)).collect()
    }

    fn case(&self, directory: &Path) -> Case {
        let or = |own: &str, usual: PathBuf| {
            let own = directory.join(own);
            if own.exists() { own } else { usual }
        };
        Case {
            name: directory.file_name().unwrap().to_string_lossy().into_owned(),
            artifact: or("artifact", self.directory.join("a.txt")),
            root: or("trusted_root.json", self.root.clone()),
            directory: directory.to_owned(),
        }
    }
}

impl Case {
    /// Whether it must verify: its name says if not.
    pub(crate) fn must_verify(&self) -> bool {
        !self.name.ends_with("_fail")
    }

    /// The artifact's digest, as the protocol writes it.
    pub(crate) fn digest(&self) -> String {
        Digest::sha256(&fs::read(&self.artifact).unwrap()).to_string()
    }

    /// The arguments of `verify-bundle`, in the order of the protocol.
    pub(crate) fn arguments(&self, artifact: &str) -> Vec<String> {
        let path = |path: &Path| path.display().to_string();
        let said = |file: &str, usual: &str| {
            let text = fs::read_to_string(self.directory.join(file));
            text.map_or_else(|_| usual.to_owned(), |text| text.trim().to_owned())
        };
        let bundle = path(&self.directory.join("bundle.sigstore.json"));
        let mut arguments = vec!["verify-bundle".to_owned(), "--bundle".to_owned(), bundle];
        let key = self.directory.join("key.pub");
        let who = match key.exists() {
            true => vec!["--key".to_owned(), path(&key)],
            false => vec![
                "--certificate-identity".to_owned(),
                said("identity", IDENTITY),
                "--certificate-oidc-issuer".to_owned(),
                said("issuer", ISSUER),
            ],
        };
        arguments.extend(who);
        arguments.extend(["--trusted-root".to_owned(), path(&self.root), artifact.to_owned()]);
        arguments
    }
}

/// The cases that are decided otherwise: a line each, `"NAME" = "REASON"`.
pub(crate) fn exceptions() -> BTreeMap<String, Exception> {
    let text = fs::read_to_string(testdata("exceptions.toml")).unwrap();
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, reason) = line.split_once('=').unwrap();
            let bare = |text: &str| {
                let text = text.trim().strip_prefix('"').unwrap();
                text.strip_suffix('"').unwrap().to_owned()
            };
            assert!(bare(reason).len() > 20, "an exception needs a reason: {line}");
            (bare(name), Exception { reason: bare(reason), used: false })
        })
        .collect()
}
