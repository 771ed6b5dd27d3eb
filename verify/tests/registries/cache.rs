//! What was read before, and who may have written there (`--cache`): it saves requests, and decides
//! nothing.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, thread};

use evidence::Digest;
use testkit::registry::{Answer, Fault};

use crate::world::{Asked, Ended, World, gate};

/// The requests since the last time, sorted, without what logging in costs.
fn requests(world: &World) -> Vec<String> {
    let requests = world.registry.take_requests();
    let mut requests: Vec<String> =
        requests.into_iter().filter(|request| !request.contains("/token")).collect();
    requests.sort();
    // Each that came before the token is there once more.
    requests.dedup();
    requests
}

/// What of them is no list and no tag.
fn content(requests: &[String]) -> Vec<&String> {
    requests.iter().filter(|r| r.contains("/manifests/sha256:") || r.contains("/blobs/")).collect()
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir.join("sha256")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn cached(world: &World, asked: Asked) -> Ended {
    world.gate(asked, &["--cache", "cache"])
}

#[test]
fn only_lists_and_tags_are_asked_for_again() {
    for (asked, lists) in [(Asked::Image, 3), (Asked::Tag, 4)] {
        let world = World::allowed();
        cached(&world, asked).is(0, "allow");
        let cold = requests(&world);
        // The image by digest, its config, and an attestation's manifest and bundle.
        let fetched = if asked == Asked::Image { 4 } else { 3 };
        assert_eq!(content(&cold).len(), fetched, "{cold:#?}");
        cached(&world, asked).is(0, "allow");
        let warm = requests(&world);
        assert_eq!(content(&warm), Vec::<&String>::new());
        // The referrers, the fallback tag and cosign's; and the image's own.
        assert_eq!(warm.len(), lists, "{warm:#?}");
    }
}

#[test]
fn the_variable_names_the_directory_and_the_option_is_stronger() {
    let world = World::allowed();
    let image = world.image(Asked::Image);
    let gate = ["gate", &image, "--policy", "policy.yaml", "--format", "json"];
    world.run(&gate, &[("VERIFY_CACHE", "of-variable")]).is(0, "allow");
    assert_eq!(files(&world.path_of("of-variable")).len(), 4);
    let words = [gate.as_slice(), &["--cache", "of-option"]].concat();
    world.run(&words, &[("VERIFY_CACHE", "neither")]).is(0, "allow");
    assert!(world.path_of("of-option").is_dir() && !world.path_of("neither").exists());
    world.run(&gate, &[("VERIFY_CACHE", "")]).is(0, "allow");
    world.run(&["list", &image], &[("VERIFY_CACHE", "of-list")]);
    assert!(!world.path_of("of-list").exists());
}

#[test]
fn whoever_writes_into_it_decides_nothing() {
    let world = World::new();
    cached(&world, Asked::Image).is(1, "deny");
    let dir = world.path_of("cache");
    let failed = dir.join("sha256").join(Digest::sha256(&gate("failed.json")).hex());
    let passed = gate("passed.json");
    // The failure is replaced by what passed, by nothing, by more than anybody reads; all of it is.
    for bytes in [passed.clone(), Vec::new(), vec![b' '; 20 * 1024 * 1024]] {
        fs::write(&failed, bytes).unwrap();
        cached(&world, Asked::Image).is(1, "deny");
        assert_eq!(fs::read(&failed).unwrap(), gate("failed.json"));
    }
    for file in files(&dir) {
        fs::write(file, &passed).unwrap();
    }
    requests(&world);
    cached(&world, Asked::Image).is(1, "deny");
    assert!(content(&requests(&world)).len() >= 4);
    // Links to elsewhere, and directories.
    for file in files(&dir) {
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
    }
    cached(&world, Asked::Image).is(1, "deny");
    fs::remove_dir_all(&dir).unwrap();
    fs::create_dir_all(&failed).unwrap();
    cached(&world, Asked::Image).is(1, "deny");
    // A pipe, which would hold up whoever opens it.
    fs::remove_dir(&failed).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&failed).status().unwrap().success());
    cached(&world, Asked::Image).is(1, "deny");
}

#[test]
fn one_that_cannot_be_used_is_told_and_decides_nothing() {
    let (allowed, denied) = (World::allowed(), World::new());
    let file = allowed.path_of("policy.yaml").display().to_string();
    for place in [file.as_str(), "/proc/self/cache", "/sys", "policy.yaml/cache", "\u{1b}[2J"] {
        let ended = allowed.gate(Asked::Image, &["--cache", place]);
        ended.is(0, "allow");
        if !place.starts_with('\u{1b}') {
            assert!(ended.stderr.contains("cannot be used"), "{place}: {}", ended.stderr);
            assert!(ended.stdout.contains("cannot be used; -v says why"), "{}", ended.stdout);
        }
        assert!(!ended.stdout.contains('\u{1b}'), "{}", ended.stdout);
        denied.gate(Asked::Image, &["--cache", place]).is(1, "deny");
    }
    // Readable by nobody, or only readable (root reads and writes all the same).
    for mode in [0o000, 0o500] {
        cached(&allowed, Asked::Image).is(0, "allow");
        let dir = allowed.path_of("cache/sha256");
        fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
        cached(&allowed, Asked::Image).is(0, "allow");
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn no_verdict_is_kept() {
    let world = World::allowed();
    cached(&world, Asked::Image).is(0, "allow");
    // The evidence is deleted, although its bytes are kept.
    let manifest = Digest::sha256(&gate("passed.json"));
    let store = files(&world.path_of("cache"));
    assert!(store.iter().any(|file| file.ends_with(manifest.hex())));
    world.registry.fault("GET", "/referrers/", None, none_listed());
    world.registry.fault(
        "GET",
        &world.path(Asked::Fallback),
        None,
        Fault::Answer(Answer::new(404)),
    );
    cached(&world, Asked::Image).is(1, "deny");
    world.registry.mend();
    cached(&world, Asked::Image).is(0, "allow");
    // A newer failure appears.
    world.fail();
    cached(&world, Asked::Image).is(1, "deny");
    // The policy no longer believes the key.
    let world = World::allowed();
    cached(&world, Asked::Image).is(0, "allow");
    fs::copy(crate::world::testdata("gate/deployer.pub"), world.path_of("release.pub")).unwrap();
    cached(&world, Asked::Image).is(1, "deny");
    // A registry that fails is no verdict, however much is kept.
    world.registry.fault("GET", "/referrers/", None, Fault::Answer(Answer::new(403)));
    cached(&world, Asked::Image).is(3, "unauthorized");
}

fn none_listed() -> Fault {
    let index = r#"{"schemaVersion":2,"manifests":[]}"#;
    Fault::Answer(Answer::json(200, index))
}

#[test]
fn many_processes_share_one() {
    let (allowed, denied) = (World::allowed(), World::new());
    let dir = allowed.path_of("cache").display().to_string();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| allowed.gate(Asked::Image, &["--cache", &dir]).is(0, "allow"));
            scope.spawn(|| denied.gate(Asked::Image, &["--cache", &dir]).is(1, "deny"));
        }
    });
    let left = files(Path::new(&dir));
    assert!(left.iter().all(|file| !file.file_name().unwrap().to_string_lossy().starts_with('.')));
    for file in left {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(Digest::sha256(&fs::read(&file).unwrap()).hex(), name);
    }
}
