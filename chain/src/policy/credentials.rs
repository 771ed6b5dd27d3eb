//! Credentials: keys are read, identities get their root, and nobody holds what another holds.
//!
//! Two parties never share a key or an identity, so that nobody counts twice. Roots are not looked at
//! here: whoever is called by one name by one issuer is one person, whichever root says so.

use std::collections::BTreeMap;

use super::{
    Credential, CredentialKind, Keyless, Lapse, Party, TrustedRoot,
    document::{
        Read,
        signer::{WrittenCredential, WrittenKeyless, WrittenProof},
    },
    excerpt::Span,
    fault::{Collected, Fault, every},
    files::{Files, KEY_BYTES},
    members::At,
    nearest::{advice, list},
};
use crate::{
    authenticate::key::{KeyError, PublicKey},
    trust::Role,
};

/// Who holds what, as far as the policy has been read.
pub(super) struct Holders<'r> {
    roots: &'r Read<BTreeMap<String, TrustedRoot>>,
    /// Keys, by their ids.
    keys: BTreeMap<String, At<String>>,
    identities: Vec<(At<String>, Keyless)>,
    /// Keys whose time no root tells.
    pub(super) clockless: Vec<Span>,
}

impl<'r> Holders<'r> {
    pub(super) fn of(roots: &'r Read<BTreeMap<String, TrustedRoot>>) -> Self {
        Self { roots, keys: BTreeMap::new(), identities: Vec::new(), clockless: Vec::new() }
    }
}

pub(super) fn timed_words(credential: &WrittenCredential) -> Vec<(Span, &'static str)> {
    let from = credential.from.as_ref().map(|at| (at.span, "from"));
    let until = credential.until.as_ref().map(|at| (at.span, "until"));
    from.into_iter().chain(until).collect()
}

/// By the signer's own clock a key ends for good: then it proves nothing and only fails.
pub(super) fn lapse(credential: &WrittenCredential, collected: &Collected) -> Option<Lapse> {
    let (until, WrittenProof::Key(key)) = (credential.until.as_ref()?, &credential.proof) else {
        return None;
    };
    let fault = Fault::at(until.span, format!("`{}` is past its `until`", key.value))
        .label("its holder could backdate, so all that it signed is refused and fails its step")
        .help("remove the key: what it signed then counts for nothing, and fails nothing");
    Some(Lapse { since: until.value, warning: collected.warning(fault) })
}

pub(super) fn party(
    name: &At<String>,
    credentials: &[Read<WrittenCredential>],
    files: &mut Files<'_>,
    holders: &mut Holders<'_>,
    collected: &mut Collected,
) -> Read<Party> {
    let credentials = every(credentials.iter().map(|written| {
        let written = written.as_ref().map_err(|fault| *fault)?;
        Ok(Credential {
            kind: kind(name, written, files, holders, collected)?,
            from: written.from.as_ref().map(|from| from.value),
            until: written.until.as_ref().map(|until| until.value),
            at: collected.source.place(written.at.start),
        })
    }))?;
    let party = Party { name: name.value.clone(), credentials };
    let alone = |credential: &&Credential| match &credential.kind {
        CredentialKind::Key { .. } => true,
        CredentialKind::Keyless(keyless) => !keyless.many,
    };
    if party.is_many() && party.credentials.iter().any(|credential| alone(&credential)) {
        let fault = Fault::at(name.span, format!("`{}` is one party and many", name.value))
            .label("a person with two credentials would count twice")
            .help("write `many: true` in all its credentials, or give those without it to a party of their own");
        return Err(collected.add(fault));
    }
    Ok(party)
}

fn kind(
    party: &At<String>,
    written: &WrittenCredential,
    files: &mut Files<'_>,
    holders: &mut Holders<'_>,
    collected: &mut Collected,
) -> Read<CredentialKind> {
    match &written.proof {
        WrittenProof::Key(path) => {
            let key = public_key(path, files, collected);
            let root = clock_of(written, holders, collected);
            let (key, root) = (key?, root?);
            if root.is_none() {
                holders.clockless.push(path.span);
            }
            held_once(party, path, &key, holders, collected)?;
            Ok(CredentialKind::Key { file: path.value.clone(), key, root })
        }
        WrittenProof::Keyless(keyless) => {
            let root = voucher(keyless, written.root.as_ref(), holders, collected)?;
            let keyless = Keyless {
                issuer: keyless.issuer.value.clone(),
                identity: keyless.identity.value.clone(),
                root,
                many: keyless.many,
                conditions: keyless.conditions.clone(),
            };
            known_once(party, written.at, &keyless, holders, collected)?;
            Ok(CredentialKind::Keyless(keyless))
        }
    }
}

/// The root that a credential names, if the policy knows it.
fn named<'r>(
    root: &At<String>,
    roots: &'r BTreeMap<String, TrustedRoot>,
    collected: &mut Collected,
) -> Read<&'r TrustedRoot> {
    roots.get(&root.value).ok_or_else(|| {
        let fault = Fault::at(root.span, format!("unknown root `{}`", root.value));
        let label = match roots.is_empty() {
            true => "the policy has no `trust.roots`".to_owned(),
            false => advice(&root.value, roots.keys().map(String::as_str)),
        };
        collected.add(fault.label(label))
    })
}

