//! What the gate asks of a registry: which requests, and which of them wait for others.
//!
//! Each answer is held back until all requests of its round have come, so that a request made too
//! late is a request that never comes: no clock decides. With the image's manifest, its lists, its
//! config and four attestations there is one request for each and no more, in two rounds by digest
//! and in three by tag.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::{fs, net::TcpListener, path::Path};

use testkit::{
    commands,
    peers::{Kind, Peer},
    proxy::{Exchange, Pace, Proxy},
    sigstore::{Identity, Instance, Name, Rekor, Server},
};

const DIGEST: &str = "sha256:b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";
const CONFIG: &str = "sha256:1396f8186555d79f474ce19821f75ec296fdf5dabac437d7f6260d6d93d45436";

/// Who vouches for the bot that signs without a key.
const ISSUER: &str = "https://issuer.example.com";

/// What four steps may cost at most, by digest or by tag.
const ALL: usize = 9;

/// Four steps, and a label, so that the config is read too.
const POLICY: &str = r#"
schema: 1
images: ["UPSTREAM/acme/app", "PROXY/acme/app"]
trust: {time: [claimed]}
signers: {bench: {key: bench.pub}}
steps:
  build: {type: build, signed-by: bench}
  scan: {type: scan, signed-by: bench, after: build, findings: {critical: 0}}
  test: {type: test, signed-by: bench, after: build}
  staging: {type: deployment, environment: staging, signed-by: bench, after: [scan, test]}
image:
  labels: {git.commit: build.commit}
"#;

const ATTEST: &str = r#"
attest key generate --out bench
attest build  IMAGE --key bench.key --source https://git.example.com/acme/app \
  --commit 4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c --run https://ci.example.com/acme/app/runs/4711
attest scan   IMAGE --key bench.key --report REPORTS/scan/trivy-vuln-clean.json
attest test   IMAGE --key bench.key --report REPORTS/test/pytest-pass.xml
attest deploy IMAGE --key bench.key --environment staging --result succeeded
"#;

struct Measured {
    exchanges: Vec<Exchange>,
    allowed: bool,
    output: String,
}

impl Measured {
    /// What was asked in a round, in order; the digests of the attestations, which differ from run
    /// to run, left out.
    fn round(&self, round: usize) -> Vec<String> {
        let of_round = self.exchanges.iter().filter(|exchange| exchange.round == round);
        let mut requests: Vec<String> =
            of_round.map(|exchange| named(&exchange.request).to_owned()).collect();
        requests.sort();
        requests
    }
}

/// What a request asks for.
fn named(request: &str) -> &str {
    let fallback = DIGEST.replace(':', "-");
    match request.strip_prefix("GET /v2/acme/app/") {
        Some("manifests/v1") => "tag",
        Some(path) if path == format!("manifests/{DIGEST}") => "image",
        Some(path) if path == format!("referrers/{DIGEST}") => "referrers",
        Some(path) if path == format!("manifests/{fallback}") => "fallback tag",
        Some(path) if path == format!("manifests/{fallback}.att") => "legacy tag",
        Some(path) if path == format!("blobs/{CONFIG}") => "config",
        Some(path) if path.starts_with("manifests/sha256:") => "attestation",
        _ => request,
    }
}

/// By what the four steps are signed.
#[derive(Clone, Copy)]
enum Signed {
    ByKey,
    /// By a certificate, at a private Sigstore whose root is a file.
    Keyless,
}

/// What signs without a key, and the policy that believes it.
fn keyless(directory: &Path, server: &Server, policy: &str, attest: &str) -> (String, String) {
    // A name alone: the certificate of a job would say where it runs, and this image is of no such job.
    let bot = Identity::named(Name::Uri("https://ci.example.com/bots/release".to_owned()), ISSUER);
    let write = |name: &str, bytes: Vec<u8>| fs::write(directory.join(name), bytes).unwrap();
    write("token", server.token(&bot).into_bytes());
    write("root.json", server.trusted_root());
    write("services.json", server.signing_config(Rekor::V2));
    let signer = format!("{{issuer: \"{}\", identity: \"{}\"}}", bot.issuer, bot.name.text());
    let policy = policy
        .replace("{time: [claimed]}", "{roots: {test: {root: root.json}}}")
        .replace("{key: bench.pub}", &signer);
    let signing = "--identity-token token --signing-config services.json --trusted-root root.json";
    let attest = attest.replace("attest key generate --out bench\n", "");
    (policy, attest.replace("--key bench.key", signing))
}

