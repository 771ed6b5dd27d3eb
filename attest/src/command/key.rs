//! `attest key`: makes keys, and shows their public halves.

use evidence::{json::json, text::escape};

use crate::{
    error::Error,
    hand,
    key_file::{self, Generated, Protection},
    report::Report,
    request,
    sign::VariableOrTerminal,
    usage::UsageError,
    world::World,
};

pub(super) fn run(world: &World, request: request::Key) -> Result<Report, Error> {
    let lookup = |name: &str| world.variable(name);
    let mut passphrase = VariableOrTerminal::new(&lookup);
    match request {
        request::Key::Generate { out, kind } => {
            Ok(generated(world, &key_file::generate(&out, kind, &mut passphrase)?))
        }
        request::Key::Public { key } => {
            let key = hand::key(world, key)?.ok_or(UsageError::NoKey)?;
            let public = key_file::public(&key, &lookup, &mut passphrase)?;
            let json = json!({
                "version": 1,
                "key": {"id": public.id(), "algorithm": public.algorithm().name()},
                "pem": public.pem(),
            });
            Ok(Report::Told { text: public.pem(), json })
        }
    }
}

fn generated(world: &World, generated: &Generated) -> Report {
    let Generated { secret_file, public_file, public, protection } = generated;
    if let Some(warning) = public.warning() {
        world.say(&format!("warning: {warning}"));
    }
    if *protection == Protection::EmptyPassphrase {
        world.say("warning: the passphrase is empty; whoever reads the file can sign");
    }
    let (secret, shared) = (secret_file.display().to_string(), public_file.display().to_string());
    let text = format!(
        "Secret   {}  (keep it)\nPublic   {}  (for policies)\nKey      {}  {}\n",
        escape(&secret),
        escape(&shared),
        public.id().short(),
        public.algorithm().name()
    );
    let json = json!({
        "version": 1,
        "key": {"id": public.id(), "algorithm": public.algorithm().name()},
        "secretFile": secret,
        "publicFile": shared,
    });
    Report::Told { text, json }
}
