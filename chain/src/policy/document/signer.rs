//! A signer as it is written: a party with its credentials, or a group of parties.

use std::collections::BTreeMap;

use evidence::time::Timestamp;
use schemars::JsonSchema;

use super::{Read, moment, shape};
use crate::policy::{
    CertificateFact, IdentityError, IdentityPattern,
    excerpt::Span,
    fault::{Collected, Fault, every},
    members::{At, Members},
    moment::Edge,
    tree::{Node, Value},
};

/// A signer as it is written.
#[derive(Debug)]
pub(in crate::policy) enum WrittenSigner {
    /// Other signers, by name.
    Group(At<Vec<At<String>>>),
    /// One party.
    Party(Vec<Read<WrittenCredential>>),
}

/// What a party signs with, and when that counts.
#[derive(Debug)]
pub(in crate::policy) struct WrittenCredential {
    /// What proves it.
    pub(in crate::policy) proof: WrittenProof,
    /// The root that vouches for it or tells its time.
    pub(in crate::policy) root: Option<At<String>>,
    /// From when on a signature counts.
    pub(in crate::policy) from: Option<At<Timestamp>>,
    /// Until when a signature counts.
    pub(in crate::policy) until: Option<At<Timestamp>>,
    /// Where the policy says so.
    pub(in crate::policy) at: Span,
}

/// What proves that a party signed.
#[derive(Debug)]
pub(in crate::policy) enum WrittenProof {
    /// A key, by its file.
    Key(At<String>),
    /// A certificate.
    Keyless(WrittenKeyless),
}

/// Who must stand in a certificate.
#[derive(Debug)]
pub(in crate::policy) struct WrittenKeyless {
    /// By whose word.
    pub(in crate::policy) issuer: At<String>,
    /// Who.
    pub(in crate::policy) identity: At<IdentityPattern>,
    /// Each identity is a party of its own.
    pub(in crate::policy) many: bool,
    /// What else it must say.
    pub(in crate::policy) conditions: BTreeMap<CertificateFact, String>,
}

/// A key of a party, and when it counts.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Key", deny_unknown_fields)]
#[expect(dead_code, reason = "it stands here for the JSON Schema")]
pub(super) struct ShapeOfKey {
    /// The file of the public key, PEM, relative to the policy file.
    #[schemars(with = "shape::Text")]
    key: (),
    /// The trusted root whose logs and timestamps say when it signed.
    #[schemars(with = "Option<shape::Text>")]
    root: (),
    /// From when on a signature counts; compared with the time after which it was made.
    #[schemars(with = "Option<shape::Moment>")]
    from: (),
    /// Until when a signature counts; compared with the time before which it was made.
    #[schemars(with = "Option<shape::Moment>")]
    until: (),
}

/// Who must stand in a certificate, by whose word, and when that counts.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Keyless", deny_unknown_fields)]
#[expect(dead_code, reason = "it stands here for the JSON Schema")]
pub(super) struct ShapeOfKeyless {
    /// Who must have told the identity, exactly: `https://token.actions.githubusercontent.com`.
    #[schemars(with = "shape::Text")]
    issuer: (),
    /// Whose identity; `*` stands for anything up to the next `/` or `@`.
    #[schemars(with = "shape::Text")]
    identity: (),
    /// The trusted root that must vouch for the certificate; needed where there are several.
    #[schemars(with = "Option<shape::Text>")]
    root: (),
    /// Each identity is a party of its own; without it a pattern counts as one.
    #[schemars(with = "Option<bool>")]
    many: (),
    /// The repository that the certificate must name, exactly.
    #[schemars(with = "Option<shape::Text>")]
    source: (),
    /// The git ref that the certificate must name, exactly.
    #[schemars(with = "Option<shape::Text>")]
    r#ref: (),
    /// The workflow that was started, exactly, where it calls the one in the identity.
    #[schemars(with = "Option<shape::Text>")]
    workflow: (),
    /// The event that must have started the run: `push`.
    #[schemars(with = "Option<shape::Text>")]
    trigger: (),
    /// The kind of machine: `github-hosted`.
    #[schemars(with = "Option<shape::Text>")]
    runner: (),
    /// The deployment environment of the job.
    #[schemars(with = "Option<shape::Text>")]
    environment: (),
    /// From when on a signature counts; compared with the time after which it was made.
    #[schemars(with = "Option<shape::Moment>")]
    from: (),
    /// Until when a signature counts; compared with the time before which it was made.
    #[schemars(with = "Option<shape::Moment>")]
    until: (),
}

/// A group: any of its parties may sign.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Group", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "it stands here for the JSON Schema")]
pub(super) struct WrittenGroup {
    /// Signers, by name.
    #[schemars(with = "shape::Texts")]
    any_of: (),
}

impl WrittenSigner {
    pub(super) fn read(name: &At<String>, node: &Node, collected: &mut Collected) -> Read<Self> {
        match &node.value {
            Value::List(nodes) if !nodes.is_empty() => {
                let listed =
                    nodes.iter().map(|node| WrittenCredential::listed(name, node, collected));
                Ok(Self::Party(listed.collect()))
            }
            Value::Map(_) => {
                let what = format!("signer `{}`", name.value);
                let members = Members::of(node, name.span, what, collected)?;
                if members.has("any-of") {
                    return group(name, members, collected).map(Self::Group);
                }
                Ok(Self::Party(vec![WrittenCredential::read(members, name.span, name, collected)]))
            }
            _ => {
                let fault = Fault::at(name.span, format!("signer `{}` has no key", name.value));
                Err(collected.add(fault.label("it proves nothing").help(format!(
                    "write `{0}: {{key: keys/{0}.pub}}`, `{{issuer: …, identity: …}}`, a list of \
                     such, or `{{any-of: […]}}`",
                    name.value
                ))))
            }
        }
    }
}