/// The root whose clocks tell when a key signed: the one that is named, or the only one.
fn clock_of(
    written: &WrittenCredential,
    holders: &Holders<'_>,
    collected: &mut Collected,
) -> Read<Option<String>> {
    let roots = holders.roots.as_ref().map_err(|fault| *fault)?;
    match &written.root {
        Some(root) => named(root, roots, collected).map(|root| Some(root.name.clone())),
        None if roots.len() == 1 => Ok(roots.keys().next().cloned()),
        None => Ok(None),
    }
}

/// The root that must vouch for an identity.
fn voucher(
    keyless: &WrittenKeyless,
    written: Option<&At<String>>,
    holders: &Holders<'_>,
    collected: &mut Collected,
) -> Read<String> {
    let roots = holders.roots.as_ref().map_err(|fault| *fault)?;
    let root = match (written, roots.values().next()) {
        (Some(written), _) => named(written, roots, collected)?,
        (None, Some(only)) if roots.len() == 1 => only,
        (None, any) => {
            let names: Vec<&str> = roots.keys().map(String::as_str).collect();
            let title = "nothing says whose certificates prove this identity";
            let fault = Fault::at(keyless.issuer.span, title);
            let fault = match any {
                None => fault
                    .label("the policy has no trusted root")
                    .help("add `trust: {roots: {public: {root: sigstore}}}`, or another root"),
                Some(_) => fault
                    .label(format!("the policy has {} roots: {}", names.len(), list(&names)))
                    .help("add `root: NAME` to this credential"),
            };
            return Err(collected.add(fault));
        }
    };
    let (at, issuer) = (keyless.issuer.span, &keyless.issuer.value);
    let fault = if root.root.count(Role::CertificateAuthority) == 0 {
        Fault::at(at, format!("root `{}` believes no certificate authority", root.name))
            .label("no certificate could prove this identity")
    } else if root.issuers.as_ref().is_some_and(|issuers| !issuers.contains(issuer)) {
        Fault::at(at, format!("root `{}` may not vouch for `{issuer}`", root.name))
            .label("it is not among the root's `issuers`")
    } else {
        return Ok(root.name.clone());
    };
    Err(collected.add(fault.help("name another root, or change that one under `trust.roots`")))
}

fn public_key(
    path: &At<String>,
    files: &mut Files<'_>,
    collected: &mut Collected,
) -> Read<PublicKey> {
    let file = files.read(path, "key file", KEY_BYTES, collected)?;
    PublicKey::from_pem(file).map_err(|error| {
        let fault = Fault::at(path.span, format!("`{}` is no public key", path.value));
        let help = match error {
            KeyError::Private => {
                "name the public half; and if the private key was ever shared, replace it"
            }
            _ => "a key file is PEM and begins with `-----BEGIN PUBLIC KEY-----`",
        };
        collected.add(fault.label(error.to_string()).help(help))
    })
}

/// Nobody counts twice: not by two names, and not by two windows of one key.
fn held_once(
    party: &At<String>,
    path: &At<String>,
    key: &PublicKey,
    holders: &mut Holders<'_>,
    collected: &mut Collected,
) -> Read<()> {
    let id = key.id().to_string();
    let Some(first) = holders.keys.get(&id) else {
        holders.keys.insert(id, At { value: party.value.clone(), span: path.span });
        return Ok(());
    };
    let fault = if first.value == party.value {
        Fault::at(path.span, format!("`{}` has the same key twice", party.value))
            .label("the same key again")
            .help("write the key once, with one `from` and one `until`")
    } else {
        let title = format!("`{}` and `{}` hold the same key", first.value, party.value);
        Fault::at(path.span, title).label("one key in two parties would count twice").help(
            "give each party a key of its own; a name for several parties is a group, `any-of`",
        )
    };
    Err(collected.add(fault.also(first.span, format!("`{}` holds it here", first.value))))
}

/// The same for identities, of which patterns can share one.
fn known_once(
    party: &At<String>,
    at: Span,
    keyless: &Keyless,
    holders: &mut Holders<'_>,
    collected: &mut Collected,
) -> Read<()> {
    let Some((first, _)) = holders.identities.iter().find(|(_, other)| other.overlaps(keyless))
    else {
        holders.identities.push((At { value: party.value.clone(), span: at }, keyless.clone()));
        return Ok(());
    };
    let fault = if first.value == party.value {
        Fault::at(at, format!("`{}` has the same identity twice", party.value))
            .label("one certificate would satisfy both")
            .help("write the identity once, with one `from` and one `until`")
    } else {
        let title = format!("`{}` and `{}` can be the same person", first.value, party.value);
        Fault::at(at, title)
            .label("one certificate would satisfy both, and count twice")
            .help("make the identities exact; a name for several parties is a group, `any-of`")
    };
    Err(collected.add(fault.also(first.span, format!("`{}` has it here", first.value))))
}
