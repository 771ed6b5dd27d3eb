//! Where logins are looked up, and what helpers may do.

use std::fs;

use testkit::peers::{Kind, Peer};

use crate::{User, password, seed};

fn start() -> Option<(Peer, User, String)> {
    let peer = Peer::start(Kind::DockerRegistryWithLogin).unwrap()?;
    seed(&peer);
    let image = format!("{}/acme/app:v1", peer.host());
    Some((peer, User::new(), image))
}

#[test]
fn without_a_login_nothing_is_read() {
    let Some((_peer, user, image)) = start() else { return };
    let ended = user.list(&image, &[]).fails("unauthorized");
    assert!(ended.stderr.contains("no credentials are known for it"), "{ended:#?}");
}

#[test]
fn a_login_is_found_where_docker_and_podman_leave_it() {
    let Some((peer, user, image)) = start() else { return };
    let places = [
        (".docker/config.json", None),
        (".config/containers/auth.json", None),
        ("config/containers/auth.json", Some(("XDG_CONFIG_HOME", "config"))),
        ("runtime/containers/auth.json", Some(("XDG_RUNTIME_DIR", "runtime"))),
        ("docker/config.json", Some(("DOCKER_CONFIG", "docker"))),
        ("any.json", Some(("REGISTRY_AUTH_FILE", "any.json"))),
    ];
    // Of a host, as `docker login` writes it; of a namespace or repository, as `podman login` may.
    let host = peer.host();
    let keys = [host.to_owned(), format!("{host}/acme"), format!("{host}/acme/app")];
    for (number, (name, variable)) in places.into_iter().enumerate() {
        let file = user.write(name, &password(&keys[number % keys.len()]));
        let value = variable.map(|(_, value)| user.path(value)).unwrap_or_default();
        let variables: Vec<_> = variable.iter().map(|(name, _)| (*name, value.as_str())).collect();
        let ended = user.list(&image, &variables).exits(0);
        assert!(ended.stderr.contains(&format!("login for {host} from {file}")), "{ended:#?}");
        fs::remove_file(file).unwrap();
    }
    // A login of another namespace is none.
    user.write(".docker/config.json", &password(&format!("{host}/other")));
    user.list(&image, &[]).fails("unauthorized");
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_is_no_anonymity() {
    let Some((peer, user, image)) = start() else { return };
    let file = user.write(".docker/config.json", &password(peer.host()).replace('}', ""));
    let ended = user.list(&image, &[]).fails("unauthorized");
    assert!(ended.stderr.contains(&format!("the logins in `{file}` cannot be read")), "{ended:#?}");
}

#[test]
fn helpers_are_asked_for_their_hosts_and_what_they_say_is_not_shown() {
    let Some((peer, user, image)) = start() else { return };
    let host = peer.host().to_owned();
    let of_host = format!(r#"{{"credHelpers":{{"{host}":"test"}}}}"#);
    let of_all = format!(r#"{{"auths":{{"{host}":{{}}}},"credsStore":"test"}}"#);
    for config in [&of_host, &of_all] {
        let file = user.write(".docker/config.json", config);
        let ended = user.list(&image, &[("HELPER_SAYS", "password")]).exits(0);
        let source = format!("login for {host} from docker-credential-test, named in {file}");
        assert!(ended.stderr.contains(&source), "{ended:#?}");
        assert_eq!(fs::read_to_string(user.path("asked")).unwrap(), format!("{host}\n"));
        fs::remove_file(user.path("asked")).unwrap();

        for says in ["fails", "nonsense", "floods"] {
            let ended = user.list(&image, &[("HELPER_SAYS", says)]).fails("unauthorized");
            let words = "the credential helper `docker-credential-test` gave no login";
            assert!(ended.stderr.contains(words), "{says}: {ended:#?}");
        }
        let ended = user.list(&image, &[("HELPER_SAYS", "nothing")]).fails("unauthorized");
        assert!(ended.stderr.contains("no credentials are known for it"), "{ended:#?}");
        // It has an identity token, and this registry wants a password.
        let ended = user.list(&image, &[("HELPER_SAYS", "token")]).fails("unauthorized");
        assert!(ended.stderr.contains("its login is an identity token"), "{ended:#?}");
        fs::remove_file(user.path("asked")).unwrap();
    }
    // A helper of another host has nothing to do with it.
    user.write(".docker/config.json", &of_host.replace("127.0.0.1", "127.0.0.2"));
    user.list(&image, &[("HELPER_SAYS", "password")]).fails("unauthorized");
    assert!(!fs::exists(user.path("asked")).unwrap());
}

#[test]
fn a_helper_that_never_ends_ends_with_the_timeout() {
    let Some((peer, user, image)) = start() else { return };
    user.write(
        ".docker/config.json",
        &format!(r#"{{"credHelpers":{{"{}":"test"}}}}"#, peer.host()),
    );
    let sleeps = [("HELPER_SAYS", "sleeps")];
    let words = format!("verify list {image} --timeout 1s --format json");
    user.run(&words, &sleeps).fails("timeout");
}
