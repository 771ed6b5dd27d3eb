//! The real registries start, hold an image byte for byte, and differ where we count on it.

use std::path::Path;

use testkit::peers::{Kind, LOGIN, Peer};

const AMD64: &str = "b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";
const INDEX: &str = "782419d2e04c4377f25a4aaee15e8e753b4f0e45dae61616477e71f75cf447e0";

/// Seeds both images and reads one manifest back; then asks for its referrers.
#[expect(clippy::unwrap_used, reason = "a step that fails fails the test")]
async fn holds_images(kind: Kind, referrers: u16) {
    let Some(peer) = Peer::start(kind).unwrap() else { return };
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/images");
    let image = peer.seed(&images.join("app-oci"), "acme/app", "v1").unwrap();
    assert_eq!(image.hex(), AMD64);
    let index = peer.seed(&images.join("app-index-oci"), "acme/app-index", "v1").unwrap();
    assert_eq!(index.hex(), INDEX);

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = |path: String| {
        let url = format!("http://{}/v2/acme/app/{path}", peer.host());
        let accept = "application/vnd.oci.image.manifest.v1+json";
        client.get(url).header("accept", accept).basic_auth(LOGIN.0, Some(LOGIN.1)).send()
    };
    let manifest = get("manifests/v1".to_owned()).await.unwrap().bytes().await.unwrap();
    assert_eq!(evidence::Digest::sha256(&manifest), image);
    assert_eq!(get(format!("referrers/{image}")).await.unwrap().status().as_u16(), referrers);
}

#[tokio::test]
async fn docker_registry_holds_images_and_has_no_referrers() {
    holds_images(Kind::DockerRegistry, 404).await;
}

#[tokio::test]
async fn ferro_oci_server_holds_images_and_has_referrers() {
    holds_images(Kind::FerroOciServer, 200).await;
}

#[tokio::test]
async fn a_registry_with_a_login_refuses_strangers() {
    holds_images(Kind::DockerRegistryWithLogin, 404).await;
    let Some(peer) = Peer::start(Kind::DockerRegistryWithLogin).unwrap() else { return };
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/v2/acme/app/manifests/v1", peer.host());
    let answer = client.get(url).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 401);
    assert_eq!(answer.headers().get("www-authenticate").unwrap(), "Basic realm=\"test\"");
}

#[test]
fn what_stands_before_a_registry_lets_in_whom_it_should() {
    for kind in [Kind::DockerRegistryWithTls, Kind::DockerRegistryWithTokens] {
        let Some(peer) = Peer::start(kind).unwrap() else { return };
        let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/images");
        let image = peer.seed(&images.join("app-oci"), "acme/app", "v1").unwrap();
        assert_eq!(image.hex(), AMD64);
    }
}

#[test]
fn many_start_at_once_on_ports_of_their_own() {
    let started: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> =
            (0..8).map(|_| scope.spawn(|| Peer::start(Kind::FerroOciServer).unwrap())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let mut hosts: Vec<_> = started.iter().flatten().map(|peer| peer.host().to_owned()).collect();
    let all = hosts.len();
    hosts.sort();
    hosts.dedup();
    assert_eq!(hosts.len(), all);
}
