//! docker-registry over TLS, with an authority that only those trust who are told of it.

use testkit::{
    authority::Authority,
    peers::{Kind, Peer},
};

use crate::{User, password, seed};

fn start() -> Option<(Peer, User, String)> {
    let peer = Peer::start(Kind::DockerRegistryWithTls).unwrap()?;
    seed(&peer);
    let user = User::new();
    user.write(".docker/config.json", &password(peer.host()));
    user.write("trusted/authority.pem", &peer.authority().unwrap());
    let image = format!("{}/acme/app:v1", peer.host());
    Some((peer, user, image))
}

#[test]
fn a_private_authority_is_named_by_file_or_directory() {
    let Some((_peer, user, image)) = start() else { return };
    let file = user.path("trusted/authority.pem");
    user.build(&image, &[("SSL_CERT_FILE", &file)]).exits(0);
    for variable in [("SSL_CERT_FILE", file), ("SSL_CERT_DIR", user.path("trusted"))] {
        let ended = user.list(&image, &[(variable.0, &variable.1)]).exits(0);
        assert!(ended.stdout.contains("\"kind\": \"build\""), "{ended:#?}");
        assert!(ended.stderr.contains("GET https://127.0.0.1"), "{ended:#?}");
    }
}

#[test]
fn whom_nobody_trusts_gets_nothing() {
    let Some((_peer, user, image)) = start() else { return };
    let other = Authority::new("another authority").unwrap();
    let other = user.write("other.pem", &other.pem());
    for variables in [vec![], vec![("SSL_CERT_FILE", other.as_str())]] {
        let ended = user.list(&image, &variables).fails("unavailable");
        assert!(ended.stderr.contains("invalid peer certificate"), "{ended:#?}");
        assert!(ended.stderr.contains("SSL_CERT_FILE"), "{ended:#?}");
        // The password stays here.
        assert!(!ended.stderr.contains("login for"), "{ended:#?}");
        // What will be the same in a second is not asked twice.
        assert!(!ended.stderr.contains("tries"), "{ended:#?}");
    }
}

#[test]
fn a_file_of_authorities_that_is_not_there_is_who_wrote_the_commands_fault() {
    let Some((_peer, user, image)) = start() else { return };
    let empty = user.write("empty.pem", "");
    for file in ["/there/is/none.pem", &empty] {
        let ended = user.list(&image, &[("SSL_CERT_FILE", file)]).exits(2);
        assert!(ended.stderr.contains("look at `HTTPS_PROXY`, `SSL_CERT_FILE`"), "{ended:#?}");
    }
}