fn group(
    name: &At<String>,
    mut members: Members<'_>,
    collected: &mut Collected,
) -> Read<At<Vec<At<String>>>> {
    if let Some(key) = ["key", "issuer", "identity"].into_iter().find_map(|word| members.take(word))
    {
        let fault = Fault::at(key.at, format!("group `{}` has a key", name.value));
        let help = "make the key's holder a party of its own, and name it in `any-of`";
        return Err(collected.add(fault.label("a group is only a name for others").help(help)));
    }
    let any_of = members.texts("any-of", collected);
    let span = members.take("any-of").map_or(name.span, |member| member.at);
    members.finish(collected)?;
    Ok(At { value: any_of?.unwrap_or_default(), span })
}

impl WrittenCredential {
    /// One of several credentials of a party.
    fn listed(party: &At<String>, node: &Node, collected: &mut Collected) -> Read<Self> {
        let what = format!("a credential of `{}`", party.value);
        let mut members = Members::of(node, party.span, what, collected)?;
        if let Some(group) = members.take("any-of") {
            let fault = Fault::at(group.at, "a group cannot stand among credentials")
                .label("this would make the group one party")
                .help("give the group a name of its own: `NAME: {any-of: […]}`");
            return Err(collected.add(fault));
        }
        Self::read(members, node.span, party, collected)
    }

    fn read(
        mut members: Members<'_>,
        at: Span,
        party: &At<String>,
        collected: &mut Collected,
    ) -> Read<Self> {
        let keyless = members.has("issuer") || members.has("identity");
        let proof = match keyless && !members.has("key") {
            true => WrittenKeyless::read(&mut members, collected).map(WrittenProof::Keyless),
            false => key(&mut members, party, collected).map(WrittenProof::Key),
        };
        let root = members.text("root", collected);
        let from = moment(&mut members, "from", Edge::Start, collected);
        let until = moment(&mut members, "until", Edge::End, collected);
        let finished = members.finish(collected);
        let (proof, root, from, until) = (proof?, root?, from?, until?);
        finished?;
        if let (Some(from), Some(until)) = (&from, &until)
            && from.value >= until.value
        {
            let fault = Fault::at(until.span, "this credential is never valid");
            let fault = fault.label("it ends before it begins").also(from.span, "it begins here");
            return Err(collected.add(fault));
        }
        Ok(Self { proof, root, from, until, at })
    }
}

fn key(
    members: &mut Members<'_>,
    party: &At<String>,
    collected: &mut Collected,
) -> Read<At<String>> {
    let key = members.text("key", collected);
    if let Some(issuer) = members.take("issuer").or(members.take("identity")) {
        let fault = Fault::at(issuer.at, format!("a credential of `{}` is two", party.value));
        let fault = fault.label("it has a key and an identity");
        let help = "write two credentials: `[{key: …}, {issuer: …, identity: …}]`";
        return Err(collected.add(fault.help(help)));
    }
    let missing = members
        .missing(
            "key",
            "a signer is known by its key, or by issuer and identity",
            &format!("add `key: keys/{}.pub`", party.value),
        )
        .help("or add `issuer: https://…` and `identity: …`, for those who sign with certificates");
    key?.ok_or(missing).map_err(|fault| collected.add(fault))
}

impl WrittenKeyless {
    fn read(members: &mut Members<'_>, collected: &mut Collected) -> Read<Self> {
        let (issuer, identity) =
            (members.text("issuer", collected), members.text("identity", collected));
        let no_issuer = members.missing(
            "issuer",
            "another issuer may call somebody else by this name",
            "add `issuer: https://token.actions.githubusercontent.com`, or whose word it is",
        );
        let no_identity = members.missing(
            "identity",
            "anybody whom the issuer knows could sign",
            "add `identity: …`; `attest whoami` prints one's own",
        );
        let issuer = issuer?.ok_or(no_issuer).map_err(|fault| collected.add(fault));
        let identity = identity?
            .ok_or(no_identity)
            .map_err(|fault| collected.add(fault))
            .and_then(|identity| pattern(identity, collected));
        let many = members.flag("many", collected);
        let conditions = every(CertificateFact::ALL.into_iter().filter_map(|fact| {
            let said = members.text(fact.word(), collected).transpose()?;
            Some(said.map(|said| (fact, said.value)))
        }));
        let (issuer, identity, many) = (issuer?, identity?, many?);
        let conditions = conditions?.into_iter().collect();
        if let Some(issuer) = Some(&issuer).filter(|issuer| issuer.value.contains('*')) {
            let fault = Fault::at(issuer.span, "an issuer is no pattern").label("it is exact");
            return Err(collected.add(fault.help("write one credential per issuer")));
        }
        if let Some(many) = many.filter(|many| many.value && !identity.value.is_glob()) {
            let fault = Fault::at(many.span, "`many` is for patterns");
            let fault = fault.label("one identity is one party anyway");
            return Err(collected.add(fault.help("leave it out")));
        }
        Ok(Self { issuer, identity, many: many.is_some_and(|many| many.value), conditions })
    }
}

fn pattern(identity: At<String>, collected: &mut Collected) -> Read<At<IdentityPattern>> {
    match identity.value.parse::<IdentityPattern>() {
        Ok(value) => Ok(At { value, span: identity.span }),
        Err(error) => {
            let error: IdentityError = error;
            let title = format!("`{}` is no pattern for identities", identity.value);
            let fault = Fault::at(identity.span, title).label(error.to_string());
            Err(collected.add(fault.help("write each identity as a credential of its own")))
        }
    }
}
