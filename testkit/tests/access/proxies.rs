//! Proxies that the environment names. The host is one that nobody resolves, so what is answered came
//! through the proxy.

use testkit::{
    forward::Forward,
    peers::{Kind, LOGIN, Peer},
    registry::{Answer, Fault, Login, Registry},
};

use crate::{PROXY, User, password, seed};

#[test]
fn a_tunnel_leads_to_a_registry_over_tls() {
    let Some(peer) = Peer::start(Kind::DockerRegistryWithTls).unwrap() else { return };
    seed(&peer);
    let user = User::new();
    user.write(".docker/config.json", &password("registry.test"));
    let trusted = user.write("authority.pem", &peer.authority().unwrap());
    let proxy = Forward::start(peer.host(), Some(PROXY)).unwrap();
    let (name, pass) = PROXY;
    let address = format!("http://{name}:{pass}@{}", proxy.host());
    let image = "registry.test/acme/app:v1";

    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let variables = [(variable, address.as_str()), ("SSL_CERT_FILE", &trusted)];
        user.list(image, &variables).exits(0);
        let seen = proxy.take();
        assert!(
            !seen.is_empty() && seen.iter().all(|s| s == "CONNECT registry.test:443"),
            "{seen:?}"
        );
    }
    let variables = [("HTTPS_PROXY", address.as_str()), ("SSL_CERT_FILE", &trusted)];
    user.build(image, &variables).exits(0);
    proxy.take();

    // The certificate is for one name: a proxy, or a resolver, cannot lead elsewhere.
    user.write(".docker/config.json", &password("other.test"));
    let ended = user.list("other.test/acme/app:v1", &variables).fails("unavailable");
    assert!(ended.stderr.contains("invalid peer certificate"), "{ended:#?}");
    assert_eq!(proxy.take(), ["CONNECT other.test:443"]);

    // Without the proxy's own login, and with NO_PROXY, there is nobody of that name.
    let without = format!("http://{}", proxy.host());
    let ended = user.list(image, &[("HTTPS_PROXY", &without), ("SSL_CERT_FILE", &trusted)]);
    ended.fails("unavailable");
    assert!(!proxy.take().is_empty());
    for hosts in ["registry.test", ".test", "*", "a.example.com, test"] {
        let ended = user.list(image, &[variables.as_slice(), &[("NO_PROXY", hosts)]].concat());
        ended.fails("unavailable");
        assert_eq!(proxy.take(), Vec::<String>::new(), "{hosts}");
    }
}

#[test]
fn plain_http_goes_through_a_proxy_and_this_machine_does_not() {
    let registry = Registry::start().unwrap();
    let layout = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/images/app-oci");
    registry.load("acme/app", layout.as_ref()).unwrap();
    registry.require(Login::Basic(LOGIN.0.to_owned(), LOGIN.1.to_owned()));
    let user = User::new();
    user.write(".docker/config.json", &password("registry.test"));
    let proxy = Forward::start(&registry.host(), Some(PROXY)).unwrap();
    let (name, pass) = PROXY;
    let address = format!("http://{name}:{pass}@{}", proxy.host());
    let variables = [("HTTP_PROXY", address.as_str()), ("HTTPS_PROXY", address.as_str())];
    let words = "verify list registry.test/acme/app:v1 --plain-http -v --format json";
    user.run(words, &variables).exits(0);
    let seen = proxy.take();
    let first = "GET http://registry.test/v2/acme/app/manifests/v1";
    assert_eq!(seen.first().map(String::as_str), Some(first), "{seen:?}");
    // The proxy's login is the proxy's alone.
    let requests = registry.requests();
    assert!(requests.iter().all(|request| request.header("proxy-authorization").is_none()));

    // Without --plain-http it is a tunnel to what speaks no TLS.
    user.list("registry.test/acme/app:v1", &variables).fails("unavailable");
    assert!(proxy.take().iter().all(|seen| seen == "CONNECT registry.test:443"));

    // A registry elsewhere names no token service on this machine.
    let local = Registry::start().unwrap();
    let realm = format!("Bearer realm=\"http://{}/token\"", local.host());
    let asks = Answer::new(401).with("WWW-Authenticate", &realm);
    registry.fault("GET", "/v2/", None, Fault::Answer(asks));
    let ended = user.run(words, &variables).fails("unauthorized");
    assert!(ended.stderr.contains("nothing was sent there"), "{ended:#?}");
    assert_eq!(local.take_requests(), Vec::<String>::new());
    registry.mend();
    proxy.take();

    user.write(".docker/config.json", &password(&registry.host()));
    user.list(&format!("{}/acme/app:v1", registry.host()), &variables).exits(0);
    assert_eq!(proxy.take(), Vec::<String>::new());
}