/// Attests four steps, then asks the gate for the image by `reference` in rounds of these sizes.
fn measured(kind: Kind, signed: Signed, reference: &str, rounds: &[usize]) -> Option<Measured> {
    let peer = Peer::start(kind).unwrap()?;
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata");
    let digest = peer.seed(&testdata.join("images/app-oci"), "acme/app", "v1").unwrap();
    assert_eq!(digest.to_string(), DIGEST);
    let proxy = Proxy::start(peer.host().parse().unwrap(), Pace::Rounds(rounds.to_vec())).unwrap();

    let directory = tempfile::tempdir().unwrap();
    let policy = POLICY.replace("UPSTREAM", peer.host()).replace("PROXY", &proxy.host());
    let server = Instance::new().serve().unwrap();
    let (policy, attest) = match signed {
        Signed::ByKey => (policy, ATTEST.to_owned()),
        Signed::Keyless => keyless(directory.path(), &server, &policy, ATTEST),
    };
    fs::write(directory.path().join("policy.yaml"), policy).unwrap();
    let programs = commands::built().unwrap();
    let run = |script: &str| commands::shell(&programs, directory.path(), script).unwrap();
    let image = format!("{}/acme/app:v1", peer.host());
    let reports = testdata.join("reports").display().to_string();
    let made = run(&attest.replace("IMAGE", &image).replace("REPORTS", &reports));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

    server.take_requests();
    // Whoever is not on this machine could be asked by this proxy alone, and it would notice.
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = elsewhere.local_addr().unwrap();
    let host = proxy.host();
    let gate = run(&format!(
        "export HTTPS_PROXY=http://{address} HTTP_PROXY=http://{address}\n\
         verify gate {host}/acme/app{reference} --policy policy.yaml"
    ));
    assert_eq!(server.take_requests(), [""; 0], "a gate asks no service of a Sigstore");
    elsewhere.set_nonblocking(true).unwrap();
    assert!(elsewhere.accept().is_err(), "the gate asked somebody else than the registry");
    let output = [gate.stdout, gate.stderr].concat();
    Some(Measured {
        exchanges: proxy.take(),
        allowed: gate.status.success(),
        output: String::from_utf8_lossy(&output).into_owned(),
    })
}

fn by_digest(kind: Kind, signed: Signed) {
    let Some(measured) = measured(kind, signed, &format!("@{DIGEST}"), &[4, 5]) else { return };
    assert!(measured.allowed, "{}", measured.output);
    assert_eq!(measured.round(0), ["fallback tag", "image", "legacy tag", "referrers"]);
    let attestation = "attestation";
    assert_eq!(measured.round(1), [attestation, attestation, attestation, attestation, "config"]);
    assert_eq!(measured.exchanges.len(), ALL);
}

fn by_tag(kind: Kind) {
    let Some(measured) = measured(kind, Signed::ByKey, ":v1", &[1, 4, 4]) else { return };
    assert!(measured.allowed, "{}", measured.output);
    assert_eq!(measured.round(0), ["tag"]);
    assert_eq!(measured.round(1), ["config", "fallback tag", "legacy tag", "referrers"]);
    assert_eq!(measured.round(2), ["attestation"; 4]);
    assert_eq!(measured.exchanges.len(), ALL);
}

#[test]
fn by_digest_two_deep_with_referrers() {
    by_digest(Kind::FerroOciServer, Signed::ByKey);
}

#[test]
fn by_digest_two_deep_without_referrers() {
    by_digest(Kind::DockerRegistry, Signed::ByKey);
}

/// Certificates, log entries and timestamps come with the evidence, and the root with the policy: nothing
/// more is asked than with keys, and nobody else.
#[test]
fn without_keys_not_one_request_more_and_nobody_else_is_asked() {
    by_digest(Kind::FerroOciServer, Signed::Keyless);
    by_digest(Kind::DockerRegistry, Signed::Keyless);
}

#[test]
fn by_tag_three_deep_with_referrers() {
    by_tag(Kind::FerroOciServer);
}

#[test]
fn by_tag_three_deep_without_referrers() {
    by_tag(Kind::DockerRegistry);
}
