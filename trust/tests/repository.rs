//! What a repository may do to us, and what is kept of it: every lie beside its honest twin, which
//! differs in one thing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use evidence::time::Timestamp;
use testkit::{
    registry::{Answer, Body},
    tuf::{Files, Key, Plan, Served, published},
};
use trust::{Ask, Options, Repository, Target, TrustError};

const NOW: &str = "2026-11-20T12:00:00Z";
const TOMORROW: &str = "2026-11-21T12:00:01Z";
const EXPIRES: &str = "2026-11-27T12:00:00Z";
const AFTER: &str = "2026-11-27T12:00:01Z";
const ROOT: &[u8] = b"{\"a\":\"trusted root\"}";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn plan() -> Plan {
    Plan::new(time(EXPIRES)).unwrap().with("trusted_root.json", ROOT)
}

fn files(plan: &Plan) -> Files {
    plan.files().unwrap()
}

/// A repository that is served, and a user with a cache who believes its first root.
struct World {
    served: Served,
    first: Vec<u8>,
    cache: tempfile::TempDir,
    said: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn new(plan: &Plan) -> Self {
        Self {
            served: Served::start(files(plan)).unwrap(),
            first: plan.root_json().unwrap(),
            cache: tempfile::tempdir().unwrap(),
            said: Arc::default(),
        }
    }

    fn repository(&self) -> Repository {
        Repository::own(&self.served.url(), self.first.clone()).unwrap()
    }

    fn options(&self, ask: Ask) -> Options {
        let said = Arc::clone(&self.said);
        Options {
            cache: Some(self.cache.path().to_owned()),
            ask,
            verbose: Some(Arc::new(move |line: &str| said.lock().unwrap().push(line.to_owned()))),
            ..Options::default()
        }
    }

    fn fetch(&self, ask: Ask, now: &str) -> Result<Vec<u8>, TrustError> {
        fetch(&self.repository(), Target::TrustedRoot, &self.options(ask), now)
    }

    /// The file in which the repository is kept.
    fn kept(&self) -> PathBuf {
        let mut entries = fs::read_dir(self.cache.path().join("trust")).unwrap();
        let kept = entries.next().unwrap().unwrap().path();
        assert!(entries.next().is_none());
        kept
    }

    fn said(&self) -> String {
        std::mem::take(&mut *self.said.lock().unwrap()).join("\n")
    }
}

fn fetch(
    repository: &Repository,
    target: Target,
    options: &Options,
    now: &str,
) -> Result<Vec<u8>, TrustError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(trust::fetch(repository, target, options, time(now)))
}

/// What became of it: `ok`, or the kind of the error with its message.
fn told(fetched: Result<Vec<u8>, TrustError>) -> String {
    match fetched {
        Ok(bytes) if bytes == ROOT => "ok".to_owned(),
        Ok(bytes) => format!("other: {}", String::from_utf8_lossy(&bytes)),
        Err(error) => format!("{}: {error}", error.kind()),
    }
}

/// That a lie is refused for what it says, and its twin is not.
fn apart(lie: &str, said: &str, world: &World, lying: Files, honest: Files) {
    world.served.publish(lying);
    let found = told(world.fetch(Ask::Always, NOW));
    assert!(found.starts_with("trust-refused: "), "{lie}: {found}");
    assert!(found.contains(said), "{lie}: {found}");
    // Nothing of it was kept.
    world.served.publish(honest);
    assert_eq!(told(world.fetch(Ask::Always, NOW)), "ok", "{lie}: the twin");
}

#[test]
fn what_is_published_is_had_and_kept() {
    let world = World::new(&plan());
    assert_eq!(told(world.fetch(Ask::Daily, NOW)), "ok");
    let target = published("trusted_root.json", ROOT);
    assert_eq!(
        world.served.take(),
        ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json", &target]
    );
    // The same day nobody is asked, nor ever if so wished.
    assert_eq!(told(world.fetch(Ask::Daily, "2026-11-21T11:59:59Z")), "ok");
    assert_eq!(told(world.fetch(Ask::Never, EXPIRES)), "ok");
    assert_eq!(world.served.take(), Vec::<String>::new());
    // The next day it is asked what is new, and nothing is fetched twice.
    assert_eq!(told(world.fetch(Ask::Daily, TOMORROW)), "ok");
    assert_eq!(world.served.take(), ["2.root.json", "timestamp.json"]);
    assert_eq!(told(world.fetch(Ask::Always, TOMORROW)), "ok");
    assert_eq!(world.served.take(), ["2.root.json", "timestamp.json"]);
    let said = world.said();
    assert!(said.contains("/timestamp.json 200") && said.contains("/2.root.json 404"), "{said}");
}

