//! The same on registries that nobody here wrote, and on a layout that holds the same image.

use std::path::Path;

use registry::{Source, pin};
use testkit::peers::{Kind, LOGIN, Peer};

use super::*;

/// A started registry with an image in it, and how to reach it.
pub(super) struct Seeded {
    pub(super) peer: Peer,
    options: Options,
    _login: TempDir,
}

impl Seeded {
    pub(super) fn start(kind: Kind) -> Option<Self> {
        let peer = Peer::start(kind).unwrap()?;
        let image = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/images/app-oci");
        peer.seed(&image, REPOSITORY, "v1").unwrap();
        let login = tempfile::tempdir().unwrap();
        let file = login.path().join("config.json");
        let (user, password) = LOGIN;
        let host = peer.host();
        let auths =
            format!(r#"{{"auths":{{"{host}":{{"username":"{user}","password":"{password}"}}}}}}"#);
        fs::write(&file, auths).unwrap();
        let credentials = Credentials::Files(vec![file]);
        let options = Options { credentials, ..Options::default() };
        Some(Self { peer, options, _login: login })
    }

    pub(super) fn source(&self) -> AnySource {
        open(&self.reference(), &self.options).unwrap()
    }

    fn reference(&self) -> Reference {
        format!("{}/{REPOSITORY}:v1", self.peer.host()).parse().unwrap()
    }

    pub(super) async fn image(&self) -> Descriptor {
        let (_, manifest) = pin(&self.source(), &self.reference(), None).await.unwrap();
        manifest.descriptor()
    }
}

const KINDS: [Kind; 3] =
    [Kind::DockerRegistry, Kind::DockerRegistryWithLogin, Kind::FerroOciServer];

#[tokio::test]
async fn what_was_attached_to_a_real_registry_is_found() {
    for kind in KINDS {
        let Some(seeded) = Seeded::start(kind) else { continue };
        let image = seeded.image().await;
        let large = vec![b' '; 100 * 1024];
        for (before, bundle) in [b"{\"n\":1}".as_slice(), &large].into_iter().enumerate() {
            let target = seeded.source();
            assert_eq!(target.referrers(&image.digest).await.unwrap().len(), before);
            let attached = attach(&target, &image, bundle, TYPE, time()).await.unwrap();
            let again = attach(&target, &image, bundle, TYPE, time()).await.unwrap();
            assert_eq!(again, Attached { writes: 0, ..attached.clone() }, "{kind:?}");
            let found = target.referrers(&image.digest).await.unwrap();
            let entry = found.iter().find(|entry| entry.digest == attached.referrer).unwrap();
            let manifest = target.listed(entry).await.unwrap();
            assert_eq!(target.blob(layer(&manifest)).await.unwrap(), bundle);
        }
    }
}
