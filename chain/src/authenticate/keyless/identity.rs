//! Whose certificate is it? (Step 7.) The issuer exactly, the identity by its pattern, and whatever
//! else the policy asks a certificate to say.

use evidence::text::escape_short;

use super::certificate::Certificate;
use crate::policy::{CertificateFact, Credential, Keyless, Party};

/// Most characters of a name that are shown.
const SHOWN: usize = 200;

/// A credential by certificate and its party.
pub(in crate::authenticate) type Known<'p> = (&'p Party, &'p Credential, &'p Keyless);

/// The credential that a certificate fits; else why none does.
pub(in crate::authenticate) fn of<'p>(
    certificate: &Certificate,
    known: &[Known<'p>],
) -> Result<Known<'p>, String> {
    let identity = &certificate.identity;
    let named = |(_, _, keyless): &&Known<'p>| keyless.identity.matches(identity);
    let vouched = |(_, _, keyless): &&Known<'p>| keyless.issuer == certificate.issuer;
    let mut nearest = None;
    for found in known.iter().filter(vouched).filter(named) {
        match unfulfilled(certificate, found.2) {
            None => return Ok(*found),
            Some(condition) => nearest = nearest.or(Some((found, condition))),
        }
    }
    let who = escape_short(identity, SHOWN);
    if let Some(((party, _, keyless), fact)) = nearest {
        let word = fact.word();
        let wanted = keyless.conditions.get(&fact).map_or("", String::as_str);
        let says = match certificate.says(fact) {
            Some(says) => format!("says {word} `{}`", escape_short(says, SHOWN)),
            None => format!("says no {word}"),
        };
        let name = &party.name;
        return Err(format!("its certificate is `{who}`, but {says}; `{name}` needs `{wanted}`"));
    }
    let issuer = escape_short(&certificate.issuer, SHOWN);
    let elsewhere = match known.iter().find(named) {
        Some((party, _, keyless)) => {
            format!("; `{}` is so called by `{}`", party.name, keyless.issuer)
        }
        None => String::new(),
    };
    Err(format!("its certificate is `{who}` by `{issuer}`, who is nobody here{elsewhere}"))
}

fn unfulfilled(certificate: &Certificate, keyless: &Keyless) -> Option<CertificateFact> {
    let unfulfilled = |(fact, value): &(&CertificateFact, &String)| {
        certificate.says(**fact) != Some(value.as_str())
    };
    keyless.conditions.iter().find(unfulfilled).map(|(fact, _)| *fact)
}