#[test]
fn what_is_not_published_is_not_there() {
    let world = World::new(&plan());
    let wanted = |target| fetch(&world.repository(), target, &world.options(Ask::Daily), NOW);
    assert!(matches!(wanted(Target::SigningConfig), Err(TrustError::NoTarget { .. })));
    world.served.publish(files(&plan().next().with("signing_config.v0.2.json", b"{}")));
    assert_eq!(wanted(Target::SigningConfig).unwrap(), b"{}");
    assert_eq!(wanted(Target::TrustedRoot).unwrap(), ROOT);
}

#[test]
fn a_version_does_not_go_back() {
    let world = World::new(&plan().next());
    assert_eq!(told(world.fetch(Ask::Always, NOW)), "ok");
    apart("rollback", "rollback", &world, files(&plan()), files(&plan().next().next()));
    // Nor does one document alone, below a newer one.
    let mut targets = plan().next().next().next();
    targets.targets.version = 1;
    let honest = plan().next().next().next();
    apart("targets", "rollback", &world, files(&targets), files(&honest));
}

#[test]
fn what_has_expired_stops() {
    let world = World::new(&plan());
    assert_eq!(told(world.fetch(Ask::Always, EXPIRES)), "ok");
    // Frozen: the same files, for ever.
    for ask in [Ask::Always, Ask::Daily, Ask::Never] {
        let found = told(world.fetch(ask, AFTER));
        assert!(found.starts_with("trust-expired: "), "{ask:?}: {found}");
        assert!(found.ends_with("expired on 2026-11-27T12:00:00Z"), "{found}");
    }
    let mut thawed = plan().next();
    thawed.root.expires = time("2027-01-01T00:00:00Z");
    thawed.root.version = 2;
    for role in [&mut thawed.targets, &mut thawed.snapshot, &mut thawed.timestamp] {
        role.expires = time("2027-01-01T00:00:00Z");
    }
    world.served.publish(files(&thawed));
    assert_eq!(told(world.fetch(Ask::Always, AFTER)), "ok");
}

#[test]
fn each_document_expires_for_itself() {
    for role in ["root", "targets", "snapshot", "timestamp"] {
        let mut plan = Plan::new(time("2027-01-01T00:00:00Z")).unwrap();
        plan = plan.with("trusted_root.json", ROOT);
        let expires = match role {
            "root" => &mut plan.root.expires,
            "targets" => &mut plan.targets.expires,
            "snapshot" => &mut plan.snapshot.expires,
            _ => &mut plan.timestamp.expires,
        };
        *expires = time(EXPIRES);
        let world = World::new(&plan);
        assert_eq!(told(world.fetch(Ask::Always, EXPIRES)), "ok");
        let found = told(world.fetch(Ask::Always, AFTER));
        assert!(found.starts_with(&format!("trust-expired: the {role} metadata")), "{found}");
    }
}

/// The first state, and a second whose root has other keys for itself and for the timestamp.
fn rotated(signers: &[u8]) -> Plan {
    let mut next = plan().next();
    next.root.version = 2;
    next.root.keys = vec![Key::new(11).unwrap()];
    next.root.signers = signers.iter().map(|key| Key::new(*key).unwrap()).collect();
    next.timestamp.keys = vec![Key::new(14).unwrap()];
    next.timestamp.signers = next.timestamp.keys.clone();
    next
}

fn over(first: &Files, second: Files) -> Files {
    let mut files = first.clone();
    files.extend(second);
    files
}

