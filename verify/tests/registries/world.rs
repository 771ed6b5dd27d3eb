//! A registry in which a test passed and a newer one failed, and the gate asked about it: denied, and
//! never to be allowed, whatever the registry does. It asks for a login.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use evidence::{Digest, bundle::MEDIA_TYPE, json::json};
use registry::{Descriptor, manifest::IMAGE, referrers::fallback_tag};
use testkit::{
    content::Content,
    registry::{Login, Registry},
};

pub(crate) const REPOSITORY: &str = "acme/app";
pub(crate) const DIGEST: &str =
    "sha256:b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";
const CONFIG: &str = "sha256:1396f8186555d79f474ce19821f75ec296fdf5dabac437d7f6260d6d93d45436";
const LOGIN: (&str, &str) = ("alice", "s3cret-pa55");

/// What the gate asks a registry for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Blob,
    Config,
    Fallback,
    Image,
    /// cosign's older tag.
    Legacy,
    Manifest,
    /// The second page of the referrers, on which the failure stands.
    Page,
    Referrers,
    Tag,
    Token,
}

impl Asked {
    pub(crate) const ALL: [Self; 10] = [
        Self::Blob,
        Self::Config,
        Self::Fallback,
        Self::Image,
        Self::Legacy,
        Self::Manifest,
        Self::Page,
        Self::Referrers,
        Self::Tag,
        Self::Token,
    ];

    /// A list, which no digest covers.
    pub(crate) fn is_list(self) -> bool {
        matches!(self, Self::Fallback | Self::Page | Self::Referrers)
    }
}

/// How the gate ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: i32,
    /// The kind of the error; the decision where there was a verdict.
    pub(crate) word: String,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) struct World {
    pub(crate) registry: Registry,
    dir: tempfile::TempDir,
    failed: (Descriptor, Content),
}

impl World {
    pub(crate) fn new() -> Self {
        let registry = Registry::start().unwrap();
        registry.load(REPOSITORY, &testdata("images/app-oci")).unwrap();
        let subject = {
            let store = registry.store();
            Descriptor::of(IMAGE, store.manifest(REPOSITORY, DIGEST).unwrap())
        };
        let mut content = Content::default();
        let passed = content.referrer(&subject, &gate("passed.json"), false);
        let failed = after(&subject, &passed.digest);
        content.index(&fallback_tag(&subject.digest), std::slice::from_ref(&passed));
        content.push(&registry, REPOSITORY);
        failed.1.push(&registry, REPOSITORY);
        registry.store().page = 1;
        let (user, password) = LOGIN;
        registry.require(Login::Token(Some((user.to_owned(), password.to_owned()))));
        let dir = tempfile::tempdir().unwrap();
        let host = registry.host();
        let policy = String::from_utf8(gate("policy.yaml")).unwrap();
        let policy = policy.replace("registry.example.com", &host);
        fs::write(dir.path().join("policy.yaml"), policy).unwrap();
        fs::write(dir.path().join("release.pub"), gate("release.pub")).unwrap();
        let login = json!({"auths": {host: {"username": user, "password": password}}});
        fs::write(dir.path().join("config.json"), login.to_string()).unwrap();
        Self { registry, dir, failed }
    }

    /// The same without the failure.
    pub(crate) fn allowed() -> Self {
        let world = Self::new();
        world.registry.store().remove(REPOSITORY, &world.failed.0.digest);
        world
    }

    /// Brings the failure back.
    pub(crate) fn fail(&self) {
        self.failed.1.push(&self.registry, REPOSITORY);
    }

    /// What the path of such a request contains.
    pub(crate) fn path(&self, asked: Asked) -> String {
        let failed = Digest::sha256(&gate("failed.json"));
        match asked {
            Asked::Blob => format!("/blobs/{failed}"),
            Asked::Config => format!("/blobs/{CONFIG}"),
            Asked::Fallback => format!("/manifests/{}", DIGEST.replace(':', "-")),
            Asked::Legacy => format!("/manifests/{}.att", DIGEST.replace(':', "-")),
            Asked::Image => format!("/manifests/{DIGEST}"),
            Asked::Manifest => format!("/manifests/{}", self.failed.0.digest),
            Asked::Page => "?page=1".to_owned(),
            Asked::Referrers => format!("/referrers/{DIGEST}"),
            Asked::Tag => "/manifests/v1".to_owned(),
            Asked::Token => "/token".to_owned(),
        }
    }

