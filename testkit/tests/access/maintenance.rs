//! docker-registry in maintenance, which is read and not written: exit 3, with what to do instead.

use testkit::peers::{Kind, Peer};

use crate::{User, seed};

#[test]
fn what_is_read_only_is_said_to_be_and_evidence_can_go_elsewhere() {
    let user = User::new();
    let peers = || Peer::start(Kind::DockerRegistry).unwrap();
    let (Some(mut peer), Some(elsewhere)) = (peers(), peers()) else { return };
    seed(&peer);
    let image = format!("{}/acme/app:v1", peer.host());
    user.build(&image, &[]).exits(0);
    peer.maintain().unwrap();
    let ended = user.build(&image, &[]).exits(3);
    assert!(ended.stderr.contains("[read-only]"), "{ended:#?}");
    assert!(ended.stderr.contains("answered 405"), "{ended:#?}");
    assert!(ended.stderr.contains("--evidence-repository REF"), "{ended:#?}");
    assert!(!ended.stdout.contains("Attached"), "{ended:#?}");

    // What hung there before is still read; the remedy is one.
    let ended = user.list(&image, &[]).exits(0);
    assert_eq!(ended.stdout.matches("\"kind\": \"build\"").count(), 1, "{ended:#?}");
    let other = format!("{}/acme/evidence", elsewhere.host());
    user.build(&format!("{image} --evidence-repository {other}"), &[]).exits(0);
    let ended = user.list(&format!("{image} --evidence-repository {other}"), &[]).exits(0);
    assert_eq!(ended.stdout.matches("\"kind\": \"build\"").count(), 1, "{ended:#?}");
}