#[test]
fn keys_change_only_by_the_keys_before() {
    let first = files(&plan());
    let honest = over(&first, files(&rotated(&[1, 11])));
    for (lie, signers) in [("new alone", &[11_u8][..]), ("old alone", &[1]), ("none", &[])] {
        let world = World::new(&plan());
        let lying = over(&first, files(&rotated(signers)));
        apart(lie, "threshold not met for role root", &world, lying, honest.clone());
        // Once changed, the keys before count for nothing.
        let mut old = rotated(&[1, 11]).next();
        old.timestamp.signers = vec![Key::new(4).unwrap()];
        let lying = over(&honest, files(&old));
        apart("the old key", "threshold not met for role timestamp", &world, lying, honest.clone());
    }
}

/// The root of a state alone.
fn root(plan: &Plan) -> Files {
    [(format!("{}.root.json", plan.root.version), plan.root_json().unwrap())].into()
}

#[test]
fn no_root_is_left_out() {
    let second = rotated(&[1, 11]);
    let mut third = rotated(&[11]);
    third.root.version = 3;
    // Without the second nobody follows to the third, by whose keys all else is signed.
    let lying = over(&files(&plan()), files(&third));
    let honest = over(&lying, root(&second));
    let world = World::new(&plan());
    apart("a gap", "threshold not met for role timestamp", &world, lying, honest);
}

#[test]
fn so_many_must_sign() {
    for signers in [&[2_u8][..], &[2, 2], &[2, 9]] {
        let mut first = plan();
        first.targets.keys = vec![Key::new(2).unwrap(), Key::new(5).unwrap()];
        first.targets.threshold = 2;
        let mut lying = first.clone();
        first.targets.signers = first.targets.keys.clone();
        lying.targets.signers = signers.iter().map(|key| Key::new(*key).unwrap()).collect();
        let world = World::new(&first);
        let said = if signers == [2, 2] { "duplicate signature" } else { "threshold not met" };
        apart("threshold", said, &world, files(&lying), files(&first));
    }
}

#[test]
fn a_first_root_that_is_none_is_refused() {
    let world = World::new(&plan());
    let mut unsigned = plan();
    unsigned.root.signers.clear();
    for root in [b"{}".to_vec(), Vec::new(), unsigned.root_json().unwrap()] {
        let repository = Repository::own(&world.served.url(), root).unwrap();
        let found = fetch(&repository, Target::TrustedRoot, &Options::default(), NOW).unwrap_err();
        assert!(matches!(found, TrustError::Root { .. }), "{found}");
        assert!(!found.may_pass());
    }
    assert_eq!(world.served.take(), Vec::<String>::new(), "nobody is asked");
}

#[test]
fn bytes_are_those_that_were_signed() {
    let path = published("trusted_root.json", ROOT);
    let changed = |path: &str, change: fn(&mut Vec<u8>)| {
        let mut files = files(&plan());
        change(files.get_mut(path).unwrap());
        files
    };
    for (path, said) in [
        (path.as_str(), "trusted_root.json"),
        ("1.snapshot.json", "snapshot.json"),
        ("1.targets.json", "targets.json"),
    ] {
        let honest = files(&plan());
        let another: fn(&mut Vec<u8>) = |bytes| bytes[3] ^= 1;
        let less: fn(&mut Vec<u8>) = |bytes| bytes.truncate(bytes.len() - 1);
        for (lie, change) in [("another byte", another), ("a byte less", less)] {
            let world = World::new(&plan());
            apart(lie, said, &world, changed(path, change), honest.clone());
        }
    }
    // Signed twice by the same key, in the same version: what the timestamp names is meant.
    let mut other = plan();
    other.snapshot.expires = time("2027-01-01T00:00:00Z");
    let mut mixed = files(&plan());
    mixed.insert("1.snapshot.json".into(), files(&other)["1.snapshot.json"].clone());
    let world = World::new(&plan());
    apart("another of that version", "snapshot.json", &world, mixed, files(&plan()));
}

#[test]
fn no_body_is_read_without_end() {
    let path = published("trusted_root.json", ROOT);
    for path in [path.as_str(), "2.root.json", "timestamp.json", "1.snapshot.json"] {
        let world = World::new(&plan());
        world.served.answer(path, Answer::new(200).body(Body::Endless));
        let found = world.fetch(Ask::Always, NOW).unwrap_err();
        assert!(found.may_pass() && found.to_string().contains("exceeds max"), "{path}: {found}");
        world.served.publish(files(&plan()));
        assert_eq!(told(world.fetch(Ask::Always, NOW)), "ok");
    }
    // A byte more than was signed is not read either.
    let mut longer = files(&plan());
    longer.get_mut(&path).unwrap().push(b' ');
    let world = World::new(&plan());
    world.served.publish(longer);
    assert!(told(world.fetch(Ask::Always, NOW)).contains("exceeds max"));
}