    /// The image, by tag where that is what is asked for.
    pub(crate) fn image(&self, asked: Asked) -> String {
        let end = if asked == Asked::Tag { ":v1".to_owned() } else { format!("@{DIGEST}") };
        format!("{}/{REPOSITORY}{end}", self.registry.host())
    }

    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `verify gate`, with further words.
    pub(crate) fn gate(&self, asked: Asked, words: &[&str]) -> Ended {
        let image = self.image(asked);
        let gate = ["gate", &image, "--policy", "policy.yaml", "--format", "json", "-v"];
        self.run(&[&gate, words].concat(), &[])
    }

    /// `verify` with the user's login and these variables, and nothing else in its environment.
    pub(crate) fn run(&self, words: &[&str], variables: &[(&str, &str)]) -> Ended {
        // A gate that never ends fails the test instead of holding it up.
        ended(self.command("timeout", &["-s", "KILL", "120"], words, variables))
    }

    /// `verify gate`, and what it took: its largest size in memory in KiB, and seconds of computing;
    /// nothing where that cannot be told.
    pub(crate) fn weigh(&self, asked: Asked) -> (Ended, String) {
        let places = [testdata("../.tools/bin/time"), PathBuf::from("/usr/bin/time")];
        let Some(time) = places.iter().find(|place| place.is_file()) else {
            return (self.gate(asked, &[]), String::new());
        };
        let image = self.image(asked);
        let words = ["gate", &image, "--policy", "policy.yaml", "--format", "json"];
        let size = self.path_of("size");
        let before = ["-q", "-f", "%M KiB, %U s", "-o", size.to_str().unwrap()];
        let ended = ended(self.command(time.to_str().unwrap(), &before, &words, &[]));
        (ended, fs::read_to_string(size).unwrap().trim().to_owned())
    }

    fn command(
        &self,
        program: &str,
        before: &[&str],
        words: &[&str],
        variables: &[(&str, &str)],
    ) -> Command {
        let mut command = Command::new(program);
        command
            .args(before)
            .arg(assert_cmd::cargo::cargo_bin!("verify"))
            .args(words)
            .current_dir(self.dir.path())
            .env_clear()
            .env("DOCKER_CONFIG", self.dir.path())
            .envs(variables.iter().copied());
        command
    }
}

fn ended(mut command: Command) -> Ended {
    let output = command.output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let answer: serde_json::Value = serde_json::from_str(&stdout).unwrap_or_default();
    let word = answer.pointer("/error/kind").or_else(|| answer.get("decision"));
    let word = word.and_then(|word| word.as_str()).unwrap_or_default().to_owned();
    Ended { status: output.status.code().unwrap_or(-1), word, stdout, stderr }
}

impl Ended {
    #[track_caller]
    pub(crate) fn is(&self, status: i32, word: &str) {
        assert_eq!((self.status, self.word.as_str()), (status, word), "{self:#?}");
        assert!(!self.tells(), "{self:#?}");
    }

    /// Whether anything secret is shown anywhere.
    pub(crate) fn tells(&self) -> bool {
        let encoded = "YWxpY2U6czNjcmV0LXBhNTU";
        let secrets = [LOGIN.1, encoded, "Bearer ", "service-test"];
        let shown = [&self.stdout, &self.stderr];
        secrets.iter().any(|secret| shown.iter().any(|text| text.contains(secret)))
    }
}

/// The failure, in a manifest that is listed after the other.
fn after(subject: &Descriptor, first: &Digest) -> (Descriptor, Content) {
    let mut content = Content::default();
    let layer = content.blob(MEDIA_TYPE, &gate("failed.json"));
    let config = content.blob("application/vnd.oci.empty.v1+json", b"{}");
    let manifest = |salt: u32| {
        json!({
            "schemaVersion": 2, "mediaType": IMAGE, "artifactType": MEDIA_TYPE, "config": config,
            "layers": [layer], "subject": subject, "annotations": {"salt": salt.to_string()},
        })
    };
    let salted = (0..).map(manifest).find(|manifest| {
        let digest = Digest::sha256(manifest.to_string().as_bytes());
        digest.to_string() > first.to_string()
    });
    (content.manifest(None, &salted.unwrap()), content)
}

pub(crate) fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(path)
}

pub(crate) fn gate(name: &str) -> Vec<u8> {
    fs::read(testdata("gate").join(name)).unwrap()
}
