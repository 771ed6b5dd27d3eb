//! `attest whoami`: who would sign here, and where each value was found.

use evidence::{
    json::{Map, Value, json},
    text::escape_short,
};

use super::environment;
use crate::{
    collect::environment::{Environment, Known},
    deliver::{self, Hand, KEY},
    error::Error,
    report::{Key, Report},
    request,
    world::World,
};

pub(super) fn run(world: &World, request: request::Whoami) -> Result<Report, Error> {
    let request::Whoami { key, given } = request;
    let named = if key.is_some() { "--key" } else { KEY };
    let hand = deliver::key(world, key)?.map(|key| Hand::of(world, key)).transpose()?;
    let key = hand.as_ref().map(Hand::shown);
    let environment = environment(world, &given, true)?;
    let text = text(&environment, key.as_ref(), named);
    Ok(Report::Told { text, json: document(&environment, key.as_ref(), named) })
}

/// Every value with its word, in the order of `attest_run`.
fn values(environment: &Environment) -> [(&'static str, &Option<Known>); 10] {
    let Environment { source, commit, git_ref, run, attempt, job, leg, actor, url, head, .. } =
        environment;
    [
        ("source", source),
        ("commit", commit),
        ("head", head),
        ("ref", git_ref),
        ("run", run),
        ("attempt", attempt),
        ("job", job),
        ("leg", leg),
        ("actor", actor),
        ("url", url),
    ]
}

fn text(environment: &Environment, key: Option<&Key>, named: &str) -> String {
    let signer = match key {
        Some(Key { id, algorithm, reference }) => {
            format!("key {id}\n         {algorithm}, {} ({named})", escape_short(reference, 200))
        }
        None => format!("nobody: neither --key nor {KEY} names a key"),
    };
    let mut text = format!("Signer   {signer}\nHere     {}\n", environment.system.name());
    for (word, known) in values(environment) {
        if let Some(Known { value, from }) = known {
            text.push_str(&format!("{word:9}{}  ({from})\n", escape_short(value, 300)));
        }
    }
    if environment.tracked_changes == Some(true) {
        text.push_str("changes  tracked files differ from the commit  (git status)\n");
    }
    text.push_str("By a key, all of this is the signer's own word.\n");
    text
}

fn document(environment: &Environment, key: Option<&Key>, named: &str) -> Value {
    let run: Map<String, Value> = values(environment)
        .into_iter()
        .filter_map(|(word, known)| {
            let Known { value, from } = known.as_ref()?;
            Some((word.to_owned(), json!({"value": value, "from": from})))
        })
        .collect();
    json!({
        "version": 1,
        "signer": key.map(|Key { id, algorithm, reference }| json!({
            "key": {"id": id, "algorithm": algorithm, "reference": reference}, "from": named,
        })),
        "system": environment.system.name(),
        "run": run,
        "trackedChanges": environment.tracked_changes,
    })
}