#[test]
fn one_that_never_ends_its_answer_is_not_waited_for() {
    let world = World::new(&plan());
    let timed = |ask| Options { timeout: Duration::from_secs(1), ..world.options(ask) };
    let wanted = |ask, now| fetch(&world.repository(), Target::TrustedRoot, &timed(ask), now);
    assert_eq!(told(wanted(Ask::Daily, NOW)), "ok");
    world.served.answer("timestamp.json", Answer::new(200).body(Body::Drip));
    let found = wanted(Ask::Always, NOW).unwrap_err();
    assert!(matches!(found, TrustError::TimedOut { .. }) && found.may_pass(), "{found}");
    // What is kept is good for days.
    assert_eq!(told(wanted(Ask::Daily, TOMORROW)), "ok");
}

#[test]
fn while_it_is_away_what_is_kept_answers_until_it_expires() {
    let mut plan = plan();
    plan.root.expires = time("2027-01-01T00:00:00Z");
    let world = World::new(&plan);
    assert_eq!(told(world.fetch(Ask::Daily, NOW)), "ok");
    world.served.answer("timestamp.json", Answer::new(503));
    world.said();
    assert_eq!(told(world.fetch(Ask::Daily, TOMORROW)), "ok");
    let said = world.said();
    assert!(said.contains("from the cache, because"), "{said}");
    assert_eq!(said.matches("timestamp.json failed").count(), 3, "{said}");
    for (ask, now) in [(Ask::Always, TOMORROW), (Ask::Daily, AFTER)] {
        let found = world.fetch(ask, now).unwrap_err();
        assert!(matches!(found, TrustError::Unreachable { .. }) && found.may_pass(), "{found}");
        assert!(found.to_string().contains("503"), "{found}");
    }
    // One that answers with a lie is not away.
    world.served.publish(over(&files(&plan), files(&rotated(&[11]))));
    let found = told(world.fetch(Ask::Daily, TOMORROW));
    assert!(found.starts_with("trust-refused"), "{found}");
}

#[test]
fn nobody_is_asked_who_must_not_be() {
    let world = World::new(&plan());
    let found = world.fetch(Ask::Never, NOW).unwrap_err();
    assert!(matches!(found, TrustError::NotKept { .. }) && !found.may_pass(), "{found}");
    let without = Options { cache: None, ask: Ask::Never, ..Options::default() };
    let found = fetch(&world.repository(), Target::TrustedRoot, &without, NOW).unwrap_err();
    assert!(matches!(found, TrustError::NotKept { .. }), "{found}");
    assert_eq!(world.served.take(), Vec::<String>::new());
}

/// The cache of somebody else's repository at the same place.
fn swapped(world: &World) -> Vec<u8> {
    let mut theirs = Plan::new(time(EXPIRES)).unwrap().with("trusted_root.json", b"theirs");
    for (role, key) in [(&mut theirs.root, 21_u8), (&mut theirs.timestamp, 24)] {
        role.keys = vec![Key::new(key).unwrap()];
        role.signers = role.keys.clone();
    }
    world.served.publish(files(&theirs));
    let cache = tempfile::tempdir().unwrap();
    let options = Options { cache: Some(cache.path().to_owned()), ..Options::default() };
    let root = theirs.root_json().unwrap();
    let repository = Repository::own(&world.served.url(), root).unwrap();
    assert_eq!(fetch(&repository, Target::TrustedRoot, &options, NOW).unwrap(), b"theirs");
    let mut entries = fs::read_dir(cache.path().join("trust")).unwrap();
    fs::read(entries.next().unwrap().unwrap().path()).unwrap()
}

