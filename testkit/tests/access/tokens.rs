//! docker-registry behind a token service: which tokens are asked for, by whom, how often.

use testkit::{
    peers::{Kind, Peer},
    tokens::{Asked, IDENTITY_TOKEN},
};

use crate::{User, password, seed};

fn start() -> Option<(Peer, User, String)> {
    of(Kind::DockerRegistryWithTokens)
}

fn of(kind: Kind) -> Option<(Peer, User, String)> {
    let peer = Peer::start(kind).unwrap()?;
    seed(&peer);
    let image = format!("{}/acme/app:v1", peer.host());
    Some((peer, User::new(), image))
}

/// What was asked of the token service: who, by which method, for what.
fn asked(peer: &Peer) -> Vec<(String, String, Vec<String>)> {
    let all = peer.tokens().unwrap().take();
    all.into_iter().map(|Asked { method, user, scopes, .. }| (method, user, scopes)).collect()
}

fn one(method: &str, user: &str, actions: &str) -> (String, String, Vec<String>) {
    (method.to_owned(), user.to_owned(), vec![format!("repository:acme/app:{actions}")])
}

#[test]
fn anybody_reads_with_a_token_that_allows_no_more() {
    let Some((peer, user, image)) = start() else { return };
    let ended = user.list(&image, &[]).exits(0);
    assert_eq!(asked(&peer), [one("GET", "", "pull")]);
    assert!(ended.stderr.contains("# no login for 127.0.0.1"), "{}", ended.stderr);
    // Nobody writes without a login.
    let ended = user.build(&image, &[]).exits(3);
    assert!(ended.stderr.contains("no credentials are known for it"), "{}", ended.stderr);
}

#[test]
fn a_password_buys_a_token_to_read_and_another_to_write() {
    let Some((peer, user, image)) = start() else { return };
    let file = user.write("docker/config.json", &password(peer.host()));
    let variables = [("DOCKER_CONFIG", user.path("docker"))];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let ended = user.build(&image, &variables).exits(0);
    assert!(ended.stderr.contains(&format!("login for {} from {file}", peer.host())), "{ended:#?}");
    assert_eq!(asked(&peer), [one("GET", "alice", "pull"), one("GET", "alice", "pull,push")]);
    // Reading alone asks for no more than that.
    let ended = user.list(&image, &variables).exits(0);
    assert!(ended.stdout.contains("\"kind\": \"build\""), "{ended:#?}");
    assert_eq!(asked(&peer), [one("GET", "alice", "pull")]);
}

#[test]
fn over_tls_the_token_goes_to_whom_the_authority_vouches_for_and_to_nobody_else() {
    let Some((peer, user, image)) = of(Kind::DockerRegistryWithTlsAndTokens) else { return };
    user.write(".docker/config.json", &password(peer.host()));
    let trusted = user.write("trusted/authority.pem", &peer.authority().unwrap());
    let variables = [("SSL_CERT_FILE", trusted.as_str())];
    user.build(&image, &variables).exits(0);
    assert_eq!(asked(&peer), [one("GET", "alice", "pull"), one("GET", "alice", "pull,push")]);
    let ended = user.list(&image, &variables).exits(0);
    assert!(ended.stdout.contains("\"kind\": \"build\""), "{ended:#?}");
    assert!(ended.stderr.contains("GET https://127.0.0.1"), "{ended:#?}");
    assert_eq!(asked(&peer), [one("GET", "alice", "pull")]);
    let ended = user.list(&image, &[]).fails("unavailable");
    assert!(ended.stderr.contains("invalid peer certificate"), "{ended:#?}");
    assert_eq!(asked(&peer), []);
}

#[test]
fn an_identity_token_buys_tokens_by_the_refresh_grant() {
    let Some((peer, user, image)) = start() else { return };
    let login = |token: &str| {
        let host = peer.host();
        let entry = format!(r#"{{"auth":"PHRva2VuPjo=","identitytoken":"{token}"}}"#);
        user.write(".docker/config.json", &format!(r#"{{"auths":{{"{host}":{entry}}}}}"#));
    };
    login(IDENTITY_TOKEN);
    user.build(&image, &[]).exits(0);
    assert_eq!(asked(&peer), [one("POST", "alice", "pull"), one("POST", "alice", "pull,push")]);
    login("another-t0ken");
    let ended = user.list(&image, &[]).fails("unauthorized");
    assert!(ended.stderr.contains("400 to the credentials that it was sent"), "{ended:#?}");
    assert!(!ended.stderr.contains("another-t0ken"));
}

/// One that runs out later is bought again once: `logins.rs` beside this directory.
#[test]
fn a_token_that_has_run_out_when_it_is_given_is_not_asked_for_for_ever() {
    let Some((peer, user, image)) = start() else { return };
    peer.tokens().unwrap().let_expire(1);
    user.list(&image, &[]).fails("unauthorized");
    assert_eq!(asked(&peer), [one("GET", "", "pull")]);
    user.list(&image, &[]).exits(0);
}

#[test]
fn a_wrong_password_is_refused_by_the_service() {
    let Some((peer, user, image)) = start() else { return };
    let login = password(peer.host()).replace("YWxpY2U6czNjcmV0", "YWxpY2U6d3JvbmcgcGE1NQ==");
    user.write(".docker/config.json", &login);
    let ended = user.list(&image, &[]).fails("unauthorized");
    assert!(ended.stderr.contains("log in with `docker login`"), "{ended:#?}");
    assert!(!ended.stderr.contains("wrong pa55"));
    assert_eq!(peer.tokens().unwrap().take().len(), 1);
}
