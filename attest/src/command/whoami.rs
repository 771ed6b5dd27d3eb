//! `attest whoami`: who would sign here, what a policy has to say to accept that, and where each value
//! was found.

use std::path::Path;

use evidence::{
    json::{Map, Value, json},
    text::escape_short,
};
use registry::{Options, http::Sender};

use super::environment;
use crate::{
    collect::environment::{Environment, Known},
    error::Error,
    hand::{self, Chosen, KEY},
    instance::{Instance, Purpose},
    report::{By, Key, Paragraph, Report, paragraphs},
    request,
    sign::keyless::{Identity, Source},
    world::World,
};

pub(super) async fn run(world: &World, request: request::Whoami) -> Result<Report, Error> {
    let request::Whoami { by, instance, given } = request;
    let signer = match Chosen::of(world, by.as_ref())? {
        Some(Chosen::Key(reference)) => {
            let key = hand::shown(&hand::signer(world, &reference)?, &reference);
            let from = if by.is_some() { "--key" } else { KEY };
            Signer::Known { by: By::Key(key), facts: Vec::new(), from: from.to_owned() }
        }
        Some(Chosen::Keyless(source)) => certified(world, &source, &instance).await?,
        None => Signer::Nobody,
    };
    let environment = environment(world, &given, true)?;
    Ok(Report::Told { text: text(&environment, &signer), json: document(&environment, &signer) })
}

/// Who would sign.
enum Signer {
    /// This key, or this identity with the facts that its certificate states.
    Known { by: By, facts: Vec<(&'static str, String)>, from: String },
    /// Neither a key nor a token is there.
    Nobody,
    /// Whomever a token that could not be had is about.
    Unasked { from: String },
    /// Whom the certificate authority makes of this issuer's token.
    Unforetold { issuer: String, subject: String, from: String },
}

/// Asks for a token, and for no certificate: each of those is shown by a log for ever.
async fn certified(
    world: &World,
    source: &Source,
    named: &request::Instance,
) -> Result<Signer, Error> {
    let options = Options::default();
    let login = match source {
        Source::Login => Instance::read(world, named, Purpose::Keyless, &options).await?.login,
        _ => None,
    };
    let from = source.shown();
    let token = match source.token(world, &Sender::open(&options), login.as_ref()).await {
        Ok(token) => token,
        // Whoever wonders why a job cannot sign asks here.
        Err(error) if source.is_ambient() => {
            world.say(&format!("warning: {error}"));
            return Ok(Signer::Unasked { from });
        }
        Err(error) => return Err(error.into()),
    };
    let claims = token.claims();
    Ok(match Identity::foretold(claims) {
        Some(Identity { issuer, name, facts }) => {
            Signer::Known { by: By::Identity { issuer, name }, facts, from }
        }
        None => Signer::Unforetold {
            issuer: claims.issuer().to_owned(),
            subject: claims.challenge().to_owned(),
            from,
        },
    })
}

impl Signer {
    fn said(&self) -> Vec<Paragraph> {
        let one = |label, lines| Paragraph { label, lines };
        match self {
            Self::Known { by: By::Key(Key { id, algorithm, reference }), from, .. } => {
                let name = key_name(reference);
                let shown = escape_short(reference, 200);
                let from = escape_short(from, 200);
                vec![
                    one(
                        "Signer",
                        vec![format!("key {id}"), format!("{algorithm}, {shown} ({from})")],
                    ),
                    one("Policy", vec![format!("{name}: {{key: {name}.pub}}")]),
                ]
            }
            Self::Known { by: By::Identity { issuer, name }, facts, from } => {
                let issuer = escape_short(issuer, 300);
                let name = escape_short(name, 300);
                let from = escape_short(from, 200);
                let mut lines = vec![format!("issuer: {issuer}"), format!("identity: {name}")];
                let facts = facts.iter();
                lines.extend(
                    facts.map(|(word, value)| format!("{word}: {}", escape_short(value, 300))),
                );
                vec![
                    one("Signer", vec![name, format!("by a certificate ({from})")]),
                    one("Policy", lines),
                ]
            }
            Self::Nobody => {
                let nobody = format!("nobody: neither --key nor {KEY} names a key");
                vec![one(
                    "Signer",
                    vec![nobody, "and there is no identity token to do without".to_owned()],
                )]
            }
            Self::Unasked { from } => {
                let from = escape_short(from, 200);
                vec![one("Signer", vec![format!("nobody: {from} gave no identity token")])]
            }
            Self::Unforetold { issuer, subject, from } => vec![one(
                "Signer",
                vec![
                    format!(
                        "whom the certificate authority makes of {}",
                        escape_short(subject, 200)
                    ),
                    format!("of {} ({})", escape_short(issuer, 300), escape_short(from, 200)),
                ],
            )],
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Known { by: By::Key(Key { id, algorithm, reference }), from, .. } => json!({
                "key": {"id": id, "algorithm": algorithm, "reference": reference},
                "identity": null,
                "facts": {},
                "from": from,
            }),
            Self::Known { by: By::Identity { issuer, name }, facts, from } => {
                let facts = facts.iter().map(|(word, value)| ((*word).to_owned(), json!(value)));
                json!({
                    "key": null,
                    "identity": {"issuer": issuer, "identity": name},
                    "facts": facts.collect::<Map<String, Value>>(),
                    "from": from,
                })
            }
            Self::Nobody => Value::Null,
            Self::Unasked { from } => {
                json!({"key": null, "identity": null, "facts": {}, "from": from})
            }
            Self::Unforetold { issuer, from, .. } => json!({
                "key": null,
                "identity": {"issuer": issuer, "identity": null},
                "facts": {},
                "from": from,
            }),
        }
    }
}

/// What a policy may call the signer by a key file: the file's own name, where that is a plain word.
fn key_name(reference: &str) -> &str {
    let name = Path::new(reference).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_name = !name.is_empty() && !reference.contains("://") && name.chars().all(plain);
    if is_name { name } else { "NAME" }
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

fn text(environment: &Environment, signer: &Signer) -> String {
    let mut text = paragraphs(&signer.said());
    text.push_str(&format!("Here     {}\n", environment.system.name()));
    for (word, known) in values(environment) {
        if let Some(Known { value, from }) = known {
            text.push_str(&format!("{word:9}{}  ({from})\n", escape_short(value, 300)));
        }
    }
    if environment.tracked_changes == Some(true) {
        text.push_str("changes  tracked files differ from the commit  (git status)\n");
    }
    text.push_str(match signer {
        Signer::Known { by: By::Identity { .. }, .. } | Signer::Unforetold { .. } => {
            "Where the certificate says something of this, that counts.\n"
        }
        _ => "By a key, all of this is the signer's own word.\n",
    });
    text
}

fn document(environment: &Environment, signer: &Signer) -> Value {
    let run: Map<String, Value> = values(environment)
        .into_iter()
        .filter_map(|(word, known)| {
            let Known { value, from } = known.as_ref()?;
            Some((word.to_owned(), json!({"value": value, "from": from})))
        })
        .collect();
    json!({
        "version": 1,
        "signer": signer.to_json(),
        "system": environment.system.name(),
        "run": run,
        "trackedChanges": environment.tracked_changes,
    })
}