#[test]
fn a_cache_that_was_swapped_is_refused() {
    let world = World::new(&plan());
    assert_eq!(told(world.fetch(Ask::Daily, NOW)), "ok");
    let (kept, honest) = (world.kept(), fs::read(world.kept()).unwrap());
    let theirs = swapped(&world);
    // Another root at the same place is another repository.
    fs::write(&kept, &theirs).unwrap();
    world.served.publish(Files::new());
    let found = told(world.fetch(Ask::Never, NOW));
    assert!(found.starts_with("trust-refused: what the cache of http"), "{found}");
    fs::write(&kept, &honest).unwrap();
    assert_eq!(told(world.fetch(Ask::Never, NOW)), "ok");
    // Whoever may be asked is asked.
    fs::write(&kept, &theirs).unwrap();
    world.served.publish(files(&plan()));
    world.said();
    assert_eq!(told(world.fetch(Ask::Daily, NOW)), "ok");
    assert!(world.said().contains("not from the cache: what the cache of"));
    assert_eq!(told(world.fetch(Ask::Never, NOW)), "ok", "the cache is whole again");
}

#[test]
fn nothing_that_stands_in_the_cache_is_believed_for_it() {
    let world = World::new(&plan());
    assert_eq!(told(world.fetch(Ask::Daily, NOW)), "ok");
    let (kept, honest) = (world.kept(), fs::read_to_string(world.kept()).unwrap());
    world.served.publish(Files::new());
    let changes: [(&str, &str); 4] = [
        // The trusted root itself.
        ("a\\\":\\\"trusted root", "a\\\":\\\"Trusted root"),
        // When it runs out.
        ("2026-11-27T12:00:00Z", "2027-11-27T12:00:00Z"),
        // Which version it is.
        ("\\\"version\\\": 1", "\\\"version\\\": 2"),
        ("\"timestamp.json\"", "\"timestamp.jsonx\""),
    ];
    for (from, to) in changes {
        assert!(honest.contains(from), "{from}: {honest}");
        fs::write(&kept, honest.replace(from, to)).unwrap();
        assert!(world.fetch(Ask::Never, NOW).is_err(), "{to}");
    }
    // No time in it makes it newer.
    world.served.take();
    for (asked, requests) in [("2026-11-19T12:00:00Z", 2), ("2027-11-20T12:00:00Z", 2)] {
        fs::write(&kept, honest.replace(NOW, asked)).unwrap();
        world.served.publish(files(&plan()));
        assert_eq!(told(world.fetch(Ask::Daily, NOW)), "ok");
        assert_eq!(world.served.take().len(), requests, "{asked}");
    }
    fs::write(&kept, &honest).unwrap();
    assert_eq!(told(world.fetch(Ask::Never, NOW)), "ok");
}

#[test]
fn a_cache_that_cannot_be_used_costs_requests_and_nothing_else() {
    let world = World::new(&plan());
    let file = world.cache.path().join("file");
    fs::write(&file, "").unwrap();
    for place in [file.as_path(), Path::new("/proc/none")] {
        let options = Options { cache: Some(place.to_owned()), ..world.options(Ask::Daily) };
        let found = fetch(&world.repository(), Target::TrustedRoot, &options, NOW);
        assert_eq!(told(found), "ok");
        let said = world.said();
        assert!(said.contains("cannot be used"), "{said}");
    }
    // A pipe blocks nobody.
    fs::remove_file(&file).unwrap();
    assert_eq!(told(world.fetch(Ask::Daily, NOW)), "ok");
    let kept = world.kept();
    fs::remove_file(&kept).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&kept).status().unwrap().success());
    assert_eq!(told(world.fetch(Ask::Daily, NOW)), "ok");
    assert!(kept.is_file(), "and gives way");
}

#[test]
fn many_use_one_cache_at_once() {
    let world = World::new(&plan());
    let (first, second) = (files(&plan()), files(&plan().next()));
    std::thread::scope(|scope| {
        for number in 0..16 {
            let (world, first, second) = (&world, &first, &second);
            scope.spawn(move || {
                for _ in 0..4 {
                    if number == 0 {
                        world.served.publish(over(first, second.clone()));
                    }
                    let ask = if number % 2 == 0 { Ask::Always } else { Ask::Daily };
                    assert_eq!(told(world.fetch(ask, NOW)), "ok");
                }
            });
        }
    });
    assert_eq!(told(world.fetch(Ask::Never, NOW)), "ok");
    // The file alone: whatever was written beside it took its name.
    world.kept();
}
